"""A race in words: its numbers at each moment, its ranking as a table, and what to notice."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sgd_core.bet import Bet
from sgd_core.descent.racers import Racer
from sgd_core.descent.ranking import Ranking
from sgd_core.numbers import number

NOBODY = "none of them"
MOST_TOLD = 3  # runs whose turning is told


def race_numbers(ranking: Ranking, moments: np.ndarray) -> pd.DataFrame:
    """Return the step and every run's loss at each moment (a step), as text."""
    shown = {"step": [number(int(step)) for step in moments]}
    for place, racer in enumerate(ranking.racers):
        shown[f"loss {racer.letter}"] = [loss_of(ranking, place, int(step)) for step in moments]
    return pd.DataFrame(shown)


def loss_of(ranking: Ranking, place: int, step: int) -> str:
    """Return a run's loss at `step` in words."""
    return "diverged" if ranking.gone(place, step) else number(ranking.runs[place]["loss"].iloc[step])


def race_table(ranking: Ranking, step: int) -> str:
    """Return the ranking at `step` as a Markdown table."""
    weights = ["w"] if len(ranking.columns) == 1 else ranking.columns
    lines = [
        _row(["", "run", "learning rate", "steps to 1 %", *weights, "loss"]),
        _row(["---"] * (5 + len(weights))),
    ]
    for rank, place in enumerate(ranking.order(step), 1):
        racer, since = ranking.racers[place], ranking.arrived_by(place, step)
        cells = [f"{racer.mark} {racer.kind}", number(racer.lr)]
        if ranking.gone(place, step):
            lines.append(_row(["–", *cells, "never", *[""] * len(weights), "diverged"]))
            continue
        row = ranking.runs[place].iloc[step]
        arrival = number(since) if since is not None else "not yet" if step < ranking.steps else "–"
        lines.append(_row([str(rank), *cells, arrival, *(number(row[name]) for name in [*ranking.columns, "loss"])]))
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def tell_diverged(ranking: Ranking, step: int) -> list[str]:
    """Return a sentence for each run that has diverged by `step`."""
    told = []
    for place, racer in enumerate(ranking.racers):
        if ranking.gone(place, step):
            at = int((ranking.runs[place]["status"] == "diverged").to_numpy().argmax())
            told.append(
                f"{racer.mark} **diverged at step {at:,}**: its numbers grew beyond all bounds, or left the places "
                f"where the function has a value. The learning rate {number(racer.lr)} is too high for it here."
            )
    return told


def tell_race(ranking: Ranking, step: int) -> list[str]:
    """Say what to notice at a step of a race over a function of one weight."""
    told = tell_diverged(ranking, step)
    if step == 0:
        return told + _first_steps(ranking)
    best = ranking.order(step)[0]
    if not ranking.gone(best, step):
        racer, since = ranking.racers[best], ranking.arrived_by(best, step)
        if not ranking.known:
            near = f"its loss is {loss_of(ranking, best, step)}"
        elif since is not None:
            near = f"it stays within 1 % of the way from step {since:,} on"
        else:
            near = f"it is {number(ranking.distances[best][step])} away from the lowest place"
        told.append(f"Ahead after {step:,} steps: {racer.mark}, **{racer.name}**: {near}.")
    return told + _turning(ranking, step)


def _first_steps(ranking: Ranking) -> list[str]:
    lengths = ", ".join(
        f"{racer.letter} {number(abs(run['update'].iloc[0]), 3)}"
        for racer, run in zip(ranking.racers, ranking.runs, strict=True)
    )
    told = [
        f"All see the same slope, {number(ranking.runs[0]['gradient'].iloc[0])}, and answer with first steps of this "
        f"length: {lengths}."
    ]
    normed = next((racer for racer in ranking.racers if racer.optimizer.row.sign_like), None)
    if normed:
        told.append(
            f"{normed.mark} divides by the size of the slope, so the length of its first step comes from its learning "
            f"rate, {number(normed.lr)}, and not from how steep it is."
        )
    return told


def _turning(ranking: Ranking, step: int) -> list[str]:
    told = []
    for racer, run in zip(ranking.racers, ranking.runs, strict=True):
        moves = np.sign(run["update"].to_numpy()[:step])
        flips = int((moves[1:] * moves[:-1] < 0).sum())
        if flips:
            times = "once" if flips == 1 else f"{flips:,} times"
            told.append(f"{racer.mark} turned around {times}: {_why(racer)}.")
    return told[:MOST_TOLD]


def _why(racer: Racer) -> str:
    options = racer.optimizer.options
    if options.get("momentum", 0.0) > 0 or options.get("betas", (0.0,))[0] > 0:
        return "what it remembers of earlier slopes carried it past the lowest place"
    return "its step was longer than the way to the lowest place"


def arrival_bet(ranking: Ranking) -> Bet:
    """Ask who is the first to come near the minimum and stay there."""
    winner = ranking.winner
    arrivals = [
        f"{racer.letter} from step {since:,}" if since is not None else f"{racer.letter} never"
        for racer, since in zip(ranking.racers, ranking.arrived, strict=True)
    ]
    return Bet(
        f"Which run is the first to stay within 1 % of the way, in {ranking.steps:,} steps?",
        [*ranking.letters, NOBODY],
        NOBODY if winner is None else ranking.racers[winner].letter,
        f"they stay there so: {', '.join(arrivals)}.",
    )


def lowest_loss_bet(ranking: Ranking) -> Bet:
    """Ask whose loss is the lowest in the end."""
    losses = ", ".join(f"{racer.letter} {loss_of(ranking, i, ranking.steps)}" for i, racer in enumerate(ranking.racers))
    return Bet(
        f"After {ranking.steps:,} steps, which run has the lowest loss?",
        ranking.letters,
        ranking.racers[ranking.lowest].letter,
        f"the losses will be {losses}.",
    )
