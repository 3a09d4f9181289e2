"""Remedies: the same failing run eleven ways, on digits and, to see why, on one weight."""

import math
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from pages.pitfalls.settings import DigitSetup, Objective, card, choose_digits, choose_loss, choose_objective, steps_of
from pages.ui.page import Page
from pages.ui.shown import Moments, Picture, Shown, Words
from sgd_core.charts.descent import descent_on_curve, descent_rows
from sgd_core.charts.over_steps import drawn_steps, over_steps
from sgd_core.charts.palette import ACCENT, SECOND, look
from sgd_core.descent.axis import arrival
from sgd_core.descent.diagnosis import Diagnosis, diagnose
from sgd_core.descent.regime_names import BOUNCING, GOOD, UNDECIDED
from sgd_core.descent.regimes import classify_runs
from sgd_core.descent.remedies import LIMIT, LOWER, REMEDIES, descend_with_remedies
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.remedies import RemedyMoment, remedied, train_with_remedies
from sgd_core.digits.sharpness import sharpness
from sgd_core.export.descent import schedules_script
from sgd_core.export.training import training_script
from sgd_core.moments import moment_steps
from sgd_core.numbers import number, percent
from sgd_core.recording import Recording

FLOOR, CEILING = 1e-8, 1e4  # of the gap at the start: how far the loss charts reach
DIGITS, WEIGHT = "the digits", "one weight"
PATH, LOSS, RATE = "path", "loss", "learning rate"
KEYS = list(REMEDIES)
ROW = 4  # panels in a row


def remedies(page: Page) -> None:
    """Choose where to try them."""
    with page.controls:
        where = page.segments("remedies_on", "Try them on", [DIGITS, WEIGHT], DIGITS)
    if where == DIGITS:
        _on_digits(page)
    else:
        _on_one_weight(page)


def _panels(page: Page) -> list[Any]:
    """Lay out a small place for each remedy."""
    with page.hero.container(key=page.key("remedies_two_by_two"), gap="small"):
        rows = [st.columns(ROW, gap="small") for _ in range(0, len(KEYS), ROW)]
    return [column for row in rows for column in row][: len(KEYS)]


# ---- on digits ----


@st.cache_data(max_entries=16, show_spinner="Measuring how sharply the loss bends …")
def border_of(setup: DigitSetup, loss: str, remedy: str = "none") -> float:
    """Return 2 / sharpness at the initial weights, with the inputs as the remedy has them."""
    return 2 / sharpness(remedied(setup.config(loss=loss), remedy), setup.digits)


def _on_digits(page: Page) -> None:
    with page.controls:
        setup = choose_digits(page)
        loss = choose_loss(page)
        times = page.slider("too_high", "Learning rate, times 2/λ", 0.5, 4.0, 1.5, 0.1)
        steps = page.whole("remedy_steps", "Steps, with all images each", 10, 500, 60)
    border = border_of(setup, loss)
    config = setup.config(loss=loss, lr=float(f"{times * border:.4g}"), batch_size=None, epochs=steps)
    run = page.recording(("remedies", config), lambda: Recording(train_with_remedies(config, setup.digits), steps))
    moments = run.moments
    columns = _panels(page)
    titles = [column.container(key=page.key(f"remedy_{key}")) for key, column in zip(KEYS, columns, strict=True)]

    def shown() -> Shown:
        numbers = Moments(
            _numbers(moments),
            recording=run,
            last=steps,
            keep=False,
            cards=[card("As it is", _diagnosis(config, moments[: end + 1], 0)) for end in range(len(moments))],
        )
        return Shown(_pictures(config, moments, columns), numbers)

    at = page.live(shown, words=Words("Train", "Train again", "Step"))
    found = [_diagnosis(config, moments[: at + 1], place) for place in range(len(KEYS))]
    for key, title, named in zip(KEYS, titles, found, strict=True):
        title.markdown(_title(key, named))
    page.notice(*_tell_digits(config, setup, border, moments[: at + 1], found))
    frame = pd.DataFrame(
        [
            {"step": moment.step, "remedy": REMEDIES[key].title, "loss": loss, "accuracy": accuracy}
            for moment in moments[: at + 1]
            for key, loss, accuracy in zip(KEYS, moment.losses, moment.accuracies, strict=True)
        ]
    )
    page.table(frame, "Losses, step by step", file="remedies")
    page.code(training_script(config), "The run that fails. Each remedy changes one line of it.")


def _pictures(config: TrainConfig, moments: list[RemedyMoment], columns: list[Any]) -> list[Picture]:
    first = moments[0].losses[0]
    window = (_decade(first / 1000, -1), _decade(first * 100, 1))
    pictures = []
    for place, (key, column) in enumerate(zip(KEYS, columns, strict=True)):
        values = np.array([moment.losses[place] for moment in moments])
        frame = pd.DataFrame({"moment": range(len(values)), "step": range(len(values)), "value": values, "now": True})
        frame["color"] = look(_diagnosis(config, moments, place).name).color
        chart = over_steps(
            frame[np.isfinite(values)],
            last=config.epochs,
            y_domain=window,
            title="",
            log=True,
            dots=False,
            height=80,
        )
        pictures.append(Picture(chart, f"{REMEDIES[key].title}: training loss against step.", where=column))
    return pictures


def _diagnosis(config: TrainConfig, moments: list[RemedyMoment], place: int) -> Diagnosis:
    lr = config.lr * (LOWER if KEYS[place] == "lower" else 1.0)
    losses = [moment.losses[place] for moment in moments]
    accuracy = [moment.accuracies[place] for moment in moments]
    return diagnose(losses, lr=lr, valid_accuracy=accuracy, status=moments[-1].statuses[place])


def _title(key: str, named: Diagnosis) -> str:
    if named.name == UNDECIDED:
        return f"**{REMEDIES[key].title}**"
    style = look(named.name)
    return f"**{REMEDIES[key].title}** :{style.name}[{style.sign} {named.name}]"


def _numbers(moments: list[RemedyMoment]) -> pd.DataFrame:
    shown = ("none", "lower", "clip", "scale", "momentum", "adam")
    return pd.DataFrame(
        [
            {"step": number(moment.step)}
            | {REMEDIES[key].title: number(moment.losses[KEYS.index(key)], 3) for key in shown}
            for moment in moments
        ]
    )


def _tell_digits(
    config: TrainConfig, setup: DigitSetup, border: float, moments: list[RemedyMoment], found: list[Diagnosis]
) -> list[str]:
    step, last = moments[-1].step, moments[-1]
    sentences = [
        f"Eleven runs of the same model begin together at the learning rate {number(config.lr)}, {number(config.lr / border, 3)} times the border "
        f"2/λ = {number(border)}."
    ]
    if step == 0:
        return [*sentences, "Press **Train** and see which of them hold."]
    cured = [REMEDIES[key].title for key, one in zip(KEYS, found, strict=True) if one.name == GOOD]
    bouncing = [REMEDIES[key].title for key, one in zip(KEYS, found, strict=True) if one.name == BOUNCING]
    finite = [value if math.isfinite(value) else math.inf for value in last.losses]
    best = KEYS[int(np.argmin(finite))]
    sentences.append(
        f"After {steps_of(step)} these are good: {', '.join(cured) or 'none'}. The lowest loss, {number(min(finite), 3)}, has **{REMEDIES[best].title}**."
    )
    if bouncing:
        sentences.append(f"These hold but bounce: {', '.join(bouncing)}.")
    centred = border_of(setup, config.loss, "scale")
    sentences.append(
        f"*Scaled inputs*: the mean image is taken away from every image. That alone moves the border from {number(border)} to {number(centred)}, since the "
        "sharpest direction is what all images have in common."
    )
    sentences.append(
        f"*Momentum* 0.9 moves the border to 2 (1 + 0.9)/λ = {number(1.9 * border)}. *Clipping* keeps a step from being longer than {number(LIMIT)} × the "
        "learning rate: it stops an explosion, but near the minimum nothing is clipped and the bounce stays."
    )
    sentences.append(
        "A *schedule* that starts high explodes before it has come down; *warm-up* starts low but ends where the failing rate is. They help where the "
        "border itself moves, as with cross-entropy."
    )
    return sentences


# ---- on one weight ----


def _on_one_weight(page: Page) -> None:
    with page.controls:
        objective = choose_objective(page)
        what = page.segments("remedy_show", "Show", [PATH, LOSS, RATE], PATH)
        lr = page.learning_rate("lr_remedy", 1.0, label="Learning rate that fails")
        borders = objective.minimum.borders if objective.minimum else None
        st.button(
            "Bounce for ever: 2/a",
            icon=":material/swap_vert:",
            key=page.key("endless"),
            disabled=borders is None,
            on_click=lambda: page.set("lr_remedy", borders[1] if borders else 1.0),
            help="The largest learning rate that does not diverge, from the second derivative at the minimum.",
        )
    runs = descend_with_remedies(objective.function, objective.start, lr, objective.steps)
    minimum = objective.minimum.loss if objective.minimum else float(runs["loss"].min())
    gap = float(runs["loss"].iloc[0]) - minimum
    if not math.isfinite(gap) or gap <= 0:
        page.hero.info("The start is already as low as it gets. Choose another start.", icon=":material/flag:")
        return
    moments = moment_steps(objective.steps)
    pictures = []
    for key, column in zip(KEYS, _panels(page), strict=True):
        run = runs[runs["remedy"] == key]
        left = _left(run, minimum, gap)
        column.markdown(f"**{REMEDIES[key].title}**  \n:small[{_left_words(left)}]", help=REMEDIES[key].about)
        chart = _small(objective, run, moments, what, lr, minimum, gap)
        pictures.append(Picture(chart, f"{REMEDIES[key].title}: {what}, {_left_words(left)}.", where=column))
    numbers = pd.DataFrame({"step": [number(int(step)) for step in moments]})
    for key in ("none", "lower", "clip", "momentum", "adam", "step"):
        numbers[f"w, {REMEDIES[key].title}"] = [number(x) for x in runs[runs["remedy"] == key]["x"].to_numpy()[moments]]
    page.player(pictures, Moments(numbers, run=(objective.function.formula, objective.start, lr, objective.steps)))
    page.notice(*_tell_weight(objective, runs, lr, minimum, gap))
    page.table(runs[["remedy", "step", "lr", "x", "loss", "gradient", "update"]], "History of all", file="remedies")
    schedules = ["constant", *(remedy.schedule for remedy in REMEDIES.values() if remedy.schedule != "constant")]
    page.code(
        schedules_script(objective.function.torch_code, objective.start, lr, objective.steps, schedules),
        "Run as it is, this prints the runs with a schedule.",
    )


def _small(
    objective: Objective, run: pd.DataFrame, moments: np.ndarray, what: str, lr: float, minimum: float, gap: float
) -> Any:
    if what == PATH:
        rows = descent_rows(objective.curve, run, moments, objective.y_domain)
        domain = objective.function.domain
        return descent_on_curve(
            rows, x_domain=domain, y_domain=objective.y_domain, height=84, tangent=False, x_title="", y_title=""
        )
    if what == LOSS:
        value, window, color = ((run["loss"] - minimum) / gap).clip(lower=FLOOR).to_numpy(), (FLOOR, CEILING), ACCENT
    else:
        value, window, color = run["lr"].to_numpy(), (0.0, lr * 1.1), SECOND
    kept = drawn_steps([value], moments)
    frame = kept.assign(value=value[kept["step"]], now=kept["step"].isin(moments))
    frame = frame[np.isfinite(frame["value"])]
    return over_steps(
        frame, last=objective.steps, y_domain=window, title="", log=what == LOSS, dots=False, height=84, color=color
    )


def _left(run: pd.DataFrame, minimum: float, gap: float) -> float:
    return math.inf if run["status"].iloc[-1] == "diverged" else (float(run["loss"].iloc[-1]) - minimum) / gap


def _left_words(share: float) -> str:
    """Say how much of the way down is left; a run that has come lower than the minimum it aimed at has left none."""
    if math.isinf(share):
        return "diverged"
    if share <= 1e-6:
        return "nothing of the way down is left" if share >= -1e-6 else "lower than the nearest minimum"
    return (
        f"{number(share, 3)} times the way down is left" if share > 10 else f"{percent(share)} of the way down is left"
    )


def _tell_weight(objective: Objective, runs: pd.DataFrame, lr: float, minimum: float, gap: float) -> list[str]:
    left, needed = {}, {}
    for key, run in runs.groupby("remedy", sort=False):
        left[str(key)] = _left(run, minimum, gap)
        shares = ((run["loss"] - minimum) / gap).to_numpy()
        needed[str(key)] = arrival(shares, math.isinf(left[str(key)]))
    constant = runs[runs["remedy"] == "none"]
    regime = classify_runs(constant, objective.function)[0]
    updates = constant[constant["step"] < objective.steps]["update"]
    flips = int((updates * updates.shift() < 0).sum())
    sentences = [
        f"As it is, the learning rate {number(lr)} is {regime.name}: it flips its direction {flips} times in {steps_of(objective.steps)}; "
        f"{_left_words(left['none'])}."
    ]
    if objective.minimum is None:
        sentences.append(
            "There is no minimum downhill, so *the way down* ends at the lowest loss that any of the eleven reached."
        )
    best = min(left, key=left.__getitem__)
    if math.isinf(left[best]):
        return [
            *sentences,
            "All eleven diverge: they begin so high that every cure comes too late. Lower the learning rate itself.",
        ]
    sentences.append(f"The least is left by **{REMEDIES[best].title}**.")
    arrived = {key: steps for key, steps in needed.items() if math.isfinite(steps)}
    if arrived:
        told = ", ".join(f"{REMEDIES[key].title} at step {number(int(steps))}" for key, steps in arrived.items())
        sentences.append(f"Within 1 % for good: {told}.")
    sentences.append(
        "*Scaled inputs*: with an input half as large the weight must be twice as large, and the curvature is a quarter. On one weight that is "
        "the same as a quarter of the learning rate; with many weights it also makes the parabolas alike."
    )
    if best != "warm_up" and 0.01 < left["warm_up"] < math.inf:
        sentences.append(
            "*Warm-up* ends where the failing rate goes on, so it cannot cure a bounce: it helps where only the first steps are "
            "dangerous, as with cross-entropy, whose curvature falls while it learns."
        )
    return sentences


def _decade(value: float, side: int) -> float:
    power = math.log10(value)
    return 10.0 ** (math.ceil(power) if side > 0 else math.floor(power))
