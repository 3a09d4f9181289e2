"""Every row of the table of models: its torch code, its parameters, its quick path against autograd."""

import numpy as np
import pytest
import torch

from sgd_core.digits.baselines import published
from sgd_core.digits.config import TrainConfig, optimizers_for
from sgd_core.digits.datasets import load_digits
from sgd_core.digits.evaluation import predict
from sgd_core.digits.gradients import AutogradGradients, dense_gradients
from sgd_core.digits.inspection import contributions, filter_responses
from sgd_core.digits.losses import LOSSES, targets_for
from sgd_core.digits.models import MODELS, network_with
from sgd_core.digits.training import train

SHAPES = [(8, 8), (28, 28), (7, 10)]


@pytest.mark.parametrize("image_shape", SHAPES)
@pytest.mark.parametrize("outputs", [1, 10])
@pytest.mark.parametrize("key", MODELS)
def test_the_code_is_the_model(key, outputs, image_shape):
    network = MODELS[key].network(image_shape, 5, outputs)
    parameters = network.initial_parameters("normal", torch.Generator().manual_seed(0))
    model = eval(network.torch_code, {"torch": torch})
    assert [tuple(parameter.shape) for parameter in model.parameters()] == network.shapes
    for parameter, code, value in zip(model.parameters(), network.parameter_code, parameters, strict=True):
        assert eval(code, {"model": model}) is parameter
        parameter.data.copy_(value)
    pixels = torch.rand(6, image_shape[0] * image_shape[1])
    assert torch.equal(model(pixels), network.scores(parameters, pixels))
    assert network_with(parameters, image_shape).torch_code == network.torch_code
    assert parameters[0].numel() == parameters[0].shape[0] * network.map_shape[0] * network.map_shape[1]


@pytest.mark.parametrize("key", MODELS)
def test_initial_weights_are_drawn_as_torch_does(key):
    network = MODELS[key].network((28, 28), 30, 10)
    generator, times = torch.Generator().manual_seed(3), 30  # a bias of ten numbers says little when it is drawn once
    drawn = [network.initial_parameters("default", generator) for _ in range(times)]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        models = [eval(network.torch_code, {"torch": torch}).parameters() for _ in range(times)]
    for ours, theirs in zip(zip(*drawn, strict=True), zip(*models, strict=True), strict=True):
        mine, torchs = torch.stack(ours), torch.stack(theirs)
        assert mine.abs().max().item() == pytest.approx(torchs.abs().max().item(), rel=0.05)
        assert mine.std().item() == pytest.approx(torchs.std().item(), rel=0.15)


@pytest.mark.parametrize("own_batches", [False, True])
@pytest.mark.parametrize("runs", [1, 3])
@pytest.mark.parametrize("classes", [2, 10])
@pytest.mark.parametrize("key", MODELS)
def test_the_written_out_gradient_is_autograds(key, classes, runs, own_batches):
    network = MODELS[key].network((8, 8), 6, 1 if classes == 2 else classes)
    generator = torch.Generator().manual_seed(1)
    drawn = [network.initial_parameters("default", generator) for _ in range(runs)]
    weights = [torch.stack(same) for same in zip(*drawn, strict=True)]
    pixels = torch.rand(*((runs, 20) if own_batches else (20,)), 64, generator=generator)
    labels = torch.randint(0, classes, (20, runs if own_batches else 1), generator=generator)
    targets = torch.stack([targets_for(column, classes) for column in labels.T], 1)
    if runs == 1 and not own_batches:
        targets = targets.squeeze(1)  # as the engine gives them to a single run
    for loss in LOSSES.values():
        quickest = dense_gradients(weights) if network.is_dense else AutogradGradients(network, weights)
        scores, gradients = quickest.of_batch(pixels, targets, loss)
        plain, by_autograd = AutogradGradients(network, weights).of_batch(pixels, targets, loss)
        torch.testing.assert_close(scores, plain)
        for ours, theirs in zip(gradients, by_autograd, strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("key", MODELS)
def test_a_model_trains_and_its_pixels_explain_its_scores(key):
    digits = load_digits("uci")
    config = TrainConfig(model=key, init="default", optimizer="adam", lr=0.02, epochs=10)
    first, *_, last = train(config, digits)
    assert last.valid_loss < 0.3 * first.valid_loss and last.valid_accuracy > 0.95
    network = config.network(digits.image_shape)
    assert last.weights.shape == last.gradient.shape == last.update.shape
    assert last.weights.shape[1:] == network.map_shape and len(last.bias) == len(last.weights)
    for row in range(0, 60, 13):
        image = digits.valid_images[row].numpy()
        found = contributions(last.parameters, image)
        score = predict(last, config, image).scores[0]
        np.testing.assert_allclose(found.maps.sum((1, 2)) + found.bias, score, atol=1e-4)


def test_filters_answer_to_an_image_as_a_convolution_does():
    digits = load_digits("uci")
    last = list(train(TrainConfig(model="cnn", init="default", epochs=1), digits))[-1]
    image = digits.valid_images[0].numpy()
    answers = filter_responses(last.parameters, image)
    padded = np.pad(image, 2)
    patch = padded[2 * 1 : 2 * 1 + 5, 2 * 2 : 2 * 2 + 5]  # stride 2: row 1, column 2 of the answer
    np.testing.assert_allclose(answers[:, 1, 2], (last.weights * patch).sum((1, 2)) + last.bias, rtol=1e-4, atol=1e-6)
    linear = list(train(TrainConfig(epochs=1), digits))[-1]
    with pytest.raises(ValueError, match="Only a convolutional model"):
        filter_responses(linear.parameters, image)


def test_the_small_network_has_about_ten_thousand_weights():
    network = MODELS["cnn"].network((28, 28), 30, 10)
    assert 9_000 < sum(int(np.prod(shape)) for shape in network.shapes) < 12_000


def test_parameters_that_fit_no_model_get_a_sentence():
    with pytest.raises(ValueError, match="No model for images of 8 by 8 pixels"):
        contributions([np.zeros((3, 4), np.float32), np.zeros(3, np.float32)], np.zeros((8, 8), np.float32))


@pytest.mark.parametrize("key", MODELS)
def test_an_optimizer_for_hidden_matrices_needs_some(key):
    if "muon" in optimizers_for(key):
        assert TrainConfig(model=key, optimizer="muon").update_rule.row.companion == "adamw"
    else:
        with pytest.raises(ValueError, match=r"has none: choose another optimizer, or the model .two_layer."):
            TrainConfig(model=key, optimizer="muon")


@pytest.mark.mnist
@pytest.mark.parametrize(("classes", "epochs", "least"), [((3, 7), 5, 0.99), (None, 3, 0.985)])
def test_the_convolutional_network_on_mnist(classes, epochs, least, mnist_folder, monkeypatch):
    monkeypatch.setenv("SGD_LAB_DATA", str(mnist_folder))
    config = TrainConfig(
        dataset="mnist", classes=classes, model="cnn", init="default", optimizer="adam", lr=0.01, schedule="one_cycle",
        epochs=epochs,
    )  # fmt: skip
    *_, last = train(config, load_digits("mnist", classes))
    assert last.valid_accuracy >= least
    assert published("mnist", classes)[-1].accuracy == pytest.approx(last.valid_accuracy, abs=0.002)
