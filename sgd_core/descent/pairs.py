"""A learning rate and a momentum that together do well on a surface: by formula in a bowl, else by trying."""

import math
from functools import lru_cache

import numpy as np
import torch

from sgd_core.calculus.formula import Function
from sgd_core.descent.bottom import Point, bottom_of
from sgd_core.descent.descend import descend_many
from sgd_core.descent.optimizers import Optimizer
from sgd_core.descent.racers import Proposal
from sgd_core.descent.surfaces import Surface

MOMENTA = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95)
TRIED = 12  # learning rates, over two decades


def good_pair(
    function: Function, start: tuple[float, float], top: float, lowest: float, steps: int = 200
) -> tuple[float, float]:
    """Return the learning rate (up to `top`) and the momentum that are the first to bring the loss down from `start`.

    First is who comes earliest within 1 % of the gap between the start's loss and `lowest`, and stays there for `steps`
    steps; who never does counts by the loss in the end. 84 pairs are tried.
    """
    lrs = np.tile(top * np.logspace(-2, 0, TRIED), len(MOMENTA))
    momenta = np.repeat(MOMENTA, TRIED)
    points = torch.tensor(start, dtype=torch.float64).repeat(len(lrs), 1)
    optimizers = [Optimizer("sgd", momentum=float(momentum)) for momentum in momenta]
    paths = descend_many(function, points, lrs, steps, optimizers)
    loss = np.where(np.isfinite(paths.loss), paths.loss, np.inf)
    outside = loss > lowest + 0.01 * (loss[:, :1] - lowest)
    arrival = np.where(outside.any(1), steps + 1 - outside[:, ::-1].argmax(1), 0)
    arrival = np.where((paths.diverged_at >= 0) | outside[:, -1], steps + 1, arrival)
    best = min(range(len(lrs)), key=lambda place: (arrival[place], loss[place, -1]))
    return float(f"{lrs[best]:.2g}"), float(momenta[best]) if math.isfinite(loss[best, -1]) else 0.0


@lru_cache(maxsize=32)
def proposed_runs(surface: Surface) -> tuple[Point, list[Proposal]]:
    """Return the learning rate and momentum to begin with on a surface, and the other runs.

    Where there is a bowl: momentum at its best pair, plain descent just below the border, and far below it.
    """
    bottom = bottom_of(surface, surface.start)
    slow, near = surface.lr / 10, surface.lr
    pair = (surface.lr, 0.9)
    if bottom and bottom.quadratic:
        border = bottom.curvature.border
        slow, near = float(f"{border / 20:.2g}"), float(f"{0.97 * border:.3g}")
        lr, momentum = bottom.curvature.best_momentum
        pair = (float(f"{lr:.4g}"), round(momentum, 3))
    elif bottom:
        lowest = float(surface.function(torch.tensor(bottom.x).double(), torch.tensor(bottom.y).double()))
        pair = good_pair(surface.function, surface.start, 1.5 * bottom.curvature.border, lowest)
    rest = [Proposal("rmsprop", 0.05), Proposal("adagrad", 0.5), Proposal("adam", 0.1)]
    return pair, [Proposal("sgd", near), Proposal("sgd", slow), *rest]
