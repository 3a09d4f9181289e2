"""A vector of weights: why its values are added up before `backward()`."""

import math

import pandas as pd
import streamlit as st

from pages.ui.page import Page
from pages.ui.shown import Picture
from sgd_core.calculus.formula import Function
from sgd_core.calculus.sampling import sample
from sgd_core.calculus.session import run_session
from sgd_core.calculus.tape_words import console
from sgd_core.calculus.weights import elementwise, read_vector
from sgd_core.charts.slope import elements_picture
from sgd_core.export.derivatives import derivative_script
from sgd_core.numbers import number

SOURCE = [3.0, 4.0, 10.0]


def vector(page: Page) -> None:
    """Give every element of a vector its slope."""
    with page.controls:
        function, _ = page.choose_function()
        values = _read(page)
        summed = not page.toggle("unsummed", "Leave out .sum()", False)
        st.code(console(run_session(function, values, total=summed)), language=None, wrap_lines=True)
    frame, total = elementwise(function, values)
    page.show(
        Picture(
            elements_picture(_around(function, values), frame, function.formula),
            f"The elements of the vector on the curve of {function.formula}, each with its own slope.",
        ),
        "vector",
    )
    with page.hero:
        table, result = st.columns([3, 2], vertical_alignment="center")
    table.dataframe(
        frame,
        hide_index=True,
        height="auto" if len(frame) <= 8 else 318,
        column_config={
            "element": st.column_config.NumberColumn("element", width="small"),
            "x": st.column_config.NumberColumn("x", format="%.6g"),
            "value": st.column_config.NumberColumn(function.formula, format="%.6g"),
            "gradient": st.column_config.NumberColumn("gradient", format="%.6g"),
        },
    )
    result.metric("y, the sum of all values", number(total, 6))
    with page.below:
        if not math.isfinite(total):
            st.error(
                f"`{function.formula}` has no finite value at every element, so neither has the sum. Change the elements "
                "whose row shows no number.",
                icon=":material/block:",
            )
        _bet(page, function, values)
    page.notice(*tell(frame, total))
    page.code(derivative_script(function.torch_code, values))


def _read(page: Page) -> list[float]:
    text = page.text("vector", "The vector x, numbers with commas between", "3, 4, 10")
    try:
        return read_vector(text)
    except ValueError as error:
        st.error(str(error), icon=":material/edit_off:")
        st.caption("The page goes on with 3, 4, 10.")
        return SOURCE


def _around(function: Function, values: list[float]) -> pd.DataFrame:
    low, high = min([*values, 0.0]), max([*values, 0.0])
    room = 0.1 * (high - low) or 1.0
    curve = sample(function, (low - room, high + room), points=241)
    return curve.where(curve["value"].abs() < math.inf)


def _bet(page: Page, function: Function, values: list[float]) -> None:
    """Ask what another last element does to the gradient of the others."""
    if len(values) < 2:
        return
    before = elementwise(function, values).frame["gradient"][:-1]
    after = elementwise(function, [*values[:-1], 2 * values[-1]]).frame["gradient"][:-1]
    changed = not before.equals(after)
    page.bet(
        "vector",
        f"The last element, {number(values[-1])}, becomes {number(2 * values[-1])}. What happens to the other entries of the "
        "gradient?",
        ["they grow", "they stay as they are", "they shrink"],
        "they grow" if changed else "they stay as they are",
        "each element has its own term in the sum, and no other element is in it.",
        about=(function.formula, tuple(values)),
    )


def tell(frame: pd.DataFrame, total: float) -> list[str]:
    """Say why the values are added up, and what the gradient holds."""
    count = len(frame)
    largest = frame.loc[frame["gradient"].abs().idxmax()] if frame["gradient"].notna().any() else None
    return [
        f"Two weights had two slopes. Here are {count:,} numbers, and each has a slope of its own."
        if count > 2
        else "Each number has a slope of its own.",
        f"A gradient says how *one* number changes. The function gives {count:,} numbers, so PyTorch refuses: which of them "
        f"shall it go back from? Adding them up makes one, y = {number(total, 6)}."
        if count > 1
        else "With a single element the sum changes nothing.",
        "Adding up mixes nothing. An element changes only its own term of the sum, so each entry of the gradient is the "
        "slope at that element alone.",
        ""
        if largest is None
        else f"Element {int(largest['element'])} has the largest entry, {number(largest['gradient'], 6)}: there a small "
        "change moves y the most.",
        f"One `backward()` found all {count:,} entries at once." if count > 1 else "",
    ]
