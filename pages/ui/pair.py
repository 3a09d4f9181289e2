"""A slider and a typed number that show one value: which of the two did the person move?

A browser is late: it says what it shows, and may not have heard yet of what replaced it. Streamlit calls the callback of
whichever differs from what the script has written, by a person's hand or by lateness alike.
"""

import math
from collections.abc import Sequence

ECHO_SECONDS = 2.0  # how long a value that has been replaced may still arrive from the browser


class Pair:
    """The value of a slider with few stops and of a number beside it, with what both were until just now."""

    def __init__(self, value: float = math.nan) -> None:
        """Begin with a value that is a stop, or with nothing shown."""
        self.slider = self.value = value
        self.numbers: list[tuple[float, float]] = []  # when it was replaced, and what it was
        self.sliders: list[tuple[float, float, float]] = []  # the same, and what the browser's number was at the time

    def put(self, stops: Sequence[float], value: float, seconds: float) -> None:
        """Take a value from code, such as a preset: slider and number are both written."""
        self._replace(stops, value, seconds, shown=self.value)

    def now(self, stops: Sequence[float], slider: float, number: float, seconds: float) -> float:
        """Return the value, given what the browser says of both: a person has moved one, or what it says is late."""
        late = {was for when, was in self.numbers if seconds - when < ECHO_SECONDS}
        typed = number != self.value and number not in late
        # A slider is late if the browser shows it beside the number that it showed when the slider was replaced,
        # or beside one that is typed now.
        late_pairs = {(was, shown) for when, was, shown in self.sliders if seconds - when < ECHO_SECONDS}
        is_late = (slider, number) in late_pairs or (typed and any(slider == was for was, _ in late_pairs))
        if slider not in (self.slider, nearest(stops, self.value)) and not is_late:
            self.numbers += [(seconds, self.value), (seconds, number)]
            self.value = slider
        elif typed:
            self._replace(stops, number, seconds, shown=number)
        self.slider = nearest(stops, self.value)
        del self.numbers[:-100], self.sliders[:-100]
        return self.value

    def _replace(self, stops: Sequence[float], value: float, seconds: float, shown: float) -> None:
        self.numbers.append((seconds, self.value))
        self.sliders.append((seconds, self.slider, shown))
        self.slider, self.value = nearest(stops, value), value


def log_stops(low: float, high: float) -> list[float]:
    """Return ten stops a decade from `low` to `high`, rounded to what people say: 1, 1.25, 1.6, 2 ..."""
    mantissas = (1.0, 1.25, 1.6, 2.0, 2.5, 3.2, 4.0, 5.0, 6.3, 8.0)
    first, last = round(math.log10(low)), round(math.log10(high))
    stops = [float(f"{m}e{power}") for power in range(first, last) for m in mantissas]
    return [*stops, float(f"1e{last}")]


def nearest(stops: Sequence[float], value: float) -> float:
    """Return the stop nearest to a value on a logarithmic scale."""
    return min(stops, key=lambda stop: abs(math.log(stop / value)))
