"""Scripts in plain PyTorch for the lesson on derivatives: each prints the numbers that its section shows.

A formula comes in as PyTorch source of a function of `x` (`Function.torch_code`).
"""

from sgd_core.digits.config import TrainConfig
from sgd_core.export.training import training_script

_IMPORTS = "import math\n\nimport torch\n"


def _imports(*code: str) -> str:
    """Return the imports that the code needs."""
    return _IMPORTS if any("math." in line for line in code) else "import torch\n"


def nudge_script(formula: str, x: float, h: float, kind: str) -> str:
    """Return the script that prints, for float32 and float64, the nudge's slope, the derivative, and the difference."""
    difference = "(f(x + h) - f(x)) / h" if kind == "forward" else "(f(x + h) - f(x - h)) / (2 * h)"
    return f"""{_imports(formula)}

def f(x):
    return {formula}


x = torch.tensor({float(x)!r}).double().requires_grad_()
f(x).backward()
for dtype in (torch.float32, torch.float64):
    h = torch.tensor({float(h)!r}, dtype=dtype)
    at = x.detach().to(dtype)
    slope = ({difference.replace("x", "at")}).item()
    print(dtype, slope, x.grad.item(), slope - x.grad.item())
"""


def autograd_script(formula: str, x: float) -> str:
    """Return the script that prints value and gradient, calls `backward()` again, and empties `.grad`."""
    return f"""{_imports(formula)}

def f(x):
    return {formula}


xt = torch.tensor({float(x)!r}, requires_grad=True)
yt = f(xt)
print(yt)

yt.backward()
print(xt.grad)

f(xt).backward()  # adds to what is there
print(xt.grad)

xt.grad = None  # what optimizer.zero_grad() does
f(xt).backward()
print(xt.grad)
"""


def pair_script(formula: str, a: float, b: float) -> str:
    """Return the script that prints the value at two weights, both partial derivatives, and each by a nudge."""
    return f"""{_imports(formula)}

def f(a, b):
    return {formula}


a = torch.tensor({float(a)!r}, dtype=torch.float64, requires_grad=True)
b = torch.tensor({float(b)!r}, dtype=torch.float64, requires_grad=True)
y = f(a, b)
y.backward()
print(y.item())
print(a.grad.item(), b.grad.item())

h = 1e-6  # hold one weight, nudge the other
print(((f(a + h, b) - f(a - h, b)) / (2 * h)).item(), ((f(a, b + h) - f(a, b - h)) / (2 * h)).item())
"""


def weight_gradient_script(config: TrainConfig, h: float) -> str:
    """Return the script that nudges every weight of a linear digit model, calls `backward()` once, and compares."""
    head = training_script(config).split("\noptimizer = ", 1)[0]
    return f"""{head}
import time

loss_of(model(X), y).backward()  # once before the clock starts
model.zero_grad()
began = time.perf_counter()
loss = loss_of(model(X), y)
loss.backward()
print("by backward():", time.perf_counter() - began, "s, loss", loss.item())

worst, began = 0.0, time.perf_counter()
with torch.no_grad():
    here = loss_of(model(X), y)
    for parameter in model.parameters():
        flat, exact = parameter.view(-1), parameter.grad.view(-1)
        for i in range(len(flat)):
            kept = flat[i].clone()
            flat[i] += {h!r}
            slope = (loss_of(model(X), y) - here) / {h!r}
            flat[i] = kept
            worst = max(worst, (slope - exact[i]).abs().item())
print("by nudging:", time.perf_counter() - began, "s")
print("largest difference:", worst)
"""
