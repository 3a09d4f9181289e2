"""What a training run is asked to do: at once cache key, link, export header and test case."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from numbers import Integral, Real
from typing import Any

from sgd_core.descent.optimizers import OPTIMIZERS, Optimizer
from sgd_core.descent.options import short
from sgd_core.descent.schedules import SCHEDULES
from sgd_core.digits.inputs import INPUTS
from sgd_core.digits.losses import LOSSES, maps_for
from sgd_core.digits.models import INITS, MODELS, Network
from sgd_core.digits.sources import check_classes, find_source

MOST_EPOCHS = 10_000
MOST_HIDDEN_UNITS = 1_000
LARGEST_SEED = 2**63 - 1


@dataclass(frozen=True)
class TrainConfig:
    """A frozen, hashable description of one run; `dataclasses.replace` makes a variant and checks it again.

    `classes` are two or more of 0 to 9 (None: all ten); of two, the first is the positive one. `batch_size=None` is the
    whole training set, plain gradient descent. `optimizer_options` go by torch's names, e.g. `{"momentum": 0.9}`, and
    are kept as a sorted tuple of those that differ from torch's defaults. `hidden` counts the two-layer model's units.
    `init` is "zeros" (fine for the linear model; a two-layer model then never learns, see `remarks`), "normal" (N(0, 1)
    as in the book) or "default" (torch.nn.Linear's). The seed settles the order of images and, apart from it, the
    initial weights. `schedule` moves the learning rate over all `epochs` (a name of `descent.schedules`, whose largest
    learning rate is `lr`). `patience` stops a run that has not beaten its best validation accuracy for so many epochs;
    `seconds` stops it after so much computing time, the one setting whose effect depends on the machine; None: never.
    `clip` is the longest gradient, over all parameters, that a step uses: a longer one is shortened to it, as
    `torch.nn.utils.clip_grad_norm_` does; None: never. `inputs` is what the model sees of an image (a name of
    `digits.inputs`): "pixels" as they are, or "centred", without the mean training image.
    Raises ValueError with one sentence on a value that makes no sense.
    """

    classes: tuple[int, ...] | None = (3, 7)
    dataset: str = "uci"
    model: str = "linear"
    loss: str = "cross_entropy"
    optimizer: str = "sgd"
    lr: float = 0.5
    epochs: int = 10
    batch_size: int | None = 64
    shuffle: bool = True
    init: str = "zeros"
    seed: int = 0
    hidden: int = 30
    optimizer_options: Mapping[str, Any] | Iterable[tuple[str, Any]] = ()
    schedule: str = "constant"
    patience: int | None = None
    seconds: float | None = None
    clip: float | None = None
    inputs: str = "pixels"

    def __post_init__(self) -> None:
        """Check every field and bring it into its one spelling, so that equal runs have equal configurations."""
        find_source(self.dataset)
        settle = {
            "classes": None if self.classes is None else check_classes(self.classes),
            "model": _choice("model", self.model, MODELS),
            "loss": _choice("loss", self.loss, LOSSES),
            "init": _choice("kind of initial weights", self.init, INITS),
            "lr": check_lr(self.lr),
            "epochs": _whole("The number of epochs", self.epochs, 1, MOST_EPOCHS),
            "batch_size": None if self.batch_size is None else _whole("The batch size", self.batch_size, 1, None),
            "seed": _whole("The seed", self.seed, 0, LARGEST_SEED),
            "hidden": _whole("The number of hidden units", self.hidden, 1, MOST_HIDDEN_UNITS),
            "schedule": _choice("schedule", self.schedule, SCHEDULES),
            "patience": None if self.patience is None else _whole("The patience, in epochs,", self.patience, 1, None),
            "seconds": None if self.seconds is None else _positive("The time limit, in seconds,", self.seconds),
            "clip": None if self.clip is None else _positive("The longest gradient of a step", self.clip),
            "inputs": _choice("kind of inputs", self.inputs, INPUTS),
            "optimizer_options": tuple(sorted(Optimizer(self.optimizer, **_options(self.optimizer_options)).settings)),
        }
        if self.optimizer not in optimizers_for(self.model):
            able = [repr(key) for key in MODELS if self.optimizer in optimizers_for(key)]
            raise ValueError(
                f"{OPTIMIZERS[self.optimizer].title} moves the weight matrices of hidden layers, and the model {self.model!r} has none: choose "
                f"another optimizer, or the model {' or '.join(able)}."
            )
        if not isinstance(self.shuffle, bool):
            raise ValueError(f"Shuffle is either True or False, not {short(self.shuffle)}.")
        for name, value in settle.items():
            object.__setattr__(self, name, value)

    @property
    def update_rule(self) -> Optimizer:
        """The optimizer with its options, as `sgd_core.descent` has it."""
        return Optimizer(self.optimizer, **_options(self.optimizer_options))

    @property
    def class_count(self) -> int:
        """How many classes the run tells apart."""
        return 10 if self.classes is None else len(self.classes)

    def network(self, image_shape: tuple[int, int]) -> Network:
        """The model for images of this size, (height, width): its parameters' shapes and how they are applied."""
        return MODELS[self.model].network(image_shape, self.hidden, maps_for(self.class_count))

    @property
    def remarks(self) -> tuple[str, ...]:
        """Sentences a learner should read before such a run: settings that are legal but do not do what one expects."""
        if self.init == "zeros" and MODELS[self.model].usual_init != "zeros":
            return (
                "A model with hidden units that starts from zeros never learns: every hidden unit is 0, so no weight "
                "gets a gradient and only the last bias moves; choose initial weights that differ.",
            )
        return ()

    def to_dict(self) -> dict[str, Any]:
        """Every field as plain JSON values, in the order of the fields."""
        plain = {field.name: getattr(self, field.name) for field in fields(self)}
        plain["classes"] = None if self.classes is None else list(self.classes)
        plain["optimizer_options"] = {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in _options(self.optimizer_options).items()
        }
        return plain

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TrainConfig:
        """The configuration `to_dict` describes; what is left out keeps its default, ValueError on unknown names."""
        if not isinstance(values, Mapping):
            raise ValueError(f"The settings of a run are names with values such as epochs=10, not {short(values)}.")
        known = {field.name for field in fields(cls)}
        for name in values:
            if name not in known:
                raise ValueError(f"A training run has no setting {short(name)}; it has {', '.join(sorted(known))}.")
        return cls(**values)


def optimizers_for(model: str) -> list[str]:
    """The optimizers that can train a model: those for hidden matrices alone need a model that has some."""
    has_matrices = bool(MODELS[model].network((8, 8), 1, 1).hidden_matrices)
    return [key for key, row in OPTIMIZERS.items() if has_matrices or not row.hidden_matrices_only]


def check_lr(lr: object) -> float:
    """The learning rate as a float; ValueError unless it is a finite number above 0."""
    return _positive("The learning rate", lr)


def _positive(what: str, value: object) -> float:
    try:
        number = float(value) if isinstance(value, Real) and not isinstance(value, bool) else math.nan
    except OverflowError:  # a whole number too large for a float
        number = math.inf
    if not math.isfinite(number) or number <= 0:
        raise ValueError(f"{what} must be a finite number above 0, not {short(value)}.")
    return number


def _choice(what: str, value: object, table: Mapping[str, object]) -> str:
    if not isinstance(value, str) or value not in table:
        raise ValueError(f"There is no {what} {short(value)}; choose one of: {', '.join(table)}.")
    return value


def _whole(what: str, value: object, least: int, most: int | None) -> int:
    limits = f"of at least {least}" if most is None else f"from {least} to {most:,}"
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise ValueError(f"{what} must be a whole number {limits}, not {short(value)}.")
    number = int(value)
    if number < least or (most is not None and number > most):
        raise ValueError(f"{what} must be a whole number {limits}; {short(number)} is outside.")
    return number


def _options(options: object) -> dict[str, Any]:
    try:
        plain = dict(options)  # type: ignore[call-overload]  # whatever is no mapping and no pairs is refused below
    except (TypeError, ValueError):
        raise ValueError(
            f"Optimizer options are names with values such as momentum=0.9, not {short(options)}."
        ) from None
    if not all(isinstance(key, str) for key in plain):
        raise ValueError(f"Optimizer options go by their names, e.g. 'momentum', not {short(options)}.")
    return plain
