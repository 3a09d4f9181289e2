"""Predict, then run: a question about one learning rate, answered before it plays."""

from collections.abc import Callable

import streamlit as st

from pages.ui.controls import Controls
from pages.ui.parts import notice, same_in_pytorch
from pages.ui.pictures import picture
from pages.ui.transport import Player, Speed, Words, play, recorded
from sgd_core.calculus.sampling import look_at, sample
from sgd_core.charts.curve import curve_picture, descent_frame, window
from sgd_core.charts.history import loss_by_step
from sgd_core.charts.palette import ACCENT, look
from sgd_core.descent.descend import descend
from sgd_core.descent.minimum import find_minimum
from sgd_core.descent.optimizers import Optimizer
from sgd_core.descent.questions import STEPS, Question, question
from sgd_core.descent.regime_names import BOUNCING, DIVERGING, GOOD, TOO_LOW
from sgd_core.export.descent import descent_script

WORDS: dict[str, tuple[str, str]] = {
    TOO_LOW: ("slow", ":material/hourglass_empty:"),
    GOOD: ("good", ":material/check_circle:"),
    BOUNCING: ("bounce", ":material/swap_horiz:"),
    DIVERGING: ("diverge", ":material/trending_up:"),
}
ANSWERS = "pitfalls_answers"  # question number -> the regime the learner committed to, for the visit


@st.cache_data(max_entries=256, show_spinner=False)
def question_of(number: int) -> Question:
    """Return the question of that number."""
    return question(number)


def show(controls: Controls) -> Callable[[], None] | None:
    """Draw the section; return what plays once the learner has committed."""
    answers: dict[int, str] = st.session_state.setdefault(ANSWERS, {})
    with st.sidebar:
        number = controls.whole("question", "Question", 0, 9999, 1, help="Send the link: everybody gets this question.")
    asked = question_of(number)
    answered = {n: given == question_of(n).answer.name for n, given in answers.items()}
    with st.sidebar:
        st.metric("Score of this visit", f"{sum(answered.values())} of {len(answered)}")

    at = look_at(asked.function, asked.start)
    st.markdown(
        f"**Question {number}.** $f(x) = {asked.function.latex}$, start $w = {asked.start:g}$, where the slope is "
        f"${at.slope:.4g}$. Plain gradient descent takes {STEPS} steps with the learning rate **{asked.lr:g}**. What will it do?"
    )
    _buttons(controls, number, answers)
    given = answers.get(number)
    if given is None:
        _show_question(asked)
        _hint(asked)
        return None
    playback = recorded(f"pitfalls_question_{number}", STEPS + 1)
    place = st.container(key="pitfalls_stage")
    same_in_pytorch(
        descent_script(
            asked.function.torch_code,
            start=asked.start,
            lrs=[asked.lr],
            steps=STEPS,
            optimizer=Optimizer("sgd").torch_code("[w]", "lr"),
        ),
        key="pitfalls_code",
    )

    def last() -> None:
        with place:
            play(
                Player(
                    controls,
                    playback,
                    lambda: _stage(asked, given),
                    Speed(12),
                    progress=lambda step: (step / STEPS, f"step {step} of {STEPS}"),
                    words=Words("Play"),
                )
            )

    return last


def _buttons(controls: Controls, number: int, answers: dict[int, str]) -> None:
    def commit(regime: str) -> None:
        answers[number] = regime
        playback = recorded(f"pitfalls_question_{number}", STEPS + 1)
        playback.seek(0)
        playback.play()

    def turn() -> None:
        st.session_state[controls.key("question")] = (number + 1) % 10_000

    given = answers.get(number)
    with st.container(horizontal=True, key="pitfalls_answers_row"):
        for regime, (word, icon) in WORDS.items():
            st.button(
                word,
                icon=icon,
                key=f"pitfalls_say_{word}",
                on_click=commit,
                args=(regime,),
                disabled=given is not None,
                type="primary" if given == regime else "secondary",
            )
        st.button("Next question", icon=":material/arrow_forward:", key="pitfalls_next", on_click=turn)


def _show_question(asked: Question) -> None:
    run = descend(asked.function, asked.start, asked.lr, 0)
    curve = sample(asked.function)
    y_domain = window(curve["x"].tolist(), curve["value"].to_numpy())
    frame = descent_frame(curve, run.assign(update=0.0), 0, y_domain)  # without the arrow, which would give it away
    picture(
        curve_picture,
        frame,
        x_domain=asked.function.domain,
        y_domain=y_domain,
        x_title="w",
        y_title="loss",
        height=300,
        alt=f"The function {asked.function.formula} with the start at w = {asked.start:g}.",
    )


def _hint(asked: Question) -> None:
    bottom = find_minimum(asked.function, asked.start)
    with st.expander("A hint", icon=":material/lightbulb:"):
        if bottom is None or bottom.borders is None:
            st.markdown(
                "At the minimum the second derivative is 0: there the curvature sets no border. Look at the slope."
            )
            return
        one, two = bottom.borders
        near = "" if bottom.quadratic else ", as long as it stays close to the minimum"
        st.markdown(
            f"At the minimum the second derivative is a = {bottom.curvature:.4g}, so a run goes straight below 1/a = {one:.4g} and "
            f"diverges above 2/a = {two:.4g}{near}."
        )


def _stage(asked: Question, given: str) -> Callable[[int, bool], None]:
    run = descend(asked.function, asked.start, asked.lr, STEPS)
    curve = sample(asked.function)
    y_domain = window(curve["x"].tolist(), curve["value"].to_numpy())
    left, right = st.columns([3, 2], gap="large")
    path, loss, verdict = left.empty(), right.empty(), st.empty()
    style = look(asked.answer.name)

    def paint(step: int, live: bool) -> None:
        done = step == STEPS and not live
        color = style.color if done else ACCENT
        now = run.iloc[step]
        picture(
            curve_picture,
            descent_frame(curve, run, step, y_domain),
            slot=path,
            live=live,
            x_domain=asked.function.domain,
            y_domain=y_domain,
            x_title="w",
            y_title="loss",
            color=color,
            height=320,
            alt=f"The descent after {step} steps: w = {now['x']:.4g}, loss {now['loss']:.4g}.",
        )
        so_far = run[run["step"] <= step][["step", "loss"]].assign(now=lambda rows: rows["step"] == step)
        picture(
            loss_by_step,
            so_far[so_far["loss"].notna()],
            slot=loss,
            live=live,
            steps=STEPS,
            y_domain=y_domain,
            color=color,
            height=260,
            alt=f"Loss against step, {run['loss'].iloc[0]:.4g} at the start and {now['loss']:.4g} now.",
        )
        if live:
            return
        with verdict.container():
            if done:
                _verdict(asked, given)
            else:
                st.caption("Play to the end to see whether you were right.")

    return paint


def _verdict(asked: Question, given: str) -> None:
    word = WORDS[asked.answer.name][0]
    if given == asked.answer.name:
        st.success(f"Right, **{word}**. {asked.answer.reason}", icon=":material/check:")
    else:
        st.error(f"You said {WORDS[given][0]}; it is **{word}**. {asked.answer.reason}", icon=":material/close:")
    bottom = find_minimum(asked.function, asked.start)
    if bottom is not None and bottom.borders is not None:
        a, (one, two) = bottom.curvature, bottom.borders
        product = asked.lr * a
        notice(
            f"Learning rate × second derivative at the minimum = {asked.lr:g} × {a:.4g} = {product:.4g}: below 1 a run goes straight, "
            f"between 1 and 2 it bounces and shrinks, above 2 it grows (borders {one:.4g} and {two:.4g})"
            + ("." if bottom.quadratic else ". The function is no parabola, so this holds close to the minimum only.")
        )
