"""Faults that people met on the first three pages, one test each; those of formulas and charts stand with their modules."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from reading import said
from scipy.stats import binomtest
from streamlit.testing.v1 import AppTest

from sgd_core.calculus.catalogue import CATALOGUE
from sgd_core.calculus.derivative import derivative
from sgd_core.calculus.formula import FormulaError, parse_function
from sgd_core.calculus.sampling import level_places
from sgd_core.numbers import number, percent

Open = Callable[..., AppTest]
STEPPING = ("One weight", "Race", "Two weights", "Fit a curve", "When to stop")


def to_the_end(at: AppTest, player: str) -> None:
    at.session_state[f"_stepping_{player}_clock_at"] = 10**6  # the clock goes no further than the last moment
    at.run()
    assert not at.exception


def own(app: Open, section: str, formula: str, **values: str) -> AppTest:
    return app("stepping", stepping_section=section, stepping_function="my own", stepping_formula=formula, **values)


def specifications(at: AppTest) -> list[dict[str, Any]]:
    return [json.loads(chart.proto.spec) for chart in at.get("vega_lite_chart")]


def found(spec: Any, key: str) -> Iterator[Any]:
    """Everything that stands under a key, anywhere in a specification."""
    if isinstance(spec, dict):
        if key in spec:
            yield spec[key]
        for value in spec.values():
            yield from found(value, key)
    elif isinstance(spec, list):
        for value in spec:
            yield from found(value, key)


@pytest.mark.parametrize("formula", ["x²", "x^2", "x³", "2x", "pow(x)", "x***2", "2×x", "x(2)", "sin x"])
def test_stars_of_advice_are_no_bold(formula: str) -> None:
    with pytest.raises(FormulaError) as caught:
        parse_function(formula)
    assert "*" not in re.sub(r"`[^`]*`", "", str(caught.value))


def test_stars_of_a_formula_are_no_bold_in_any_section(app: Open) -> None:
    formula = "x**2 + 2**x*x"
    texts = [said(own(app, section, formula)) for section in ("One weight", "Race", "When to stop")]
    for section in ("The slope", "Nudge it", "Let PyTorch do it", "Many weights"):
        query = {"derivatives_section": section, "derivatives_part": "a vector", "derivatives_at": "3"}
        texts.append(said(app("derivatives", derivatives_function="my own", derivatives_formula=formula, **query)))
    for text in texts:
        assert "x**" not in re.sub(r"`[^`\n]*`", "", text)


@pytest.mark.parametrize("start", ["0.5", "-1"])
def test_the_lowest_place_of_a_kink_is_in_the_picture(app: Open, start: str) -> None:
    at = own(app, "When to stop", "abs(x)", stepping_start=start, stepping_lr="0.25")
    to_the_end(at, "stop")
    assert "lower than anything" not in said(at)
    assert "nothing of the way down is left" in said(at) and "small gradient" in at.success[0].value


def test_a_run_that_leaves_the_picture_downwards_still_says_so(app: Open) -> None:
    at = own(app, "When to stop", "x", stepping_lr="0.5")
    to_the_end(at, "stop")
    assert "lower than anything in the picture" in said(at)


def test_a_scaled_time_is_called_s_and_the_speed_stands_in_seconds_too(app: Open) -> None:
    at = app("stepping", stepping_section="Fit a curve", stepping_fit_scale="from −1 to 1", stepping_fit_at="40")
    formula = next(one.value for one in at.get("latex") if "speed" in one.value)
    scaled, rest = formula.split(r"\qquad s")
    assert "s^2" in scaled and "t" not in scaled.replace(r"\text", "").replace("cdot", "")
    assert r"\frac{t - 9.5}{9.5}" in rest and "t^2" in rest.split("in seconds")[1]
    at = app("stepping", stepping_section="Fit a curve")
    formula = next(one.value for one in at.get("latex") if "speed" in one.value)
    assert "t^2" in formula and " s" not in formula


def test_a_scale_brings_a_learning_rate_that_works_with_it(app: Open) -> None:
    at = app("stepping", stepping_section="Fit a curve")
    at.segmented_control(key="stepping_fit_scale").set_value("from −1 to 1").run()
    s = np.linspace(-1, 1, 20)
    columns = np.stack([s**2, s, np.ones(20)], axis=1)
    border = 2 / np.linalg.eigvalsh(2 / 20 * columns.T @ columns)[-1]
    assert border / 10 < at.number_input(key="stepping_fit_lr").value < border
    to_the_end(at, "fit")
    assert "Scaling the input did that" in said(at) and "diverges" in said(at) and "times the border" not in said(at)


@pytest.mark.parametrize("formula", ["x", "3", "2*x - y", "x + 0*y"])
def test_a_level_surface_does_not_curve(app: Open, formula: str) -> None:
    query = {"stepping_surface": "my own", "stepping_surface_formula": formula, "stepping_two_at": "3"}
    words = said(app("stepping", stepping_section="Two weights", **query))
    assert "0 to 0" not in words and "downwards" not in words and "does not curve" in words


@pytest.mark.parametrize("formula", [*(row.function.formula for row in CATALOGUE.values()), "x*exp(-x*x)", "cos(x)**3"])
def test_a_level_place_is_named_as_a_person_would(formula: str) -> None:
    function = parse_function(formula)
    flat_at_0 = float(derivative(function, torch.zeros((), dtype=torch.float64))) == 0
    for place in level_places(function).places:
        assert place == 0 or abs(place) > 1e-6 or not flat_at_0, "0 itself, not what rounding makes of it"


@pytest.mark.parametrize(
    ("h", "words"),
    [("1e15", "asks for `h = 1e15`, but it has to be a positive number up to 10¹²"), ("1e12", "too large for a slope")],
)
def test_an_h_that_reaches_nowhere_near_gets_a_sentence(app: Open, h: str, words: str) -> None:
    at = app("derivatives", derivatives_section="Nudge it", derivatives_h=h)
    assert words in " ".join(box.value for kind in (at.error, at.warning) for box in kind)
    assert not at.table


@pytest.mark.parametrize("section", STEPPING)
def test_an_axis_is_named_after_what_it_shows(app: Open, section: str) -> None:
    titles = {
        axis["title"]
        for spec in specifications(app("stepping", stepping_section=section))
        for name in ("x", "y")
        for axis in found(spec, name)
        if isinstance(axis, dict) and axis.get("title")
    }
    assert titles and not {title for title in titles if "f(x)" in title}
    assert ("w" in titles) == (section in ("One weight", "Race", "When to stop"))


@pytest.mark.parametrize(
    ("section", "query"),
    [
        ("One weight", {"stepping_lr": "1.5"}),
        ("Race", {"stepping_race_b_lr": "1.5"}),
        ("Two weights", {"stepping_two_b_lr": "0.2"}),
        ("Fit a curve", {"stepping_fit_lr": "0.0001"}),
        ("When to stop", {"stepping_lr": "1.5"}),
    ],
)
def test_a_diverging_loss_is_drawn_on_a_logarithmic_axis(app: Open, section: str, query: dict[str, str]) -> None:
    charts = [
        spec
        for spec in specifications(app("stepping", stepping_section=section, **query))
        if '"step"' in json.dumps(spec)
    ]
    losses = [
        axis["scale"]["type"]
        for spec in charts
        for axis in found(spec, "y")
        if isinstance(axis, dict)
        and str(axis.get("title", "")).startswith(("loss", "mean squared"))
        and axis["scale"].get("type")
    ]
    assert losses and set(losses) == {"log"}


def test_a_surface_s_heights_are_round_where_they_are_its_lowest(app: Open) -> None:
    words = said(app("stepping", stepping_section="Two weights"))
    assert "from 0 to 102" in words and not re.search(r"higher: from 0\.0", words)


def test_a_branch_has_the_scale_of_its_own_losses(app: Open) -> None:
    """Branched off after a peak of 5.4, its losses of 0.01 lay flat on the bottom of the picture."""
    from test_training_page import act, run_of, trained

    at = trained(app("training", training_lr="5.0"))
    assert max(now.train_loss for now in run_of(at).moments) > 5
    at = act(at, "branch", len(run_of(at).moments) - 1)
    at.number_input(key="training_lr").set_value(0.5).run()
    at = trained(at)
    losses = next(
        spec for spec in specifications(at) if "mini-batch" in json.dumps(spec) or '"loss' in json.dumps(spec)
    )
    tops = [scale["domain"][1] for scale in found(losses, "scale") if isinstance(scale, dict) and "domain" in scale]
    top = max(now.valid_loss for now in run_of(at).moments)
    heights = [end for end in tops if isinstance(end, float) and end < 10]
    assert heights and all(top <= end < 10 * top for end in heights), (heights, top)


def fields() -> None:
    """A page of its own: a narrow range, and a button that sets each field to what a late click says."""
    import streamlit as st

    from pages.ui.fields import Fields

    page = Fields("stepping")

    def click() -> None:
        for name, value in {"start": -2.9, "x": 9.0, "steps": 5000}.items():
            page.set(name, value)

    st.button("click", on_click=click, key="click")
    page.slider("start", "Start", -2.0, 2.0, 1.0, 0.1)
    page.number("x", "x", -1.0, 1.0, 0.0)
    page.whole("steps", "Steps", 1, 1000, 10)


def test_what_a_late_click_sets_lands_inside_the_field() -> None:
    """Found by the monkey: the steep parabola ends at 2, and a click on the curve before it said -2.9: the section broke."""
    at = AppTest.from_function(fields).run()
    at.button(key="click").click().run()
    assert not at.exception, at.exception
    assert at.slider(key="stepping_start").value == -2.0
    assert (at.number_input(key="stepping_x").value, at.number_input(key="stepping_steps").value) == (1.0, 1000)


def test_the_strip_has_the_learning_rate_in_use(app: Open) -> None:
    """With a schedule the page said "the learning rate 0.5" where 2 × 10⁻⁷ was in use."""
    from test_training_page import run_of, trained

    at = trained(app("training", training_schedule="Cosine", training_epochs="3"))
    used = run_of(at).latest.lr
    assert used < 0.1
    assert any(f"The learning rate {number(used)} is" in one.value for one in [*at.caption, *at.markdown])
    assert not any("The learning rate 0.5 is" in one.value for one in [*at.caption, *at.markdown])


def test_a_run_that_has_made_more_epochs_than_asked_for_says_so(app: Open) -> None:
    """ "All 2 epochs are done" stood under epoch 6."""
    from test_training_page import trained

    at = trained(app("training", training_epochs="6"))
    at.number_input(key="training_epochs").set_value(2).run()
    assert "The run has made 6 epochs; 2 were asked for" in said(at) and "All 2 epochs" not in said(at)


def test_luck_is_the_band_that_is_drawn(app: Open) -> None:
    """ "The error would move by ±2.7 %" from 1.4 %, below 0, beside a band from 0.2 to 7.4 % (Wilson)."""
    from test_training_page import run_of, trained

    at = trained(app("training", training_epochs="3"))
    share, count = 1 - run_of(at).latest.valid_accuracy, len(run_of(at).digits.valid_labels)
    low, high = binomtest(round(share * count), count).proportion_ci(method="wilson")
    assert f"could as well be {percent(low, 2)} or {percent(high, 2)}:" in said(at)


def test_a_run_that_was_trained_to_its_end_has_ended_after_a_reload(app: Open) -> None:
    """Train was offered, and did nothing."""
    from test_training_page import run_of, trained

    last = len(run_of(trained(app("training", training_epochs="3"))).moments) - 1
    again = app("training", training_epochs="3", training_at=str(last))
    assert run_of(again).ended and len(run_of(again).moments) == last + 1
