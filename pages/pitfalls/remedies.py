"""Remedies: the same failing run eleven ways, on digits and, to see why, on one weight."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from pages.pitfalls.settings import border_of, card, choose_digits, choose_loss, choose_objective
from pages.ui.page import Page
from pages.ui.shown import Moments, Picture, Shown, Words
from sgd_core.calculus.sampling import sample
from sgd_core.charts.curve import curve_window
from sgd_core.charts.descent import descent_on_curve, descent_rows
from sgd_core.charts.over_steps import over_steps, value_rows
from sgd_core.charts.palette import ACCENT, SECOND, look
from sgd_core.charts.series import decades
from sgd_core.descent import remedy_words as weight_words
from sgd_core.descent.diagnosis import Diagnosis
from sgd_core.descent.objective import Objective
from sgd_core.descent.regime_names import UNDECIDED
from sgd_core.descent.remedies import REMEDIES, descend_with_remedies
from sgd_core.descent.remedy_words import WayDown, left_in_words, way_down
from sgd_core.digits import remedy_words as digit_words
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.remedies import RemedyMoment, train_with_remedies
from sgd_core.digits.remedy_words import remedy_diagnosis, remedy_table
from sgd_core.export.descent import schedules_script
from sgd_core.export.training import training_script
from sgd_core.moments import moment_steps
from sgd_core.recording import Recording

FLOOR, CEILING = 1e-8, 1e4  # of the gap at the start: how far the loss charts reach
DIGITS, WEIGHT = "the digits", "one weight"
PATH, LOSS, RATE = "path", "loss", "learning rate"
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
        rows = [st.columns(ROW, gap="small") for _ in range(0, len(REMEDIES), ROW)]
    return [column for row in rows for column in row][: len(REMEDIES)]


# ---- on digits ----


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
    titles = [column.container(key=page.key(f"remedy_{key}")) for key, column in zip(REMEDIES, columns, strict=True)]

    def shown() -> Shown:
        numbers = Moments(
            digit_words.remedy_numbers(moments),
            recording=run,
            last=steps,
            keep=False,
            cards=[
                card("As it is", remedy_diagnosis(config, moments[: end + 1], "none")) for end in range(len(moments))
            ],
        )
        return Shown(_pictures(config, moments, columns), numbers)

    at = page.live(shown, words=Words("Train", "Train again", "Step"))
    seen = moments[: at + 1]
    found = [remedy_diagnosis(config, seen, key) for key in REMEDIES]
    for key, title, named in zip(REMEDIES, titles, found, strict=True):
        title.markdown(_title(key, named))
    page.notice(*digit_words.tell_remedies(config, border, border_of(setup, loss, "scale"), seen, found))
    page.table(remedy_table(seen), "Losses, step by step", file="remedies")
    page.code(training_script(config), "The run that fails. Each remedy changes one line of it.")


def _pictures(config: TrainConfig, moments: list[RemedyMoment], columns: list[Any]) -> list[Picture]:
    first = moments[0].losses[0]
    window = decades(first / 1000, first * 100)
    pictures = []
    for place, (key, column) in enumerate(zip(REMEDIES, columns, strict=True)):
        values = np.array([moment.losses[place] for moment in moments])
        frame = pd.DataFrame({"moment": range(len(values)), "step": range(len(values)), "value": values, "now": True})
        frame["color"] = look(remedy_diagnosis(config, moments, key).name).color
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


def _title(key: str, named: Diagnosis) -> str:
    if named.name == UNDECIDED:
        return f"**{REMEDIES[key].title}**"
    style = look(named.name)
    return f"**{REMEDIES[key].title}** :{style.name}[{style.sign} {named.name}]"


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
    try:
        way = way_down(objective, runs)
    except ValueError as error:
        page.hero.info(str(error), icon=":material/flag:")
        return
    moments = moment_steps(objective.steps)
    pictures = []
    for key, column in zip(REMEDIES, _panels(page), strict=True):
        run = runs[runs["remedy"] == key]
        left = left_in_words(way.left(run))
        column.markdown(f"**{REMEDIES[key].title}**  \n:small[{left}]", help=REMEDIES[key].about)
        chart = _small(objective, run, moments, what, lr, way)
        pictures.append(Picture(chart, f"{REMEDIES[key].title}: {what}, {left}.", where=column))
    name = (objective.function.formula, objective.start, lr, objective.steps)
    page.player(pictures, Moments(weight_words.remedy_numbers(runs, moments), run=name))
    page.notice(*weight_words.tell_remedies(objective, runs, way))
    page.table(runs[["remedy", "step", "lr", "x", "loss", "gradient", "update"]], "History of all", file="remedies")
    schedules = ["constant", *(remedy.schedule for remedy in REMEDIES.values() if remedy.schedule != "constant")]
    page.code(
        schedules_script(objective.function.torch_code, objective.start, lr, objective.steps, schedules),
        "Run as it is, this prints the runs with a schedule.",
    )


def _small(objective: Objective, run: pd.DataFrame, moments: np.ndarray, what: str, lr: float, way: WayDown) -> Any:
    if what == PATH:
        curve = sample(objective.function)
        y_domain = curve_window(curve)
        rows = descent_rows(curve, run, moments, y_domain)
        domain = objective.function.domain
        return descent_on_curve(
            rows, x_domain=domain, y_domain=y_domain, height=84, tangent=False, x_title="", y_title=""
        )
    if what == LOSS:
        value, window, color = way.shares(run).clip(min=FLOOR), (FLOOR, CEILING), ACCENT
    else:
        value, window, color = run["lr"].to_numpy(), (0.0, lr * 1.1), SECOND
    return over_steps(
        value_rows(value, moments),
        last=objective.steps,
        y_domain=window,
        title="",
        log=what == LOSS,
        dots=False,
        height=84,
        color=color,
    )
