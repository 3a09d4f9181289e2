"""The range test against a plain loop, and the four suggestions against their definitions on constructed curves."""

import numpy as np
import pytest
import torch
from torch.nn import functional

import sgd_core
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import load_digits
from sgd_core.digits.lr_range import COLUMNS, SUGGESTIONS, highest_lr, lr_range_test, smooth, suggestions


@pytest.fixture(scope="module")
def uci():
    return load_digits("uci")


def test_it_trains_on_mini_batch_after_mini_batch_with_a_growing_learning_rate(uci):
    config = TrainConfig(batch_size=50, seed=5)
    frame = lr_range_test(config, uci, start=1e-3, end=1.0, batches=20)
    assert list(frame.columns) == COLUMNS == ["lr", "loss", "smoothed"]
    np.testing.assert_allclose(frame["lr"], 10 ** np.linspace(-3, 0, 20))
    x, y = uci.train_images.flatten(1), (uci.train_labels == 0).float()
    w, b = torch.zeros(64, requires_grad=True), torch.zeros((), requires_grad=True)
    order = torch.Generator().manual_seed(5)
    rows = [part for _ in range(4) for part in torch.randperm(289, generator=order).split(50)]
    mean = 0.0
    for i, (row, part) in enumerate(zip(frame.itertuples(), rows, strict=False)):
        loss = functional.binary_cross_entropy_with_logits(x[part] @ w + b, y[part])
        slopes = torch.autograd.grad(loss, (w, b))
        mean = 0.98 * mean + 0.02 * loss.item()
        assert row.loss == pytest.approx(loss.item(), rel=1e-5)
        assert row.smoothed == pytest.approx(mean / (1 - 0.98 ** (i + 1)), rel=1e-5)
        with torch.no_grad():
            w -= row.lr * slopes[0]
            b -= row.lr * slopes[1]


def test_it_stops_at_four_times_the_best_smoothed_loss_and_not_before(uci):
    config = TrainConfig(loss="mean_squared_error")
    frame = lr_range_test(config, uci)
    over = frame["smoothed"] > 4 * frame["smoothed"].cummin()
    assert len(frame) < 100 and over.iloc[-1] and not over.iloc[:-1].any()
    assert lr_range_test(config, uci, stop_at=1.5)["lr"].iloc[-1] <= frame["lr"].iloc[-1]
    assert set(frame.attrs["suggestions"]) == set(SUGGESTIONS)
    assert all(1e-7 < value < frame["lr"].iloc[-1] for value in frame.attrs["suggestions"].values())


def test_the_suggestions_leave_out_the_first_tenth_and_the_last_five(uci):
    frame = sgd_core.lr_range_test(TrainConfig(loss="mean_squared_error"), uci)
    inner = frame.iloc[10:-5]
    assert frame.attrs["suggestions"] == suggestions(
        inner["lr"].to_numpy(), inner["smoothed"].to_numpy(), frame.attrs["highest"]
    )


LRS = np.geomspace(1e-6, 1, 61)  # ten a decade


def test_minimum_is_a_tenth_of_the_lowest_place_and_steep_the_steepest_decade():
    loss = np.concatenate([np.full(20, 2.0), 2 - 0.01 * np.arange(10), np.linspace(1.9, 1.0, 4), np.full(20, 0.95)])
    loss = np.append(loss, np.full(7, 3.0))
    loss[44] = 0.9
    found = suggestions(LRS, loss)
    assert found["minimum"] == pytest.approx(LRS[44] / 10)
    assert found["steep"] == pytest.approx(LRS[30])  # 0.3 lower at each of the three places after it


def test_valley_is_half_way_into_the_longest_falling_stretch():
    loss = np.full(61, 5.0)
    loss[10:40] = np.linspace(4.9, 1.0, 30)  # with one of the fives before it: 31 places, the last one at 39
    loss[40:] = np.linspace(1.1, 9.0, 21)
    assert suggestions(LRS, loss)["valley"] == pytest.approx(LRS[8 + 10 + 5])
    falling = np.linspace(2, 1, 61)
    assert suggestions(LRS, falling)["valley"] == pytest.approx(LRS[-1 + 20 + 10])


def test_valley_takes_a_subsequence_and_does_not_mind_a_bump():
    loss = np.linspace(5, 1, 61)
    bumped = loss.copy()
    bumped[30] = 9.0
    difference = abs(np.log10(suggestions(LRS, bumped)["valley"] / suggestions(LRS, loss)["valley"]))
    assert difference <= 0.1001


def test_slide_stops_where_the_slope_no_longer_changes():
    flat = np.full(61, 1.0)
    explodes = flat.copy()
    explodes[50:] = 1 + 0.1 * np.arange(11) ** 2
    assert suggestions(LRS, flat)["slide"] == pytest.approx(LRS[45])
    # the slope leaves 0.005 at place 50 (0.05), so the window's right end rests at 49 and the last place was 50 - 15
    assert suggestions(LRS, explodes)["slide"] == pytest.approx(LRS[50 - 15])


def test_a_curve_too_short_or_broken_gives_what_it_can():
    assert suggestions(LRS[:1], np.ones(1)) == {}
    assert set(suggestions(LRS[:15], np.linspace(2, 1, 15))) == {"valley", "steep", "minimum"}
    loss = np.linspace(2, 1, 61)
    loss[50:] = np.inf
    assert suggestions(LRS, loss) == suggestions(LRS[:50], loss[:50])


def test_smoothing_of_a_constant_is_the_constant():
    np.testing.assert_allclose(smooth(np.full(9, 3.0)), 3.0)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"start": 0}, "above 0"),
        ({"start": 1.0, "end": 0.5}, "has to grow"),
        ({"batches": 1}, "from 2 to"),
        ({"smoothing": 1.0}, "smoothing"),
        ({"stop_at": 1.0}, "more than 1 times"),
    ],
)
def test_senseless_values_get_a_sentence(uci, arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        lr_range_test(TrainConfig(), uci, **arguments)


def test_smoothing_is_the_running_mean_written_out():
    loss, mean, means = np.random.default_rng(0).random(40), 0.0, []
    for i, value in enumerate(loss):
        mean = 0.9 * mean + 0.1 * value
        means.append(mean / (1 - 0.9 ** (i + 1)))
    np.testing.assert_allclose(smooth(loss, 0.9), means, rtol=1e-12)
    np.testing.assert_allclose(smooth(loss, 0.0), loss)


def test_no_suggestion_lies_after_the_explosion(uci):
    beyond = 0
    for loss in ("mean_squared_error", "cross_entropy"):
        for seed in range(16):
            frame = lr_range_test(TrainConfig(loss=loss, seed=seed), uci, end=100.0)
            exploded = frame["lr"][frame["loss"] > 2 * frame["loss"][:10].mean()]
            first = exploded.iloc[0] if len(exploded) else np.inf
            assert max(frame.attrs["suggestions"].values()) <= frame.attrs["highest"] < first
            inner = frame.iloc[10:-5]
            free = suggestions(inner["lr"].to_numpy(), inner["smoothed"].to_numpy())
            beyond += max(free.values()) > first
    assert beyond > 0, "without the limit some do"


def test_the_highest_rate_is_the_lowest_loss_before_the_explosion():
    loss = np.concatenate([np.full(20, 1.0), np.linspace(1, 0.2, 20), np.full(5, 0.2), np.linspace(0.3, 9, 16)])
    assert 39 <= np.searchsorted(LRS, highest_lr(LRS, loss)) <= 45
    assert highest_lr(LRS, np.linspace(1, 0.1, 61)) == LRS[-1]
    assert highest_lr(LRS, np.append(1.0, np.full(60, np.nan))) == LRS[0]
