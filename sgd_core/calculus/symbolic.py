"""The exact side of a formula: SymPy expression, derivative, LaTeX. Import it lazily, since SymPy is slow to load."""

from collections.abc import Mapping, Sequence
from functools import lru_cache, reduce
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray

from sgd_core.calculus.tree import OPERATORS, Node

Array = NDArray[np.float64]


class _Real(sympy.Function):  # type: ignore[misc]
    """A function of our own; of a plain number it is a number, since SymPy would search long for its digits."""

    @classmethod
    def eval(cls, u: Any) -> Any:
        """Return the number this is, or None to keep the function."""
        if not u.is_number:
            return None
        with np.errstate(all="ignore"):
            value = float(_EVALUATE[cls](_evaluate(u, {})))
        if not np.isfinite(value):
            return None
        return _EXACT[cls](u) if u.is_Rational and cls in _EXACT else sympy.Float(value)


class AbsoluteValue(_Real):
    """|u| for real u; SymPy's own Abs would bring in complex numbers where it cannot prove u real."""

    def fdiff(self, argindex: int = 1) -> Any:
        """Return the sign of u, which is 0 at 0, as PyTorch has it."""
        return sympy.sign(self.args[0])

    def _latex(self, printer: Any, **_: Any) -> str:
        return rf"\left|{{{printer._print(self.args[0])}}}\right|"


class Sigmoid(_Real):
    """The logistic function 1 / (1 + exp(-u)), kept under its name."""

    def fdiff(self, argindex: int = 1) -> Any:
        """Return sigmoid(u) (1 - sigmoid(u))."""
        return self * (1 - self)

    def _latex(self, printer: Any, exp: str | None = None, **_: Any) -> str:
        power = f"^{{{exp}}}" if exp else ""
        return rf"\sigma{power}\left({printer._print(self.args[0])}\right)"


class Relu(_Real):
    """The larger of 0 and u."""

    def fdiff(self, argindex: int = 1) -> Any:
        """Return 1 right of 0 and 0 elsewhere, at 0 too, as PyTorch has it."""
        return Positive(self.args[0])

    def _latex(self, printer: Any, exp: str | None = None, **_: Any) -> str:
        power = f"^{{{exp}}}" if exp else ""
        return rf"\max{power}\left(0, {printer._print(self.args[0])}\right)"


class Positive(_Real):
    """1 where u > 0, otherwise 0: the derivative of `Relu`."""

    def _latex(self, printer: Any, **_: Any) -> str:
        return rf"\mathbf{{1}}_{{{printer._print(self.args[0])} > 0}}"


_EXACT: dict[Any, Any] = {AbsoluteValue: abs, Relu: lambda u: max(u, sympy.S.Zero)}
_BUILD = {
    "sin": sympy.sin,
    "cos": sympy.cos,
    "tan": sympy.tan,
    "exp": sympy.exp,
    "log": sympy.log,
    "sqrt": sympy.sqrt,
    "abs": AbsoluteValue,
    "tanh": sympy.tanh,
    "sigmoid": Sigmoid,
    "relu": Relu,
}
_EVALUATE: dict[Any, Any] = {
    sympy.sin: np.sin,
    sympy.cos: np.cos,
    sympy.tan: np.tan,
    sympy.exp: np.exp,
    sympy.log: np.log,
    sympy.tanh: np.tanh,
    sympy.sinh: np.sinh,
    sympy.cosh: np.cosh,
    sympy.Abs: np.abs,
    sympy.sign: np.sign,
    AbsoluteValue: np.abs,
    Sigmoid: lambda u: 0.5 + 0.5 * np.tanh(u / 2),
    Relu: lambda u: np.maximum(u, 0.0),
    Positive: lambda u: np.where(np.isnan(u), np.nan, (u > 0).astype(np.float64)),
}


@lru_cache(maxsize=256)
def expression(tree: Node) -> sympy.Expr:
    """Return the formula as a SymPy expression over real symbols."""
    if tree.op == "number":
        return sympy.Integer(tree.value) if isinstance(tree.value, int) else sympy.Float(tree.value)
    if tree.op == "variable":
        return sympy.Symbol(tree.name, real=True)
    if tree.op == "constant":
        return {"pi": sympy.pi, "e": sympy.E}[tree.name]
    if tree.value is not None and _nested(tree):
        return sympy.Float(tree.value)
    parts = [expression(child) for child in tree.children]
    if tree.op == "negative":
        return -parts[0]
    return _BUILD[tree.op](parts[0]) if tree.op in _BUILD else OPERATORS[tree.op].compute(*parts)


def _nested(constant: Node) -> bool:
    """Tell whether a constant holds functions of functions, whose digits SymPy may search for minutes."""
    calls = constant.op in _BUILD or constant.op == "power"
    return any(_holds_call(child) if calls else _nested(child) for child in constant.children)


def _holds_call(node: Node) -> bool:
    return node.op in _BUILD or any(_holds_call(child) for child in node.children)


@lru_cache(maxsize=256)
def derivative(tree: Node, variable: str) -> sympy.Expr:
    """Return the partial derivative by the named variable, by the rules of calculus."""
    return expression(tree).diff(sympy.Symbol(variable, real=True))


def latex(tree: Node) -> str:
    """Return the formula as LaTeX."""
    return _latex(expression(tree))


def _latex(exact: Any) -> str:
    """Write an expression; where SymPy finds no value anywhere (it divides by zero), say so in words."""
    return r"\text{undefined}" if exact.has(sympy.zoo, sympy.nan) else str(sympy.latex(exact))


def derivative_latex(tree: Node, variables: Sequence[str]) -> str:
    """Return the derivative as LaTeX; for several variables the column of partial derivatives."""
    rows = []
    for variable in variables:
        exact = derivative(tree, variable)
        if isinstance(exact, Positive):  # alone it has room to say what it is
            rows.append(
                rf"\begin{{cases}} 1 & {sympy.latex(exact.args[0])} > 0 \\ 0 & \text{{otherwise}} \end{{cases}}"
            )
        else:
            rows.append(_latex(exact))
    return rows[0] if len(rows) == 1 else r"\begin{pmatrix} " + r" \\ ".join(rows) + r" \end{pmatrix}"


@lru_cache(maxsize=1024)
def local_latex(step: Node, which: int, names: Sequence[str]) -> str:
    """Return the derivative of one operation over u0, u1 by one of them as LaTeX, with `names` in their places."""
    own = {sympy.Symbol(f"u{i}", real=True): sympy.Symbol(_indexed(name), real=True) for i, name in enumerate(names)}
    return _latex(derivative(step, f"u{which}").xreplace(own))


def _indexed(name: str) -> str:
    """Write v12 as v_12, which LaTeX sets as an index."""
    return f"{name[0]}_{name[1:]}" if name[1:].isdigit() else name


def evaluate(exact: Any, point: Mapping[str, Array]) -> Array:
    """Evaluate an expression in NumPy float64, all arrays of one shape; NaN where it is no real number.

    A walk rather than `lambdify`, which would write and execute source code.
    """
    shape = next(iter(point.values())).shape
    with np.errstate(all="ignore"):
        return np.broadcast_to(np.asarray(_evaluate(exact, point), dtype=np.float64), shape).copy()


def _evaluate(exact: Any, point: Mapping[str, Array]) -> Any:
    if exact.is_Symbol:
        return point[exact.name]
    if exact.is_number and not exact.args:
        return _number(exact)
    parts = [_evaluate(part, point) for part in exact.args]
    if exact.is_Add:
        return reduce(np.add, parts)
    if exact.is_Mul:
        return reduce(np.multiply, parts)
    if exact.is_Pow:
        return np.power(*parts)
    rule = _EVALUATE.get(exact.func)
    return np.nan if rule is None else rule(np.asarray(parts[0]))


def _number(exact: Any) -> np.float64:
    try:
        return np.float64(float(exact))
    except OverflowError:
        return np.float64(np.inf if exact > 0 else -np.inf)
    except TypeError:  # the imaginary unit, an unsigned infinity
        return np.float64(np.nan)
