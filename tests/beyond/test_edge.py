"""Catapult and edge of stability: the published bars, eigenvalues against the dense Hessian, steps against torch."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from sgd_core.beyond.edge import EdgeSettings, catapult_settings, follow, side_by_side, stable_sharpness
from sgd_core.beyond.tasks import chebyshev_task, digit_task
from sgd_core.digits.datasets import load_digits


def test_steps_are_torchs_and_the_network_is_a_torch_sequential():
    task = chebyshev_task(3, 12, (5,))
    for options in ({}, {"momentum": 0.5}, {"momentum": 0.5, "nesterov": True}):
        net = torch.nn.Sequential(torch.nn.Linear(1, 5), torch.nn.Tanh(), torch.nn.Linear(5, 1)).double()
        torch.nn.utils.vector_to_parameters(task.initial(3), net.parameters())
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1, **options)
        losses = []
        for _ in range(8):
            optimizer.zero_grad()
            loss = torch.nn.functional.mse_loss(net(task.inputs), task.targets)
            loss.backward()
            losses.append(loss.item())
            optimizer.step()
        moments = list(follow(task, EdgeSettings(0.1, steps=8, every=4, seed=3, **options)))
        np.testing.assert_allclose(np.concatenate([m.losses for m in moments])[:8], losses, rtol=1e-9)
        flat = torch.nn.utils.parameters_to_vector(net.parameters()).detach()
        np.testing.assert_allclose(moments[-1].weights, flat, rtol=1e-9)
        assert [m.step for m in moments] == [0, 4, 8] and moments[-1].status == "finished"


def test_the_three_eigenvalues_are_the_dense_hessians():
    task = chebyshev_task(4, 20, (8, 8))
    for moment in follow(task, EdgeSettings(0.1, steps=60, every=20)):
        dense = torch.autograd.functional.hessian(task.loss, torch.tensor(moment.weights))
        np.testing.assert_allclose(moment.eigenvalues, torch.linalg.eigvalsh(dense).numpy()[[-1, -2, -3]], rtol=1e-4)


@pytest.mark.parametrize(("momentum", "nesterov"), [(0.0, False), (0.5, False), (0.5, True)])
def test_the_border_parts_stable_from_unstable_on_a_parabola(momentum, nesterov):
    lr = 0.1
    border = stable_sharpness(lr, momentum, nesterov)
    for share, grows in ((0.99, False), (1.01, True)):
        w = torch.ones(1, dtype=torch.float64, requires_grad=True)
        optimizer = torch.optim.SGD([w], lr=lr, momentum=momentum, nesterov=nesterov)
        for _ in range(3000):
            optimizer.zero_grad()
            (share * border * w.square() / 2).sum().backward()
            optimizer.step()
        assert (abs(w.item()) > 1) == grows


@pytest.mark.parametrize(
    ("settings", "seeds"),
    [
        (EdgeSettings(0.2, steps=1500, eigenvalues=1, every=25), (0, 1, 2)),
        (EdgeSettings(0.15, steps=1500, eigenvalues=1, every=25, momentum=0.3), (0, 1, 2)),
        (EdgeSettings(0.1, steps=1500, eigenvalues=1, every=25, momentum=0.5, nesterov=True), (0, 1, 2)),
    ],
    ids=["plain", "momentum", "nesterov"],
)
def test_on_the_chebyshev_task_sharpness_hovers_at_its_border(settings, seeds):
    for seed in seeds:
        moments = list(follow(chebyshev_task(), replace(settings, seed=seed)))
        assert moments[-1].status == "finished"
        late = np.mean([m.sharpness for m in moments[len(moments) // 2 :]])
        losses = np.concatenate([m.losses for m in moments])
        assert late == pytest.approx(moments[0].border, rel=0.1)
        assert losses[-1] < 0.2 * losses[0] and (np.diff(losses) > 0).sum() > 10, "it falls, but not step by step"


def test_on_digits_sharpness_rises_to_the_border_and_hovers():
    task = digit_task(load_digits("uci"), hidden=30)
    for seed in (0, 1, 2):
        settings = EdgeSettings(0.1, steps=1200, every=20, seed=seed)
        moments = list(follow(task, settings))
        assert moments[0].sharpness < 0.8 * moments[0].border
        late = np.mean([m.sharpness for m in moments[len(moments) // 2 :]])
        assert late == pytest.approx(2 / settings.lr, rel=0.1)


def catapults(task, multiples, steps, seed):
    runs = catapult_settings(task, multiples, steps, seed=seed)
    return [list(dict.fromkeys(moments)) for moments in zip(*side_by_side(task, runs), strict=True)]


def late_sharpness(moments):
    """Return the mean over the last half: by then it creeps up to 2 / lr and falls back, again and again."""
    return np.mean([m.sharpness for m in moments[len(moments) // 2 :]])


def rises_then_falls(moments):
    losses = np.concatenate([m.losses for m in moments])
    peak = losses[1:].argmax() + 1 if losses[1:].max() > losses[0] else 2 + losses[2:].argmax()
    return losses[peak] > 1.3 * losses[:peak].min() and losses[-1] < 0.1 * losses[0]


def test_mnist_catapults_into_a_flatter_place_or_is_lost(mnist):
    task = digit_task(mnist)
    assert task.sizes == (784, 30, 1) and len(task.inputs) == 500
    for seed in (0, 1, 2):
        below, early, late, lost = catapults(task, (0.5, 1.5, 1.9, 2.5), 400, seed)
        first = below[0].sharpness
        assert (np.diff(np.concatenate([m.losses for m in below])) < 1e-3).all()
        for moments in (early, late):
            assert moments[-1].status == "finished" and rises_then_falls(moments)
            assert late_sharpness(moments) <= 0.7 * first
        assert lost[-1].status == "diverged" and np.isnan(lost[-1].sharpness)


def test_uci_catapults_too():
    task = digit_task(load_digits("uci"))
    for seed in (0, 1, 2):
        below, beyond, lost = catapults(task, (0.5, 1.5, 2.5), 300, seed)
        assert beyond[-1].status == "finished" and rises_then_falls(beyond)
        assert late_sharpness(beyond) <= 0.75 * below[0].sharpness < below[-1].sharpness
        assert lost[-1].status == "diverged"


def test_warm_up_survives_a_rate_that_is_lost_without_it():
    task = digit_task(load_digits("uci"))
    (plain,) = catapult_settings(task, [2.5], 300)
    warm = replace(plain, warmup=100)
    without, with_it = (list(follow(task, settings)) for settings in (plain, warm))
    assert without[-1].status == "diverged"
    assert with_it[-1].status == "finished" and with_it[-1].loss < 0.1 * with_it[0].loss
    assert with_it[-1].sharpness <= 1.1 * plain.border_at(300) < 0.5 * with_it[0].sharpness
    assert with_it[0].border == pytest.approx(100 * plain.border_at(0))


def test_senseless_values_get_a_sentence():
    for values, sentence in (
        ({"lr": 0}, "above 0"),
        ({"lr": 1, "momentum": 1}, "Momentum"),
        ({"lr": 1, "steps": 0}, "at least 1"),
        ({"lr": 1, "nesterov": True}, "Nesterov"),
    ):
        with pytest.raises(ValueError, match=sentence):
            EdgeSettings(**values)
    with pytest.raises(ValueError, match="two classes"):
        digit_task(load_digits("uci", None))
    with pytest.raises(ValueError, match="degree"):
        chebyshev_task(0)
