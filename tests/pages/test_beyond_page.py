"""Every section of Beyond the rule as a link opens it: its numbers against sgd_core, its words, its code."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from reading import charts, said
from streamlit.testing.v1 import AppTest

import sgd_core
from sgd_core.beyond.batch_sizes import RaceMoment, race_ends, tell_race
from sgd_core.beyond.catapult import moments_of, share, tell_catapult
from sgd_core.beyond.edge import EdgeSettings, catapult_settings, follow, side_by_side
from sgd_core.beyond.edge_beside import CENTRAL, averages, rises, tell_edge
from sgd_core.beyond.flow import central_flow
from sgd_core.beyond.luck import SIDES, comparing, luck_answer, tell_luck
from sgd_core.beyond.noise_along import noise_along, tell_noise_scale
from sgd_core.beyond.silver import least_squares, silver_race
from sgd_core.beyond.silver_words import tell_silver
from sgd_core.beyond.tasks import chebyshev_task, digit_task
from sgd_core.calculus.formula import parse_function
from sgd_core.descent.fates import cells
from sgd_core.descent.regime_map import MapWindow, Outcome, regime_map
from sgd_core.digits.batch_race import BatchRaceMoment
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.gradient_noise import gradient_noise_scale
from sgd_core.numbers import number, percent

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from pages.beyond import fate
from pages.ui import work

Open = Callable[..., AppTest]

VIEWS = [
    ("Catapult", {}),
    ("Edge of stability", {}),
    ("Edge of stability", {"beyond_edge_beside": "gradient flow", "beyond_edge_time": "true"}),
    ("Edge of stability", {"beyond_edge_beside": "central flow", "beyond_edge_rule": "momentum"}),
    ("Edge of stability", {"beyond_edge_beside": "warm-up", "beyond_edge_task": "digits"}),
    ("Fate map", {"beyond_map_size": "128"}),
    ("Was it luck?", {}),
    ("Was it luck?", {"beyond_luck_of": "the LR finder"}),
    ("How large a batch?", {}),
    ("How large a batch?", {"beyond_batch_view": "race", "beyond_batch_digits": "3 and 7"}),
    ("Silver steps", {"beyond_silver_steps": "127"}),
]


@pytest.mark.parametrize(("section", "settings"), VIEWS)
def test_every_view_opens_with_a_bet_a_picture_a_paper_and_code(
    app: Open, section: str, settings: dict[str, str]
) -> None:
    at = app("beyond", beyond_section=section, **settings)
    assert charts(at) and len(at.radio) == 1
    words = said(at)
    assert "What to notice" in words and "Paper check" in words and "arxiv.org" in words
    assert "Your bet" in at.radio[0].label
    assert any("import torch" in code.value for code in at.code)
    paper = next(element.value for element in at.markdown if "Paper check" in element.value)
    if section not in ("Fate map", "Silver steps") and "beyond_luck_of" not in settings:
        assert "not yet" in paper or "race on" in paper  # nothing is claimed of a run that has not begun
    assert "0 % of the steps" not in paper and "1 times the" not in paper and "A 0, B 0" not in paper


def test_the_map_says_what_regime_map_finds_and_judges_the_bet(app: Open) -> None:
    at = app("beyond", beyond_section="Fate map", beyond_map_size="128", beyond_run="-1.5,0.75")
    shares = regime_map(sgd_core.parse_function("x**2"), MapWindow((-3, 3), (1e-9, 2.2), size=128)).shares()
    words = said(at)
    assert f"arrived] {percent(shares[Outcome.ARRIVED], 2)}" in words
    assert "learning rate 0.75: **arrived**" in words
    at.radio[0].set_value("A straight line").run()
    assert any("Right" in box.value for box in at.success)


@pytest.mark.parametrize("window", ["1,0,0,1", "nonsense", "0,1,inf,2"])
def test_a_window_that_makes_no_sense_is_answered_with_a_sentence(app: Open, window: str) -> None:
    at = app("beyond", beyond_section="Fate map", beyond_map_size="128", beyond_window=window)
    assert "four numbers in order" in said(at)


def test_the_places_of_a_click_are_pixels_of_the_map() -> None:
    regimes = regime_map(sgd_core.parse_function("x**2"), MapWindow((-3, 3), (0.1, 2.0), size=128, steps=50))
    places = cells(regimes)
    assert set(places["start"]) <= set(regimes.window.starts) and set(places["lr"]) <= set(regimes.window.lrs)
    for row in places.sample(20, random_state=0).itertuples():
        x = -3 if row.start == -3 else row.start
        end = abs(x) * abs(1 - 2 * row.lr) ** 50
        assert (row.outcome == "arrived") == (end < 0.06) or abs(row.lr - 1) < 0.1 or row.lr < 0.15


def test_catapult_words_are_those_of_its_runs() -> None:
    task = digit_task(sgd_core.load_digits("uci", (3, 7)))
    multiples = (0.7, 1.6, 3.0)
    runs = catapult_settings(task, multiples, 40, every=4)
    moments = list(side_by_side(task, runs))
    words = " ".join(tell_catapult(moments, multiples))
    losses = np.concatenate([one.losses for _, one in moments_of(moments, 1)])
    assert f"the loss rose from {number(losses[0], 3)} to {number(losses.max(), 3)}" in words
    assert f"lost at step {moments[-1][2].step}" in words and share(moments, 1) < 0.7


def test_edge_words_count_what_the_run_did() -> None:
    task, settings = chebyshev_task(), EdgeSettings(0.2, steps=300, every=10)
    moments = list(zip(follow(task, settings), central_flow(task, settings), strict=True))
    losses = np.concatenate([one.losses for one, _ in moments])
    assert rises(moments) == ((np.diff(losses) > 0).sum(), 300)
    words = " ".join(tell_edge(moments, settings, CENTRAL, "2 / lr"))
    late = np.mean([one.sharpness for one, _ in moments][len(moments) // 2 :])
    assert f"averages {number(late, 3)}" in words and f"rose in {number(rises(moments)[0])} of 300" in words
    predicted, measured = averages(moments) or (0.0, 1.0)
    assert predicted == pytest.approx(measured, rel=0.2)


def test_luck_names_a_winner_only_where_it_is_sure() -> None:
    digits = sgd_core.load_digits("uci", (3, 7))
    slow, good = (TrainConfig(dataset="uci", classes=(3, 7), lr=lr, batch_size=64, epochs=2) for lr in (1e-4, 0.5))
    for configs, best in (((good, slow), 0), ((slow, good), 1), ((good, good), 2)):
        *_, last = comparing(configs, digits, "valid_loss")
        assert luck_answer(last.verdict, "valid_loss")[0] == SIDES[best]
        whole = sgd_core.sweep_seeds(configs[0], range(32), digits)
        np.testing.assert_array_equal(last.values[0]["valid_loss"], whole[whole["epoch"] == 2]["valid_loss"])
        assert percent(last.verdict.probability, 3) in " ".join(tell_luck(last, "valid_loss"))


def test_batch_words_are_those_of_the_noise_scale() -> None:
    digits, config = sgd_core.load_digits("uci", None), TrainConfig(classes=None, dataset="uci", lr=0.2, batch_size=64)
    moments = list(noise_along(config, digits))
    assert moments[-1].noise == gradient_noise_scale(config, digits, moments[-1].weights)
    assert f"{number(moments[-1].noise, 3)} here" in " ".join(tell_noise_scale(moments, 64))


def test_the_race_counts_only_those_that_arrive() -> None:
    looks = [(8, 100, 800, "there"), (64, 3, 192, "running"), (64, 50, 3200, "there"), (512, 9, 4608, "diverged")]
    moments = [RaceMoment("same", BatchRaceMoment(b, 0.1, s, i, 0.5, o)) for b, s, i, o in looks]
    assert race_ends(moments)["batch_size"].tolist() == [8, 64, 512]
    words = " ".join(tell_race(moments, 70.0, 0.4))
    assert "8 images a step take 100 steps" in words and "64 take 50 steps and 3,200 images" in words
    assert "Never there: 512" in words


def test_silver_words_are_those_of_the_race() -> None:
    race = list(silver_race(least_squares(sgd_core.load_digits("uci", (3, 7))), 127))
    words = " ".join(tell_silver(race, list(race[-1].gaps), 127))
    assert number(race[-1].gaps["silver"], 3) in words and number(max(m.taken["silver"] for m in race), 4) in words


LIVE = [
    ("beyond", "Catapult", {"beyond_catapult_steps": "60"}, 12),
    ("beyond", "Edge of stability", {"beyond_edge_steps": "200"}, 15),
    ("beyond", "How large a batch?", {"beyond_batch_epochs": "2"}, 20),
    ("pitfalls", "On digits", {}, 9),
    ("pitfalls", "Noise", {"pitfalls_noise_steps": "40"}, 30),
]


@pytest.mark.parametrize(("page", "section", "settings", "moment"), LIVE)
def test_a_link_opens_a_live_run_at_its_moment(
    app: Open, page: str, section: str, settings: dict[str, str], moment: int
) -> None:
    """A reload, or another server behind the same address, goes on where the page was."""
    at = app(page, **{f"{page}_section": section, **settings, f"{page}_at": str(moment)})
    clock = next(data for data in clocks(at) if data["clock"] == f"{page}_clock")
    assert clock["at"] == moment and len(clock["rows"]) > moment
    again = app(page, **{f"{page}_section": section, **settings})
    begun = next(data for data in clocks(again) if data["clock"] == f"{page}_clock")
    both = min(len(begun["rows"]), len(clock["rows"]))
    assert begun["at"] == 0 and begun["rows"][:both] == clock["rows"][:both]


def clocks(at: AppTest) -> list[dict[str, Any]]:
    """Return what the clocks of the page were sent."""
    sent = [element.proto for element in at.get("bidi_component")]
    return [json.loads(one.json or one.mixed.json) for one in sent if one.component_name.endswith("sgd_clock")]


def test_a_map_that_is_stopped_keeps_its_rows_and_the_rest_is_computed_on_demand(
    app: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slow as on a small machine: a block of rows in all the time that there is."""
    monkeypatch.setattr(work, "FIRST", 0.0)
    monkeypatch.setattr(work, "AGAIN", 1e-9)
    monkeypatch.setattr(work, "CHUNK", 1e-9)
    fate._maps.clear()
    at = app("beyond", beyond_section="Fate map", beyond_map_size="512", beyond_map_steps="60")
    going = at.session_state["beyond_map_work"]
    assert 0 < going.now.rows < 512 and "not yet" in said(at)
    at.button(key="beyond_map_stop").click().run()
    assert not at.exception and "Stopped after" in said(at)
    rows, partial = going.now.rows, going.now
    assert (partial.outcome[rows:] == Outcome.WAITING).all()
    at.button(key="beyond_map_rest").click()
    monkeypatch.setattr(work, "AGAIN", 60.0)
    at.run()
    assert not at.exception and "Stopped after" not in said(at)
    (formula, view), whole = next(reversed(fate._maps().items()))
    assert whole.rows == 512 and (whole.outcome == regime_map(parse_function(formula), view).outcome).all()
