"""How cost grows with work: the exponents of power laws through times measured in one run. Prints; asserts no time.

An exponent of 1 is twice the time for twice the work; what a piece of work costs at its smallest makes it less.
"""

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from sgd_core.calculus.formula import parse_function
from sgd_core.charts.history import history_rows, loss_curves
from sgd_core.charts.runs import overlay
from sgd_core.charts.specification import specification
from sgd_core.charts.vega import moved_by_clock
from sgd_core.descent.descend import descend
from sgd_core.descent.diagnosis import diagnose
from sgd_core.digits.comparison import CURVE, SavedRun, comparison
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.digits.history import history_frame
from sgd_core.digits.sweep import sweep_seeds, sweeping
from sgd_core.digits.training import train
from tests.load.__main__ import lesson, server

AIM = 1.1
Work = Callable[[], object]


def digits(images: int, classes: int = 2, side: int = 28) -> Digits:
    """Noise in the format of a data set: the arithmetic is the same."""
    generator = torch.Generator().manual_seed(0)
    pixels = [torch.rand(count, side, side, generator=generator) for count in (images, max(classes, images // 6))]
    labels = [torch.arange(len(part)) % classes for part in pixels]
    shape = (side, side)
    return Digits("synthetic", tuple(range(classes)), shape, pixels[0], labels[0], pixels[1], labels[1])


def config(data: Digits, **settings: object) -> TrainConfig:
    classes = None if len(data.classes) == 10 else data.classes
    return TrainConfig(**{"classes": classes, "batch_size": 256, "epochs": 1000, "lr": 0.01, **settings})


def an_epoch(data: Digits, **settings: object) -> Work:
    run = train(config(data, **settings), data)
    next(run)
    return lambda: next(run)


def a_walk(steps: int, runs: int) -> Work:
    function = parse_function("x**2")
    rates = list(np.linspace(0.01, 0.5, runs))
    return lambda: descend(function, -1.5, rates, steps)


def lanes(count: int) -> Work:
    data = digits(4096)
    run = sweeping(config(data), np.geomspace(1e-3, 0.1, count), data)
    next(run)

    def epoch() -> None:
        while next(run).losses is None:
            pass

    return epoch


def seeds(count: int) -> Work:
    data = digits(2048)
    return lambda: sweep_seeds(config(data, epochs=1), range(count), data)


def recorded(count: int):
    """So many moments of a run."""
    data = digits(64, side=8)
    run = train(config(data, batch_size=8, epochs=count), data, snapshot_every=1)
    return [next(run) for _ in range(count)]


def a_picture(count: int) -> Work:
    history = history_frame(recorded(count))

    def draw() -> None:
        frame = history_rows(history, images=100)
        chart = loss_curves(frame, x_domain=(0, 10), y_domain=(0, 1), log=False, log_steps=False)
        specification(moved_by_clock(chart))

    return draw


def a_diagnosis(count: int) -> Work:
    losses = [one.train_loss for one in recorded(count)]
    return lambda: diagnose(losses, lr=0.1)


def pinned(count: int) -> Work:
    moments = recorded(50)
    saved = SavedRun(config(digits(64, side=8)), history_frame(moments)[CURVE], moments[-1])
    kept = {f"run {i}": saved for i in range(count)}

    def draw() -> None:
        comparison(kept)
        frame = pd.concat([one.curves[["epoch", "valid_loss"]].assign(run=name) for name, one in kept.items()])
        look = {"epochs": 50.0, "domain": (0.0, 1.0), "log": False, "title": "loss", "runs": tuple(kept)}
        specification(overlay(frame, measure="valid_loss", **look))

    return draw


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """Return the slope of the logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def quickest(work: Work, rounds: int = 5) -> float:
    """Return the least processor time of a few rounds, which a busy machine disturbs less."""
    work()
    took = []
    for _ in range(rounds):
        begin = time.thread_time()
        work()
        took.append(time.thread_time() - begin)
    return min(took)


GROWTH: dict[str, tuple[Sequence[int], Callable[[int], Work]]] = {
    "epoch against images": ((2048, 4096, 8192, 16384), lambda n: an_epoch(digits(n))),
    "epoch against classes": ((3, 5, 10), lambda n: an_epoch(digits(4096, n))),
    "epoch against weights (pixels)": ((14, 28, 56), lambda n: an_epoch(digits(2048, side=n))),
    "epoch against hidden units": (
        (32, 64, 128, 256),
        lambda n: an_epoch(digits(2048), model="two_layer", hidden=n, init="default"),
    ),
    "descend against steps": ((1000, 2000, 4000, 8000), lambda n: a_walk(n, 4)),
    "descend against runs": ((8, 32, 128, 512), lambda n: a_walk(200, n)),
    "sweep against lanes": ((8, 16, 32, 64, 128), lanes),
    "seeds against lanes": ((4, 8, 16, 32), seeds),
    "a moving picture against moments": ((100, 200, 400, 800), a_picture),
    "a comparison against pinned runs": ((4, 8, 16, 30), pinned),
    "a diagnosis against moments": ((100, 200, 400, 800), a_diagnosis),
}


@pytest.mark.benchmark
def test_exponents_of_growth(capsys: pytest.CaptureFixture[str]) -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with capsys.disabled():
        print(f"\n{'':36s}exponent (aim: at most {AIM})")
        for name, (sizes, work) in GROWTH.items():
            seconds = [quickest(work(size)) for size in sizes]
            work_done = [size**2 for size in sizes] if "pixels" in name else list(sizes)
            ends = f"{1000 * seconds[0]:.2f} ms at {sizes[0]}, {1000 * seconds[-1]:.2f} ms at {sizes[-1]}"
            print(f"{name:36s}{exponent(work_done, seconds):5.2f}   {ends}")
    torch.set_num_threads(threads)


LEARNERS, LESSON = (2, 4, 8, 16), 12.0  # seconds; all learn at the pace of the clock, which two cores keep up with


def used(process: int) -> float:
    """Return the processor seconds that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.benchmark
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads Linux's /proc")
def test_exponent_of_the_server_against_learners(capsys: pytest.CaptureFixture[str]) -> None:
    query = "training_dataset=UCI+handwriting&training_epochs=200"
    with server("UCI handwriting") as (url, process), capsys.disabled():
        asyncio.run(lesson(url, 1, 3, query))  # the first visitor waits for the imports
        seconds, idle = [], used(process)
        time.sleep(LESSON)
        idle = used(process) - idle  # what it does while nobody learns
        for count in LEARNERS:
            begin = used(process)
            asyncio.run(lesson(url, count, LESSON, query))
            seconds.append(used(process) - begin - idle)
        print(f"\n{'server against learners':36s}{exponent(LEARNERS, seconds):5.2f}   (aim: at most {AIM})")
        print(", ".join(f"{spent:.1f} s of a processor for {n}" for n, spent in zip(LEARNERS, seconds, strict=True)))
