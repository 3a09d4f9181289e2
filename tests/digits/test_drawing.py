"""Drawings prepared as the data sets were: facts of the procedure, and real digits drawn again."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import load_digits
from sgd_core.digits.drawing import prepared
from sgd_core.digits.evaluation import predict
from sgd_core.digits.training import train

STROKES = {
    3: [(70, 60), (150, 50), (175, 85), (130, 125), (180, 160), (160, 210), (75, 205)],
    7: [(65, 60), (185, 60), (160, 120), (120, 215)],
}


def drawn(points, width=22, size=260):
    """What a person draws with a round pen, as ink in [0, 1]."""
    image = Image.new("L", (size, size), 0)
    pen = ImageDraw.Draw(image)
    pen.line(points, fill=255, width=width, joint="curve")
    for x, y in points:
        pen.ellipse([x - width / 2, y - width / 2, x + width / 2, y + width / 2], fill=255)
    return np.asarray(image, dtype=np.float32) / 255


@pytest.mark.parametrize("dataset", ["uci", "mnist"])
def test_a_blank_canvas_is_nothing(dataset):
    assert prepared(np.zeros((260, 260), dtype=np.float32), dataset) is None
    assert prepared(np.full((260, 260), 0.001, dtype=np.float32), dataset) is None


@pytest.mark.parametrize("digit", STROKES)
def test_mnist_is_a_box_of_twenty_around_the_centre_of_mass(digit):
    image = prepared(drawn(STROKES[digit]), "mnist")
    assert image.shape == (28, 28) and image.dtype == np.float32 and image.min() >= 0 and image.max() <= 1
    rows, columns = np.flatnonzero(image.any(1)), np.flatnonzero(image.any(0))
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20
    places = np.indices(image.shape)
    centre = [(place * image).sum() / image.sum() for place in places]
    np.testing.assert_allclose(centre, 14, atol=0.5)


@pytest.mark.parametrize("dataset", ["uci", "mnist"])
def test_where_and_how_large_one_draws_does_not_matter(dataset):
    small = [(x / 2 + 100, y / 2 + 20) for x, y in STROKES[3]]
    one, two = prepared(drawn(STROKES[3]), dataset), prepared(drawn(small, width=11), dataset)
    assert np.abs(one - two).mean() < 0.05


def test_uci_counts_ink_in_blocks_of_sixteen():
    image = prepared(drawn(STROKES[7]), "uci")
    assert image.shape == (8, 8)
    np.testing.assert_array_equal(image * 16, np.rint(image * 16))
    full = prepared(np.ones((100, 100), dtype=np.float32), "uci")
    assert (full == 1).all()


def test_a_dot_and_a_line_are_prepared_too():
    for points in ([(130, 130), (131, 131)], [(20, 130), (240, 130)]):
        for dataset in ("uci", "mnist"):
            assert np.isfinite(prepared(drawn(points), dataset)).all()


def recognised(config, digits):
    last = list(train(config, digits))[-1]
    images = np.stack([prepared(drawn(STROKES[digit]), config.dataset) for digit in (3, 7)])
    return predict(last, config, images).decided.tolist()


def test_a_drawn_three_and_seven_are_recognised():
    assert recognised(TrainConfig(), load_digits("uci")) == [0, 1]


def test_real_digits_drawn_again_large_are_still_themselves():
    digits = load_digits("uci")
    config = TrainConfig()
    last = list(train(config, digits))[-1]
    large = torch.nn.functional.interpolate(digits.valid_images[:, None], size=(256, 256), mode="bilinear")[:, 0]
    again = np.stack([prepared(image.numpy(), "uci") for image in large])
    agree = predict(last, config, again).decided == digits.valid_labels.numpy()
    assert agree.mean() >= 0.9


@pytest.mark.mnist
def test_a_drawn_three_and_seven_are_recognised_as_mnist(mnist):
    assert recognised(TrainConfig(dataset="mnist", epochs=3), mnist) == [0, 1]


@pytest.mark.mnist
def test_an_mnist_image_drawn_again_ten_times_as_large_is_that_image(mnist):
    for image in mnist.valid_images[:300].numpy():
        again = prepared(image.repeat(10, 0).repeat(10, 1), "mnist")
        np.testing.assert_allclose(again, image, atol=1e-3)
