"""Mini-batches picked as bytes are the very pixels, and training on them is the very training."""

from dataclasses import replace

import pytest
import torch

from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits, load_digits
from sgd_core.digits.pixels import PixelRows, stored_pixels
from sgd_core.digits.training import train


def digits_of(images) -> Digits:
    labels = torch.arange(len(images)) % 2
    return Digits("made up", (3, 7), images.shape[1:], images, labels, images, labels)


def some_bytes(count: int) -> torch.Tensor:
    """Every byte at least once, in images of 16 x 16, divided as `datasets` divides them."""
    generator = torch.Generator().manual_seed(0)
    first = torch.arange(256).reshape(1, 16, 16)
    rest = torch.randint(256, (count - 1, 16, 16), generator=generator)
    return torch.cat([first, rest]).float().div_(255)


def test_what_is_picked_are_the_rows_to_the_last_bit():
    images = some_bytes(200)
    stored = stored_pixels(digits_of(images))
    assert stored is not None and stored.dtype == torch.uint8
    rows = PixelRows(images.flatten(1), stored, 50)
    for order in (torch.randperm(200)[:50], torch.tensor([0, 0, 199]), torch.arange(50)):
        assert torch.equal(rows.pick(order), images.flatten(1)[order])


@pytest.mark.parametrize(
    "change",
    [
        lambda images: images + 0.001,
        lambda images: images * 1.5,
        lambda images: -images,
        lambda images: images / 0,
        lambda images: torch.nextafter(images, torch.tensor(2.0)),
        lambda images: torch.cat([images[:150], images[150:].roll(1, 0) * 0.9995]),
    ],
    ids=["shifted", "above 1", "negative", "no numbers", "one bit off", "only the last images"],
)
def test_pixels_that_are_no_bytes_stay_as_they_are(change):
    images = change(some_bytes(200))
    assert stored_pixels(digits_of(images)) is None
    picked = PixelRows(images.flatten(1), None, 3).pick(torch.tensor([3, 1, 150]))
    assert torch.equal(picked.nan_to_num(), images.flatten(1)[[3, 1, 150]].nan_to_num())


def test_the_bundled_handwriting_is_no_bytes_and_mnist_is(mnist):
    assert stored_pixels(load_digits("uci", (3, 7))) is None
    stored = stored_pixels(mnist)
    assert stored is not None and torch.equal(stored / 255, mnist.train_images.flatten(1))


@pytest.mark.parametrize(
    "settings", [{}, {"model": "two_layer", "init": "default"}, {"model": "cnn", "init": "default"}]
)
def test_training_is_the_same_bit_for_bit(settings, mnist, monkeypatch):
    few = replace(mnist, train_images=mnist.train_images[:600], train_labels=mnist.train_labels[:600])
    config = TrainConfig(dataset="mnist", epochs=1, batch_size=50, **settings)
    quick = list(train(config, few))[-1]
    assert stored_pixels(few) is not None
    monkeypatch.setattr("sgd_core.digits.engine.stored_pixels", lambda digits: None)
    plain = list(train(config, few))[-1]
    assert quick.step == 12 and quick.train_loss == plain.train_loss
    for one, other in zip(quick.parameters, plain.parameters, strict=True):
        assert (one == other).all()
