"""`train` against plain torch.nn and torch.optim, and against itself."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits, load_digits
from sgd_core.digits.evaluation import predict
from sgd_core.digits.training import StepRequest, train

CLOSE = {"rtol": 1e-5, "atol": 1e-5}


@pytest.fixture(scope="module")
def pair() -> Digits:
    return load_digits("uci", classes=(3, 7))


@pytest.fixture(scope="module")
def ten() -> Digits:
    return load_digits("uci", classes=None)


def plain_loss(name, classes):
    """The loss as somebody writes it who has only torch.nn: (scores, labels) -> scalar."""

    def loss(scores, labels):
        if classes == 2:
            scores, truth = scores.squeeze(1), 1.0 - labels.double().to(scores.dtype)
            match name:
                case "cross_entropy":
                    return nn.BCEWithLogitsLoss()(scores, truth)
                case "mean_absolute_error":  # the book's mnist_loss
                    return torch.where(truth == 1, 1 - scores.sigmoid(), scores.sigmoid()).mean()
                case _:
                    return nn.MSELoss()(scores, truth)
        match name:
            case "cross_entropy":
                return nn.CrossEntropyLoss()(scores, labels)
            case "mean_absolute_error":
                return nn.L1Loss()(scores.softmax(1), functional.one_hot(labels, classes).float())
            case _:
                return nn.MSELoss()(scores, functional.one_hot(labels, classes).float())

    return loss


def plain_run(config, digits, start):
    """Parameters and both losses after each epoch, from torch.nn, torch.optim and the same mini-batches."""
    pixels, labels = digits.train_images.flatten(1), digits.train_labels
    layers = [nn.Linear(*reversed(start[i].shape)) for i in range(0, len(start), 2)]
    model = nn.Sequential(layers[0], *(module for layer in layers[1:] for module in (nn.ReLU(), layer)))
    with torch.no_grad():
        for parameter, array in zip(model.parameters(), start, strict=True):
            parameter.copy_(torch.tensor(array))
    names = {"sgd": "SGD", "adam": "Adam", "rmsprop": "RMSprop", "adagrad": "Adagrad", "adamw": "AdamW"}
    optimizer = getattr(torch.optim, names[config.optimizer])(
        model.parameters(), lr=config.lr, **dict(config.optimizer_options)
    )
    loss = plain_loss(config.loss, len(digits.classes))
    generator = torch.Generator().manual_seed(config.seed)
    for _ in range(config.epochs):
        for rows in torch.randperm(len(pixels), generator=generator).split(config.batch_size):
            optimizer.zero_grad()
            loss(model(pixels[rows]), labels[rows]).backward()
            optimizer.step()
        with torch.no_grad():
            scores = model(digits.valid_images.flatten(1))
            yield (
                [parameter.detach().numpy().copy() for parameter in model.parameters()],
                loss(model(pixels), labels).item(),
                loss(scores, digits.valid_labels).item(),
            )


RUNS = [
    {"loss": "cross_entropy"},
    {"loss": "mean_absolute_error", "lr": 1.0},
    {"loss": "mean_squared_error", "lr": 0.02},
    {"optimizer_options": {"momentum": 0.9, "weight_decay": 0.01}, "lr": 0.05},
    {"optimizer": "adam", "lr": 0.01},
    {"optimizer": "rmsprop", "lr": 0.005, "init": "default"},
    {"init": "normal", "seed": 5, "lr": 0.1},
]


@pytest.mark.parametrize("model", ["linear", "two_layer"])
@pytest.mark.parametrize("classes", [(3, 7), None, (1, 4, 8)])
@pytest.mark.parametrize("settings", RUNS, ids=str)
def test_every_epoch_equals_a_plain_torch_loop(model, classes, settings):
    digits = load_digits("uci", classes)
    init = "zeros" if model == "linear" else "default"
    config = TrainConfig(**{"classes": classes, "model": model, "init": init, "epochs": 3, "batch_size": 50} | settings)
    snapshots = list(train(config, digits))
    assert [snapshot.epoch for snapshot in snapshots] == [0, 1, 2, 3]
    plain = plain_run(config, digits, snapshots[0].parameters)
    for snapshot, (parameters, train_loss, valid_loss) in zip(snapshots[1:], plain, strict=True):
        assert snapshot.train_loss == pytest.approx(train_loss, rel=1e-5, abs=1e-5)
        assert snapshot.valid_loss == pytest.approx(valid_loss, rel=1e-5, abs=1e-5)
        for ours, theirs in zip(snapshot.parameters, parameters, strict=True):
            np.testing.assert_allclose(ours, theirs, **CLOSE)


def test_full_batch_snapshots_are_the_state_after_so_many_steps(pair):
    config = TrainConfig(batch_size=None, epochs=6, lr=0.3, loss="mean_squared_error")
    snapshots = list(train(config, pair))
    x, t = pair.train_images.flatten(1).double().numpy(), (pair.train_labels == 0).double().numpy()
    xv, tv = pair.valid_images.flatten(1).double().numpy(), (pair.valid_labels == 0).double().numpy()
    w, b, gradient = np.zeros(64), 0.0, np.zeros(64)
    for k, snapshot in enumerate(snapshots):
        assert (snapshot.step, snapshot.epoch) == (k, k)
        assert snapshot.train_loss == pytest.approx(((x @ w + b - t) ** 2).mean(), rel=1e-4)
        assert snapshot.valid_loss == pytest.approx(((xv @ w + b - tv) ** 2).mean(), rel=1e-4)
        assert snapshot.valid_accuracy == ((xv @ w + b > 0.5) == (tv == 1)).mean()
        np.testing.assert_allclose(snapshot.gradient.ravel(), gradient, rtol=1e-3, atol=1e-5)
        error = x @ w + b - t
        gradient, bias_gradient = 2 * error @ x / len(x), 2 * error.mean()
        w, b = w - 0.3 * gradient, b - 0.3 * bias_gradient
    assert len(snapshots) == 7


@pytest.mark.parametrize("model", ["linear", "two_layer"])
def test_the_same_config_gives_the_same_snapshots_bit_for_bit(pair, model):
    config = TrainConfig(model=model, init="normal", lr=0.05, epochs=2, seed=11)
    first, second = (list(train(config, pair, snapshot_every=3)) for _ in range(2))
    assert len(first) == len(second)
    for a, b in zip(first, second, strict=True):
        assert (a.step, a.batch_loss, a.train_loss, a.valid_loss) == (b.step, b.batch_loss, b.train_loss, b.valid_loss)
        assert all(np.array_equal(x, y) for x, y in zip(a.parameters, b.parameters, strict=True))
    other = list(train(replace(config, seed=12), pair))
    assert other[-1].train_loss != first[-1].train_loss


def test_default_initial_weights_are_those_of_torch_nn(pair):
    config = TrainConfig(model="two_layer", init="default", seed=3, hidden=7)
    start = next(train(config, pair)).parameters
    torch.manual_seed(4)  # the seed of the initial weights is the config's plus one
    model = nn.Sequential(nn.Linear(64, 7), nn.ReLU(), nn.Linear(7, 1))
    for ours, theirs in zip(start, model.parameters(), strict=True):
        np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=1e-6)


def test_a_two_layer_model_from_zeros_never_learns_and_the_config_says_so(pair):
    config = TrainConfig(model="two_layer", init="zeros", epochs=3)
    last = list(train(config, pair))[-1]
    assert not last.weights.any()
    assert "never learns" in config.remarks[0]
    assert TrainConfig(model="two_layer", init="default").remarks == ()


def test_shapes_and_kinds_of_a_snapshot(pair, ten):
    for config, digits, maps in [
        (TrainConfig(epochs=1), pair, 1),
        (TrainConfig(classes=None, epochs=1), ten, 10),
        (TrainConfig(model="two_layer", init="default", epochs=1), pair, 30),
    ]:
        start, end = train(config, digits)
        assert start.weights.shape == start.gradient.shape == (maps, 8, 8)
        assert start.bias.shape == (maps,)
        assert start.weights.dtype == start.gradient.dtype == np.float32
        assert start.batch_loss is None and not start.gradient.any() and end.gradient.any()
        assert (start.status, end.status) == ("running", "finished")
        assert "1" in end.reason
        assert not np.shares_memory(start.weights, end.weights)
        with pytest.raises(ValueError, match="read-only"):
            end.weights[0] = 0


def test_snapshots_every_k_steps_and_at_each_epochs_end(pair):
    config = TrainConfig(batch_size=64, epochs=2)  # 289 images: 5 steps an epoch
    assert [s.step for s in train(config, pair, snapshot_every=3)] == [0, 3, 5, 6, 9, 10]
    assert [s.step for s in train(config, pair, snapshot_every=100)] == [0, 5, 10]
    epochs = [s.epoch for s in train(config, pair, snapshot_every=1)]
    assert epochs[1] == 64 / 289 and epochs[5] == 1 and epochs[10] == 2


def test_steering_changes_pace_and_learning_rate_but_not_the_arithmetic(pair):
    config = TrainConfig(batch_size=64, epochs=2)
    run = train(config, pair)
    steps = [next(run).step, run.send(StepRequest(steps=2)).step, run.send(StepRequest(steps=100)).step]
    assert steps == [0, 2, 5]
    steered = run.send(StepRequest(steps=1, lr=0.01))
    assert (steered.step, steered.lr) == (6, 0.01)
    end = next(run)
    assert (end.step, end.lr, end.status) == (10, 0.01, "finished")

    unsteered = list(train(config, pair))
    run = train(config, pair)
    next(run)
    paced = [run.send(StepRequest(steps=1)) for _ in range(10)]
    np.testing.assert_array_equal(paced[-1].weights, unsteered[-1].weights)


def test_a_new_learning_rate_holds_from_the_next_step_on(pair):
    config = TrainConfig(batch_size=None, epochs=3, lr=0.5)
    run = train(config, pair)
    before = [next(run), next(run)][-1]
    after = run.send(StepRequest(lr=0.01))
    np.testing.assert_allclose(after.weights, before.weights - 0.01 * after.gradient, rtol=1e-6, atol=1e-7)


def test_divergence_is_a_status_with_the_step_and_a_reason(pair):
    config = TrainConfig(loss="mean_squared_error", lr=50.0, epochs=50)
    *healthy, last = train(config, pair, snapshot_every=1)
    assert last.status == "diverged"
    assert all(np.isfinite([s.train_loss, s.valid_loss]).all() and s.status == "running" for s in healthy)
    assert last.step in (healthy[-1].step, healthy[-1].step + 1)
    assert f"After step {last.step}" in last.reason and "50" in last.reason
    assert "nan" not in last.reason.lower()
    coarse = list(train(config, pair))[-1]
    assert coarse.status == "diverged"
    assert last.step <= coarse.step < last.step + 5  # seen by the next mini-batch that holds an image that overflows


def test_weights_that_overflow_under_a_finite_loss_are_divergence_too(pair):
    *_, last = train(TrainConfig(loss="mean_absolute_error", lr=1e300, epochs=2), pair)
    assert last.status == "diverged"


def test_absurd_but_legal_settings_behave(pair):
    *_, last = train(TrainConfig(batch_size=10**9, epochs=1, lr=1e-12), pair)
    assert (last.status, last.step) == ("finished", 1)
    *_, last = train(TrainConfig(batch_size=1, epochs=1, lr=1e6), pair)
    assert last.status == "finished" and np.isfinite(last.train_loss)
    assert last.step == 289


def test_without_shuffling_the_first_class_comes_first(pair):
    config = TrainConfig(shuffle=False, batch_size=50, lr=5.0, loss="mean_absolute_error", epochs=1)
    first = list(train(config, pair, snapshot_every=1))[1]
    assert predict(first, config, pair.train_images).decided.mean() == 0  # has seen 3s only, so all are 3s


def test_initial_weights_can_be_given(pair):
    config = TrainConfig(epochs=1)
    one, two = train(config, pair)
    again = list(train(config, pair, weights=one.parameters))
    np.testing.assert_array_equal(again[-1].weights, two.weights)
    with pytest.raises(ValueError, match="shapes"):
        train(config, pair, weights=[np.zeros(64)])


def test_predictions_agree_with_the_snapshot(pair, ten):
    for config, digits in [
        (TrainConfig(epochs=2), pair),
        (TrainConfig(epochs=2, loss="mean_squared_error", lr=0.02), pair),
        (TrainConfig(classes=None, epochs=2), ten),
        (TrainConfig(model="two_layer", init="default", epochs=2), pair),
    ]:
        last = list(train(config, digits))[-1]
        answers = predict(last, config, digits.valid_images)
        assert (answers.decided == digits.valid_labels.numpy()).mean() == last.valid_accuracy
        assert answers.outputs.shape == (len(digits.valid_labels), 1 if len(digits.classes) == 2 else 10)
        if config.loss == "cross_entropy":
            truth = digits.valid_labels.numpy()
            given = answers.outputs[:, 0] if len(digits.classes) == 2 else answers.outputs[np.arange(len(truth)), truth]
            if len(digits.classes) == 2:
                given = np.where(truth == 0, given, 1 - given)
            assert -np.log(given).mean() == pytest.approx(last.valid_loss, rel=1e-3)
        one = predict(last.parameters, config, digits.valid_images[0])
        np.testing.assert_allclose(one.scores, answers.scores[:1], rtol=1e-5, atol=1e-6)


def test_what_does_not_fit_together_is_refused_at_once(pair):
    with pytest.raises(ValueError, match="classes"):
        train(TrainConfig(classes=(1, 2)), pair)
    for steps in (0, -1, 1.5, True):
        with pytest.raises(ValueError, match="number of steps"):
            train(TrainConfig(), pair, snapshot_every=steps)
        with pytest.raises(ValueError, match="number of steps"):
            StepRequest(steps=steps)
    with pytest.raises(ValueError, match="learning rate"):
        StepRequest(lr=0.0)


@pytest.mark.mnist
def test_linear_mnist_reaches_the_published_accuracy(mnist):
    config = TrainConfig(dataset="mnist", lr=0.5, epochs=10)
    last = list(train(config, mnist))[-1]
    assert last.valid_accuracy >= 0.975
    unseen = (mnist.train_images == 0).all(0).numpy()
    assert not last.weights[0][unseen].any()  # a pixel that is never inked never gets a gradient


def test_one_epoch_is_said_in_the_singular():
    reasons = [list(train(TrainConfig(epochs=epochs), load_digits("uci")))[-1].reason for epochs in (1, 2)]
    assert reasons == ["1 epoch is done.", "All 2 epochs are done."]


def test_a_run_judged_on_some_images_is_the_same_run_and_its_numbers_are_those_images_own():
    digits, config = load_digits("uci", (3, 7)), TrainConfig(epochs=2, batch_size=32)
    whole, judged = list(train(config, digits)), list(train(config, digits, judged=40))
    train_rows, valid_rows = slice(None, None, -(-289 // 40)), slice(None, None, 2)  # 37 of 289, 37 of 73
    for one, other in zip(whole, judged, strict=True):
        for mine, yours in zip(one.parameters, other.parameters, strict=True):
            assert (mine == yours).all()
        weight, bias = (torch.tensor(array) for array in other.parameters)
        for images, labels, rows, loss in (
            (digits.train_images, digits.train_labels, train_rows, other.train_loss),
            (digits.valid_images, digits.valid_labels, valid_rows, other.valid_loss),
        ):
            scores = images[rows].flatten(1) @ weight.T + bias
            truth = 1 - labels[rows].float().unsqueeze(1)
            expected = torch.nn.functional.binary_cross_entropy_with_logits(scores, truth)
            assert loss == pytest.approx(expected.item(), rel=1e-5)
