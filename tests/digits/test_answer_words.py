"""Each number told of one image's answer: its score is the sum of ink times weight, in NumPy."""

import math

import numpy as np
import pytest

from sgd_core.digits.answer_words import score_rows, tell_answer, tell_sum
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import load_digits
from sgd_core.digits.evaluation import predict
from sgd_core.digits.inspection import contributions
from sgd_core.digits.losses import LOSSES
from sgd_core.digits.training import train
from tests.numbers_in_words import numbers, written


def explained(config: TrainConfig, row: int):
    digits = load_digits("uci", config.classes)
    now = list(train(config, digits))[-1]
    image, truth = digits.valid_images[row].numpy(), int(digits.valid_labels[row])
    weight, bias = now.parameters
    scores = weight.astype(np.float64) @ image.ravel() + bias
    found, answer = contributions(now, image), predict(now, config, image)
    return (
        scores,
        truth,
        digits.class_names,
        found,
        tell_answer(found.score, answer, truth, digits.class_names, LOSSES[config.loss]),
        now,
        image,
    )


@pytest.mark.parametrize("row", [0, 3, 40])
@pytest.mark.parametrize("loss", ["cross_entropy", "mean_absolute_error", "mean_squared_error", "huber"])
def test_two_classes(loss: str, row: int) -> None:
    scores, truth, names, _, told, *_ = explained(TrainConfig(loss=loss, lr=0.02, epochs=2), row)
    (score,) = scores
    probable = loss in ("cross_entropy", "mean_absolute_error")
    border, chance = 0.0 if probable else 0.5, 100 / (1 + math.exp(-score))
    said = names[0] if score > border else names[1]
    expected = [*written(score, chance, digits=3), names[0], "0", "50"] if probable else []
    expected += [*written(border), *names, said]
    right = said == names[truth]
    assert numbers(told) == expected + ([] if right else [names[truth]])
    assert told[-1].endswith("✓" if right else f"✗, it is {names[truth]}")


@pytest.mark.parametrize("row", [0, 3, 40, 77])
@pytest.mark.parametrize("loss", ["cross_entropy", "mean_squared_error"])
def test_ten_classes(loss: str, row: int) -> None:
    scores, truth, names, _, told, *_ = explained(TrainConfig(classes=None, loss=loss, lr=0.02, epochs=2), row)
    best, second = np.argsort(-scores)[:2]
    chance = 100 * math.exp(scores[best]) / np.exp(scores).sum()
    expected = [*written(scores[best], scores[second], digits=3), names[second]]
    expected += written(chance, digits=3) if loss == "cross_entropy" else []
    assert numbers(told) == [*expected, names[best], *([] if best == truth else [names[truth]])]


def test_right_and_wrong_answers_are_told_apart() -> None:
    verdicts = {explained(TrainConfig(classes=None, lr=0.02, epochs=1), row)[4][-1][-1] for row in range(12)}
    assert "✓" in verdicts and len(verdicts) > 1


def test_a_drawing_has_no_truth() -> None:
    digits = load_digits("uci")
    config = TrainConfig(epochs=1)
    now, image = list(train(config, digits))[-1], digits.valid_images[0].numpy()
    told = tell_answer(
        contributions(now, image).score, predict(now, config, image), None, ("3", "7"), LOSSES[config.loss]
    )
    assert told[-1].endswith("**")


@pytest.mark.parametrize("classes", [(3, 7), None])
def test_with_weights_of_zero_the_model_cannot_decide_and_is_not_said_to_say(classes: tuple[int, int] | None) -> None:
    config, digits = TrainConfig(classes=classes), load_digits("uci", classes)
    now, image = next(train(config, digits)), digits.valid_images[0].numpy()
    scores = contributions(now, image).score
    assert not scores.any()
    told = tell_answer(scores, predict(now, config, image), None, digits.class_names, LOSSES[config.loss])
    assert "cannot decide" in told[-1] and not any("the model says" in line.lower() for line in told)


@pytest.mark.parametrize("classes", [(3, 7), None])
def test_the_parts_of_the_sum_are_ink_times_weight(classes: tuple[int, int] | None) -> None:
    scores, _, _, found, _, now, image = explained(TrainConfig(classes=classes, epochs=2), 3)
    of = int(np.argmax(scores)) if classes is None else 0
    assert numbers(tell_sum(found, of)) == written(scores[of], digits=3)
    rows, product = score_rows(found, of), now.weights[of] * image
    for part in rows.iloc[:8].itertuples():
        row, column = (int(one) for one in numbers(part.name))
        assert part.shown.lstrip("+−") == written(product[row, column], digits=3)[0]
    top = np.sort(np.abs(product), axis=None)[::-1][:8]
    assert np.abs(rows["end"] - rows["begin"]).to_numpy()[:8] == pytest.approx(top, rel=1e-5)
    assert rows["shown"].iloc[-2].lstrip("+−") == written(now.bias[of], digits=3)[0]
    assert rows["shown"].iloc[-1].lstrip("+−") == written(scores[of], digits=3)[0]
