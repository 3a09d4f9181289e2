"""Derivatives: what a slope is, and how PyTorch computes it."""

from pages.derivatives.autograd import autograd
from pages.derivatives.nudging import nudge
from pages.derivatives.slope import slope
from pages.derivatives.weights import many_weights
from pages.ui.page import Section, open_page

SPLIT = (13.0, 7.0)

open_page(
    "derivatives",
    "If I nudge the input a little, how much does the output change? The **derivative** says: it is the curve's **slope**.",
).sections(
    Section("The slope", slope, "The slope is the rise for a run of 1. Drag the point and watch it change.", SPLIT),
    Section(
        "Nudge it",
        nudge,
        "Take two points close together: the line through both has almost the tangent's slope.",
        SPLIT,
    ),
    Section(
        "Let PyTorch do it",
        autograd,
        "PyTorch notes each small operation, then multiplies the slopes back along the chain.",
        SPLIT,
    ),
    Section(
        "Many weights",
        many_weights,
        "Each weight has a slope of its own. All of them together are the gradient.",
        SPLIT,
    ),
)
