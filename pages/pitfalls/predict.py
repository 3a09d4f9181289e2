"""Predict, then run: a question about one learning rate, answered before it plays."""

import numpy as np
import pandas as pd
import streamlit as st

from pages.ui.page import Page
from pages.ui.shown import Moments, Picture
from sgd_core.calculus.sampling import look_at, sample
from sgd_core.charts.curve import window
from sgd_core.charts.descent import descent_on_curve, descent_rows
from sgd_core.charts.over_steps import drawn_steps, over_steps
from sgd_core.charts.palette import look
from sgd_core.descent.descend import descend
from sgd_core.descent.minimum import find_minimum
from sgd_core.descent.optimizers import Optimizer
from sgd_core.descent.questions import STEPS, Question, question
from sgd_core.descent.regime_names import BOUNCING, DIVERGING, GOOD, TOO_LOW
from sgd_core.export.descent import descent_script
from sgd_core.moments import moment_steps
from sgd_core.numbers import number, signed

# What the buttons say, and what a sentence says it does.
WORDS: dict[str, tuple[str, str, str]] = {
    TOO_LOW: ("slow", "it is too slow", ":material/hourglass_empty:"),
    GOOD: ("good", "it is good", ":material/check_circle:"),
    BOUNCING: ("bounce", "it bounces", ":material/swap_horiz:"),
    DIVERGING: ("diverge", "it diverges", ":material/trending_up:"),
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
        st.markdown(_question(asked))
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
        Moments(_numbers(run.iloc[moments]), run=("question", place, given is not None), keep=False),
        name="question",
    )
    if given is None:
        _hint(page, asked)
        return
    with page.below:
        if at == len(moments) - 1:
            _verdict(page, asked, given)
        else:
            st.caption("Play to the end to see whether you were right.")
    page.table(run[["step", "x", "loss", "gradient", "update"]], "History, step by step", file="question")
    page.code(
        descent_script(
            asked.function.torch_code,
            start=asked.start,
            lrs=[asked.lr],
            steps=STEPS,
            optimizer=Optimizer("sgd").torch_code("[w]", "lr"),
        )
    )


def _question(asked: Question) -> str:
    at = look_at(asked.function, asked.start)
    return (
        f"$f(x) = {asked.function.latex}$, start $w = {number(asked.start)}$, where the slope is {number(at.slope)}. Plain gradient "
        f"descent takes {STEPS} steps with the learning rate **{number(asked.lr)}**. What will it do?"
    )


def _buttons(page: Page, place: int, answers: dict[int, str]) -> None:
    def commit(regime: str) -> None:
        answers[place] = regime
        page.go_to(0, "question")

    def turn() -> None:
        page.set("question", (place + 1) % 10_000)
        page.go_to(0, "question")

    given = answers.get(place)
    with st.container(horizontal=True, key=page.key("answers_row")):
        for regime, (word, _, icon) in WORDS.items():
            st.button(
                word,
                icon=icon,
                key=page.key(f"say_{word}"),
                on_click=commit,
                args=(regime,),
                disabled=given is not None,
                type="primary" if given == regime else "secondary",
            )
        st.button("Next question", icon=":material/arrow_forward:", key=page.key("next"), on_click=turn)


def _pictures(asked: Question, run: pd.DataFrame, moments: np.ndarray) -> list[Picture]:
    curve = sample(asked.function)
    y_domain = window(curve["x"].tolist(), curve["value"].to_numpy())
    shown = run if len(moments) > 1 else run[:1].assign(update=0.0)  # the first arrow would give it away
    on_curve = descent_on_curve(
        descent_rows(curve, shown, moments, y_domain),
        x_domain=asked.function.domain,
        y_domain=y_domain,
        height=300,
        tangent=len(moments) > 1,
    )
    kept = drawn_steps([run["loss"].to_numpy()], moments)
    frame = kept.assign(value=run["loss"].to_numpy()[kept["step"]], now=kept["step"].isin(moments))
    frame = frame[np.isfinite(frame["value"]) & (frame["step"] <= moments[-1])]
    loss = over_steps(frame, last=STEPS, y_domain=y_domain, title="loss", height=190)
    return [
        Picture(on_curve, f"The descent on {asked.function.formula} from w = {number(asked.start)}."),
        Picture(loss, "Loss against step.", where="beneath"),
    ]


def _numbers(moments: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "step": [number(int(step)) for step in moments["step"]],
            "w": [number(x) for x in moments["x"]],
            "loss": [number(loss) for loss in moments["loss"]],
            "slope": [signed(slope) for slope in moments["gradient"]],
        }
    )


def _hint(page: Page, asked: Question) -> None:
    bottom = find_minimum(asked.function, asked.start)
    with page.more("A hint", ":material/lightbulb:"):
        if bottom is None or bottom.borders is None:
            st.markdown(
                "At the minimum the second derivative is 0 or none: there the curvature sets no border. Look at the slope."
            )
            return
        one, two = bottom.borders
        near = "" if bottom.quadratic else ", as long as it stays close to the minimum"
        st.markdown(
            f"At the minimum the second derivative is a = {number(bottom.curvature)}, so a run goes straight below 1/a = "
            f"{number(one)} and diverges above 2/a = {number(two)}{near}."
        )


def _verdict(page: Page, asked: Question, given: str) -> None:
    style, said = look(asked.answer.name), WORDS[asked.answer.name][1]
    name = f":{style.name}[**{style.sign} {asked.answer.name}**]"
    if given == asked.answer.name:
        st.success(f"Right, {said}: {name}. {asked.answer.reason}", icon=":material/check:")
    else:
        st.error(f"You said “{WORDS[given][0]}”, but {said}: {name}. {asked.answer.reason}", icon=":material/close:")
    bottom = find_minimum(asked.function, asked.start)
    if bottom is not None and bottom.borders is not None:
        a, (one, two) = bottom.curvature, bottom.borders
        page.notice(
            f"Learning rate × second derivative at the minimum = {number(asked.lr)} × {number(a)} = {number(asked.lr * a)}: below 1 a "
            f"run goes straight, between 1 and 2 it bounces and shrinks, above 2 it grows (borders {number(one)} and {number(two)})"
            + ("." if bottom.quadratic else ". The function is no parabola, so this holds close to the minimum only.")
        )
