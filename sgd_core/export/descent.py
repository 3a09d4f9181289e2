"""Scripts in plain PyTorch for descents: several learning rates, optimizers, schedules, weights, and stop rules.

Each needs nothing of this project, uses `torch.optim`, and prints the history on the screen. A formula comes in as
PyTorch source (`Function.torch_code`), an optimizer as the source that makes it (`Optimizer.torch_code`).
"""

from collections.abc import Sequence

from sgd_core.descent.fit import MOMENTS, SCALES, RollerCoaster
from sgd_core.descent.schedules import scheduler_code
from sgd_core.descent.stop import DIVERGED, ENOUGH, FLAT, NO_BETTER, Rules
from sgd_core.export.rendering import render


def descent_script(formula: str, *, start: float, lrs: Sequence[float], steps: int, optimizer: str) -> str:
    """Return the script that prints the history of a descent: step, w, loss, gradient, and the step taken.

    `optimizer` is the source that makes the optimizer of `w` with learning rate `lr`, such as
    `torch.optim.SGD([w], lr=lr)`. With several learning rates the script runs one after the other.
    """
    rates = [float(lr) for lr in lrs]
    return render("descent", formula=formula, start=float(start), lrs=rates, steps=steps, optimizer=optimizer)


def walk_script(
    formula: str,
    *,
    start: float | Sequence[float],
    runs: Sequence[tuple[str, str]],
    steps: int,
    variables: Sequence[str] = ("x",),
) -> str:
    """Return the script that descends `formula` once for each of `runs`.

    A run is a name and the source that makes its optimizer of `w`. Each line printed is: name, step, the weights, the
    loss, the gradient, the step taken. A run ends early where its numbers are no longer finite.
    """
    first = float(start) if isinstance(start, int | float) else [float(part) for part in start]
    return render("walk", formula=formula, start=first, runs=runs, steps=steps, variables=variables)


def fit_script(coaster: RollerCoaster, *, steps: int, optimizer: str) -> str:
    """Return the script that measures, fits, and prints step, a, b, c and the loss.

    `optimizer` is the source that makes the optimizer of the tensor `parameters`.
    """
    shift, unit = SCALES[coaster.scale]
    return render(
        "fit",
        seed=coaster.seed,
        noise=coaster.noise,
        count=MOMENTS,
        scaled="time" if (shift, unit) == (0.0, 1.0) else f"(time - {shift!r}) / {unit!r}",
        steps=steps,
        optimizer=optimizer,
    )


def stop_script(formula: str, *, start: float, optimizer: str, rules: Rules) -> str:
    """Return the script that walks until one of the rules ends the run, and prints each step and the reason.

    A time budget is left out, since no two machines would stop at the same step.
    """
    reasons = {"diverged": DIVERGED, "flat": FLAT, "no_better": NO_BETTER, "enough": ENOUGH}
    return render("stop", formula=formula, start=float(start), optimizer=optimizer, rules=rules, reasons=reasons)


def schedules_script(formula: str, start: float, lr: float, steps: int, schedules: Sequence[str]) -> str:
    """Return the script that descends once with each schedule and prints step, learning rate, w and loss."""
    makers = {key: scheduler_code(key, lr, steps) for key in schedules}
    return render("schedules", formula=formula, start=float(start), lr=float(lr), steps=steps, schedulers=makers)
