"""The gate for computing: how many at once, and in which order."""

import threading
import time

from pages.ui.gate import LATER, Gate


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


def order(*work: tuple[str, bool, float]) -> list[str]:
    """Let `work` (name, later, seconds since the beginning) queue at a closed gate, and open it after the last."""
    gate, done, threads = Gate(1), list[str](), []

    def go(name: str, later: bool) -> None:
        with gate.pass_through(later=later):
            done.append(name)

    with gate.pass_through():
        began = time.monotonic()
        for name, later, when in work:
            time.sleep(max(0.0, began + when - time.monotonic()))
            threads.append(threading.Thread(target=go, args=(name, later)))
            threads[-1].start()
        time.sleep(0.05)
    for thread in threads:
        thread.join(5)
    return done


def test_what_a_person_changes_goes_before_chunks_that_came_earlier() -> None:
    assert order(("chunk", True, 0), ("change", False, 0.05), ("other chunk", True, 0.1)) == [
        "change",
        "chunk",
        "other chunk",
    ]


def test_no_chunk_is_starved() -> None:
    assert order(("chunk", True, 0), ("change", False, LATER + 0.2)) == ["chunk", "change"]


def test_an_error_gives_its_place_back() -> None:
    gate = Gate(1)
    try:
        with gate.pass_through():
            raise RuntimeError
    except RuntimeError:
        pass
    with gate.pass_through():
        pass
