"""How losses are drawn over steps: as they are, or on a logarithmic axis as what they lie above the lowest."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import altair as alt
import numpy as np
import pandas as pd

from sgd_core.charts.over_steps import drawn_steps, gap_window, last_known, over_steps
from sgd_core.charts.palette import ceiling

AUTOMATIC, LINEAR, LOGARITHMIC = "automatic", "linear", "logarithmic"
Range = tuple[float, float]


class LossAxis(NamedTuple):
    """How losses are drawn: as they are, or on a logarithmic axis as what they lie above the lowest."""

    log: bool
    domain: Range
    title: str
    log_steps: bool
    base: float

    def rows(self, losses: dict[str, np.ndarray], moments: np.ndarray) -> pd.DataFrame:
        """Return the rows of `over_steps` for the losses (steps + 1,) of each run; one run called "" has no letter."""
        frames = []
        for run, loss in losses.items():
            kept = drawn_steps([loss], moments)
            frame = kept.assign(value=last_known(loss)[kept["step"]] - self.base, now=kept["step"].isin(moments))
            frames.append(frame.assign(run=run) if run else frame[np.isfinite(loss[kept["step"]])])
        frame = pd.concat(frames, ignore_index=True)
        return frame[np.isfinite(frame["value"])]

    def picture(
        self,
        losses: dict[str, np.ndarray],
        moments: np.ndarray,
        *,
        last: int | None = None,
        title: str = "",
        level: tuple[float, str] | None = None,
        dots: bool = True,
        height: int,
    ) -> alt.LayerChart:
        """Draw `rows` of the losses against the step, up to `last` (else all); `title` where they are no mere losses."""
        return over_steps(
            self.rows(losses, moments),
            last=len(next(iter(losses.values()))) - 1 if last is None else last,
            y_domain=self.domain,
            title=title or self.title,
            log=self.log,
            log_steps=self.log_steps,
            level=level,
            dots=dots,
            height=height,
        )


def loss_axis(chosen: tuple[str, bool], losses: Sequence[np.ndarray], lowest: float, drawn: Range) -> LossAxis:
    """Return the axis for the losses of runs; `drawn` is the range of losses that the picture shows.

    Automatic is linear, unless a run leaves the picture by far: on a linear axis that is a row of arrows.
    """
    every = np.stack(losses)
    finite = every[np.isfinite(every)]
    far = bool((~np.isfinite(every)).any() or (finite > drawn[1] + 2 * (drawn[1] - drawn[0])).any())
    scale, log_steps = chosen
    if (scale == LOGARITHMIC or (scale == AUTOMATIC and far)) and math.isfinite(lowest):
        base = 0.0 if abs(lowest) < 1e-12 else min(lowest, float(finite.min(initial=lowest)))
        title = "loss" if base == 0 else "loss above the lowest"
        return LossAxis(True, gap_window(every - base), title, log_steps, base)
    seen = finite[(finite >= drawn[0]) & (finite <= drawn[1])]
    if not seen.size:
        return LossAxis(False, drawn, "loss", log_steps, 0.0)
    low, high = float(seen.min()), drawn[1] if far else float(seen.max())
    gap = 0.08 * (high - low) or 0.5 * max(abs(high), 1.0)
    unit = ceiling(
        (high - low + 2 * gap) / 20, steps=(1, 2, 5)
    )  # round ends: they stay where they are from stop to stop
    ends = (math.floor((low - gap) / unit) * unit, math.ceil((high + gap) / unit) * unit)
    return LossAxis(False, ends, "loss", log_steps, 0.0)
