"""Descents against torch.optim, the closed form, and each run alone."""

import math

import numpy as np
import pandas as pd
import pytest
import torch

from sgd_core.calculus.catalogue import CATALOGUE, example
from sgd_core.calculus.formula import parse_function
from sgd_core.descent.descend import MAX_STEPS, descend, descend_many
from sgd_core.descent.optimizers import OPTIMIZERS, Optimizer

SQUARE = parse_function("x**2")
ALL = [
    Optimizer("sgd"),
    Optimizer("sgd", momentum=0.9),
    Optimizer("sgd", momentum=0.9, nesterov=True),
    Optimizer("rmsprop", centered=True),
    Optimizer("adagrad"),
    Optimizer("adam", weight_decay=0.1),
    Optimizer("adamw"),
]


def torch_frame(f, start, lr, steps, optimizer):
    """x, loss and gradient of every step by torch.optim and nothing of ours."""
    w = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    theirs = getattr(torch.optim, OPTIMIZERS[optimizer.name].torch_name)([w], lr=lr, **optimizer.options)
    rows = []
    for _ in range(steps + 1):
        theirs.zero_grad()
        loss = f(w)
        loss.backward()
        rows.append((w.item(), loss.item(), w.grad.item()))
        theirs.step()
    return pd.DataFrame(rows, columns=["x", "loss", "gradient"])


@pytest.mark.parametrize("optimizer", ALL, ids=lambda o: o.label)
@pytest.mark.parametrize("key", CATALOGUE)
def test_fifty_steps_equal_torch_optim(key, optimizer):
    entry = example(key)
    ours = descend(entry.function, entry.start, 0.01, 50, optimizer)
    theirs = torch_frame(entry.function, entry.start, 0.01, 50, optimizer)
    np.testing.assert_allclose(ours[["x", "loss", "gradient"]], theirs, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("lr", [0.001, 0.1, 0.5, 0.9, 1.0])
def test_closed_form_of_the_square(lr):
    frame = descend(SQUARE, start=-1.5, lr=lr, steps=60)
    truth = -1.5 * (1 - 2 * lr) ** frame["step"].to_numpy(float)
    np.testing.assert_allclose(frame["x"], truth, rtol=1e-9, atol=1e-300)
    np.testing.assert_allclose(frame["loss"], truth**2, rtol=1e-9, atol=1e-300)
    np.testing.assert_allclose(frame["update"], -lr * 2 * frame["x"], rtol=1e-15)


def test_one_exact_step():
    frame = descend(SQUARE, start=-1.5, lr=0.1, steps=1)
    assert list(frame.columns) == ["run", "lr", "step", "x", "loss", "gradient", "update", "status"]
    first, last = frame.to_dict("records")
    assert (first["x"], first["loss"], first["gradient"], first["status"]) == (-1.5, 2.25, -3.0, "running")
    assert first["update"] == pytest.approx(0.3) and last["x"] == -1.5 + first["update"]
    assert last["status"] == "finished" and last["update"] == pytest.approx(0.24)  # what a next step would add


def test_rows_are_run_by_run_and_step_by_step():
    frame = descend(SQUARE, start=[1.0, 2.0, 3.0], lr=0.1, steps=4)
    assert frame["run"].tolist() == [0] * 5 + [1] * 5 + [2] * 5
    assert frame["step"].tolist() == [0, 1, 2, 3, 4] * 3
    assert frame.groupby("run")["x"].first().tolist() == [1.0, 2.0, 3.0]
    assert len(descend(SQUARE, 1.0, 0.1, 0)) == 1


def test_many_runs_at_once_equal_the_runs_one_by_one():
    f = example("ripples").function
    starts, lrs = [5.0, -4.0, 1.0, 2.0, 0.5, 3.0, -2.0], [0.01, 0.05, 0.3, 0.02, 0.1, 0.01, 0.2]
    shuffled = [ALL[place] for place in (3, 0, 6, 0, 2, 3, 5)]
    together = descend(f, starts, lrs, 700, shuffled)  # more steps than one chunk
    for run, (start, lr, optimizer) in enumerate(zip(starts, lrs, shuffled, strict=True)):
        alone = descend(f, start, lr, 700, optimizer)
        ours = together[together["run"] == run].reset_index(drop=True)
        pd.testing.assert_frame_equal(
            ours.drop(columns=["run", "optimizer"]), alone.drop(columns="run"), rtol=1e-12, atol=1e-12
        )
        assert set(ours["optimizer"]) == {optimizer.label}


def test_divergence_is_a_status_and_the_others_go_on():
    frame = descend(SQUARE, start=-1.5, lr=[0.1, 1e6, 2.0], steps=700)
    calm, wild, slow = (frame[frame["run"] == run].reset_index(drop=True) for run in range(3))
    assert set(calm["status"]) == {"running", "finished"} and abs(calm["x"].iloc[-1]) < 1e-60
    at = int((wild["status"] == "diverged").idxmax())
    # x is multiplied by 1 - 2e6 each step; the loss overflows when |x| passes sqrt(1.8e308)
    assert at == math.ceil(math.log(math.sqrt(np.finfo(float).max) / 1.5) / math.log(2e6 - 1))
    assert np.isfinite(wild["loss"][:at]).all() and np.isinf(wild["loss"][at])
    assert (wild["status"][at:] == "diverged").all() and (wild["status"][:at] == "running").all()
    assert (wild["update"][at:] == 0).all() and wild["x"][at:].nunique() == 1
    assert len(wild) == 701 and slow["status"].iloc[-1] == "diverged"


def test_all_runs_over_early_still_give_every_row():
    frame = descend(SQUARE, start=[1.0, 2.0], lr=1e9, steps=2000)
    assert len(frame) == 4002 and (frame["status"].iloc[[2000, 4001]] == "diverged").all()
    assert frame["x"].notna().all()


def test_leaving_the_domain_is_divergence_even_if_the_slope_is_finite():
    frame = descend(example("edge").function, start=4.0, lr=6.0, steps=3)  # 4 - 6 * 0.75 < 0
    assert frame["status"].tolist() == ["running", "diverged", "diverged", "diverged"]
    assert frame["x"].tolist() == [4.0, -0.5, -0.5, -0.5] and frame["loss"].isna().tolist() == [False, True, True, True]


def test_a_start_without_a_value_has_diverged_at_step_0():
    frame = descend(parse_function("log(x)"), start=[-1.0, 1.0], lr=0.1, steps=2)
    assert frame["status"].tolist() == ["diverged"] * 3 + ["running", "running", "finished"]


def test_any_callable_and_constants():
    assert descend(lambda x: (x - 3) ** 2, 0.0, 0.5, 1)["x"].tolist() == [0.0, 3.0]
    for f in (parse_function("3"), lambda x: torch.ones_like(x)):
        assert descend(f, 1.0, 0.1, 3)["x"].tolist() == [1.0] * 4


def test_float32():
    frame = descend(SQUARE, -1.5, 0.1, 5, dtype=torch.float32)
    assert frame["x"].dtype == np.float32
    w = torch.tensor(-1.5, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.1)
    for _ in range(5):
        optimizer.zero_grad()
        (w**2).backward()
        optimizer.step()
    assert frame["x"].iloc[-1] == pytest.approx(w.item(), rel=1e-6)


def test_surfaces_and_fits_have_points_of_any_shape():
    def bowl(p):
        x, y = p.unbind(-1)
        return x**2 + 10 * y**2

    points = torch.tensor([[1.0, 1.0], [-2.0, 0.5], [3.0, -1.0]], dtype=torch.float64)
    paths = descend_many(bowl, points, [0.01, 0.05, 0.2], 30, Optimizer("sgd"))
    assert paths.x.shape == (3, 31, 2) and paths.loss.shape == (3, 31)
    for run, lr in enumerate([0.01, 0.05, 0.2]):
        factors = np.array([1 - 2 * lr, 1 - 20 * lr]) ** np.arange(31)[:, None]
        np.testing.assert_allclose(paths.x[run], points[run].numpy() * factors, rtol=1e-9, atol=1e-15)
    assert paths.diverged_at.tolist() == [-1, -1, -1]
    assert descend_many(bowl, points, [0.01, 0.05, 1e9], 50, Optimizer("sgd")).diverged_at[2] > 0
    assert torch.equal(points[0], torch.ones(2, dtype=torch.float64))  # the starts are not changed


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"lr": 0}, "learning rate"),
        ({"lr": -0.1}, "learning rate"),
        ({"lr": [0.1, math.nan]}, "learning rate"),
        ({"lr": math.inf}, "learning rate"),
        ({"lr": 1e-60, "dtype": torch.float32}, "learning rate"),
        ({"start": math.nan}, "start"),
        ({"start": [0, math.inf]}, "start"),
        ({"start": 1e60, "dtype": torch.float32}, "start"),
        ({"start": []}, "at least one start"),
        ({"steps": -1}, "steps"),
        ({"steps": 2.5}, "steps"),
        ({"steps": True}, "steps"),
        ({"steps": MAX_STEPS + 1}, "steps"),
        ({"steps": MAX_STEPS, "start": 1.0, "lr": [0.1] * 30}, "fewer"),
        ({"optimizer": "sdg"}, "no optimizer"),
        ({"optimizer": []}, "at least one optimizer"),
        ({"optimizer": ["sgd", "adam"], "lr": [1, 2, 3]}, "as many"),
        ({"start": [1, 2], "lr": [1, 2, 3]}, "as many"),
        ({"momentum": -1}, "momentum"),
        ({"f": lambda x: x.sum()}, "one value for each run"),
        ({"f": lambda x: 3.0}, "one value for each run"),
    ],
)
def test_senseless_arguments_get_a_sentence(arguments, words):
    with pytest.raises(ValueError, match=words):
        descend(**{"f": SQUARE, "start": [1.0, 2.0], "lr": 0.1, "steps": 3, **arguments})
