"""The scripts of the Learning-rate pitfalls page about digits: plain PyTorch, the numbers on the screen."""

import textwrap
from collections.abc import Sequence
from dataclasses import replace

from sgd_core.descent.schedules import scheduler_code
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


def range_script(config: TrainConfig, end: float) -> str:
    """Return the script of a range test from 1e-7 to `end` over 100 mini-batches: learning rate, loss, smoothed loss."""
    head, model, _ = _parts(config)
    size = "len(X)" if config.batch_size is None else f"min({config.batch_size}, len(X))"
    return f"""{head}
{model}optimizer = torch.optim.SGD(model.parameters(), lr=1e-7)
shuffle = torch.Generator().manual_seed({config.seed})
size = {size}


def batches():
    while True:
        order = torch.randperm(len(X), generator=shuffle) if size < len(X) else torch.arange(len(X))
        yield from torch.split(order, size)


best, mean = float("inf"), 0.0
for i, rows in zip(range(100), batches()):
    lr = optimizer.param_groups[0]["lr"] = 1e-7 * ({end!r} / 1e-7) ** (i / 99)
    optimizer.zero_grad()
    loss = loss_of(model(X[rows]), y[rows])
    loss.backward()
    optimizer.step()
    mean = 0.98 * mean + 0.02 * loss.item()
    smoothed = mean / (1 - 0.98 ** (i + 1))
    best = min(best, smoothed)
    print(lr, loss.item(), smoothed)
    if smoothed > 4 * best:
        break
"""


def noise_script(config: TrainConfig, sizes: Sequence[int | None], steps: int) -> str:
    """Return the script that takes the same steps with several batch sizes and prints the loss over all images."""
    head, model, _ = _parts(config)
    numbers = ", ".join("len(X)" if size is None else str(size) for size in sizes)
    return f"""{head}

for size in [{numbers}]:
    size = min(size, len(X))
    print(f"images a step: {{size}}")
{textwrap.indent(model.rstrip(), "    ")}
    optimizer = torch.optim.SGD(model.parameters(), lr={config.lr!r})
    shuffle = torch.Generator().manual_seed({config.seed})
    step = 0
    while step < {steps}:
        order = torch.randperm(len(X), generator=shuffle) if size < len(X) else torch.arange(len(X))
        for rows in torch.split(order, size)[: {steps} - step]:
            optimizer.zero_grad()
            loss_of(model(X[rows]), y[rows]).backward()
            optimizer.step()
            step += 1
            with torch.no_grad():
                print(step, loss_of(model(X), y).item())
"""


def schedules_script(formula: str, start: float, lr: float, steps: int, schedules: Sequence[str]) -> str:
    """Return the script that descends once with each schedule and prints step, learning rate, w and loss.

    `formula` is PyTorch source of a function of `x`.
    """
    makers = "".join(f"    {key!r}: lambda optimizer: {scheduler_code(key, lr, steps) or None},\n" for key in schedules)
    return f"""import torch


def f(x):
    return {formula}


schedulers = {{
{makers}}}
for name, make in schedulers.items():
    print(name)
    w = torch.tensor({start!r}, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr={lr!r})
    scheduler = make(optimizer)
    for step in range({steps}):
        optimizer.zero_grad()
        loss = f(w)
        loss.backward()
        print(step, optimizer.param_groups[0]["lr"], w.item(), loss.item())
        optimizer.step()
        if scheduler:
            scheduler.step()
    print({steps}, "", w.item(), f(w).item())
"""


def _parts(config: TrainConfig) -> tuple[str, str, str]:
    """Split the training script with learning rate 1.0: the data and losses, the model, what trains it."""
    script = training_script(replace(config, lr=1.0))
    head, rest = script.split("\nmodel = ", 1)
    model, rest = rest.split("optimizer = ", 1)
    return head, "model = " + model, "optimizer = " + rest
