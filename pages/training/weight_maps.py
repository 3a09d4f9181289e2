"""The weight maps of the Digit training page, on a scale that only grows."""

import math
from collections.abc import Callable
from typing import Any

import altair as alt
import numpy as np
from streamlit.delta_generator import DeltaGenerator

from pages.training.session import Run
from pages.ui.datasets import dead_of, digits_of
from pages.ui.pictures import picture
from sgd_core.charts import maps
from sgd_core.charts.palette import weight_limit
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.training import Snapshot

MOST_MAPS = 30
QUANTITIES: dict[str, Callable[[Snapshot, Snapshot], np.ndarray]] = {
    "weights": lambda now, first: now.weights,
    "gradient": lambda now, first: now.gradient,
    "last step": lambda now, first: now.update,
    "change": lambda now, first: now.weights - first.weights,
}


class Maps:
    """The maps of one quantity on a scale that only grows."""

    def __init__(self, slot: DeltaGenerator, scale: DeltaGenerator, run: Run, quantity: str) -> None:
        """`slot` is for the maps, `scale` for the bar of their colours; `quantity` is one of QUANTITIES."""
        self._slot, self._scale, self._quantity = slot, scale, quantity
        self._of, self._sizes, self._drawn = QUANTITIES[quantity], dict[int, float](), 0.0
        digits = digits_of(run.config.dataset, run.config.classes)
        self._titles, self._dead = (
            titles_for(run.config, digits.class_names),
            dead_of(run.config.dataset, run.config.classes),
        )
        self._columns, self._tile = _tiles(len(self._titles))

    def paint(self, now: Snapshot, seen: list[Snapshot], live: bool) -> float:
        """Draw the maps and, when it has moved, their scale; return the scale's end."""
        count = len(self._titles)
        values = self._of(now, seen[0])[:count]
        limit = self._limit(seen)
        layout: dict[str, Any] = {"count": count, "columns": self._columns, "tile": self._tile}
        words = f"{self._quantity.capitalize()} after step {now.step:,}, on a scale from −{limit:g} to +{limit:g}."
        slot = self._slot
        if live:
            slot.html(maps.moving_html(values, self._titles, limit=limit, columns=self._columns, tile=self._tile))
        else:
            others = {
                name: of(now, seen[0])[:count] for name, of in QUANTITIES.items() if name in ("weights", "gradient")
            }
            others.pop(self._quantity, None)
            frame = maps.still_frame(values, self._titles, columns=self._columns, dead=self._dead, **others)
            layout |= {"quantity": self._quantity, "others": tuple(others), "dead": True}
            picture(maps.still_maps, frame, slot=slot, width="content", alt=words, limit=limit, **layout)
        if limit != self._drawn:
            bar = maps.color_bar(limit, width=self._columns * self._tile - 20, quantity=self._quantity)
            words = f"The colours run from −{limit:g} over zero to +{limit:g}."
            self._scale.altair_chart(bar, width="content", alt=words)
            self._drawn = limit
        return limit

    def _limit(self, seen: list[Snapshot]) -> float:
        for snapshot in seen:
            if snapshot.step not in self._sizes:
                values = self._of(snapshot, seen[0])
                self._sizes[snapshot.step] = float(np.abs(values[np.isfinite(values)]).max(initial=0))
        largest = max(self._sizes[snapshot.step] for snapshot in seen)
        if self._quantity in ("weights", "change"):  # wide enough for what the first step promises
            promised = max((3 * float(np.abs(s.update).max()) for s in seen[1:2]), default=0.0)
            largest = max(largest, promised if math.isfinite(promised) else 0.0)
        return weight_limit(largest)


def map_chart(run: Run, seen: list[Snapshot]) -> alt.LayerChart:
    """Return the weight maps as they stand, as a chart to keep."""
    titles = titles_for(run.config, digits_of(run.config.dataset, run.config.classes).class_names)
    columns, tile = _tiles(len(titles))
    values = seen[-1].weights[: len(titles)]
    largest = float(np.abs(values[np.isfinite(values)]).max(initial=0))
    frame = maps.live_frame(values, titles, limit=weight_limit(largest), columns=columns)
    return maps.live_maps(frame, count=len(titles), columns=columns, tile=tile)


def titles_for(config: TrainConfig, names: tuple[str, ...]) -> list[str]:
    """Return the titles of the maps: one for two classes, one a class, or one a hidden unit (the first thirty)."""
    if config.model == "two_layer":
        return [f"unit {i + 1}" for i in range(min(config.hidden, MOST_MAPS))]
    return [f"for {names[0]} (red), for {names[1]} (blue)"] if len(names) == 2 else list(names)


def _tiles(count: int) -> tuple[int, int]:
    """Return how many maps stand side by side, and the pixels of each."""
    return (1, 252) if count == 1 else (4, 84) if count <= 12 else (6, 56)
