"""Scripts in plain PyTorch that print the numbers a page shows.

Each is generated from the page's state and needs nothing of this project; the tests run them and compare.
A formula comes in as PyTorch source of a function of `x` (`Function.torch_code`).
"""

from collections.abc import Sequence


def derivative_script(formula: str, values: Sequence[float]) -> str:
    """Return the script that computes value and gradient of `formula` at one point, or at a vector of points.

    With one value the function's result is a scalar; with several it is summed, so that it has one gradient.
    """
    numbers = repr([float(v) for v in values]) if len(values) != 1 else repr(float(values[0]))
    body = formula if len(values) == 1 else f"({formula}).sum()"
    return f"""{_imports(formula)}


def f(x):
    return {body}


xt = torch.tensor({numbers}, requires_grad=True)
yt = f(xt)
print(yt)

yt.backward()
print(xt.grad)
"""


def descent_script(formula: str, *, start: float, lrs: Sequence[float], steps: int, optimizer: str) -> str:
    """Return the script that prints the history of a descent: step, w, loss, gradient, and the step taken.

    `optimizer` is the source that makes the optimizer of `w` with learning rate `lr`, such as
    `torch.optim.SGD([w], lr=lr)`. With several learning rates the script runs one after the other.
    """
    rates = ", ".join(repr(float(lr)) for lr in lrs)
    return f"""{_imports(formula)}


def f(x):
    return {formula}


for lr in [{rates}]:
    print(f"learning rate {{lr:g}}")
    w = torch.tensor({float(start)!r}, dtype=torch.float64, requires_grad=True)
    optimizer = {optimizer}
    for step in range({steps + 1}):
        optimizer.zero_grad()
        loss = f(w)
        loss.backward()
        before = w.item()
        optimizer.step()
        print(step, before, loss.item(), w.grad.item(), w.item() - before)
"""


def _imports(formula: str) -> str:
    return "import math\n\nimport torch" if "math." in formula else "import torch"
