"""The map of all starts and learning rates against single descents, pixel by pixel, and against `classify`."""

import math

import numpy as np
import pytest

import sgd_core
from sgd_core.descent.regime_map import (
    CLOSE,
    ENDLESS,
    FAR,
    GROWTH,
    LATE,
    ROUNDING,
    SETTLED,
    SWEEP,
    MapWindow,
    Outcome,
    border_dimension,
    mapping,
    regime_map,
)
from sgd_core.descent.regimes import classify

CASES = [
    ("x**2", (-3.0, 3.0), (0.01, 1.2)),
    ("x**4 - 2*x**2", (-2.0, 2.0), (0.01, 0.6)),
    ("x*sin(x)", (-10.0, 10.0), (0.05, 3.0)),
    ("x*log(x)", (0.1, 5.0), (0.01, 3.0)),
    ("abs(x)", (-2.0, 2.0), (0.01, 1.0)),
]


def outcome_of(run, window):
    """What one run has come to, read step by step off its frame."""
    width, middle = window.start[1] - window.start[0], sum(window.start) / 2
    x, update, broken = run["x"].to_numpy(), run["update"].to_numpy(), (run["status"] == "diverged").to_numpy()
    for step in range(len(x)):
        if broken[step] or abs(x[step] - middle) > FAR * width:
            far = not abs(x[step] - middle) <= FAR * width
            return Outcome.DIVERGED if far else Outcome.LEFT_DOMAIN, step
    sizes = np.abs(update[: window.steps])
    since = 0
    for step in range(window.steps):
        before = sizes[step - 1] if step else 0.0
        close = sizes[step] * before <= (before - sizes[step]) * (CLOSE * width)
        if not close and sizes[step] > ROUNDING * width:
            since = step + 1
        settled = sizes[step] * before <= (before - sizes[step]) * (SETTLED * width) and since <= step - SWEEP
        if step % SWEEP == SWEEP - 1 and (settled or sizes[step] <= ROUNDING * width):
            break  # the rest of the run is rounding
    if since < window.steps:
        return Outcome.ARRIVED, since
    tail, signs = sizes[-LATE:].max(), np.sign(update[window.steps - LATE - 1 : window.steps])
    grew = (sizes[-LATE:] > sizes[-LATE - 1 : -1] * (1 + GROWTH)).any()
    shrinks = tail < (1 - ENDLESS) ** LATE * sizes[-2 * LATE : -LATE].max()
    if (signs[1:] != signs[:-1]).any() and (grew or not shrinks):
        return Outcome.ENDLESS_BOUNCE, -1
    return Outcome.UNDER_WAY, -1


@pytest.mark.parametrize(("formula", "start", "lr"), CASES, ids=lambda v: v if isinstance(v, str) else "")
def test_every_pixel_is_a_single_descent(formula, start, lr):
    f = sgd_core.parse_function(formula)
    window = MapWindow(start, lr, size=160, steps=100)
    whole = regime_map(f, window)
    pixels = np.random.default_rng(0).integers(0, window.size, (1000, 2))
    runs = sgd_core.descend(f, start=window.starts[pixels[:, 1]], lr=window.lrs[pixels[:, 0]], steps=window.steps)
    for (row, column), (_, run) in zip(pixels, runs.groupby("run"), strict=True):
        outcome, needed = outcome_of(run, window)
        assert (whole.outcome[row, column], whole.needed[row, column]) == (outcome, needed)
        at = whole.x[row, column]
        if outcome != Outcome.ENDLESS_BOUNCE and np.isfinite(at):  # in a chaotic bounce a last digit soon is the first
            assert np.isclose(run["x"].to_numpy(), at, rtol=1e-6, atol=1e-9).any()


def test_on_a_parabola_the_borders_and_the_steps_are_those_of_the_formula():
    f = sgd_core.parse_function("x**2")
    window = MapWindow((-1.0, 1.0), (0.01, 1.2), size=120, steps=100)
    whole = regime_map(f, window)
    factor = np.abs(1 - 2 * window.lrs)
    column = 3
    for row in range(window.size):
        if factor[row] > 1.2:
            assert whole.outcome[row, column] == Outcome.DIVERGED
        elif factor[row] < 0.9:
            assert whole.outcome[row, column] == Outcome.ARRIVED
            # what is left from step n on is |update| (1 + r + r² ...); it is below 1 % of the width from `needed` on
            n = np.arange(1, window.steps)
            left = 2 * window.lrs[row] * factor[row] ** n * abs(window.starts[column]) / (1 - factor[row])
            assert whole.needed[row, column] == n[left <= 0.02][0]
    assert {o.words for o in whole.shares()} <= {"arrived", "under way", "endless bounce", "diverged"}
    assert sum(whole.shares().values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("formula", "start", "lr"), CASES[:2] + CASES[4:], ids=lambda v: v if isinstance(v, str) else ""
)
def test_it_never_contradicts_the_names_of_single_runs(formula, start, lr):
    f = sgd_core.parse_function(formula)
    window = MapWindow(start, lr, size=64, steps=200)
    whole = regime_map(f, window)
    for row, column in np.random.default_rng(1).integers(0, 64, (60, 2)):
        run = sgd_core.descend(f, start=window.starts[column], lr=window.lrs[row], steps=200)
        regime = classify(run, f)
        outcome = whole.outcome[row, column]
        if outcome == Outcome.ARRIVED:
            assert regime.name in ("good", "too low", "bouncing", "at rest", "thrown out"), (row, column, regime)
        if outcome == Outcome.DIVERGED:
            assert regime.name in ("diverging", "falling", "thrown out", "left the domain"), (row, column, regime)
        if outcome == Outcome.ENDLESS_BOUNCE:
            assert regime.name not in ("good", "at rest") or regime.endless, (row, column, regime)


def test_it_fills_from_below_and_a_zoom_is_another_window():
    f = sgd_core.parse_function("x**4 - 2*x**2")
    window = MapWindow((-2.0, 2.0), (0.01, 0.6), size=512, steps=80)
    parts = list(mapping(f, window))
    assert [part.rows for part in parts] == list(range(64, 513, 64))
    assert (parts[0].outcome[64:] == Outcome.WAITING).all() and (parts[-1].outcome > 0).all()
    closer = window.zoom((window.starts[100], window.starts[227]), (window.lrs[200], window.lrs[327]))
    near = regime_map(f, MapWindow(closer.start, closer.lr, size=128, steps=80))
    same = near.outcome == parts[-1].outcome[200:328, 100:228]
    assert same.mean() > 0.97, "the same runs; what counts as near goes by the window"
    assert MapWindow((0, 1), (0.01, 1), size=5, logarithmic=True).lrs[2] == pytest.approx(0.1)


def test_senseless_windows_get_a_sentence():
    for values, sentence in (
        ({"start": (1, 0), "lr": (0.1, 1)}, "below"),
        ({"start": (0, 1), "lr": (0, 1)}, "above 0"),
        ({"start": (0, np.inf), "lr": (0.1, 1)}, "finite"),
        ({"start": (0, 1), "lr": (0.1, 1), "size": 1}, "pixels"),
    ):
        with pytest.raises(ValueError, match=sentence):
            MapWindow(**values)


def test_the_border_of_a_parabola_has_dimension_one_and_that_of_ripples_more():
    window = MapWindow((-3, 3), (0.5, 1.5), size=128)
    assert border_dimension(regime_map(sgd_core.parse_function("x**2"), window)) == pytest.approx(1, abs=0.12)
    ripples = regime_map(sgd_core.parse_function("sin(3*x) + x**2/10"), MapWindow((-6, 6), (0.2, 0.5), size=128))
    assert border_dimension(ripples) > 1.2
    assert math.isnan(
        border_dimension(regime_map(sgd_core.parse_function("x**2"), MapWindow((-3, 3), (0.4, 0.6), size=64)))
    )
