"""A vector of weights: why its values are added up before `backward()`."""

import math

import streamlit as st

from pages.ui.page import Page
from pages.ui.shown import Picture
from sgd_core.calculus.session import run_session
from sgd_core.calculus.tape_words import console
from sgd_core.calculus.weights import curve_around, elementwise, read_vector
from sgd_core.calculus.weights_words import other_entries_bet, tell_vector
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
            elements_picture(curve_around(function, values), frame, function.formula),
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
        bet = other_entries_bet(function, values)
        if bet:
            page.bet("vector", *bet, about=(function.formula, tuple(values)))
    page.notice(*tell_vector(frame, total))
    page.code(derivative_script(function.torch_code, values))


def _read(page: Page) -> list[float]:
    text = page.text("vector", "The vector x, numbers with commas between", "3, 4, 10")
    try:
        return read_vector(text)
    except ValueError as error:
        st.error(str(error), icon=":material/edit_off:")
        st.caption("The page goes on with 3, 4, 10.")
        return SOURCE
