"""Let PyTorch do it: the session, the graph behind it, and what happens when `.grad` is not emptied."""

import math
from collections.abc import Sequence

import streamlit as st
import torch

from pages.derivatives.graph import graph_player, node_table
from pages.derivatives.point import choose_point, explain_trouble, signed
from pages.derivatives.slope import latex_of
from pages.ui.controls import Controls
from pages.ui.parts import notice, same_in_pytorch
from pages.ui.quiz import predict_first
from pages.ui.transport import Player
from sgd_core.calculus.formula import Function
from sgd_core.calculus.sampling import look_at
from sgd_core.calculus.session import Line, run_again, run_session
from sgd_core.export.derivatives import autograd_script

MOST_CALLS = 6


def console(lines: Sequence[Line]) -> str:
    """Write the lines as a console shows them."""
    return "\n".join(f">>> {code}\n{output}".rstrip() for code, output in lines)


def show_autograd(
    controls: Controls, function: Function, start: float
) -> tuple[Player, st.delta_generator.DeltaGenerator]:
    """Draw the section; return the walk through the graph and the place to play it in, last of all on the page."""
    x = choose_point(controls, function, start)
    at = look_at(function, x)
    left, right = st.columns(2, gap="large")
    lines = run_session(function, x)
    with left:
        st.markdown("**A session, really run**")
        st.code(console(lines), language=None)
    with right:
        st.markdown("**The same by the rules of calculus**")
        if explain_trouble(function, at):
            _by_rules(function, x, at.slope, lines)
    st.subheader("The graph that PyTorch recorded", anchor=False)
    ground = st.container()
    player = graph_player(controls, function, x)
    with st.expander("The nodes as a table", icon=":material/table_rows:"):
        st.dataframe(node_table(function, x), hide_index=True)
    st.subheader("Calling backward() again", anchor=False)
    _again(controls, function, x)
    same_in_pytorch(autograd_script(function.torch_code, x), key="derivatives_code_autograd")
    return player, ground


def _by_rules(function: Function, x: float, slope: float, lines: Sequence[Line]) -> None:
    formula, derivative = latex_of(function)
    exact = float(function.symbolic_derivative(torch.tensor(x, dtype=torch.float64)))
    printed = lines[-1].output.removeprefix("tensor(").removesuffix(")")
    off = abs(float(printed) - exact)
    st.latex(rf"\begin{{aligned}} f(x) &= {formula} \\[8pt] f'(x) &= {derivative} \end{{aligned}}")
    ours, theirs = st.columns(2)
    ours.metric(f"f′({x:g}) by the rules", f"{exact:+.4f}" if exact else "0.0000")
    theirs.metric("xt.grad", printed)
    notice(
        f"`backward()` found {signed(slope)} without ever seeing the formula for f′(x): it only remembered which "
        f"operations were done, as `grad_fn` shows, and went back through them. The rules give {signed(exact)}: "
        + (
            "the same number."
            if off <= 1e-4 * max(1.0, abs(exact))
            else "the session's float32 holds no number larger than 3.4e38, so it overflows."
            if not math.isfinite(off)
            else f"off by {off:.2g}, because the session computes in float32, with about seven digits."
        )
    )


def _again(controls: Controls, function: Function, x: float) -> None:
    gradient = look_at(function, x).slope
    first = f"{gradient:.4g}"
    left, right = st.columns(2, gap="large")
    with left:
        calls = controls.position("calls", MOST_CALLS - 1) + 1
        clear = controls.toggle(
            "zero_grad",
            "Empty .grad before each call (zero_grad)",
            False,
            help="`optimizer.zero_grad()` does this for every weight of a model.",
        )
        twice = f"{2 * gradient:.4g}"
        options = list(dict.fromkeys(["0", first, twice, f"{gradient * gradient:.4g}"]))
        answer = first if clear else twice
        if len(options) == 4:
            predict_first(
                "derivatives_quiz_again",
                f"`.grad` is {first} after the first `backward()`. What does it show after the second?",
                options,
                answer,
                "`.grad` was emptied before, so only the new gradient is in it."
                if clear
                else f"PyTorch adds: {first} + {first} = {twice}.",
                about=(function.formula, x, clear),
            )
        with st.container(horizontal=True):
            controls.turn(
                "calls", "Call backward again", 1, calls < MOST_CALLS, icon=":material/replay:", type="primary"
            )
            controls.turn("calls", "Start over", 1 - calls, calls > 1, icon=":material/restart_alt:")
        now = float(gradient) * (1 if clear else calls)
        notice(
            f"After {calls} call{'s' if calls > 1 else ''} `.grad` shows {now:.4g}. "
            + (
                f"It is emptied before each call, so it is always the gradient, {first}."
                if clear
                else f"The gradient is still {first}: PyTorch **adds** each new one to what is there already. A training "
                "loop that forgets `zero_grad()` takes ever longer steps."
                if calls > 1
                else "Call it again without emptying it first, and look."
            ),
        )
    with right:
        st.code(console(run_again(function, x, calls, clear=clear)), language=None)
