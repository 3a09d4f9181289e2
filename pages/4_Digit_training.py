"""Digit training: a linear model learns to read, before your eyes."""

import streamlit as st

from pages.training.session import playback_of, start
from pages.training.settings import choose_config
from pages.training.stage import stage
from pages.ui.datasets import offer_missing
from pages.ui.frame import open_page
from pages.ui.parts import same_in_pytorch
from pages.ui.transport import Player, Speed, Words, play
from sgd_core.digits.training import Control
from sgd_core.export.training import training_script

controls = open_page(
    "training",
    "One weight for each pixel. Ink on a red pixel speaks for the first class, ink on a blue one against it. "
    "Pick a learning rate, press **Train**, and watch the weights find their shape.",
)

with st.sidebar:
    config = choose_config(controls)
offer_missing(controls)

SPEEDS = {
    "slow motion": Speed(4, Control(steps=1, lr=config.lr)),
    "every step": Speed(25, Control(steps=1, lr=config.lr)),
    "every epoch": Speed(10, Control(lr=config.lr)),
    "full speed": Speed(20, Control(lr=config.lr), budget=0.04),
}
run = playback_of(config)
ground = st.container(key="training_stage")
with ground:
    pace = controls.segments("speed", "Speed", list(SPEEDS), "every step", label_visibility="collapsed")

same_in_pytorch(training_script(config), key="training_code")
st.caption(
    "Leaving the page keeps the run. Reloading it starts afresh, but the address holds all settings and the seed: "
    "the same run, number for number, is one press of Train away."
)
controls.close()
with ground:
    play(
        Player(
            controls,
            run,
            lambda: stage(config, run),
            SPEEDS[pace],
            progress=lambda now: (
                now.epoch / config.epochs,
                f"step {now.step:,}, epoch {now.epoch:.4g} of {config.epochs:,}",
            ),
            step=Control(steps=1, lr=config.lr),
            words=Words("Train", "Train again", "Step"),
            restart=lambda: start(config),
        )
    )
