"""The weight maps of Digit training: what moves, and the same of one moment as a chart to keep."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import altair as alt
import numpy as np

from sgd_core.charts.film import Film, Tile, grid
from sgd_core.charts.maps import live_frame, live_maps
from sgd_core.charts.palette import weight_limit
from sgd_core.digits.models import MODELS
from sgd_core.digits.run import Run
from sgd_core.digits.step_maps import QUANTITIES, equation_captions, equation_maps

MOST_MAPS = 30
EQUATION = "one step"


@dataclass(frozen=True, eq=False)
class RunMaps(Sequence[np.ndarray]):
    """The maps (tiles, H, W) of each moment of a run, made when they are asked for."""

    run: Run
    quantity: str
    place: int
    shown: int

    def __len__(self) -> int:
        """Return the number of moments."""
        return len(self.run.moments)

    @overload
    def __getitem__(self, at: int) -> np.ndarray: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[np.ndarray]: ...
    def __getitem__(self, at: int | slice) -> np.ndarray | Sequence[np.ndarray]:
        """Return the maps of a moment."""
        if isinstance(at, slice):
            return [self[i] for i in range(*at.indices(len(self)))]
        now = self.run.moments[at]
        if self.quantity == EQUATION:
            return equation_maps(now, self.place)
        return QUANTITIES[self.quantity].of(now, self.run.moments[0])[: self.shown]


def map_names(run: Run) -> list[str]:
    """Return what each weight map is for: the class that it speaks for, a hidden unit, a filter."""
    model, names = MODELS[run.config.model], run.digits.class_names
    count = min(len(run.latest.weights), MOST_MAPS)
    if model.maps_are_filters or model.takes_hidden:
        return [f"{'filter' if model.maps_are_filters else 'unit'} {i + 1}" for i in range(count)]
    return [f"{names[0]} (red) or {names[1]} (blue)"] if count == 1 else list(names)


def film_of(run: Run, quantity: str, place: int) -> Film:
    """Return the maps of one quantity, or of one map's last step as an equation, as a film."""
    names = map_names(run)
    if quantity == EQUATION:
        captions = [f"{caption}, ±{{limit}}" for caption in equation_captions(run.config)]
        tiles = [
            Tile(caption, (i % 2) * 216, 22 + (i // 2) * 230, 204, group, 12)
            for i, (caption, group) in enumerate(zip(captions, (0, 1, 2, 0), strict=True))
        ]
    elif len(names) == 1:
        tiles = [Tile(f"{quantity}: {names[0] if quantity == 'weights' else QUANTITIES[quantity].red}", 0, 22, 420)]
    else:
        columns = 4 if len(names) <= 12 else 6
        tiles = grid(names, columns=columns, side=120 if columns == 4 else 78, gap=8, top=20)
    dead = run.dead if run.moments[0].weights.shape[1:] == run.digits.image_shape else None
    words = "the last step as an equation" if quantity == EQUATION else quantity
    return Film(
        f"{quantity}/{place}",
        tiles,
        RunMaps(run, quantity, place, len(names)),
        f"Weight maps: {words}.",
        quantity="value" if quantity == EQUATION else quantity,
        dead=dead,
        bar=quantity != EQUATION,
    )


def map_chart(run: Run, at: int) -> alt.Chart | alt.LayerChart:
    """Return the weight maps of a moment, as a chart to keep."""
    names = map_names(run)
    values = run.moments[at].weights[: len(names)]
    limit = weight_limit(float(np.abs(np.nan_to_num(values, posinf=0, neginf=0)).max(initial=0)))
    columns, tile = (1, 252) if len(names) == 1 else (4, 84) if len(names) <= 12 else (6, 56)
    frame = live_frame(values, names, limit=limit, columns=columns)
    return live_maps(frame, count=len(names), columns=columns, tile=tile)
