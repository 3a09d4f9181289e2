"""Faults that were seen once on Digit training and Pitfalls, each with its test; more stand beside what they belong to."""

import json
import re

import numpy as np
import pytest
from reading import said
from streamlit.testing.v1 import AppTest
from test_training_page import Open, act, rest, run_of, trained

from pages.ui.pair import log_stops, nearest
from sgd_core.digits.sources import SOURCES
from sgd_core.digits.weight_words import tell_strokes
from sgd_core.numbers import number


def link_of(at: AppTest) -> str:
    """The link that the page gives to copy."""
    return next(str(block.value) for block in at.code if block.value.startswith("?"))


@pytest.mark.parametrize("name", ["training", "pitfalls"])
def test_the_link_names_the_data_set_although_it_is_the_usual_one(app: Open, name: str) -> None:
    """Where MNIST is there it is the usual one; elsewhere the same link meant other images."""
    at = app(name, **({"pitfalls_section": "On digits"} if name == "pitfalls" else {}))
    assert f"{name}_dataset={SOURCES['uci'].title.replace(' ', '+')}" in link_of(at)


@pytest.mark.parametrize("lr", [1_000_000.0, 30.0, 0.00034, 1e-9])
def test_a_learning_rate_outside_of_the_slider_is_the_one_that_counts_everywhere(app: Open, lr: float) -> None:
    """The slider stood at 100, 10 or 0.001 beside it: it stands at its end, and what is said and done is the number."""
    at = app("training", training_lr=str(lr))
    assert at.number_input(key="training_lr").value == lr == run_of(at).config.lr
    slider = at.select_slider(key="training_lr_slider")
    assert slider.value == nearest(log_stops(1e-3, 100.0), lr), "as near as it can"
    assert run_of(rest(trained(at, 2), 0)).config.lr == lr, "and looking at it changes nothing"
    assert number(lr) in said(at)


def test_as_many_moments_are_told_as_there_are(app: Open) -> None:
    """ "At most 400 moments" stood beside 737."""
    at = trained(app("training", training_epochs="400", training_section="Take it home"))
    count = len(run_of(at).moments)
    assert count > 400 and "400 moments" not in said(at)
    history = next(button for button in at.get("download_button") if button.proto.label == "History")
    assert history.proto.help.startswith(f"{count} recorded moments")


def test_a_weight_is_called_negative_only_if_it_is() -> None:
    """ "The largest negative weight, +0.02, is on a stroke of 3": before the first real steps none is negative."""
    means = np.full((2, 8, 8), 0.25)
    above, below = np.full((1, 8, 8), 0.5), np.full((1, 8, 8), -0.5)
    above[0, 2, 3], below[0, 5, 6] = 0.75, -0.75
    up, down = tell_strokes(above, means, ("3", "7")), tell_strokes(below, means, ("3", "7"))
    assert "+0.75, is at row 2, column 3" in up[0] and up[1] == "No weight is negative."
    assert down[0] == "No weight is positive." and "−0.75, is at row 5, column 6" in down[1]
    assert "stroke" not in " ".join(up + down)


def test_the_clearest_of_a_cell_is_asked_for_in_words(app: Open) -> None:
    """ "Which of 19; 0 is the clearest"."""
    query = {"training_section": "Why this answer?", "training_why": "of a cell", "training_lr": "0.01"}
    at = trained(app("training", **query), 6)
    at.selectbox(key="training_cell_truth").select("3")
    at.selectbox(key="training_cell_says").select("3").run()
    assert re.fullmatch(r"Which of \d+, from 0, the clearest", at.number_input(key="training_image").label)


def test_a_branch_tells_how_many_steps_there_are_before_its_first_one(app: Open) -> None:
    """ "0 of 0 ... 1 of 0" right after Branch."""
    at = act(trained(app("training", training_epochs="2")), "branch", 3)
    run = run_of(at)
    assert len(run.moments) == 1 and run.last == 7, "two epochs of five steps, three of them made"


def test_four_regimes_share_one_large_logarithmic_chart_of_the_distance(app: Open) -> None:
    """They were four strips, 55 px high, on one linear scale, on which three were flat."""
    at = app("pitfalls", pitfalls_at="30")
    specs = [json.loads(chart.proto.spec) for chart in at.get("vega_lite_chart")]
    distances = [spec for spec in specs if "distance" in json.dumps(spec)]
    assert len(distances) == 1 and distances[0]["height"] >= 100
    text = json.dumps(distances[0])
    assert '"type": "log"' in text and '"detail": {"field": "run"' in text


@pytest.mark.parametrize("function", ["Kink", "Quadratic", "Two valleys"])
def test_a_minimum_that_one_sees_is_in_sight(app: Open, function: str) -> None:
    """ "No minimum in sight" at a visible kink."""
    for section in ("Regimes", "The whole axis"):
        assert "no minimum" not in said(app("pitfalls", pitfalls_section=section, pitfalls_function=function)).lower()


def test_a_card_before_the_first_step_is_not_empty() -> None:
    from pages.pitfalls.settings import card
    from sgd_core.descent.diagnosis import diagnose

    color, name, reason = card("As it is", diagnose([0.5], lr=0.1))
    assert color and name == "As it is: undecided" and reason.startswith("Too little has happened")
