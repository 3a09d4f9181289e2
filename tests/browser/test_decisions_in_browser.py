"""What the scripts of the clock decide, as functions of plain values, in Chromium."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from playwright.sync_api import Page
from serving import ROOT

from sgd_core.charts.fed import packed
from sgd_core.charts.palette import DIVERGING
from sgd_core.charts.tiles import colors

pytestmark = pytest.mark.browser
PACE = (ROOT / "pages/ui/pace.js").read_text()
FILM = (ROOT / "pages/ui/film.js").read_text()
FEED = (ROOT / "pages/ui/feed.js").read_text()


@pytest.fixture
def decide(page: Page) -> Callable[..., Any]:
    """Call an exported function of pace.js (or another script) in Chromium."""

    def call(name: str, *arguments: Any, source: str = PACE) -> Any:
        return page.evaluate(
            """async ([source, name, given]) => {
              const module = await import(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })));
              const answer = module[name](...given);
              return answer instanceof Uint32Array ? [...answer] : answer;
            }""",
            [source, name, list(arguments)],
        )

    page.goto("about:blank")
    return call


def test_the_pace_grows_evenly_from_slow_to_fast(decide: Callable[..., Any]) -> None:
    speed = {"slow": 2, "fast": 32, "ramp": 20}
    assert decide("pace", speed, 0) == pytest.approx(2)
    assert decide("pace", speed, 10) == pytest.approx(8)  # the geometric middle
    assert decide("pace", speed, 20) == decide("pace", speed, 500) == 32
    assert decide("pace", {"slow": 4, "fast": 4, "ramp": 0}, 3) == 4


@pytest.mark.parametrize(
    ("state", "rate", "want"),
    [
        ({"t": 10, "have": 31, "playing": True}, 20, 0),  # a whole second is left
        ({"t": 12, "have": 31, "playing": True}, 20, 31 + 40),  # less than a second: two more
        ({"t": 12, "have": 31, "playing": False}, 20, 0),
        ({"t": 12, "have": 31, "playing": True, "asked": True}, 20, 0),
        ({"t": 12, "have": 31, "playing": True, "ended": True}, 20, 0),
        ({"t": 12, "have": 31, "playing": True, "hidden": True}, 20, 0),
        ({"t": 0, "have": 1, "playing": True}, 0.5, 1 + 2),  # at a snail's pace still two at a time
    ],
)
def test_it_asks_for_two_seconds_when_less_than_one_is_left(
    decide: Callable[..., Any], state: dict[str, Any], rate: float, want: int
) -> None:
    state = {"ended": False, "asked": False, "hidden": False, **state}
    assert decide("wanted", state, rate) == want


@pytest.mark.parametrize(
    ("state", "rate", "seconds", "to"),
    [
        ({"t": 3, "have": 100, "rest": 0.5}, 10, 0.1, {"t": 4, "rest": 0.5}),
        ({"t": 3, "have": 100, "rest": 0.0}, 60, 1 / 60, {"t": 4, "rest": 0.0}),
        ({"t": 3, "have": 100, "rest": 0.0}, 8, 5, {"t": 5, "rest": 0.0}),  # a page that was busy does not leap
        ({"t": 98, "have": 100, "rest": 0.9}, 60, 0.1, {"t": 99, "rest": 0}),  # not beyond what is recorded
    ],
)
def test_it_advances_by_time(
    decide: Callable[..., Any], state: dict[str, Any], rate: float, seconds: float, to: dict[str, float]
) -> None:
    assert decide("advance", state, rate, seconds) == pytest.approx(to)


def test_chunks_are_joined_without_gap_or_repetition(decide: Callable[..., Any]) -> None:
    assert decide("joined", [1, 2, 3], 3, [4, 5]) == [1, 2, 3, 4, 5]
    assert decide("joined", [1, 2, 3], 1, [2, 3, 4]) == [1, 2, 3, 4]
    assert decide("joined", [1, 2, 3], 0, [1, 2]) == [1, 2, 3]
    assert decide("joined", [1, 2, 3], 5, [6]) is None


def test_charts_take_turns_only_where_frames_are_late(decide: Callable[..., Any]) -> None:
    def after(*frames: float) -> int:
        state = {"of": 1, "beat": 16}
        for frame in frames:
            state = decide("turns", state, frame)
        return int(state["of"])

    assert after(*[16.7] * 60) == 1 and after(*[8.3] * 60) == 1
    assert after(*[16.7] * 20, 200, *[16.7] * 20) == 1, "one late frame is no reason"
    assert after(*[25] * 6) == 2 and after(*[25] * 60) == 3, "and never more than three"


def test_the_films_colours_are_the_charts(decide: Callable[..., Any]) -> None:
    words = decide("colours", list(DIVERGING), source=FILM)
    assert len(words) == 256
    for code, word in enumerate(words):
        here = [word & 255, word >> 8 & 255, word >> 16 & 255]
        there = colors([(code / 127.5) - 1], 1.0)[0]
        assert here == pytest.approx(there, abs=1), code


def test_columns_arrive_as_python_packed_them(decide: Callable[..., Any]) -> None:
    table = packed(pd.DataFrame({"x": [0.1, -1e300, 3], "word": ["é", None, "é"], "right": [True, False, True]}))
    assert list(decide("unpacked", table["x"], source=FEED)) == [0.1, -1e300, 3]
    assert decide("unpacked", table["word"], source=FEED) == ["é", None, "é"]
    assert decide("unpacked", table["right"], source=FEED) == [True, False, True]


def test_the_rows_of_a_moment_are_found_in_any_order(page: Page) -> None:
    page.goto("about:blank")
    told = page.evaluate(
        """async (source) => {
          const module = await import(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })));
          const frame = module.withPresent({ moment: Float64Array.from([0, 1, -1, 0, 2]), name: ["a", "b", "c", "d", "e"] });
          return [["0", "1", "-1", "7"].map((t) => frame.sgd_present[t]), Object.keys(frame)];
        }""",
        FEED,
    )
    rows = [{"moment": [0, 0], "name": ["a", "d"]}, {"moment": [1], "name": ["b"]}, {"moment": [-1], "name": ["c"]}]
    assert told == [[*rows, {"moment": [], "name": []}], ["moment", "name"]]


def test_rows_that_no_line_goes_through_are_there_at_their_moment_only(page: Page) -> None:
    page.goto("about:blank")
    told = page.evaluate(
        """async (source) => {
          const module = await import(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })));
          const frame = module.withPresent({ moment: Float64Array.from([0, 1, 2]), drawn: [true, false, true], name: ["a", "b", "c"] });
          return [{ ...frame }, frame.sgd_present["1"]];
        }""",
        FEED,
    )
    assert told == [
        {"moment": [0, 2], "drawn": [True, True], "name": ["a", "c"]},
        {"moment": [1], "drawn": [False], "name": ["b"]},
    ]


@pytest.mark.parametrize("playing", [True, False])
def test_charts_look_at_new_rows_one_after_the_other_while_it_plays(page: Page, playing: bool) -> None:
    page.goto("about:blank")
    heard = page.evaluate(
        """async ([source, playing]) => {
          const module = await import(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })));
          document.body.classList.toggle("sgd-plays", playing);
          let frame = 0;
          const heard = [], count = () => { frame += 1; requestAnimationFrame(count); };
          for (const place of [0, 1, 2]) document.body.addEventListener(`sgd-fed-here-${place}`, () => heard.push([place, frame]));
          module.tell("here", 3);
          count();
          await new Promise((done) => setTimeout(done, 500));
          return heard;
        }""",
        [FEED, playing],
    )
    assert [place for place, _ in heard] == [0, 1, 2]
    frames = [frame for _, frame in heard]
    assert len(set(frames)) == (3 if playing else 1)
