"""A bound on the whole numbers that exact algebra could build from a formula.

SymPy keeps fractions exact and multiplies powers out at once: `9**9**9**(9*x/x)`, `((2*x)**1000)**1000` or
`exp(10**9*log(9*x))` would fill the memory. So every subtree gets an upper bound on the bits of any exact number
that can come out of it, before SymPy ever sees it: sums and products add bits, powers multiply them.
"""

import math
from typing import NamedTuple

from sgd_core.calculus.tree import Node

MAX_BITS = 4000  # about 1,200 digits; Python refuses to print more than 4,300


class _Size(NamedTuple):
    bits: float  # of any exact number that can come out of the subtree
    unlogged: float  # the same where every logarithm counts as a mere name
    in_logs: float  # of any exact number inside its logarithms


def column_of_too_large(tree: Node) -> int | None:
    """Return the column of a subtree that could grow beyond `MAX_BITS`, or None if none can."""
    culprits: list[int] = []
    _measure(tree, culprits)
    return culprits[0] if culprits else None


def _measure(node: Node, culprits: list[int]) -> _Size:
    size = _combine(node, [_measure(child, culprits) for child in node.children])
    if size.bits > MAX_BITS:
        culprits.append(node.column)
    return size


def _combine(node: Node, parts: list[_Size]) -> _Size:
    bits, unlogged = sum(p.bits for p in parts), sum(p.unlogged for p in parts)
    in_logs = max((p.in_logs for p in parts), default=0.0)
    match node.op:
        case "number":
            size = abs(node.value or 0)
            bits = unlogged = math.log2(1 + max(size, 1 / size)) if size > 0 else 0.0
        case "add" | "subtract":
            bits, unlogged = bits + 1, unlogged + 1
        case "power":
            base, exponent = parts
            power = node.children[1].value
            if power is not None:
                bits, unlogged = base.bits * max(1.0, abs(power)), base.unlogged * max(1.0, abs(power))
            else:
                bits = base.bits * _two_to(exponent.bits) + exponent.bits + _out_of_logs(exponent)
                unlogged = base.unlogged * _two_to(exponent.unlogged) + exponent.unlogged + _out_of_logs(exponent)
        case "exp":
            bits, unlogged = bits + _out_of_logs(parts[0]), unlogged + _out_of_logs(parts[0])
        case "log":
            in_logs, unlogged = max(in_logs, bits), 0.0
        case "sin" | "cos" | "tan" | "tanh" | "sigmoid":
            bits = unlogged = 2.0  # what goes in does not come out
    return _Size(bits, unlogged, in_logs)


def _out_of_logs(exponent: _Size) -> float:
    """Bound what appears when exp(k log(a)) turns into a**k."""
    return exponent.in_logs * _two_to(exponent.unlogged) if exponent.in_logs else 0.0


def _two_to(bits: float) -> float:
    return 2.0 ** min(bits, 60.0)
