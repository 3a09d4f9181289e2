"""The scripts of Stepping, executed: what they print is what `descend` computes."""

import contextlib
import io

import pytest

from sgd_core.calculus.formula import parse_function
from sgd_core.descent.descend import descend
from sgd_core.descent.fit import SCALES, RollerCoaster, descend_fit
from sgd_core.descent.optimizers import Optimizer
from sgd_core.descent.stop import Rules, stops
from sgd_core.descent.surfaces import SURFACES, VARIABLES, descend_surface
from sgd_core.export.descent import fit_script, stop_script, walk_script

ALL = [
    Optimizer("sgd", weight_decay=0.1),
    Optimizer("sgd", momentum=0.9, dampening=0.2),
    Optimizer("sgd", momentum=0.8, nesterov=True),
    Optimizer("rmsprop", centered=True),
    Optimizer("adagrad", lr_decay=0.1),
    Optimizer("adam", betas=(0.8, 0.99), amsgrad=True),
    Optimizer("adamw"),
]


def lines(script):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(script, {})
    return [line.split() for line in out.getvalue().splitlines()]


def test_one_weight_under_every_optimizer():
    function = parse_function("sin(pi*x) + x**2/10")
    frame = descend(function, 2.0, 0.05, 12, ALL)
    runs = [(str(i), optimizer.torch_code("[w]", "0.05")) for i, optimizer in enumerate(ALL)]
    printed = lines(walk_script(function.torch_code, start=2.0, runs=runs, steps=12))
    assert len(printed) == len(frame)
    for line, row in zip(printed, frame.itertuples(), strict=True):
        shown = [row.run, row.step, row.x, row.loss, row.gradient, row.update]
        assert [float(number) for number in line] == pytest.approx(shown, rel=1e-6, abs=1e-10)


@pytest.mark.parametrize("key", ["rosenbrock", "ripples"])
def test_two_weights_under_every_optimizer(key):
    surface = SURFACES[key]
    frame = descend_surface(surface.function, surface.start, [surface.lr] * len(ALL), 10, ALL)
    runs = [(str(i), optimizer.torch_code("[w]", repr(surface.lr))) for i, optimizer in enumerate(ALL)]
    script = walk_script(surface.function.torch_code, start=surface.start, runs=runs, steps=10, variables=VARIABLES)
    for line, row in zip(lines(script), frame.drop(columns=["lr", "status"]).itertuples(index=False), strict=True):
        assert [float(number) for number in line] == pytest.approx(list(row), rel=1e-6, abs=1e-10)


def test_a_run_that_diverges_ends_its_script_at_that_step():
    frame = descend(parse_function("x**2"), -1.5, 1e3, 500)
    at = int((frame["status"] == "diverged").to_numpy().argmax())
    printed = lines(walk_script("x**2", start=-1.5, runs=[("w", "torch.optim.SGD([w], lr=1000.0)")], steps=500))
    assert int(printed[-1][1]) == at and float(printed[-1][2]) == pytest.approx(frame["x"].iloc[at])


@pytest.mark.parametrize("scale", SCALES)
def test_the_fit(scale):
    coaster = RollerCoaster(noise=2.5, seed=3, scale=scale)
    frame = descend_fit(coaster, 2e-5, 15, Optimizer("sgd"))
    printed = lines(fit_script(coaster, steps=15, optimizer="torch.optim.SGD([parameters], lr=2e-05)"))
    for line, row in zip(printed, frame.drop(columns="status").itertuples(index=False), strict=True):
        assert [float(number) for number in line] == pytest.approx(list(row), rel=1e-9)


@pytest.mark.parametrize(
    ("lr", "rules"),
    [
        (0.1, Rules(50)),
        (0.1, Rules(500, gradient=0.01)),
        (0.1, Rules(500, patience=5, improvement=0.01)),
        (1.0, Rules(500, patience=7)),
        (4.0, Rules(5000, gradient=1e-9)),
        (0.1, Rules(500, gradient=1e-3, patience=4, improvement=0.1)),
    ],
)
def test_the_stop_script_stops_where_the_rules_do(lr, rules):
    function = parse_function("x**2")
    first = stops(descend(function, -1.5, lr, rules.steps), rules)[0]
    printed = lines(
        stop_script(function.torch_code, start=-1.5, optimizer=f"torch.optim.SGD([w], lr={lr})", rules=rules)
    )
    assert " ".join(printed[-1]) == f"stopped at step {first.step} because of: {first.rule}"
    assert len(printed) == first.step + 2
