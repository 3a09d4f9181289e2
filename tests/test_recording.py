"""A run that is computed ahead in chunks."""

import threading
import time
from collections.abc import Generator, Iterator

from sgd_core.recording import Recording


def count(to: int, nap: float = 0.0) -> Iterator[int]:
    for i in range(to):
        time.sleep(nap)
        yield i


def test_nothing_is_computed_before_it_is_asked_for() -> None:
    run = Recording(count(10), 9)
    assert run.moments == []
    run.extend(3)
    assert (run.moments, run.ended) == ([0, 1, 2], False)
    run.extend(2)
    assert run.moments == [0, 1, 2]
    run.extend(99)
    assert (run.moments, run.ended) == (list(range(10)), True)


def test_a_chunk_is_bounded_in_time_but_never_empty() -> None:
    run = Recording(count(100, nap=0.02), 99)
    run.extend(100, seconds=0.0)
    assert run.moments == [0]
    run.extend(100, seconds=0.1)
    assert 1 < len(run.moments) < 30


def test_a_request_tells_what_comes_next() -> None:
    def doubling() -> Generator[int, int | None, None]:
        value = 1
        while value < 1000:
            by = yield value
            value *= by or 2

    run = Recording(doubling(), 9, lambda now: 10 if now < 10 else 3)
    run.extend(99)
    assert run.moments == [1, 10, 30, 90, 270, 810]


def test_an_error_ends_the_run_and_is_kept() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise RuntimeError("the data folder is gone")

    run = Recording(broken(), 5)
    run.extend(9)
    assert (run.moments, run.ended, str(run.error)) == ([1], True, "the data folder is gone")


def test_threads_share_one_run_without_repeating_or_losing_a_moment() -> None:
    run = Recording(count(300, nap=0.0005), 299)
    threads = [threading.Thread(target=lambda: [run.extend(n) for n in range(0, 301, 7)]) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run.extend(300)
    assert run.moments == list(range(300))


def test_it_goes_on_with_another_run_from_its_newest_moment() -> None:
    run = Recording(count(3), 2)
    run.extend(3)
    run.go_on(iter([20, 21, 22]), 5)
    run.extend(9)
    assert (run.moments, run.ended, run.last) == ([0, 1, 20, 21, 22], True, 5)


def test_a_closed_run_computes_no_more() -> None:
    run = Recording(count(10), 9)
    run.extend(2)
    run.close()
    run.extend(9)
    assert run.moments == [0, 1]
