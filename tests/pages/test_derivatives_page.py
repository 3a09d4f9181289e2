"""The page on derivatives, section by section: its numbers, its words, its bets, and bad input."""

import math
from collections.abc import Callable
from urllib.parse import parse_qs, urlparse

import pytest
import torch
from reading import charts, said
from streamlit.testing.v1 import AppTest

from sgd_core.calculus.finite_difference import finite_difference
from sgd_core.calculus.formula import parse_function
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import load_digits
from sgd_core.digits.weight_gradient import compare
from sgd_core.numbers import number, signed

Open = Callable[..., AppTest]
NUDGE, AUTOGRAD, WEIGHTS = "Nudge it", "Let PyTorch do it", "Many weights"
LESSON = {"derivatives_function": "my own", "derivatives_formula": "x**2 + sin(x)*x", "derivatives_x": "2"}


def metrics(at: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in at.metric}


def sessions(at: AppTest) -> list[str]:
    return [code.value for code in at.code if code.value.startswith(">>>")]


def scripts(at: AppTest) -> list[str]:
    return [code.value for code in at.code if code.value.startswith("import")]


def own(app: Open, formula: str, **values: str) -> AppTest:
    return app("derivatives", derivatives_function="my own", derivatives_formula=formula, **values)


def test_the_slope_has_one_number_in_words_metrics_and_code(app: Open) -> None:
    at = app("derivatives", derivatives_x="-1.5")
    assert metrics(at) == {"value f(x)": "2.25", "slope f′(x)": "−3"}
    assert "go 1 to the right along the tangent, and you go down by 3" in said(at)
    assert "takes f **down**" in said(at) and "go **right**" in said(at)
    assert "Really it changes by −0.0299" in said(at)  # (-1.49)² - (-1.5)²
    assert "tensor(-1.5, requires_grad=True)" in scripts(at)[0]


def test_the_slider_the_number_and_the_function_move_the_same_point(app: Open) -> None:
    at = app("derivatives")
    at.slider(key="derivatives_x_slider").set_value(2.0).run()
    assert at.number_input(key="derivatives_x").value == 2.0 and metrics(at)["slope f′(x)"] == "+4"
    at.number_input(key="derivatives_x").set_value(100.0).run()  # outside of the picture
    assert at.slider(key="derivatives_x_slider").value == 3.0 and metrics(at)["slope f′(x)"] == "+200"
    at.selectbox(key="derivatives_function").set_value("Two valleys").run()
    assert at.number_input(key="derivatives_x").value == 2.0, "another function begins at its own start"
    assert not at.exception


@pytest.mark.parametrize(
    ("formula", "x", "sentence"),
    [
        ("abs(x)", "0", "there is no derivative here"),
        ("log(x)", "-1", "has no value"),
        ("exp(x)", "1000", "the largest number"),
        ("1/x", "0", "divides by zero"),
        ("sqrt(x)", "0", "vertical tangent"),
        ("sqrt(x**2)", "0", "0 × infinity"),
    ],
)
@pytest.mark.parametrize("section", ["The slope", NUDGE, AUTOGRAD])
def test_where_there_is_no_slope_the_page_says_why(
    app: Open, section: str, formula: str, x: str, sentence: str
) -> None:
    at = own(app, formula, derivatives_x=x, derivatives_section=section)
    told = [*at.error, *at.warning]
    assert len(told) == 1 and sentence in told[0].value
    assert charts(at) or section == NUDGE


@pytest.mark.parametrize("formula", ["log(x)", "sqrt(x - 1)", "1/x"])
def test_a_function_that_is_not_defined_everywhere_opens_where_it_is(app: Open, formula: str) -> None:
    at = own(app, formula)
    assert not at.error
    at_x = torch.tensor(at.number_input(key="derivatives_x").value, dtype=torch.float64)
    assert metrics(at)["value f(x)"] == number(float(parse_function(formula)(at_x)))


@pytest.mark.parametrize(
    ("formula", "answer", "sentence"),
    [
        ("x**3 - 3*x", "at 2 places", "at x = −1 and 1, where"),
        ("3", "everywhere", "0 everywhere"),
        ("abs(x)", "nowhere", "0 nowhere"),
        ("x**2", "at 1 place", "x = 0 alone"),
        ("sin(3*x)", "at 3 or more", "at 6 places. The one nearest to the point is x = −1.571"),
    ],
)
def test_where_the_slope_is_0_is_a_bet_before_it_is_told(app: Open, formula: str, answer: str, sentence: str) -> None:
    at = own(app, formula)
    assert sentence not in said(at)
    at.radio(key="derivatives_bet_level").set_value(answer).run()
    assert "Right" in at.success[0].value and sentence in said(at)
    wrong = next(option for option in at.radio(key="derivatives_bet_level").options if option != answer)
    at.radio(key="derivatives_bet_level").set_value(wrong).run()
    assert f"it is **{answer}**" in at.error[0].value


def test_at_a_kink_both_slopes_are_said_and_no_step_is_promised(app: Open) -> None:
    at = app("derivatives", derivatives_function="Kink", derivatives_x="0")
    assert "−1 on the left, +1 on the right" in said(at) and "go **left**" not in said(at)


def test_h_shrinks_from_1_and_the_numbers_are_those_of_each_moment(app: Open) -> None:
    f = parse_function("x**2", domain=(-3, 3))
    for place, h in ((0, 1.0), (1, 0.5), (3, 0.1), (6, 0.01)):
        at = app("derivatives", derivatives_section=NUDGE, derivatives_x="3", derivatives_at=str(place))
        pair = finite_difference(f, 3.0, h)
        assert f"With h = {number(h)} the run is" in said(at)
        assert f"Rise over run is {signed(pair.slope, 6)}; the tangent's slope is +6" in said(at)
    assert "off by 0.01" in said(at)


def test_halving_h_is_a_bet(app: Open) -> None:
    at = app("derivatives", derivatives_section=NUDGE, derivatives_x="3")
    at.radio(key="derivatives_bet_smaller").set_value("10 times less").run()
    assert "Right" in at.success[0].value
    at = own(app, "x**3", derivatives_section=NUDGE, derivatives_x="1", derivatives_kind="central")
    at.radio(key="derivatives_bet_smaller").set_value("100 times less").run()
    assert "Right" in at.success[0].value


def test_the_error_in_both_precisions_is_shown_after_the_bet_alone(app: Open) -> None:
    at = app("derivatives", derivatives_section=NUDGE, derivatives_x="3", derivatives_h="0.01")
    assert not at.table and "float32." not in said(at), "the answer does not stand beside its bet"
    before = len(charts(at))
    at.radio(key="derivatives_bet_best_h").set_value(number(1e-8)).run()
    assert "it is **0.001**" in at.error[0].value and "while 10⁻¹¹ is off by 6" in at.error[0].value
    assert len(charts(at)) == before + 1
    table = at.table[0].value
    assert table.loc["float64", "rise over run"] == "+6.01" and table.loc["float64", "slope of the tangent"] == "+6"
    assert table.loc["float64", "difference"] == "+0.01"  # 2x + h
    at.number_input(key="derivatives_h").set_value(1e-8).run()
    assert "In float32, x + h *is* x = 3" in said(at) and not at.exception


def test_a_parabola_has_no_truncation_by_central_differences(app: Open) -> None:
    at = app("derivatives", derivatives_section=NUDGE, derivatives_x="3", derivatives_kind="central")
    assert "only *round-off* is left" in said(at) and "does best" not in said(at)
    assert "Here both are the same" in said(at)


def test_a_kink_is_no_place_where_a_large_h_does_no_harm(app: Open) -> None:
    at = app("derivatives", derivatives_section=NUDGE, derivatives_function="Kink", derivatives_x="0")
    assert "no harm" not in said(at)


def test_an_h_too_large_for_a_slope_is_answered(app: Open) -> None:
    at = app("derivatives", derivatives_section=NUDGE, derivatives_h="1e5")
    assert "too large for a slope" in at.error[0].value


def test_pytorch_opens_with_the_sources_own_numbers(app: Open) -> None:
    at = app("derivatives", derivatives_section=AUTOGRAD)
    session = sessions(at)[0]
    assert "tensor(9., grad_fn=<PowBackward0>)" in session and session.endswith("xt.grad\ntensor(6.)")
    at.segmented_control(key="derivatives_example").set_value("(3x + 1)² at 3").run()
    assert sessions(at)[0].endswith("xt.grad\ntensor(60.)")


def test_the_session_the_rules_and_the_graph_agree(app: Open) -> None:
    at = app("derivatives", derivatives_section=AUTOGRAD, derivatives_at="10", **LESSON)
    slope = 2 * 2 + math.sin(2) + 2 * math.cos(2)
    assert metrics(at) == {"f′(2) by the rules": signed(slope), "xt.grad": f"{slope:.4f}"}
    session = sessions(at)[0]
    assert "grad_fn=<AddBackward0>" in session and session.endswith(f">>> xt.grad\ntensor({slope:.4f})")
    nodes = next(frame.value for frame in at.dataframe if "grad_fn" in frame.value).set_index("operation")
    assert nodes.loc["sin(x)", "gradient"] == 2 and nodes.loc["x", "gradient"] == pytest.approx(slope)
    assert f"the derivative of y by x is {signed(slope)}" in said(at) and "gradients **add up**" in said(at)


def test_the_chain_multiplies_its_factors(app: Open) -> None:
    at = app("derivatives", derivatives_section=AUTOGRAD, derivatives_example="(3x + 1)² at 3", derivatives_at="8")
    assert "× 20, × 1, × 3, together × 60" in said(at)
    at = app("derivatives", derivatives_section=AUTOGRAD, derivatives_example="(3x + 1)² at 3", derivatives_at="4")
    assert "`y = v2**2` = **100**" in said(at), "a power stands in code, where two stars are no bold"


def test_a_large_formula_still_has_its_graph(app: Open) -> None:
    at = own(app, "sin(" * 12 + "x" + ")" * 12 + "+ x*x" * 8, derivatives_section=AUTOGRAD)
    assert "29 nodes" in charts(at)[0]


def test_a_forgotten_zero_grad_adds_up_and_the_switch_mends_it(app: Open) -> None:
    at = app("derivatives", derivatives_section=AUTOGRAD)
    question = at.radio(key="derivatives_bet_again")
    assert question.options == ["0", "6", "12", "36"]
    question.set_value("6").run()
    assert "it is **12**: PyTorch adds: 6 + 6 = 12" in at.error[0].value
    for _ in range(2):
        at.button(key="derivatives_calls_call_backward_again").click().run()
    assert sessions(at)[1].endswith("tensor(18.)") and "After 3 calls `.grad` shows 18" in said(at)
    at.toggle(key="derivatives_zero_grad").set_value(True).run()
    assert sessions(at)[1].endswith("tensor(6.)") and "After 3 calls `.grad` shows 6" in said(at)
    assert at.radio(key="derivatives_bet_again").value is None, "another situation asks anew"
    at.radio(key="derivatives_bet_again").set_value("6").run()
    assert "Right" in at.success[0].value


@pytest.mark.parametrize(
    "values",
    [
        {"section": "The slope", "whole": "true", "x": "0.5"},
        {"section": NUDGE, "h": "0.002", "kind": "central", "x": "-0.25", "at": "3"},
        {"section": AUTOGRAD, "example": "(3x + 1)² at 3", "at": "4", "calls": "2", "zero_grad": "true"},
        {"section": WEIGHTS, "part": "a vector", "vector": "1, -2.5", "unsummed": "true", "function": "Cubic"},
        {"section": WEIGHTS, "part": "two weights", "surface": "Saddle", "a": "0.31", "b": "2.0"},
        {"section": WEIGHTS, "part": "a digit model", "init": "normal", "seed": "7", "nudge": "0.01"},
    ],
    ids=lambda values: values.get("part", values["section"]),
)
def test_a_link_opens_a_section_as_it_was_and_is_copied_unchanged(app: Open, values: dict[str, str]) -> None:
    at = app("derivatives", **{f"derivatives_{name}": value for name, value in values.items()})
    assert not at.warning
    link = next(code.value for code in at.code if code.value.startswith(("?", "http")))
    copied = {key: value[0] for key, value in parse_qs(urlparse(link).query).items()}
    assert {f"derivatives_{name}": value for name, value in values.items()}.items() <= copied.items()


def test_many_weights_begin_with_two_weights_of_one_prediction(app: Open) -> None:
    at = app("derivatives", derivatives_section=WEIGHTS)
    words = said(at)
    assert "The **prediction** is 1.5 + (−0.5) = 1" in words and "gradient (2, 1)" in words
    assert "twice the ink" in words and "smaller a and smaller b" in words
    assert "it falls by about 0.022" in at.radio(key="derivatives_bet_against").options
    assert "A step of 0.01" not in words.split("What to notice")[1], "told after the bet alone"
    at.radio(key="derivatives_bet_against").set_value("it falls by about 0.022").run()
    assert "Right" in at.success[0].value and "A step of 0.01 along it changes f by +0.0225" in said(at)


def test_a_vector_is_added_up_and_pytorch_says_why(app: Open) -> None:
    at = app("derivatives", derivatives_section=WEIGHTS, derivatives_part="a vector")
    frame = at.dataframe[0].value
    assert frame["value"].tolist() == [9, 16, 100] and frame["gradient"].tolist() == [6, 8, 20]
    assert metrics(at) == {"y, the sum of all values": "125"}
    assert "tensor(125., grad_fn=<SumBackward0>)" in sessions(at)[0]
    at.toggle(key="derivatives_unsummed").set_value(True).run()
    assert "RuntimeError: grad can be implicitly created only for scalar outputs" in sessions(at)[0]
    at.radio(key="derivatives_bet_vector").set_value("they stay as they are").run()
    assert "Right" in at.success[0].value


@pytest.mark.parametrize(
    ("text", "sentence"), [("", "empty"), ("3, four", "“four”, is not a number"), ("1," * 10_000, "10,000 elements")]
)
def test_what_is_no_vector_is_answered_and_the_page_goes_on(app: Open, text: str, sentence: str) -> None:
    at = app("derivatives", derivatives_section=WEIGHTS, derivatives_part="a vector")
    at.text_input(key="derivatives_vector").set_value(text).run()
    assert not at.exception and len(at.error) == 1 and sentence in at.error[0].value
    assert metrics(at) == {"y, the sum of all values": "125"}


def test_a_vector_with_an_undefined_element_is_answered(app: Open) -> None:
    at = own(app, "log(x)", derivatives_section=WEIGHTS, derivatives_part="a vector", derivatives_vector="1, -1")
    assert "no finite value at every element" in at.error[0].value


def test_two_weights_have_two_slopes_and_one_arrow(app: Open) -> None:
    at = app("derivatives", derivatives_section=WEIGHTS, derivatives_surface="Round bowl")
    words = said(at)
    assert "gradient (3, −2)" in words and "smaller a and larger b" in words
    assert "Hold **b = −1**, change a" in words and "**+3**" in words and "**−2**" in words
    assert len(charts(at)) == 3
    at.slider(key="derivatives_a").set_value(0.0)
    at.slider(key="derivatives_b").set_value(0.0).run()
    assert "the surface is level here" in said(at)
    at.selectbox(key="derivatives_surface").set_value("my own").run()
    at.text_input(key="derivatives_pair").set_value("log(a) + c").run()
    assert "unknown" in at.error[0].value and len(charts(at)) == 3
    at.text_input(key="derivatives_pair").set_value("log(a) + b").run()
    assert "no finite value and slope" in at.error[0].value and len(charts(at)) == 3
    assert not at.exception


def test_the_digit_models_gradient_is_measured_both_ways(app: Open) -> None:
    at = app("derivatives", derivatives_section=WEIGHTS, derivatives_part="a digit model")
    found = compare(TrainConfig(), load_digits("uci", (3, 7)))
    assert not at.metric and "Nudging took" not in said(at), "what it costs is a bet first"
    at.radio(key="derivatives_bet_passes").set_value("2").run()
    assert "it is **66**" in at.error[0].value  # 64 pixels, a bias, and the loss as it is
    shown = metrics(at)
    assert shown["largest difference"] == number(found.largest_difference, 2)
    assert set(shown) == {"by nudging", "by backward()", "nudging takes longer", "largest difference"}
    assert "66 forward passes" in [metric.delta for metric in at.metric]
    before = metrics(at)
    at.run()
    assert metrics(at) == before, "kept until it is asked for again"
    at.button(key="derivatives_measure").click().run()
    assert metrics(at)["largest difference"] == before["largest difference"] and not at.exception
    assert "loss_of(model(X), y).backward()" in scripts(at)[0]
