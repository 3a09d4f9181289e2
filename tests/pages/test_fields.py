"""A slider and a number that show one value: what a person has moved counts, not what the browser says late."""

import itertools
import math

from hypothesis import given
from hypothesis import strategies as st

from pages.ui.pair import ECHO_SECONDS, Pair, log_stops, nearest

STOPS = log_stops(1e-3, 1.0)


def test_the_one_that_was_moved_counts():
    pair = Pair(0.1)
    assert pair.now(STOPS, 0.125, 0.1, seconds=0.0) == 0.125  # the slider
    assert pair.now(STOPS, 0.125, 0.3, seconds=0.1) == 0.3  # the number
    assert pair.now(STOPS, 0.125, 0.00034, seconds=0.2) == 0.00034  # between two stops


def test_a_number_that_was_replaced_counts_when_it_is_typed_later():
    pair = Pair(0.1)
    pair.now(STOPS, 0.125, 0.1, seconds=0.0)
    assert pair.now(STOPS, 0.125, 0.1, seconds=0.9 * ECHO_SECONDS) == 0.125
    assert pair.now(STOPS, 0.125, 0.1, seconds=1.1 * ECHO_SECONDS) == 0.1


def test_what_the_browser_still_says_does_not_undo_a_preset():
    pair = Pair(1.0)
    pair.put(STOPS, 0.021, seconds=0.0)
    assert pair.now(STOPS, 1.0, 1.0, seconds=0.1) == 0.021  # sent before the browser had heard of it
    assert pair.now(STOPS, 1.0, 0.021, seconds=0.2) == 1.0  # moved back by a person, who had


def test_a_typed_number_stays_while_the_browser_still_shows_the_old_slider():
    """The run that would have moved the slider was cut short: the browser says the new number and the old slider."""
    pair = Pair(0.1)
    assert pair.now(STOPS, 0.1, 0.3, seconds=0.0) == 0.3
    assert pair.slider == 0.32
    assert pair.now(STOPS, 0.1, 0.3, seconds=0.1) == 0.3  # the slider's own callback, by no hand
    assert pair.now(STOPS, 0.32, 0.3, seconds=0.2) == 0.3  # and now it has followed
    assert pair.now(STOPS, 0.25, 0.3, seconds=0.3) == 0.25  # a person moves it


def test_a_slider_that_has_followed_a_typed_number_does_not_round_it():
    """The page was drawn with what the browser had said, and hears only then that the slider has followed."""
    pair = Pair(0.1)
    pair.now(STOPS, 0.1, 0.3, seconds=0.0)
    pair.slider = 0.1
    assert pair.now(STOPS, 0.32, 0.3, seconds=0.1) == 0.3


def test_code_is_heard_again_after_a_late_message():
    pair = Pair(1.0)
    pair.put(STOPS, 0.02, seconds=0.0)
    pair.now(STOPS, 1.0, 1.0, seconds=0.1)
    assert pair.slider == 0.02
    assert pair.now(STOPS, 0.025, 0.02, seconds=0.3) == 0.025


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30))
def test_no_press_is_lost_however_late_the_number_follows(delays: list[int]):
    """Each message holds the next stop and a number that is `delay` presses old."""
    pair, values = Pair(STOPS[0]), [STOPS[0]]
    for press, delay in enumerate(delays, 1):
        late = values[max(0, len(values) - 1 - delay)]
        values.append(pair.now(STOPS, STOPS[press], late, seconds=0.02 * press))
        assert pair.now(STOPS, STOPS[press], late, seconds=0.02 * press) == STOPS[press]  # the number's own callback
    assert values == STOPS[: len(delays) + 1]


def test_stops_are_even_on_a_logarithmic_scale():
    steps = [math.log10(b / a) for a, b in itertools.pairwise(STOPS)]
    assert len(steps) == 30 and all(0.08 < step < 0.12 for step in steps)
    assert nearest(STOPS, 0.00034) == 0.001 and nearest(STOPS, 0.13) == 0.125
