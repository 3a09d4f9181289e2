"""Race and Two weights as a link opens them: who arrives when, and what the surface's numbers say."""

import math
from collections.abc import Callable

import pytest
from reading import said
from streamlit.testing.v1 import AppTest
from test_stepping_page import history, printed, to_the_end

from sgd_core.descent.optimizers import OPTIMIZERS
from sgd_core.descent.surfaces import SURFACES

Open = Callable[..., AppTest]


def arrival(rows: list[dict[str, float]], run: str, goal: float = 0.0) -> float:
    """The first step from which on a run stays within 1 % of its distance at the start."""
    away = [abs(row["w"] - goal) for row in rows if row["run"] == run]
    outside = [step for step, distance in enumerate(away) if distance > away[0] / 100]
    return outside[-1] + 1 if outside[-1] + 1 < len(away) else math.inf


def test_a_race_ranks_by_the_steps_to_one_percent_and_its_script_prints_it(app: Open) -> None:
    at = app("stepping", stepping_section="Race", stepping_race_runs="6", stepping_race_steps="70")
    to_the_end(at, "race")
    rows, lines = history(at), printed(at, "optimizers")
    assert len(rows) == 6 * 71
    for row, line in zip(rows, lines, strict=True):
        shown = [row["step"], row["w"], row["loss"], row["gradient"], row["step taken"]]
        assert [float(number) for number in line[-5:]] == pytest.approx(shown, rel=1e-6, abs=1e-9)
    runs = {row["run"][0]: row["run"] for row in rows}
    steps = {letter: arrival(rows, run) for letter, run in runs.items()}
    assert sum(math.isfinite(number) for number in steps.values()) >= 3
    ranking = next(markdown.value for markdown in at.markdown if "steps to 1 %" in markdown.value)
    shown = {}
    for line in ranking.splitlines()[2:]:
        _, _, run, _, arrived, *_ = (cell.strip() for cell in line.split("|"))
        shown[run.split("**")[1]] = float(arrived) if arrived.isdecimal() else math.inf
    assert shown == steps and list(shown.values()) == sorted(shown.values())


def test_a_plain_run_arrives_where_the_closed_form_says(app: Open) -> None:
    at = app("stepping", stepping_section="Race")
    to_the_end(at, "race")
    needed = math.ceil(math.log(0.01) / math.log(0.8))
    assert f"| {needed} |" in said(at)
    ranking = next(markdown.value for markdown in at.markdown if "steps to 1 %" in markdown.value)
    first = ranking.splitlines()[2].split("**")[1]
    for letter in ("C", first):
        at.radio(key="stepping_bet_race").set_value(letter).run()
        assert bool(at.success) == (letter == first) and bool(at.error) == (letter != first)


def test_presets_fill_the_race(app: Open) -> None:
    at = app("stepping", stepping_section="Race")
    at.button(key="stepping_race_optimizers").click().run()
    assert not at.exception
    kinds = [at.selectbox(key=f"stepping_race_{letter}_kind").value for letter in "abcdef"]
    assert kinds == ["SGD", "SGD", "SGD", "Adam", "RMSprop", "Adagrad"]
    assert "SGD, momentum 0.5, nesterov" in said(at)


@pytest.mark.parametrize("name", [name for name, row in OPTIMIZERS.items() if not row.hidden_matrices_only])
def test_every_optimizer_of_the_table_races_with_its_options(app: Open, name: str) -> None:
    row = OPTIMIZERS[name]
    at = app("stepping", stepping_section="Race", stepping_race_a_kind=row.title)
    assert not at.error
    labels = {
        widget.label.split(" ")[0].split(",")[0]
        for kind in (at.number_input, at.toggle, at.selectbox)
        for widget in kind
    }
    assert set(row.options) <= labels
    assert f"torch.optim.{row.torch_name}(" in next(code.value for code in at.code if "optimizers" in code.value)


def test_options_that_contradict_each_other_get_a_sentence(app: Open) -> None:
    at = app("stepping", stepping_section="Race", stepping_race_a_sgd_nesterov="true")
    assert "Nesterov needs a momentum" in at.error[0].value


def test_a_run_that_diverges_is_named_and_the_others_go_on(app: Open) -> None:
    query = {"stepping_race_b_lr": "50", "stepping_race_steps": "200"}
    at = app("stepping", stepping_section="Race", **query)
    to_the_end(at, "race")
    words = said(at)
    assert "**diverged at step" in words and "Ahead after 200 steps" in words and "never" in words


def test_two_weights_know_the_quadratic_s_numbers(app: Open) -> None:
    at = app("stepping", stepping_section="Two weights", stepping_two_at="30")
    values = {metric.label: metric.value for metric in at.metric}
    # x²/2 + 10 y²: λ is 1 and 20
    assert values == {"λ min": "1", "λ max": "20", "Condition number": "20", "Border 2/λ max": "0.1"}
    assert "Why 0.1?" in [expander.label for expander in at.expander]
    assert "0.09524" in said(at)  # 2 / 21
    rows, lines = history(at), printed(at, "optimizers")
    for row in rows:
        line = next(x for x in lines if x[-8] == str(row["step"]) and x[0] == row["run"][0] + ",")
        shown = [row[name] for name in ("x", "y", "loss", "gradient x", "gradient y", "update x", "update y")]
        assert [float(number) for number in line[-7:]] == pytest.approx(shown, rel=1e-9, abs=1e-12)


def test_two_weights_open_with_a_zigzag_a_crawl_and_a_glide(app: Open) -> None:
    at = app("stepping", stepping_section="Two weights", stepping_two_at="50")
    words = said(at)
    assert ":orange[**B**] turned back in" in words and "**zigzags**" in words
    assert ":green[**C**] never turned back" in words and "**crawls**" in words
    # Polyak's pair for λ = 1 and 20
    lr, momentum = 4 / (1 + math.sqrt(20)) ** 2, ((math.sqrt(20) - 1) / (math.sqrt(20) + 1)) ** 2
    assert at.number_input(key="stepping_two_a_lr").value == pytest.approx(lr, rel=1e-3)
    assert at.slider(key="stepping_two_a_momentum").value == pytest.approx(momentum, abs=1e-3)
    losses = {row["run"][0]: row["loss"] for row in history(at) if row["step"] == 47}
    assert losses["A"] < 1e-6 * losses["B"] and losses["A"] < 1e-6 * losses["C"]


@pytest.mark.parametrize("title", [surface.title for surface in SURFACES.values()])
def test_momentum_s_defaults_never_make_it_look_bad(app: Open, title: str) -> None:
    at = app("stepping", stepping_section="Two weights", stepping_surface=title)
    to_the_end(at, "two")
    last = {row["run"][0]: row["loss"] for row in history(at) if row["step"] == 100}
    assert math.isfinite(last["A"]) and last["A"] <= last["B"] + 1e-9 and last["A"] <= last["C"] + 1e-9


@pytest.mark.parametrize(
    "title", ["Round bowl", "Narrow valley", "Saddle", "Rosenbrock", "Himmelblau", "Beale", "Ripples"]
)
def test_every_surface_opens_and_ends(app: Open, title: str) -> None:
    at = app("stepping", stepping_section="Two weights", stepping_surface=title)
    to_the_end(at, "two")
    assert not at.error and not at.exception


def test_choosing_a_surface_brings_its_start_and_rate(app: Open) -> None:
    at = app("stepping", stepping_section="Two weights")
    at.selectbox(key="stepping_surface").set_value("Rosenbrock").run()
    assert at.number_input(key="stepping_two_b_lr").value == 0.001
    assert (at.number_input(key="stepping_x").value, at.number_input(key="stepping_y").value) == (-1.5, 2.0)


@pytest.mark.parametrize(
    ("formula", "words"),
    [("x*z", "unknown"), ("", "empty"), ("__import__('os')", "At character"), ("x**2 + (y", "At character")],
)
def test_a_surface_that_cannot_be_read_gets_a_sentence(app: Open, formula: str, words: str) -> None:
    at = app("stepping", stepping_section="Two weights", stepping_surface="my own")
    at.text_input(key="stepping_surface_formula").set_value(formula).run()
    assert not at.exception
    assert words in at.error[0].value


@pytest.mark.parametrize("formula", ["log(x*y)", "1/x", "3", "x", "x**3 + y", "exp(exp(exp(x)))", "abs(x) + abs(y)"])
def test_surfaces_without_values_or_minimum_keep_the_page_alive(app: Open, formula: str) -> None:
    query = {"stepping_surface": "my own", "stepping_surface_formula": formula, "stepping_two_at": "20"}
    at = app("stepping", stepping_section="Two weights", **query)
    assert not at.exception and not at.error
