"""The optimizers of `torch.optim` (torch 2.13) as one table, and `Optimizer`, a row with its options settled.

A row of `OPTIMIZERS` is all that the laboratory knows of an optimizer: to add one, write its rule in `update_rules` and
a row here. Configurations, controls, links, scripts and tests read the table.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from sgd_core.descent import update_rules as rules
from sgd_core.descent.options import LARGEST, Option, short
from sgd_core.descent.update_rules import START as START
from sgd_core.descent.update_rules import Options, Rule, State


def _no_conflict(options: Options) -> str:
    return ""


@dataclass(frozen=True)
class OptimizerRow:
    """One optimizer.

    `rule` is its formula, `torch_name` its class in `torch.optim`, `title` its name on the screen, `about` a line about
    it, `options` what can be set. `conflict(options)` is a sentence on options that contradict each other, or "".

    `layout` names the options that decide which buffers the rule keeps: a run can go on with another one's buffers where
    these agree. `sign_like`: the length of a step hardly depends on the gradient's. Such a rule divides by the gradient's
    own size, so where a gradient is close to zero it turns rounding into whole steps. `agreement` is how closely, in
    proportion, the losses of a tame digit run (float32) agree with those of the same run in plain torch; in float64, on
    one weight, all agree to 1e-9 as long as the path is not chaotic, and SGD bit for bit.

    `hidden_matrices_only`: it moves the weight matrices of hidden layers; all other parameters are for `companion`.
    """

    rule: Rule
    torch_name: str
    title: str
    about: str
    options: Mapping[str, Option]
    conflict: Callable[[Options], str] = _no_conflict
    layout: tuple[str, ...] = ()
    sign_like: bool = True
    agreement: float = 1e-3
    hidden_matrices_only: bool = False
    companion: str | None = None

    @property
    def defaults(self) -> Options:
        """The options' defaults, which are torch's."""
        return MappingProxyType({name: option.default for name, option in self.options.items()})


_DECAY = Option(0.0, "Pulls every weight towards 0 by this share of itself, times the learning rate.", most=1, log=True)
_EPS = Option(1e-8, "A little that is added below the fraction, so that nothing is divided by 0.", most=1e-2, log=True)
_MOMENTUM = Option(0.0, "How much of the step before is kept.", high=10.0, most=0.99)
_BETAS = Option((0.9, 0.999), "How much is kept of the mean of the gradients, and of that of their squares.")
_AMSGRAD = Option(False, "Divide by the largest mean of squares so far, which never falls.")
_DECOUPLED = Option(False, "Let the weights shrink on their own, past the means, as AdamW does.")
_ADAM = {"betas": _BETAS, "eps": _EPS, "weight_decay": _DECAY, "amsgrad": _AMSGRAD}


def _with_default(option: Option, default: Any) -> Option:
    return Option(default, option.about, option.low, option.high, option.most, option.log, option.choices)


def _nesterov_conflict(options: Options) -> str:
    if options["nesterov"] and (options["momentum"] == 0 or options["dampening"] != 0):
        return "Nesterov needs a momentum above 0 and a dampening of 0; set momentum=0.9, for example."
    return ""


OPTIMIZERS: Mapping[str, OptimizerRow] = MappingProxyType(
    {
        "sgd": OptimizerRow(
            rules.sgd,
            "SGD",
            "SGD",
            "Against the gradient, with momentum if you like.",
            {
                "momentum": _MOMENTUM,
                "dampening": Option(0.0, "How much less of the new gradient momentum takes.", -LARGEST, most=1.0),
                "weight_decay": _DECAY,
                "nesterov": Option(False, "Look where momentum leads before adding the gradient."),
            },
            _nesterov_conflict,
            sign_like=False,
            agreement=1e-5,
        ),
        "rmsprop": OptimizerRow(
            rules.rmsprop,
            "RMSprop",
            "RMSprop",
            "The gradient over the root of the mean of its latest squares.",
            {
                "alpha": Option(0.99, "How much is kept of the mean of the squares.", high=1.0, most=1.0),
                "eps": _EPS,
                "weight_decay": _DECAY,
                "momentum": _MOMENTUM,
                "centered": Option(False, "Divide by the spread of the gradients, not by their size."),
            },
            layout=("momentum", "centered"),
            agreement=0.03,  # its first steps are ten learning rates long, and so is what it makes of rounding
        ),
        "adagrad": OptimizerRow(
            rules.adagrad,
            "Adagrad",
            "Adagrad",
            "The gradient over the root of the sum of all its squares so far, so steps only shrink.",
            {
                "lr_decay": Option(0.0, "How fast the learning rate falls with the steps.", log=True),
                "weight_decay": _DECAY,
                "initial_accumulator_value": Option(0.0, "What the sum of squares begins with.", most=10.0),
                "eps": _with_default(_EPS, 1e-10),
            },
        ),
        "adam": OptimizerRow(
            rules.adam,
            "Adam",
            "Adam",
            "The mean of the latest gradients over the root of the mean of their squares.",
            _ADAM,
            layout=("amsgrad",),
        ),
        "adamw": OptimizerRow(
            rules.adamw,
            "AdamW",
            "AdamW",
            "Adam whose weights shrink on their own.",
            {**_ADAM, "weight_decay": _with_default(_DECAY, 0.01)},
            layout=("amsgrad",),
        ),
        "nadam": OptimizerRow(
            rules.nadam,
            "NAdam",
            "NAdam",
            "Adam with Nesterov's look ahead.",
            {
                "betas": _BETAS,
                "eps": _EPS,
                "weight_decay": _DECAY,
                "momentum_decay": Option(
                    0.004, "How fast the look ahead grows to its full length.", most=0.1, log=True
                ),
                "decoupled_weight_decay": _DECOUPLED,
            },
        ),
        "radam": OptimizerRow(
            rules.radam,
            "RAdam",
            "RAdam",
            "Adam that begins as momentum, until its mean of squares can be trusted.",
            {"betas": _BETAS, "eps": _EPS, "weight_decay": _DECAY, "decoupled_weight_decay": _DECOUPLED},
        ),
        "adamax": OptimizerRow(
            rules.adamax,
            "Adamax",
            "Adamax",
            "Adam that divides by the largest gradient lately, not by a mean.",
            {"betas": _BETAS, "eps": _EPS, "weight_decay": _DECAY},
        ),
        "muon": OptimizerRow(
            rules.muon,
            "Muon",
            "Muon",
            "For the weight matrices of hidden layers: momentum, made orthogonal; all else by AdamW.",
            {
                "weight_decay": _with_default(_DECAY, 0.1),
                "momentum": Option(0.95, "How much of the mean of the gradients is kept.", high=1.0, most=0.99),
                "nesterov": Option(True, "Look where momentum leads."),
                "eps": _with_default(_EPS, 1e-7),
                "ns_steps": Option(5, "Rounds of making orthogonal.", low=1, high=99, most=10),
                "adjust_lr_fn": Option(
                    None,
                    "How the step grows with the matrix: None for tall ones, match_rms_adamw to be as long as AdamW's.",
                    choices=(None, "match_rms_adamw"),
                ),
            },
            agreement=0.1,
            hidden_matrices_only=True,
            companion="adamw",
        ),
    }
)
"""Every optimizer by its lower-case name."""


@dataclass(frozen=True, init=False)
class Optimizer:
    """An optimizer by name with its options, e.g. `Optimizer("sgd", momentum=0.9)`; hashable, equal by meaning.

    `settings` holds the options that differ from torch's defaults, as pairs; `options` holds all of them.
    Raises ValueError on an unknown name or option and on a value that makes no sense.
    """

    name: str
    settings: tuple[tuple[str, Any], ...]

    def __init__(self, name: str, **options: Any) -> None:
        """Check the name and every option (by torch's own option names)."""
        if not isinstance(name, str) or name not in OPTIMIZERS:
            raise ValueError(f"There is no optimizer {short(name)}; choose one of {', '.join(OPTIMIZERS)}.")
        row = OPTIMIZERS[name]
        for key in options:
            if key not in row.options:
                raise ValueError(f"The optimizer {name} has no option {key!r}; it takes {', '.join(row.options)}.")
        checked = {
            key: option.settle(name, key, options.get(key, option.default)) for key, option in row.options.items()
        }
        if conflict := row.conflict(checked):
            raise ValueError(conflict)
        object.__setattr__(self, "name", name)
        settings = ((key, value) for key, value in checked.items() if value != row.options[key].default)
        object.__setattr__(self, "settings", tuple(settings))

    @property
    def row(self) -> OptimizerRow:
        """Its row in the table."""
        return OPTIMIZERS[self.name]

    @cached_property
    def options(self) -> Options:
        """All options, defaults included."""
        return MappingProxyType({**self.row.defaults, **dict(self.settings)})

    @property
    def label(self) -> str:
        """A short name for legends that tells options apart, e.g. "SGD momentum=0.9"."""
        return " ".join([self.row.title, *(f"{key}={value}" for key, value in self.settings)])

    def for_parameter(self, is_hidden_matrix: bool) -> "Optimizer":
        """The optimizer that moves one parameter of a model: this one, or its companion with torch's defaults."""
        if self.row.companion is None or is_hidden_matrix:
            return self
        return Optimizer(self.row.companion)

    def shares_buffers_with(self, other: "Optimizer") -> bool:
        """Whether a run of this optimizer can go on with the buffers that a run of the other has left.

        With a companion only if no option changes, since the companion has options of the same names.
        """
        if self.row.companion is not None:
            return self == other
        return self.name == other.name and all(
            bool(self.options[key]) == bool(other.options[key]) for key in self.row.layout
        )

    def step(self, x: Tensor, gradient: Tensor, state: State, lr: Tensor | float) -> tuple[Tensor, State]:
        """Answer (update, next state); add the update to `x`. Begin with `START`; `lr` broadcasts against `x`."""
        with torch.no_grad():
            direction, state = self.row.rule(x, gradient, state, self.options)
            return direction * -lr, state

    def torch_code(self, params: str = "[w]", lr: float | str = "0.1") -> str:
        """Return the same optimizer as PyTorch source, e.g. `torch.optim.SGD([w], lr=0.1, momentum=0.9)`."""
        arguments = [params, f"lr={lr}", *(f"{key}={value!r}" for key, value in self.settings)]
        return f"torch.optim.{self.row.torch_name}({', '.join(arguments)})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by name and settings, so that cached values stay out."""
        return _rebuild, (self.name, self.settings)


def as_optimizer(optimizer: str | Optimizer, **options: Any) -> Optimizer:
    """Return an `Optimizer` from a name and options; one that is complete already takes no further options."""
    if isinstance(optimizer, Optimizer):
        if options:
            raise ValueError(f"Give {', '.join(options)} to the Optimizer itself, since it holds its own options.")
        return optimizer
    return Optimizer(optimizer, **options)


def _rebuild(name: str, settings: tuple[tuple[str, Any], ...]) -> Optimizer:
    return Optimizer(name, **dict(settings))
