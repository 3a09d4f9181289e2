"""Each number that a race tells: w² under plain descent in closed form, everything else by torch.optim."""

import math

import numpy as np
import pytest
import torch

from sgd_core.calculus.formula import parse_function
from sgd_core.descent.one_weight import lowest_in_picture, walk
from sgd_core.descent.optimizers import OPTIMIZERS, Optimizer
from sgd_core.descent.race_words import arrival_bet, lowest_loss_bet, race_numbers, race_table, tell_race
from sgd_core.descent.racers import Racer
from sgd_core.descent.ranking import Ranking
from tests.numbers_in_words import numbers, written

START, STEPS = -1.5, 60
SQUARE = parse_function("x**2", domain=(-3.0, 3.0))
RUNS = (
    (Optimizer("sgd"), 0.2),
    (Optimizer("sgd"), 0.95),
    (Optimizer("sgd", momentum=0.5), 0.1),
    (Optimizer("adam"), 0.1),
    (Optimizer("sgd"), 3.0),
)


def race(runs=RUNS, function=SQUARE, start=START, steps=STEPS) -> Ranking:
    racers = [Racer(letter, *run, "blue") for letter, run in zip("ABCDEF", runs, strict=False)]
    rates, optimizers = tuple(racer.lr for racer in racers), tuple(racer.optimizer for racer in racers)
    lowest = lowest_in_picture(function)
    return Ranking(racers, walk(function, start, rates, steps, optimizers), ["x"], [lowest.x])


def by_torch(optimizer: Optimizer, lr: float, steps: int = STEPS) -> np.ndarray:
    """The w of every step on w², by torch.optim."""
    w = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    theirs = getattr(torch.optim, OPTIMIZERS[optimizer.name].torch_name)([w], lr=lr, **optimizer.options)
    places = [w.item()]
    for _ in range(steps):
        theirs.zero_grad()
        (w**2).backward()
        theirs.step()
        places.append(w.item())
    return np.array(places)


PATHS = [by_torch(*run) for run in RUNS]


def stays_from(path: np.ndarray) -> int | None:
    outside = np.flatnonzero(~(np.abs(path) <= 0.015))
    return int(outside[-1]) + 1 if outside[-1] < len(path) - 1 else None


def test_the_start_tells_the_slope_and_the_length_of_each_first_step() -> None:
    first = [abs(path[1] - path[0]) for path in PATHS]
    told = tell_race(race(), 0)
    assert numbers(told) == written(2 * START) + written(*first, digits=3) + written(0.1)
    assert "**D**] divides by the size of the slope" in told[1], "Adam is the first that does"
    assert len(tell_race(race(RUNS[:3]), 0)) == 1, "and nobody does among these"


@pytest.mark.parametrize("step", [1, 5, 20, 60])
def test_who_is_ahead_and_who_has_turned(step: int) -> None:
    told = tell_race(race(RUNS[:4]), step)
    since = stays_from(PATHS[0])
    assert since == math.ceil(math.log(0.01) / math.log(0.6)), "a step of 0.2 leaves 0.6"
    near = [str(since)] if step >= since else written(min(abs(path[step]) for path in PATHS[:4]))
    best = RUNS[min(range(4), key=lambda place: abs(PATHS[place][step]))] if step < since else RUNS[0]
    momentum = [value for name, value in best[0].settings if name == "momentum"]
    turns = [int((np.diff(np.sign(np.diff(path[: step + 1]))) != 0).sum()) for path in PATHS[:4]]
    expected = [str(step), *written(best[1], *momentum), *(["1"] if step >= since else []), *near]
    assert numbers(told) == expected + [str(count) for count in turns if count > 1]
    assert sum("turned around once" in one for one in told) == turns.count(1)


def test_the_reason_of_a_turn_is_memory_or_a_step_too_long() -> None:
    told = tell_race(race(), STEPS)
    (long,) = [one for one in told if one.startswith(":blue[**B**] turned")]
    (memory,) = [one for one in told if one.startswith(":blue[**C**] turned")]
    assert "its step was longer" in long and "what it remembers" in memory


def test_a_run_that_ends_is_told_with_its_step_and_rate() -> None:
    function = parse_function("exp(x**2)", domain=(-3.0, 3.0))
    ranking = race(((Optimizer("sgd"), 0.01), (Optimizer("sgd"), 3.0)), function)
    w, step = START, 0
    while w**2 < 709:  # exp(710) is no number of the computer
        w, step = w - 3.0 * 2 * w * math.exp(w**2), step + 1
    told = tell_race(ranking, step)
    assert numbers(told[0]) == [str(step), "3"] and "**B**] **diverged" in told[0]
    assert not any("diverged" in one for one in tell_race(ranking, step - 1))
    assert race_table(ranking, step).splitlines()[-1] == "| – | :blue[**B**] SGD | 3 | never |  | diverged |"
    assert race_numbers(ranking, np.array([0, step]))["loss B"].tolist() == [*written(math.exp(2.25)), "diverged"]
    assert lowest_loss_bet(ranking).why.endswith("B diverged.") and lowest_loss_bet(ranking).answer == "A"


@pytest.mark.parametrize("step", [0, 10, 60])
def test_the_table_ranks_by_arrival_then_by_distance(step: int) -> None:
    rows = [row.split("|")[1:-1] for row in race_table(race(), step).splitlines()[2:]]
    arrivals = [stays_from(path) for path in PATHS]
    known = [since if since is not None and since <= step else math.inf for since in arrivals]
    order = sorted(range(5), key=lambda place: (known[place], abs(PATHS[place][step])))
    for place, row in zip(order, rows, strict=True):
        cells = [cell.strip() for cell in row]
        w = PATHS[place][step]
        assert cells[1].startswith(f":blue[**{'ABCDE'[place]}**]")
        late = "not yet" if step < STEPS else "–"
        assert cells[3] == (str(known[place]) if known[place] < math.inf else late)
        assert numbers(cells[2] + "; " + "; ".join(cells[4:])) == written(RUNS[place][1], w, w**2)


def test_the_bets_tell_arrivals_and_losses() -> None:
    ranking = race()
    arrivals = [stays_from(path) for path in PATHS]
    bet = arrival_bet(ranking)
    assert numbers(bet.question) == ["1", str(STEPS)]
    assert numbers(bet.why) == [str(since) for since in arrivals if since is not None]
    assert bet.why.count("never") == arrivals.count(None) > 0
    assert bet.answer == "ABCDE"[arrivals.index(min(since for since in arrivals if since is not None))]
    assert arrival_bet(race(RUNS[4:])).answer == bet.options[-1] == "none of them"
    bet, ends = lowest_loss_bet(ranking), [path[-1] ** 2 for path in PATHS]
    assert numbers(bet.question) == [str(STEPS)] and numbers(bet.why) == written(*ends)
    assert bet.answer == "ABCDE"[int(np.argmin(ends))]


def test_without_a_known_place_the_loss_says_who_is_ahead() -> None:
    racers = [Racer(letter, Optimizer("sgd"), lr, "blue") for letter, lr in (("A", 0.1), ("B", 0.3))]
    ranking = Ranking(racers, walk(SQUARE, START, (0.1, 0.3), 10), ["x"])
    assert numbers(tell_race(ranking, 4)[0]) == ["4", "0.3", *written((START * 0.4**4) ** 2)]


def test_a_racer_is_named_by_what_differs_from_torch() -> None:
    racer = Racer("C", Optimizer("adam", betas=(0.5, 0.99), amsgrad=True), 1e-5, "green")
    assert racer.title == "C, Adam 10⁻⁵, betas 0.5 and 0.99, amsgrad" and racer.mark == ":green[**C**]"
    weights = [torch.zeros(1, requires_grad=True)]
    theirs = eval(racer.torch_code, {"torch": torch, "w": weights[0]}).defaults
    assert (theirs["lr"], theirs["betas"], theirs["amsgrad"]) == (1e-5, (0.5, 0.99), True)
