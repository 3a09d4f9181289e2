"""The maps of a step say what they mean: one real step is trained, and each caption's sign is tried."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

import sgd_core
from sgd_core.descent.optimizers import OPTIMIZERS, Optimizer
from sgd_core.digits.evaluation import predict
from sgd_core.digits.losses import LOSSES, targets_for
from sgd_core.digits.step_maps import QUANTITIES, equation_captions, equation_maps, is_plain, weights_before

DIGITS = sgd_core.load_digits("uci")
# plain gradient descent: the last gradient is that of the whole training loss
CONFIG = sgd_core.TrainConfig(lr=0.5, batch_size=None, epochs=3, init="normal")
MOMENTS = list(sgd_core.train(CONFIG, DIGITS))
FIRST, NOW = MOMENTS[0], MOMENTS[-1]


def loss_at(weights: np.ndarray) -> float:
    import torch

    scores = predict([weights.reshape(1, -1), MOMENTS[-2].bias], CONFIG, DIGITS.train_images).scores
    targets = targets_for(DIGITS.train_labels, 2)
    return float(LOSSES[CONFIG.loss].values(torch.tensor(scores, dtype=torch.float64), targets.double()).mean())


def raising_the_weight_raises_the_loss(map_: np.ndarray) -> bool:
    before = weights_before(NOW)[0].astype(np.float64)
    red = np.unravel_index(int(map_[0].argmax()), before.shape)
    blue = np.unravel_index(int(map_[0].argmin()), before.shape)
    moved = []
    for place in (red, blue):
        raised = before.copy()
        raised[place] += 0.01
        moved.append(loss_at(raised) - loss_at(before))
    return moved[0] > 0 > moved[1]


def ink_raises_the_score(map_: np.ndarray) -> bool:
    blank = np.zeros((2, *DIGITS.image_shape), dtype=np.float32)
    blank[0].flat[map_[0].argmax()] = blank[1].flat[map_[0].argmin()] = 1
    red, blue = predict(NOW, CONFIG, blank).scores[:, 0]
    return bool(red > NOW.bias[0] > blue)


def the_step_raised_the_weight(map_: np.ndarray) -> bool:
    return np.allclose(NOW.weights, MOMENTS[-2].weights + map_, atol=1e-7) and bool((map_ != 0).any())


def the_run_raised_the_weight(map_: np.ndarray) -> bool:
    return np.allclose(NOW.weights, FIRST.weights + map_, atol=1e-6) and not the_step_raised_the_weight(map_)


MEANINGS: dict[str, Callable[[np.ndarray], bool]] = {
    "ink here raises the score": ink_raises_the_score,
    "raising this weight raises the loss": raising_the_weight_raises_the_loss,
    "the step raised this weight": the_step_raised_the_weight,
    "the run has raised this weight so far": the_run_raised_the_weight,
}


@pytest.mark.parametrize("name", QUANTITIES)
def test_red_means_what_the_caption_says(name: str) -> None:
    quantity = QUANTITIES[name]
    assert MEANINGS[quantity.red](quantity.of(NOW, FIRST))


def test_no_other_quantity_fits_a_caption() -> None:
    for name, quantity in QUANTITIES.items():
        fits = {other for other, row in QUANTITIES.items() if MEANINGS[quantity.red](row.of(NOW, FIRST))}
        assert name in fits and "gradient" not in fits - {name}


def test_the_equation_adds_up_and_its_captions_hold() -> None:
    before, gradient, added, after = equation_maps(NOW, 0)
    assert equation_captions(CONFIG)[2] == "− lr × gradient"
    assert added == pytest.approx(-NOW.lr * gradient, abs=1e-7)
    assert before == pytest.approx(MOMENTS[-2].weights[0], abs=1e-6)
    assert after == pytest.approx(before + added, abs=1e-6)
    assert raising_the_weight_raises_the_loss(gradient[None]), "“red raises the loss”"


def test_only_plain_sgd_is_minus_lr_times_gradient() -> None:
    plain = [name for name in OPTIMIZERS if is_plain(Optimizer(name))]
    assert plain == ["sgd"]
    assert not is_plain(Optimizer("sgd", momentum=0.5)) and not is_plain(Optimizer("sgd", weight_decay=0.1))
    assert "Adam" in equation_captions(replace(CONFIG, optimizer="adam"))[2]


def test_a_clipped_step_is_minus_lr_times_the_clipped_gradient() -> None:
    """Parallel to the gradient and shorter: the caption says so."""
    clipped = replace(CONFIG, clip=1e-3)
    now = list(sgd_core.train(clipped, DIGITS))[-1]
    _, gradient, added, _ = equation_maps(now, 0)
    share = -added / (now.lr * gradient)
    assert equation_captions(clipped)[2] == "− lr × clipped gradient"
    assert share[gradient != 0] == pytest.approx(share[gradient != 0][0], rel=1e-4) and 0 < np.nanmax(share) < 1
