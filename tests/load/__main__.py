"""A class in the room: `python -m tests.load` starts the app and lets 1 to 60 learners train at the same time.

Prints for each number of learners: seconds from a change of the learning rate to its answer (median and 95th percentile),
moments watched a second by the slowest and the median learner, errors (the server's log is `sgd_lab_load.log` in the folder for
temporary files), and the memory of the server, at the end also when all have left. `--processes 2` lets them spread over two
servers, as a proxy would. `--url` names a server that runs already (its memory is then not known). `--soak 30` lets 15 learners come and go for 30 minutes instead, and compares each minute's
answers, memory, threads and open files with the fifth's.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pages.ui.starting import QUIET
from tests.load.learner import Learner, Seen

ROOT = Path(__file__).resolve().parents[2]
LEFT = 125  # seconds; for two minutes Streamlit keeps the session of a browser that is gone, as it may come back


def percentile(values: list[float], share: float) -> float:
    """Return the smallest value that at least this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def memory(process: int | None) -> float:
    """Return the resident memory of a process in megabytes."""
    if process is None:
        return float("nan")
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return float("nan")


def held(process: int) -> tuple[float, int, int]:
    """Return a process's memory in megabytes, its threads and its open files."""
    place = Path(f"/proc/{process}")
    return memory(process), len(list((place / "task").iterdir())), len(list((place / "fd").iterdir()))


def soak(url: str, process: int, minutes: int, query: str, count: int = 15) -> None:
    """Let a class come and go for so many minutes, a lesson a minute, and print what the server holds after each."""
    first: tuple[float, ...] = ()
    for minute in range(1, minutes + 1):
        begin = time.monotonic()
        seen = asyncio.run(lesson(url, count, 48, query))
        time.sleep(max(0.0, 60 - (time.monotonic() - begin)))
        answers = [answer for one in seen for answer in one.answers]
        now = (percentile(answers, 0.5), percentile(answers, 0.95), *held(process))
        first = now if minute == min(5, minutes) else first
        beside = " ".join(f"{100 * (here / then - 1):+.0f} %" for here, then in zip(now, first, strict=False))
        print(
            f"minute {minute}: answer p50 {now[0]:.2f} s, p95 {now[1]:.2f} s; {now[2]:.0f} MB, {now[3]} threads, {now[4]} "
            f"open files; {sum(len(one.errors) for one in seen)} errors"
            + (f"; beside minute 5: {beside}" if first else ""),
            flush=True,
        )


@contextmanager
def server(dataset: str, number: int = 1) -> Iterator[tuple[str, int]]:
    """Start the app with its own data folder; yields its address and its process."""
    sys.path.insert(0, str(ROOT / "tests" / "browser"))
    from serving import free_port

    with tempfile.TemporaryDirectory() as data:
        env = {**os.environ, "SGD_LAB_DATA": data}
        if dataset == "MNIST":
            code = "from sgd_core.digits.download import download; download('mnist')"
            subprocess.run([sys.executable, "-c", code], env=env, check=True, cwd=ROOT)
        port = free_port()
        command = [
            sys.executable,
            "-m",
            "streamlit",
            "run",
            "app.py",
            "--server.port",
            str(port),
            "--server.headless",
            "true",
        ]
        command += ["--server.address", "127.0.0.1", "--server.fileWatcherType", "none"]
        name = "sgd_lab_load.log" if number == 1 else f"sgd_lab_load_{number}.log"
        log = (Path(tempfile.gettempdir()) / name).open("w")
        process = subprocess.Popen(command, env=env, cwd=ROOT, stdout=log, stderr=log)
        try:
            for _ in range(600):
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1).read()
                    break
                except OSError:
                    time.sleep(0.1)
            yield f"ws://127.0.0.1:{port}", process.pid
        finally:
            process.terminate()
            process.wait(10)
            log.close()


async def lesson(urls: str | Sequence[str], count: int, seconds: float, query: str) -> list[Seen]:
    """Let so many learners learn at the same time, spread over the servers."""
    servers = [urls] if isinstance(urls, str) else urls
    learners = [Learner(servers[seed % len(servers)], "Digit_training", query, seed) for seed in range(count)]

    async def come(learner: Learner) -> Seen:
        await asyncio.sleep(learner.seed * min(0.2, 5 / count))  # nobody opens a page in the same millisecond
        return await learner.learn(seconds)

    return await asyncio.gather(*(come(learner) for learner in learners))


def main() -> None:
    """Run the lessons and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, nargs="+", default=[1, 5, 15, 30, 60])
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--dataset", choices=["MNIST", "UCI handwriting"], default="UCI handwriting")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--soak", type=int, default=0, help="minutes")
    parser.add_argument("--url", help="ws://127.0.0.1:8501 of a server that runs already")
    asked = parser.parse_args()
    query = f"training_dataset={asked.dataset}&training_epochs=200".replace(" ", "+")

    def run(urls: Sequence[str], processes: Sequence[int | None]) -> None:
        def held_by_all() -> float:
            return sum(memory(process) for process in processes)

        largest = 0
        asyncio.run(lesson(urls, len(urls), 3, query))  # the first visitor waits for the imports
        print(f"{asked.dataset}; {len(urls)} processes; memory before {held_by_all():.0f} MB")
        for count in asked.learners:
            seen = asyncio.run(lesson(urls, count, asked.seconds, query))
            answers = [answer for one in seen for answer in one.answers]
            paces = [one.moments / asked.seconds for one in seen]
            errors = [error for one in seen for error in one.errors]
            slow = percentile(answers, 0.95)
            largest = count if slow < 1 else largest
            print(
                f"{count:3d} learners: answer p50 {percentile(answers, 0.5):.2f} s, p95 {slow:.2f} s; moments a second "
                f"{min(paces):.1f} slowest, {statistics.median(paces):.1f} median; {len(errors)} errors; "
                f"{held_by_all():.0f} MB" + (f"; {errors[0]}" if errors else ""),
                flush=True,
            )
        print(f"most learners with p95 below one second: {largest}")
        if None not in processes:
            time.sleep(LEFT)
            asyncio.run(lesson(urls, len(urls), 3, query))  # with a new visitor those who are gone are forgotten
            time.sleep(2 * QUIET)
            print(f"two minutes after they have left: {held_by_all():.0f} MB")

    if asked.url:
        run([asked.url], [None])
        return
    with ExitStack() as stack:
        servers = [stack.enter_context(server(asked.dataset, number + 1)) for number in range(asked.processes)]
        if asked.soak:
            soak(*servers[0], asked.soak, query)
        else:
            run([url for url, _ in servers], [process for _, process in servers])


if __name__ == "__main__":
    main()
