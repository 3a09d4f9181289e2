"""Sixty-four learning rates against one, in one run on MNIST's size. Prints; asserts no time."""

import time

import numpy as np
import pytest
import torch

from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.digits.sweep import sweeping

ROUNDS = 15


@pytest.mark.benchmark
def test_what_a_sweep_of_sixty_four_costs(capsys):
    generator = torch.Generator().manual_seed(0)  # noise of MNIST's size: the arithmetic is the same
    images = [torch.rand(count, 28, 28, generator=generator) for count in (12_396, 2_038)]
    labels = [torch.arange(len(part)) % 2 for part in images]
    digits = Digits("synthetic", (3, 7), (28, 28), images[0], labels[0], images[1], labels[1])
    config = TrainConfig(batch_size=256, epochs=ROUNDS)
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
            f"\nAn epoch of 12,396 images, batch 256, both sets judged: 1 lane {1000 * one:.1f} ms, 64 lanes {1000 * many:.1f} ms"
        )
        print(f"  64 lanes / 1 lane {many / one:.2f} (aim: at most 3)")
