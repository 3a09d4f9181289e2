"""The Home page: the seven steps, their numbers, and the way to MNIST."""

import re
from collections.abc import Callable

import numpy as np
import pytest
import torch
from reading import charts, said
from streamlit.testing.v1 import AppTest

from pages.ui.page import PAGES
from sgd_core.charts.loop import loop_frame, loop_picture
from sgd_core.digits.baselines import mean_images, pixel_similarity
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits, load_digits
from sgd_core.digits.first_steps import mistaken, on_loss_curve, one_step_from_zero, signed_ink
from sgd_core.digits.snapshots import Snapshot
from sgd_core.digits.training import train
from sgd_core.numbers import number, percent, signed

Open = Callable[..., AppTest]
ROUNDS = 60


@pytest.fixture(scope="module")
def digits() -> Digits:
    return load_digits("uci", (3, 7))


@pytest.fixture(scope="module")
def config() -> TrainConfig:
    return TrainConfig(classes=(3, 7), init="normal", batch_size=None, lr=1.0, epochs=ROUNDS)


@pytest.fixture(scope="module")
def run(config: TrainConfig, digits: Digits) -> list[Snapshot]:
    return list(train(config, digits))


def test_the_seven_steps_follow_each_other_and_start_over(app: Open) -> None:
    at = app("home")
    titles = []
    for _ in range(7):
        titles.append(at.subheader[0].value)
        at.button(key=next(b.key for b in at.button if b.key in ("home_at_next", "home_at_start_over"))).click().run()
        assert not at.exception
    assert titles == [
        "Begin anywhere",
        "Let the weights vote",
        "One number for how wrong",
        "Which way is worse?",
        "Go the other way",
        "Again, and again",
        "Enough",
    ]
    assert at.subheader[0].value == "Begin anywhere"


def test_the_boxes_of_the_loop_can_be_pressed_again_and_again() -> None:
    spec = loop_picture(loop_frame(2)).to_dict()
    (pick,) = [param for param in spec["params"] if param["name"] == "pick"]
    assert pick["select"]["fields"] == ["step", "turn"]
    boxes = loop_frame(2).query("kind == 'box'")
    assert boxes["step"].tolist() == list(range(7)) and set(boxes["turn"]) == {2}


def test_a_newcomer_sees_that_mnist_is_one_press_away(app: Open) -> None:
    at = app("home")
    assert "one press and some seconds" in said(at)
    assert at.button(key="home_fetch_mnist").label.startswith("Fetch MNIST")
    assert not at.expander[0].proto.expanded


def test_the_ink_that_votes_is_the_models_score(app: Open, run: list[Snapshot], digits: Digits) -> None:
    at = app("home", home_at="1", home_image="2")
    before = run[0]
    image = digits.valid_images[(digits.valid_labels == 1).nonzero()[0, 0]]
    ink = signed_ink(before, image.numpy())
    weight, bias = (torch.from_numpy(array.copy()) for array in before.parameters)
    assert ink.score == pytest.approx(float(weight.flatten() @ image.flatten() + bias), abs=1e-5)
    assert f"the sum is {signed(ink.score)}" in said(at) and percent(before.valid_accuracy) in said(at)


def test_the_loss_is_the_mean_over_the_images_on_its_curve(
    app: Open, run: list[Snapshot], config: TrainConfig, digits: Digits
) -> None:
    everything = on_loss_curve(run[0], config, digits, count=10_000)
    assert everything.losses.max() == everything.losses[0], "the worst on top, at the left"
    placed = on_loss_curve(run[0], config, digits)
    weight, bias = (torch.from_numpy(array.copy()) for array in run[0].parameters)
    score = digits.train_images[placed.rows].flatten(1) @ weight.flatten() + bias
    target = (digits.train_labels[placed.rows] == 0).float()
    wanted = torch.nn.functional.binary_cross_entropy_with_logits(score, target, reduction="none")
    assert placed.losses == pytest.approx(wanted.numpy(), abs=1e-5)
    at = app("home", home_at="2")
    assert f"The loss here is **{number(run[0].train_loss)}**" in said(at) and "on the curve" in " ".join(charts(at))


def test_the_gradient_looks_like_the_class_that_was_mistaken(
    app: Open, run: list[Snapshot], config: TrainConfig, digits: Digits
) -> None:
    found, gradient = mistaken(run[0], config, digits), run[1].gradient[0]
    means = mean_images(digits).numpy()
    likeness = [np.corrcoef(gradient.ravel(), mean.ravel())[0, 1] for mean in means]
    looks = "7" if found.second_pull > found.first_pull else "3"
    assert (likeness[1] > 0.5) if looks == "7" else (likeness[0] < -0.5)
    said_now = said(app("home", home_at="3"))
    share = found.second_share if looks == "7" else found.first_share
    assert f"**It looks like a {looks}**" in said_now and f"{percent(share)} of them" in said_now


def test_the_numbers_of_loss_gradient_and_step_are_autograds(app: Open, run: list[Snapshot], digits: Digits) -> None:
    weight, bias = (torch.from_numpy(array.copy()).requires_grad_() for array in run[0].parameters)
    images, target = digits.train_images.flatten(1), (digits.train_labels == 0).float()

    def loss() -> torch.Tensor:
        score = images @ weight.flatten() + bias.flatten()
        return torch.nn.functional.binary_cross_entropy_with_logits(score, target)

    before = loss()
    before.backward()
    right = ((images @ weight.flatten() + bias.flatten() > 0) == (target == 1)).float().mean().item()
    words = said(app("home", home_at="2"))
    assert f"all {len(target)} images" in words and f"would have {number(np.log(2))} for each" in words
    assert f"Accuracy, {percent(right)} here" in words
    gradient = weight.grad.reshape(8, 8)
    row, column = np.unravel_index(int(gradient.abs().argmax()), (8, 8))
    strongest = f"The strongest is {signed(float(gradient[row, column]))} at row {row}, column {column}."
    assert strongest in said(app("home", home_at="3"))
    with torch.no_grad():
        weight -= 1.0 * weight.grad
        bias -= 1.0 * bias.grad
    assert f"from {number(before.item())} to **{number(loss().item())}**" in said(app("home", home_at="4"))


def test_the_first_step_from_zero_is_the_difference_of_the_mean_images(app: Open, digits: Digits) -> None:
    config = TrainConfig(classes=(3, 7), lr=1.0)
    after = one_step_from_zero(config, digits)
    counts = torch.bincount(digits.train_labels)
    means = mean_images(digits) * counts.view(-1, 1, 1) / counts.sum()
    assert np.allclose(after.weights[0], (means[0] - means[1]).numpy() / 2, atol=1e-6)
    assert after.valid_accuracy > 0.95
    at, answer = app("home", home_at="4"), f"one step is right on {percent(after.valid_accuracy)}"
    assert answer not in said(at), "a bet comes before it"
    at.radio(key="home_bet_from_zero").set_value("60 to 80 %").run()
    assert f"it is **more than 95 %**: {answer}" in at.error[0].value and "0 of 1 bets won" in at.error[0].value
    at.radio(key="home_bet_from_zero").set_value("more than 95 %").run()
    assert f"Right: {answer}" in at.success[0].value and "0 of 1 bets won" in at.success[0].value, "the first counts"


def test_all_rounds_play_and_the_end_is_held_against_pixel_similarity(
    app: Open, run: list[Snapshot], digits: Digits
) -> None:
    at = app("home", home_at="5")
    assert f"from {number(run[0].train_loss)} to {number(run[-1].train_loss)}" in said(at)
    words = said(app("home", home_at="6"))
    assert f"**{percent(run[-1].valid_accuracy)}** of all new images" in words
    assert f"It gets {percent(pixel_similarity(digits))}" in words
    wrong = round((1 - run[-1].valid_accuracy) * len(digits.valid_labels))
    assert re.search(rf"\*\*Still mistaken:\*\* {wrong} of", words)


def test_another_seed_begins_elsewhere(app: Open) -> None:
    at = app("home", home_at="2")
    before = said(at)
    at.number_input(key="home_seed").set_value(5).run()
    assert said(at) != before and not at.exception


def test_every_page_of_the_table_is_a_lesson_on_home_with_what_it_promises(app):
    at = app("home")
    promises = [caption.value for caption in at.caption]
    links = [link.proto.label for link in at.main.get("page_link")]
    assert links == [f"**{row.title}**" for name, row in PAGES.items() if name != "home"]
    assert all(row.promise in promises for name, row in PAGES.items() if name != "home")
