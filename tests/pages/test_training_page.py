"""The Digit training page: its settings, its run, its time machine, its branches and links."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from reading import said
from streamlit.testing.v1 import AppTest

from pages.training.fields import FIELDS, option_name, standard
from sgd_core.descent.optimizers import OPTIMIZERS
from sgd_core.digits.config import TrainConfig, optimizers_for
from sgd_core.digits.datasets import load_digits
from sgd_core.digits.losses import LOSSES
from sgd_core.digits.models import MODELS
from sgd_core.digits.presets import PRESETS
from sgd_core.digits.run import MOST_BYTES, Run

Open = Callable[..., AppTest]


def press(at: AppTest, name: str) -> AppTest:
    at.button(key=f"training_{name}").click().run()
    assert not at.exception, at.exception
    return at


def run_of(at: AppTest) -> Run:
    return next(reversed(at.session_state["training_runs"].values()))


def rest(at: AppTest, moment: int) -> AppTest:
    """Let the clock come to rest at a moment, as its browser's side would report it."""
    at.session_state["_training_clock_at"] = run_of(at).at = moment
    at.run()
    assert not at.exception, at.exception
    return at


def trained(at: AppTest, moments: int = 10_000) -> AppTest:
    """Take the run that is on the page on, as its clock would ask for it, and rest at its end."""
    run = run_of(at)
    run.extend(moments, seconds=120)
    return rest(at, len(run.moments) - 1)


def act(at: AppTest, name: str, moment: int) -> AppTest:
    """Press one of the bar's own buttons at a moment: its browser's side is not here, so what it does is called."""
    from pages.training import stage

    run = run_of(at)
    pressed = {"branch": lambda: stage.branch(run, moment), "pin": lambda: stage.pin(run)}[name]
    _in_visit(at, pressed)
    at.run()
    assert not at.exception, at.exception
    return at


def _in_visit(at: AppTest, call: Callable[[], Any]) -> None:
    """Call what needs the visit's state outside of a script run."""
    import streamlit as st

    before = st.session_state
    st.session_state = at.session_state  # type: ignore[assignment]
    try:
        call()
    finally:
        st.session_state = before


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("model", MODELS)
def test_the_fields_say_a_configuration_and_give_it_back(model: str, optimizer: str) -> None:
    """One table, both ways: what the widgets are set to is what they say. Every optimizer, with every option moved."""
    if optimizer not in optimizers_for(model):
        pytest.skip("hidden matrices only")
    from streamlit.testing.v1 import AppTest

    config = TrainConfig(model=model, optimizer=optimizer, init=MODELS[model].usual_init, lr=0.03, seed=3, epochs=2)
    config = replace(config, clip=0.25, inputs="centred")
    shown: dict[str, Any] = {}
    for field in FIELDS:
        shown |= field.shown(config)

    def page() -> None:
        import streamlit as st

        from pages.training.fields import choose_config
        from pages.ui.page import Page

        st.session_state["config"] = choose_config(Page("training"), lambda: None)

    at = AppTest.from_function(page, default_timeout=60)
    for name, value in shown.items():
        at.session_state[f"training_{name}"] = value
    at.run()
    assert not at.exception, at.exception
    assert at.session_state["config"] == config


def test_each_option_of_an_optimizer_has_an_address_of_its_own_default() -> None:
    defaults: dict[str, Any] = {}
    for key, row in OPTIMIZERS.items():
        for name, option in row.options.items():
            assert defaults.setdefault(option_name(key, name), option.default) == option.default


def test_every_setting_reaches_the_run_and_the_script(app: Open) -> None:
    at = app(
        "training",
        training_model="Two layers",
        training_loss=LOSSES["mean_absolute_error"].title,
        training_optimizer="RMSprop",
        training_momentum="0.495",
        training_weight_decay="0.01",
        training_schedule="Cosine",
        training_shuffle="false",
        training_init="normal",
        training_hidden="7",
        training_patience="4",
        training_seed="9",
        training_batch="50",
        training_classes="any pair",
    )
    config = run_of(at).config
    assert (config.model, config.loss, config.optimizer) == ("two_layer", "mean_absolute_error", "rmsprop")
    assert dict(config.optimizer_options) == {"momentum": pytest.approx(0.495), "weight_decay": 0.01}
    assert (config.schedule, config.shuffle, config.init, config.hidden) == ("cosine", False, "normal", 7)
    assert (config.patience, config.seed, config.batch_size, config.classes) == (4, 9, 50, (4, 9))
    script = next(code.value for code in at.code if "import torch" in code.value)
    assert "RMSprop" in script and "CosineAnnealingLR" in script and ", 7)" in script
    assert "Without shuffling" in said(at)


@pytest.mark.parametrize("preset", range(len(PRESETS)))
def test_each_preset_sets_the_controls_and_can_be_trained(app: Open, preset: int) -> None:
    at = press(app("training", training_lr="0.07", training_seed="3"), f"preset_{preset}")
    assert run_of(at).config == standard(**PRESETS[preset].settings)
    assert run_of(trained(at, 2)).latest.step == 1


def test_a_finished_run_goes_on_with_more_epochs_and_keeps_its_record(app: Open) -> None:
    at = trained(app("training", training_epochs="3"))
    assert "All 3 epochs are done" in said(at)
    run = run_of(at)
    third = run.latest
    at.number_input(key="training_epochs").set_value(13).run()
    at = trained(at)
    assert run_of(at) is run and run.latest.epoch == 13
    assert next(now for now in run.moments if now.epoch == 3).train_loss == third.train_loss
    straight = trained(app("training", training_epochs="13"))
    assert run_of(straight).latest.train_loss == run.latest.train_loss, "thirteen epochs in two parts are thirteen"


def test_the_learning_rate_changed_on_the_way_takes_effect_where_the_run_is_and_is_marked(app: Open) -> None:
    at = trained(app("training", training_epochs="4"), 11)
    assert run_of(at).latest.step == 10
    at.number_input(key="training_lr").set_value(0.125).run()
    at = trained(at, 12)
    run = run_of(at)
    assert run.latest.rates == ((0, 0.5), (10, 0.125)) and run.moments[-2].lr == 0.5 and run.latest.lr == 0.125
    assert "lr=0.125" in next(code.value for code in at.code if "# from step 10 on" in code.value)


def test_before_the_first_step_and_after_the_end_another_rate_is_another_run(app: Open) -> None:
    at = app("training", training_epochs="2")
    at.number_input(key="training_lr").set_value(0.25).run()
    assert run_of(at).latest.rates == ((0, 0.25),)
    ended = run_of(trained(at))
    at.number_input(key="training_lr").set_value(0.1).run()
    again = run_of(at)
    assert again is not ended and len(again.moments) == 1 and again.latest.rates == ((0, 0.1),)
    assert again.grey is not None and again.grey["train_loss"].iloc[-1] == ended.latest.train_loss, "kept in grey"


def test_the_time_machine_goes_to_any_moment_and_a_branch_leaves_from_there(app: Open) -> None:
    at = trained(app("training", training_epochs="6"))
    parent = run_of(at)
    moment = parent.moments[12]
    at = rest(at, 12)
    assert at.query_params["training_at"] == "12"
    at = act(at, "branch", 12)
    assert "A branch" in said(at) and f"step {moment.step}" in said(at)
    at = trained(at)
    assert run_of(at) is not parent
    assert run_of(at).latest.train_loss == parent.latest.train_loss, "unchanged settings: the unbranched run, exactly"
    at.number_input(key="training_lr").set_value(2.0).run()
    at = trained(at)
    assert run_of(at).moments[0].train_loss == moment.train_loss
    assert run_of(at).latest.rates[-1] == (moment.step, 2.0)
    at = press(at, "unbranch")
    assert run_of(at) is parent and "A branch" not in said(at)
    assert at.number_input(key="training_lr").value == 0.5


def test_the_link_of_a_branch_makes_parent_and_branch_again(app: Open) -> None:
    at = trained(app("training", training_epochs="6", training_seed="7"))
    at = act(at, "branch", 10)
    at.number_input(key="training_lr").set_value(0.05).run()
    at = trained(at)
    at = act(at, "branch", 5)  # and a branch of the branch
    at.number_input(key="training_batch").set_value(20).run()
    at = trained(at)
    wanted, parent = run_of(at).latest, run_of(at).origin
    link = {f"training_{name}": str(value) for name, value in at.session_state["_values_training"].items()}
    again = app("training", **{**link, "training_at": "0"})
    assert "makes the parent again" in said(again)
    again = trained(again)
    assert (run_of(again).latest.train_loss, run_of(again).latest.step) == (wanted.train_loss, wanted.step)
    origin = run_of(again).origin
    assert origin is not None and parent is not None
    assert origin.curves.iloc[-1].tolist() == parent.curves.iloc[-1].tolist(), "the grey line, to its end"
    again = press(press(again, "unbranch"), "unbranch")
    assert "A branch" not in said(again) and run_of(again).config.lr == 0.5


def test_the_moment_in_the_link_is_where_the_clock_opens(app: Open) -> None:
    at = app("training", training_at="17", training_epochs="5")
    assert run_of(at).latest.step == 17 and at.query_params["training_at"] == "17"
    assert "In 17 steps" in said(at)
    assert "has to be a moment from 0" in said(app("training", training_at="1000000"))


def test_the_script_of_a_moment_before_the_schedule_was_stretched_ends_there(app: Open) -> None:
    at = trained(app("training", training_epochs="4", training_schedule="Cosine"), 6)
    at.number_input(key="training_epochs").set_value(8).run()
    at = trained(at, 8)
    run = run_of(at)
    assert len(run.segments_until(run.latest)) == 2
    (segment,) = run.segments_until(run.moments[3])
    assert (segment.steps, segment.config.epochs) == (3, 4)


def test_what_a_link_cannot_hold_is_said(app: Open) -> None:
    at = app("training", training_section="Take it home", training_epochs="4", training_schedule="Cosine")
    at = trained(at, 6)
    assert "has all settings and the seed" in said(at)
    at.number_input(key="training_lr").set_value(0.125).run()
    at = trained(at, 8)
    assert "does not hold what was changed in mid-run" in said(at)
    at = act(at, "branch", 7)
    assert "training_from" in at.query_params


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("nonsense", "it cannot be read"),
        ("[]", "it cannot be read"),
        ('[[[[{"lr":-1},9]],5]]', "learning rate must be"),
        ('[[[[{"colour":1},9]],5]]', "no setting"),
        ('[[[[{"dataset":"mnist"},9]],5]]', "not on this computer"),
        ('[[[[{"schedule":"cosine"},500]],500]]', "never makes step 500"),
        ("[[[[{},9]],10]]", "only 9 steps"),
        ("[[[[{},null]],1]]", "no step of the parent"),
        ("[[7]]", "it cannot be read"),
        ("[[7,7]]", "This describes no run"),
    ],
)
def test_a_link_to_no_branch_is_answered(app: Open, asked: str, words: str) -> None:
    at = app("training", training_from=asked)
    assert words in said(at) and "A branch" not in said(at)
    assert run_of(trained(at, 2)).latest.step == 1


def test_a_branch_is_left_for_a_model_of_other_weights(app: Open) -> None:
    at = act(trained(app("training", training_epochs="2")), "branch", 3)
    at.selectbox(key="training_model").select("Two layers").run()
    assert not at.exception and "A branch" not in said(at)
    assert run_of(at).latest.step == 0


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"training_patience": "1", "training_epochs": "300"}, "has not risen above its best"),
        ({"training_lr": "1000000", "training_loss": LOSSES["mean_squared_error"].title}, "Diverged"),
        ({"training_seconds": "0.001", "training_epochs": "1000"}, "Out of time"),
        ({"training_lr": "1e-12"}, "too small to get anywhere"),
        ({"training_batch": "100000", "training_epochs": "1"}, "every step takes all of them"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_how_a_run_ends_is_said(app: Open, query: dict[str, str], words: str) -> None:
    at = trained(app("training", **query))
    assert words in said(at), said(at)


def test_a_branch_that_has_made_no_step_yet_is_not_called_too_slow(app: Open) -> None:
    at = act(trained(app("training", training_epochs="2")), "branch", 5)
    assert "too small to get anywhere" not in said(at) and "The branch begins here" in said(at)
    assert run_of(at).last >= 1, "and its clock has a run before it"


def test_one_step_is_not_steps(app: Open) -> None:
    assert "In 1 step the training loss" in said(rest(trained(app("training"), 3), 1))


def test_a_schedule_with_too_many_steps_is_answered_and_the_page_goes_on(app: Open) -> None:
    at = app(
        "training", training_schedule="Cosine", training_epochs="1000", training_batch="1", training_classes="all ten"
    )
    assert "A schedule has at most 1,000,000 steps" in said(at)
    assert run_of(trained(at, 2)).latest.step == 1


def test_a_run_keeps_what_fits_into_its_memory_and_all_first_steps() -> None:
    config = standard(model="two_layer", init="default", hidden=1000, classes=None, epochs=1000, optimizer="adam")
    run = Run(replace(config, dataset="uci", lr=0.001), load_digits("uci", None))
    assert (run.last + 1) * run.latest.nbytes < 1.1 * MOST_BYTES
    run.extend(20, seconds=60)
    assert [now.step for now in run.moments] == list(range(20))
    assert run.moments[-1].step < run.steps


def test_every_step_from_a_moment_on_is_recorded_when_asked_for() -> None:
    run = Run(standard(dataset="uci", epochs=40), load_digits("uci", (3, 7)))
    run.extend(10_000, seconds=60)
    coarse, name = [now.step for now in run.moments], run.id
    at = coarse.index(150)
    assert coarse[at + 1] > 151
    ending = run.latest.train_loss
    run.each_step_from(at)
    run.extend(10_000, seconds=60)
    assert [now.step for now in run.moments[at:]] == list(range(150, 201))
    assert run.latest.train_loss == ending and run.id != name, "the same run, and the browser hears of it"
