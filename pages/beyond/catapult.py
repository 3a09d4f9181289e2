"""Catapult: learning rates below, beyond and far beyond the border 2/λ, on a small network that reads digits."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from pages.beyond.digits import PAIR, choose_digits, pair_task
from pages.beyond.paper import paper_check
from pages.ui.page import Page
from pages.ui.shown import Moments, Picture, Shown, Words
from sgd_core.beyond.catapult import (
    LETTERS,
    RISE,
    Trio,
    catapult_checks,
    catapult_numbers,
    catapult_table,
    kind_of,
    moments_of,
    tell_catapult,
    why_it_rose,
)
from sgd_core.beyond.edge import EdgeSettings, catapult_settings, side_by_side
from sgd_core.charts.series import DASHED, SOLID, A, B, C, border_rows, decades, moment_rows, named_lines, run_rows
from sgd_core.export.beyond import digits_edge_script
from sgd_core.numbers import number
from sgd_core.recording import Recording

EVERY = 2
COLORS = {"A": A, "B": B, "C": C}


@st.cache_data(max_entries=32, show_spinner="Measuring how sharply the loss bends …")
def settings_of(dataset: str, multiples: tuple[float, ...], steps: int, seed: int) -> list[EdgeSettings]:
    """Return a run for each multiple of the border 2/λ at the start."""
    return catapult_settings(pair_task(dataset), multiples, steps, every=EVERY, seed=seed)


def catapult(page: Page) -> None:
    """Run three learning rates side by side."""
    with page.controls:
        dataset, _ = choose_digits(page)
        st.caption("Learning rates, in units of the border 2/λ. Dashed in the picture: each rate's own border 2/lr.")
        defaults = dict(zip(LETTERS, (0.7, 1.6, 3.0), strict=True))
        multiples = tuple(
            page.slider(f"times_{letter.lower()}", f"{letter} =", 0.1, 4.0, default, 0.05)
            for letter, default in defaults.items()
        )
        steps = page.whole("catapult_steps", "Steps", 20, 1000, 100)
        seed = page.whole("seed", "Seed", 0, 9999, 0, help="Settles the weights that all three begin with.")
    runs = settings_of(dataset, multiples, steps, seed)
    task = pair_task(dataset)
    name = ("catapult", dataset, multiples, steps, seed)
    last = -(-steps // EVERY)
    run = page.recording(name, lambda: Recording(side_by_side(task, runs), last), ahead=4)
    if run.error:
        st.error(str(run.error))
    at = page.live(
        lambda: Shown(
            _pictures(run.moments, runs, steps),
            Moments(catapult_numbers(run.moments), recording=run, last=last, keep=False),
        ),
        words=Words("Train", "Train again", "Step"),
    )
    with page.below:
        page.bet(
            "catapult",
            f"B's learning rate is {number(multiples[1], 3)} times the border that the rule names. What will its loss do?",
            RISE,
            RISE[kind_of(run.moments, 1)],
            why_it_rose(run.moments, runs[1]),
            about=name,
            known=run.ended,
        )
    shown = run.moments[: at + 1]
    paper_check(
        page,
        "Lewkowycz, Bahri, Dyer, Sohl-Dickstein, Gur-Ari 2020, *The large learning rate phase of deep learning: the catapult "
        "mechanism*, [arXiv 2003.02218](https://arxiv.org/abs/2003.02218)",
        *catapult_checks(shown, multiples),
    )
    page.notice(*tell_catapult(shown, multiples))
    page.table(catapult_table(shown), "Loss and sharpness, moment by moment", file="catapult")
    page.code(digits_edge_script(dataset, PAIR, runs))


def _pictures(moments: Sequence[Trio], runs: Sequence[EdgeSettings], steps: int) -> list[Picture]:
    first = moments[0][0]
    losses, sharp = [], []
    for place, letter in enumerate(LETTERS):
        mine = moments_of(moments, place)
        losses.append(run_rows([one.losses for _, one in mine], [one.step for _, one in mine], letter))
        sharp.append(moment_rows([one.step for _, one in mine], [one.sharpness for _, one in mine], letter))
        border = runs[place].border_at(0)
        sharp.append(border_rows([0, steps], [border, border], f"2/lr {letter}"))
    names = {letter: (COLORS[letter], SOLID) for letter in LETTERS}
    borders = {f"2/lr {letter}": (COLORS[letter], DASHED) for letter in LETTERS}
    top = 2.0 * max(first.sharpness, *(run.border_at(0) for run in runs[1:]))
    return [
        Picture(
            named_lines(
                pd.concat(losses),
                names,
                last=steps,
                y_domain=decades(first.loss / 300, first.loss * 10),
                title="loss",
                x_title=None,
                log=True,
                height=190,
            ),
            f"Loss against step of three learning rates, {number(first.loss, 3)} at the start.",
        ),
        Picture(
            named_lines(
                pd.concat(sharp),
                names | borders,
                last=steps,
                y_domain=(0.0, top),
                title="sharpness λ",
                legend=[],
                height=180,
            ),
            f"Sharpness against step, {number(first.sharpness, 3)} at the start, and each run's border 2 / learning rate.",
        ),
    ]
