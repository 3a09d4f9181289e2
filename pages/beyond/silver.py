"""Steps beyond the cliff that win: the silver schedule against every constant step, on least squares."""

import numpy as np
import pandas as pd
import streamlit as st

from pages.beyond.digits import PAIR, choose_digits
from pages.beyond.paper import paper_check
from pages.ui.datasets import digits_of
from pages.ui.page import Page
from pages.ui.shown import Moments, Picture
from sgd_core.beyond.silver import SilverMoment, least_squares, silver_race, worst_cases
from sgd_core.beyond.silver_words import (
    LONG,
    SHORT,
    silver_answer,
    silver_checks,
    silver_numbers,
    silver_table,
    tell_silver,
    worst_case_table,
)
from sgd_core.charts.series import DASHED, DOTTED, SOLID, A, B, C, D, decades, moment_rows, named_lines
from sgd_core.export.beyond import silver_script
from sgd_core.moments import moment_steps
from sgd_core.numbers import number

COUNTS = {f"{2**k - 1:,}": k for k in (6, 7, 8, 9, 10)}
LOOKS = ((A, DASHED), (B, DASHED), (C, DOTTED), (D, SOLID))
KAPPAS = np.geomspace(10, 10_000, 25)


@st.cache_data(max_entries=16, show_spinner="Racing four rules …")
def race_of(dataset: str, steps: int) -> tuple[list[SilverMoment], float, float]:
    """Return the race, L, and the squared distance from the start to the minimum."""
    task = least_squares(digits_of(dataset, PAIR))
    return list(silver_race(task, steps)), task.largest, float((task.distances**2).sum())


@st.cache_data(show_spinner=False)
def needed() -> pd.DataFrame:
    """Return how many steps each rule needs in the worst case, over condition numbers."""
    return worst_cases(KAPPAS)


def silver(page: Page) -> None:
    """Race the silver steps."""
    with page.controls:
        dataset, _ = choose_digits(page)
        doublings = COUNTS[page.segments("silver_steps", "Steps", list(COUNTS), "1,023")]
        log_steps = page.toggle("silver_log", "Spread the first steps", True)
        st.caption(
            "All four rules begin at zero weights and have no momentum. The targets are 1 and −1, the loss is half the mean "
            "squared error, and L is its largest bend."
        )
    steps = 2**doublings - 1
    race, largest, distance = race_of(dataset, steps)
    names = list(race[-1].gaps)
    moments = moment_steps(steps)
    at = page.player(
        _pictures(race, names, moments, log_steps),
        Moments(silver_numbers(race, names, moments), run=(dataset, steps)),
    )
    longest = max(moment.taken["silver"] for moment in race)
    with page.below:
        page.bet(
            "silver",
            f"One of the silver steps is {number(longest, 4)}/L long; the cliff for a constant step stands at 2/L. "
            f"What is closer to the minimum after {steps:,} steps?",
            [SHORT, LONG],
            *silver_answer(race),
            about=(dataset, steps),
        )
    paper_check(
        page,
        "Altschuler, Parrilo 2023, *Acceleration by stepsize hedging* I, [arXiv 2309.07879](https://arxiv.org/abs/2309.07879), and "
        "II, [arXiv 2309.16530](https://arxiv.org/abs/2309.16530). The condition number κ is the largest bend over the smallest; "
        "steps are counted on the worst quadratic loss, κ from 10 to 10,000.",
        *silver_checks(race, doublings, largest, distance, needed()),
    )
    with page.opened("Steps needed in the worst case", ":material/query_stats:") as opened:
        if opened:
            st.caption("Steps until every distance is a millionth of the first one, for each condition number κ.")
            st.dataframe(worst_case_table(needed()), hide_index=True)
    page.notice(*tell_silver(race, names, int(moments[at])))
    page.table(silver_table(race, names), "Step by step", file="silver")
    page.code(silver_script(dataset, PAIR, steps, [race[1].taken[name] for name in names if name != "silver"]))


def _pictures(race: list[SilverMoment], names: list[str], moments: np.ndarray, log_steps: bool) -> list[Picture]:
    steps = [int(step) for step in moments]
    lines = dict(zip(names, LOOKS, strict=True))
    gaps = [moment_rows(steps, [race[step].gaps[name] for step in steps], name) for name in names]
    first = race[0].gaps["silver"]
    lowest = min(min(race[-1].gaps.values()), first / 100)
    order = np.searchsorted(moments, np.arange(1, len(race)))
    taken = pd.DataFrame(
        {
            "series": "silver",
            "moment": order,
            "step": range(1, len(race)),
            "value": [moment.taken["silver"] for moment in race[1:]],
            "now": np.isin(np.arange(1, len(race)), moments),
        }
    )
    cliff = pd.DataFrame(
        {"series": "2/L, the cliff", "moment": 0, "step": [0, len(race) - 1], "value": 2.0, "now": False}
    )
    return [
        Picture(
            named_lines(
                pd.concat(gaps),
                lines,
                last=len(race) - 1,
                y_domain=decades(lowest, first * 300),
                title="gap in loss",
                x_title=None,
                log=True,
                log_steps=log_steps,
                height=215,
            ),
            f"Loss above its minimum against step for {', '.join(names)}; {number(first, 3)} at the start.",
        ),
        Picture(
            named_lines(
                pd.concat([taken, cliff]),
                {"silver": LOOKS[3], "2/L, the cliff": (B, DASHED)},
                last=len(race) - 1,
                y_domain=decades(1.0, float(taken["value"].max())),
                title="step size × L",
                log=True,
                log_steps=log_steps,
                legend=["2/L, the cliff"],
                height=160,
            ),
            f"The silver step sizes in units of 1/L, up to {number(taken['value'].max(), 4)}.",
        ),
    ]
