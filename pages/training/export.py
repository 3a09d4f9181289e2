"""Export: the run as a script, a notebook, a table, its weights and its picture."""

import math
from collections.abc import Callable

import streamlit as st

from pages.training.film import map_chart
from pages.training.stage import curve_charts
from pages.ui.page import Page
from sgd_core.digits.branch_links import left_out
from sgd_core.digits.history import history_frame
from sgd_core.digits.run import Run
from sgd_core.digits.sources import SOURCES
from sgd_core.export.files import picture_png, run_notebook, run_weights
from sgd_core.export.training import run_script
from sgd_core.numbers import number


def draw(page: Page, run: Run, at: int) -> list[str]:
    """Offer the run, as far as it has gone to the moment shown, in five kinds of file."""
    now, config, digits = run.moments[at], run.config, run.digits
    if now.step == 0:
        st.info("There is nothing to export before the first step. Press **Train**.", icon=":material/download:")
        return []
    count = len(digits.train_images)
    segments, seen = run.segments_until(now), run.moments[: at + 1]
    st.markdown(
        f"The run up to **step {now.step:,}** (epoch {number(now.epoch)}). Script and notebook are plain PyTorch: on this "
        "machine they print the numbers of each epoch again, to a millionth, learning rates changed on the way and "
        "branches included."
    )
    name = f"sgd-lab-{config.dataset}-{config.model}-step-{now.step}"
    offers: list[tuple[str, str, str, str, Callable[[], str | bytes], str]] = [
        ("Script", ":material/code:", ".py", "text/x-python", lambda: run_script(segments, count), "Plain PyTorch."),
        (
            "Notebook",
            ":material/menu_book:",
            ".ipynb",
            "application/x-ipynb+json",
            lambda: run_notebook(segments, now, count),
            "The script in cells, for Jupyter.",
        ),
        (
            "History",
            ":material/table:",
            ".csv",
            "text/csv",
            lambda: history_frame(seen).to_csv(index=False),
            f"{len(seen)} recorded moments: losses, accuracies, learning rate.",
        ),
        (
            "Weights",
            ":material/grid_on:",
            ".safetensors",
            "application/octet-stream",
            lambda: run_weights(config, now),
            "As safetensors, the settings in their metadata; the script's model loads them by name.",
        ),
        (
            "Picture",
            ":material/image:",
            ".png",
            "image/png",
            lambda: picture_png([curve_charts(run, at), [map_chart(run, at)]]),
            "Curves and weight maps.",
        ),
    ]
    if digits.name not in SOURCES:
        offers = offers[2:]
        st.caption("A script would need your drawings: save them under “Your own digits”.")
    with st.container(horizontal=True, key=page.key("downloads")):
        for label, icon, ending, kind, make, about in offers:
            st.download_button(
                label,
                make,
                name + ending,
                kind,
                icon=icon,
                help=about,
                on_click="ignore",
                key=page.key(f"download_{label.lower()}"),
            )
    if config.seconds is not None and now.reason.startswith("Out of time"):
        st.caption("The time limit is not in the script: it ends where this run did.")
    if not math.isfinite(now.valid_loss):
        st.caption("The run has diverged: the weights in the file hold what was left of them.")
    again = (
        "trains the parent again and branches off at the same step" if run.origin else "has all settings and the seed"
    )
    st.caption(left_out(run) or f"**Copy link** at the top {again}: press Train there for the same numbers.")
    return []
