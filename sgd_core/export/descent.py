"""Scripts in plain PyTorch for descents: several optimizers, several weights, a fitted model, stop rules.

Each needs nothing of this project, uses `torch.optim`, and prints the history on the screen; the tests run them.
"""

from collections.abc import Sequence

from sgd_core.descent.fit import MOMENTS, SCALES, RollerCoaster
from sgd_core.descent.stop import DIVERGED, ENOUGH, FLAT, NO_BETTER, Rules


def walk_script(
    formula: str,
    *,
    start: float | Sequence[float],
    runs: Sequence[tuple[str, str]],
    steps: int,
    variables: Sequence[str] = ("x",),
) -> str:
    """Return the script that walks down `formula` (PyTorch source) once for each of `runs`.

    A run is a name and the source that makes its optimizer of `w`. Each line printed is: name, step, the weights, the
    loss, the gradient, the step taken. A run ends early where its numbers are no longer finite.
    """
    one = len(variables) == 1
    first = repr(float(start)) if isinstance(start, int | float) else repr([float(part) for part in start])
    unpack = "" if one else f"    {', '.join(variables)} = w\n"
    made = "\n".join(f"    {name!r}: lambda w: {code}," for name, code in runs)
    numbers = "w.item(), loss.item(), w.grad.item()" if one else "*w.tolist(), loss.item(), *w.grad.tolist()"
    taken = "w.item() - before.item()" if one else "*(w - before).tolist()"
    return f"""{imports(formula)}


def f({variables[0] if one else "w"}):
{unpack}    return {formula}


optimizers = {{
{made}
}}
for name, make in optimizers.items():
    w = torch.tensor({first}, dtype=torch.float64, requires_grad=True)
    optimizer = make(w)
    for step in range({steps + 1}):
        optimizer.zero_grad()
        loss = f(w)
        loss.backward()
        before = w.detach().clone()
        numbers = ({numbers})
        finite = all(abs(number) < float("inf") for number in numbers)
        if finite:
            optimizer.step()
        print(name, step, *numbers, {taken})
        if not finite:
            break
"""


def fit_script(coaster: RollerCoaster, *, steps: int, optimizer: str) -> str:
    """Return the script that measures, fits, and prints step, a, b, c and the loss.

    `optimizer` is the source that makes the optimizer of the tensor `parameters`.
    """
    shift, unit = SCALES[coaster.scale]
    scaled = "time" if (shift, unit) == (0.0, 1.0) else f"(time - {shift!r}) / {unit!r}"
    return f"""import torch

generator = torch.Generator().manual_seed({coaster.seed})
time = torch.arange({MOMENTS}, dtype=torch.float64)
noise = torch.randn({MOMENTS}, generator=generator, dtype=torch.float64) * {coaster.noise!r}
speed = noise + 0.75 * (time - 9.5) ** 2 + 1
t = {scaled}


def model(parameters):
    a, b, c = parameters
    return a * t**2 + b * t + c


parameters = torch.randn(3, generator=generator, dtype=torch.float64).requires_grad_()
optimizer = {optimizer}
for step in range({steps + 1}):
    optimizer.zero_grad()
    loss = ((model(parameters) - speed) ** 2).mean()
    loss.backward()
    print(step, *parameters.tolist(), loss.item())
    if not loss.isfinite():
        break
    optimizer.step()
"""


def stop_script(formula: str, *, start: float, optimizer: str, rules: Rules) -> str:
    """Return the script that walks until one of the rules ends the run, and prints each step and the reason.

    A time budget is left out, since no two machines would stop at the same step.
    """
    flat = f"    elif abs(w.grad) <= {rules.gradient!r}:\n        reason = {FLAT!r}\n" if rules.gradient else ""
    watch, stale = "", ""
    if rules.patience:
        less = f" - {rules.improvement!r}" if rules.improvement else ""
        watch = f"    if loss < best{less}:\n        best, since = loss.item(), step\n"
        stale = f"    elif step - since >= {rules.patience}:\n        reason = {NO_BETTER!r}\n"
    begin = 'best, since = float("inf"), 0\n' if rules.patience else ""
    return f"""{imports(formula)}


def f(x):
    return {formula}


w = torch.tensor({float(start)!r}, dtype=torch.float64, requires_grad=True)
optimizer = {optimizer}
{begin}reason, step = None, 0
while reason is None:
    optimizer.zero_grad()
    loss = f(w)
    loss.backward()
    print(step, w.item(), loss.item(), w.grad.item())
{watch}    if not (w + loss + w.grad).isfinite():
        reason = {DIVERGED!r}
{flat}{stale}    elif step == {rules.steps}:
        reason = {ENOUGH!r}
    else:
        optimizer.step()
        step += 1
print("stopped at step", step, "because of:", reason)
"""


def imports(formula: str) -> str:
    """Return the import lines that a formula's source needs."""
    return "import math\n\nimport torch" if "math." in formula else "import torch"
