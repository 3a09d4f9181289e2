"""Descents over surfaces against torch.optim, and what is said about the surfaces against calculus."""

import math

import numpy as np
import pytest
import torch

from sgd_core.calculus.formula import parse_function
from sgd_core.descent.optimizers import OPTIMIZERS, Optimizer
from sgd_core.descent.quadratic import Curvature, convergence_rates, curvature_at, hessian, is_quadratic
from sgd_core.descent.surfaces import SURFACES, VARIABLES, descend_surface, height_grid, of_points, sharp_turns

ALL = [
    Optimizer("sgd"),
    Optimizer("sgd", momentum=0.9),
    Optimizer("sgd", momentum=0.9, nesterov=True),
    Optimizer("rmsprop"),
    Optimizer("adagrad"),
    Optimizer("adam"),
    Optimizer("adamw"),
]


def torch_path(function, start, lr, steps, optimizer):
    """x, y, loss and both slopes of every step by torch.optim and nothing of ours."""
    w = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    theirs = getattr(torch.optim, OPTIMIZERS[optimizer.name].torch_name)([w], lr=lr, **optimizer.options)
    rows = []
    for _ in range(steps + 1):
        theirs.zero_grad()
        loss = function(w[0], w[1])
        loss.backward()
        rows.append((*w.tolist(), loss.item(), *w.grad.tolist()))
        theirs.step()
    return np.array(rows)


@pytest.mark.parametrize("key", SURFACES)
def test_all_optimizers_at_once_equal_torch_one_by_one(key):
    surface = SURFACES[key]
    lr = surface.lr / 4
    frame = descend_surface(surface.function, surface.start, [lr] * len(ALL), 40, ALL)
    for run, optimizer in enumerate(ALL):
        ours = frame[frame["run"] == run][["x", "y", "loss", "gradient_x", "gradient_y"]].to_numpy()
        theirs = torch_path(surface.function, surface.start, lr, 40, optimizer)
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-10)


def test_an_update_leads_from_row_to_row_and_divergence_is_a_status():
    frame = descend_surface(SURFACES["valley"].function, (-4.5, 1.5), [0.09, 5.0], 400, ALL[:1] * 2)
    calm, wild = (frame[frame["run"] == run] for run in (0, 1))
    moved = calm[["x", "y"]].to_numpy()[:-1] + calm[["update_x", "update_y"]].to_numpy()[:-1]
    np.testing.assert_allclose(
        moved, calm[["x", "y"]].to_numpy()[1:], rtol=1e-12, atol=1e-15
    )  # the step is rounded once
    assert calm["status"].iloc[-1] == "finished" and wild["status"].iloc[-1] == "diverged"


@pytest.mark.parametrize("key", [key for key, surface in SURFACES.items() if surface.minima])
def test_known_minima_are_flat_curve_upwards_and_are_the_lowest_in_the_picture(key):
    surface = SURFACES[key]
    lowest = np.nanmin(height_grid(surface.function, surface.x_domain, surface.y_domain))
    for point in surface.minima:
        w = torch.tensor(point, dtype=torch.float64, requires_grad=True)
        loss = surface.function(w[0], w[1])
        loss.backward()
        assert w.grad.abs().max() < 1e-4 and loss.item() <= lowest + 1e-9
        assert curvature_at(of_points(surface.function), w.detach()).bowl


@pytest.mark.parametrize("key", SURFACES)
def test_a_surface_proposes_a_start_in_its_picture_and_a_rate_that_goes_down(key):
    surface = SURFACES[key]
    assert surface.x_domain[0] < surface.start[0] < surface.x_domain[1]
    assert surface.y_domain[0] < surface.start[1] < surface.y_domain[1]
    run = descend_surface(surface.function, surface.start, [surface.lr], 100, ALL[:1])
    assert run["loss"].iloc[-1] < run["loss"].iloc[0] and run["status"].iloc[-1] == "finished"


def test_the_grid_runs_upwards_in_y_and_leaves_holes():
    grid = height_grid(parse_function("x + 10*y", variables=VARIABLES), (0, 1), (0, 2), points=3)
    assert grid.tolist() == [[0, 0.5, 1], [10, 10.5, 11], [20, 20.5, 21]]
    holes = height_grid(parse_function("log(x)", variables=VARIABLES), (-1, 1), (0, 1), points=3)
    assert np.isnan(holes).tolist() == [[True, True, False]] * 3


def test_sharp_turns_are_counted():
    function = SURFACES["valley"].function
    zigzag = descend_surface(function, (-4.5, 1.5), [0.099], 20, ALL[:1])
    straight = descend_surface(function, (-4.5, 0.0), [0.05], 20, ALL[:1])
    assert sharp_turns(zigzag) == 19 and sharp_turns(straight) == 0


def test_hessians_are_those_of_calculus():
    rosenbrock = of_points(SURFACES["rosenbrock"].function)
    x, y = -0.7, 1.3
    truth = [[2 - 400 * (y - 3 * x**2), -400 * x], [-400 * x, 200]]
    ours = hessian(rosenbrock, torch.tensor([x, y], dtype=torch.float64))
    np.testing.assert_allclose(ours, truth, rtol=1e-12)
    flat = of_points(parse_function("x + 2*y", variables=VARIABLES))
    assert hessian(flat, torch.zeros(2, dtype=torch.float64)).abs().max() == 0
    assert curvature_at(of_points(parse_function("sqrt(x)", variables=VARIABLES)), torch.zeros(2).double()) is None


def test_who_is_quadratic():
    points = torch.rand(4, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    found = {key for key, surface in SURFACES.items() if is_quadratic(of_points(surface.function), points)}
    assert found == {"bowl", "valley", "turned_valley", "saddle"}


@pytest.mark.parametrize("condition", [1.0, 3.0, 20.0, 500.0])
def test_the_rates_are_what_descents_do(condition):
    """On the quadratic with these two curvatures: the border, the best rate and its factor, the best momentum."""
    least, most = 0.7, 0.7 * condition
    curvature = Curvature(least, most)

    def loss(points):
        return (points**2 * torch.tensor([least, most], dtype=torch.float64)).sum(-1) / 2

    def distance(lr, steps, **options):
        from sgd_core.descent.descend import descend_many

        start = torch.tensor([[1.0, 1.0]], dtype=torch.float64)
        return np.abs(descend_many(loss, start, lr, steps, Optimizer("sgd", **options)).x[0, -1]).max()

    assert distance(curvature.border * 0.99, 2000) < 1 < distance(curvature.border * 1.01, 2000)
    shrunk = distance(curvature.best_lr, 50)
    assert shrunk == pytest.approx(curvature.factor(curvature.best_lr) ** 50, abs=1e-12)
    for other in (0.9, 1.05):
        assert distance(curvature.best_lr * other, 50) >= shrunk
    lr, momentum = curvature.best_momentum
    if condition > 1:
        rate = distance(lr, 400, momentum=momentum) ** (1 / 400)
        assert rate == pytest.approx(math.sqrt(momentum), rel=0.05)
    else:
        assert momentum == 0


def test_outside_of_a_bowl_there_is_no_best_rate():
    saddle = Curvature(-1.0, 1.0)
    assert saddle.border == 2 and math.isnan(saddle.condition) and math.isnan(saddle.best_lr)
    assert math.isnan(saddle.best_momentum[0]) and Curvature(-2.0, -1.0).border == math.inf


def heavy_ball(lr, momentum, eigenvalue, nesterov, steps=4000):
    """The factor a step in the long run, by walking with torch.optim.SGD and nothing of ours."""
    w = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=lr, momentum=momentum, nesterov=nesterov and momentum > 0)
    size, logs = 1.0, []
    for _ in range(steps):
        optimizer.zero_grad()
        (eigenvalue / 2 * w**2).backward()
        optimizer.step()
        buffer = optimizer.state[w].get("momentum_buffer")
        size = abs(w.item()) + (abs(buffer.item()) if buffer is not None else 0.0)
        if size == 0 or not math.isfinite(size):
            return size
        logs.append(math.log(size))
        with torch.no_grad():  # a linear rule: scaled down, it does the same
            w /= size
            if buffer is not None:
                buffer /= size
    return math.exp(sum(logs[steps // 2 :]) / (steps - steps // 2))


@pytest.mark.parametrize("nesterov", [False, True])
def test_convergence_rates_are_what_torch_does(nesterov):
    lrs, momenta = [0.03, 0.4, 1.1, 2.3], [0.0, 0.3, 0.9]
    table = convergence_rates(lrs, momenta, [1.0], nesterov=nesterov)
    assert table.shape == (3, 4)
    for row, momentum in zip(table, momenta, strict=True):
        for rate, lr in zip(row, lrs, strict=True):
            assert rate == pytest.approx(heavy_ball(lr, momentum, 1.0, nesterov, 1500), rel=2e-3), (lr, momentum)


def best_nesterov(curvature: Curvature) -> tuple[float, float]:
    """Lessard, Recht and Packard (2016), proposition 1: the rate and Nesterov's momentum that are best together."""
    root = math.sqrt(3 * curvature.condition + 1)
    return 4 / (3 * curvature.most + curvature.least), (root - 2) / (root + 2)


@pytest.mark.parametrize("condition", [3.0, 20.0, 500.0])
def test_borders_and_best_pairs_lie_where_the_map_says(condition):
    curvature = Curvature(0.7, 0.7 * condition)
    both = [curvature.least, curvature.most]
    for nesterov in (False, True):
        for momentum in (0.0, 0.5, 0.9):
            border = curvature.border_with(momentum, nesterov)
            below, above = convergence_rates([border * 0.999, border * 1.001], [momentum], both, nesterov=nesterov)[0]
            assert below < 1 < above
        lr, momentum = best_nesterov(curvature) if nesterov else curvature.best_momentum
        best = convergence_rates([lr], [momentum], both, nesterov=nesterov)[0, 0]
        root = math.sqrt(3 * condition + 1) if nesterov else math.sqrt(condition)
        theory = 1 - 2 / root if nesterov else (root - 1) / (root + 1)
        assert best == pytest.approx(theory, abs=1e-6)
        grid = convergence_rates(
            np.linspace(0.01, 1, 150) * 4 / curvature.least, np.linspace(0, 0.99, 100), both, nesterov=nesterov
        )
        assert grid.min() >= best - 1e-9


def test_the_map_refuses_what_it_cannot_draw():
    for bad in (([], [0.1], [1.0]), ([0.1], [0.1], []), ([math.nan], [0.1], [1.0]), ([0.1], [0.1], [math.inf])):
        with pytest.raises(ValueError, match="finite"):
            convergence_rates(*bad)
    with pytest.raises(ValueError, match="momentum"):
        convergence_rates([0.1], [1.5], [1.0])


@pytest.mark.parametrize(
    ("least", "most", "shape", "words"),
    [
        (1.0, 20.0, "bowl", "λ from 1 to 20"),
        (0.0, 2.0, "valley", "not at all in another"),
        (-1.0, 1.0, "saddle", "downwards in another, with λ = −1"),
        (-1e-17, 2.0, "valley", "λ = 2"),
        (-3.0, 0.0, "ridge", "downwards in one direction, with λ = −3"),
        (-3.0, -1.0, "dome", "λ from −3 to −1"),
        (0.0, 0.0, "flat", "does not curve at all"),
    ],
)
def test_curvature_in_words(least, most, shape, words):
    assert Curvature(least, most).shape == shape and words in Curvature(least, most).words
