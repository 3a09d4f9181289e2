"""The Digit training page: its settings, its run, its time machine, its sections."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from reading import charts, said
from streamlit.testing.v1 import AppTest

from pages.training.presets import PRESETS
from sgd_core.playback import Playback

Open = Callable[..., AppTest]


def press(at: AppTest, name: str) -> AppTest:
    at.button(key=f"training_{name}").click().run()
    assert not at.exception, at.exception
    return at


def trained(at: AppTest, moments: int = 10_000) -> AppTest:
    """Take the run that is on the page on, as the loop would, and draw the page again."""
    playback = run_of(at)
    while moments and playback.advance() is not None:
        moments -= 1
    at.run()
    assert not at.exception, at.exception
    return at


def whole_run(at: AppTest) -> Any:
    return next(reversed(at.session_state["training_runs"].values()))


def run_of(at: AppTest) -> Playback:
    return whole_run(at).playback


def numbers(at: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in at.metric}


def test_every_setting_reaches_the_run_and_the_script(app: Open) -> None:
    at = app(
        "training",
        training_model="Two layers",
        training_loss="Mean absolute error",
        training_optimizer="RMSprop",
        training_momentum="0.5",
        training_decay="0.01",
        training_schedule="Cosine",
        training_shuffle="false",
        training_init="normal",
        training_hidden="7",
        training_patience="4",
        training_seed="9",
        training_batch="50",
        training_classes="any pair",
    )
    config = next(iter(at.session_state["training_runs"].values())).config
    assert (config.model, config.loss, config.optimizer) == ("two_layer", "mean_absolute_error", "rmsprop")
    assert dict(config.optimizer_options) == {"momentum": 0.5, "weight_decay": 0.01}
    assert (config.schedule, config.shuffle, config.init, config.hidden) == ("cosine", False, "normal", 7)
    assert (config.patience, config.seed, config.batch_size, config.classes) == (4, 9, 50, (4, 9))
    script = next(code.value for code in at.code if "import torch" in code.value)
    assert "RMSprop" in script and "CosineAnnealingLR" in script and "Linear(X.shape[1], 7)" in script
    assert "Without shuffling" in said(at)


@pytest.mark.parametrize("preset", range(len(PRESETS)))
def test_each_preset_sets_the_controls_and_can_be_trained(app: Open, preset: int) -> None:
    at = press(app("training", training_lr="0.07", training_seed="3"), f"preset_{preset}")
    config = next(reversed(at.session_state["training_runs"].values())).config
    for name, value in PRESETS[preset].settings.items():
        assert getattr(config, name) == value
    assert config.seed == 0
    at = press(at, "step")
    assert run_of(at).latest.step == 1


def test_a_finished_run_goes_on_with_more_epochs_and_keeps_its_record(app: Open) -> None:
    at = trained(app("training", training_epochs="3"))
    assert "All 3 epochs are done" in said(at)
    third = run_of(at).latest
    at = press(at, "more")
    assert at.number_input(key="training_epochs").value == 13
    at = trained(at)
    assert (run_of(at).latest.epoch, run_of(at).history[3].train_loss) == (13, third.train_loss)
    straight = trained(app("training", training_epochs="13"))
    assert numbers(straight) == numbers(at), "thirteen epochs in two parts are thirteen epochs"


def test_the_learning_rate_changed_on_the_way_is_marked_and_told_in_the_script(app: Open) -> None:
    at = app("training", training_epochs="4")
    at = trained(at, 2)
    at.number_input(key="training_lr").set_value(0.125).run()
    at = press(at, "step")
    assert run_of(at).latest.rates == ((0, 0.5), (10, 0.125))
    assert numbers(at)["Learning rate"] == "0.125"
    frame = json.dumps([chart.proto.spec for chart in at.get("vega_lite_chart")])
    assert "mark" in frame
    assert "changes = {10: 0.125}" in next(code.value for code in at.code if "import torch" in code.value)


def test_the_time_machine_goes_to_any_moment_and_a_branch_leaves_from_there(app: Open) -> None:
    at = trained(app("training", training_epochs="6"))
    parent = run_of(at)
    moment = parent.history[2]
    at.slider(key="training_at").set_value(2).run()
    assert numbers(at)["Training loss"] == f"{moment.train_loss:.4f}"
    at = press(at, "branch")
    assert "A branch" in said(at) and f"step {moment.step:,}" in said(at)
    at = trained(at)
    assert run_of(at) is not parent
    assert run_of(at).latest.train_loss == parent.history[-1].train_loss, (
        "unchanged settings: the unbranched run, exactly"
    )
    at.number_input(key="training_lr").set_value(2.0).run()
    at = trained(press(at, "reset"))
    assert run_of(at).history[0].train_loss == moment.train_loss
    assert run_of(at).latest.rates[-1] == (moment.step, 2.0)
    at = press(at, "unbranch")
    assert run_of(at) is parent and "A branch" not in said(at)
    assert at.number_input(key="training_lr").value == 0.5


def test_the_link_of_a_branch_makes_parent_and_branch_again(app: Open) -> None:
    at = trained(app("training", training_epochs="6", training_seed="7"))
    at.slider(key="training_at").set_value(2).run()
    at = press(at, "branch")
    at.number_input(key="training_lr").set_value(0.05).run()
    at = trained(at)
    at.slider(key="training_at").set_value(1).run()
    at = press(at, "branch")  # and a branch of the branch
    at.number_input(key="training_batch").set_value(20).run()
    at = trained(at)
    wanted, parent = numbers(at), whole_run(at).origin
    link = {f"training_{name}": str(value) for name, value in at.session_state["_values_training"].items()}
    again = app("training", **link)
    assert "makes the parent again" in said(again)
    again = trained(again)
    assert numbers(again) == wanted
    origin = whole_run(again).origin
    assert origin.curves.iloc[-1].tolist() == parent.curves.iloc[-1].tolist(), "the grey line, to its end"
    again = press(press(again, "unbranch"), "unbranch")
    assert "A branch" not in said(again) and whole_run(again).config.lr == 0.5
    assert trained(again) and run_of(again).latest.step == 30


def test_the_script_of_a_moment_before_the_schedule_was_stretched_ends_there(app: Open) -> None:
    at = trained(app("training", training_epochs="4", training_schedule="Cosine"), 2)
    at.number_input(key="training_epochs").set_value(8).run()
    at = trained(at, 1)
    assert len(whole_run(at).segments_until(run_of(at).latest)) == 2
    at.slider(key="training_at").set_value(1).run()
    (segment,) = whole_run(at).segments_until(run_of(at).current)
    assert (segment.steps, segment.config.epochs) == (run_of(at).current.step, 4)


def test_what_a_link_cannot_hold_is_said(app: Open) -> None:
    at = app("training", training_section="Take it home", training_epochs="4", training_schedule="Cosine")
    at = trained(at, 2)
    assert "has all settings and the seed" in said(at)
    at.number_input(key="training_lr").set_value(0.125).run()
    at = press(at, "step")
    assert "does not hold what was changed in mid-run" in said(at)
    at.number_input(key="training_epochs").set_value(8).run()
    at = press(press(at, "step"), "branch")
    assert "trains the parent again" in said(at)
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
    assert press(at, "step") and run_of(at).latest.step == 1


def test_a_branch_is_left_for_a_model_of_other_weights(app: Open) -> None:
    at = press(trained(app("training", training_epochs="2")), "branch")
    at.selectbox(key="training_model").select("Two layers").run()
    assert not at.exception and "A branch" not in said(at)
    assert run_of(at).latest.step == 0


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"training_patience": "1", "training_epochs": "300"}, "has not risen above its best"),
        ({"training_lr": "1000000", "training_loss": "Mean squared error"}, "Diverged"),
        ({"training_seconds": "0.001", "training_epochs": "1000"}, "Out of time"),
        ({"training_lr": "1e-12"}, "too small to get anywhere"),
        ({"training_batch": "100000", "training_epochs": "1"}, "every step takes all of them"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_how_a_run_ends_is_said(app: Open, query: dict[str, str], words: str) -> None:
    at = trained(app("training", **query))
    assert words in said(at), said(at)


def test_a_schedule_with_too_many_steps_is_answered_and_the_page_goes_on(app: Open) -> None:
    at = app(
        "training", training_schedule="Cosine", training_epochs="1000", training_batch="1", training_classes="all ten"
    )
    assert "A schedule has at most 1,000,000 steps" in said(at)
    assert press(at, "step") and run_of(at).latest.step == 1


def test_an_image_of_a_cell_is_explained_and_an_empty_cell_is_said(app: Open) -> None:
    query = {"training_section": "Why this answer?", "training_why": "of a cell", "training_lr": "0.01"}
    at = trained(app("training", **query), 1)
    at.selectbox(key="training_cell_truth").select("3")
    at.selectbox(key="training_cell_says").select("3").run()
    assert "the model says **3** ✓" in said(at)
    at = app("training", **query)  # before the first step all are 7s
    at.selectbox(key="training_cell_truth").select("7")
    at.selectbox(key="training_cell_says").select("3").run()
    assert "No image of 7 is called 3" in said(at)


def test_the_cell_judged_is_the_most_common_mistake_until_one_is_chosen(app: Open) -> None:
    query = {"training_section": "Judge it", "training_classes": "all ten", "training_epochs": "3"}
    at = trained(app("training", **query))
    truth, says = (at.selectbox(key=f"training_{name}") for name in ("truth", "says"))
    assert f"It is {truth.value}, the model says {says.value}" in said(at) and truth.value != says.value
    assert f"to take {truth.value} for {says.value}" in "".join(charts(at))
    truth.select("4").run()
    at.selectbox(key="training_says").select("4").run()
    assert "It is 4, the model says 4" in said(at)
    chosen = app("training", **query, training_cell="a cell I choose", training_truth="2", training_says="5")
    assert "It is 2, the model says 5" in said(trained(chosen, 2))


SECTIONS = {
    "Look inside": "largest positive weight",
    "Why this answer?": "all pixels",
    "Judge it": "Accuracy counts",
    "Take it home": "plain PyTorch",
}


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("classes", ["3 vs 7", "all ten"])
@pytest.mark.parametrize("model", ["Linear", "Two layers"])
def test_every_section_speaks_of_the_run(app: Open, section: str, classes: str, model: str) -> None:
    query = {"training_section": section, "training_classes": classes, "training_epochs": "2", "training_model": model}
    at = app("training", **query)
    if classes == "3 vs 7" and section == "Judge it":
        query["training_lr"] = "0.01"  # at the usual rate these few images are soon all right
        at = app("training", **query)
    at = trained(at, 2)
    assert SECTIONS[section] in said(at), said(at)
    at.slider(key="training_at").set_value(1).run()
    assert not at.exception


def test_any_loss_can_be_judged_and_explained(app: Open) -> None:
    for section in ("Judge it", "Why this answer?"):
        for kind in ("most wrong", "of a cell"):
            query = {"training_section": section, "training_why": kind, "training_loss": "Mean squared error"}
            trained(app("training", training_lr="0.02", training_classes="all ten", **query), 1)


def test_runs_are_pinned_renamed_and_removed(app: Open) -> None:
    at = app("training", training_section="Runs", training_epochs="2")
    assert "No run is pinned yet" in said(at)
    at = press(trained(at), "pin_run")
    at.number_input(key="training_lr").set_value(0.05).run()
    at = press(trained(press(at, "reset")), "pin_run")
    assert list(at.session_state["training_pins"]) == ["linear, lr 0.5", "linear, lr 0.05"]
    assert list(at.dataframe[0].value["lr"]) == ["0.5", "0.05"]
    assert any("of 2 runs" in alt for alt in charts(at))
    at.selectbox(key="training_pin").select("linear, lr 0.05")
    at.text_input(key="training_pin_name").set_value("careful").run()
    at = press(at, "pin_rename")
    assert list(at.session_state["training_pins"]) == ["linear, lr 0.5", "careful"]
    at = press(at, "pin_clear")
    assert "No run is pinned yet" in said(at)


def test_twenty_runs_are_drawn(app: Open) -> None:
    at = trained(app("training", training_section="Runs", training_epochs="2"))
    for _ in range(20):
        at = press(at, "pin_run")
    assert len(at.session_state["training_pins"]) == 20 and any("of 20 runs" in alt for alt in charts(at))
