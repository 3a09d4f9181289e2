"""Small pieces that every lesson uses: the question before the answer, formulas, functions to choose from."""

import re
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import streamlit as st

from sgd_core.calculus.catalogue import CATALOGUE
from sgd_core.calculus.formula import FormulaError, Function, parse_function

TYPED = "my own"


def as_text(typed: str) -> str:
    """Return what a person has typed as Markdown that shows it letter by letter, and makes nothing else of it."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", typed)


class QuizMixin:
    """Asking before telling, with a score for the visit; and choosing a function."""

    def key(self, name: str) -> str:
        """Return the key of a widget (see `Fields`)."""
        raise NotImplementedError

    def bet(
        self,
        name: str,
        question: str,
        options: Sequence[str],
        answer: str | Callable[[], tuple[str, str]],
        why: str = "",
        *,
        about: Hashable,
        known: bool = True,
    ) -> bool | None:
        """Ask; once the learner has committed, say whether it was right, and why in numbers. None before that.

        `known` is False as long as the run that decides it has not been played to its end; then the bet stands.

        `answer` and `why` are computed from the page's present state, which `about` stands for: when it changes, the
        question is open again. Where that takes long, `answer` is what computes both, once the bet is made. What is right
        counts in the visit's score, once a question.
        """
        key = self.key(f"bet_{name}")
        about_key = f"_{key}_about"
        if st.session_state.get(about_key) != about:
            st.session_state[about_key] = about
            st.session_state[key] = None
        with st.container(border=True, key=f"{key}_box"):
            choice = st.radio(
                f":material/psychology: **Your bet.** {question}", options, index=None, key=key, horizontal=True
            )
            if choice is None:
                return None
            if not known:
                st.caption("Your bet stands. Play the run to its end to see.")
                return None
            if not isinstance(answer, str):
                answer, why = answer()
            return self._tell(key, about, choice == answer, f"it is **{answer}**: {why}", why)

    def scored(self, name: str, right: bool, *, about: Hashable) -> tuple[int, int]:
        """Count a bet that was made in another way than by a choice; return right and made ones of the visit."""
        made: dict[Hashable, bool] = st.session_state.setdefault("_bets", {})
        made.setdefault((name, about), right)
        return sum(made.values()), len(made)

    def _tell(self, key: str, about: Hashable, right: bool, otherwise: str, why: str) -> bool:
        won, made = self.scored(key, right, about=about)
        score = f" :small[{won} of {made} bets won]"
        if right:
            st.success(f"Right: {why}{score}", icon=":material/check:")
        else:
            st.error(f"Not quite, {otherwise}{score}", icon=":material/close:")
        return right

    def choose_function(self: Any) -> tuple[Function, float]:
        """Draw the choice of a function, from the catalogue or typed, and return it with a good place to start.

        A formula that cannot be read gets its sentence below the field, and the page goes on with the one before it.
        """
        titles = {example.title: example for example in CATALOGUE.values()}
        picked = self.choice("function", "Function", [*titles, TYPED], next(iter(titles)))
        if picked != TYPED:
            example = titles[picked]
            return example.function, example.start
        text = self.text(
            "formula",
            "f(x) =",
            "x**2 + sin(3*x)",
            help="Numbers, x, + − * / **, parentheses, pi, e, and sin cos tan exp log sqrt abs tanh sigmoid relu.",
        )
        remembered = f"_{self.page}_last_formula"
        try:
            function = parse_function(text)
        except FormulaError as error:
            st.error(str(error), icon=":material/function:")
            function = parse_function(st.session_state.get(remembered, "x**2"))
            st.caption(f"The page goes on with `{function.formula}`.")
        else:
            st.session_state[remembered] = text
        return function, function.domain[0] / 2
