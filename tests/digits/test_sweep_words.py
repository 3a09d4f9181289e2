"""What is said of a sweep of learning rates, against NumPy."""

import numpy as np
import pytest

from sgd_core.digits.config import TrainConfig
from sgd_core.digits.sweep_moments import cliff_sweep, sweep_moments, wide_sweep
from sgd_core.digits.sweep_words import sweep_numbers, sweep_table, tell_sweep
from sgd_core.moments import moment_steps
from sgd_core.numbers import percent
from tests.digits.plain_descent import descend
from tests.numbers_in_words import numbers, written

EPOCHS = 8


def config(loss="mean_squared_error", epochs=EPOCHS):
    return TrainConfig(loss=loss, batch_size=None, epochs=epochs)


def told(sweep, moments):
    return tell_sweep(sweep, sweep_table(sweep, moments), moments[-1].regimes)


@pytest.fixture(scope="module")
def cliff(digits, border):
    sweep = cliff_sweep(config(), border)
    return sweep, list(sweep_moments(sweep, digits))


def test_which_rates_are_swept(border):
    near = np.array(cliff_sweep(config(), border).rates) / border
    assert len(near) == 64 and near[[0, -1]] == pytest.approx([0.86, 1.14]) and np.ptp(np.diff(near)) < 1e-12
    for loss, below in (("mean_squared_error", 4), ("cross_entropy", 3)):
        wide = np.log10(wide_sweep(config(loss), border).rates)
        middle = round(np.log10(border))
        assert wide[[0, -1]] == pytest.approx([middle - below, middle - below + 6]) and np.ptp(np.diff(wide)) < 1e-9


def test_the_epochs_that_are_recorded(digits, border):
    moments = list(sweep_moments(cliff_sweep(config(epochs=70), border), digits))
    assert [one.epoch for one in moments] == moment_steps(70).tolist()


def test_before_the_first_epoch(digits, cliff):
    sweep, moments = cliff
    (nothing,) = told(sweep, moments[:1])
    threes = 1 - digits.train_labels.double().mean()  # at weights of 0 only these cost, and each of them 1
    assert numbers(nothing) == ["64", *written(threes)] and "**Sweep**" in nothing


def test_every_number_at_the_cliff(digits, cliff, border):
    sweep, moments = cliff
    where, early, _, lowest = told(sweep, moments)
    ends = np.array([descend(digits, "squares", lr, EPOCHS).losses for lr in sweep.rates])
    rates = np.array(sweep.rates)
    best = ends[:, -1].argmin()
    assert numbers(lowest) == [*written(ends[best, -1]), *written(rates[best], digits=3)]
    low, high, two, predicted, apart = numbers(where)
    assert (two, predicted) == ("2", *written(border))
    place = int(np.abs(rates - float(high)).argmin())
    assert [low, high] == written(rates[place - 1], rates[place])
    assert apart == percent(rates[place] / border - 1, 2).removesuffix(" %") and rates[place] > border
    grows = (np.diff(ends, axis=1)[:, -(EPOCHS // 3) :] > 0).all(1)  # and does not only bounce
    assert grows[place:].all() and not grows[place - 1]
    assert numbers(early) == [str(EPOCHS)]
    assert any(one.startswith("After 1 step ") for one in told(sweep, moments[:2]))


def test_where_nothing_diverges_the_rates_above_the_border_are_counted(digits):
    sweep = cliff_sweep(config("cross_entropy"), 0.67)
    moments = list(sweep_moments(sweep, digits))
    above, *_ = told(sweep, moments)
    assert numbers(above) == [str(sum(rate > 0.67 for rate in sweep.rates)), "2", "0.67"]


def test_the_clock_shows_the_lowest_loss_and_its_rate(digits, cliff):
    sweep, moments = cliff
    shown = sweep_numbers(moments)
    for epoch in (1, EPOCHS):
        ends = np.array([descend(digits, "squares", lr, epoch).losses[-1] for lr in sweep.rates])
        row = shown[shown["epoch"] == str(epoch)].iloc[0]
        assert [row["lowest loss"]] == written(ends.min())
        assert [row["at"]] == written(sweep.rates[int(ends.argmin())], digits=3)


def test_accuracy_that_hides_a_terrible_loss_is_pointed_out(digits):
    sweep = wide_sweep(config("cross_entropy", epochs=12), 0.67)
    moments = list(sweep_moments(sweep, digits))
    frame = sweep_table(sweep, moments)
    ends = frame[frame["epoch"] == 12]
    (hides,) = [one for one in told(sweep, moments) if one.startswith("Accuracy hides it")]
    worst = ends[ends["valid_accuracy"] > 0.97]["valid_loss"].idxmax()
    lr, loss = ends["lr"][worst], ends["valid_loss"][worst]
    truth = descend(digits, "cross-entropy", lr, 12).weights[-1]
    pixels = digits.valid_images.flatten(1).double().numpy()
    scores, y = pixels @ truth[:-1] + truth[-1], 1 - digits.valid_labels.numpy()
    assert loss == pytest.approx((np.logaddexp(0, scores) - y * scores).mean(), rel=0.05)
    right = ((scores > 0) == (y == 1)).mean()
    assert numbers(hides)[:2] == [*written(lr, digits=3), percent(right).removesuffix(" %")]
    assert numbers(hides)[2:] == written(loss, loss / ends["valid_loss"].min(), digits=3)
