"""Every section of Stepping as a link opens it: its numbers, its words, its code, and what it answers to nonsense."""

import contextlib
import io
import math
import re
from collections.abc import Callable
from urllib.parse import parse_qs

import pytest
import torch
from reading import charts, said
from streamlit.testing.v1 import AppTest

Open = Callable[..., AppTest]


def printed(at: AppTest, word: str) -> list[list[str]]:
    """What the script in "The same in PyTorch" that holds `word` prints, split into words."""
    (script,) = [code.value for code in at.code if "import torch" in code.value and word in code.value]
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(script, {})
    return [line.split() for line in out.getvalue().splitlines()]


def to_the_end(at: AppTest, player: str) -> None:
    end = at.button(key=f"stepping_{player}_end")
    if not end.disabled:  # a run may be over before its first step
        end.click().run()


def history(at: AppTest) -> list[dict[str, float]]:
    return at.dataframe[-1].value.to_dict("records")


def test_one_weight_says_the_step_in_numbers(app: Open) -> None:
    at = app("stepping")
    numbers = re.sub(r"\\underbrace{(.*?)}_{(w|\\text{[a-z ]+})}", r"\1", at.latex[0].value)
    assert "-1.5 - 0.1 \\times (-3) = -1.2" in numbers
    words = said(at)
    assert "right, against the slope" in words and "0.1 × 3 = 0.3" in words and "not the distance" in words
    assert "1.44" not in words, "the loss after the step is the question"


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
    at.radio(key="stepping_quiz_one").set_value(answer).run()
    assert any("Right" in box.value for box in at.success)
    at.radio(key="stepping_quiz_one").set_value("no number at all").run()
    assert any(f"**{answer}**" in box.value for box in at.error)


def test_how_many_steps_is_answered_from_the_closed_form(app: Open) -> None:
    at = app("stepping", stepping_lr="0.1")
    needed = math.ceil(math.log(0.01) / math.log(0.8**2))  # the loss shrinks by 0.8² a step
    at.radio(key="stepping_quiz_many").set_value("6 to 20").run()
    assert any(f"step {needed} is the first" in box.value for box in at.success)


def test_divergence_is_explained_with_numbers_and_advice(app: Open) -> None:
    at = app("stepping", stepping_lr="3", stepping_steps="400", stepping_at="400")
    words = said(at)
    assert "no fault of the program" in words and "too large" in words
    assert "with the learning rate 0.75 the same start stays finite" in words  # 3/2 > 1 diverges, 3/4 < 1 does not


def test_a_start_outside_of_the_function_is_said(app: Open) -> None:
    at = app("stepping", stepping_function="my own", stepping_formula="log(x)")
    assert "the loss is not a number" in said(at)


def test_random_start_is_the_seed_s(app: Open) -> None:
    at = app("stepping", stepping_seed="7")
    at.button(key="stepping_random").click().run()
    share = float(torch.rand((), generator=torch.Generator().manual_seed(7), dtype=torch.float64))
    assert at.slider(key="stepping_start").value == pytest.approx(-3 + 6 * share, abs=0.005)
    assert at.number_input(key="stepping_seed").value == 8


def test_ten_thousand_steps_are_drawn_with_few_points(app: Open) -> None:
    at = app("stepping", stepping_steps="10000", stepping_at="10000", stepping_lr="0.001")
    sizes = [len(chart.proto.data.data) for chart in at.get("vega_lite_chart")]
    assert max(sizes) < 100_000 and len(history(at)) == 10_001


def test_a_race_ranks_by_loss_and_its_script_prints_it(app: Open) -> None:
    at = app(
        "stepping", stepping_section="Race", stepping_race_runs="6", stepping_race_steps="15", stepping_race_at="15"
    )
    rows, lines = history(at), printed(at, "optimizers")
    assert len(rows) == 6 * 16
    for row, line in zip(rows, lines, strict=True):
        shown = [row["step"], row["w"], row["loss"], row["gradient"], row["step taken"]]
        assert [float(number) for number in line[-5:]] == pytest.approx(shown, rel=1e-6, abs=1e-9)
    last = {row["run"]: row["loss"] for row in rows if row["step"] == 15}
    ranking = next(markdown.value for markdown in at.markdown if markdown.value.startswith("|  | run |"))
    names = [line.split("|")[2].strip() for line in ranking.splitlines()[2:]]
    assert names == sorted(last, key=last.__getitem__)


def test_presets_fill_the_race(app: Open) -> None:
    at = app("stepping", stepping_section="Race")
    at.button(key="stepping_race_optimizers").click().run()
    assert not at.exception
    kinds = [at.selectbox(key=f"stepping_race_{letter}_kind").value for letter in "abcdef"]
    assert kinds == ["SGD", "momentum", "Nesterov", "RMSprop", "Adagrad", "Adam"]
    at.radio(key="stepping_quiz_race").set_value("A").run()
    assert at.success or at.error


def test_a_run_that_diverges_is_named_and_the_others_go_on(app: Open) -> None:
    query = {"stepping_race_b_lr": "50", "stepping_race_steps": "200", "stepping_race_at": "200"}
    at = app("stepping", stepping_section="Race", **query)
    assert "B diverged at step" in said(at)
    assert "Ahead after 200 steps: **A" in said(at) or "Ahead after 200 steps: **C" in said(at)


def test_two_weights_know_the_quadratic_s_numbers(app: Open) -> None:
    at = app("stepping", stepping_section="Two weights", stepping_two_at="30")
    values = {metric.label: metric.value for metric in at.metric}
    assert values == {"Condition number": "20", "Border 2/λ max": "0.1"}  # x²/2 + 10 y²: λ is 1 and 20
    assert "0.09524" in said(at)  # 2 / 21
    assert "zigzags" in said(at)
    rows, lines = history(at), printed(at, "optimizers")
    for row in rows:
        line = next(x for x in lines if x[-8] == str(row["step"]) and x[0] == row["run"][0] + ",")
        shown = [row[name] for name in ("x", "y", "loss", "gradient x", "gradient y", "update x", "update y")]
        assert [float(number) for number in line[-7:]] == pytest.approx(shown, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    "title", ["Round bowl", "Narrow valley", "Saddle", "Rosenbrock", "Himmelblau", "Beale", "Ripples"]
)
def test_every_surface_opens_and_ends(app: Open, title: str) -> None:
    at = app("stepping", stepping_section="Two weights", stepping_surface=title, stepping_two_at="100")
    assert not at.error and "100 steps" in " ".join(charts(at))


def test_choosing_a_surface_brings_its_start_and_rate(app: Open) -> None:
    at = app("stepping", stepping_section="Two weights")
    at.selectbox(key="stepping_surface").set_value("Rosenbrock").run()
    assert at.number_input(key="stepping_two_a_lr").value == 0.001
    assert (at.number_input(key="stepping_x").value, at.number_input(key="stepping_y").value) == (-1.5, 2.0)


@pytest.mark.parametrize(
    ("formula", "words"),
    [("x*z", "unknown"), ("", "empty"), ("__import__('os')", "At character"), ("x**2 + (y", "At character")],
)
def test_a_surface_that_cannot_be_read_gets_a_sentence(app: Open, formula: str, words: str) -> None:
    at = app("stepping", stepping_section="Two weights", stepping_surface="my own")
    at.text_input(key="stepping_surface_formula").set_value(formula).run()
    assert not at.exception
    assert words in at.sidebar.error[0].value


@pytest.mark.parametrize("formula", ["log(x*y)", "1/x", "3", "x", "x**3 + y", "exp(exp(exp(x)))", "abs(x) + abs(y)"])
def test_surfaces_without_values_or_minimum_keep_the_page_alive(app: Open, formula: str) -> None:
    query = {"stepping_surface": "my own", "stepping_surface_formula": formula, "stepping_two_at": "20"}
    at = app("stepping", stepping_section="Two weights", **query)
    assert not at.exception and not at.error


def test_the_fit_s_script_prints_the_history_and_the_border_is_the_hessian_s(app: Open) -> None:
    at = app("stepping", stepping_section="Fit a curve", stepping_fit_at="20", stepping_fit_steps="20")
    rows, lines = history(at), printed(at, "speed = noise")
    assert len(rows) == len(lines) == 21
    for row, line in zip(rows, lines, strict=True):
        assert [float(number) for number in line] == pytest.approx(list(row.values()), rel=1e-9)
    t = torch.arange(20, dtype=torch.float64)
    columns = torch.stack([t**2, t, torch.ones(20).double()], 1)
    most = float(torch.linalg.eigvalsh(2 / 20 * columns.T @ columns)[-1])  # the mean squared error's Hessian
    assert f"{2 / most:.3g} diverges" in said(at)


def test_a_fit_above_the_border_grows_and_says_so(app: Open) -> None:
    at = app("stepping", stepping_section="Fit a curve", stepping_fit_lr="0.0001", stepping_fit_at="40")
    assert "times the border" in said(at)
    at.number_input(key="stepping_fit_lr").set_value(1.0).run()
    assert "beyond all bounds" in said(at) or "times the border" in said(at)


def test_scaling_the_time_lets_a_large_rate_work(app: Open) -> None:
    query = {"stepping_fit_scale": "from −1 to 1", "stepping_fit_lr": "0.5", "stepping_fit_steps": "300"}
    at = app("stepping", stepping_section="Fit a curve", stepping_fit_at="300", **query)
    assert not at.warning and "Scaling the input did that" in said(at)
    at.radio(key="stepping_quiz_fit").set_value("higher than now").run()
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
    [("x", "0.1", "no minimum is in sight"), ("x**3", "0.1", "no lowest point on that side"), ("x**2", "0.4", "good")],
)
def test_one_weight_says_in_the_end_what_the_run_was(app: Open, formula: str, lr: str, words: str) -> None:
    query = {"stepping_formula": formula, "stepping_lr": lr, "stepping_steps": "100", "stepping_at": "100"}
    at = app("stepping", stepping_function="my own", **query)
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
        ("Race", "stepping_race_c_momentum_momentum", "1.5", "number from"),
        ("Race", "stepping_race_runs", "7", "whole number"),
        ("Race", "stepping_race_at", "61", "step from 0"),
        ("Two weights", "stepping_x", "99", "number from"),
        ("Two weights", "stepping_y", "abc", "number from"),
        ("Two weights", "stepping_surface", "<script>", "one of"),
        ("Two weights", "stepping_two_a_lr", "nan", "positive"),
        ("Fit a curve", "stepping_fit_lr", "0", "positive"),
        ("Fit a curve", "stepping_fit_noise", "-1", "number from"),
        ("Fit a curve", "stepping_fit_scale", "sideways", "one of"),
        ("When to stop", "stepping_stop_gradient", "-1", "number from"),
        ("When to stop", "stepping_stop_patience", "2.5", "whole number"),
        ("When to stop", "stepping_stop_at", "5000", "step from 0"),
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
