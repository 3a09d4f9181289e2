"""Catapult: learning rates below, beyond and far beyond the border 2/λ, on a small network that reads digits."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from pages.beyond.digits import PAIR, choose_digits, pair_task
from pages.beyond.paper import Check, paper_check
from pages.ui.page import Page
from pages.ui.player import Moments, Picture, Shown, Words
from sgd_core.beyond.edge import EdgeMoment, EdgeSettings, catapult_settings, side_by_side
from sgd_core.charts.series import DASHED, SOLID, A, B, C, border_rows, decades, moment_rows, named_lines, run_rows
from sgd_core.export.beyond import digits_edge_script
from sgd_core.numbers import number
from sgd_core.recording import Recording

EVERY = 2
LETTERS = ("A", "B", "C")
COLORS = {"A": A, "B": B, "C": C}
RISE = ("It falls from the first step on", "It rises first, then falls", "It rises until it is no number any more")


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
            Moments(_numbers(run.moments), recording=run, last=last, keep=False),
        ),
        words=Words("Train", "Train again", "Step"),
    )
    with page.below:
        page.bet(
            "catapult",
            f"B's learning rate is {number(multiples[1], 3)} times the border that the rule names. What will its loss do?",
            RISE,
            RISE[_kind(run.moments, 1)],
            _why(run.moments, runs[1]),
            about=name,
            known=run.ended,
        )
    shown = run.moments[: at + 1]
    landed = [
        share(shown, place) for place in range(3) if multiples[place] > 1 and shown[-1][place].status != "diverged"
    ]
    paper_check(
        page,
        "Lewkowycz, Bahri, Dyer, Sohl-Dickstein, Gur-Ari 2020, *The large learning rate phase of deep learning: the catapult "
        "mechanism*, [arXiv 2003.02218](https://arxiv.org/abs/2003.02218)",
        Check("Where the catapult is seen", "from 1 to about 2 times 2/λ", _seen(shown, multiples)),
        Check(
            "Sharpness afterwards",
            "lower than at the start",
            (", ".join(f"{number(one, 2)} times the start" for one in landed) or "no rate beyond 1 is left")
            if at
            else None,
        ),
    )
    page.notice(*tell(shown, multiples))
    page.table(_table(shown), "Loss and sharpness, moment by moment", file="catapult")
    page.code(digits_edge_script(dataset, PAIR, runs))


Trio = tuple[EdgeMoment, ...]


def own(moments: Sequence[Trio], place: int) -> list[tuple[int, EdgeMoment]]:
    """Return one run's own moments with their places; what stands still after its end is left out."""
    kept: list[tuple[int, EdgeMoment]] = []
    for at, trio in enumerate(moments):
        if not kept or trio[place] is not kept[-1][1]:
            kept.append((at, trio[place]))
    return kept


def share(moments: Sequence[Trio], place: int) -> float:
    """Return the run's last finite sharpness over its first."""
    sharp = [one.sharpness for _, one in own(moments, place) if np.isfinite(one.sharpness)]
    return sharp[-1] / sharp[0]


def _kind(moments: Sequence[Trio], place: int) -> int:
    """Return which of the three answers a run gives."""
    own_moments = own(moments, place)
    losses = np.concatenate([one.losses for _, one in own_moments])
    if own_moments[-1][1].status == "diverged":
        return 2
    return 1 if losses.max() > 1.02 * losses[0] else 0


def _why(moments: Sequence[Trio], settings: EdgeSettings) -> str:
    losses = np.concatenate([one.losses for _, one in own(moments, 1)])
    top = int(losses.argmax())
    return (
        f"with the learning rate {number(settings.lr, 3)} the loss goes from {number(losses[0], 3)} to a highest "
        f"{number(losses[top], 3)} at step {top}, and is {number(losses[-1], 3)} at step {len(losses) - 1}."
    )


def _pictures(moments: Sequence[Trio], runs: Sequence[EdgeSettings], steps: int) -> list[Picture]:
    first = moments[0][0]
    losses, sharp = [], []
    for place, letter in enumerate(LETTERS):
        mine = own(moments, place)
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


def _numbers(moments: Sequence[Trio]) -> pd.DataFrame:
    rows = []
    for trio in moments:
        row = {"step": number(max(one.step for one in trio))}
        for letter, one in zip(LETTERS, trio, strict=True):
            row[f"loss {letter}"] = "lost" if one.status == "diverged" else number(one.loss, 3)
        row["λ of A, B, C"] = ", ".join(
            "lost" if one.status == "diverged" else number(one.sharpness, 3) for one in trio
        )
        rows.append(row)
    return pd.DataFrame(rows)


def _table(moments: Sequence[Trio]) -> pd.DataFrame:
    rows = [
        (letter, one.step, one.lr, one.loss, one.sharpness, one.border, one.status)
        for place, letter in enumerate(LETTERS)
        for _, one in own(moments, place)
    ]
    return pd.DataFrame(rows, columns=["run", "step", "lr", "loss", "sharpness", "border", "status"])


def _seen(moments: Sequence[Trio], multiples: Sequence[float]) -> str:
    seen = [number(times, 3) for place, times in enumerate(multiples) if _kind(moments, place) == 1]
    lost = [number(times, 3) for place, times in enumerate(multiples) if _kind(moments, place) == 2]
    words = f"at {' and '.join(seen)} times" if seen else "not yet"
    return f"{words}; lost at {' and '.join(lost)} times" if lost else words


def tell(moments: Sequence[Trio], multiples: Sequence[float]) -> list[str]:
    """Say what the three runs have done so far."""
    first = moments[0][0]
    sentences = [
        f"The **sharpness** λ is the largest second derivative of the loss, over all directions of the weights. It is "
        f"{number(first.sharpness, 3)} at the start, so the rule forbids learning rates above 2/λ = {number(2 / first.sharpness, 3)}."
    ]
    if len(moments) == 1:
        return [*sentences, "Press **Train**: A obeys the rule, B and C break it."]
    for place, letter in enumerate(LETTERS):
        mine = own(moments, place)
        losses = np.concatenate([one.losses for _, one in mine])
        said = f"**{letter}**, {number(multiples[place], 3)} times the border: "
        kind = _kind(moments, place)
        if kind == 2:
            said += f"lost at step {mine[-1][1].step}. No flatter place came in time to save it."
        elif kind == 1:
            said += (
                f"the loss rose from {number(losses[0], 3)} to {number(losses.max(), 3)} and is {number(losses[-1], 3)} now. "
                f"The large steps threw it to a place where λ is {number(share(moments, place), 2)} times the first one."
            )
        else:
            said += (
                f"the loss went from {number(losses[0], 3)} to {number(losses[-1], 3)}; λ is {number(share(moments, place), 2)} "
                "times the first one."
            )
        sentences.append(said)
    alive = {letter: moments[-1][place].loss for place, letter in enumerate(LETTERS) if _kind(moments, place) < 2}
    if alive:
        best = min(alive, key=alive.__getitem__)
        broke = multiples[LETTERS.index(best)] > 1
        sentences.append(
            f"The lowest loss so far, {number(alive[best], 3)}, is {best}'s"
            + (": a rate that the rule forbids is ahead." if broke else ".")
            + " The rule holds for a parabola, whose bend is the same everywhere. A network can move to where it bends less."
        )
    return sentences
