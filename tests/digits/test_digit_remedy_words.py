"""What is said of the remedies on digits, against NumPy and torch."""

import numpy as np
import pytest
import torch

from sgd_core.descent.remedies import REMEDIES
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.remedies import train_with_remedies
from sgd_core.digits.remedy_words import KEYS, remedy_diagnosis, remedy_numbers, remedy_table, tell_remedies
from tests.digits.plain_descent import descend, images_of
from tests.numbers_in_words import numbers, written


@pytest.fixture(scope="module")
def centred(digits):
    x, _ = images_of(digits)
    x = np.hstack([x[:, :-1] - x[:, :-1].mean(0), x[:, -1:]])
    return 2 / np.linalg.eigvalsh(2 / len(x) * x.T @ x)[-1]


def run(digits, lr, steps, loss="mean_squared_error"):
    config = TrainConfig(loss=loss, lr=lr, batch_size=None, epochs=steps)
    moments = list(train_with_remedies(config, digits))
    return config, moments, [remedy_diagnosis(config, moments, key) for key in KEYS]


def by_torch(digits, lr, steps, key):
    """The loss after so many steps with momentum, Adam or clipping."""
    x, y = map(torch.tensor, images_of(digits))
    w = torch.zeros(x.shape[1], dtype=torch.float64, requires_grad=True)
    optimizer = (
        torch.optim.Adam([w], lr=lr)
        if key == "adam"
        else torch.optim.SGD([w], lr=lr, momentum=0.9 * (key == "momentum"))
    )
    for _ in range(steps):
        optimizer.zero_grad()
        ((x @ w - y) ** 2).mean().backward()
        if key == "clip":
            torch.nn.utils.clip_grad_norm_([w], 1.0)
        optimizer.step()
    return ((x @ w - y) ** 2).mean().item()


def test_before_the_first_step(digits, border, centred):
    config, moments, found = run(digits, 1.5 * border, 2)
    begin, press = tell_remedies(config, border, centred, moments[:1], found)
    assert numbers(begin) == [*written(config.lr), "1.5", "2", *written(border)] and "Train" in press
    assert begin.startswith("Eleven") and len(KEYS) == 11


def test_every_number_of_a_run_beyond_the_border(digits, border, centred):
    config, moments, found = run(digits, 1.5 * border, 15)
    _, lowest, bouncing, scaled, momentum, schedules = tell_remedies(config, border, centred, moments, found)
    x, y = images_of(digits)
    x = np.hstack([x[:, :-1] - x[:, :-1].mean(0), x[:, -1:]])
    w = np.zeros(x.shape[1])
    for _ in range(15):
        w = w - config.lr * 2 / len(x) * x.T @ (x @ w - y)
    assert numbers(lowest) == ["15", *written(((x @ w - y) ** 2).mean(), digits=3)] and "**Scaled inputs**" in lowest
    assert "A lower rate, Scaled inputs." in lowest and "As it is" not in lowest + bouncing
    assert numbers(scaled) == written(border, centred)
    assert numbers(momentum) == [*written(0.9, 2, 1, 0.9), *written(1.9 * border), "1"]
    assert "explodes" in schedules


def test_one_step_is_one_step(digits, border, centred):
    config, moments, found = run(digits, 1.5 * border, 1)
    told = tell_remedies(config, border, centred, moments, found)[1]
    assert told.startswith("After 1 step these are good: none.")


@pytest.mark.parametrize(("times", "loss"), [(0.5, "mean_squared_error"), (1.5, "cross_entropy")])
def test_no_explosion_is_told_where_there_is_none(digits, border, centred, times, loss):
    config, moments, found = run(digits, times * (border if loss == "mean_squared_error" else 8 * border), 12, loss)
    *_, schedules = tell_remedies(config, border, centred, moments, found)
    assert "diverging" not in [one.name for one in found] and "explodes" not in schedules


def test_clock_and_table_show_the_losses(digits, border):
    config, moments, _ = run(digits, 1.5 * border, 6)
    shown, table = remedy_numbers(moments), remedy_table(moments)
    truth = {
        "none": descend(digits, "squares", config.lr, 6).losses[6],
        "lower": descend(digits, "squares", config.lr / 4, 6).losses[6],
        **{key: by_torch(digits, config.lr, 6, key) for key in ("clip", "momentum", "adam")},
    }
    for key, loss in truth.items():
        title = REMEDIES[key].title
        assert shown[title].tolist()[-1:] == written(loss, digits=3)
        rows = table[(table["remedy"] == title) & (table["step"] == 6)]
        assert rows["loss"].item() == pytest.approx(loss, rel=1e-3)
    assert len(table) == 7 * 11


def test_a_diagnosis_knows_the_remedys_own_learning_rate(digits, border):
    config, moments, _ = run(digits, 1.5 * border, 20)
    names = {key: str(remedy_diagnosis(config, moments, key).name) for key in KEYS}
    assert names["none"] == "diverging" and names["lower"] == names["scale"] == "good"
    early = remedy_diagnosis(TrainConfig(lr=1.0, batch_size=None), moments[:2], "lower")
    assert early.name == "undecided"


def test_where_nothing_fails_there_is_nothing_to_cure(digits, border, centred):
    config, moments, found = run(digits, 0.5 * border, 40)
    told = " ".join(tell_remedies(config, border, centred, moments, found))
    assert found[0].name == "good" and "nothing to cure below the border" in told and "bounce stays" not in told
    config, moments, found = run(digits, 1.5 * border, 40)
    told = " ".join(tell_remedies(config, border, centred, moments, found))
    assert "the bounce stays" in told and "nothing to cure" not in told
    config, moments, found = run(digits, 1.0, 60, loss="cross_entropy")  # 1.5 times its border
    told = " ".join(tell_remedies(config, 0.67, 6.5, moments, found))
    assert found[0].name == "good" and "the border moves away" in told
