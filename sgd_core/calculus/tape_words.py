"""What autograd does, as a console prints it, in numbers and words."""

import math
from collections.abc import Sequence

import pandas as pd

from sgd_core.bet import Bet
from sgd_core.calculus.graph import Moment, Trace
from sgd_core.calculus.session import Line
from sgd_core.numbers import number, signed


def console(lines: Sequence[Line]) -> str:
    """Write the lines as a console shows them."""
    return "\n".join(f">>> {code}\n{output}".rstrip() for code, output in lines)


def tape_numbers(run: Trace, moments: Sequence[Moment]) -> pd.DataFrame:
    """Return what the clock shows of each moment of the walk."""
    rows = []
    for moment in moments:
        node = run.nodes[moment.node]
        gradient = moment.gradients[moment.node]
        first = moment.gradients[0]
        rows.append(
            {
                "way": {"start": "–", "forward": "forward"}.get(moment.phase, "backward"),
                "node": "–" if moment.phase == "start" else node.name,
                "value": "–" if moment.phase == "start" else number(node.value),
                "gradient": "–" if gradient is None else number(gradient),
                f"{run.nodes[0].name}.grad": "–" if first is None else number(first),
            }
        )
    return pd.DataFrame(rows)


def tell_rules(slope: float, exact: float, off: float) -> str:
    """Say how PyTorch's answer and the rule's compare."""
    same = (
        "the same number."
        if off <= 1e-4 * max(1.0, abs(exact))
        else "the session's float32 holds no number larger than 3.4 × 10³⁸, so it overflows."
        if not math.isfinite(off)
        else f"off by {number(off, 2)}, because float32 has only about seven digits."
    )
    return (
        f"`backward()` found {signed(slope)} without ever seeing the formula for f′(x). It only noted which operations "
        f"were done, as `grad_fn` shows, and went back through them. The rules give {signed(exact)}: {same}"
    )


def tell_again(gradient: float, calls: int, clear: bool) -> str:
    """Say what `.grad` shows after so many calls."""
    shown = number(gradient * (1 if clear else calls))
    said = f"After {calls} call{'s' if calls > 1 else ''} `.grad` shows {shown}. "
    if clear:
        return said + f"It is emptied before each call, so it is always the gradient, {number(gradient)}."
    if calls > 1:
        return said + (
            f"The gradient is still {number(gradient)}: PyTorch **adds** each new one to what is there already. Training "
            "that forgets `zero_grad()` takes ever longer steps."
        )
    return said + "Call it again without emptying it first, and look."


def again_bet(gradient: float, clear: bool) -> Bet | None:
    """Ask what `.grad` shows after a second call; None where the choices could not be told apart."""
    first, twice = number(gradient), number(2 * gradient)
    options = list(dict.fromkeys(["0", first, twice, number(gradient * gradient)]))
    if len(options) < 4:
        return None
    return Bet(
        f"`.grad` is {first} after the first `backward()`. What does it show after the second?",
        options,
        first if clear else twice,
        "`.grad` was emptied before, so only the new gradient is in it."
        if clear
        else f"PyTorch adds: {first} + {first} = {twice}.",
    )
