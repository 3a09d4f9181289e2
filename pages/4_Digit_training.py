"""Digit training: a linear model learns to read, before your eyes."""

import streamlit as st

from pages.training import evaluate, explain, export, runs, weights
from pages.training.actions import offer_actions, say_branch
from pages.training.links import follow_link, left_out, tell_link
from pages.training.session import run_of
from pages.training.settings import choose_config
from pages.training.stage import stage
from pages.training.weight_maps import QUANTITIES
from pages.ui.datasets import digits_of, offer_missing
from pages.ui.frame import open_page
from pages.ui.parts import same_in_pytorch
from pages.ui.transport import Player, Speed, Words, play
from sgd_core.digits.training import StepRequest
from sgd_core.export.training import run_script, training_script

controls = open_page(
    "training",
    "One weight for each pixel. Ink on a red pixel speaks for the first class, ink on a blue one against it. "
    "Pick a learning rate, press **Train**, and watch the weights find their shape.",
)

with st.sidebar:
    config = choose_config(controls)
offer_missing(controls)
follow_link(controls)
run = run_of(config)
tell_link(controls, run)
say_branch(controls, run)

SPEEDS = {
    "slow motion": Speed(4, StepRequest(steps=1, lr=config.lr)),
    "every step": Speed(25, StepRequest(steps=1, lr=config.lr)),
    "every epoch": Speed(10, StepRequest(lr=config.lr)),
    # few frames, so that nearly all time is training's; an epoch of very many steps is shown, and left, in its midst
    "full speed": Speed(5, StepRequest(steps=5000, lr=config.lr), budget=0.2),
}
ground = st.container(key="training_stage")
with ground:
    left, right = st.columns([3, 2], gap="large")
    with left:
        pace = controls.segments("speed", "Speed", list(SPEEDS), "every step", label_visibility="collapsed")
    with right:
        quantity = controls.segments(
            "maps",
            "Maps of",
            list(QUANTITIES),
            "weights",
            label_visibility="collapsed",
            help="Gradient: of the last mini-batch. Last step: what it added. Change: since the run began.",
        )
offer_actions(controls, run)
SECTIONS = {
    "Look inside": weights.draw,
    "Why this answer?": explain.draw,
    "Judge it": evaluate.draw,
    "Runs": runs.draw,
    "Take it home": export.draw,
}
also = SECTIONS[controls.section(list(SECTIONS))](controls, run)

count, now = len(digits_of(config.dataset, config.classes).train_images), run.playback.current
begun = now is not None and now.step > 0
same_in_pytorch(
    run_script(run.segments_until(now), count) if begun else training_script(config, count), key="training_code"
)
st.caption(
    "Leaving the page keeps the run. Reloading it starts afresh, but the address holds all settings, the seed "
    "and what a run has branched off from: the same run, number for number, is one press of Train away. "
    "A run keeps at most 400 moments, or as many as fit into 64 MB: a longer one is thinned, its epochs' ends last; the six latest runs are kept."
)
controls.close(left_out(run))
with ground:
    play(
        Player(
            controls,
            run.playback,
            lambda: stage(run, quantity, also),
            SPEEDS[pace] if run.until is None else SPEEDS[pace]._replace(budget=0.0),
            progress=lambda now: (
                now.epoch / config.epochs,
                f"step {now.step:,}, epoch {now.epoch:.4g} of {config.epochs:,}",
            ),
            step=StepRequest(steps=1, lr=config.lr),
            words=Words("Train", "Train again", "Step"),
            scrub=True,
            whole_page=True,
            restart=run.begin,
            longer=("One epoch", run.one_epoch),
        )
    )
