"""What Digit training offers beside the run: diagnosis and cures, drawings, the sections below, pinned runs."""

import json

import numpy as np
import pytest
from reading import charts, said
from streamlit.testing.v1 import AppTest
from test_training_page import Open, press, rest, run_of, trained

from pages.training.diagnosis import cards
from sgd_core.digits.datasets import load_digits
from sgd_core.digits.drawing import pack_drawing, prepared, shifted, unpack_drawing
from sgd_core.digits.drawn_digits import DrawnDigits
from sgd_core.digits.inputs import INPUTS
from sgd_core.digits.losses import LOSSES
from sgd_core.digits.models import MODELS
from sgd_core.numbers import signed

MSE = LOSSES["mean_squared_error"].title
UCI = load_digits("uci", (3, 7))
THREE = UCI.valid_images[int((UCI.valid_labels == 0).nonzero()[0])].numpy()


FAILING = [
    ({"training_loss": MSE, "training_lr": "1"}, "Diverging", {"lower_rate", "clip_gradient"}),
    ({"training_loss": MSE, "training_lr": "0.1"}, "Diverging", {"lower_rate", "clip_gradient", "scale_inputs"}),
    ({"training_lr": "20"}, "Bouncing", {"branch", "lower_rate", "clip_gradient", "scale_inputs"}),
    ({"training_lr": "0.001", "training_epochs": "20"}, "Too low", {"raise_rate"}),
]


@pytest.fixture(autouse=True)
def cures_at_once(monkeypatch):
    """Let cures be tried to the end before the page is there: a test has no browser that asks for the rest."""
    monkeypatch.setattr("pages.training.diagnosis.FIRST", 60.0)


def offered(at: AppTest) -> set[str]:
    """The cures on the page, by their kinds."""
    keys = [str(button.key) for button in at.button]
    return {key.removeprefix("training_cure_") for key in keys if key.startswith("training_cure_")}


@pytest.mark.parametrize(("query", "name", "expected"), FAILING)
def test_every_run_has_a_diagnosis_and_each_cure_pressed_cures(
    app: Open, query: dict[str, str], name: str, expected: set[str]
) -> None:
    at = trained(app("training", **query))
    failing = run_of(at)
    assert cards(failing)[-1][1].endswith(name), cards(failing)[-1]
    assert offered(at) >= expected
    for kind in offered(at):
        at = trained(app("training", **query))
        at = trained(press(at, f"cure_{kind}"))
        after = run_of(at)
        assert cards(after)[-1][1].endswith("Good"), (kind, cards(after)[-1])
        assert after.latest.train_loss < failing.moments[0].train_loss


def test_a_good_run_is_offered_to_go_on_and_a_step_is_too_early_for_cures(app: Open) -> None:
    at = trained(app("training", training_lr="0.05", training_epochs="20"))
    assert cards(run_of(at))[-1][1].endswith("Good") and offered(at) == {"more_epochs"}
    at = trained(press(at, "cure_more_epochs"))
    assert run_of(at).latest.epoch == 40
    assert offered(app("training")) == set()


TWO = {"training_model": MODELS["two_layer"].title, "training_epochs": "10"}


def test_a_network_of_zeros_learns_nothing_is_told_why_and_cured_by_random_weights(app: Open) -> None:
    at = trained(app("training", **TWO, training_init="zeros", training_lr="0.1"))
    assert "stay alike" in cards(run_of(at))[-1][2] and offered(at) == {"other_weights"}
    assert "only." in said(at) and "too small to get anywhere" not in said(at), "it is not the learning rate"
    at = trained(press(at, "cure_other_weights"))
    assert run_of(at).config.init == MODELS["two_layer"].usual_init and run_of(at).latest.valid_accuracy > 0.9


def test_where_no_cure_works_that_is_said_with_what_was_tried(app: Open) -> None:
    settings = {"loss": LOSSES["mean_absolute_error"].title, "optimizer": "RMSprop", "batch": "100000", "lr": "1"}
    at = trained(app("training", **TWO, **{f"training_{name}": value for name, value in settings.items()}))
    assert offered(at) == set()
    button = at.button(key="training_no_cure")
    assert button.disabled and "scale the pixels" in button.help and "2,000 steps" in button.help


@pytest.mark.parametrize(
    ("kind", "words", "code"),
    [("clip_gradient", "Clip the gradient", "clip_grad_norm_"), ("scale_inputs", "Scale the pixels", "X.mean(0)")],
)
def test_clipping_and_scaling_reach_sidebar_address_and_script(app: Open, kind: str, words: str, code: str) -> None:
    at = trained(app("training", training_loss=MSE, training_lr="0.1"))
    assert at.button(key=f"training_cure_{kind}").label == words
    at = trained(press(at, f"cure_{kind}"), 3)
    config = run_of(at).config
    assert (config.clip is not None, config.inputs) == ((True, "pixels") if "clip" in kind else (False, "centred"))
    assert at.number_input(key="training_clip").value == (config.clip or 0.0)
    assert at.selectbox(key="training_inputs").value == INPUTS[config.inputs].title
    link = {f"training_{name}": str(value) for name, value in at.session_state["_values_training"].items()}
    assert run_of(app("training", **{**link, "training_at": "2"})).config == config
    assert code in next(block.value for block in at.code if "import torch" in block.value)


def test_a_run_on_scaled_pixels_judges_and_explains_drawings_as_they_are(app: Open) -> None:
    drawing = pack_drawing(THREE, "uci")
    query = {"training_inputs": INPUTS["centred"].title, "training_drawing": drawing, "training_beside": "my digit"}
    at = trained(app("training", training_section="Why this answer?", training_why="my drawing", **query))
    now = run_of(at).latest
    assert now.origin is not None and "it says **3**" in said(at)
    score = float(((THREE - now.origin) * now.weights[0]).sum() + now.bias[0])
    assert f"add up to {signed(score, 3)}" in "".join(charts(at))
    for section in ("Judge it", "Look inside", "Take it home"):
        at.segmented_control(key="training_section").set_value(section).run()
        assert not at.exception


def test_divergence_is_explained_with_the_border_that_the_page_computes(app: Open) -> None:
    at = trained(app("training", training_loss=MSE, training_lr="1"))
    reason = cards(run_of(at))[-1][2]
    assert "times the border" in reason, reason
    assert "beyond it the run diverges" in said(at)
    assert "it moves as the weights do" in said(app("training"))


# ---- A drawing ----


def test_the_drawing_of_a_link_is_judged_at_every_moment_and_stays_across_sections(app: Open) -> None:
    text = pack_drawing(THREE, "uci")
    at = app("training", training_drawing=text, training_beside="my digit", training_epochs="4")
    assert "Undecided" in said(at)
    at = trained(at)
    assert "it says **3**" in said(at) and any("How sure the model is" in alt for alt in charts(at))
    for section in ("Why this answer?", "Judge it", "Look inside"):
        at.segmented_control(key="training_section").set_value(section).run()
        assert not at.exception and at.query_params["training_drawing"] == text
    assert "it says **3**" in said(at)


def test_the_drawing_can_be_shifted_until_it_fails(app: Open) -> None:
    at = app("training", training_drawing=pack_drawing(THREE, "uci"), training_beside="my digit", training_epochs="4")
    at = trained(at)
    for _ in range(2):
        at = press(at, "shift_right")
    packed = at.query_params["training_drawing"]
    assert np.array_equal(unpack_drawing(packed, "uci"), shifted(THREE, 0, 2))
    at = press(at, "clear_drawing")
    assert "training_drawing" not in at.query_params


def test_a_stroke_that_comes_with_a_whole_run_of_the_page_is_kept(app: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its end and a press elsewhere may come in one message: the page used to end in an error then."""
    ink = np.zeros((280, 280), dtype=np.float32)
    ink[60:220, 120:160] = 1.0
    strokes = [ink]
    monkeypatch.setattr("pages.training.drawing.pad", lambda *_: strokes.pop() if strokes else None)
    at = app("training", training_beside="my digit")
    kept = at.session_state["training_drawn"]["text"]
    assert not strokes and np.array_equal(
        unpack_drawing(kept, "uci"), unpack_drawing(pack_drawing(prepared(ink, "uci"), "uci"), "uci")
    )
    assert not at.button(key="training_clear_drawing").disabled and "on the white sheet" not in said(at)


@pytest.mark.parametrize("by", [(0, 3), (0, -3), (2, 0), (-2, 0), (9, 0), (0, -8)])
def test_shifting_moves_the_ink_and_loses_what_leaves(by: tuple[int, int]) -> None:
    moved = shifted(THREE, *by)
    padded = np.pad(THREE, 10)
    expected = padded[10 - by[0] : 18 - by[0], 10 - by[1] : 18 - by[1]]
    assert np.array_equal(moved, expected)


@pytest.mark.parametrize("text", ["nonsense!", "AAAA", "x" * 5000])
def test_a_damaged_drawing_in_a_link_is_answered(app: Open, text: str) -> None:
    at = app("training", training_drawing=text, training_beside="my digit")
    assert "drawing" in said(at).lower() and "training_drawing" not in at.query_params


def drawings(of_each: int) -> DrawnDigits:
    own = DrawnDigits.empty("uci")
    for label, number in enumerate(UCI.classes):
        rows = (UCI.train_labels == label).nonzero().flatten()[:of_each]
        for row in rows.tolist():
            own = own.added(UCI.train_images[row].numpy(), number)
    return own


def test_a_model_learns_from_own_drawings_alone(app: Open) -> None:
    at = app("training", training_epochs="30")
    at.session_state["training_own"] = {"uci": drawings(10)}
    at.toggle(key="training_mine").set_value(True).run()
    run = run_of(at)
    assert run.digits.name == "drawings" and len(run.digits.train_images) + len(run.digits.valid_images) == 20
    at = trained(at)
    assert run_of(at).latest.train_accuracy == 1.0
    assert "The same in PyTorch" not in [expander.label for expander in at.expander], "a script has no drawings"
    at.segmented_control(key="training_section").set_value("Take it home").run()
    assert "does not hold your drawings" in said(at)


def test_too_few_drawings_are_answered_and_the_page_goes_on(app: Open) -> None:
    at = app("training", training_mine="true")
    assert "Draw at least two of each class" in said(at) and run_of(at).digits.name == "uci"


# ---- Sections ----


def test_an_image_of_a_cell_is_explained_and_an_empty_cell_is_said(app: Open) -> None:
    query = {"training_section": "Why this answer?", "training_why": "of a cell", "training_lr": "0.01"}
    at = trained(app("training", **query), 6)
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
    assert "It is 2, the model says 5" in said(trained(chosen, 6))


SECTIONS = {
    "Look inside": "weight",
    "Why this answer?": "he model says **",
    "Judge it": "Accuracy counts",
    "Take it home": "plain PyTorch",
}


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("classes", ["3 vs 7", "all ten"])
@pytest.mark.parametrize("model", ["Linear", "Two layers", "Small convolutional network"])
def test_every_section_speaks_of_the_run(app: Open, section: str, classes: str, model: str) -> None:
    query = {"training_section": section, "training_classes": classes, "training_epochs": "2", "training_model": model}
    if classes == "3 vs 7" and section == "Judge it":
        query["training_lr"] = "0.01"  # at the usual rate these few images are soon all right
    at = trained(app("training", **query), 6)
    assert SECTIONS[section] in said(at), said(at)
    at = rest(at, 1)


@pytest.mark.parametrize("maps", ["gradient", "last step", "change", "one step"])
@pytest.mark.parametrize("classes", ["3 vs 7", "all ten"])
def test_every_quantity_is_shown_as_maps(app: Open, maps: str, classes: str) -> None:
    at = trained(app("training", training_maps=maps, training_classes=classes), 4)
    assert any(alt.startswith("Weight maps") for alt in charts(at))
    assert "loss" in said(at) if maps in ("gradient", "one step") else "raised" in said(at)


def test_the_last_stretch_waits_while_the_steps_are_logarithmic(app: Open) -> None:
    at = app("training", training_stretch="last stretch", training_steps_axis="logarithmic")
    assert at.segmented_control(key="training_stretch").disabled and not at.warning
    at.segmented_control(key="training_steps_axis").set_value("linear").run()
    shown = at.segmented_control(key="training_stretch")
    assert not at.exception and not shown.disabled and shown.value == "last stretch"


def test_any_loss_can_be_judged_and_explained(app: Open) -> None:
    for section in ("Judge it", "Why this answer?"):
        for kind in ("most wrong", "of a cell"):
            query = {"training_section": section, "training_why": kind, "training_loss": MSE}
            trained(app("training", training_lr="0.02", training_classes="all ten", **query), 4)


def test_the_axes_are_chosen_and_a_diverged_run_is_drawn_on_them(app: Open) -> None:
    query = {"training_loss_axis": "logarithmic", "training_steps_axis": "logarithmic", "training_loss": MSE}
    at = trained(app("training", training_lr="1", **query))
    specs = [json.loads(chart.proto.spec) for chart in at.get("vega_lite_chart")]
    assert any('"type": "log"' in json.dumps(spec) and '"symlog"' in json.dumps(spec) for spec in specs)
    trained(app("training", training_stretch="last stretch", training_epochs="9"))


def test_nothing_shown_is_untrue_before_the_first_step(app: Open) -> None:
    at = app("training")
    assert "cannot decide" in said(at) and "says **" not in said(at)


# ---- Runs ----


def test_somebody_without_mnist_sees_that_it_is_one_press_away(app: Open) -> None:
    at = app("training")
    assert "one press and some seconds away" in said(at)
    assert at.button(key="training_fetch_mnist").label.startswith("Fetch MNIST")


def test_a_blank_sheet_is_no_drawing() -> None:
    assert prepared(np.zeros((112, 112), dtype=np.float32), "uci") is None
