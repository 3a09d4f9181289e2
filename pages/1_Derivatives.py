"""Derivatives: what a slope is, and how PyTorch computes it."""

import streamlit as st

from pages.derivatives.autograd import show_autograd
from pages.derivatives.nudging import show_nudging
from pages.derivatives.point import choose_point
from pages.derivatives.slope import show_slope
from pages.ui.formula import choose_function
from pages.ui.frame import open_page
from pages.ui.transport import play

controls = open_page(
    "derivatives",
    "A derivative answers one question: if I nudge the input a little, how much does the output change? "
    "At a point of a curve the answer is a single number, the **slope** of the line that just touches it there.",
)

with st.sidebar:
    function, start = choose_function(controls)
    x = choose_point(controls, function, start)
    ask = controls.toggle(
        "predict", "Predict first", False, help="Each section asks before it shows: commit to an answer, then see."
    )

slope, nudging, autograd, weights = controls.sections(["The slope", "Nudge it", "Let PyTorch do it", "Many weights"])
walk = None  # what plays comes last on the page
if slope.open:
    with slope:
        show_slope(controls, function, x, ask)
elif nudging.open:
    with nudging:
        show_nudging(controls, function, x, ask)
elif autograd.open:
    with autograd:
        walk = show_autograd(controls, function, x)

controls.close()
if walk:
    player, ground = walk
    with ground:
        play(player)
