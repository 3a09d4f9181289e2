"""One epoch, three ways, in one run: ours, PyTorch's usual loop, and the arithmetic alone. Prints; asserts no time."""

import os
import time

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.digits.training import train

BATCH, ROUNDS, LR = 256, 15, 0.5


@pytest.fixture
def threes_and_sevens(request) -> Digits:
    """MNIST's 3s and 7s from the mirror, else noise of the same size."""
    if os.environ.get("SGD_LAB_MIRROR"):
        return request.getfixturevalue("mnist")
    generator = torch.Generator().manual_seed(0)
    images = [torch.rand(count, 28, 28, generator=generator) for count in (12_396, 2_038)]
    labels = [torch.arange(len(part)) % 2 for part in images]
    return Digits("synthetic", (3, 7), (28, 28), images[0], labels[0], images[1], labels[1])


@pytest.fixture
def one_thread():
    """One thread for all three: a second gains nothing here, and costs much where the cores are shared."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.benchmark
@pytest.mark.usefixtures("one_thread")
def test_an_epoch_against_the_usual_loop_and_the_bare_arithmetic(threes_and_sevens, capsys):
    digits = threes_and_sevens
    pixels, valid_pixels = digits.train_images.flatten(1), digits.valid_images.flatten(1)
    truth, valid_truth = (digits.train_labels == 0).float(), (digits.valid_labels == 0).float()

    def ours():
        config = TrainConfig(lr=LR, batch_size=BATCH, epochs=ROUNDS)
        run = train(config, digits)
        next(run)
        return lambda: next(run)

    def usual_loop():
        model = nn.Linear(784, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=LR)
        loss = nn.BCEWithLogitsLoss()
        loader = DataLoader(TensorDataset(pixels, truth), batch_size=BATCH, shuffle=True)

        def epoch():
            for images, targets in loader:
                optimizer.zero_grad()
                loss(model(images).squeeze(1), targets).backward()
                optimizer.step()
            with torch.no_grad():
                for images, targets in ((pixels, truth), (valid_pixels, valid_truth)):
                    scores = model(images).squeeze(1)
                    loss(scores, targets).item(), ((scores > 0) == targets.bool()).float().mean().item()

        return epoch

    def arithmetic():
        weights, batch = torch.zeros(784, 1), torch.empty(BATCH, 784)

        def epoch():
            for rows in torch.randperm(len(pixels)).split(BATCH):
                images = torch.index_select(pixels, 0, rows, out=batch[: len(rows)])
                scores = images @ weights
                images.T @ scores
            with torch.no_grad():
                for images, targets in ((pixels, truth), (valid_pixels, valid_truth)):
                    scores = (images @ weights).squeeze(1)
                    nn.functional.binary_cross_entropy_with_logits(scores, targets).item()
                    ((scores > 0) == targets.bool()).float().mean().item()

        return epoch

    ways = {"ours": ours(), "DataLoader loop": usual_loop(), "arithmetic alone": arithmetic()}
    seconds = {name: [] for name in ways}
    for _ in range(ROUNDS):  # in turn, so that a busy moment of the machine falls on all three
        for name, epoch in ways.items():
            start = time.perf_counter()
            epoch()
            seconds[name].append(time.perf_counter() - start)
    best = {name: min(times) for name, times in seconds.items()}
    with capsys.disabled():
        print(f"\n{digits.name}, {len(pixels):,} images, batch {BATCH}, {torch.get_num_threads()} thread, best epoch:")
        for name, value in best.items():
            print(f"  {name:17} {1000 * value:6.1f} ms   {value / best['ours']:5.2f} x ours")
        print(f"  ours / arithmetic {best['ours'] / best['arithmetic alone']:.2f} (aim: at most 1.5)")
        print(f"  loop / ours       {best['DataLoader loop'] / best['ours']:.2f} (aim: at least 5)")
