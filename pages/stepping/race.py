"""A race: the same start for several learning rates and optimizers, a lane each."""

import numpy as np
import streamlit as st

from pages.stepping.optimizer_choice import Proposal, Racer, choose_racers, propose
from pages.stepping.ranking import Ranking
from pages.stepping.start import choose_loss_axis, choose_start, drawn_curve, random_start, start_there
from pages.ui.page import Page
from pages.ui.shown import Moments, Picture
from sgd_core.charts.loss_axis import loss_axis
from sgd_core.charts.over_steps import over_steps
from sgd_core.charts.palette import RACERS
from sgd_core.charts.race import lane_rows, lanes, race_on_curve, race_rows
from sgd_core.descent.one_weight import MOST_STEPS, lowest_in_picture, walk
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
NOBODY = "none of them"


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
    losses = over_steps(
        axis.rows(ranking.losses, moments),
        last=steps,
        y_domain=axis.domain,
        title=axis.title,
        log=axis.log,
        log_steps=axis.log_steps,
        dots=False,
        height=190,
    )
    pictures.append(Picture(losses, f"Loss against step for {many} runs.", where="beneath"))
    about = (function, start, steps, tuple(racers))
    at = page.player(pictures, Moments(ranking.numbers(moments), run=about), name="race")
    step = int(moments[at])
    with page.controls:
        _bet(page, ranking, about)
    page.below.markdown(ranking.table(step))
    page.notice(*_tell(ranking, step))
    columns = {"x": "w", "gradient": "gradient", "update": "step taken"}
    page.table(ranking.history(step, columns), "History of all runs", file="race")
    code = [(racer.title, racer.torch_code) for racer in racers]
    page.code(walk_script(function.torch_code, start=start, runs=code, steps=steps))


def _fill(page: Page, field: list[Proposal]) -> None:
    propose(page, "race", field, LETTERS)
    page.set("race_runs", len(field))


def _bet(page: Page, ranking: Ranking, about: tuple[object, ...]) -> None:
    winner = ranking.winner
    answer = NOBODY if winner is None else ranking.racers[winner].letter
    arrivals = [
        f"{racer.letter} from step {since:,}" if since is not None else f"{racer.letter} never"
        for racer, since in zip(ranking.racers, ranking.arrived, strict=True)
    ]
    page.bet(
        "race",
        f"Which run is the first to stay within 1 % of the way, in {ranking.steps:,} steps?",
        [*ranking.letters, NOBODY],
        answer,
        f"they stay there so: {', '.join(arrivals)}.",
        about=about,
    )


def _tell(ranking: Ranking, step: int) -> list[str]:
    told = ranking.diverged(step)
    if step == 0:
        return told + _first_steps(ranking)
    best = ranking.order(step)[0]
    if not ranking.gone(best, step):
        racer, since = ranking.racers[best], ranking.arrived[best]
        near = f"it stays within 1 % of the way from step {since:,} on" if since is not None and since <= step else ""
        near = near or f"it is {number(ranking.distances[best][step])} away from the lowest place"
        near = near if ranking.known else f"its loss is {ranking.said(best, step)}"
        told.append(f"Ahead after {step:,} steps: {racer.mark}, **{racer.name}**: {near}.")
    return told + _turning(ranking, step)


def _first_steps(ranking: Ranking) -> list[str]:
    runs, racers = ranking.runs, ranking.racers
    lengths = ", ".join(
        f"{racer.letter} {number(abs(run['update'].iloc[0]), 3)}" for racer, run in zip(racers, runs, strict=True)
    )
    told = [
        f"All see the same slope, {number(runs[0]['gradient'].iloc[0])}, and answer with first steps of this length: "
        f"{lengths}."
    ]
    for racer in racers:
        if racer.optimizer.row.sign_like:
            told.append(
                f"{racer.mark} divides by the size of the slope, so the length of its first step comes from its learning "
                f"rate, {number(racer.lr)}, and not from how steep it is."
            )
            break
    return told


def _turning(ranking: Ranking, step: int) -> list[str]:
    told = []
    for racer, run in zip(ranking.racers, ranking.runs, strict=True):
        moves = np.sign(run["update"].to_numpy()[:step])
        flips = int((moves[1:] * moves[:-1] < 0).sum())
        if flips:
            times = "once" if flips == 1 else f"{flips:,} times"
            told.append(f"{racer.mark} turned around {times}: {_why(racer)}.")
    return told[:3]


def _why(racer: Racer) -> str:
    options = racer.optimizer.options
    remembers = options.get("momentum", 0.0) > 0 or options.get("betas", (0.0,))[0] > 0
    if remembers:
        return "what it remembers of earlier slopes carried it past the lowest place"
    return "its step was longer than the way to the lowest place"
