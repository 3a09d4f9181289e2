"""What a player is given: pictures, the moments of a run, and what its clock offers."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import altair as alt
import pandas as pd
from streamlit.delta_generator import DeltaGenerator

from sgd_core.charts.film import Film
from sgd_core.recording import Recording


class Picture(NamedTuple):
    """A chart with the sentence that says what it shows to someone who cannot see it.

    `on_pick` gets the picked fields when a mark of its selection "pick" is clicked, `on_drag` each field's two ends when a
    part is dragged out with its selection "drag". `where` is "hero" (the picture that matters), "beneath" (under the
    clock), "beside" (under the controls) or a container of the section's own.
    """

    chart: alt.Chart | alt.LayerChart | alt.VConcatChart | alt.HConcatChart
    alt: str
    on_pick: Callable[[dict[str, Any]], None] | None = None
    where: str | DeltaGenerator = "hero"
    width: Any = "stretch"
    on_drag: Callable[[dict[str, Any]], None] | None = None


class Speed(NamedTuple):
    """How fast a run plays: moments a second at first, and in the end, reached after `ramp` moments."""

    name: str
    slow: float
    fast: float
    ramp: int = 0


class Words(NamedTuple):
    """What the buttons say; `stop` is for the one that plays on to the next of `Moments.stops`."""

    play: str = "Play"
    again: str = "Play again"
    step: str = "Step"
    stop: str = "To the next stop"


PLAIN = Words()


class Action(NamedTuple):
    """A button of the section's own below the bar; `act` gets the moment at which it is pressed."""

    name: str
    label: str
    help: str
    act: Callable[[int], None]


@dataclass(frozen=True)
class Moments:
    """What the clock shows of each moment of a run.

    `numbers` has a row a moment and a column a number, as text ready to read. `run` names the run: equal names, equal
    moments. `recording` is given for a run that is computed while it is watched. `cards` says for each moment a colour,
    a name and a reason (the diagnosis). `keep`: another run goes on at the same moment, as when a setting is changed.
    `stops` are the moments that a button of the bar plays on to, such as the ends of epochs.
    """

    numbers: pd.DataFrame
    run: Hashable = ""
    recording: Recording[Any] | None = None
    cards: Sequence[tuple[str, str, str] | None] | None = None
    keep: bool = True
    last: int | None = None
    stops: Sequence[bool] | None = None

    @property
    def id(self) -> str:
        """The name of the run on the way to the browser."""
        return self.recording.id if self.recording else f"{hash(self.run):x}"

    @property
    def ended(self) -> bool:
        """Whether no further moments will come."""
        return self.recording is None or self.recording.ended

    def chunk(self, first: int) -> dict[str, Any]:
        """Return the moments from `first` on, as the browser gets them."""
        first = min(first, len(self.numbers))
        rows: list[list[Any]] = self.numbers.iloc[first:].to_numpy().tolist()
        if self.cards is not None:
            rows = [[*row, card] for row, card in zip(rows, self.cards[first:], strict=True)]
        return {
            "run": self.id,
            "first": first,
            "rows": rows,
            "stops": None if self.stops is None else [i for i in range(first, len(self.numbers)) if self.stops[i]],
            "ended": self.ended,
            "last": self.last if self.last is not None else len(self.numbers) - 1,
        }


class Shown(NamedTuple):
    """What a section shows of a run as far as it is recorded by now; `film` are maps of pixels that move too."""

    pictures: Sequence[Picture]
    moments: Moments
    film: Film | None = None


def speeds_for(moments: int, seconds: float = 12.0) -> list[Speed]:
    """Return the speeds of a run of so many moments: slow, normal (slow at first, then faster), and fast."""
    ramp = min(20, moments // 2)
    return [
        Speed("slow", 2, 2),
        Speed("normal", 3, max(6.0, (moments - ramp) / seconds), ramp),
        Speed("fast", 60, max(60.0, moments / 8)),
    ]
