"""A diagnosis on every run: its name and reason at each moment, the learning rate beside its border, and cures that act."""

from collections.abc import Callable

import streamlit as st

from pages.training.fields import set_fields
from pages.training.session import branch, fresh_run
from pages.ui.page import Page
from pages.ui.shown import Picture
from sgd_core.charts.palette import look
from sgd_core.charts.rate_strip import rate_strip
from sgd_core.descent.diagnosis import CureKind, Diagnosis
from sgd_core.digits.cures import FAILING, Tried, at_once, border_of, diagnose_moments, is_exact, tell_none, trying
from sgd_core.digits.run import Run
from sgd_core.numbers import number

Card = tuple[str, str, str]
FIRST = 0.0  # seconds of trying cures before the section is shown: a picture first, cures then


def cards(run: Run) -> list[Card]:
    """Return the diagnosis of each moment as the clock shows it: its colour, its name, its reason."""

    def card(at: int) -> Card:
        found = diagnosis_at(run, at)
        mark = look(found.name)
        return mark.color, f"{mark.sign} {str(found.name).capitalize()}", found.reason

    return run.remember("cards", card)


def diagnosis_at(run: Run, at: int) -> Diagnosis:
    """Return the diagnosis of a run at a moment."""
    return diagnose_moments(run.moments[: at + 1], run.config, run.digits, border_at(run, 0))


def border_at(run: Run, at: int) -> float | None:
    """Return 2/λ at a moment's weights, by momentum further out; None where it is no number."""
    now, key = run.moments[at], (run.id, run.moments[at].step)
    known: dict[object, float | None] = st.session_state.setdefault("training_borders", {})
    if key not in known:
        known[key] = border_of(run.config, run.digits, now.parameters)
        while len(known) > 200:
            known.pop(next(iter(known)))
    return known[key]


def rate_at(run: Run, at: int) -> float:
    """Return the learning rate in use at a moment, as a schedule has it; the one that is set where that is 0."""
    return run.moments[at].lr or run.config.lr


def offer_cures(page: Page, run: Run, at: int) -> None:
    """Draw the strip of learning rates at the moment at rest, and the cures that cure, a button each."""
    border, lr = border_at(run, at), rate_at(run, at)
    with st.container(horizontal=True, vertical_alignment="center", key=page.key("cures"), gap="small"):
        strip = st.container(width="stretch")
        row = st.container(horizontal=True, vertical_alignment="center", gap="small")
        with row:  # buttons come one by one: what goes on stands after them, and moves none
            buttons = st.container(horizontal=True, gap="small", width="content")
            working, none = cures_of(page, run, at)
        for i, tried in enumerate(working):
            words = tried.cure.words
            buttons.button(
                words[:1].upper() + words[1:],
                key=page.key(f"cure_{tried.cure.kind}"),
                help=tried.about,
                type="primary" if i == 0 and tried.cure.kind is not CureKind.MORE_EPOCHS else "secondary",
                on_click=press(page, run, at, tried),
            )
        if none:
            buttons.button("No cure works", key=page.key("no_cure"), help=none, disabled=True)
    if border is None or run.config.update_rule.row.sign_like:
        strip.caption("For this optimizer, or at these weights, no border 2/λ can be named.")
        return
    words = "The learning rate on a logarithmic strip: its zones, the border 2/λ, and where the rate stands."
    page.show(Picture(rate_strip(lr, border), words, where=strip), "strip")


def cures_of(page: Page, run: Run, at: int) -> tuple[list[Tried], str]:
    """Return the cures that cure the run as it is named at a moment, as far as they have been tried.

    Where all have been tried and none does, also a sentence on that.
    """
    found = diagnosis_at(run, at)
    if found.name not in FAILING:
        return at_once(found, run.config, run.digits, run.moments[at]), ""
    seen, start = run.moments[: at + 1], run.origin.moment if run.origin else None
    working, share = page.work(
        "cures",
        (run.id, seen[-1].step, run.config, id(run.digits)),
        lambda: trying(found, run.config, run.digits, seen, start),
        lambda so_far: so_far[1],
        "Trying cures …",
        first=FIRST,
    )
    return working, tell_none(found) if share >= 1 and not working else ""


def border_words(run: Run, at: int) -> str:
    """Say where the learning rate is beside the border at these weights, and how far that holds; nothing without a border."""
    border, lr = border_at(run, at), rate_at(run, at)
    if border is None or run.config.update_rule.row.sign_like:
        return ""
    share = lr / border
    beyond = f"{number(share, 3)} times the border" if share > 1 else f"{number(share, 2)} of the border"
    if run.config.clip is not None:
        holds = f"It holds for gradients shorter than {number(run.config.clip)}; longer ones are clipped, so no step can explode."
    elif is_exact(run.config, run.digits):
        holds = "The loss is a parabola in every direction, so beyond it the run diverges, whatever the start."
    else:
        holds = (
            "It holds at these weights; with this loss it moves as the weights do, so a run may bounce and come back."
        )
    return f"The learning rate {number(lr)} is {beyond} 2/λ = {number(border, 3)}, where the steepest direction bends. {holds}"


def press(page: Page, run: Run, at: int, tried: Tried) -> Callable[[], None]:
    """Return what a cure's button does."""

    def act() -> None:
        begin = 0
        if tried.from_here:
            branch(run, at)
        elif tried.cure.kind is CureKind.MORE_EPOCHS:
            begin = len(run.moments) - 1
        else:
            fresh_run()
        set_fields(page, tried.config)
        page.go_to(begin, play=True)

    return act
