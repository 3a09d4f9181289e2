"""One epoch in one run: ours, PyTorch's usual loop, fastai where it is installed, the arithmetic alone. Prints only."""

import os
import time
import warnings

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits, load_digits
from sgd_core.digits.losses import maps_for
from sgd_core.digits.training import train

LR = 0.1
CASES = [
    {"batch_size": 256},
    {"batch_size": 64},
    {"batch_size": 256, "classes": None},
    {"batch_size": 256, "model": "two_layer", "init": "default"},
    {"batch_size": 256, "model": "cnn", "init": "default"},
]


def digits_of(classes, request) -> Digits:
    """MNIST from the mirror, else noise of the size of its 3s and 7s."""
    if os.environ.get("SGD_LAB_MIRROR"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SGD_LAB_DATA", str(request.getfixturevalue("mnist_folder")))
            return load_digits("mnist", classes)
    generator = torch.Generator().manual_seed(0)
    count = 2 if classes else 10
    images = [torch.rand(size, 28, 28, generator=generator) for size in (12_396, 2_038)]
    labels = [torch.arange(len(part)) % count for part in images]
    return Digits("synthetic", classes or tuple(range(10)), (28, 28), images[0], labels[0], images[1], labels[1])


@pytest.fixture
def one_thread():
    """One thread for all: a second gains nothing here, and costs much where the cores are shared."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Ways:
    """The same epoch of training, then both sets evaluated, done by different people."""

    def __init__(self, config: TrainConfig, digits: Digits, rounds: int) -> None:
        self.config, self.digits, self.rounds = config, digits, rounds
        self.sets = [
            (images.flatten(1), self._targets(labels))
            for images, labels in (
                (digits.train_images, digits.train_labels),
                (digits.valid_images, digits.valid_labels),
            )
        ]
        self.two = len(digits.classes) == 2
        self.loss = nn.functional.binary_cross_entropy_with_logits if self.two else nn.functional.cross_entropy

    def _targets(self, labels):
        return (labels == 0).float().unsqueeze(1) if len(self.digits.classes) == 2 else labels

    def _right(self, scores, targets):
        return ((scores > 0) == targets.bool() if self.two else scores.argmax(1) == targets).float().mean().item()

    def ours(self):
        run = train(self.config, self.digits)
        next(run)
        return lambda: next(run)

    def _model(self):
        return eval(self.config.network((28, 28)).torch_code, {"torch": torch})

    def _evaluate(self, model):
        with torch.no_grad():
            for pixels, targets in self.sets:
                scores = model(pixels)
                self.loss(scores, targets).item(), self._right(scores, targets)

    def usual_loop(self):
        model = self._model()
        optimizer = torch.optim.SGD(model.parameters(), lr=LR)
        loader = DataLoader(TensorDataset(*self.sets[0]), batch_size=self.config.batch_size, shuffle=True)

        def epoch():
            for pixels, targets in loader:
                optimizer.zero_grad()
                self.loss(model(pixels), targets).backward()
                optimizer.step()
            self._evaluate(model)

        return epoch

    def fastai(self):
        """fastai's `Learner.fit`, whose epoch evaluates the validation set only."""
        try:
            from fastai.basics import DataLoaders, Learner
            from fastai.data.load import DataLoader as FastLoader
            from fastai.optimizer import SGD
        except ImportError:
            return None
        train_set, valid_set = (list(zip(*half, strict=True)) for half in self.sets)
        size = self.config.batch_size
        loaders = DataLoaders(FastLoader(train_set, bs=size, shuffle=True), FastLoader(valid_set, bs=size))
        learner = Learner(loaders, self._model(), loss_func=self.loss, opt_func=SGD, lr=LR)

        def epoch():
            with warnings.catch_warnings(), learner.no_logging():
                warnings.simplefilter("ignore")
                learner.fit(1)

        return epoch

    def arithmetic(self):
        """Gather each batch and multiply it twice, then multiply both sets; for linear models only."""
        if self.config.model != "linear":
            return None
        (pixels, _), _ = self.sets
        weights = torch.zeros(784, maps_for(len(self.digits.classes)))
        size = self.config.batch_size
        batch = torch.empty(size, 784)

        def epoch():
            for rows in torch.randperm(len(pixels)).split(size):
                images = torch.index_select(pixels, 0, rows, out=batch[: len(rows)])
                images.T @ (images @ weights)
            self._evaluate(lambda images: images @ weights)

        return epoch


@pytest.mark.benchmark
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("settings", CASES, ids=str)
def test_an_epoch_against_other_ways(settings, request, capsys):
    rounds = 15 if settings.get("model") != "cnn" and settings.get("classes", 2) else 4
    digits = digits_of(settings.get("classes", (3, 7)), request)
    ways = Ways(TrainConfig(**{"lr": LR, "epochs": rounds, **settings}), digits, rounds)
    made = {
        "ours": ways.ours(),
        "DataLoader loop": ways.usual_loop(),
        "fastai": ways.fastai(),
        "arithmetic alone": ways.arithmetic(),
    }
    seconds = {name: [] for name, epoch in made.items() if epoch}
    for _ in range(rounds):  # in turn, and in processor time, which a busy machine disturbs less
        for name, times in seconds.items():
            if name == "fastai" and len(times) >= 3:
                continue
            begun = time.thread_time()
            made[name]()
            times.append(time.thread_time() - begun)
    best = {name: min(times) for name, times in seconds.items()}
    with capsys.disabled():
        print(f"\n{digits.name}, {len(digits.train_images):,} images, {settings}, 1 thread, best epoch:")
        print("  (aim: the DataLoader loop at least 6 x ours at batch 256)")
        for name, value in best.items():
            print(f"  {name:17} {1000 * value:7.1f} ms   {value / best['ours']:5.2f} x ours")
        if made["fastai"] is None:
            print("  fastai is not installed here, so it is skipped: pip install fastai, in an environment of its own")
        if "arithmetic alone" in best:
            print(f"  ours / arithmetic {best['ours'] / best['arithmetic alone']:.2f} (aim: at most 1.3 at batch 256)")
