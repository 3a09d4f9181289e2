"""No name that the long run contradicts: 24 functions x 40 learning rates, named after 30 steps, watched for 3,000."""

import numpy as np
import pytest
import torch

from sgd_core.calculus.catalogue import CATALOGUE
from sgd_core.calculus.formula import parse_function
from sgd_core.descent.descend import descend
from sgd_core.descent.minimum import find_minimum
from sgd_core.descent.regimes import classify_runs

SEEN, LONG = 30, 3000
FUNCTIONS = {entry.formula: entry.start for entry in CATALOGUE.values()} | {
    "sin(x)": -1.3,
    "tanh(x)**2": -1.5,
    "tanh(x)": -1.5,
    "log((exp(x) + exp(-x))/2)": 3.3,
    "sqrt(1 + x**2)": 2.0,
    "x**4 - x**2": 1.7,
    "exp(x) - 2*x": -1.0,
    "relu(x - 1) + x**2/10": 2.0,
    "abs(x) + x**2": 1.0,
    "x**2 + sin(5*x)": 2.5,
    "-exp(-x**2/2)": 1.8,
    "x**2/(1 + x**2)": -2.5,
    "3*x": 1.0,
}
LRS = np.geomspace(1e-3, 30, 40) * 1.0123


def contradiction(regime, run):
    """What the long run says against the name, or None. Knows only the numbers, neither slope nor curvature."""
    loss, update = run["loss"].to_numpy(), run["update"].to_numpy()
    broken = run["status"].iloc[-1] == "diverged"
    first, tail = loss[0], loss[-LONG // 5 :]
    moves = np.abs(update)
    after, end = moves[SEEN : SEEN + LONG // 5].max(), moves[-LONG // 5 :].max()
    resting = end <= 1e-12 * (1 + np.abs(run["x"].to_numpy()).max())
    lowest = loss[np.isfinite(loss)].min()
    flips = int((np.sign(update[1:]) * np.sign(update[:-1]) < 0).sum())
    match regime.name:
        case "good" | "too low":
            band = lowest + 0.01 * (first - lowest)
            if broken:
                return "it breaks"
            if regime.name == "good" and loss[SEEN:].max() > band + 1e-12:
                return "it leaves the 1 %"
            if regime.name == "too low" and loss[SEEN] <= lowest + 0.0099 * (first - lowest) and first > lowest:
                return "it has arrived"
            later = slice(LONG // 5, -1)
            if ((np.sign(update[later]) * np.sign(update[LONG // 5 + 1 :]) < 0) & (loss[later] > band)).any():
                return "it flips later"
            slack = 1e-12 * abs(loss[SEEN]) if not regime.endless else 0.01 * (first - lowest)
            return None if loss[-1] <= loss[SEEN] + slack else "it rises"
        case "bouncing" if regime.endless:
            # what comes to rest shrinks all the time; what was thrown far out walks back by long steps, and bounces again
            tenths = [part.max() for part in np.array_split(moves[SEEN:-1], 10)]
            shrinks = end < 0.3 * after and (np.diff(tenths) < 0).all()
            return "it breaks" if broken else "it rests" if resting or shrinks else None
        case "bouncing":
            if broken or not flips:
                return "it breaks" if broken else "it never flips"
            return None if resting or end < after * 0.999 else "it does not shrink"
        case "diverging":
            return None if broken or tail.max() > loss[: 4 * LONG // 5].max() else "it does not grow"
        case "falling":
            return None if broken or (tail[-1] < tail[0] and tail[-1] == lowest) else "it does not fall"
        case "left the domain":
            return None if broken and np.abs(run["x"].to_numpy()[-1]) < 1e6 else "it has a value"
        case "thrown out":
            return None if not broken and tail.min() > first else "it comes back"
        case "at rest":
            return None if not moves.any() else "it moves"
    return "undecided"


@pytest.fixture(scope="module")
def long_runs():
    """All functions in one descent, which shares the cost of a step among them: formula -> its runs."""
    functions = [parse_function(formula) for formula in FUNCTIONS]

    def everywhere(x):
        return torch.cat([f(part) for f, part in zip(functions, x.split(len(LRS)), strict=True)])

    starts = np.repeat(list(FUNCTIONS.values()), len(LRS))
    runs = descend(everywhere, starts, np.tile(LRS, len(functions)), LONG)
    return {formula: part for formula, (_, part) in zip(FUNCTIONS, runs.groupby(runs["run"] // len(LRS)), strict=True)}


@pytest.mark.parametrize("formula", FUNCTIONS)
def test_the_long_run_contradicts_no_name(formula, long_runs):
    domain = next((entry.domain for entry in CATALOGUE.values() if entry.formula == formula), None)
    runs = long_runs[formula]
    names = classify_runs(runs[runs["step"] <= SEEN], parse_function(formula, domain=domain))
    wrong = [
        (float(run["lr"].iloc[0]), str(regime.name), regime.endless, words, regime.reason)
        for regime, (_, run) in zip(names, runs.groupby("run"), strict=True)
        if (words := contradiction(regime, run))
    ]
    assert not wrong


def test_the_long_run_contradicts_no_name_where_all_is_chaos():
    """From 24 starts at 24 learning rates, of which some throw the run out by thousands and let it walk back."""
    f, generator = parse_function("exp(x) - 2*x"), np.random.default_rng(0)
    starts, lrs = generator.uniform(-3, 3, 576), np.tile(np.geomspace(0.9, 7, 24), 24)
    runs = descend(f, starts, lrs, LONG)
    names = classify_runs(runs[runs["step"] <= SEEN], f)
    assert {str(name.name) for name in names} >= {"bouncing"} and {name.endless for name in names} == {True, False}
    wrong = [
        (start, lr, str(name.name), name.endless, words, name.reason)
        for start, lr, name, (_, run) in zip(starts, lrs, names, runs.groupby("run"), strict=True)
        if (words := contradiction(name, run))
    ]
    assert not wrong


def test_a_minimum_is_no_rounded_number_unless_it_is_one():
    """A place beside the minimum is as low to the last bit; a slow bounce around the wrong one would never rest."""
    assert find_minimum(parse_function("exp(x) - 2*x"), 2.0).x == pytest.approx(np.log(2), abs=1e-15)
    assert find_minimum(parse_function("(x - 0.3)**2"), 2.0).x == 0.3
    assert find_minimum(parse_function("abs(x - 0.3)"), 2.0).x == 0.3
