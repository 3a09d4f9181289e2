"""Gradient flow against many tiny steps; the central flow against the averaged descent and finite differences."""

import numpy as np
import pytest
import torch

from sgd_core.beyond.edge import EdgeSettings, follow
from sgd_core.beyond.flow import _slopes, central_flow, gradient_flow
from sgd_core.beyond.tasks import chebyshev_task


def test_gradient_flow_is_where_many_tiny_steps_lead_and_its_loss_only_falls():
    task = chebyshev_task(3, 20, (10,))
    flow = list(gradient_flow(task, EdgeSettings(0.2, steps=50, every=10)))
    tiny = list(follow(task, EdgeSettings(0.2 / 100, steps=5000, every=1000, eigenvalues=1)))
    assert [m.step for m in flow] == [0, 10, 20, 30, 40, 50]
    for one, other in zip(flow, tiny, strict=True):
        assert one.loss == pytest.approx(other.loss, rel=1e-3) and one.predicted == one.loss
    np.testing.assert_allclose(flow[-1].weights, tiny[-1].weights, atol=1e-3)
    assert (np.diff([m.loss for m in flow]) < 0).all()


def test_the_gradient_of_the_sharpness_is_its_finite_difference():
    task = chebyshev_task(4, 20, (6,))
    at = task.initial(1)

    def sharpest(w):
        values, vectors = torch.linalg.eigh(torch.autograd.functional.hessian(task.loss, w))
        return values[-1].item(), vectors[:, -1]

    value, direction = sharpest(at)
    _, sharp, sharp_slope, turned = _slopes(task, at, direction)
    assert sharp == pytest.approx(value, rel=1e-9) and abs(turned @ direction) == pytest.approx(1, abs=1e-9)
    for unit in torch.eye(task.size, dtype=torch.float64)[::3]:
        exact = (sharpest(at + 1e-5 * unit)[0] - sharpest(at - 1e-5 * unit)[0]) / 2e-5
        assert (sharp_slope @ unit).item() == pytest.approx(exact, abs=1e-5 * (1 + abs(exact)))


def test_below_the_border_the_central_flow_is_gradient_flow():
    settings = EdgeSettings(0.02, steps=100, every=50)
    task = chebyshev_task(4, 20, (10,))
    for central, flow in zip(central_flow(task, settings), gradient_flow(task, settings), strict=True):
        assert central.variance == 0 and central.unstable == 0
        assert central.loss == pytest.approx(flow.loss, rel=1e-2)


@pytest.mark.parametrize("seed", [0, 1])
def test_at_the_edge_it_predicts_the_averaged_loss_while_one_direction_is_unstable(seed):
    settings, task = EdgeSettings(0.1, steps=800, every=20, seed=seed), chebyshev_task()
    descent, central = list(follow(task, settings)), list(central_flow(task, settings))
    checked = 0
    for first in range(10, len(central) - 10, 10):  # windows of 200 steps: several bursts of the oscillation
        window = slice(first, first + 10)
        if not all(m.unstable == 1 for m in central[window]):
            continue
        averaged = np.concatenate([m.losses for m in descent[window]]).mean()
        predicted = np.mean([m.predicted for m in central[window]])
        assert predicted == pytest.approx(averaged, rel=0.2)
        assert max(m.eigenvalues[0] for m in central[window]) <= 1.02 * 2 / settings.lr
        checked += 1
    assert checked >= 1


def test_it_refuses_what_it_does_not_describe():
    with pytest.raises(ValueError, match="plain descent"):
        next(central_flow(chebyshev_task(), EdgeSettings(0.1, momentum=0.5)))
