"""The page on derivatives, section by section: its numbers, its words, its questions, and bad input."""

import math
from collections.abc import Callable
from urllib.parse import parse_qs, urlparse

import pytest
from reading import charts, said
from streamlit.testing.v1 import AppTest

from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import load_digits
from sgd_core.digits.weight_gradient import compare

Open = Callable[..., AppTest]
NUDGE, AUTOGRAD, WEIGHTS = "Nudge it", "Let PyTorch do it", "Many weights"
LESSON = {"derivatives_function": "my own", "derivatives_formula": "x**2 + sin(x)*x", "derivatives_x": "2"}


def metrics(at: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in at.metric}


def sessions(at: AppTest) -> list[str]:
    return [code.value for code in at.code if code.value.startswith(">>>")]


def scripts(at: AppTest) -> list[str]:
    return [code.value for code in at.code if code.value.startswith("import")]


def test_the_slope_has_one_number_in_words_metrics_and_pictures(app: Open) -> None:
    at = app("derivatives", derivatives_x="-1.5")
    assert metrics(at) == {"value f(x)": "2.2500", "slope f′(x)": "-3.0000"}
    assert "slope -3 is negative" in said(at) and "takes f **down**" in said(at) and "go **right**" in said(at)
    assert "Really it changes by -0.0299" in said(at)  # (-1.49)² - (-1.5)²
    assert ["tangent" in charts(at)[0], "derivative" in charts(at)[1]] == [True, True]
    assert "tensor(-1.5, requires_grad=True)" in scripts(at)[0]


def test_the_slider_the_number_and_the_function_move_the_same_point(app: Open) -> None:
    at = app("derivatives")
    at.slider(key="derivatives_x_slider").set_value(2.0).run()
    assert at.number_input(key="derivatives_x").value == 2.0 and metrics(at)["slope f′(x)"] == "+4.0000"
    at.number_input(key="derivatives_x").set_value(100.0).run()  # outside of the picture
    assert at.slider(key="derivatives_x_slider").value == 3.0 and metrics(at)["slope f′(x)"] == "+200.0000"
    at.selectbox(key="derivatives_function").set_value("Two valleys").run()
    assert at.number_input(key="derivatives_x").value == 2.0, "another function begins at its own start"
    assert not at.exception


@pytest.mark.parametrize(
    ("formula", "x", "sentence"),
    [
        ("abs(x)", "0", "there is no derivative here"),
        ("log(x)", "-1", "has no value"),
        ("exp(x)", "1000", "beyond the largest number"),
        ("sqrt(x)", "0", "vertical tangent"),
        ("sqrt(x**2)", "0", "0 × infinity"),
    ],
)
@pytest.mark.parametrize("section", ["The slope", NUDGE, AUTOGRAD])
def test_where_there_is_no_slope_the_page_says_why(
    app: Open, section: str, formula: str, x: str, sentence: str
) -> None:
    at = app(
        "derivatives",
        derivatives_function="my own",
        derivatives_formula=formula,
        derivatives_x=x,
        derivatives_section=section,
    )
    told = [*at.error, *at.warning]
    assert len(told) == 1 and sentence in told[0].value
    assert charts(at) or section == NUDGE


def test_the_nudge_says_how_far_it_is_off(app: Open) -> None:
    at = app("derivatives", derivatives_section=NUDGE, derivatives_h="0.01", derivatives_x="3")
    table = at.table[0].value
    assert table.loc["float64", "slope by the nudge"].startswith("+6.01")
    assert table.loc["float64", "slope of the tangent"] == "+6"
    assert float(table.loc["float64", "difference"]) == pytest.approx(0.01, rel=1e-3)  # 2x + h
    assert "With h = 0.01 the nudge says +6.01, the derivative is +6" in said(at)
    at.segmented_control(key="derivatives_kind").set_value("central").run()
    assert abs(float(at.table[0].value.loc["float64", "difference"])) < 1e-9
    assert "there is no *truncation*" in said(at) and "does best" not in said(at)  # of a parabola, exactly
    at.number_input(key="derivatives_h").set_value(1e-8).run()
    assert "In float32, x + h *is* x = 3" in said(at) and not at.exception


def test_the_zoom_says_when_a_nudge_is_too_small_to_draw(app: Open) -> None:
    at = app(
        "derivatives", derivatives_section=NUDGE, derivatives_zoom="true", derivatives_x="5e5", derivatives_h="1e-12"
    )
    assert "too small to tell neighbours" in at.info[0].value
    assert len(charts(at)) == 1


def test_the_session_the_rules_and_the_graph_agree(app: Open) -> None:
    at = app("derivatives", derivatives_section=AUTOGRAD, derivatives_at="10", **LESSON)
    slope = 2 * 2 + math.sin(2) + 2 * math.cos(2)
    assert metrics(at) == {"f′(2) by the rules": f"{slope:+.4f}", "xt.grad": f"{slope:.4f}"}
    session = sessions(at)[0]
    assert "grad_fn=<AddBackward0>" in session and session.endswith(f">>> xt.grad\ntensor({slope:.4f})")
    assert "5 nodes; 5 have a value, 5 a gradient" in charts(at)[0]
    nodes = at.dataframe[0].value.set_index("operation")
    assert nodes.loc["sin(x)", "gradient"] == 2 and nodes.loc["x", "gradient"] == pytest.approx(slope)
    assert f"the derivative of y by x is {slope:+.4g}" in said(at) and "gradients **add up**" in said(at)


def test_the_walk_takes_one_node_at_a_time(app: Open) -> None:
    at = app("derivatives", derivatives_section=AUTOGRAD, **LESSON)
    assert "Nothing is computed yet" in said(at) and "0 have a value" in charts(at)[0]
    for step in range(1, 11):
        at.button(key="derivatives_step").click().run()
        assert not at.exception
        assert f"{min(step, 5)} have a value" in charts(at)[0]
    assert at.button(key="derivatives_step").disabled
    at.button(key="derivatives_back").click().run()
    assert "Backward through v2 = sin(x)" in said(at)
    at.text_input(key="derivatives_formula").set_value("exp(x)").run()
    assert "2 nodes; 0 have a value" in charts(at)[0], "another formula is walked from its beginning"


def test_a_large_formula_still_has_its_graph(app: Open) -> None:
    formula = "sin(" * 12 + "x" + ")" * 12 + "+ x*x" * 8
    at = app("derivatives", derivatives_section=AUTOGRAD, derivatives_function="my own", derivatives_formula=formula)
    assert "29 nodes" in charts(at)[0]


def test_a_forgotten_zero_grad_adds_up_and_the_switch_mends_it(app: Open) -> None:
    at = app("derivatives", derivatives_section=AUTOGRAD, derivatives_x="3")
    question = at.radio(key="derivatives_quiz_again")
    assert question.options == ["0", "6", "12", "36"]
    question.set_value("6").run()
    assert "it is **12**: PyTorch adds: 6 + 6 = 12" in at.error[0].value
    for _ in range(2):
        at.button(key="derivatives_calls_call_backward_again").click().run()
    assert sessions(at)[1].endswith("tensor(18.)") and "After 3 calls `.grad` shows 18" in said(at)
    at.toggle(key="derivatives_zero_grad").set_value(True).run()
    assert sessions(at)[1].endswith("tensor(6.)") and "After 3 calls `.grad` shows 6" in said(at)
    assert at.radio(key="derivatives_quiz_again").value is None, "another situation asks anew"
    at.radio(key="derivatives_quiz_again").set_value("6").run()
    assert "Right" in at.success[0].value


@pytest.mark.parametrize(
    "values",
    [
        {"section": NUDGE, "h": "0.002", "kind": "central", "zoom": "true", "x": "-0.25"},
        {"section": AUTOGRAD, "at": "4", "calls": "2", "zero_grad": "true"},
        {"section": WEIGHTS, "vector": "1, -2.5", "unsummed": "true", "function": "Cubic"},
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


@pytest.mark.parametrize(
    ("x", "wrong", "right"), [("-1.5", "positive", "negative"), ("0", "negative", "zero"), ("2", "zero", "positive")]
)
def test_predict_the_sign_before_the_tangent_is_shown(app: Open, x: str, wrong: str, right: str) -> None:
    at = app("derivatives", derivatives_predict="true", derivatives_x=x)
    assert len(charts(at)) == 1 and "tangent" not in charts(at)[0] and not at.metric
    at.radio(key="derivatives_quiz_slope").set_value(wrong).run()
    assert f"it is **{right}**" in at.error[0].value
    assert len(charts(at)) == 2 and at.metric, "then it is shown"
    at.radio(key="derivatives_quiz_slope").set_value(right).run()
    assert "Right" in at.success[0].value


def test_predict_the_best_nudge_from_this_functions_own_errors(app: Open) -> None:
    at = app("derivatives", derivatives_section=NUDGE, derivatives_predict="true", derivatives_x="3")
    assert len(charts(at)) == 1
    at.radio(key="derivatives_quiz_nudge").set_value("1e-08").run()
    assert "it is **0.001**" in at.error[0].value and "while 1e-11 is off by 6" in at.error[0].value
    assert len(charts(at)) == 2


def test_a_vector_is_added_up_and_pytorch_says_why(app: Open) -> None:
    at = app("derivatives", derivatives_section=WEIGHTS)
    frame = at.dataframe[0].value
    assert frame["value"].tolist() == [9, 16, 100] and frame["gradient"].tolist() == [6, 8, 20]
    assert metrics(at) == {"y, the sum of all values": "125"}
    assert "tensor(125., grad_fn=<SumBackward0>)" in sessions(at)[0]
    at.toggle(key="derivatives_unsummed").set_value(True).run()
    assert "RuntimeError: grad can be implicitly created only for scalar outputs" in sessions(at)[0]


@pytest.mark.parametrize(
    ("text", "sentence"), [("", "empty"), ("3, four", "“four”, is not a number"), ("1," * 10_000, "10,000 elements")]
)
def test_what_is_no_vector_is_answered_and_the_page_goes_on(app: Open, text: str, sentence: str) -> None:
    at = app("derivatives", derivatives_section=WEIGHTS)
    at.text_input(key="derivatives_vector").set_value(text).run()
    assert not at.exception and len(at.error) == 1 and sentence in at.error[0].value
    assert metrics(at) == {"y, the sum of all values": "125"}


def test_a_vector_with_an_undefined_element_is_answered(app: Open) -> None:
    at = app(
        "derivatives",
        derivatives_section=WEIGHTS,
        derivatives_function="my own",
        derivatives_formula="log(x)",
        derivatives_vector="1, -1",
    )
    assert "no finite value at every element" in at.error[0].value


def test_two_weights_have_two_slopes_and_one_arrow(app: Open) -> None:
    at = app("derivatives", derivatives_section=WEIGHTS, derivatives_part="two weights")
    words = said(at)
    assert "gradient (3, -2)" in words and "smaller a and larger b" in words
    assert "Hold **b = -1**, change a" in words and "**+3**" in words and "**-2**" in words
    assert "gradient (3, -2)" in charts(at)[0] and len(charts(at)) == 3
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
    shown = metrics(at)
    assert shown["largest difference"] == f"{found.largest_difference:.2g}"
    assert set(shown) == {"by nudging", "by backward()", "nudging takes", "largest difference"}
    assert "66 forward passes" in [metric.delta for metric in at.metric]
    assert len(charts(at)) == 6  # three maps, each with its scale
    before = metrics(at)
    at.run()
    assert metrics(at) == before, "kept until it is asked for again"
    at.button(key="derivatives_measure").click().run()
    assert metrics(at)["largest difference"] == before["largest difference"] and not at.exception
    assert "loss_of(model(X), y).backward()" in scripts(at)[0]
