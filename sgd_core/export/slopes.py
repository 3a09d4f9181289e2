"""Scripts in plain PyTorch for the lesson on derivatives: each prints the numbers that its section shows.

A formula comes in as PyTorch source of a function of `x` (`Function.torch_code`).
"""

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
