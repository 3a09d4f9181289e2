"""Who races: an optimizer with its learning rate, and what it is called."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sgd_core.descent.optimizers import Optimizer
from sgd_core.numbers import code, number


class Proposal(NamedTuple):
    """A run to begin with: an optimizer's name, its learning rate, and the options that differ from torch's."""

    name: str
    lr: float
    options: Mapping[str, Any] = {}


class Racer(NamedTuple):
    """One run of a race: its letter, its optimizer, its learning rate, and the name of its letter's colour."""

    letter: str
    optimizer: Optimizer
    lr: float
    color: str

    @property
    def title(self) -> str:
        """What it is called in words: letter, optimizer, learning rate, and what differs from torch's defaults."""
        return f"{self.letter}, {self.name}"

    @property
    def name(self) -> str:
        """The same without its letter."""
        return ", ".join([f"{self.optimizer.row.title} {number(self.lr)}", *self._settings])

    @property
    def kind(self) -> str:
        """The optimizer in words, with what differs from torch's defaults."""
        return ", ".join([self.optimizer.row.title, *self._settings])

    @property
    def mark(self) -> str:
        """Its letter in its colour, as Markdown."""
        return mark(self.letter, self.color)

    @property
    def heavy_ball(self) -> float | None:
        """Its momentum, where it is plain descent with momentum (0 included) and nothing else; None elsewhere."""
        options = self.optimizer.options
        if self.optimizer.name != "sgd" or options["weight_decay"] or options["nesterov"]:
            return None
        momentum = float(options["momentum"])
        return None if momentum and options["dampening"] else momentum  # without momentum nothing is dampened

    @property
    def torch_code(self) -> str:
        """Its optimizer as PyTorch source."""
        return self.optimizer.torch_code("[w]", code(self.lr))

    @property
    def _settings(self) -> list[str]:
        return [_setting(name, value) for name, value in self.optimizer.settings]


def mark(letter: str, color: str) -> str:
    """Return a run's letter in its colour, as Markdown."""
    return f":{color}[**{letter}**]"


def _setting(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return name
    if isinstance(value, tuple):
        return f"{name} {' and '.join(number(part) for part in value)}"
    return f"{name} {value if isinstance(value, str) else number(value)}"
