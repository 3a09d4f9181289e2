"""Every number in "What to notice" is the core's or a closed form's, in its order; none is left over."""

import math
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from sgd_core.calculus.finite_difference import finite_difference
from sgd_core.calculus.formula import parse_function
from sgd_core.descent.descend import descend
from sgd_core.descent.fit import RollerCoaster, descend_fit
from sgd_core.descent.optimizers import Optimizer
from sgd_core.descent.regimes import classify
from sgd_core.descent.surfaces import SURFACES, descend_surface
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import load_digits
from sgd_core.digits.weight_gradient import compare
from sgd_core.numbers import percent
from tests.numbers_in_words import numbers, written

Open = Callable[..., AppTest]
SQUARE = parse_function("x**2", domain=(-3.0, 3.0))


def noticed(at: AppTest) -> list[str]:
    """The numbers in "What to notice"."""
    (text,) = [one.value for one in at.markdown if one.value.startswith("**What to notice**")]
    return numbers(text)


def slope() -> Iterator[list[str]]:
    x = 1.7
    steep = 2 * x
    yield written(1, steep, steep, 0.01, 0.01, steep, 0.01 * steep, (x + 0.01) ** 2 - x**2)


def nudge() -> Iterator[list[str]]:
    pair = finite_difference(SQUARE, 1.7, 0.1)
    yield written(0.1, 0.1, pair.right[1] - pair.left[1]) + written(pair.slope, pair.exact, digits=6)
    yield written(pair.error, digits=3)


def autograd() -> Iterator[list[str]]:
    yield [*written(1), "2"]  # the gradient of the result, and the 2 of v2; the rest stands in formulas


def pair_of_weights() -> Iterator[list[str]]:
    a, b = 0.6, 2.0
    by_a, by_b = 2 * (a + b / 2), a + b / 2
    yield written(by_a, by_b, by_a, by_b)


def vector() -> Iterator[list[str]]:
    values = [3.0, -4.5, 10.0]
    yield ["3", "3", *written(sum(value**2 for value in values), digits=6), "3", *written(2 * 10.0, digits=6), "3"]


def digit_model() -> Iterator[list[str]]:
    digits = load_digits("uci", (3, 7))
    found = compare(TrainConfig(), digits)
    images = digits.train_images.numpy()
    target = 1.0 - digits.train_labels.numpy()
    gradient = ((0.5 - target)[:, None, None] * images).mean(0)  # of the cross-entropy at weights of zero
    row, column = np.unravel_index(np.abs(gradient).argmax(), gradient.shape)
    yield ["65", *written(found.largest_difference, digits=2), *written(gradient[row, column]), str(row), str(column)]
    yield [*written(math.log(2)), "3", "7", str(int((images.max(0) == 0).sum())), "0"]


def one_weight_begins() -> Iterator[list[str]]:
    yield written(-4.2, 0.13, 4.2, 0.13, 2.1**2)


def one_weight_goes_on() -> Iterator[list[str]]:
    before, now = (-2.1 * 0.74**step for step in (3, 4))
    yield written(0.13, 2 * before, 0.13 * 2 * before, before**2, now**2) + written(0.74, digits=3)


def one_weight_ends() -> Iterator[list[str]]:
    run = descend(SQUARE, -2.1, 0.13, 20)
    before, now = (-2.1 * 0.74**step for step in (19, 20))
    yield written(0.13, 2 * before, 0.13 * 2 * before, before**2, now**2) + written(0.74, digits=3)
    reason = classify(run, SQUARE).reason
    assert percent((0.74**20) ** 2) in reason
    yield numbers(reason)


RACERS = [(0.2, {}), (0.95, {}), (0.1, {"momentum": 0.5}), (0.1, {})]


def race_begins() -> Iterator[list[str]]:
    yield written(-3) + written(0.2 * 3, 0.95 * 3, 0.1 * 3, 0.1, digits=3) + written(0.1)


def race_goes_on() -> Iterator[list[str]]:
    runs = [
        descend(SQUARE, -1.5, lr, 60, "adam" if place == 3 else "sgd", **more)
        for place, (lr, more) in enumerate(RACERS)
    ]
    arrivals = [int(np.flatnonzero(np.abs(run["x"]) > 0.015)[-1]) + 1 for run in runs]
    turns = [int((np.diff(np.sign(run["update"][:30])) != 0).sum()) for run in runs]
    assert min(arrivals) == arrivals[0] < 30 and turns[0] == 0 and turns[1] == 29
    yield ["30", "0.2", "1", str(arrivals[0])]
    yield [str(count) for count in turns if count > 1]


def two_weights_begin() -> Iterator[list[str]]:
    least, most = 1.0, 20.0  # x²/2 + 10 y²
    root = math.sqrt(0.403)  # the rate of heavy ball where both roots are complex
    assert all((1 + 0.403 - 0.1336 * curve) ** 2 < 4 * 0.403 + 1e-3 for curve in (least, most))
    yield ["0.1336", "0.403", *written(root, digits=3)]
    for lr in (0.097, 0.005):
        yield written(lr) + written(max(abs(1 - lr * least), abs(1 - lr * most)), digits=3)


def two_weights_go_on() -> Iterator[list[str]]:
    surface = SURFACES["valley"]
    run = descend_surface(surface.function, surface.start, [0.1336], 100, [Optimizer("sgd", momentum=0.403)])
    away = np.hypot(run["x"], run["y"])
    crawl = 0.005 * math.hypot(4.5 * 0.995**46, 20 * 1.5 * 0.9**46)
    yield ["1", str(int(np.flatnonzero(away > away[0] / 100)[-1]) + 1), "45", "45", *written(crawl, digits=3)]


def fit(step: int) -> list[str]:
    coaster, lr = RollerCoaster(), 2e-5
    t = np.arange(20.0)
    columns = np.stack([t**2, t, np.ones(20)], axis=1)
    values = np.linalg.eigvalsh(2 / 20 * columns.T @ columns)
    _, (left,), *_ = np.linalg.lstsq(columns, coaster.speed.numpy(), rcond=None)
    losses = descend_fit(coaster, lr, 40, Optimizer("sgd"))["loss"]
    rates = np.geomspace(1e-7, 2 / values[-1], 20_001)
    ends = coaster.losses_after(rates, 40)
    told = ["2", *written(2 / values[-1], digits=3), *written(values[-1]), *written(lr)]
    told += written(lr * values[-1] / 2, digits=2)
    told += written(losses[0], *([losses[step]] if step else []), left / 20)
    told += ["40", *written(rates[ends.argmin()], digits=3), *written(ends.min())]
    return [*told, "361", *written(round(values[-1] / values[0])), "1", "1"]


def fit_begins() -> Iterator[list[str]]:
    yield fit(0)


def fit_goes_on() -> Iterator[list[str]]:
    yield fit(30)


def stop_waits() -> Iterator[list[str]]:
    yield written(1.5**2 * 0.8**4, 3 * 0.8**2)


def stop_fires() -> Iterator[list[str]]:
    share = 0.8 ** (2 * 17)
    yield numbers(percent(share))
    steps = math.ceil(math.log(0.001 / 3) / math.log(0.8))
    yield [str(steps), *written(3 * 0.8**steps, digits=3), "0.001"]


CASES: list[tuple[str, dict[str, str], Callable[[], Iterator[list[str]]]]] = [
    ("derivatives", {"x": "1.7"}, slope),
    ("derivatives", {"section": "Nudge it", "x": "1.7", "at": "3"}, nudge),
    ("derivatives", {"section": "Let PyTorch do it", "example": "(3x + 1)² at 3", "at": "6"}, autograd),
    ("derivatives", {"section": "Many weights", "a": "0.6", "b": "2"}, pair_of_weights),
    ("derivatives", {"section": "Many weights", "part": "a vector", "vector": "3, -4.5, 10"}, vector),
    ("derivatives", {"section": "Many weights", "part": "a digit model"}, digit_model),
    ("stepping", {"lr": "0.13", "start": "-2.1"}, one_weight_begins),
    ("stepping", {"lr": "0.13", "start": "-2.1", "at": "4"}, one_weight_goes_on),
    ("stepping", {"lr": "0.13", "start": "-2.1", "at": "20"}, one_weight_ends),
    ("stepping", {"section": "Race", "race_a_lr": "0.2"}, race_begins),
    ("stepping", {"section": "Race", "race_a_lr": "0.2", "race_at": "30"}, race_goes_on),
    ("stepping", {"section": "Two weights"}, two_weights_begin),
    ("stepping", {"section": "Two weights", "two_at": "46"}, two_weights_go_on),
    ("stepping", {"section": "Fit a curve", "fit_lr": "2e-5"}, fit_begins),
    ("stepping", {"section": "Fit a curve", "fit_lr": "2e-5", "fit_at": "30"}, fit_goes_on),
    ("stepping", {"section": "When to stop", "stop_at": "2"}, stop_waits),
    (
        "stepping",
        {"section": "When to stop", "stop_at": "17", "stop_improvement": "0.1", "stop_patience": "10"},
        stop_fires,
    ),
]


@pytest.mark.parametrize(("page", "query", "wanted"), CASES, ids=[case[2].__name__ for case in CASES])
def test_the_numbers_of_the_sentences_are_the_core_s(
    app: Open, page: str, query: dict[str, str], wanted: Callable[[], Iterator[list[str]]]
) -> None:
    at = app(page, **{f"{page}_{name}": value for name, value in query.items()})
    assert noticed(at) == [text for sentence in wanted() for text in sentence]
