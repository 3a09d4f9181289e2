"""Update rules as pure functions, with the option names, defaults and meaning of `torch.optim` (torch 2.13).

A rule takes the point, its gradient, its state and the options, and answers `(direction, state)`: where to go, and the
state for the next step. Whoever walks takes the step `-lr * direction`, so the rules know no learning rate. A rule
changes nothing in place, so a state that somebody kept (to branch a run, to step back) stays what it was. All tensors
may have any shape.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple

import torch
from torch import Tensor

Options = Mapping[str, Any]


class State(NamedTuple):
    """What a rule remembers: the number of steps taken, and its tensors (none before the first step)."""

    step: int = 0
    buffers: tuple[Tensor, ...] = ()


START = State()
Rule = Callable[[Tensor, Tensor, State, Options], tuple[Tensor, State]]


def sgd(x: Tensor, gradient: Tensor, state: State, options: Options) -> tuple[Tensor, State]:
    """Plain, momentum and Nesterov descent; buffers: (b,) with momentum, otherwise none.

    g = gradient + weight_decay x;  b = g at first, then momentum b + (1 - dampening) g
    direction = g (plain), b (momentum), g + momentum b (Nesterov)
    """
    g = _decayed(x, gradient, options)  # g = gradient + weight_decay x
    momentum = options["momentum"]
    if momentum == 0:
        return g, State(state.step + 1)
    if state.buffers:
        fresh = g * (1 - options["dampening"]) if options["dampening"] else g
        b = torch.add(fresh, state.buffers[0], alpha=momentum)  # b = momentum b + (1 - dampening) g
    else:
        b = g.clone()  # a copy, since the caller may write over its gradient
    direction = torch.add(g, b, alpha=momentum) if options["nesterov"] else b
    return direction, State(state.step + 1, (b,))


def rmsprop(x: Tensor, gradient: Tensor, state: State, options: Options) -> tuple[Tensor, State]:
    """RMSprop; buffers: v, then a (if centered), then b (if momentum).

    g = gradient + weight_decay x;  v = alpha v + (1 - alpha) g²;  a = alpha a + (1 - alpha) g
    s = sqrt(v) + eps, or sqrt(v - a²) + eps if centered
    b = momentum b + g / s;  direction = b
    """
    g = _decayed(x, gradient, options)
    alpha, momentum, centered = options["alpha"], options["momentum"], options["centered"]
    kept = list(state.buffers or _zeros(g, 1 + centered + (momentum > 0)))
    kept[0] = torch.addcmul(kept[0] * alpha, g, g, value=1 - alpha)  # v = alpha v + (1 - alpha) g²
    if centered:
        kept[1] = torch.lerp(kept[1], g, 1 - alpha)  # a = alpha a + (1 - alpha) g
        scale = torch.addcmul(kept[0], kept[1], kept[1], value=-1).sqrt_().add_(options["eps"])
    else:
        scale = kept[0].sqrt().add_(options["eps"])  # s = sqrt(v) + eps
    direction = g / scale
    if momentum > 0:
        direction = kept[-1] = kept[-1] * momentum + direction  # b = momentum b + g / s
    return direction, State(state.step + 1, tuple(kept))


def adagrad(x: Tensor, gradient: Tensor, state: State, options: Options) -> tuple[Tensor, State]:
    """Adagrad; buffers: (v,), which begins at initial_accumulator_value.

    g = gradient + weight_decay x;  v = v + g²
    direction = g / (sqrt(v) + eps) / (1 + (t - 1) lr_decay), with t = 1 at the first step
    """
    g = _decayed(x, gradient, options)
    v = state.buffers[0] if state.buffers else torch.full_like(g, options["initial_accumulator_value"])
    v = torch.addcmul(v, g, g)  # v = v + g²
    direction = g / v.sqrt().add_(options["eps"])
    if options["lr_decay"] != 0:
        direction = direction / (1 + state.step * options["lr_decay"])
    return direction, State(state.step + 1, (v,))


def adam(x: Tensor, gradient: Tensor, state: State, options: Options) -> tuple[Tensor, State]:
    """Adam; buffers: m, v, then the largest v so far (if amsgrad).

    g = gradient + weight_decay x;  m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g²
    direction = m / (1 - beta1^t) / (sqrt(v) / sqrt(1 - beta2^t) + eps), with t = 1 at the first step
    """
    return _adam(_decayed(x, gradient, options), state, options)


def adamw(x: Tensor, gradient: Tensor, state: State, options: Options) -> tuple[Tensor, State]:
    """AdamW: Adam on the bare gradient, and the weights shrink on their own; buffers as in `adam`.

    direction = weight_decay x + (Adam's direction without weight decay)
    """
    direction, state = _adam(gradient, state, options)
    if options["weight_decay"] != 0:
        direction.add_(x, alpha=options["weight_decay"])
    return direction, state


def _adam(g: Tensor, state: State, options: Options) -> tuple[Tensor, State]:
    (beta1, beta2), t = options["betas"], state.step + 1
    m, v, *largest = state.buffers or _zeros(g, 2 + options["amsgrad"])
    m = torch.lerp(m, g, 1 - beta1)  # m = beta1 m + (1 - beta1) g
    v = torch.addcmul(v * beta2, g, g, value=1 - beta2)  # v = beta2 v + (1 - beta2) g²
    if largest:
        largest = [torch.maximum(largest[0], v)]
    # The two bias corrections are plain numbers: as one factor they cost one operation on the tensor, not three.
    correction = math.sqrt(1 - beta2**t)
    scale = (largest[0] if largest else v).sqrt().add_(options["eps"] * correction)
    return torch.div(m, scale).mul_(correction / (1 - beta1**t)), State(t, (m, v, *largest))


def _decayed(x: Tensor, gradient: Tensor, options: Options) -> Tensor:
    decay = options["weight_decay"]
    return torch.add(gradient, x, alpha=decay) if decay else gradient


def _zeros(like: Tensor, count: int) -> tuple[Tensor, ...]:
    return tuple(torch.zeros_like(like) for _ in range(count))


class Recipe(NamedTuple):
    """One row of the table of optimizers: its rule, its class in `torch.optim`, a title, its options' defaults."""

    rule: Rule
    torch_name: str
    title: str
    defaults: Options


_ADAM = {"betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.0, "amsgrad": False}
OPTIMIZERS: Mapping[str, Recipe] = MappingProxyType(
    {
        "sgd": Recipe(sgd, "SGD", "SGD", {"momentum": 0.0, "dampening": 0.0, "weight_decay": 0.0, "nesterov": False}),
        "rmsprop": Recipe(
            rmsprop,
            "RMSprop",
            "RMSprop",
            {"alpha": 0.99, "eps": 1e-8, "weight_decay": 0.0, "momentum": 0.0, "centered": False},
        ),
        "adagrad": Recipe(
            adagrad,
            "Adagrad",
            "Adagrad",
            {"lr_decay": 0.0, "weight_decay": 0.0, "initial_accumulator_value": 0.0, "eps": 1e-10},
        ),
        "adam": Recipe(adam, "Adam", "Adam", _ADAM),
        "adamw": Recipe(adamw, "AdamW", "AdamW", {**_ADAM, "weight_decay": 0.01}),
    }
)
"""Every optimizer by its lower-case name; to add one, write its rule and a row here."""


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
            raise ValueError(f"There is no optimizer {name!r}; choose one of {', '.join(OPTIMIZERS)}.")
        defaults = OPTIMIZERS[name].defaults
        for key in options:
            if key not in defaults:
                raise ValueError(f"The optimizer {name} has no option {key!r}; it takes {', '.join(defaults)}.")
        checked = {key: _checked(name, key, options.get(key, default)) for key, default in defaults.items()}
        if checked.get("nesterov") and (checked["momentum"] == 0 or checked["dampening"] != 0):
            raise ValueError("Nesterov needs a momentum above 0 and a dampening of 0; set momentum=0.9, for example.")
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "settings", tuple((k, v) for k, v in checked.items() if v != defaults[k]))

    @cached_property
    def options(self) -> Options:
        """All options, defaults included."""
        return MappingProxyType({**OPTIMIZERS[self.name].defaults, **dict(self.settings)})

    @property
    def label(self) -> str:
        """A short name for legends that tells options apart, e.g. "SGD momentum=0.9"."""
        return " ".join([OPTIMIZERS[self.name].title, *(f"{key}={value}" for key, value in self.settings)])

    def step(self, x: Tensor, gradient: Tensor, state: State, lr: Tensor | float) -> tuple[Tensor, State]:
        """Answer (update, next state); add the update to `x`. Begin with `START`; `lr` broadcasts against `x`."""
        with torch.no_grad():
            direction, state = OPTIMIZERS[self.name].rule(x, gradient, state, self.options)
            return direction * -lr, state

    def torch_code(self, params: str = "[w]", lr: float | str = "0.1") -> str:
        """Return the same optimizer as PyTorch source, e.g. `torch.optim.SGD([w], lr=0.1, momentum=0.9)`."""
        arguments = [params, f"lr={lr}", *(f"{key}={value}" for key, value in self.settings)]
        return f"torch.optim.{OPTIMIZERS[self.name].torch_name}({', '.join(arguments)})"

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


def _checked(name: str, key: str, value: Any) -> Any:
    """Return the option's value in one spelling (float, bool or pair of floats), or raise ValueError."""
    if isinstance(OPTIMIZERS[name].defaults[key], bool):
        if not isinstance(value, bool):
            raise ValueError(f"The option {key} of {name} is either True or False, not {value!r}.")
        return value
    if key == "betas":
        if not isinstance(value, tuple | list) or len(value) != 2 or not all(_number(b) and 0 <= b < 1 for b in value):
            raise ValueError(f"The option betas of {name} is two numbers from 0 to below 1, not {value!r}.")
        return (float(value[0]), float(value[1]))
    if not _number(value):
        raise ValueError(f"The option {key} of {name} is a finite number, not {value!r}.")
    if key != "dampening" and value < 0:
        raise ValueError(f"The option {key} of {name} must not be negative; it is {value!r}.")
    if key == "alpha" and value > 1:
        raise ValueError(f"The option alpha of {name} lies between 0 and 1; it is {value!r}.")
    return float(value)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
