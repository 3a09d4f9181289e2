"""What a trained model answers for given images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sgd_core.digits.config import TrainConfig
from sgd_core.digits.losses import LOSSES
from sgd_core.digits.models import scores
from sgd_core.digits.training import Snapshot


class Predictions(NamedTuple):
    """Answers for N images: raw `scores` and `outputs` (N, maps) float32, and `decided` (N,) int64.

    Two classes have one map, whose output speaks for the first class; more classes have one each. Outputs are
    probabilities, or the scores themselves for the mean squared error. `decided` holds indices into the classes.
    """

    scores: NDArray[np.float32]
    outputs: NDArray[np.float32]
    decided: NDArray[np.int64]


def predict(
    model: Snapshot | Sequence[NDArray[np.float32]], config: TrainConfig, images: Tensor | NDArray[np.float32]
) -> Predictions:
    """What the model of a snapshot (or of its `parameters`) answers for images (N, H, W), or one image (H, W)."""
    parameters = model.parameters if isinstance(model, Snapshot) else model
    lanes = [torch.tensor(array, dtype=torch.float32).unsqueeze(0) for array in parameters]
    pixels = torch.as_tensor(images, dtype=torch.float32).reshape(-1, lanes[0].shape[-1])
    loss = LOSSES[config.loss]
    with torch.inference_mode():
        answer = scores(lanes, pixels)
        return Predictions(
            answer[:, 0].numpy(), loss.outputs(answer)[:, 0].numpy(), loss.decide(answer).squeeze(1).numpy()
        )
