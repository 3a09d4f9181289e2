"""Predict first: a question about what is on the screen, answered before the picture gives it away."""

from collections.abc import Hashable, Sequence

import streamlit as st


def predict_first(
    key: str, question: str, options: Sequence[str], answer: str, why: str, *, about: Hashable
) -> bool | None:
    """Ask; once the learner has committed, say whether it was right, and why in numbers. None before that.

    `answer` and `why` are computed from the page's present state, which `about` stands for: when it changes, the
    question is open again.
    """
    asked = f"_{key}_about"
    if st.session_state.get(asked) != about:
        st.session_state[asked] = about
        st.session_state[key] = None
    with st.container(border=True):
        choice = st.radio(
            f":material/psychology: **Predict first.** {question}", options, index=None, key=key, horizontal=True
        )
        if choice is None:
            return None
        if choice == answer:
            st.success(f"Right: {why}", icon=":material/check:")
        else:
            st.error(f"Not quite, it is **{answer}**: {why}", icon=":material/close:")
    return choice == answer
