"""Predict, then run: a question about one learning rate, answered before it plays."""

import numpy as np
import pandas as pd
import streamlit as st

from pages.pitfalls.settings import script_of
from pages.ui.page import Page
from pages.ui.shown import Moments, Picture
from sgd_core.calculus.sampling import sample
from sgd_core.charts.curve import curve_window
from sgd_core.charts.descent import descent_on_curve, descent_rows
from sgd_core.charts.over_steps import over_steps, value_rows
from sgd_core.charts.palette import look
from sgd_core.descent.descend import descend
from sgd_core.descent.one_weight_words import descent_numbers
from sgd_core.descent.question_words import WORDS, ask, hint, tell_question, verdict
from sgd_core.descent.questions import STEPS, Question, question
from sgd_core.descent.regime_names import BOUNCING, DIVERGING, GOOD, TOO_LOW
from sgd_core.moments import moment_steps
from sgd_core.numbers import number

ICONS: dict[str, str] = {
    TOO_LOW: ":material/hourglass_empty:",
    GOOD: ":material/check_circle:",
    BOUNCING: ":material/swap_horiz:",
    DIVERGING: ":material/trending_up:",
}
ANSWERS = "pitfalls_answers"  # question number -> the regime the learner committed to, for the visit


@st.cache_data(max_entries=256, show_spinner=False)
def question_of(number: int) -> Question:
    """Return the question of that number."""
    return question(number)


def predict(page: Page) -> None:
    """Ask, and play once the learner has committed."""
    answers: dict[int, str] = st.session_state.setdefault(ANSWERS, {})
    with page.controls:
        place = page.whole("question", "Question", 0, 9999, 1, help="Send the link: everybody gets this question.")
        asked = question_of(place)
        st.markdown(ask(asked))
        _buttons(page, place, answers)
        made = [page.scored("predict", given == question_of(n).answer.name, about=n) for n, given in answers.items()]
        won = sum(given == question_of(n).answer.name for n, given in answers.items())
        st.metric(
            "Right so far",
            f"{won} of {len(answers)}",
            help=f"All bets of this visit: {made[-1][0]} of {made[-1][1]}." if made else None,
        )
    given = answers.get(place)
    run = descend(asked.function, asked.start, asked.lr, STEPS)
    moments = moment_steps(STEPS if given else 0)
    at = page.player(
        _pictures(asked, run, moments),
        Moments(descent_numbers(run.iloc[moments]), run=("question", place, given is not None), keep=False),
        name="question",
    )
    if given is None:
        with page.more("A hint", ":material/lightbulb:"):
            st.markdown(hint(asked))
        return
    with page.below:
        if at == len(moments) - 1:
            _verdict(page, asked, given)
        else:
            st.caption("Play to the end to see whether you were right.")
    page.table(run[["step", "x", "loss", "gradient", "update"]], "History, step by step", file="question")
    page.code(script_of(asked.function, asked.start, [asked.lr], STEPS))


def _buttons(page: Page, place: int, answers: dict[int, str]) -> None:
    def commit(regime: str) -> None:
        answers[place] = regime
        page.go_to(0, "question")

    def turn() -> None:
        page.set("question", (place + 1) % 10_000)
        page.go_to(0, "question")

    given = answers.get(place)
    with st.container(horizontal=True, key=page.key("answers_row")):
        for regime, words in WORDS.items():
            st.button(
                words.button,
                icon=ICONS[regime],
                key=page.key(f"say_{words.button}"),
                on_click=commit,
                args=(regime,),
                disabled=given is not None,
                type="primary" if given == regime else "secondary",
            )
        st.button("Next question", icon=":material/arrow_forward:", key=page.key("next"), on_click=turn)


def _pictures(asked: Question, run: pd.DataFrame, moments: np.ndarray) -> list[Picture]:
    curve = sample(asked.function)
    y_domain = curve_window(curve)
    shown = run if len(moments) > 1 else run[:1].assign(update=0.0)  # the first arrow would give it away
    on_curve = descent_on_curve(
        descent_rows(curve, shown, moments, y_domain),
        x_domain=asked.function.domain,
        y_domain=y_domain,
        height=300,
        tangent=len(moments) > 1,
    )
    rows = value_rows(run["loss"].to_numpy(), moments)
    loss = over_steps(rows[rows["step"] <= moments[-1]], last=STEPS, y_domain=y_domain, title="loss", height=190)
    return [
        Picture(on_curve, f"The descent on {asked.function.formula} from w = {number(asked.start)}."),
        Picture(loss, "Loss against step.", where="beneath"),
    ]


def _verdict(page: Page, asked: Question, given: str) -> None:
    style = look(asked.answer.name)
    said = verdict(asked, given, f":{style.name}[**{style.sign} {asked.answer.name}**]")
    if given == asked.answer.name:
        st.success(said, icon=":material/check:")
    else:
        st.error(said, icon=":material/close:")
    if sentences := tell_question(asked):
        page.notice(*sentences)
