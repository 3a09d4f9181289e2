"""Every number in a bet's question and in its answer, and in the words beside a picture: closed forms, or computed here anew."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits as sklearn_digits
from streamlit.testing.v1 import AppTest

from sgd_core.descent.fit import RollerCoaster
from sgd_core.digits.datasets import load_digits
from tests.numbers_in_words import numbers, written
from tests.pages.test_numbers_in_sentences import Open

Told = list[str]


def slope_of_zero() -> tuple[Told, Told]:
    return ["0"], ["1", "0", "0"]  # at 1 place: at x = 0


def error_of_h() -> tuple[Told, Told]:
    return written(0.1, 0.1, 0.01), ["10", *written(0.01)]  # ((x + h)² − x²) / h − 2x = h


def error_in_float32() -> tuple[Told, Told]:
    x, steps = np.float32(1.7), [np.float32(10.0**-power) for power in (1, 3, 5, 8, 11)]
    errors = [abs(float(((x + h) ** 2 - x**2) / h) - 3.4) for h in steps]
    assert min(errors) == errors[1] and errors[-1] == pytest.approx(3.4)
    return ["32"], ["0.001", *written(errors[1], digits=2), "10⁻¹¹", *written(errors[-1], digits=2)]


def grad_twice() -> tuple[Told, Told]:
    x = torch.tensor(3.0, requires_grad=True)
    for _ in range(2):
        ((3 * x + 1) ** 2).backward()  # type: ignore[no-untyped-call]
    assert x.grad is not None
    return ["60"], [*written(float(x.grad)), "60", "60", *written(float(x.grad))]


def step_of_two_weights() -> tuple[Told, Told]:
    a, b = 0.6, 2.0
    wrong = a + b / 2
    slopes = np.array([2 * wrong, wrong])
    steepness = float(np.linalg.norm(slopes))
    a, b = np.array([a, b]) - 0.01 * slopes / steepness
    really = written((a + b / 2) ** 2 - wrong**2, digits=3)
    return written(0.01) + written(steepness, digits=3), written(0.01 * steepness, digits=2) + really


def vectors_gradient() -> tuple[Told, Told]:
    return ["10", "20"], []


def passes_of_nudging() -> tuple[Told, Told]:
    known = sklearn_digits()
    images = int(np.isin(known.target, (3, 7)).sum())
    trained = len(load_digits("uci", (3, 7)).train_labels)
    assert 0.75 * images < trained < 0.85 * images
    return ["65", str(trained)], ["66", "65", "2"]


def one_step_of_one_weight() -> tuple[Told, Told]:
    w, after = -2.1, -2.1 * (1 - 2 * 0.13)
    return written(w, 0.13), written(w**2, after**2, w, after)


def steps_of_one_weight() -> tuple[Told, Told]:
    steps = math.ceil(math.log(0.01) / (2 * math.log(0.74)))
    return ["1"], ["6", "20", str(steps), "1", "0"]


def arrivals_of_the_race() -> tuple[Told, Told]:
    def stays(place: list[float]) -> int | None:
        outside = [step for step, w in enumerate(place) if abs(w) > 0.015]
        return None if outside[-1] == 60 else outside[-1] + 1

    paths = []
    for lr, more in ((0.2, {}), (0.95, {}), (0.1, {"momentum": 0.5})):
        w = torch.tensor(-1.5, dtype=torch.float64, requires_grad=True)
        paths.append((w, torch.optim.SGD([w], lr=lr, **more)))
    w = torch.tensor(-1.5, dtype=torch.float64, requires_grad=True)
    paths.append((w, torch.optim.Adam([w], lr=0.1)))  # type: ignore[arg-type]
    told = []
    for w, optimizer in paths:
        place = [w.item()]
        for _ in range(60):
            optimizer.zero_grad()
            (w**2).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            place.append(w.item())
        told.append(stays(place))
    return ["1", "60"], [str(step) for step in told if step is not None]


def losses_of_two_weights() -> tuple[Told, Told]:
    # A plain step of x²/2 + 10 y² multiplies x by 1 − lr and y by 1 − 20 lr.
    ends = [(-4.5 * (1 - lr) ** 100) ** 2 / 2 + 10 * (1.5 * (1 - 20 * lr) ** 100) ** 2 for lr in (0.097, 0.005)]
    return ["100"], ["0", *written(*ends)]


def loss_of_the_fit() -> tuple[Told, Told]:
    t = torch.arange(20.0, dtype=torch.float64)
    columns = torch.stack([t**2, t, torch.ones(20, dtype=torch.float64)], dim=1)
    speed = RollerCoaster().speed.double()
    weights, losses = RollerCoaster().start.double(), []
    for _ in range(101):
        off = columns @ weights - speed
        losses.append(float((off**2).mean()))
        weights = weights - 0.0002 * (2 / 20 * columns.T @ off)
    top = float(torch.linalg.eigvalsh(2 / 20 * columns.T @ columns)[-1])
    answer = written(losses[0], losses[-1])
    told = [*answer, *written(0.0002, 0.0002 * top / 2), "2"]
    return [*written(0.0002), "100"], told


def rule_that_ends() -> tuple[Told, Told]:
    steps = math.ceil(math.log(0.001 / 3) / math.log(0.8))
    return [], [str(steps), *written(3 * 0.8**steps, digits=3), "0.001"]


BETS: list[tuple[str, dict[str, str], int, Callable[[], tuple[Told, Told]]]] = [
    ("derivatives", {"x": "1.7"}, 0, slope_of_zero),
    ("derivatives", {"section": "Nudge it", "x": "1.7", "at": "3"}, 0, error_of_h),
    ("derivatives", {"section": "Nudge it", "x": "1.7", "at": "3"}, 1, error_in_float32),
    ("derivatives", {"section": "Let PyTorch do it", "example": "(3x + 1)² at 3", "at": "6"}, 0, grad_twice),
    ("derivatives", {"section": "Many weights", "a": "0.6", "b": "2"}, 0, step_of_two_weights),
    ("derivatives", {"section": "Many weights", "part": "a vector", "vector": "3, -4.5, 10"}, 0, vectors_gradient),
    ("derivatives", {"section": "Many weights", "part": "a digit model"}, 0, passes_of_nudging),
    ("stepping", {"lr": "0.13", "start": "-2.1"}, 0, one_step_of_one_weight),
    ("stepping", {"lr": "0.13", "start": "-2.1"}, 1, steps_of_one_weight),
    ("stepping", {"section": "Race", "race_a_lr": "0.2"}, 0, arrivals_of_the_race),
    ("stepping", {"section": "Two weights"}, 0, losses_of_two_weights),
    ("stepping", {"section": "Fit a curve", "fit_lr": "2e-5"}, 0, loss_of_the_fit),
    ("stepping", {"section": "When to stop", "stop_at": "2"}, 0, rule_that_ends),
]


def bets(at: AppTest) -> list:
    return [one for one in at.radio if "Your bet" in one.label]


@pytest.mark.parametrize(("page", "query", "which", "wanted"), BETS, ids=[bet[3].__name__ for bet in BETS])
def test_the_numbers_of_a_bet_and_of_its_answer(
    app: Open, page: str, query: dict[str, str], which: int, wanted: Callable[[], tuple[Told, Told]]
) -> None:
    at = app(page, **{f"{page}_{name}": value for name, value in query.items()})
    question, answer = wanted()
    bet = bets(at)[which]
    assert numbers(bet.label) == question
    for option in bet.options:  # the first choice counts, the last one is answered
        bets(at)[which].set_value(option).run()
        (said,) = [one.value for one in (*at.success, *at.error) if "bets won" in one.value]
        reason = said.startswith("Right")  # it does not say again what was chosen
        assert numbers(said) == (answer[len(answer) - len(numbers(said)) :] if reason else answer), said


def test_the_bets_are_all_of_derivatives_and_stepping(app: Open) -> None:
    known = {(page, tuple(query.items()), which) for page, query, which, _ in BETS}
    for page, query in {(page, tuple(query.items())) for page, query, _, _ in BETS}:
        at = app(page, **{f"{page}_{name}": value for name, value in query})
        assert {(page, query, which) for which in range(len(bets(at)))} <= known


def border_and_best_pair() -> Told:
    least, most, beta = 1.0, 20.0, 0.403
    root = math.sqrt(most / least)  # the best heavy ball on a parabola (Polyak 1964)
    best_lr, best_beta = (2 / (math.sqrt(least) + math.sqrt(most))) ** 2, ((root - 1) / (root + 1)) ** 2
    plain = 2 / (least + most)
    told = ["1", "20", "1", "2", *written(2 / most), "2", *written(plain), *written(1 - plain * least, digits=3)]
    told += ["2", "1", *written(beta, 2 * (1 + beta) / most), *written(best_lr), *written(best_beta, digits=3)]
    return [*told, *written(math.sqrt(best_beta), digits=3)]


WORDS: list[tuple[str, dict[str, str], str, Callable[[], Told]]] = [
    ("derivatives", {"section": "Nudge it", "x": "1.7", "at": "3"}, "**Under a microscope", lambda: ["5"]),
    ("derivatives", {"section": "Many weights", "a": "0.6", "b": "2"}, "Hold **b", lambda: ["2", *written(2 * 1.6)]),
    ("derivatives", {"section": "Many weights", "a": "0.6", "b": "2"}, "Hold **a", lambda: ["0.6", *written(1.6)]),
    (
        "derivatives",
        {"section": "Many weights", "a": "0.6", "b": "2"},
        "Two pixels",
        lambda: ["7", "0", "0.6", "1", "1.6", "1.6", *written(1.6**2)],
    ),
    (
        "stepping",
        {"section": "Two weights"},
        "λ says",
        border_and_best_pair,
    ),
    (
        "stepping",
        {"section": "Two weights"},
        "Twenty times",
        lambda: ["0", *written(5**2 / 2 + 10 * 3**2, digits=3)],  # at the picture's corners
    ),
    (
        "stepping",
        {"section": "When to stop", "stop_at": "2"},
        "Not stopped yet",
        lambda: ["200", "0.001", "10"],
    ),
    (
        "stepping",
        {"section": "When to stop", "stop_at": "17", "stop_improvement": "0.1", "stop_patience": "10"},
        "**Stopped",
        lambda: ["17", *written(1.5**2 * 0.8**14), "7", "0.1", "10"],
    ),
    (
        "stepping",
        {"section": "When to stop", "stop_at": "17", "stop_improvement": "0.1", "stop_patience": "10"},
        "| | rule",
        lambda: ["1", "10", "17", "2", "0.001", "36", "3", "200", "200"],
    ),
    (
        "stepping",
        {"section": "Race", "race_a_lr": "0.2"},
        "|  | run",
        lambda: (
            [
                one
                for row in (["1", "1", "0.2"], ["2", "0.95"], ["3", "0.5", "0.1"], ["4", "0.1"])
                for one in (*row, "1.5", "2.25")
            ]
        ),
    ),
    (
        "stepping",
        {"section": "Two weights"},
        "|  | run",
        lambda: (
            ["1"] + [one for row in (["1", "0.403", "0.1336"], ["2", "0.097"], ["3", "0.005"]) for one in row + START]
        ),
    ),
]
START = [*written(4.5, 1.5), *written(4.5**2 / 2 + 10 * 1.5**2)]


@pytest.mark.parametrize(
    ("page", "query", "begins", "wanted"), WORDS, ids=[f"{word[1].get('section')} {word[2]}" for word in WORDS]
)
def test_the_numbers_beside_the_picture(
    app: Open, page: str, query: dict[str, str], begins: str, wanted: Callable[[], Told]
) -> None:
    at = app(page, **{f"{page}_{name}": value for name, value in query.items()})
    texts = [one.value for kind in (at.markdown, at.caption, at.info, at.success) for one in kind]
    (text,) = [text for text in texts if text.startswith(begins)]
    assert numbers(text) == wanted()
