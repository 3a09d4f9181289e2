"""Rows that the project does not have, registered as docs/contributing.md says: a plugin for pytest (`-p tests.new_rows`).

`SGD_LAB_WRONG_ROW=1` registers them with rules that are not those of their namesakes: then the tests over the tables
must fail.
"""

import math
import os
from dataclasses import replace
from types import MappingProxyType

import torch
from torch import nn

from sgd_core.descent import optimizers
from sgd_core.descent.optimizers import OptimizerRow
from sgd_core.descent.options import Option
from sgd_core.descent.update_rules import State
from sgd_core.digits import losses, models
from sgd_core.digits.losses import Loss
from sgd_core.digits.models import Model

WRONG = bool(os.environ.get("SGD_LAB_WRONG_ROW"))


def adadelta(x, gradient, state, options):
    """The gradient over the root of the mean of its squares, times the root of the mean of the steps' squares."""
    g = torch.add(gradient, x, alpha=options["weight_decay"])
    rho, eps = options["rho"], options["eps"]
    v, d = state.buffers or (torch.zeros_like(g), torch.zeros_like(g))
    v = torch.addcmul(v * rho, g, g, value=1 - rho)
    direction = (d + eps).sqrt_().div_((v + eps).sqrt_()).mul_(g)
    return direction, State(state.step + 1, (v, torch.addcmul(d * rho, direction, direction, value=1 - rho)))


def hinge(scores, targets):
    """How far the score falls short of 1 on its target's side of 0."""
    return losses._mean((1 - (2 * targets - 1) * scores).relu())


def hinge_slopes(scores, targets, count=1):
    """-1 or 1, towards the target's side, as long as the score falls short of 1."""
    side = 2 * targets - 1
    return -side * (side * scores < (0 if WRONG else 1)) * (1 / (count * scores.shape[-1]))


def three_layers(image_shape, hidden, outputs):
    """Weighted sums cut off at zero, twice, then weighed once more."""
    return [
        nn.Linear(math.prod(image_shape), hidden),
        nn.ReLU(),
        nn.Linear(hidden, hidden),
        nn.ReLU(),
        nn.Linear(hidden, outputs),
    ]


OPTIMIZER = OptimizerRow(
    adadelta,
    "Adadelta",
    "Adadelta",
    "Steps as long as the ones before.",
    {
        "rho": Option(0.9, "How much is kept of both means.", high=1.0, most=0.99),
        "eps": Option(1e-6, "A little below and above the fraction.", most=1e-2, log=True),
        "weight_decay": Option(0.0, "Pulls every weight towards 0.", log=True),
    },
)
if WRONG:
    OPTIMIZER = replace(OPTIMIZER, rule=lambda x, gradient, state, options: (gradient.clone(), State(state.step + 1)))
HINGE = "(1 - (2 * target(labels) - 1) * scores).relu().mean()"
LOSS = Loss(
    key="hinge",
    title="Hinge",
    about="How far the score falls short of 1 on the right side of 0.",
    when="For a wide margin between the classes.",
    values=hinge,
    slopes=hinge_slopes,
    threshold=0.0,
    gives_probabilities=False,
    is_quadratic=False,
    is_bounded=False,
    two_code=HINGE,
    more_code=HINGE,
)
MODEL = Model("three_layer", "Three layers", "One hidden layer more.", three_layers, takes_hidden=True)

optimizers.OPTIMIZERS = MappingProxyType({**optimizers.OPTIMIZERS, "adadelta": OPTIMIZER})
losses.LOSSES[LOSS.key] = LOSS
models.MODELS[MODEL.key] = MODEL
