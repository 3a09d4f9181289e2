"""Digit training: a linear model learns to read, before your eyes."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.training import drawing, evaluate, explain, export, runs, seeds, weights
from pages.training.diagnosis import border_words, diagnosis_at
from pages.training.fields import choose_config
from pages.training.links import follow_link, tell_link
from pages.training.narrow import twins
from pages.training.presets import offer_presets
from pages.training.session import run_of
from pages.training.stage import baselines, play, say_branch
from pages.ui.datasets import digits_of, offer_missing, offer_mnist
from pages.ui.page import Page, Section, open_page
from sgd_core.charts.history import wilson
from sgd_core.descent.diagnosis import ENOUGH
from sgd_core.digits.remarks import remarks, runnable
from sgd_core.digits.run import Run
from sgd_core.digits.run_words import tell_run
from sgd_core.digits.sources import SOURCES
from sgd_core.export.training import run_script, training_script

page = open_page(
    "training",
    "One weight for each pixel. Pick a learning rate, press **Train**, and watch the weights find their shape.",
)
offers: list[DeltaGenerator] = []  # where MNIST is offered: below the presets, once the data set is chosen


def presets() -> None:
    """Draw the presets, and keep a place below them."""
    offer_presets(page)
    offers.append(st.container())


with st.sidebar:
    config = choose_config(page, presets)
    with offers[0]:
        offer_mnist(page)
offer_missing(page)
follow_link(page)

SECTIONS = {
    "Look inside": weights.draw,
    "Why this answer?": explain.draw,
    "Judge it": evaluate.draw,
    "Was it luck?": seeds.draw,
    "Runs": runs.draw,
    "Take it home": export.draw,
}


def training(page: Page) -> None:
    """Play the run; below it, look at the moment where it rests."""
    digits = digits_of(config.dataset, config.classes)
    chosen = drawing.own_choice(page, config) or (config, digits)
    run = run_of(page, runnable(*chosen), chosen[1])
    tell_link(page, run)
    say_branch(page, run)
    for remark in remarks(*chosen):
        page.notes.caption(f":material/info: {remark}")
    at = play(page, run)
    twins(page)
    with page.below:
        names = list(SECTIONS)
        name = page.segments("section", "Section", names, names[0], label_visibility="collapsed", width="stretch")
        sentences = SECTIONS[name](page, run, at)
    page.notice(*_notice(run, at), *sentences)
    drawing.offer_own(page, config)
    if chosen[1].name in SOURCES:
        now, count = run.moments[at], len(chosen[1].train_images)
        begun = now.step > run.begin or run.origin is not None
        page.code(run_script(run.segments_until(now), count) if begun else training_script(run.config, count))
    st.caption(
        "Leaving the page keeps the run. Reloading it trains it again, number for number, up to the moment shown: the address "
        "holds all settings, the seed, the drawing and what a run has branched off from. A run keeps as many moments as fit "
        "into 64 MB; the six latest runs are kept."
    )


def _notice(run: Run, at: int) -> list[str]:
    now = run.moments[at]
    images = len(run.digits.valid_labels)
    luck = wilson(1 - now.valid_accuracy, images)
    said = tell_run(now, run.moments[0], baselines(run), images, run.config.init, luck)
    named = diagnosis_at(run, at)
    if at >= ENOUGH:  # in full: the clock's card has two lines for it
        said.append(f"**{str(named.name).capitalize()}.** {named.reason}")
    return [*said, border_words(run, at)]


page.sections(Section("Training", training, split=(58, 42), clock_above=True))
