"""Derivatives: what a slope is, and how PyTorch computes it."""

import math

import streamlit as st

from pages.ui.formula import choose_function
from pages.ui.frame import open_page
from pages.ui.parts import notice, same_in_pytorch
from pages.ui.pictures import clickable
from sgd_core.calculus.sampling import look_at, sample
from sgd_core.calculus.session import run_session
from sgd_core.charts.curve import curve_picture, curve_with_tangent, window
from sgd_core.export.code import derivative_script

controls = open_page(
    "derivatives",
    "A derivative answers one question: if I nudge the input a little, how much does the output change? "
    "At a point of a curve the answer is a single number, the **slope** of the line that just touches it there.",
)

with st.sidebar:
    function, start = choose_function(controls)
low, high = function.domain
with st.sidebar:
    x = controls.slider("x", "x, the point to look at", low, high, start, (high - low) / 600)

at = look_at(function, x)
curve = sample(function)
y_domain = window(curve["x"].tolist(), curve["value"].to_numpy())
defined = math.isfinite(at.value) and math.isfinite(at.slope)

left, right = st.columns([3, 2], gap="large")
with left:
    st.subheader("The slope at a point", anchor=False)
    clickable(
        curve_picture,
        curve_with_tangent(curve, at, y_domain),
        key="derivatives_curve",
        on_pick=lambda picked: st.session_state.update(derivatives_x=picked["x"]),
        pick=True,
        x_domain=function.domain,
        y_domain=y_domain,
        y_title=function.formula,
        alt=f"The curve of {function.formula} with the point at x = {x:.4g} and the tangent of slope {at.slope:.4g}.",
    )
with right:
    value, slope = st.columns(2)
    value.metric("f(x)", f"{at.value:.4f}")
    slope.metric("slope f′(x)", f"{at.slope:+.4f}")
    if not defined:
        st.error(
            f"{function.formula} has no {'value' if not math.isfinite(at.value) else 'slope'} at x = {x:.4g}: "
            f"PyTorch answers {at.value if not math.isfinite(at.value) else at.slope}. Move x to a place on the curve.",
            icon=":material/block:",
        )
    else:
        st.latex(rf"f(x) = {function.latex}")
        st.latex(rf"f'(x) = {function.derivative_latex}")
        uphill = "up" if at.slope > 0 else "down"
        notice(
            f"The slope is {at.slope:+.3f}: a small step to the right takes the curve **{uphill}**, by about "
            f"{abs(at.slope) / 100:.4f} for a step of 0.01."
            if at.slope
            else "The slope is 0: the tangent lies flat, and a small step changes almost nothing.",
            f"To make f smaller from here, go **{'left' if at.slope > 0 else 'right'}**, against the slope."
            if at.slope
            else "A flat place may be the bottom of a valley, the top of a hill, or neither.",
            "The tangent hugs the curve only near the point: the slope is a local answer, it does not know where "
            "the lowest place is.",
        )

st.subheader("Let PyTorch do it", anchor=False)
one, many = st.columns(2, gap="large")
with one:
    st.markdown(f"A session, really run, for this function at x = {x:g}:")
    st.code("\n".join(f">>> {code}\n{output}".rstrip() for code, output in run_session(function, x)), language="python")
with many:
    st.markdown("The same for a vector. A gradient belongs to one number, so the values are added up first:")
    vector = run_session(function, [3.0, 4.0, 10.0])
    st.code("\n".join(f">>> {code}\n{output}".rstrip() for code, output in vector), language="python")

same_in_pytorch(derivative_script(function.torch_code, [x]), key="derivatives_code")
controls.close()
