"""Which runs the map of learning rates and momenta speaks of: those that follow heavy ball's recurrence under torch."""

from itertools import pairwise

import pytest
import torch

from sgd_core.descent.optimizers import OPTIMIZERS, Optimizer
from sgd_core.descent.racers import Racer

LR = 0.3  # on x²/2


def follows_heavy_ball(optimizer: Optimizer, momentum: float) -> bool:
    """Whether torch's own run on x²/2 is x₂ = (1 + momentum - lr) x₁ - momentum x₀, step by step."""
    x = torch.tensor([1.0], dtype=torch.float64, requires_grad=True)
    descent = eval(optimizer.torch_code("[x]", str(LR)), {"torch": torch, "x": x})  # our own code
    seen = [1.0]
    for _ in range(6):
        descent.zero_grad()
        (x**2 / 2).sum().backward()
        descent.step()
        seen.append(x.item())
    told = [(1 + momentum - LR) * b - momentum * a for a, b in pairwise(seen)]
    return seen[1] == pytest.approx(1 - LR) and seen[2:] == pytest.approx(told[:-1])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"momentum": 0.9},
        {"momentum": 0.5},
        {"momentum": 0.9, "nesterov": True},
        {"momentum": 0.9, "dampening": 0.5},
        {"dampening": 0.5},
        {"weight_decay": 0.1},
        {"momentum": 0.9, "weight_decay": 0.1},
    ],
)
def test_a_racer_is_heavy_ball_just_where_torch_s_run_is(options):
    optimizer = Optimizer("sgd", **options)
    named = Racer("B", optimizer, LR, "blue").heavy_ball
    assert (named is not None) == follows_heavy_ball(optimizer, options.get("momentum", 0.0))
    assert named in (None, options.get("momentum", 0.0))


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if name != "sgd"])
def test_no_other_optimizer_is(name):
    assert Racer("B", Optimizer(name), LR, "blue").heavy_ball is None
