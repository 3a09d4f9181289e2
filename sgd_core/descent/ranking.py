"""How several runs stand: how far each is from the minimum, and who came near it first and stays there."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from sgd_core.descent.racers import Racer

NEAR = 0.01  # of the distance at the start


class Ranking:
    """Runs of a race, frames of steps 0..steps, with their distances (steps + 1,) to the nearest of some places."""

    def __init__(
        self, racers: Sequence[Racer], runs: Sequence[pd.DataFrame], columns: Sequence[str], *goals: Sequence[float]
    ) -> None:
        """`columns` are the weights; `goals` are the places of which the nearest counts, none where none is known."""
        self.racers, self.runs, self.columns = list(racers), list(runs), list(columns)
        self.known = bool(goals) and bool(np.isfinite(goals).all())
        self.distances = [_distance(run[self.columns].to_numpy(), goals) for run in runs]
        start = float(self.distances[0][0])
        self.reference = start if math.isfinite(start) and start > 0 else 1.0
        self.steps = len(runs[0]) - 1
        self.arrived = [self._since(place) for place in range(len(runs))]

    def _since(self, place: int) -> int | None:
        """Return the first step from which on the run stays within 1 % of the distance at the start."""
        if not self.known or self.gone(place, self.steps):
            return None
        outside = np.flatnonzero(~(self.distances[place] <= NEAR * self.reference))
        since = int(outside[-1]) + 1 if outside.size else 0
        return since if since <= self.steps else None

    @property
    def letters(self) -> list[str]:
        """The letters of all runs."""
        return [racer.letter for racer in self.racers]

    @property
    def paths(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """The two columns drawn of each run by letter: x and y, or w and the loss."""
        names = [*self.columns, "loss"][:2]
        return {
            racer.letter: (run[names[0]].to_numpy(), run[names[1]].to_numpy())
            for racer, run in zip(self.racers, self.runs, strict=True)
        }

    @property
    def losses(self) -> dict[str, np.ndarray]:
        """The losses of each run by letter."""
        return {racer.letter: run["loss"].to_numpy() for racer, run in zip(self.racers, self.runs, strict=True)}

    @property
    def lowest(self) -> int:
        """The run with the lowest loss in the end; one that has diverged has none."""
        losses = [math.inf if self.gone(i, self.steps) else run["loss"].iloc[-1] for i, run in enumerate(self.runs)]
        return int(np.argmin(losses))

    def arrived_by(self, place: int, step: int) -> int | None:
        """Return the step of a run's arrival, if that is at `step` or before."""
        since = self.arrived[place]
        return since if since is not None and since <= step else None

    def gone(self, place: int, step: int) -> bool:
        """Tell whether a run has diverged by `step`."""
        return bool(self.runs[place]["status"].iloc[step] == "diverged")

    def order(self, step: int) -> list[int]:
        """Return the runs' places, best first: by the step of arrival, as far as it has come, then by their distance."""

        def rank(place: int) -> tuple[bool, float, float]:
            since, distance = self.arrived_by(place, step), float(self.distances[place][step])
            soon = math.inf if since is None else float(since)
            far = distance if self.known else float(self.runs[place]["loss"].iloc[step])
            return self.gone(place, step), soon, far if math.isfinite(far) else math.inf

        return sorted(range(len(self.runs)), key=rank)

    @property
    def winner(self) -> int | None:
        """The run that is the first to stay near; None if there is none."""
        best = self.order(self.steps)[0]
        return best if self.arrived[best] is not None else None

    def history(self, step: int, columns: Mapping[str, str]) -> pd.DataFrame:
        """Return the steps so far of all runs, with `columns` under the names they are given."""
        pairs = zip(self.racers, self.runs, strict=True)
        seen = pd.concat([run[run["step"] <= step].assign(run=racer.title) for racer, run in pairs])
        return seen[["run", "step", "loss", *columns]].rename(columns=dict(columns))


def _distance(places: np.ndarray, goals: Sequence[Sequence[float]]) -> np.ndarray:
    """Return how far each place (steps + 1, weights) is from the nearest goal; NaN without a goal."""
    if not goals:
        return np.full(len(places), math.nan)
    with np.errstate(invalid="ignore", over="ignore"):
        away = np.stack([np.sqrt(((places - np.asarray(goal)) ** 2).sum(1)) for goal in goals])
    return np.asarray(away.min(axis=0))
