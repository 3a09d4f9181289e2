"""What a trained model answers for given images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.digits.losses import LOSSES
from sgd_core.digits.snapshots import Snapshot


class Predictions(NamedTuple):
    """Answers for N images: raw `scores` and `outputs` (N, maps) float32, and `decided` (N,) int64.

    Two classes have one map, whose output speaks for the first class; more classes have one each. Outputs are
    probabilities where the loss gives them (`Loss.gives_probabilities`), else the scores themselves. `decided` holds indices into the classes.
    """

    scores: NDArray[np.float32]
    outputs: NDArray[np.float32]
    decided: NDArray[np.int64]


def spread(digits: Digits, count: int) -> NDArray[np.int64]:
    """Row numbers of `count` validation images, the classes in turn: the first of each, then the second of each."""
    labels = digits.valid_labels.numpy()
    rows = [np.flatnonzero(labels == label) for label in range(len(digits.classes))]
    turns = max(len(of_class) for of_class in rows)
    mixed = [of_class[turn] for turn in range(turns) for of_class in rows if turn < len(of_class)]
    return np.asarray(mixed[:count], dtype=np.int64)


def predict(
    model: Snapshot | Sequence[NDArray[np.float32]], config: TrainConfig, images: Tensor | NDArray[np.float32]
) -> Predictions:
    """What the model of a snapshot answers for images (N, H, W), or one image (H, W).

    `model` may also be a snapshot's `parameters`, for images as the model sees them.
    """
    parameters = model.parameters if isinstance(model, Snapshot) else model
    tensors = [torch.tensor(array, dtype=torch.float32) for array in parameters]
    height, width = images.shape[-2:]
    seen = torch.as_tensor(images, dtype=torch.float32)
    if isinstance(model, Snapshot) and model.origin is not None:
        seen = seen - torch.tensor(model.origin)
    pixels = seen.reshape(-1, height * width)
    loss = LOSSES[config.loss]
    with torch.inference_mode():
        answer = config.network((height, width)).scores(tensors, pixels)
        outputs, decided = loss.outputs(answer), loss.decide(answer)
    return Predictions(answer.numpy(), outputs.numpy(), decided.numpy())
