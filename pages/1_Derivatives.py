"""Derivatives: what a slope is, and how PyTorch computes it."""

import streamlit as st

from pages.derivatives.autograd import show_autograd
from pages.derivatives.digits import show_digits
from pages.derivatives.nudging import show_nudging
from pages.derivatives.pair import show_pair
from pages.derivatives.slope import show_slope
from pages.derivatives.vector import show_vector
from pages.ui.formula import choose_function
from pages.ui.frame import open_page
from pages.ui.transport import play

controls = open_page(
    "derivatives",
    "A derivative answers one question: if I nudge the input a little, how much does the output change? "
    "At a point of a curve the answer is a single number, the **slope** of the line that just touches it there.",
)

asides = st.sidebar.container()
SECTIONS = ("The slope", "Nudge it", "Let PyTorch do it", "Many weights")
section = controls.section(SECTIONS)

if section != "Many weights":
    with asides:
        function, start = choose_function(controls)
        ask = controls.toggle(
            "predict", "Predict first", False, help="Each section asks before it shows: commit to an answer, then see."
        )

walk = None
if section == "The slope":
    show_slope(controls, function, start, ask)
elif section == "Nudge it":
    show_nudging(controls, function, start, ask)
elif section == "Let PyTorch do it":
    walk = show_autograd(controls, function, start)
else:
    parts = ("a vector", "two weights", "a digit model")
    part = controls.segments("part", "How many weights?", parts, parts[0])
    if part == "a vector":
        with asides:
            function, _ = choose_function(controls)
        show_vector(controls, function)
    elif part == "two weights":
        show_pair(controls)
    else:
        show_digits(controls)

controls.close()
if walk:  # what plays comes last on the page
    player, ground = walk
    with ground:
        play(player)
