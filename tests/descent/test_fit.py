"""The roller coaster against a plain PyTorch loop and linear algebra."""

import numpy as np
import pytest
import torch

from sgd_core.descent.fit import SCALES, RollerCoaster, descend_fit
from sgd_core.descent.optimizers import Optimizer
from sgd_core.descent.quadratic import curvature_at

SGD = Optimizer("sgd")


@pytest.mark.parametrize(("scale", "lr"), [("as it is", 1e-5), ("from −1 to 1", 0.1)])
def test_twenty_steps_equal_a_plain_loop_in_single_precision(scale, lr):
    coaster = RollerCoaster(scale=scale)
    run = descend_fit(coaster, lr, 20, SGD)
    shift, unit = SCALES[scale]
    t = (torch.arange(0, 20).float() - shift) / unit
    speed, parameters = coaster.speed.float(), coaster.start.float().requires_grad_()
    for step in range(21):
        a, b, c = parameters
        loss = ((a * t**2 + b * t + c - speed) ** 2).mean()
        row = run.iloc[step]
        assert row["loss"] == pytest.approx(loss.item(), rel=1e-5)
        assert row[["a", "b", "c"]].tolist() == pytest.approx(parameters.tolist(), rel=1e-5, abs=1e-6)
        loss.backward()
        parameters.data -= parameters.grad.data * lr
        parameters.grad = None


def test_the_data_are_the_seed_s_and_the_hump_s():
    assert torch.equal(RollerCoaster(seed=5).speed, RollerCoaster(seed=5).speed)
    assert not torch.equal(RollerCoaster(seed=5).speed, RollerCoaster(seed=6).speed)
    time = torch.arange(20, dtype=torch.float64)
    calm = RollerCoaster(noise=0.0)
    torch.testing.assert_close(calm.speed, 0.75 * (time - 9.5) ** 2 + 1)
    np.testing.assert_allclose(calm.best, [0.75, -14.25, 0.75 * 9.5**2 + 1], rtol=1e-9)
    errors = torch.stack([RollerCoaster(2.0, seed).speed - calm.speed for seed in range(300)])
    assert float(errors.std()) == pytest.approx(2.0, rel=0.05)


def test_scaling_changes_the_weights_but_not_the_best_fit():
    plain, scaled = (RollerCoaster(scale=scale) for scale in SCALES)
    assert float(plain.loss(plain.best)) == pytest.approx(float(scaled.loss(scaled.best)), rel=1e-9)
    np.testing.assert_allclose(plain.predict(plain.best), scaled.predict(scaled.best), atol=1e-8)
    fine = np.linspace(0, 19, 20)
    np.testing.assert_allclose(plain.curve(plain.best, fine), plain.predict(plain.best), atol=1e-9)
    leaf = plain.best.clone().requires_grad_()
    plain.loss(leaf).backward()
    assert leaf.grad.abs().max() < 1e-6


@pytest.mark.parametrize("scale", SCALES)
def test_the_border_is_where_descents_begin_to_grow(scale):
    coaster = RollerCoaster(scale=scale)
    border = curvature_at(coaster.loss, coaster.start).border
    below, above = (descend_fit(coaster, border * share, 3000, SGD)["loss"] for share in (0.99, 1.01))
    assert below.iloc[-1] < below.iloc[0] and above.iloc[-1] > above.iloc[0]


def test_divergence_is_a_status():
    run = descend_fit(RollerCoaster(), 1.0, 200, SGD)
    assert run["status"].iloc[-1] == "diverged" and len(run) == 201


@pytest.mark.parametrize("scale", SCALES)
def test_the_offered_rate_works_and_ten_times_as_much_does_not(scale):
    coaster = RollerCoaster(scale=scale)
    here = curvature_at(coaster.loss, coaster.start)
    assert (coaster.curvature.least, coaster.curvature.most) == pytest.approx((here.least, here.most), rel=1e-6)
    run = descend_fit(coaster, coaster.lr, 200, SGD)
    assert run["loss"].is_monotonic_decreasing
    assert descend_fit(coaster, coaster.lr * 10, 200, SGD)["loss"].iloc[-1] > run["loss"].iloc[0]
    assert coaster.lr == {"as it is": 1e-5, "from −1 to 1": 0.2}[scale]


@pytest.mark.parametrize("scale", SCALES)
def test_the_same_parabola_in_seconds(scale):
    coaster = RollerCoaster(scale=scale)
    a, b, c = coaster.in_seconds(coaster.best).tolist()
    time = np.linspace(0, 19, 7)
    np.testing.assert_allclose(a * time**2 + b * time + c, coaster.curve(coaster.best, time), rtol=1e-9)
    calm = RollerCoaster(noise=0.0, scale=scale)
    assert calm.latex(calm.best, seconds=True) == r"\text{speed} = 0.75 t^2 - 14.25 t + 68.69"
    assert ("s^2" in calm.latex(calm.best)) == (scale != "as it is")
