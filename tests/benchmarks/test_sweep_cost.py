"""Sixty-four learning rates against one, in one run: as the app begins, and on MNIST's size. Prints; asserts no time."""

import time

import numpy as np
import pytest
import torch

from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits, load_digits
from sgd_core.digits.sweep import sweeping

ROUNDS = 15


def noise() -> Digits:
    """Noise of the size of MNIST's 3s and 7s, none of it paper: all of the arithmetic."""
    generator = torch.Generator().manual_seed(0)
    images = [torch.rand(count, 28, 28, generator=generator) for count in (12_396, 2_038)]
    labels = [torch.arange(len(part)) % 2 for part in images]
    return Digits("noise", (3, 7), (28, 28), images[0], labels[0], images[1], labels[1])


@pytest.mark.benchmark
@pytest.mark.parametrize(("name", "batch_size"), [("uci", 64), ("mnist", 64), ("mnist", 256), ("noise", 256)])
def test_what_a_sweep_of_sixty_four_costs(name, batch_size, request, capsys):
    digits = request.getfixturevalue("mnist") if name == "mnist" else noise() if name == "noise" else load_digits(name)
    config = TrainConfig(batch_size=batch_size, epochs=ROUNDS)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    runs = {lanes: sweeping(config, np.geomspace(1e-3, 0.1, lanes), digits) for lanes in (1, 64)}
    seconds: dict[int, list[float]] = {lanes: [] for lanes in runs}
    for run in runs.values():
        next(run)
    for _ in range(ROUNDS):  # in turn, and in processor time, which a busy machine disturbs less
        for lanes, run in runs.items():
            start = time.thread_time()
            while next(run).losses is None:
                pass
            seconds[lanes].append(time.thread_time() - start)
    torch.set_num_threads(threads)
    one, many = (min(seconds[lanes]) for lanes in (1, 64))
    with capsys.disabled():
        print(
            f"\nAn epoch of {name}, batch {batch_size}, both sets judged: 1 lane {1000 * one:.1f} ms, 64 {1000 * many:.1f}"
        )
        print(f"  64 lanes / 1 lane {many / one:.2f} (aim: at most 3)")
