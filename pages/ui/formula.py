"""Choosing a function: from the catalogue or typed."""

import streamlit as st

from pages.ui.controls import Controls
from sgd_core.calculus.catalogue import CATALOGUE
from sgd_core.calculus.formula import FormulaError, Function, parse_function

TYPED = "my own"


def choose_function(controls: Controls) -> tuple[Function, float]:
    """Draw the choice and return the function with a good place to start.

    A formula that cannot be read gets its sentence below the field, and the page goes on with the function before it.
    """
    titles = {example.title: example for example in CATALOGUE.values()}
    first = next(iter(titles))
    picked = controls.choice("function", "Function", [*titles, TYPED], first)
    if picked != TYPED:
        example = titles[picked]
        st.caption(example.lesson)
        return example.function, example.start
    text = controls.text(
        "formula",
        "f(x) =",
        "x**2 + sin(3*x)",
        help="Numbers, x, + − * / **, parentheses, pi, e, and sin cos tan exp log sqrt abs tanh sigmoid relu.",
    )
    remembered = f"{controls.page}_last_formula"
    try:
        function = parse_function(text)
    except FormulaError as error:
        st.error(str(error), icon=":material/function:")
        function = parse_function(st.session_state.get(remembered, "x**2"))
        st.caption(f"The page goes on with `{function.formula}`.")
        return function, function.domain[0] / 2
    st.session_state[remembered] = text
    return function, function.domain[0] / 2
