"""Every section of Stepping as a link opens it: its numbers, its words, its code, and what it answers to nonsense."""

import contextlib
import io
import math
from collections.abc import Callable
from urllib.parse import parse_qs

import pytest
import torch
from reading import charts, said
from streamlit.testing.v1 import AppTest

from sgd_core.numbers import number

Open = Callable[..., AppTest]


def printed(at: AppTest, word: str) -> list[list[str]]:
    """What the script in "The same in PyTorch" that holds `word` prints, split into words."""
    (script,) = [code.value for code in at.code if "import torch" in code.value and word in code.value]
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(script, {})
    return [line.split() for line in out.getvalue().splitlines()]


def to_the_end(at: AppTest, player: str = "") -> None:
    at.session_state[f"_stepping_{player}_clock_at".replace("__", "_")] = (
        10**6
    )  # the clock goes no further than the last moment
    at.run()
    assert not at.exception


def history(at: AppTest) -> list[dict[str, float]]:
    return at.dataframe[-1].value.to_dict("records")


def test_one_weight_says_the_step_in_numbers(app: Open) -> None:
    words = said(app("stepping"))
    assert "right, against the slope" in words and "0.1 × 3" in words and "not the distance" in words
    assert "1.44" not in words and "0.3" not in words, "where the step lands is the bet"
    words = said(app("stepping", stepping_at="1"))
    assert "0.1 × 3 = 0.3 to the right" in words and "2.25 → 1.44" in words and "0.8 times as long" in words


def test_one_step_is_enough_where_the_learning_rate_is_one_over_the_curvature(app: Open) -> None:
    words = said(app("stepping", stepping_lr="0.5", stepping_at="1"))
    assert "One step was enough" in words and "1 / 2" in words
    assert "One step was enough" not in said(app("stepping", stepping_lr="0.49", stepping_at="1"))


def test_what_to_notice_changes_with_what_happens(app: Open) -> None:
    assert "back the other way" in said(app("stepping", stepping_lr="0.9", stepping_at="1"))
    assert "rose: 2.25 →" in said(app("stepping", stepping_lr="1.2", stepping_at="1"))
    words = said(app("stepping", stepping_function="Kink", stepping_lr="0.4", stepping_at="4"))
    assert "hops over the kink" in words
    words = said(app("stepping", stepping_function="my own", stepping_formula="abs(x)", stepping_start="0"))
    assert "Here is a kink" in words and "−1 on the left and +1 on the right" in words


def bet_on(at: AppTest, w: float) -> None:
    at.slider(key="stepping_guess").set_value(w).run()
    at.session_state["_stepping_clock_at"] = int(at.session_state["_stepping_clock_at"]) + 1
    at.run()
    assert not at.exception


@pytest.mark.parametrize(
    ("guess", "verdict", "error"), [(-1.2, "Right", "0, 0 %"), (-0.75, "Not quite", "0.45, 150 %")]
)
def test_the_marker_s_error_is_told_and_scored(app: Open, guess: float, verdict: str, error: str) -> None:
    at = app("stepping")
    assert "Move the marker" in said(at) and "Right" not in said(at)
    bet_on(at, guess)
    words = said(at)
    assert verdict in words and "landed at w = −1.2, you were off by" in words
    assert f"off by {error} of the step" in words
    assert f"{int(verdict == 'Right')} of 1 bets won" in words


def test_a_marker_is_a_new_bet_after_a_changed_learning_rate(app: Open) -> None:
    at = app("stepping")
    bet_on(at, -1.2)
    at.number_input(key="stepping_lr").set_value(0.2).run()
    assert "Move the marker" in said(at)


def test_the_script_of_one_weight_prints_the_history(app: Open) -> None:
    at = app("stepping", stepping_function="Ripples", stepping_lr="0.07", stepping_steps="9", stepping_at="9")
    rows, lines = history(at), printed(at, "torch.optim")
    assert len(rows) == len(lines) == 10
    for row, (_, step, *numbers) in zip(rows, lines, strict=True):
        assert int(step) == row["step"]
        shown = [row["w"], row["loss"], row["gradient"], row["step taken"]]
        assert [float(number) for number in numbers] == pytest.approx(shown, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("lr", "answer"), [("0.1", "lower"), ("1.2", "higher"), ("1", "the same")])
def test_the_question_about_one_step_is_answered_from_the_run(app: Open, lr: str, answer: str) -> None:
    at = app("stepping", stepping_lr=lr)
    at.radio(key="stepping_bet_one").set_value(answer).run()
    assert any("Right" in box.value for box in at.success)
    at.radio(key="stepping_bet_one").set_value("no number at all").run()
    assert any(f"**{answer}**" in box.value for box in at.error)


def test_how_many_steps_is_answered_from_the_closed_form(app: Open) -> None:
    at = app("stepping", stepping_lr="0.1")
    needed = math.ceil(math.log(0.01) / math.log(0.8**2))  # the loss shrinks by 0.8² a step
    at.radio(key="stepping_bet_many").set_value("6 to 20").run()
    assert any(f"step {needed} is the first" in box.value for box in at.success)


def test_divergence_is_explained_with_numbers_and_advice(app: Open) -> None:
    at = app("stepping", stepping_lr="3", stepping_steps="400")
    to_the_end(at)
    words = said(at)
    assert "no fault of the program" in words and "too large" in words
    assert "with the learning rate 0.75 the same start stays finite" in words  # 3/2 > 1 diverges, 3/4 < 1 does not


def test_a_start_outside_of_the_function_is_said(app: Open) -> None:
    at = app("stepping", stepping_function="my own", stepping_formula="log(x)", stepping_start="-1.5")
    assert "the loss is not a number" in said(at) or "no number" in said(at)


@pytest.mark.parametrize("section", ["One weight", "Race", "When to stop"])
def test_a_formula_opens_with_a_start_where_it_has_a_value(app: Open, section: str) -> None:
    at = app("stepping", stepping_section=section, stepping_function="my own", stepping_formula="log(x)")
    assert at.slider(key="stepping_start").value > 0 and "cannot begin" not in said(at) and not at.error
    at = app("stepping", stepping_section=section)
    at.selectbox(key="stepping_function").set_value("my own").run()
    at.text_input(key="stepping_formula").set_value("log(x)").run()
    assert not at.exception and at.slider(key="stepping_start").value > 0


def test_random_start_is_the_seed_s(app: Open) -> None:
    at = app("stepping", stepping_seed="7")
    at.button(key="stepping_random").click().run()
    share = float(torch.rand((), generator=torch.Generator().manual_seed(7), dtype=torch.float64))
    assert at.slider(key="stepping_start").value == pytest.approx(-3 + 6 * share, abs=0.005)
    assert at.number_input(key="stepping_seed").value == 8


def test_ten_thousand_steps_are_drawn_with_few_points(app: Open) -> None:
    at = app("stepping", stepping_steps="10000", stepping_lr="0.001")
    to_the_end(at)
    sizes = [len(data.data.data) for chart in at.get("vega_lite_chart") for data in chart.proto.datasets]
    assert 0 < max(sizes) < 400_000 and len(history(at)) == 10_001


def test_the_fit_s_script_prints_the_history_and_the_border_is_the_hessian_s(app: Open) -> None:
    at = app("stepping", stepping_section="Fit a curve", stepping_fit_at="20", stepping_fit_steps="20")
    rows, lines = history(at), printed(at, "speed = noise")
    assert len(rows) == len(lines) == 21
    for row, line in zip(rows, lines, strict=True):
        assert [float(number) for number in line] == pytest.approx(list(row.values()), rel=1e-9)
    t = torch.arange(20, dtype=torch.float64)
    columns = torch.stack([t**2, t, torch.ones(20).double()], 1)
    most = float(torch.linalg.eigvalsh(2 / 20 * columns.T @ columns)[-1])  # the mean squared error's Hessian
    assert f"{number(2 / most, 3)} diverges" in said(at)


def test_a_fit_above_the_border_grows_and_says_so(app: Open) -> None:
    at = app("stepping", stepping_section="Fit a curve", stepping_fit_lr="0.0001", stepping_fit_at="35")
    assert "times the border" in said(at)
    at.number_input(key="stepping_fit_lr").set_value(1.0).run()
    assert "beyond all bounds" in said(at) or "times the border" in said(at)


def test_scaling_the_time_lets_a_large_rate_work(app: Open) -> None:
    query = {"stepping_fit_scale": "from −1 to 1", "stepping_fit_lr": "0.5", "stepping_fit_steps": "300"}
    at = app("stepping", stepping_section="Fit a curve", **query)
    to_the_end(at, "fit")
    assert not at.warning and "Scaling the input did that" in said(at)
    at.radio(key="stepping_bet_fit").set_value("higher than at the start").run()
    assert any("Right" in box.value for box in at.success)


@pytest.mark.parametrize(
    ("query", "rule", "step"),
    [
        ({}, "small gradient", 36),  # |2 · 1.5 · 0.8^k| falls to 0.001 at k = 36
        ({"stepping_stop_gradient": "0"}, "number of steps", 200),
        ({"stepping_stop_improvement": "0.1"}, "no improvement", 17),
        ({"stepping_lr": "1"}, "no improvement", 10),  # it bounces between −1.5 and 1.5 for ever
    ],
)
def test_a_stop_rule_fires_where_arithmetic_says(app: Open, query: dict[str, str], rule: str, step: int) -> None:
    at = app("stepping", stepping_section="When to stop", **query)
    to_the_end(at, "stop")
    assert f"Stopped at step {step}: {rule}." in at.success[0].value
    lines = printed(at, "reason")
    assert " ".join(lines[-1]) == f"stopped at step {step} because of: {rule}"
    assert len(lines) == step + 2


def test_a_run_stopped_above_its_start_is_no_success(app: Open) -> None:
    at = app("stepping", stepping_section="When to stop", stepping_lr="1.5")
    to_the_end(at, "stop")
    assert not at.success and "Stopped at step 10: no improvement" in at.warning[0].value
    assert "ended higher than it began: 2.25 →" in said(at) and "learning rate 0.75" in said(at)


def test_divergence_stops_and_advises(app: Open) -> None:
    at = app("stepping", stepping_section="When to stop", stepping_lr="5", stepping_stop_patience="0")
    to_the_end(at, "stop")
    assert "divergence" in at.error[0].value and "led to w" in at.error[0].value
    assert "What to change" in said(at)
    assert printed(at, "reason")[-1][-1] == "divergence"


@pytest.mark.parametrize("formula", ["x", "x**3", "log(x)", "1/x", "3", "-x**2", "sqrt(x)", "exp(exp(x))"])
@pytest.mark.parametrize("section", ["Race", "When to stop"])
def test_functions_without_a_minimum_or_a_value_keep_every_section_alive(app: Open, section: str, formula: str) -> None:
    at = app("stepping", stepping_section=section, stepping_function="my own", stepping_formula=formula)
    to_the_end(at, "race" if section == "Race" else "stop")
    assert not at.exception


@pytest.mark.parametrize(
    ("formula", "lr", "words"),
    [
        ("x", "0.1", "no lowest point that way"),
        ("x**3", "0.1", "no lowest place on that side"),
        ("x**2", "0.4", "good"),
    ],
)
def test_one_weight_says_in_the_end_what_the_run_was(app: Open, formula: str, lr: str, words: str) -> None:
    query = {"stepping_formula": formula, "stepping_lr": lr, "stepping_steps": "100"}
    at = app("stepping", stepping_function="my own", **query)
    to_the_end(at)
    assert words in said(at)


def test_a_plateau_stops_far_from_the_minimum(app: Open) -> None:
    query = {"stepping_function": "Plateau", "stepping_start": "-3.6"}
    at = app("stepping", stepping_section="When to stop", **query)
    to_the_end(at, "stop")
    assert "A small gradient is not a minimum" in said(at)


@pytest.mark.parametrize(
    ("section", "key", "value", "words"),
    [
        ("Nowhere", "stepping_section", "Nowhere", "one of"),
        ("Race", "stepping_race_b_lr", "0", "positive"),
        ("Race", "stepping_race_b_lr", "-0.5", "positive"),
        ("Race", "stepping_race_a_kind", "sgdd", "one of"),
        ("Race", "stepping_race_c_sgd_momentum", "-1", "number from"),
        ("Race", "stepping_race_runs", "7", "whole number"),
        ("Race", "stepping_race_at", "610", "moment from 0"),
        ("Two weights", "stepping_x", "99", "number from"),
        ("Two weights", "stepping_y", "abc", "number from"),
        ("Two weights", "stepping_surface", "<script>", "one of"),
        ("Two weights", "stepping_two_a_lr", "nan", "positive"),
        ("Fit a curve", "stepping_fit_lr", "0", "positive"),
        ("Fit a curve", "stepping_fit_noise", "-1", "number from"),
        ("Fit a curve", "stepping_fit_scale", "sideways", "one of"),
        ("When to stop", "stepping_stop_gradient", "-1", "number from"),
        ("When to stop", "stepping_stop_patience", "2.5", "whole number"),
        ("When to stop", "stepping_stop_at", "5000", "moment from 0"),
    ],
)
def test_a_link_that_makes_no_sense_is_answered_in_every_section(
    app: Open, section: str, key: str, value: str, words: str
) -> None:
    at = app("stepping", **{"stepping_section": section, key: value})
    assert any(words in warning.value for warning in at.warning), [warning.value for warning in at.warning]


@pytest.mark.parametrize("section", ["Race", "Two weights", "Fit a curve", "When to stop"])
def test_the_link_of_a_section_opens_it_again(app: Open, section: str) -> None:
    at = app("stepping", stepping_section=section)
    (link,) = [code.value for code in at.code if code.value.startswith(("?", "http"))]
    query = {name: values[0] for name, values in parse_qs(link.split("?")[1]).items()}
    assert query["stepping_section"] == section
    again = app("stepping", **query)
    assert not again.warning and charts(again) == charts(at)


def test_another_function_or_surface_takes_a_start_within_its_picture(app: Open) -> None:
    at = app("stepping", stepping_start="2.9", stepping_at="20")
    for title, low, high in (("Steep quadratic", -2, 2), ("Edge of the domain", 0.05, 5), ("my own", -3, 3)):
        at.selectbox(key="stepping_function").set_value(title).run()
        assert not at.exception and low <= history(at)[0]["w"] <= high
    at = app("stepping", stepping_section="Two weights", stepping_x="-4.5", stepping_y="2.9")
    for title, reach in (("my own", 3.0), ("Himmelblau", 6.0), ("my own", 3.0), ("Round bowl", 3.0)):
        at.selectbox(key="stepping_surface").set_value(title).run()
        assert not at.exception and abs(history(at)[0]["x"]) <= reach
    at.selectbox(key="stepping_surface").set_value("my own").run()
    at.number_input(key="stepping_reach").set_value(0.5).run()
    assert not at.exception and abs(history(at)[0]["x"]) <= 0.5
