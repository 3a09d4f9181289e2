"""The gate for computing: how many at once, and in which order."""

import threading
import time

import pytest

from pages.ui.gate import ROW, Gate


def test_no_more_than_its_places_at_once() -> None:
    gate, inside, most, lock = Gate(2), [0], [0], threading.Lock()

    def work() -> None:
        with gate.pass_through():
            with lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            time.sleep(0.01)
            with lock:
                inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert most == [2]
    assert inside == [0]


def test_who_is_inside_takes_no_second_place() -> None:
    """Else two sections, each waiting for a place for a part of itself, would wait for each other for ever."""
    gate, went, both = Gate(2), list[str](), threading.Barrier(2, timeout=5)

    def section(name: str) -> None:
        with gate.pass_through():
            both.wait()
            with gate.pass_through(later=True):
                went.append(name)

    threads = [threading.Thread(target=section, args=(name,), daemon=True) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert sorted(went) == ["a", "b"]
    with gate.pass_through(), gate.pass_through(later=True):
        assert gate._inside == 1
    assert gate._inside == 0


def order(*work: str) -> list[str]:
    """Let `work` queue at a closed gate in this order, and open it after the last; what begins with "chunk" can wait."""
    gate, done, threads = Gate(1), list[str](), []

    def go(name: str) -> None:
        with gate.pass_through(later=name.startswith("chunk")):
            done.append(name)

    with gate.pass_through():
        for name in work:
            threads.append(threading.Thread(target=go, args=(name,)))
            threads[-1].start()
            while len(gate._changes) + len(gate._chunks) < len(threads):
                time.sleep(0.001)
    for thread in threads:
        thread.join(5)
    return done


def test_what_a_person_changes_goes_before_chunks_that_came_earlier() -> None:
    assert order("chunk 1", "change", "chunk 2") == ["change", "chunk 1", "chunk 2"]


def test_no_chunk_is_starved() -> None:
    changes = [f"change {i}" for i in range(2 * ROW)]
    done = order("chunk 1", "chunk 2", *changes)
    # the change that held the gate closed is the first of the first row
    assert [done.index(chunk) for chunk in ("chunk 1", "chunk 2")] == [ROW - 1, 2 * ROW]
    assert [name for name in done if name in changes] == changes


def test_chunks_leave_a_place_for_a_change() -> None:
    gate, inside, go_on = Gate(2), list[str](), threading.Event()

    def chunk() -> None:
        with gate.pass_through(later=True):
            inside.append("chunk")
            go_on.wait(5)

    threads = [threading.Thread(target=chunk) for _ in range(3)]
    for thread in threads:
        thread.start()
    while not inside:
        time.sleep(0.001)
    with gate.pass_through():
        assert inside == ["chunk"]
    go_on.set()
    for thread in threads:
        thread.join(5)
    assert inside == ["chunk"] * 3


def test_who_is_not_wanted_any_more_gives_its_turn_up() -> None:
    gate = Gate(1)

    def unwanted() -> None:
        raise KeyboardInterrupt

    def hold() -> None:
        with gate.pass_through():
            held.set()
            release.wait(5)

    held, release = threading.Event(), threading.Event()
    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(5)
    with pytest.raises(KeyboardInterrupt), gate.pass_through(later=True, look=unwanted):
        raise AssertionError("it went in")
    release.set()
    holder.join(5)
    with gate.pass_through(later=True):
        pass


def test_an_error_gives_its_place_back() -> None:
    gate = Gate(1)
    try:
        with gate.pass_through():
            raise RuntimeError
    except RuntimeError:
        pass
    with gate.pass_through():
        pass
