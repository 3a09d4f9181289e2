"""Let PyTorch do it: the session, the graph behind it, and what happens when `.grad` is not emptied."""

from collections.abc import Sequence

import streamlit as st
import torch

from pages.derivatives.graph import TONES, drawn_graph
from pages.derivatives.point import choose_point, explain_trouble
from pages.ui.page import Page
from pages.ui.shown import Moments, Picture, Speed
from sgd_core.calculus.formula import Function, parse_function
from sgd_core.calculus.graph_words import card_words, describe, node_table, walk_of
from sgd_core.calculus.sampling import look_at
from sgd_core.calculus.session import Line, run_again, run_session
from sgd_core.calculus.tape_words import again_bet, console, tape_numbers, tell_again, tell_rules
from sgd_core.charts.graph import graph_picture
from sgd_core.export.derivatives import autograd_script
from sgd_core.numbers import number, signed

MOST_CALLS = 6
EXAMPLES = {"x² at 3": ("x**2", 3.0), "(3x + 1)² at 3": ("(3*x + 1)**2", 3.0)}
OWN = "my function"
SPEEDS = [Speed("slow", 0.5, 0.5), Speed("normal", 1, 1), Speed("fast", 4, 4)]


def autograd(page: Page) -> None:
    """Watch PyTorch record a graph and go back through it."""
    with page.controls:
        function, x = _choose(page)
        lines = run_session(function, x)
        st.markdown("**A session, really run**")
        st.code(console(lines), language=None, wrap_lines=True, height=260 if len(console(lines)) > 420 else "content")
        fine = explain_trouble(function, x)
    run, moments = walk_of(function, x)
    rows, plan = drawn_graph(run, moments)
    at = page.player(
        [
            Picture(
                graph_picture(rows, layer_count=plan.layers, row_count=plan.rows),
                f"The graph of {run.formula} with {len(run.nodes)} nodes, their values, their gradients, and the slope "
                "on each edge.",
            )
        ],
        Moments(
            tape_numbers(run, moments),
            run=(run.formula, x),
            cards=[(TONES[moment.phase], *card_words(run, moment)) for moment in moments],
        ),
        speeds=SPEEDS,
    )
    page.notice(*describe(run, moments, at))
    with page.below:
        if fine:
            _by_rules(function, x, lines)
        _again(page, function, x)
    page.table(node_table(function, x), "The nodes as a table", file="nodes")
    page.code(autograd_script(function.torch_code, x))


def _choose(page: Page) -> tuple[Function, float]:
    """Choose one of the source's examples, or the function and the point of the sections before."""
    own = any(page.key(name) in st.query_params for name in ("function", "formula", "x"))
    picked = page.segments("example", "Formula", [*EXAMPLES, OWN], OWN if own else next(iter(EXAMPLES)))
    if picked == OWN:
        return choose_point(page)
    formula, x = EXAMPLES[picked]
    return parse_function(formula), x


def _by_rules(function: Function, x: float, lines: Sequence[Line]) -> None:
    exact = float(function.symbolic_derivative(torch.tensor(x, dtype=torch.float64)))
    printed = lines[-1].output.removeprefix("tensor(").removesuffix(")")
    with st.container(border=True):
        left, ours, theirs = st.columns([3, 1, 1], vertical_alignment="center")
        left.markdown("**The same by the rules of calculus**")
        left.latex(rf"f(x) = {function.latex} \qquad f'(x) = {function.derivative_latex}")
        ours.metric(f"f′({number(x)}) by the rules", signed(exact))
        theirs.metric("xt.grad", printed)
        st.markdown(tell_rules(look_at(function, x).slope, exact, abs(float(printed) - exact)))


def _again(page: Page, function: Function, x: float) -> None:
    gradient = look_at(function, x).slope
    with st.container(border=True):
        left, right = st.columns(2, gap="large")
        with left:
            st.markdown("**Calling backward() again**")
            calls = page.position("calls", MOST_CALLS - 1) + 1
            clear = page.toggle(
                "zero_grad",
                "Empty .grad before each call (zero_grad)",
                False,
                help="`optimizer.zero_grad()` does this for every weight of a model.",
            )
            bet = again_bet(gradient, clear)
            if bet:
                page.bet("again", *bet, about=(function.formula, x, clear))
            with st.container(horizontal=True):
                more = calls < MOST_CALLS
                page.turn("calls", "Call backward again", 1, more, icon=":material/replay:", type="primary")
                page.turn("calls", "Start over", 1 - calls, calls > 1, icon=":material/restart_alt:")
            st.markdown(tell_again(gradient, calls, clear))
        right.code(console(run_again(function, x, calls, clear=clear)), language=None, wrap_lines=True)
