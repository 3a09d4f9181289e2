"""Learning-rate pitfalls in-process: every section, its numbers, its links, and bad input."""

import contextlib
import io
import math

import numpy as np
import pytest
from reading import charts, said
from streamlit.testing.v1 import AppTest

from sgd_core.descent.descend import descend
from sgd_core.descent.questions import question
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import load_digits
from sgd_core.digits.sharpness import sharpness

SECTIONS = [
    "Four regimes",
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


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_opens_by_its_link_with_pictures_said_in_words(app, section):
    at = app("pitfalls", pitfalls_section=section)
    assert charts(at) and all(words.endswith(".") for words in charts(at))
    assert not at.error and not at.warning
    assert "nan" not in said(at).lower().split()


def test_the_four_fates_are_named_with_their_reasons_and_steps(app):
    at = app("pitfalls")
    text = said(at)
    for name in ("too low", "good", "bouncing", "diverging"):
        assert name in text
    # on x**2 the loss shrinks by (1 - 2 lr)^2 a step: the step at which 1 % is left, by hand
    steps = [str(math.ceil(math.log(0.01) / math.log((1 - 2 * lr) ** 2))) for lr in (0.02, 0.3, 0.95)]
    assert [metric.value for metric in at.metric] == [*steps, "never"]


def test_a_preset_sets_function_start_and_rates(app):
    at = app("pitfalls")
    at.button(key="pitfalls_preset_a_kink").click().run()
    assert not at.exception
    assert at.selectbox(key="pitfalls_function").value == "Kink"
    assert at.number_input(key="pitfalls_lr_d").value == 1.2
    assert "sets no border" in said(at)
    at.button(key="pitfalls_suggest").click().run()
    assert not at.exception and at.number_input(key="pitfalls_lr_a").value != 0.01


@pytest.mark.parametrize("section", ["Four regimes", "The whole axis", "Remedies"])
@pytest.mark.parametrize("formula", ["x**2 +", "0*x + 1", "exp(x)", "log(x)", "1e9*x**2"])
def test_a_typed_function_however_odd_gets_an_answer(app, section, formula):
    at = app("pitfalls", pitfalls_section=section, pitfalls_function="my own", pitfalls_formula=formula)
    assert bool(at.error) == (formula == "x**2 +")
    assert said(at)


def test_the_axis_puts_the_borders_where_the_second_derivative_says(app):
    at = app("pitfalls", pitfalls_section="The whole axis", pitfalls_function="Two valleys")
    text = said(at)
    a = 3 * 1.3612785528**2 - 2
    assert f"1/a = {1 / a:.4g}" in text and f"2/a = {2 / a:.4g}" in text and "no parabola" in text


def test_a_marker_moved_on_the_axis_moves_the_panel(app):
    at = app("pitfalls", pitfalls_section="The whole axis", pitfalls_marker="D")
    at.number_input(key="pitfalls_lr_d").set_value(0.004).run()
    assert "D = 0.004" in said(at) and "too low" in said(at)
    at.session_state["pitfalls_section"] = "Four regimes"
    at.run()
    assert at.number_input(key="pitfalls_lr_d").value == 0.004


def test_a_link_to_the_axis_brings_all_four_markers_and_hands_them_on(app):
    at = app("pitfalls", pitfalls_section="The whole axis", pitfalls_lr_a="0.123", pitfalls_lr_c="nonsense")
    link = next(block.value for block in at.code if "pitfalls_section" in block.value)
    assert "pitfalls_lr_a=0.123" in link and "pitfalls_lr_c=0.95" in link and "pitfalls_lr_b=0.3" in link


def test_the_border_on_digits_is_known_before_the_first_step(app):
    at = app("pitfalls", pitfalls_section="On digits", pitfalls_epochs="6")
    top = sharpness(TrainConfig(loss="mean_squared_error", batch_size=None), load_digits("uci"))
    assert f"2/λ = {2 / top:.4g}" in said(at) and "Nothing is trained yet" in said(at)
    at.button(key="pitfalls_step").click().run()
    assert not at.exception and "The lowest training loss so far" in said(at)
    value, border = (float(word) for word in printed(sharpness_of(app))[-1].split())
    assert value == pytest.approx(top, rel=1e-4) and border == pytest.approx(2 / top, rel=1e-4)


def sharpness_of(app) -> str:
    return script(app("pitfalls", pitfalls_section="On digits", pitfalls_experiment="close to the cliff"))


def test_the_sweeps_script_prints_the_sweep(app):
    from sgd_core.digits.sweep import sweep
    from sgd_core.export.learning_rates import sweep_script

    config = TrainConfig(loss="mean_squared_error", epochs=2, batch_size=64)
    lines = [line for line in printed(sweep_script(config, [0.01, 0.05])) if not line.startswith("learning")]
    frame = sweep(config, [0.01, 0.05], load_digits("uci"))
    for line, row in zip(lines, frame.itertuples(), strict=True):
        epoch, train_loss, valid_loss, accuracy = (float(word) for word in line.split())
        assert epoch == row.epoch and accuracy == pytest.approx(row.valid_accuracy, abs=1e-4)
        assert (train_loss, valid_loss) == pytest.approx((row.train_loss, row.valid_loss), rel=1e-4)


def test_the_range_tests_script_prints_its_curve_and_the_links_carry_the_choice(app):
    from sgd_core.digits.lr_range import lr_range_test

    at = app("pitfalls", pitfalls_section="Find it")
    frame = lr_range_test(TrainConfig(loss="mean_squared_error", batch_size=64), load_digits("uci"))
    lines = printed(script(at))
    assert len(lines) == len(frame)
    numbers = np.array([[float(word) for word in line.split()] for line in lines])
    np.testing.assert_allclose(numbers, frame.to_numpy(), rtol=1e-3)
    shown = [metric.value for metric in at.metric]
    assert shown == [f"{frame.attrs['suggestions'][name]:.2g}" for name in ("valley", "steep", "minimum", "slide")]


def test_noise_names_the_spread_and_the_side_of_the_border(app):
    at = app("pitfalls", pitfalls_section="Noise is not bounce", pitfalls_noise_steps="10")
    assert next(metric.label for metric in at.metric) == "1 image a step" and "spread 0.00" in at.metric[-1].value
    for _ in range(2):
        at.button(key="pitfalls_step").click().run()
    assert "below 1/λ" in said(at)
    lines = printed(script(at))
    assert len(lines) == 4 + 4 * 10


def test_remedies_tell_what_each_schedule_leaves(app):
    at = app("pitfalls", pitfalls_section="Remedies", pitfalls_steps="12")
    text = said(at)
    assert "**100 %** of the way down is left" in text, "the constant one bounces for ever at 2/a"
    assert "flips its direction 11 times in 12 steps" in text
    lines = printed(script(at))
    assert len(lines) == 6 * 14
    assert float(lines[13].split()[-1]) == pytest.approx(2.25)  # as far away as at the start
    at.number_input(key="pitfalls_lr_remedy").set_value(3.0).run()
    at.button(key="pitfalls_endless").click().run()
    assert at.number_input(key="pitfalls_lr_remedy").value == 1.0


def test_a_remedy_that_comes_too_late_says_so(app):
    at = app("pitfalls", pitfalls_section="Remedies", pitfalls_function="Edge of the domain", pitfalls_lr_remedy="9")
    assert "All six diverge" in said(at) and "inf" not in said(at).split()


def test_another_function_starts_where_it_can_be_descended(app):
    at = app("pitfalls")
    at.selectbox(key="pitfalls_function").set_value("Edge of the domain").run()
    assert not at.exception and "from w = 4 " in charts(at)[0]


def test_a_bounce_turns_back_where_noise_alone_does_not(app):
    at = app("pitfalls", pitfalls_section="Noise is not bounce", pitfalls_noise_steps="10")
    for side, share in (("bounce", "100% turned back"), ("noise", "0% turned back")):
        at.button(key=f"pitfalls_side_{side}").click().run()
        for _ in range(4):
            at.button(key="pitfalls_step").click().run()
        assert share in said(at)


def test_a_question_is_the_same_for_everybody_and_keeps_the_score(app):
    at = app("pitfalls", pitfalls_section="Predict, then run", pitfalls_question="7")
    asked = question(7)
    assert f"**{asked.lr:g}**" in said(at) and at.metric[0].value == "0 of 0"
    words = {"too low": "slow", "good": "good", "bouncing": "bounce", "diverging": "diverge"}
    at.button(key=f"pitfalls_say_{words[asked.answer.name]}").click().run()
    assert not at.exception and at.metric[0].value == "1 of 1"
    assert asked.answer.reason in said(at) and "Right" in said(at)
    at.button(key="pitfalls_next").click().run()
    assert at.number_input(key="pitfalls_question").value == 8
    wrong = next(word for name, word in words.items() if name != question(8).answer.name)
    at.button(key=f"pitfalls_say_{wrong}").click().run()
    assert at.metric[0].value == "1 of 2" and question(8).answer.reason in said(at)


def test_a_link_that_makes_no_sense_gets_a_sentence(app):
    at = app("pitfalls", pitfalls_section="Nowhere", pitfalls_steps="-4", pitfalls_lr_a="-1")
    assert len(at.warning) == 3
    assert all("Using" in warning.value for warning in at.warning)


def test_every_fate_is_asked_about_and_the_answer_is_the_runs():
    questions = [question(number) for number in range(40)]
    assert {asked.answer.name for asked in questions} == {"too low", "good", "bouncing", "diverging"}
    for asked in questions[:10]:
        run = descend(asked.function, asked.start, asked.lr, 30)
        fell = run["loss"].iloc[-1] < run["loss"].iloc[0]
        assert fell == (asked.answer.name != "diverging") or asked.answer.endless
