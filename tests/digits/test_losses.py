"""Every row of the table of losses: its slope against its value, its torch code, and the engine against plain torch."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812  # as the exported scripts call it

from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import load_digits
from sgd_core.digits.engine import SURELY_FINITE
from sgd_core.digits.losses import LOSSES, maps_for, targets_for
from sgd_core.digits.training import train


def scores_and_labels(classes, count=40, dtype=torch.float64):
    generator = torch.Generator().manual_seed(classes)
    scores = 3 * torch.randn(count, maps_for(classes), generator=generator, dtype=dtype)
    return scores, torch.randint(0, classes, (count,), generator=generator)


@pytest.mark.parametrize("classes", [2, 3, 10])
@pytest.mark.parametrize("loss", LOSSES.values(), ids=lambda loss: loss.key)
def test_the_slope_is_the_derivative_of_the_value(loss, classes):
    scores, labels = scores_and_labels(classes)
    targets = targets_for(labels, classes).double()

    class Written(torch.autograd.Function):
        """The loss with its written-out slope in autograd's place."""

        @staticmethod
        def forward(ctx, at):
            ctx.save_for_backward(at)
            return loss.values(at, targets).sum()

        @staticmethod
        def backward(ctx, above):
            return above * loss.slopes(*ctx.saved_tensors, targets, 1)

    assert torch.autograd.gradcheck(Written.apply, scores.requires_grad_())


@pytest.mark.parametrize("classes", [2, 3, 10])
@pytest.mark.parametrize("loss", LOSSES.values(), ids=lambda loss: loss.key)
def test_the_torch_code_is_the_same_loss(loss, classes):
    scores, labels = scores_and_labels(classes, dtype=torch.float32)
    scores.requires_grad_()
    names = {"F": F, "scores": scores, "labels": labels, "target": lambda labels: targets_for(labels, classes)}
    mean = eval(loss.torch_code(classes), names)
    (slopes,) = torch.autograd.grad(mean, scores)
    targets = targets_for(labels, classes)
    with torch.no_grad():
        torch.testing.assert_close(loss.values(scores, targets).mean(), mean)
        torch.testing.assert_close(loss.slopes(scores, targets, len(scores)), slopes, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=lambda loss: loss.key)
def test_what_a_row_says_of_itself_is_so(loss):
    scores, _ = scores_and_labels(10)
    outputs = loss.outputs(scores)
    assert outputs.shape == scores.shape
    assert loss.gives_probabilities == bool(torch.allclose(outputs.sum(-1), torch.ones(len(scores)).double()))
    assert (loss.decide(scores) == scores.argmax(-1)).all()
    single = torch.tensor([[loss.threshold - 0.1], [loss.threshold + 0.1]])
    assert loss.decide(single).tolist() == [1, 0]
    # the threshold is where both classes cost the same
    costs = [loss.values(torch.tensor([[loss.threshold]]), torch.tensor([[t]])).item() for t in (0.0, 1.0)]
    assert costs[0] == pytest.approx(costs[1])
    far = loss.values(torch.tensor([[1e6], [-1e6]]), torch.tensor([[0.0], [1.0]]))
    assert loss.is_bounded == bool((far <= 1).all())
    # quadratic: evenly spaced scores cost values whose second differences are all the same
    evenly = torch.linspace(-5, 5, 41, dtype=torch.float64).unsqueeze(1)
    bends = loss.values(evenly, torch.ones_like(evenly)).diff(n=2)
    assert loss.is_quadratic == bool(((bends - bends[0]).abs() < 1e-12).all())
    for words in (loss.title, loss.about, loss.when, loss.output_title):
        assert words


@pytest.mark.parametrize("classes", [(3, 7), None])
@pytest.mark.parametrize("model", ["linear", "two_layer"])
@pytest.mark.parametrize("loss", list(LOSSES))
def test_a_run_of_plain_sgd_is_torchs_own(loss, model, classes):
    """Where the loss's slope rounds as autograd's does, the run is torch's to the last bit; else to float32's."""
    digits = load_digits("uci", classes)
    config = TrainConfig(classes=classes, model=model, init="default", loss=loss, lr=0.05, epochs=2)
    first, *_, last = train(config, digits)
    network = config.network(digits.image_shape)
    model_of_torch = eval(network.torch_code, {"torch": torch})
    with torch.no_grad():
        for parameter, array in zip(model_of_torch.parameters(), first.parameters, strict=True):
            parameter.copy_(torch.tensor(array))
    optimizer = torch.optim.SGD(model_of_torch.parameters(), lr=config.lr)
    pixels, count = digits.train_images.flatten(1), len(digits.classes)
    generator = torch.Generator().manual_seed(config.seed)
    for _ in range(config.epochs):
        for rows in torch.randperm(len(pixels), generator=generator).split(config.batch_size):
            names = {"F": F, "labels": digits.train_labels[rows], "target": lambda labels: targets_for(labels, count)}
            optimizer.zero_grad()
            eval(LOSSES[loss].torch_code(count), {**names, "scores": model_of_torch(pixels[rows])}).backward()
            optimizer.step()
    exact = not (loss == "mean_absolute_error" and classes is None)  # softmax's backward sums in another order
    for parameter, array in zip(model_of_torch.parameters(), last.parameters, strict=True):
        np.testing.assert_allclose(
            array, parameter.detach().numpy(), rtol=0 if exact else 1e-4, atol=0 if exact else 1e-6
        )


def test_a_loss_far_off_pulls_no_harder_by_huber():
    digits = load_digits("uci")
    runs = [
        list(train(TrainConfig(loss=loss, lr=1.0, epochs=3), digits))[-1] for loss in ("huber", "mean_squared_error")
    ]
    assert runs[0].train_loss < 50 < runs[1].train_loss
    assert replace(TrainConfig(), loss="huber").loss == "huber"


@pytest.mark.parametrize("classes", [2, 10])
@pytest.mark.parametrize("loss", LOSSES.values(), ids=lambda loss: loss.key)
def test_no_loss_grows_faster_than_the_square_of_a_score(loss, classes):
    """So a step whose scores are far from overflowing need not compute its loss to know that it is finite."""
    labels = torch.arange(60) % classes
    targets, generator = targets_for(labels, classes), torch.Generator().manual_seed(0)
    for size in (1.0, 1e5, SURELY_FINITE):
        scores = torch.randn(60, maps_for(classes), generator=generator)
        scores *= size / torch.linalg.vector_norm(scores)
        values = loss.values(scores, targets)
        assert values.isfinite().all() and values.max() <= 4 * (1 + size) ** 2
        assert loss.slopes(scores, targets, 60).isfinite().all()
