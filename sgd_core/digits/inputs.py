"""What a model sees of an image: its pixels as they are, or without what all training images have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

from torch import Tensor

from sgd_core.digits.datasets import Digits


@dataclass(frozen=True)
class Inputs:
    """One way to hand images to a model.

    `origin` makes of the training images (N, H, W) what is taken away from every image, (H, W); None takes nothing.
    `torch_code` is the same as source, of the images `X` as rows.
    """

    key: str
    title: str
    about: str
    origin: Callable[[Tensor], Tensor] | None = None
    torch_code: str = ""


INPUTS: dict[str, Inputs] = {
    row.key: row
    for row in (
        Inputs("pixels", "As they are", "0 is paper, 1 is ink."),
        Inputs(
            "centred",
            "Scaled to mean 0",
            "The mean training image is taken away from every image, so that each pixel has mean 0.",
            lambda images: images.mean(0),
            "X.mean(0)",
        ),
    )
}
"""Every way by its key."""


@lru_cache(maxsize=4)
def seen_by_model(inputs: str, digits: Digits) -> tuple[Digits, Tensor | None]:
    """Return the digits as a model with these inputs sees them, and what was taken away from each image, (H, W).

    Nothing (None) is taken away of pixels as they are, and the digits are the same object. Raises KeyError on an unknown
    kind of inputs.
    """
    take = INPUTS[inputs].origin
    if take is None:
        return digits, None
    origin = take(digits.train_images)
    return (
        replace(digits, train_images=digits.train_images - origin, valid_images=digits.valid_images - origin),
        origin,
    )
