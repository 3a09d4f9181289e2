"""A race: the same start for several learning rates and optimizers, a lane each."""

import streamlit as st

from pages.stepping.optimizer_choice import choose_racers, propose
from pages.stepping.start import choose_loss_axis, choose_start, drawn_curve, random_start, start_there
from pages.ui.page import Page
from pages.ui.shown import Moments, Picture
from sgd_core.charts.loss_axis import loss_axis
from sgd_core.charts.palette import RACERS
from sgd_core.charts.race import lane_rows, lanes, race_on_curve, race_rows
from sgd_core.descent.one_weight import MOST_STEPS, lowest_in_picture, walk
from sgd_core.descent.race_words import arrival_bet, race_numbers, race_table, tell_race
from sgd_core.descent.racers import Proposal
from sgd_core.descent.ranking import Ranking
from sgd_core.export.descent import walk_script
from sgd_core.moments import moment_steps
from sgd_core.numbers import number

LETTERS = list(RACERS)
DEFAULT = [
    Proposal("sgd", 0.1),
    Proposal("sgd", 0.95),
    Proposal("sgd", 0.1, {"momentum": 0.5}),
    Proposal("adam", 0.1),
    Proposal("rmsprop", 0.1),
    Proposal("adagrad", 0.1),
]
PRESETS = {
    "Six learning rates": [Proposal("sgd", lr) for lr in (0.01, 0.05, 0.2, 0.5, 0.9, 1.02)],
    "Six optimizers": [
        Proposal("sgd", 0.1),
        Proposal("sgd", 0.1, {"momentum": 0.5}),
        Proposal("sgd", 0.1, {"momentum": 0.5, "nesterov": True}),
        *DEFAULT[3:],
    ],
}


def race(page: Page) -> None:
    """Race down a function of one weight."""
    with page.controls:
        function, start = choose_start(page)
    with page.more("More runs, steps, axes, random start", icon=":material/tune:"):
        left, middle, right = st.columns(3, gap="medium")
        with left:
            many = page.whole("race_runs", "Runs", 2, 6, 4)
            with st.container(horizontal=True, gap="small"):
                for name, field in PRESETS.items():
                    st.button(name, key=page.key(f"race_{name.split()[1]}"), on_click=_fill, args=(page, field))
            steps = page.whole("race_steps", "Steps", 1, MOST_STEPS, 60)
        with middle:
            axes = choose_loss_axis(page, "race_")
        with right:
            random_start(page, function)
    with page.controls:
        racers = choose_racers(page, "race", DEFAULT[:many], LETTERS[:many])
    runs = walk(function, start, tuple(r.lr for r in racers), steps, tuple(r.optimizer for r in racers))
    lowest = lowest_in_picture(function)
    ranking = Ranking(racers, runs, ["x"], [lowest.x])
    moments = moment_steps(steps)
    curve, y_domain = drawn_curve(function)
    axis = loss_axis(axes, list(ranking.losses.values()), lowest.loss, y_domain)
    letters = ranking.letters
    pictures = [
        Picture(
            race_on_curve(
                race_rows(curve, ranking.paths, moments, y_domain),
                x_domain=function.domain,
                y_domain=y_domain,
                pick=True,
                height=max(150, 325 - 36 * many),
            ),
            f"{many} runs on the curve of {function.formula}. A click on the curve starts there.",
            on_pick=start_there(page),
        )
    ]
    if ranking.known:
        names = {racer.letter: racer.title for racer in racers}
        rows = lane_rows(
            dict(zip(letters, ranking.distances, strict=True)),
            moments,
            names,
            dict(zip(letters, ranking.arrived, strict=True)),
            ranking.reference,
        )
        title = f"distance to the lowest place, w = {number(lowest.x)}; the dashed line is 1 % of the way"
        pictures.append(
            Picture(
                lanes(rows, letters=letters, reference=ranking.reference, title=title),
                "A lane for each run: its distance to the lowest place, on a logarithmic axis, falling to the right.",
            )
        )
    losses = axis.picture(ranking.losses, moments, dots=False, height=190)
    pictures.append(Picture(losses, f"Loss against step for {many} runs.", where="beneath"))
    about = (function, start, steps, tuple(racers))
    at = page.player(pictures, Moments(race_numbers(ranking, moments), run=about), name="race")
    step = int(moments[at])
    with page.controls:
        page.bet("race", *arrival_bet(ranking), about=about)
    page.below.markdown(race_table(ranking, step))
    page.notice(*tell_race(ranking, step))
    columns = {"x": "w", "gradient": "gradient", "update": "step taken"}
    page.table(ranking.history(step, columns), "History of all runs", file="race")
    code = [(racer.title, racer.torch_code) for racer in racers]
    page.code(walk_script(function.torch_code, start=start, runs=code, steps=steps))


def _fill(page: Page, field: list[Proposal]) -> None:
    propose(page, "race", field, LETTERS)
    page.set("race_runs", len(field))
