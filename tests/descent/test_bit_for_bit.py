"""Plain and momentum SGD agree with torch.optim.SGD to the last bit, so that chaos shows nobody another path."""

import numpy as np
import pytest
import torch

from sgd_core.calculus.catalogue import CATALOGUE, example
from sgd_core.descent.descend import descend

CHAOTIC = [("ripples", 3.0), ("two_valleys", 0.7), ("edge", 3.2)]
OPTIONS = [
    {},
    {"momentum": 0.9},
    {"momentum": 0.5, "nesterov": True},
    {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.01},
]


def torch_path(function, start, lr, steps, options):
    w = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=lr, **options)
    path = [w.item()]
    for _ in range(steps):
        optimizer.zero_grad()
        function(w).backward()
        optimizer.step()
        path.append(w.item())
    return np.array(path)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize(("key", "lr"), CHAOTIC)
def test_chaotic_paths_are_torchs(key, lr, options):
    function, start = example(key).function, example(key).start
    theirs = torch_path(function, start, lr, 500, options)
    ours = descend(function, start, lr, 500, **options)
    alive = np.isfinite(theirs) & (ours["status"] != "diverged").to_numpy()
    np.testing.assert_array_equal(ours["x"].to_numpy()[alive], theirs[alive])
    assert options or alive.sum() == 501, "the path stays where the function is defined"


@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=lambda entry: entry.key)
def test_many_learning_rates_at_once_are_each_torchs(entry):
    lrs = np.geomspace(0.01, 4, 7)
    ours = descend(entry.function, entry.start, lrs, 100)
    for (_, run), lr in zip(ours.groupby("run"), lrs, strict=True):
        theirs = torch_path(entry.function, entry.start, lr, 100, {})
        walked = (run["status"] != "diverged").to_numpy()
        np.testing.assert_array_equal(run["x"].to_numpy()[walked], theirs[walked])
