"""What can be shown of a run as weight maps, and what its colours say: weights, gradient, last step, change.

New weights = weights before + what the step added; for plain SGD that is −lr × gradient. Each quantity says what red
(a value above 0) means; blue means the opposite.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from sgd_core.descent.optimizers import START, Optimizer
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.snapshots import Snapshot

Maps = NDArray[np.float32]


@dataclass(frozen=True)
class MapQuantity:
    """One kind of maps: `of(now, first)` are they, (maps, H, W), of a moment and its run's first; `red` what red means."""

    title: str
    of: Callable[[Snapshot, Snapshot], Maps]
    red: str


def weights_before(now: Snapshot) -> Maps:
    """The weights before the last step, up to rounding: (maps, H, W)."""
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray(now.weights - now.update, dtype=np.float32)


def _change(now: Snapshot, first: Snapshot) -> Maps:
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray(now.weights - first.weights, dtype=np.float32)


QUANTITIES: dict[str, MapQuantity] = {
    "weights": MapQuantity("weights", lambda now, _first: now.weights, "ink here raises the score"),
    "gradient": MapQuantity("gradient", lambda now, _first: now.gradient, "raising this weight raises the loss"),
    "last step": MapQuantity("last step", lambda now, _first: now.update, "the step raised this weight"),
    "change": MapQuantity("change", _change, "the run has raised this weight so far"),
}


def is_plain(optimizer: Optimizer) -> bool:
    """Whether a step is exactly −lr × gradient, tried on two gradients."""
    x, state = torch.full((1, 1), 0.5, dtype=torch.float64), START
    for slope in (1.0, -2.0):
        update, state = optimizer.step(x, torch.full_like(x, slope), state, 1.0)
        if update.item() != -slope:
            return False
    return True


def equation_captions(config: TrainConfig) -> tuple[str, str, str, str]:
    """The captions of `equation_maps`, in their order."""
    optimizer, shortened = config.update_rule, "clipped " if config.clip is not None else ""
    plain = f"− lr × {shortened}gradient"
    added = plain if is_plain(optimizer) else f"+ the step that {optimizer.row.title} makes of it"
    return "weights before", "gradient: red raises the loss", added, "= new weights"


def equation_maps(now: Snapshot, place: int) -> Maps:
    """One weight map's last step as an equation, (4, H, W): before, gradient, what was added, after."""
    return np.stack([weights_before(now)[place], now.gradient[place], now.update[place], now.weights[place]])
