"""What Digit training plays: the weight maps, the curves beside them, the numbers and the diagnosis of each moment."""

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from pages.training import drawing
from pages.training.diagnosis import cards, offer_cures
from pages.training.fields import MORE, MOST_EPOCHS, set_fields
from pages.training.film import EQUATION, film_of, map_names
from pages.training.pins import pin
from pages.training.session import begin_again, branch, leave_branch
from pages.ui.datasets import similarity_of
from pages.ui.page import Page
from pages.ui.shown import Action, Moments, Picture, Shown, Speed, Words
from sgd_core.charts.answers import answer_rows, answer_strip
from sgd_core.charts.history import error_curves, history_rows, loss_curves
from sgd_core.charts.history_ranges import epoch_range, error_range, loss_range, seen_from
from sgd_core.charts.vega import moved_by_clock
from sgd_core.digits.baselines import published
from sgd_core.digits.branch_links import left_out
from sgd_core.digits.evaluation import predict, spread
from sgd_core.digits.history import COLUMNS, history_row
from sgd_core.digits.run import Run
from sgd_core.digits.run_words import loss_words, rates_of
from sgd_core.digits.sources import SOURCES
from sgd_core.digits.step_maps import QUANTITIES
from sgd_core.numbers import number, percent

Chart = alt.Chart | alt.LayerChart
SHOWN = 8
NUMBERS = ["step", "epoch", "training loss", "validation loss", "accuracy", "learning rate"]
WORDS = Words("Train", "Train again", "Step", "One epoch")


def play(page: Page, run: Run) -> int:
    """Draw the run with its clock; return the moment at which it rests."""
    with page.beneath:
        quantity, place = _choose_maps(page, run)
    with page.controls:
        top = st.container(horizontal=True, vertical_alignment="center")
        with top:
            beside = page.segments(
                "beside", "Beside the map", ["curves", "my digit"], "curves", label_visibility="collapsed"
            )
            axes = _choose_axes(page) if beside == "curves" else None
    show_drawing, tell_drawing = (list, lambda: None) if axes else drawing.teach(page, run)

    def shown() -> Shown:
        pictures = _curves(run, *axes) if axes else show_drawing()
        moments = Moments(
            _numbers(run),
            recording=run,
            last=run.last,
            keep=False,
            cards=cards(run),
            stops=[now.epoch == int(now.epoch) for now in run.moments],
        )
        return Shown([*pictures, _answers(run)._replace(where="beneath")], moments, film_of(run, quantity, place))

    at = page.live(
        shown,
        speeds=_speeds(run),
        words=WORDS,
        actions=_actions(page, run),
        restart=lambda: begin_again(run),
    )
    tell_drawing()
    with page.clock:
        offer_cures(page, run, at)
    return at


def _choose_maps(page: Page, run: Run) -> tuple[str, int]:
    names = map_names(run)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        quantity = page.segments(
            "maps", "Maps of", [*QUANTITIES, EQUATION], "weights", label_visibility="collapsed", width="content"
        )
        place = 0
        if quantity == EQUATION and len(names) > 1:
            place = names.index(page.choice("map", "Map for", names, names[0], label_visibility="collapsed"))
    if quantity == EQUATION:
        words = "The gradient says for each weight which way the loss rises; the step goes the other way. "
        words += "Both weight maps share one scale; each other map has its own."
    elif quantity == "weights" and len(names) == 1:
        first, second = run.digits.class_names
        words = f"Red: ink here speaks for {first}. Blue: ink here speaks for {second}. White: it does not matter."
    else:
        words = f"Red: {QUANTITIES[quantity].red}. Blue: the opposite. White: zero."
    if len(run.latest.weights) > len(names):
        words += f" The first {len(names)} of {len(run.latest.weights)} maps."
    st.caption(words)
    return quantity, place


def _choose_axes(page: Page) -> tuple[bool, bool, bool]:
    with st.popover("Axes", icon=":material/tune:"):
        log = page.segments("loss_axis", "Loss", ["linear", "logarithmic"], "linear") == "logarithmic"
        log_steps = page.segments("steps_axis", "Steps", ["linear", "logarithmic"], "linear") == "logarithmic"
        # a logarithmic axis is for the first steps: it has no last stretch
        show = page.segments("stretch", "Show", ["whole run", "last stretch"], "whole run", disabled=log_steps)
    return log, log_steps, show == "last stretch" and not log_steps


def baselines(run: Run) -> list[tuple[str, float]]:
    """Return accuracies to compare with: chance first, then what needs no training, then the published ones."""
    config, digits = run.config, run.digits
    known = digits.name in SOURCES
    similar = (
        [(f"mean image, {name.upper()}", similarity_of(config.dataset, config.classes, name)) for name in ("l1", "l2")]
        if known
        else []
    )
    found = [(entry.name, entry.accuracy) for entry in published(config.dataset, config.classes)] if known else []
    return [("chance", 1 / len(digits.classes)), *similar, *found]


def _curves(run: Run, log: bool, log_steps: bool, stretch: bool) -> list[Picture]:
    """Return the two curves: the losses, and the share of wrong answers beside the baselines."""
    history = pd.DataFrame(run.remember("history", lambda at: history_row(run.moments[at])), columns=COLUMNS)
    count = len(run.digits.valid_labels)
    marks = [
        (int(np.searchsorted(history["step"], step)), f"lr {number(lr)}")
        for step, lr in rates_of(run.latest, run.begin)
    ]
    frame = history_rows(history, images=count, parent=run.grey, marks=marks)
    x_domain = epoch_range(history, run.steps, run.per_epoch, log_steps=log_steps, stretch=stretch)
    if not log_steps:
        frame = seen_from(frame, x_domain[0])
    wrong = [(name, 1 - accuracy) for name, accuracy in baselines(run)]
    errors = error_range([*(1 - history["valid_accuracy"]), *(share for _, share in wrong)], count)
    return [
        Picture(
            loss_curves(frame, x_domain=x_domain, y_domain=loss_range(frame, log=log), log=log, log_steps=log_steps),
            "Training loss and validation loss up to the moment shown; their numbers stand below the player.",
            where="beside",
        ),
        Picture(
            error_curves(frame, x_domain=x_domain, y_domain=errors, baselines=wrong, log_steps=log_steps),
            f"Share of wrong answers on {count:,} validation images up to the moment shown, on a logarithmic axis. The band "
            "is the luck of the draw.",
            where="beside",
        ),
    ]


def curve_charts(run: Run, at: int) -> list[Chart]:
    """Return the two curves up to a moment, as charts to keep."""
    return [moved_by_clock(picture.chart, at) for picture in _curves(run, False, False, False)]


def _answers(run: Run) -> Picture:
    """Return a few validation images with what the model says of each at every moment."""
    digits, names = run.digits, run.digits.class_names
    rows = spread(digits, SHOWN)
    images, truth = digits.valid_images[rows].numpy(), digits.valid_labels[rows].numpy()
    decided = run.remember("answers", lambda at: predict(run.moments[at], run.config, images).decided)
    frame = answer_rows(np.array(decided), truth, names)
    return Picture(
        answer_strip(frame, images, columns=SHOWN),
        f"{len(rows)} validation images and what the model says of each, right or wrong.",
        width="content",
    )


def _numbers(run: Run) -> pd.DataFrame:
    def row(at: int) -> list[str]:
        now = run.moments[at]
        counts, losses = (
            (number(now.step), number(now.epoch, 3)),
            (loss_words(now.train_loss), loss_words(now.valid_loss)),
        )
        return [*counts, *losses, percent(now.valid_accuracy, 4), number(now.lr)]

    return pd.DataFrame(run.remember("numbers", row), columns=NUMBERS, dtype=object)


def _speeds(run: Run) -> list[Speed]:
    """Return the speeds: the whole run in about twenty seconds, slow at first, where the map is born."""
    fast = max(6.0, run.last / 16)
    return [
        Speed("slow", 2, 2),
        Speed("normal", 3, fast, min(20, max(1, run.last // 2))),
        Speed("fast", 60, max(60.0, run.last / 4)),
    ]


def _actions(page: Page, run: Run) -> list[Action]:
    def more(_at: int) -> None:
        page.set("epochs", min(run.config.epochs + MORE, MOST_EPOCHS))
        page.go_to(len(run.moments) - 1, play=True)
        page.redraw()

    def every(at: int) -> None:
        run.each_step_from(at)

    def off(at: int) -> None:
        branch(run, at)

    return [
        Action("more", f"+ {MORE} epochs", "Lets the run go on for more epochs, and plays on.", more),
        Action("every", "Every step from here", "Records each single step from this moment on.", every),
        Action(
            "branch",
            "Branch from here",
            "Begins another run at this moment, with its weights and its optimizer's memory. Then change settings and "
            "train: this run stays in the picture, in grey.",
            off,
        ),
        Action(
            "pin", "Pin this run", "Keeps its curves, map and settings, to compare it with others.", lambda _: pin(run)
        ),
    ]


def say_branch(page: Page, run: Run) -> None:
    """Say that the run is a branch, of what, and offer the way back."""
    origin = run.origin
    if origin is None:
        return

    def back() -> None:
        set_fields(page, origin.config)
        leave_branch(origin.before)

    with page.notes.container(border=True, horizontal=True, vertical_alignment="center", key=page.key("branch")):
        st.markdown(
            f":material/call_split: **A branch** from step {number(origin.moment.step)} (epoch "
            f"{number(origin.moment.epoch, 3)}) of a run with learning rate {number(origin.moment.rates[-1][1])}. Its parent "
            f"is the grey line. {left_out(run) or 'Its link makes the parent again and branches off here.'}",
            width="stretch",
        )
        st.button("Back to the parent", icon=":material/undo:", key=page.key("unbranch"), on_click=back)
