"""The scripts of the Learning-rate pitfalls page about digits: plain PyTorch, the numbers on the screen."""

import textwrap
from collections.abc import Sequence
from dataclasses import replace

from sgd_core.digits.config import TrainConfig
from sgd_core.export.training import training_script


def sweep_script(config: TrainConfig, lrs: Sequence[float]) -> str:
    """Return the script that trains with one learning rate after the other and prints each run's epochs."""
    head, model, rest = _parts(config)
    return f"""{head}
for lr in {[float(lr) for lr in lrs]}:
    print(f"learning rate {{lr:g}}")
{textwrap.indent(model + rest.replace("lr=1.0", "lr=lr", 1), "    ").rstrip()}
"""


def sharpness_script(config: TrainConfig) -> str:
    """Return the script that finds the largest eigenvalue at the initial weights by power iteration, and the border."""
    head, model, _ = _parts(config)
    return f"""{head}
{model}weights = list(model.parameters())
slopes = torch.autograd.grad(loss_of(model(X), y), weights, create_graph=True)
direction = [torch.randn(part.shape, generator=torch.Generator().manual_seed({config.seed})) for part in weights]
for round in range(20):
    length = sum(part.square().sum() for part in direction).sqrt()
    direction = [part / length for part in direction]
    along = sum((slope * part).sum() for slope, part in zip(slopes, direction))
    turned = torch.autograd.grad(along, weights, retain_graph=True, allow_unused=True)  # Hessian times direction
    value = sum((part * other).sum() for part, other in zip(direction, turned)).item()
    direction = turned
print(value, 2 / value)
"""


def _parts(config: TrainConfig) -> tuple[str, str, str]:
    """Split the training script with learning rate 1.0: the data and losses, the model, what trains it."""
    script = training_script(replace(config, lr=1.0))
    head, rest = script.split("\nmodel = ", 1)
    model, rest = rest.split("optimizer = ", 1)
    return head, "model = " + model, "optimizer = " + rest
