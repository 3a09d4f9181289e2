"""Who races: up to six optimizers, each with its learning rate and its own options."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import streamlit as st

from pages.ui.controls import Controls
from sgd_core.charts.palette import RACERS
from sgd_core.descent.optimizers import Optimizer


class Option(NamedTuple):
    """An option of an optimizer: torch's name, its label, and the numbers it may take."""

    name: str
    label: str
    default: float | bool
    low: float = 0.0
    high: float = 1.0


class Kind(NamedTuple):
    """A row of the list of optimizers: its name in torch, what makes it this kind, and the options it offers."""

    torch_name: str
    fixed: Mapping[str, Any]
    options: tuple[Option, ...]


_DECAY = Option("weight_decay", "Weight decay", 0.0)
_ADAM = (
    Option("beta1", "beta1, memory of the gradient", 0.9, 0.0, 0.9999),
    Option("beta2", "beta2, memory of its square", 0.999, 0.0, 0.999999),
    Option("eps", "eps", 1e-8),
    Option("amsgrad", "AMSGrad", False),
)
KINDS = {
    "SGD": Kind("sgd", {}, (_DECAY,)),
    "momentum": Kind(
        "sgd",
        {},
        (Option("momentum", "Momentum", 0.9, 0.0, 0.9999), Option("dampening", "Dampening", 0.0), _DECAY),
    ),
    "Nesterov": Kind("sgd", {"nesterov": True}, (Option("momentum", "Momentum", 0.9, 1e-4, 0.9999), _DECAY)),
    "RMSprop": Kind(
        "rmsprop",
        {},
        (
            Option("alpha", "alpha, memory of the square", 0.99, 0.0, 0.999999),
            Option("momentum", "Momentum", 0.0, 0.0, 0.9999),
            Option("eps", "eps", 1e-8),
            Option("centered", "Centered", False),
            _DECAY,
        ),
    ),
    "Adagrad": Kind(
        "adagrad",
        {},
        (
            Option("lr_decay", "Decay of the learning rate", 0.0),
            Option("initial_accumulator_value", "Sum of squares to begin with", 0.0, 0.0, 1000.0),
            Option("eps", "eps", 1e-10),
            _DECAY,
        ),
    ),
    "Adam": Kind("adam", {}, (*_ADAM, _DECAY)),
    "AdamW": Kind("adamw", {}, (*_ADAM, Option("weight_decay", "Weight decay", 0.01))),
}


class Racer(NamedTuple):
    """One run of a race: its letter, its optimizer's kind in words, the optimizer, and the learning rate."""

    letter: str
    kind: str
    optimizer: Optimizer
    lr: float

    @property
    def title(self) -> str:
        """What it is called in words: letter, kind, learning rate."""
        return f"{self.letter}, {self.kind} {self.lr:g}"


def choose_racers(controls: Controls, group: str, proposed: Sequence[tuple[str, float]], many: int) -> list[Racer]:
    """Draw the choice of `many` runs beside each other, six in a row at most; `proposed` is a kind and a rate for each.

    `group` begins the names of the controls, so that two sections do not share them.
    """
    racers = []
    for column, letter, (kind, lr) in zip(st.columns(max(many, 3))[:many], RACERS, proposed, strict=False):
        with column:
            racers.append(_choose(controls, f"{group}_{letter.lower()}", letter, kind, lr))
    return racers


def _choose(controls: Controls, name: str, letter: str, kind: str, lr: float) -> Racer:
    look = RACERS[letter]
    picked = controls.choice(f"{name}_kind", f":{look.name}[**{letter}**] Optimizer", list(KINDS), kind)
    rate = controls.learning_rate(f"{name}_lr", lr, label=f"Learning rate {letter}", stacked=True)
    with st.popover("Options", width="stretch"):
        st.caption(f"{letter}, {picked}: the names are torch.optim's.")
        optimizer = _options(controls, name, letter, picked)
    return Racer(letter, picked, optimizer, rate)


def _options(controls: Controls, name: str, letter: str, picked: str) -> Optimizer:
    kind = KINDS[picked]
    values: dict[str, Any] = dict(kind.fixed)
    for option in kind.options:
        place = f"{name}_{picked.lower()}_{option.name}"
        if isinstance(option.default, bool):
            values[option.name] = controls.toggle(place, f"{option.label} {letter}", option.default)
        else:
            label = f"{option.label} {letter}"
            values[option.name] = controls.number(place, label, option.low, option.high, float(option.default))
    if "beta1" in values:
        values["betas"] = (values.pop("beta1"), values.pop("beta2"))
    return Optimizer(kind.torch_name, **values)


def propose(controls: Controls, group: str, field: Sequence[tuple[str, float]]) -> None:
    """Put these kinds and learning rates into the controls of `group`, beginning with A."""
    for letter, (kind, lr) in zip(RACERS, field, strict=False):
        st.session_state[controls.key(f"{group}_{letter.lower()}_kind")] = kind
        st.session_state[controls.key(f"{group}_{letter.lower()}_lr")] = lr
