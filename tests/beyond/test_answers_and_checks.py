"""What the bets answer and the paper checks say, against closed forms, NumPy, and moments whose numbers one can see."""

import base64
import io
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from sgd_core.beyond.batch_sizes import SAVED, noise_half_way, race_answer, race_checks
from sgd_core.beyond.catapult import catapult_checks
from sgd_core.beyond.edge import EdgeMoment, EdgeSettings
from sgd_core.beyond.edge_beside import ALONE, BORDERS, CENTRAL, GUESSES, RULES, WARM, edge_answer, edge_checks
from sgd_core.beyond.flow import FlowMoment
from sgd_core.beyond.luck import (
    SIDES,
    Look,
    achieved_medians,
    finder_answer,
    finder_check,
    luck_answer,
    luck_check,
)
from sgd_core.beyond.noise_along import GROWTH, NoiseMoment, noise_answer, noise_checks
from sgd_core.beyond.silver import least_squares, silver_race, worst_cases
from sgd_core.beyond.silver_words import LONG, SHORT, silver_answer, silver_checks, worst_case_table
from sgd_core.calculus.formula import parse_function
from sgd_core.descent.fates import WAYS, border_answer, finite_numbers, tell_fate
from sgd_core.descent.minimum import Minimum
from sgd_core.descent.regime_map import MapWindow, Outcome, regime_map
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import load_digits
from sgd_core.digits.seeds import Verdict
from sgd_core.export.poster import map_pixels, map_url
from sgd_core.numbers import percent
from tests.numbers_in_words import numbers, written


@pytest.fixture(scope="module")
def digits():
    return load_digits("uci", (3, 7))


def images_of(digits):
    pixels = digits.train_images.flatten(1).double().numpy()
    return np.hstack([pixels, np.ones((len(pixels), 1))]), 1.0 - digits.train_labels.numpy()


def noise_scale(digits, w):
    """tr(Σ) / |G|² of the cross-entropy's gradients, image by image."""
    x, y = images_of(digits)
    single = (1 / (1 + np.exp(-x @ w)) - y)[:, None] * x
    mean = single.mean(0)
    return ((single - mean) ** 2).sum(1).mean() / (mean @ mean)


# ---- the noise scale ----


@pytest.mark.parametrize(("last", "answer"), [(30.0, 2), (14.0, 1), (5.0, 0), (math.nan, 1)])
def test_which_way_the_noise_scale_goes(last, answer):
    moments = [NoiseMoment(0, 0.693, 0.5, 10.0, []), NoiseMoment(9, 0.2, 0.9, last, [])]
    found, why = noise_answer(moments)
    assert found == GROWTH[answer]
    if math.isfinite(last):
        assert numbers(why) == written(10, last, 0.693, 0.2, digits=3)


def test_two_ways_to_measure_the_noise_scale(digits):
    exact = noise_scale(digits, np.zeros(65))
    start = NoiseMoment(0, 0.693, 0.5, exact, [np.zeros((1, 64)), np.zeros(1)])
    grows, both = noise_checks(TrainConfig(), digits, [start])
    assert grows.ours is None
    estimate, small, large, single = numbers(both.ours)
    assert (small, large, [single]) == ("16", "256", written(exact, digits=3))
    assert float(estimate) == pytest.approx(exact, rel=0.35)
    grows, _ = noise_checks(TrainConfig(), digits, [start, replace(start, step=5, noise=2.5 * exact)])
    assert numbers(grows.ours) == ["2.5"]


def test_the_noise_scale_half_way_is_that_of_the_weights_there(digits):
    config, target = TrainConfig(lr=0.5, batch_size=None), 0.2
    x, y = images_of(digits)
    w, step, look = np.zeros(65), 0, 0
    goal = math.sqrt(math.log(2) * target)
    while True:
        scores = x @ w
        if step == look:
            if (np.logaddexp(0, scores) - y * scores).mean() <= goal:
                break
            look = step + max(1, step // 4)
        w = w - 0.5 * x.T @ (1 / (1 + np.exp(-scores)) - y) / len(x)
        step += 1
    assert step > 1 and noise_half_way(config, digits, target) == pytest.approx(noise_scale(digits, w), rel=1e-3)


# ---- the race of batch sizes ----


def ends(**steps):
    rows = [("by noise scale", int(name[1:]), count, "there" if count else "diverged") for name, count in steps.items()]
    return pd.DataFrame(rows, columns=["series", "batch_size", "steps", "outcome"])


@pytest.mark.parametrize(
    ("few", "answer", "factor"),
    [(50, SAVED[0], "8"), (200, SAVED[1], "2"), (380, SAVED[2], "1.05"), (0, SAVED[2], None)],
)
def test_what_512_images_save(few, answer, factor):
    found, why = race_answer(ends(b64=400, b512=few))
    assert found == answer and (numbers(why) == ["400", "64", str(few), "512", factor] if factor else "never" in why)


def test_the_steps_that_theory_saves():
    near, far = race_checks(ends(b8=1000, b16=600, b256=100, b512=90), 64.0)
    assert numbers(near.what)[:2] == ["8", "16"] and numbers(far.what)[:2] == ["256", "512"]
    assert numbers(near.published)[0] == "1.8" and numbers(near.ours) == ["1.67"]  # (1 + 8) / (1 + 4)
    assert numbers(far.published)[0] == "1.11" and numbers(far.ours) == ["1.11"]  # 1.25 / 1.125
    (waiting,) = race_checks(ends(b8=1000), 64.0)
    assert waiting.ours == "race on"


# ---- catapult and edge ----


def at(step, loss, sharpness, border=20.0, status="running", before=()):
    return EdgeMoment(
        step, 0.1, loss, np.array([*before, loss]), np.array([sharpness, 3.0, 1.0]), border, np.zeros(1), status
    )


def test_where_the_catapult_was_seen_and_what_is_left_of_the_sharpness():
    start = at(0, 1.0, 40.0)
    calm, thrown, lost = at(9, 0.5, 44.0), at(9, 0.4, 10.0, before=(7.0, 2.0)), at(9, np.inf, np.nan, status="diverged")
    seen, after = catapult_checks([(start,) * 3], (0.7, 1.6, 3.0))
    assert seen.ours == "not yet" and after.ours is None
    seen, after = catapult_checks([(start,) * 3, (calm, thrown, lost)], (0.7, 1.6, 3.0))
    assert seen.ours == "at 1.6 times; lost at 3 times" and after.ours == "0.25 times the start"
    _, after = catapult_checks([(start,) * 3, (calm, lost, lost)], (0.7, 1.6, 3.0))
    assert after.ours == "no rate beyond 1 is left"


def test_what_the_sharpness_does():
    settings = EdgeSettings(0.1, steps=100)
    found, why = edge_answer([(at(0, 1.0, 10.0), None), (at(100, 0.5, 19.5), None)], settings)
    assert found == GUESSES[1] and numbers(why) == ["10", "19.5", "100", "20"]
    assert edge_answer([(at(0, 1.0, 10.0), None), (at(100, 0.5, 10.5), None)], settings)[0] == GUESSES[0]
    rising, why = edge_answer(
        [(at(0, 1.0, 10.2, 100.0), None), (at(100, 0.5, 18.9, 100.0), None)], EdgeSettings(0.02, 100)
    )
    assert rising == GUESSES[2] and numbers(why) == ["10.2", "18.9", "100", "100"] and "not come to" in why
    assert list(RULES) == list(BORDERS)


def test_the_checks_of_the_edge():
    flow = FlowMoment(20, 0.5, 0.66, 0.1, np.array([20.0]), 1, np.zeros(1))
    run = [at(0, 1.0, 10.0), at(10, 0.8, 18.0, before=(0.9, 0.95)), at(20, 0.5, 22.0, before=(0.7,))]
    (_, sharp, loss) = edge_checks([(run[0], None)], ALONE, "2 / lr")
    assert sharp.ours is None and loss.ours is None
    source, sharp, loss = edge_checks([(one, None) for one in run], ALONE, "2 / lr")
    assert numbers(sharp.ours) == ["1"] and numbers(loss.ours) == [
        "20"
    ]  # (18 + 22) / 2 over 20; one rise of five steps
    assert "2103.00065" in source and "2406.09405" not in source
    *_, warm = edge_checks([(one, one) for one in run], WARM, "2 / lr")
    assert "borders" in warm.ours
    source, *_, ratio = edge_checks([(one, flow) for one in run[1:]], CENTRAL, "2 / lr")
    assert (
        numbers(ratio.ours) == written(0.66 / np.mean([0.9, 0.95, 0.8, 0.7, 0.5]), digits=3) and "2410.24206" in source
    )


# ---- luck ----


@pytest.mark.parametrize(("probability", "side"), [(0.96, 0), (0.5, 2), (0.04, 1)])
def test_who_is_surely_better(probability, side):
    verdict = Verdict(0.7, probability, 0.03, (0.97, 0.95), (32, 32))
    found, why = luck_answer(verdict, "valid_accuracy")
    assert found == SIDES[side]
    assert numbers(why) == ["97", "95", percent(probability).removesuffix(" %"), "95", "70"]


def test_how_far_the_seeds_lie_apart():
    a, b = pd.DataFrame({"valid_loss": [0.1, 0.4, np.inf]}), pd.DataFrame({"valid_loss": [0.2, 0.25, 0.21]})
    verdict = Verdict(0.5, 0.5, 1.0, (0.1, 0.2), (3, 3))
    assert luck_check(Look((0, 0), (a, b), verdict), "valid_loss").ours is None
    assert luck_check(Look((1, 1), (a, b), verdict), "valid_loss").ours == "A 0.3, B 0.05"


def test_which_suggestion_depends_most_on_luck():
    found = pd.DataFrame(
        [(0, "valley", 0.01), (1, "valley", 0.02), (0, "slide", 0.001), (1, "slide", 0.0125)],
        columns=["seed", "suggestion", "lr"],
    )
    answer, why = finder_answer(found)
    assert answer == "slide" and numbers(why) == ["12.5", "2"]
    assert numbers(finder_check(found).ours) == ["12", "2"]
    assert finder_check(found[found["seed"] == 0]).ours is None, "one test lies apart from nothing"
    reached = found.assign(valid_loss=[1.0, 3.0, 2.0, 4.0], valid_accuracy=0.5)
    medians = achieved_medians(reached, ["valley", "slide"])
    assert medians["suggestion"].tolist() == ["valley", "slide"] and medians["valid_loss"].tolist() == [2.0, 3.0]
    assert medians["lr"].tolist() == pytest.approx([0.015, 0.00675])


# ---- silver steps ----


def test_how_close_silver_and_constant_steps_come(digits):
    task = least_squares(digits)
    race = list(silver_race(task, 63))
    x, y = images_of(digits)
    y = 2 * y - 1
    top = np.linalg.eigvalsh(x.T @ x / len(x))[-1]
    best, *_ = np.linalg.lstsq(x, y, rcond=None)

    def gap(lengths):
        w = np.zeros(65)
        for length in lengths:
            w = w - length / top * x.T @ (x @ w - y) / len(x)
        return ((x @ w - y) ** 2).mean() / 2 - ((x @ best - y) ** 2).mean() / 2

    pattern = [math.sqrt(2)]
    for k in range(1, 6):
        pattern = [*pattern, 1 + (1 + math.sqrt(2)) ** (k - 1), *pattern]
    answer, why = silver_answer(race)
    assert answer == LONG
    rate = float(next(iter(name for name in race[-1].gaps if name.startswith("best"))).split()[1].removesuffix("/L"))
    truth = [gap([rate] * 63) for rate in (1.0, 1.9)]
    told = numbers(why)
    assert told[:2] == ["1", *written(truth[0], digits=3)] and told[2:4] == ["1.9", *written(truth[1], digits=3)]
    assert float(told[5]) == pytest.approx(gap([rate] * 63), rel=1e-2) and told[6:] == written(gap(pattern), digits=3)

    distance = best @ best  # lstsq gives the nearest minimum to the start at 0
    kappas = np.geomspace(10, 10_000, 25)
    power, gaps = silver_checks(race, 6, task.largest, float((task.distances**2).sum()), worst_cases(kappas))
    assert numbers(power.published) == written(math.log(2, 1 + math.sqrt(2)), digits=3)
    assert float(numbers(power.ours)[0]) == pytest.approx(math.log(2, 1 + math.sqrt(2)), rel=0.05)
    bound = top * distance / (1 + math.sqrt(4 * (1 + math.sqrt(2)) ** 12 - 3))
    assert numbers(gaps.what) == ["63"] and float(numbers(gaps.published)[0]) == pytest.approx(bound, rel=1e-2)
    assert numbers(gaps.ours) == written(gap(pattern), digits=3) and gap(pattern) < bound


def test_after_one_step_a_constant_one_may_be_ahead(digits):
    race = list(silver_race(least_squares(digits), 1))
    ends = race[-1].gaps
    assert (silver_answer(race)[0] == SHORT) == (min(ends.values()) < ends["silver"])


def test_the_worst_cases_as_a_table():
    table = worst_case_table(worst_cases(np.geomspace(10, 10_000, 25)))
    assert table["κ"].tolist() == ["10", "56.2", "316", "1,778", "10,000"]
    constant = [math.log(1e-6) / math.log((kappa - 1) / (kappa + 1)) for kappa in np.geomspace(10, 10_000, 25)[::6]]
    assert table["best constant step"].tolist() == written(*map(round, constant))


# ---- the map of fates ----


SQUARE, RIPPLE = Minimum(0.0, 0.0, 2.0, True), Minimum(5.63, 2.24, 8.54, False)


@pytest.fixture(scope="module")
def parabola():
    return regime_map(parse_function("x**2"), MapWindow((-3, 3), (0.05, 2.2), size=64, steps=200))


def test_on_a_parabola_the_border_is_a_line_and_the_share_is_the_closed_form(parabola):
    lrs, starts = np.linspace(0.05, 2.2, 64), np.linspace(-3, 3, 64)
    arrived = np.abs(starts) * np.abs(1 - 2 * lrs[:, None]) ** 200 < 0.06
    answer, why = border_answer(parabola, SQUARE)
    assert answer == WAYS[0]
    share, dimension, one = numbers(why)
    assert [share] == [percent(arrived.mean(), 2).removesuffix(" %")] and one == "1"
    assert float(dimension) == pytest.approx(1, abs=0.1)


def test_a_cosine_makes_the_border_ragged():
    whole = regime_map(parse_function("sin(3*x) + x**2/10", domain=(-6, 6)), MapWindow((-6, 6), (0.01, 0.6), size=128))
    assert border_answer(whole, RIPPLE)[0] == WAYS[2] and float(numbers(border_answer(whole, RIPPLE)[1])[1]) > 1.15


def test_an_endless_bounce_is_no_riddle_on_a_parabola():
    near = regime_map(parse_function("x**2"), MapWindow((-3, 3), (0.9, 1.1), size=65, steps=200))
    (told,) = [one for one in tell_fate(near, SQUARE, (1.0, 1.0), 0) if "bounce for ever" in one]
    assert "close to the border" in told and "No rule" not in told
    assert numbers(told) == [percent((np.asarray(near.outcome) == Outcome.ENDLESS_BOUNCE).mean(), 2).removesuffix(" %")]
    assert border_answer(near, SQUARE)[0] == WAYS[0], "also where one has zoomed in"
    assert "On a parabola the rule is exact" in tell_fate(near, SQUARE, (1.0, 1.0), 0)[2]
    ripples = regime_map(parse_function("sin(3*x) + x**2/10", domain=(-6, 6)), MapWindow((-6, 6), (0.01, 0.6), size=64))
    assert any("No rule about parabolas" in one for one in tell_fate(ripples, RIPPLE, (5.0, 0.2), 0))


def test_the_map_in_an_address_is_the_map(parabola):
    head, data = map_url(parabola).split(",")
    assert head == "data:image/png;base64"
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))), map_pixels(parabola))


def test_numbers_out_of_an_address():
    assert finite_numbers("-1.5,2e-3", 2) == [-1.5, 0.002]
    for wrong in ("1,2,3", "1,inf", "nan,1", "nonsense", "", "None"):
        with pytest.raises(ValueError):
            finite_numbers(wrong, 2)


def test_where_no_run_arrives_there_is_no_border():
    """Steps of 0.1 and more hop over the kink of |x| for ever."""
    kink = regime_map(parse_function("abs(x)"), MapWindow((-3.0, 3.0), (0.101, 2.0), size=16))
    answer, why = border_answer(kink, Minimum(0.0, 0.0, 0.0, False, kink=True))
    assert answer == WAYS[3] and not numbers(why)
