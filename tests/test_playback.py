"""Playback: one run, several threads, and a cursor over what has been recorded."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sgd_core.playback import Playback


def counting(count=5, *, seconds=0.0, closed=None):
    """Yield 0, 1, ... or what is sent in, slowly; note when closed."""
    try:
        for number in range(count):
            time.sleep(seconds)
            sent = yield number
            while sent is not None:
                sent = yield sent
    finally:
        if closed is not None:
            closed.append(True)


def test_a_run_is_recorded_until_it_ends():
    playback = Playback(counting(3))
    assert (playback.latest, playback.current, playback.position, playback.ended) == (None, None, -1, False)
    assert [playback.advance() for _ in range(4)] == [0, 1, 2, None]
    assert playback.history == [0, 1, 2] and playback.latest == 2 and playback.ended and playback.error is None
    assert playback.advance() is None


def test_a_control_is_sent_into_a_generator_once_it_runs():
    playback = Playback(counting(3))
    assert playback.advance("too early") == 0  # nothing can be sent into a generator that has not begun
    assert playback.advance("hello") == "hello"
    assert playback.advance() == 1


def test_a_finished_sequence_plays_as_well():
    playback = Playback([{"x": 1.0}, {"x": 2.0}])
    assert [playback.advance(control=1), playback.advance(control=1), playback.advance()] == [
        {"x": 1.0},
        {"x": 2.0},
        None,
    ]


def test_the_cursor_follows_the_run_unless_it_looks_back():
    playback = Playback(counting(5))
    for _ in range(3):
        playback.advance()
    assert (playback.position, playback.at_latest, playback.forward()) == (2, True, None)
    assert playback.back() == 1
    playback.advance()
    assert (playback.position, playback.current, playback.latest, playback.at_latest) == (1, 1, 3, False)
    assert [playback.forward(), playback.forward(), playback.forward()] == [2, 3, None]
    playback.advance()
    assert playback.current == 4
    assert (playback.seek(-1), playback.seek(0), playback.back()) == (4, 0, None)
    assert (playback.seek(99), playback.seek(-7), playback.position) == (4, 0, 0)
    assert Playback([]).seek(3) is None


@given(st.lists(st.sampled_from(["advance", "back", "forward", "seek", "thin"]), max_size=60), st.data())
def test_the_cursor_always_stands_on_a_recorded_snapshot(moves, data):
    playback = Playback([object() for _ in range(20)])
    for move in moves:
        before = playback.current
        if move == "seek":
            playback.seek(data.draw(st.integers(-3, 25)))
        elif move == "thin":
            playback.thin(lambda history: [*history[:-1:2], *history[-1:]])
            if before in playback.history:
                assert playback.current is before
        else:
            getattr(playback, move)()
        history = playback.history
        assert (playback.position == -1) == (history == [])
        if history:
            assert playback.current is history[playback.position]
            assert playback.latest is history[-1]


def test_thinning_keeps_the_place_or_the_nearest_earlier_one():
    playback = Playback(counting(10))
    for _ in range(10):
        playback.advance()
    playback.seek(5)
    playback.thin(lambda history: [item for item in history if item % 3 == 0])
    assert playback.history == [0, 3, 6, 9] and playback.current == 3


def test_an_exception_ends_the_run_and_is_kept():
    def failing():
        yield 1
        raise ZeroDivisionError("no")

    playback = Playback(failing())
    playback.play()
    assert [playback.advance(), playback.advance(), playback.advance()] == [1, None, None]
    assert isinstance(playback.error, ZeroDivisionError) and playback.ended and not playback.playing
    assert playback.history == [1]


def test_play_and_pause():
    playback = Playback(counting(2))
    assert not playback.playing
    playback.play()
    while playback.playing:
        playback.advance()
    assert playback.history == [0, 1]
    playback.seek(0)
    assert playback.playing  # a recorded run can be played again from where one looks
    playback.pause()
    assert not playback.playing


def test_threads_that_hammer_advance_get_every_snapshot_once_and_never_an_error():
    playback = Playback(counting(200, seconds=0.0005))
    got, errors = [], []

    def hammer():
        try:
            while not playback.ended:
                snapshot = playback.advance()
                if snapshot is not None:
                    got.append(snapshot)
                playback.back(), playback.forward(), playback.history
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=hammer) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == [] and playback.error is None
    assert sorted(got) == playback.history == list(range(200))


def test_advance_does_not_wait_for_a_thread_in_the_middle_of_one():
    started, go_on = threading.Event(), threading.Event()

    def slow():
        started.set()
        go_on.wait(10)
        yield "late"

    playback = Playback(slow())
    thread = threading.Thread(target=playback.advance)
    thread.start()
    started.wait(10)
    assert playback.advance() is None and not playback.ended  # and it has answered although the other waits
    go_on.set()
    thread.join()
    assert playback.history == ["late"]


def test_close_lets_the_generator_go_even_in_the_middle_of_a_step():
    closed = []
    playback = Playback(counting(5, closed=closed))
    playback.advance()
    playback.close()
    assert closed == [True] and playback.ended and playback.advance() is None and playback.history == [0]

    closed = []
    playback = Playback(counting(5, seconds=0.05, closed=closed))
    playback.advance()
    thread = threading.Thread(target=playback.advance)
    thread.start()
    time.sleep(0.01)
    playback.close()
    thread.join()
    assert closed == [True] and playback.ended and playback.error is None


def test_restart_forgets_everything():
    playback = Playback(counting(2))
    while playback.advance() is not None:
        pass
    playback.restart(iter(["new"]))
    assert (playback.history, playback.position, playback.ended, playback.playing) == ([], -1, False, False)
    assert playback.advance() == "new" and playback.current == "new"


@pytest.mark.parametrize("forbidden", ["streamlit", "torch"])
def test_playback_needs_neither_streamlit_nor_torch(forbidden):
    source = Path(__file__).parents[1] / "sgd_core" / "playback.py"
    code = f"import runpy, sys; runpy.run_path({str(source)!r}); sys.exit({forbidden!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_grafting_goes_on_from_the_newest_snapshot_and_keeps_record_and_cursor():
    playback = Playback(iter("abc"))
    while playback.advance() is not None:
        pass
    playback.seek(1)
    assert playback.ended
    playback.graft(iter("Cde"))
    assert (playback.history, playback.current, playback.ended) == (["a", "b", "C"], "b", False)
    playback.seek(-1)
    assert [playback.advance(), playback.advance(), playback.advance()] == ["d", "e", None]
    assert (playback.history, playback.current) == (["a", "b", "C", "d", "e"], "e")
