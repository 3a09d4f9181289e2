"""What the weights have found, in words: where the strongest lie, how much ink is there, and which never move."""

import numpy as np
from numpy.typing import NDArray

from sgd_core.digits.config import TrainConfig
from sgd_core.digits.inspection import Landmark, landmarks
from sgd_core.digits.models import MODELS
from sgd_core.digits.snapshots import Snapshot
from sgd_core.numbers import percent, signed

Floats = NDArray[np.float32]


def tell_weights(
    now: Snapshot, config: TrainConfig, means: Floats, dead: NDArray[np.bool_], names: tuple[str, ...]
) -> list[str]:
    """Say what the weights of a moment show; `means` (classes, H, W) are the mean images, `dead` (H, W) as `dead_pixels`."""
    model = MODELS[config.model]
    if now.status == "diverged":
        return ["These weights are what an explosion has left: they say nothing about digits."]
    if now.step == 0:
        said = ["Nothing is learned yet. Press **Train**, pause, and come back: this box then says where."]
    elif now.hidden_zeros:
        kind = "filter" if model.maps_are_filters else "hidden unit"
        said = [
            f"Each {kind} has the same weights as every other: they all answer the same, so no map says anything yet."
        ]
    elif model.maps_are_filters:
        said = [
            "Each filter is a small pattern that moves over the image; it answers strongly where the image looks like it. "
            "“Why this answer?” shows what they answer."
        ]
    elif model.takes_hidden:
        outer = now.parameters[2]
        unit = int(np.abs(outer).max(0).argmax())
        said = [
            f"Each hidden unit has a map of its own. Unit {unit + 1} counts most: its output is weighed with "
            f"{signed(outer[np.abs(outer[:, unit]).argmax(), unit], 3)}.",
            *tell_strokes(now.weights[unit : unit + 1], means, names, "of that unit"),
        ]
    else:
        said = tell_strokes(now.weights, means, names)
    if not model.maps_are_filters:
        said.append(_dead(config, dead))
    if now.step > 0 and len(names) == 2 and len(now.weights) == 1:
        said.append(
            "The map does not look like a digit, and need not: a weight says how much ink here speaks for one class "
            "**against the other**, so strokes that both share stay pale."
        )
    return said


def _dead(config: TrainConfig, dead: NDArray[np.bool_]) -> str:
    if not dead.any():
        return "Every pixel has ink in some training image, so every weight gets a gradient."
    options = config.update_rule.options
    if config.init == "zeros":
        stay = "they stay at zero, white in the map"
    elif options.get("weight_decay") or options.get("lambd"):
        stay = "only the optimizer's own decay moves them"
    else:
        stay = "they keep their random start for ever"
    return (
        f"{int(dead.sum())} of the {dead.size} pixels have no ink in any training image. No gradient ever reaches their "
        f"weights, so {stay}. Printing the first weights shows only those, whatever the model has learned."
    )


def tell_strokes(weights: Floats, means: Floats, names: tuple[str, ...], whose: str = "") -> list[str]:
    """Say for the strongest map where its largest weights lie and how much ink each class has there."""
    if not np.isfinite(weights).all():
        return ["The weights are no numbers any more."]
    strongest = int(np.abs(weights).max((1, 2)).argmax())
    speaks_for = None if whose else strongest  # a class; a hidden unit speaks for none
    whose = whose or (f"for {names[strongest]}" if len(weights) > 1 else "")
    high, low = landmarks(weights[strongest])
    return [
        _stroke(high, "largest positive", whose, means, names, speaks_for),
        _stroke(low, "strongest negative", whose, means, names, speaks_for),
    ]


def _stroke(
    mark: Landmark, kind: str, whose: str, means: Floats, names: tuple[str, ...], speaks_for: int | None
) -> str:
    ink = means[:, mark.row, mark.column]
    most, *_, least = np.argsort(-ink, kind="stable")
    of = f" {whose}" if whose else ""
    sign = "positive" if mark.weight > 0 else "negative" if mark.weight < 0 else "zero"
    if sign not in kind:
        return f"No weight{of} is {kind.split()[-1]}."
    place = f"The {kind} weight{of}, {signed(mark.weight, 3)}, is at row {mark.row}, column {mark.column}, {mark.place}"
    others = np.delete(ink, speaks_for or 0)
    if speaks_for is not None and (ink[speaks_for] > others.mean()) != (mark.weight > 0):
        return f"{place}. The ink there alone does not say why: weights share the work, and some keep what they began with."
    return (
        f"{place}: there "
        f"{names[most]} has {percent(ink[most], 2)} ink on average and {names[least]} {percent(ink[least], 2)}."
    )
