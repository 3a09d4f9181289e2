"""Each number told of two weights: a parabola's eigenvalues by hand, its runs by the closed form or by torch.optim."""

import math

import numpy as np
import pytest
import torch

from sgd_core.descent.bottom import bottom_of, heights_of
from sgd_core.descent.optimizers import Optimizer
from sgd_core.descent.pairs import proposed_runs
from sgd_core.descent.racers import Racer
from sgd_core.descent.ranking import Ranking
from sgd_core.descent.surfaces import SURFACES, VARIABLES, walk_surface
from sgd_core.descent.two_weights_words import (
    curvature_numbers,
    tell_curvature,
    tell_picture,
    tell_two_weights,
)
from tests.numbers_in_words import numbers, written

VALLEY = SURFACES["valley"]  # x²/2 + 10 y²: λ is 1 and 20
STEPS = 100


def told(key: str, step: int, *runs: tuple[Optimizer, float], steps: int = STEPS) -> list[str]:
    surface = SURFACES[key]
    racers = [Racer(letter, *run, "blue") for letter, run in zip("ABCDEF", runs, strict=False)]
    rates, optimizers = tuple(racer.lr for racer in racers), tuple(racer.optimizer for racer in racers)
    frames = walk_surface(surface.function, surface.start, rates, steps, optimizers)
    bottom = bottom_of(surface, surface.start)
    goals = surface.minima or ([(bottom.x, bottom.y)] if bottom else [])
    return tell_two_weights(surface, bottom, Ranking(racers, frames, list(VARIABLES), *goals), step)


def long_run_rate(lr: float, **options: object) -> float:
    """What a step leaves of the distance to (0, 0) in the valley, late in a run of torch.optim.SGD."""
    w = torch.tensor([1.0, 1.0], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=lr, **options)
    distances = []
    for _ in range(4000):
        optimizer.zero_grad()
        (w[0] ** 2 / 2 + 10 * w[1] ** 2).backward()
        optimizer.step()
        distances.append(float(w.detach().norm()))
        if not 1e-200 < distances[-1] < 1e200:
            break
    middle, last = len(distances) // 2, len(distances) - 1
    return (distances[last] / distances[middle]) ** (1 / (last - middle))


@pytest.mark.parametrize(
    ("lr", "options"),
    [
        (0.05, {}),
        (0.097, {}),
        (0.02, {"momentum": 0.2}),
        (0.1, {"momentum": 0.9}),
        (0.04, {"momentum": 0.9, "nesterov": True}),
    ],
)
def test_the_forecast_is_what_torch_leaves_in_the_long_run(lr: float, options: dict[str, object]) -> None:
    (sentence,) = told("valley", 0, (Optimizer("sgd", **options), lr))
    *_, rate = numbers(sentence)
    assert float(rate) == pytest.approx(long_run_rate(lr, **options), abs=6e-3)
    assert numbers(sentence)[0] == written(lr)[0]


@pytest.mark.parametrize(
    ("lr", "end"), [(0.0999, "distance."), (0.1, "at the border."), (0.1001, "beyond the border.")]
)
def test_the_forecast_knows_the_border(lr: float, end: str) -> None:
    """At 2/λ max, 0.1 here, the distance across neither grows nor shrinks: "it grows" was said of it."""
    y = np.array([1.5 * (1 - 20 * lr) ** step for step in range(50)])
    assert np.sign(abs(y[-1]) - abs(y[0])).round() == {"distance.": -1, "at the border.": 0}.get(end, 1)
    assert told("valley", 0, (Optimizer("sgd"), lr))[0].endswith(end)


def test_no_forecast_where_the_formula_does_not_hold() -> None:
    """Dampening and weight decay change the rate: the number told was that of a run without them."""
    damped = long_run_rate(0.2, momentum=0.5, dampening=0.9)
    assert abs(damped - long_run_rate(0.2, momentum=0.5)) > 0.1
    for options in ({"momentum": 0.5, "dampening": 0.9}, {"weight_decay": 1.0}):
        assert told("valley", 0, (Optimizer("sgd", **options), 0.2)) == []
    assert told("valley", 0, (Optimizer("adam"), 0.2)) == []


def test_zigzag_crawl_and_arrival_in_closed_form() -> None:
    runs = [(Optimizer("sgd"), lr) for lr in (0.08, 0.097, 0.005)]
    for step in (30, 56):
        x, y = (
            start * (1 - lr * curve) ** np.arange(STEPS + 1) for start, curve, lr in ((-4.5, 1, 0.08), (1.5, 20, 0.08))
        )
        away = np.hypot(x, y)
        since = int(np.flatnonzero(away > 0.01 * away[0])[-1]) + 1
        crawl = 0.005 * math.hypot(4.5 * 0.995**step, 20 * 1.5 * 0.9**step)
        sentences = told("valley", step, *runs)
        moves = np.diff(np.stack([x, y])[:, : step + 1])
        turns = int(((moves[:, 1:] * moves[:, :-1]).sum(0) < 0).sum())  # as long as the bounce is the longer part
        assert 0 < turns < 10
        first = ["1", str(since)] if step >= since else [str(turns), str(step - 1)]
        assert numbers(sentences) == [*first, str(step - 1), str(step - 1), *written(crawl, digits=3)]
        assert "**zigzags**" in sentences[1] and "**crawls**" in sentences[2]
        assert ("swings died out" in sentences[0]) == (step >= since and turns > 0.3 * since)


def test_a_diverged_run_is_told_once() -> None:
    sentences = told("valley", 1200, (Optimizer("sgd"), 0.4), steps=1200)
    (sentence,) = [one for one in sentences if "diverged" in one]
    step, y = 0, 1.5
    while 10 * y**2 < 1.7e308:
        y, step = -7 * y, step + 1
    assert numbers(sentence) == [str(step), "0.4"] and len(sentences) == 1


@pytest.mark.parametrize("step", [0, 40])
def test_where_a_stands_on_a_surface_that_bends(step: int) -> None:
    """The Hessian of Rosenbrock's function by hand, at the place where torch.optim has brought A."""
    w = torch.tensor(SURFACES["rosenbrock"].start, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.0005)
    for _ in range(step):
        optimizer.zero_grad()
        ((1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2).backward()
        optimizer.step()
    x, y = w.tolist()
    low, high = np.linalg.eigvalsh([[2 - 400 * y + 1200 * x**2, -400 * x], [-400 * x, 200]])
    sentence = told("rosenbrock", step, (Optimizer("sgd"), 0.0005))[-1]
    assert numbers(sentence) == [
        *written(*((low, high) if low > 0 else (high, low))),
        "2",
        *written(2 / high, digits=3),
        "0.0005",
    ]
    assert ("below" in sentence) == (2 / high > 0.0005)
    flat = told("saddle", 0, (Optimizer("sgd"), 0.3))[-1]  # x²/2 − y²/2
    assert numbers(flat) == ["1", "1", "2", "2", "0.3"] and "is below it" in flat


def test_why_the_border_lies_there() -> None:
    """By Polyak's formulas for a parabola with λ 1 and 20."""
    bottom = bottom_of(VALLEY, VALLEY.start)
    assert bottom is not None
    assert [one for text in curvature_numbers(bottom).values() for one in numbers(text)] == ["1", "20", "20", "0.1"]
    root = math.sqrt(20.0)
    best_lr, best = 4 / (1 + root) ** 2, ((root - 1) / (root + 1)) ** 2
    expected = ["1", "20", "1", "2", "0.1", "2", *written(2 / 21), *written(19 / 21, digits=3), "2", "1", "0.3"]
    expected += [*written(2 * 1.3 / 20, best_lr), *written(best, math.sqrt(best), digits=3)]
    assert numbers(tell_curvature(bottom.curvature, 0.3)) == expected
    round_bowl = bottom_of(SURFACES["bowl"], (1.0, 1.0))
    assert round_bowl is not None and "nothing to even out" in tell_curvature(round_bowl.curvature, 0.3)
    two_dips = bottom_of(SURFACES["two_dips"], (1.0, 1.0))
    assert two_dips is not None and "λ max at the minimum" in curvature_numbers(two_dips)


def test_the_picture_tells_its_lowest_and_its_highest_loss() -> None:
    heights = heights_of(VALLEY.function, VALLEY.x_domain, VALLEY.y_domain)
    marks = np.linspace(heights.min(), heights.max(), 5)
    sentence = tell_picture(VALLEY, heights, 0.0, marks)
    assert numbers(sentence) == ["0", *written(5**2 / 2 + 10 * 3**2, digits=3)] and "The cross is" in sentence
    holed = tell_picture(SURFACES["himmelblau"], np.where(heights > 50, np.nan, heights), 1e-16, marks)
    assert "The crosses are" in holed and "Empty places" in holed and numbers(holed)[0] == "0"
    assert "cross" not in tell_picture(SURFACES["saddle"], heights, -1.0, marks)


def test_the_proposed_runs_follow_from_the_eigenvalues() -> None:
    root = math.sqrt(20.0)
    (lr, momentum), others = proposed_runs(VALLEY)
    assert (lr, momentum) == (float(f"{4 / (1 + root) ** 2:.4g}"), round(((root - 1) / (root + 1)) ** 2, 3))
    assert [run.lr for run in others[:2]] == [0.097, 0.005]
    assert len(proposed_runs(SURFACES["saddle"])[1]) == 5, "also where there is no minimum"


def test_who_runs_off_a_saddle_does_not_crawl() -> None:
    """Along y² with the sign turned each step multiplies y by 1 + lr; it was called crawling with steps of 165,636."""
    slow, fast = (Optimizer("sgd"), 0.001), (Optimizer("sgd"), 0.1)
    one, two = told("saddle", STEPS, fast, slow)[:2]
    assert "gathers speed" in one and "crawls" in two
    surface = SURFACES["saddle"]
    run = walk_surface(surface.function, surface.start, (0.1,), STEPS, (Optimizer("sgd"),))[0]
    first, last = (math.hypot(run["update_x"].iloc[step], run["update_y"].iloc[step]) for step in (0, STEPS))
    assert numbers(one) == written(first, last, digits=3)


@pytest.mark.parametrize(("lr", "share"), [(1e-5, 1e-5), (1e-4, 1e-4)])
def test_what_hardly_shrinks_is_told_by_what_goes(lr: float, share: float) -> None:
    """λ min is 1, so a step takes lr × 1 of the distance; "leaves about 1 of the distance" said nothing."""
    assert numbers(told("valley", 0, (Optimizer("sgd"), lr))[0]) == written(lr, share)
    assert "one step is enough" in told("bowl", 0, (Optimizer("sgd"), 0.5))[0]
