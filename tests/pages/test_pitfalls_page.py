"""Learning-rate pitfalls in-process: every section, its numbers, its links, and bad input."""

import contextlib
import io
import math
import re

import numpy as np
import pytest
from reading import charts, said
from streamlit.testing.v1 import AppTest

from sgd_core.descent.questions import question
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import load_digits
from sgd_core.digits.lr_range import lr_range_test
from sgd_core.digits.sharpness import sharpness
from sgd_core.digits.sweep import sweep
from sgd_core.numbers import number

SECTIONS = [
    "Regimes",
    "The whole axis",
    "On digits",
    "Find it",
    "Noise is not bounce",
    "Remedies",
    "Predict, then run",
]


def script(at: AppTest) -> str:
    """The page's script (the link is a code block too, without a language)."""
    return next(block.value for block in at.code if "import torch" in block.value)


def printed(source: str) -> list[str]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(source, "script", "exec"), {"__name__": "__main__"})
    return out.getvalue().splitlines()


def until(at: AppTest, text: str, runs: int = 60) -> str:
    """Run the page again, which computes a piece more each time, until it says `text`; return what it says."""
    for _ in range(runs):
        if text in said(at):
            break
        at.run()
        assert not at.exception
    assert text in said(at), said(at)
    return said(at)


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_opens_by_its_link_with_pictures_said_in_words(app, section):
    at = app("pitfalls", pitfalls_section=section)
    assert charts(at) and all(words.endswith(".") for words in charts(at) if words)
    assert not at.error and not at.warning
    assert "nan" not in said(at).lower().split()


def test_the_four_regimes_are_named_with_their_reasons_and_steps_after_the_bet(app):
    at = app("pitfalls")
    text = said(at)
    for name in ("too low", "good", "bouncing", "diverging"):
        assert name in text
    assert [metric.value for metric in at.metric] == ["?"] * 4
    at.radio(key="pitfalls_bet_first").set_value("B").run()
    # on x**2 the loss shrinks by (1 - 2 lr)^2 a step: the step at which 1 % is left, by hand
    steps = [str(math.ceil(math.log(0.01) / math.log((1 - 2 * lr) ** 2))) for lr in (0.02, 0.3, 0.95)]
    assert [metric.value for metric in at.metric] == [*steps, "never"]
    assert any("Right" in box.value for box in at.success)


def test_at_the_end_of_the_run_the_steps_are_told_without_a_bet(app):
    at = app("pitfalls", pitfalls_at="30")
    assert at.metric[0].value == "57" and "Place your bet" not in said(at)


def test_older_links_call_the_regimes_four(app):
    at = app("pitfalls", pitfalls_section="Four regimes", pitfalls_lr_a="0.04")
    assert not at.warning and "Four balls" in said(at) and at.number_input(key="pitfalls_lr_a").value == 0.04


def test_a_preset_sets_function_start_and_rates(app):
    at = app("pitfalls")
    at.button(key="pitfalls_preset_a_kink").click().run()
    assert not at.exception
    assert at.selectbox(key="pitfalls_function").value == "Kink"
    assert at.number_input(key="pitfalls_lr_d").value == 1.2
    assert "sets no border" in said(at)
    at.button(key="pitfalls_suggest").click().run()
    assert not at.exception and at.number_input(key="pitfalls_lr_a").value != 0.01


@pytest.mark.parametrize("section", ["Regimes", "The whole axis", "Remedies"])
@pytest.mark.parametrize("formula", ["x**2 +", "0*x + 1", "exp(x)", "log(x)", "1e9*x**2"])
def test_a_typed_function_however_odd_gets_an_answer(app, section, formula):
    values = {"pitfalls_function": "my own", "pitfalls_formula": formula, "pitfalls_remedies_on": "one weight"}
    at = app("pitfalls", pitfalls_section=section, **values)
    assert bool(at.error) == (formula == "x**2 +")
    assert said(at)


def test_the_axis_puts_the_borders_where_the_second_derivative_says(app):
    at = app("pitfalls", pitfalls_section="The whole axis", pitfalls_function="Two valleys")
    text = said(at)
    a = 3 * 1.3612785528**2 - 2
    assert f"1/a = {1 / a:.4g}" in text and f"2/a = {2 / a:.4g}" in text and "no parabola" in text


def test_a_marker_moved_on_the_axis_moves_the_ball(app):
    at = app("pitfalls", pitfalls_section="The whole axis", pitfalls_marker="D")
    at.number_input(key="pitfalls_lr_d").set_value(0.004).run()
    assert "D = 0.004" in said(at) and "too low" in said(at)
    at.session_state["pitfalls_section"] = "Regimes"
    at.run()
    assert at.number_input(key="pitfalls_lr_d").value == 0.004


def test_a_link_to_the_axis_brings_all_four_markers_and_hands_them_on(app):
    at = app("pitfalls", pitfalls_section="The whole axis", pitfalls_lr_a="0.123", pitfalls_lr_c="nonsense")
    link = next(block.value for block in at.code if "pitfalls_section" in block.value)
    assert "pitfalls_lr_a=0.123" in link and "pitfalls_lr_c=0.95" in link and "pitfalls_lr_b=0.3" in link


def test_the_steepest_direction_and_its_border_are_known_before_the_first_step(app):
    at = app("pitfalls", pitfalls_section="On digits", pitfalls_epochs="6")
    top = sharpness(TrainConfig(loss="mean_squared_error", batch_size=None), load_digits("uci"))
    assert f"λ = {number(top)}" in said(at) and f"2/λ = {number(2 / top)}" in said(at) and "65 parabolas" in said(at)


def test_the_direction_explodes_in_the_run_above_the_border(app):
    at = app("pitfalls", pitfalls_section="On digits", pitfalls_epochs="40", pitfalls_at="34")
    share = float(re.search(r"([\d.]+) % of the length of D", until(at, "After 34 steps"))[1])
    assert share > 90, "what explodes is the steepest direction"


def test_the_cliff_stands_where_it_was_predicted_and_the_script_prints_it(app):
    values = {"pitfalls_experiment": "close to the cliff", "pitfalls_epochs": "30"}
    at = app("pitfalls", pitfalls_section="On digits", pitfalls_at="30", **values)
    until(at, "was predicted")
    value, border = (float(word) for word in printed(script(at))[-1].split())
    assert value * border == pytest.approx(2)
    top = sharpness(TrainConfig(loss="mean_squared_error", batch_size=None), load_digits("uci"))
    assert value == pytest.approx(top, rel=1e-4)


def test_all_learning_rates_begin_untrained_and_say_so(app):
    at = app("pitfalls", pitfalls_section="On digits", pitfalls_experiment="all learning rates")
    assert "Nothing is trained yet" in said(at) and "Press **Sweep**" in said(at)


def test_the_sweeps_script_prints_the_sweep():
    from sgd_core.export.learning_rates import sweep_script

    config = TrainConfig(loss="mean_squared_error", epochs=2, batch_size=64)
    lines = [line for line in printed(sweep_script(config, [0.01, 0.05])) if not line.startswith("learning")]
    frame = sweep(config, [0.01, 0.05], load_digits("uci"))
    for line, row in zip(lines, frame.itertuples(), strict=True):
        epoch, train_loss, valid_loss, accuracy = (float(word) for word in line.split())
        assert epoch == row.epoch and accuracy == pytest.approx(row.valid_accuracy, abs=1e-4)
        assert (train_loss, valid_loss) == pytest.approx((row.train_loss, row.valid_loss), rel=1e-4)


def test_sharpness_falls_below_the_border_with_cross_entropy(app):
    values = {"pitfalls_experiment": "sharpness along a run", "pitfalls_loss": "Cross-entropy"}
    at = app(
        "pitfalls",
        pitfalls_section="On digits",
        pitfalls_epochs="12",
        pitfalls_lr_digits="2.0",
        pitfalls_at="12",
        **values,
    )
    assert "λ has fallen below the border" in until(at, "In 12 steps")


def test_each_suggestion_says_what_it_achieves_and_how_sure_it_is(app):
    at = app("pitfalls", pitfalls_section="Find it")
    config = TrainConfig(loss="mean_squared_error", batch_size=64, epochs=5)
    digits = load_digits("uci")
    frame = lr_range_test(config, digits)
    lines = printed(script(at))
    numbers = np.array([[float(word) for word in line.split()] for line in lines])
    np.testing.assert_allclose(numbers, frame.to_numpy(), rtol=1e-3)
    found = [frame.attrs["suggestions"][name] for name in ("valley", "steep", "minimum", "slide")]
    assert [metric.value for metric in at.metric] == [number(lr, 2) for lr in found]
    trained = sweep(config, found, digits)
    for loss in trained[trained["epoch"] == 5]["train_loss"]:
        assert f"loss **{number(loss, 3)}**" in said(at)
    assert said(at).count("32 seeds:") == 4


def test_noise_explains_the_dots_at_zero_and_names_the_side_of_the_border(app):
    at = app("pitfalls", pitfalls_section="Noise is not bounce", pitfalls_noise_steps="10")
    assert "sit at 0 exactly" in said(at) and "already right for a 7" in said(at)
    at = app("pitfalls", pitfalls_section="Noise is not bounce", pitfalls_noise_steps="10", pitfalls_at="5")
    until(at, "below 1/λ")
    lines = printed(script(at))
    assert len(lines) == 4 + 4 * 10


def test_a_bounce_turns_back_where_noise_alone_does_not(app):
    at = app("pitfalls", pitfalls_section="Noise is not bounce", pitfalls_noise_steps="10", pitfalls_at="8")
    for side, share in (("bounce", "100 % turned back"), ("noise", "0 % turned back")):
        at.button(key=f"pitfalls_side_{side}").click().run()
        at.session_state["_pitfalls_clock_at"] = 8
        at.run()
        assert not at.exception
        until(at, share)


def test_remedies_on_one_weight_tell_what_each_leaves(app):
    at = app("pitfalls", pitfalls_section="Remedies", pitfalls_steps="12", pitfalls_remedies_on="one weight")
    text = said(at)
    assert "100 % of the way down is left" in text, "the constant one bounces for ever at 2/a"
    assert "flips its direction 11 times in 12 steps" in text
    lines = printed(script(at))
    assert len(lines) == 6 * 14
    assert float(lines[13].split()[-1]) == pytest.approx(2.25)  # as far away as at the start
    at.number_input(key="pitfalls_lr_remedy").set_value(3.0).run()
    at.button(key="pitfalls_endless").click().run()
    assert at.number_input(key="pitfalls_lr_remedy").value == 1.0


@pytest.mark.parametrize("function", ["Two valleys", "Ripples", "Quadratic"])
def test_no_share_of_the_way_is_negative(app, function):
    at = app("pitfalls", pitfalls_section="Remedies", pitfalls_function=function, pitfalls_remedies_on="one weight")
    assert not re.search(r"−[\d.]+ % of the way", said(at))


def test_remedies_on_digits_cure_what_they_can(app):
    at = app("pitfalls", pitfalls_section="Remedies", pitfalls_remedy_steps="20", pitfalls_at="15")
    text = until(at, "After 15 steps")
    assert re.search(r"\*\*As it is\*\* :red\[▲ diverging\]", text)
    assert re.search(r"\*\*A lower rate\*\* :green\[● good\]", text)
    assert re.search(r"\*\*Scaled inputs\*\* :green\[● good\]", text)


def test_another_function_starts_where_it_can_be_descended(app):
    at = app("pitfalls")
    at.selectbox(key="pitfalls_function").set_value("Edge of the domain").run()
    assert not at.exception and any("w = torch.tensor(4.0" in code.value for code in at.code)


def test_a_question_is_the_same_for_everybody_and_counts_in_the_visits_score(app):
    at = app("pitfalls", pitfalls_section="Predict, then run", pitfalls_question="7")
    asked = question(7)
    assert f"**{number(asked.lr)}**" in said(at) and at.metric[0].value == "0 of 0"
    words = {"too low": "slow", "good": "good", "bouncing": "bounce", "diverging": "diverge"}
    at.button(key=f"pitfalls_say_{words[asked.answer.name]}").click().run()
    assert not at.exception and at.metric[0].value == "1 of 1" and "Play to the end" in said(at)
    assert sum(at.session_state["_bets"].values()) == 1
    at.session_state["_pitfalls_question_clock_at"] = 30
    at.run()
    assert asked.answer.reason in said(at) and "Right" in said(at)
    at.button(key="pitfalls_next").click().run()
    assert at.number_input(key="pitfalls_question").value == 8
    wrong = next(word for name, word in words.items() if name != question(8).answer.name)
    at.button(key=f"pitfalls_say_{wrong}").click().run()
    at.session_state["_pitfalls_question_clock_at"] = 30
    at.run()
    assert at.metric[0].value == "1 of 2" and question(8).answer.reason in said(at)
    assert "it is diverge" not in said(at) and "it is bounce" not in said(at)


def test_a_link_that_makes_no_sense_gets_a_sentence(app):
    at = app("pitfalls", pitfalls_section="Nowhere", pitfalls_steps="-4", pitfalls_lr_a="-1")
    assert len(at.warning) == 3
    assert all("Using" in warning.value for warning in at.warning)


@pytest.mark.parametrize("section", SECTIONS)
def test_one_step_is_no_steps(app, section):
    """A run of one step was told as "In 1 steps"."""
    values = {"pitfalls_steps": "1", "pitfalls_epochs": "1", "pitfalls_remedies_on": "one weight", "pitfalls_at": "1"}
    at = app("pitfalls", pitfalls_section=section, **values)
    assert not re.search(r"\b1 steps\b", said(at))


def test_a_loss_that_does_not_bend_where_it_ends_is_followed_all_the_same(app):
    """Huber's loss is straight where every error is large: λ is 0 there, and 2/λ was a division by zero."""
    values = {"pitfalls_experiment": "sharpness along a run", "pitfalls_loss": "Huber", "pitfalls_lr_digits": "0.3"}
    at = app("pitfalls", pitfalls_section="On digits", pitfalls_epochs="12", pitfalls_at="12", **values)
    assert "to 0." in until(at, "In 12 steps") or "λ has fallen below the border, to 0" in said(at)


def test_a_fall_without_end_is_not_called_the_lowest_place(app):
    values = {"pitfalls_function": "Cubic", "pitfalls_start": "-2", "pitfalls_remedies_on": "one weight"}
    at = app("pitfalls", pitfalls_section="Remedies", **values)
    assert "as low as it gets" not in said(at) and "falls beyond all numbers" in said(at)
