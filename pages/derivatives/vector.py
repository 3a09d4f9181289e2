"""A vector of weights: why its values are added up before `backward()`."""

import math

import streamlit as st

from pages.derivatives.autograd import console
from pages.ui.controls import Controls
from pages.ui.parts import notice, same_in_pytorch
from sgd_core.calculus.formula import Function
from sgd_core.calculus.session import run_session
from sgd_core.calculus.weights import elementwise, read_vector
from sgd_core.export.derivatives import derivative_script


def show_vector(controls: Controls, function: Function) -> None:
    """Draw the part."""
    left, right = st.columns(2, gap="large")
    with left:
        text = controls.text("vector", "The vector x, numbers separated by commas", "3, 4, 10")
        try:
            values = read_vector(text)
        except ValueError as error:
            st.error(str(error), icon=":material/edit_off:")
            values = [3.0, 4.0, 10.0]
            st.caption("The page goes on with 3, 4, 10.")
        frame, total = elementwise(function, values)
        st.dataframe(
            frame,
            hide_index=True,
            height="auto" if len(frame) <= 8 else 318,
            column_config={
                "element": st.column_config.NumberColumn("element", width="small"),
                "x": st.column_config.NumberColumn("x", format="%.6g"),
                "value": st.column_config.NumberColumn(function.formula, format="%.6g"),
                "gradient": st.column_config.NumberColumn("gradient of the sum", format="%.6g"),
            },
        )
        st.metric("y, the sum of all values", f"{total:.6g}")
    with right:
        summed = not controls.toggle("unsummed", "Leave out .sum()", False)
        shown = run_session(function, values, total=summed)
        st.code(console(shown), language=None, wrap_lines=True)
    if not math.isfinite(total):
        st.error(
            f"`{function.formula}` has no finite value at every element, so neither has the sum ({total}); "
            "change the elements whose row shows nan or inf.",
            icon=":material/block:",
        )
    largest = frame.loc[frame["gradient"].abs().idxmax()] if frame["gradient"].notna().any() else None
    notice(
        "A gradient says how *one* number changes. The vector's values are "
        f"{len(values)} numbers, so PyTorch refuses: “which of them shall I go back from?” Adding them up makes one, "
        f"y = {total:.6g}."
        if len(values) > 1
        else "With a single element the sum changes nothing.",
        "Adding up mixes nothing: an element changes only its own term of the sum, so each entry of the gradient is the "
        "slope at that element alone.",
        ""
        if largest is None
        else f"Element {int(largest['element'])} has the largest entry, {largest['gradient']:.6g}: there a small change "
        "moves y the most.",
        "One `backward()` found "
        + (
            f"all {len(values):,} entries at once." if len(values) > 1 else "the entry; for more it would take one too."
        ),
    )
    same_in_pytorch(derivative_script(function.torch_code, values), key="derivatives_code_vector")
