"""Each number told of the fit: the loss of a plain loop, the border by eigenvalues, the best parabola by least squares."""

import re

import numpy as np
import pytest

from sgd_core.charts.fit import parameter_window, rate_window, rates_drawn
from sgd_core.descent.fit import SCALES, RollerCoaster, descend_fit
from sgd_core.descent.fit_words import fit_formula, fit_numbers, larger_rate_bet, tell_fit
from sgd_core.descent.one_weight import SGD
from tests.numbers_in_words import numbers, written


class Plain:
    """The same fit in NumPy alone: the columns, the losses of a loop, what least squares leaves."""

    def __init__(self, scale: str) -> None:
        self.coaster = RollerCoaster(scale=scale)
        shift, unit = SCALES[scale]
        self.t = (np.arange(20.0) - shift) / unit
        self.columns = np.stack([self.t**2, self.t, np.ones(20)], axis=1)
        self.speed = self.coaster.speed.numpy()
        self.curves = np.linalg.eigvalsh(2 / 20 * self.columns.T @ self.columns)
        _, (left,), *_ = np.linalg.lstsq(self.columns, self.speed, rcond=None)
        self.least = left / 20

    def descend(self, lr: float, steps: int) -> tuple[np.ndarray, list[float]]:
        weights, losses = self.coaster.start.numpy(), []
        with np.errstate(over="ignore", invalid="ignore"):
            for step in range(steps + 1):
                off = self.columns @ weights - self.speed
                losses.append(float((off**2).mean()))
                if step < steps:
                    weights = weights - lr * 2 / 20 * self.columns.T @ off
        return weights, losses

    def best(self, steps: int) -> tuple[float, float]:
        """The rate that leaves the least after so many steps, to three digits, and the loss it leaves."""
        tried = np.geomspace(0.02 / self.curves[-1], 2 / self.curves[-1], 400)
        near = tried[np.argmin([self.descend(lr, steps)[1][-1] for lr in tried])]
        fine = near * np.linspace(0.97, 1.03, 400)
        rate = float(f"{fine[np.argmin([self.descend(lr, steps)[1][-1] for lr in fine])]:.3g}")
        return rate, self.descend(rate, steps)[1][-1]


def told(plain: Plain, lr: float, steps: int, step: int) -> list[str]:
    coaster = plain.coaster
    return tell_fit(coaster, descend_fit(coaster, lr, steps, SGD), step, lr, coaster.best_rate(steps))


@pytest.mark.parametrize("step", [0, 1, 20, 40])
@pytest.mark.parametrize(("scale", "lr"), [("as it is", 1e-5), ("from −1 to 1", 0.5)])
def test_below_the_border_what_is_left_and_what_would_be_best(scale: str, lr: float, step: int) -> None:
    plain = Plain(scale)
    border, (rate, left), (_, losses) = 2 / plain.curves[-1], plain.best(40), plain.descend(lr, 40)
    expected = ["2", *written(border, digits=3), *written(plain.curves[-1], lr), *written(lr / border, digits=2)]
    expected += [*written(losses[0]), *(written(losses[step]) if step else []), *written(plain.least)]
    expected += ["40", *written(rate, digits=3), *written(left)]
    condition = plain.curves[-1] / plain.curves[0]
    if scale == "as it is":
        expected += ["361", *written(round(condition)), "1", "1"]
    else:
        expected += ["1", "1", *written(condition, border, digits=3)]
    assert numbers(told(plain, lr, 40, step)) == expected


@pytest.mark.parametrize("step", [3, 300])
@pytest.mark.parametrize("scale", SCALES)
def test_above_the_border_where_the_loss_goes(scale: str, step: int) -> None:
    plain = Plain(scale)
    border = 2 / plain.curves[-1]
    lr = float(f"{3 * border:.3g}")
    _, losses = plain.descend(lr, step)
    sentence = told(plain, lr, 300, step)[0]
    expected = [*written(lr), *written(lr / border, digits=3), "2", *written(border, digits=3), *written(losses[0])]
    if step == 3:
        assert numbers(sentence) == expected + written(losses[3])
    else:
        broken = next(place for place, loss in enumerate(losses) if not np.isfinite(loss))
        *same, at = numbers(sentence)
        assert same == expected and "beyond all bounds" in sentence
        assert 0 <= broken - int(at) <= 1, "the gradient may be too large one step before the loss is"


@pytest.mark.parametrize(("times", "right"), [(0.001, "lower"), (10, "higher"), (1e6, "higher")])
def test_the_bet_on_another_rate(times: float, right: str) -> None:
    plain = Plain("as it is")
    lr = 1e-5 * times
    bet, losses = (
        larger_rate_bet(plain.coaster, lr, descend_fit(plain.coaster, lr, 100, SGD)),
        plain.descend(lr, 100)[1],
    )
    ends = written(losses[0]) + (written(losses[-1]) if np.isfinite(losses[-1]) else [])
    assert numbers(bet.question) == [*written(lr), "100"]
    assert numbers(bet.why) == [*ends, *written(lr), *written(lr * plain.curves[-1] / 2, digits=3), "2"]
    assert bet.answer.startswith(right) and ("beyond" in bet.why) != np.isfinite(losses[-1])


@pytest.mark.parametrize("scale", SCALES)
def test_formula_and_numbers_are_those_of_a_plain_loop(scale: str) -> None:
    plain = Plain(scale)
    lr = float(f"{0.9 / plain.curves[-1]:.2g}")
    run = descend_fit(plain.coaster, lr, 30, SGD)
    (a, b, c), losses = plain.descend(lr, 30)
    row = fit_numbers(run, np.array([0, 30])).iloc[1]
    assert [text.removeprefix("−") for text in row] == ["30", *written(a, b, c, losses[-1])]
    parts = fit_formula(plain.coaster, run.iloc[30]).split(r"\qquad")
    spoken = [  # signs stand apart from the numbers
        np.array(
            [float(n.replace(" ", "")) for n in re.findall(r"[+-]? ?\d+\.?\d*(?!\d*\})", re.sub(r"\^2", "", part))]
        )
        for part in (parts[0], parts[-1])
    ]
    np.testing.assert_allclose(spoken[0], [a, b, c], rtol=1e-3)
    t = np.arange(20.0)
    np.testing.assert_allclose(np.polyval(spoken[1], t), plain.columns @ [a, b, c], rtol=2e-3, atol=0.05)
    assert len(parts) == (1 if scale == "as it is" else 3)


def test_the_windows_hold_what_they_are_to_show() -> None:
    values = np.array([0.0, 5.0, 1.0, np.inf])
    assert parameter_window(values, 1.0, calm=True) == (-0.1, 5.1)
    assert parameter_window(values, 1.0, calm=False) == (-0.1, 1.1), "a bounce far away is left out"
    lrs = rates_drawn(2e-5, 3e-5, 4e-5)
    assert (lrs[0], lrs[-1]) == (1e-6, 1e-4) and np.abs(lrs / 3e-5 - 1).min() < 1e-12
    assert rate_window(np.array([3.0, np.inf, 40.0]), 250.0) == (1.0, 1e4)


def test_curves_beyond_all_numbers_can_still_be_drawn() -> None:
    plain = Plain("as it is")
    run = descend_fit(plain.coaster, 1.0, 300, SGD)
    curves = plain.coaster.curves(run.iloc[[0, 2, 300]], plain.t)
    assert np.isfinite(curves).all()
    np.testing.assert_allclose(curves[1], plain.columns @ plain.descend(1.0, 2)[0], rtol=1e-9)
