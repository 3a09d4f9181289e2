"""How several runs stand: their losses against the step, the ranking, and who will be ahead."""

import math
from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.stepping.common import loss_window, signed
from pages.stepping.racers import Racer
from pages.ui.parts import download_csv
from pages.ui.pictures import picture
from pages.ui.quiz import predict_first
from sgd_core.charts.downsample import downsample as thin
from sgd_core.charts.race import gap_window, race_lines

LOSS, GAP = "loss", "gap, logarithmic"
EACH = 120  # points drawn of a run
DOTTED = 200  # steps up to which each one is a dot on the path


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


class Standings:
    """The runs of a race as they are drawn: thinned once, their loss axis settled once."""

    def __init__(
        self,
        racers: Sequence[Racer],
        runs: Sequence[pd.DataFrame],
        *,
        places: Sequence[str],
        lowest: float,
        scale: str,
        drawn: tuple[float, float],
    ) -> None:
        """`places` are the columns of the weights, `lowest` the loss that gaps are measured from.

        `scale` is `LOSS` or `GAP`; `drawn` is the range of losses that the picture of the function shows.
        """
        self.racers, self.runs, self.steps = racers, runs, len(runs[0]) - 1
        self.log = scale == GAP
        losses = np.stack([run["loss"].to_numpy() for run in runs])
        self.values = losses - lowest if self.log else losses
        self.window = gap_window(self.values) if self.log else loss_window(losses.ravel(), drawn)
        self.places = [[run[name].to_numpy() for name in places] for run in runs]
        self.along = [thin(columns, EACH) for columns in self.places]
        self.over_time = [thin([column], EACH) for column in losses]
        self.dots = self.steps <= DOTTED

    def paths(self, step: int, heights: bool = False) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Return for each letter the places to draw at `step`, the present one last: x and y, or w and its loss."""
        found = {}
        for racer, run, columns, thinned in zip(self.racers, self.runs, self.places, self.along, strict=True):
            rows = thinned.until(step)
            found[racer.letter] = (columns[0][rows], (run["loss"].to_numpy() if heights else columns[1])[rows])
        return found

    def paint_losses(self, slot: DeltaGenerator, step: int, live: bool, height: int = 260) -> None:
        """Draw every run's loss so far; a run whose numbers have ended stays at its last one."""
        parts = []
        for racer, values, thinned in zip(self.racers, self.values, self.over_time, strict=True):
            rows = thinned.until(step)
            rows = rows[np.isfinite(values[rows])]
            frame = pd.DataFrame({"racer": racer.letter, "step": rows, "value": values[rows]})
            parts.append(frame.assign(now=frame["step"] == (rows[-1] if rows.size else -1)))
        order = ", ".join(f"{racer.letter} {self.said(place, step)}" for place, racer in enumerate(self.racers))
        picture(
            race_lines,
            pd.concat(parts, ignore_index=True),
            slot=slot,
            live=live,
            steps=self.steps,
            y_domain=self.window,
            log=self.log,
            title="loss above the lowest" if self.log else "loss",
            height=height,
            alt=f"Loss against step for {len(self.racers)} runs. At step {step}: {order}.",
        )

    def order(self, step: int) -> list[int]:
        """Return the runs' places in the list by their loss at `step`, the lowest first, runs without one last."""
        losses = [float(run["loss"].iloc[step]) for run in self.runs]
        gone = [run["status"].iloc[step] == "diverged" for run in self.runs]
        return sorted(range(len(self.runs)), key=lambda i: (gone[i], losses[i], i))

    def table(self, step: int, places: Sequence[str]) -> str:
        """Return the ranking at `step` as a Markdown table, with `places` where there is room for them."""
        weights = ["w"] if len(places) == 1 else list(places)
        lines = [_row(["", "run", *weights, "loss"]), _row(["---"] * (3 + len(weights)))]
        for rank, place in enumerate(self.order(step), 1):
            row = self.runs[place].iloc[step]
            name = self.racers[place].title
            if row["status"] == "diverged":
                lines.append(_row(["–", name, *[""] * len(weights), self.said(place, step)]))
            else:
                lines.append(_row([str(rank), name, *[signed(float(row[c])) for c in [*places, "loss"]]]))
        return "\n".join(lines)

    def diverged(self, step: int) -> list[str]:
        """Return a sentence for each run that has diverged by `step`."""
        told = []
        for racer, run in zip(self.racers, self.runs, strict=True):
            if run["status"].iloc[step] == "diverged":
                at = int((run["status"] == "diverged").to_numpy().argmax())
                told.append(
                    f"**{racer.letter} diverged at step {at:,}**: its numbers grew beyond all bounds or left the places "
                    f"where the function is defined. The learning rate {racer.lr:g} is too much for {racer.kind} here."
                )
        return told

    def history(self, step: int, columns: Mapping[str, str], key: str) -> None:
        """Show the steps so far of all runs, with `columns` under the names they are given."""
        pairs = zip(self.racers, self.runs, strict=True)
        seen = pd.concat([run[run["step"] <= step].assign(run=racer.title) for racer, run in pairs])
        seen = seen[["run", "step", "loss", *columns]].rename(columns=dict(columns))
        st.dataframe(seen, hide_index=True, width="stretch", height=300)
        download_csv(seen, "race", key=key)

    def ask(self, key: str, about: Hashable) -> None:
        """Ask who will have the lowest loss in the end."""
        with st.expander("Predict first", icon=":material/psychology:", key=f"{key}_expander"):
            best = self.order(self.steps)
            first = self.racers[best[0]]
            said = ", ".join(f"{self.racers[i].letter} {self.said(i, self.steps)}" for i in best)
            predict_first(
                key,
                f"After {self.steps:,} steps, which run has the lowest loss?",
                [racer.letter for racer in self.racers],
                first.letter,
                f"the losses will be {said}.",
                about=about,
            )

    def said(self, place: int, step: int) -> str:
        """Return a run's loss at `step` in words."""
        run = self.runs[place]
        loss = float(run["loss"].iloc[step])
        if run["status"].iloc[step] == "diverged" or not math.isfinite(loss):
            return "diverged"
        return signed(loss)
