"""The remedies against plain torch: clipping, scaled inputs, and what theory says of each."""

import math
from dataclasses import replace

import numpy as np
import pytest

from sgd_core.calculus.catalogue import CATALOGUE
from sgd_core.descent.descend import descend
from sgd_core.descent.remedies import LIMIT, REMEDIES, descend_with_remedies
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.remedies import remedied, train_with_remedies
from sgd_core.digits.sharpness import sharpness


@pytest.fixture(scope="module")
def failing(digits):
    config = TrainConfig(loss="mean_squared_error", batch_size=None, epochs=30)
    return replace(config, lr=1.5 * 2 / sharpness(config, digits))


def test_remedies_are_compared_on_all_images_only(digits, failing):
    with pytest.raises(ValueError, match="whole training set"):
        next(train_with_remedies(replace(failing, batch_size=64), digits))


def test_what_theory_says_of_each_holds(digits, failing):
    *_, last = train_with_remedies(failing, digits)
    losses = dict(zip(REMEDIES, last.losses, strict=True))
    start = 0.51
    assert losses["none"] > 1e6, "1.5 times the border: each step doubles the distance along the steepest direction"
    assert losses["lower"] < 0.1
    assert losses["scale"] < 0.1, "centred images bend the loss far less"
    assert losses["momentum"] < start, "1.5 lies below the border with momentum, 1.9"
    assert losses["clip"] < 10 * start, "clipped steps cannot explode"
    assert losses["warm_up"] > 1e3, "it ends at the failing rate"


def test_scaled_inputs_move_the_border(digits, failing):
    assert sharpness(remedied(failing, "scale"), digits) < sharpness(failing, digits) / 2


def test_on_one_weight_half_the_input_is_a_quarter_of_the_rate():
    f = CATALOGUE["quadratic"].function
    runs = descend_with_remedies(f, -1.5, 1.0, 12)
    scaled, lower = (runs[runs["remedy"] == key] for key in ("scale", "lower"))
    np.testing.assert_allclose(scaled["x"], lower["x"], rtol=1e-12)
    np.testing.assert_allclose(scaled["update"].iloc[:-1], np.diff(scaled["x"]), atol=1e-12)
    np.testing.assert_allclose(scaled["gradient"], 2 * scaled["x"], rtol=1e-12)


def test_on_one_weight_clipped_steps_have_the_limits_length():
    run = descend_with_remedies(CATALOGUE["quadratic"].function, -1.5, 1.05, 12)
    clipped, plain = (run[run["remedy"] == key] for key in ("clip", "none"))
    assert (clipped["update"].abs() <= 1.05 * LIMIT + 1e-12).all() and plain["loss"].iloc[-1] > plain["loss"].iloc[0]
    # while the slope is below the limit, it is plain descent
    near = descend_with_remedies(CATALOGUE["quadratic"].function, -0.3, 0.1, 5)
    np.testing.assert_allclose(
        near[near["remedy"] == "clip"]["x"], descend(CATALOGUE["quadratic"].function, -0.3, 0.1, 5)["x"]
    )


@pytest.mark.parametrize("key", [key for key, remedy in REMEDIES.items() if remedy.schedule == "constant"])
def test_an_optimizer_among_the_remedies_takes_its_own_steps(key):
    f, remedy = CATALOGUE["two_valleys"].function, REMEDIES[key]
    run = descend_with_remedies(f, 2.0, 0.05, 10)
    mine = run[run["remedy"] == key]
    if key in ("none", "momentum", "adam"):
        np.testing.assert_array_equal(mine["x"], descend(f, 2.0, 0.05, 10, remedy.optimizer)["x"])
    assert all(math.isfinite(x) for x in mine["x"])
