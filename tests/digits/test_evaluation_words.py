"""Each number that Judge it tells, against scores, probabilities and losses computed in NumPy, torch and scikit-learn."""

import math

import numpy as np
import pytest
import torch
from sklearn.metrics import confusion_matrix
from torch.nn import functional

from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import load_digits
from sgd_core.digits.evaluation_words import (
    captions,
    count_words,
    has_room,
    matrix_rows,
    tell_evaluated,
    tell_matrix,
)
from sgd_core.digits.inspection import common_mistake, confusion, evaluate_images
from sgd_core.digits.training import train
from sgd_core.numbers import percent
from tests.numbers_in_words import numbers

CONFIGS = {
    "begun": TrainConfig(lr=0.01, epochs=1),
    "pair": TrainConfig(classes=(4, 9), lr=20.0, epochs=2, batch_size=16),
    "right": TrainConfig(epochs=10),
    "ten": TrainConfig(classes=None, epochs=2, lr=0.3),
    "sure": TrainConfig(classes=None, epochs=30, lr=5.0, batch_size=16),
    "absolute": TrainConfig(classes=None, loss="mean_absolute_error", lr=5.0, epochs=3),
    "squared": TrainConfig(classes=None, loss="mean_squared_error", lr=0.02, epochs=3),
    "huber": TrainConfig(loss="huber", lr=0.02, epochs=1),
}


class Plain:
    """A linear model's scores, probabilities, answers and losses without our model, loss and evaluation."""

    def __init__(self, name: str) -> None:
        self.config = CONFIGS[name]
        self.digits = load_digits("uci", self.config.classes)
        self.names = self.digits.class_names
        self.now = list(train(self.config, self.digits))[-1]
        weight, bias = (torch.tensor(array) for array in self.now.parameters)
        images, self.labels = self.digits.valid_images.flatten(1), self.digits.valid_labels
        scores = images @ weight.T + bias
        two = scores.shape[1] == 1
        target = (1 - self.labels)[:, None].float() if two else functional.one_hot(self.labels, 10).float()
        chances = torch.sigmoid(scores) if two else torch.softmax(scores, 1)
        kind = self.config.loss
        if kind == "cross_entropy":
            each = functional.binary_cross_entropy_with_logits(scores, target, reduction="none")[:, 0]
            each = each if two else functional.cross_entropy(scores, self.labels, reduction="none")
        elif kind == "mean_absolute_error":
            each = (chances - target).abs().mean(1)
        else:
            rule = functional.mse_loss if kind == "mean_squared_error" else functional.huber_loss
            each = rule(scores, target, reduction="none").mean(1)
        border = 0.5 if kind in ("mean_squared_error", "huber") else 0.0
        self.decided = (scores[:, 0] < border).long() if two else scores.argmax(1)
        self.sure = torch.maximum(chances, 1 - chances)[:, 0] if two else chances.amax(1)
        self.losses, self.wrong = each, self.decided != self.labels
        self.counts = confusion_matrix(self.labels, self.decided)
        self.margin = (scores[:, 0] - border).abs() if two else scores.topk(2).values.diff().abs()[:, 0]


@pytest.fixture(scope="module", params=CONFIGS)
def plain(request: pytest.FixtureRequest) -> Plain:
    return Plain(request.param)


def test_mistakes_their_share_of_the_loss_and_how_sure_answers_are(plain: Plain) -> None:
    told = tell_evaluated(evaluate_images(plain.now, plain.config, plain.digits), plain.names)
    wrong, count = plain.wrong, len(plain.labels)
    if wrong.any():
        share = float(plain.losses[wrong].sum() / plain.losses.sum())
        expected = [
            str(int(wrong.sum())),
            str(count),
            *numbers(percent(float(wrong.float().mean())) + percent(share, 2)),
        ]
        assert numbers(told.pop(0)) == expected
    (last,) = told
    if plain.config.loss in ("mean_squared_error", "huber"):
        assert last.startswith("This loss aims") and numbers(last) == ["0", "1"]
        return
    sure = plain.sure >= 0.99
    if (sure & wrong).any():
        row = int(torch.where(wrong, plain.sure, -1.0).argmax())
        expected = [str(int(sure.sum())), "99", str(int((sure & wrong).sum())), str(row)]
        expected += [
            plain.names[plain.decided[row]],
            *numbers(percent(float(plain.sure[row]), 4)),
            plain.names[plain.labels[row]],
        ]
        assert numbers(last) == expected
    elif sure.any():
        assert numbers(last) == ["99", str(int(sure.sum()))] and "is right here" in last
    else:
        assert numbers(last) == ["99"] and "No answer" in last


def test_every_kind_of_verdict_is_among_them() -> None:
    every = {name: Plain(name) for name in ("begun", "right", "sure")}
    kinds = {
        name: "".join(tell_evaluated(evaluate_images(one.now, one.config, one.digits), one.names))
        for name, one in every.items()
    }
    assert "No answer" in kinds["begun"] and "is right here" in kinds["right"] and "Confident is not" in kinds["sure"]


def test_the_matrix_and_its_most_common_mistake(plain: Plain) -> None:
    evaluated = evaluate_images(plain.now, plain.config, plain.digits)
    counts = confusion(evaluated, plain.digits)
    np.testing.assert_array_equal(counts, plain.counts)
    off = [(plain.counts[i, j], -i, -j) for i in range(len(counts)) for j in range(len(counts)) if i != j]
    most, i, j = max(off)
    names = plain.names
    if most:
        expected = [str(plain.counts.trace()), str(plain.counts.sum()), names[-i], names[-j], str(most)]
        assert common_mistake(counts) == (-i, -j) and numbers(tell_matrix(counts, names)) == expected
    rows = matrix_rows(counts, names)
    assert rows["count"].tolist() == plain.counts.ravel().tolist()
    assert rows["share"].tolist() == pytest.approx((plain.counts / plain.counts.sum(1)[:, None]).ravel())
    assert (rows["right"] == (rows["truth"] == rows["answer"])).all()


def test_without_a_mistake_there_are_none() -> None:
    counts = np.diag([4, 6])
    assert common_mistake(counts) == (0, 0) and tell_matrix(counts, ("3", "7")).endswith("3 for 3, 0 times.")
    assert matrix_rows(np.array([[0, 0], [1, 2]]), ("3", "7"))["share"].tolist() == [0, 0, 1 / 3, 2 / 3]
    assert [count_words(count) for count in (0, 1, 1234)] == ["no image", "1 image", "1,234 images"]


def test_the_images_of_a_cell_and_what_stands_over_them(plain: Plain) -> None:
    evaluated = evaluate_images(plain.now, plain.config, plain.digits)
    truth, answer = common_mistake(plain.counts)
    rows = evaluated.cell(truth, answer)
    fits = (plain.labels == truth) & (plain.decided == answer)
    assert sorted(rows) == np.flatnonzero(fits).tolist() and (np.diff(plain.margin[rows]) <= 1e-5).all()
    said = [numbers(one) for one in captions(evaluated, rows, plain.names)]
    chance = plain.config.loss in ("cross_entropy", "mean_absolute_error")
    assert has_room(evaluated, plain.names) == chance
    for row, told in zip(rows, said, strict=True):
        sure = [str(math.floor(100 * float(plain.sure[row])))] if chance else []  # never 100 % by rounding
        assert told == [str(row), plain.names[answer], *sure]
    assert (np.diff(plain.losses[evaluated.worst_first]) <= 1e-5).all()
    assert (np.diff(plain.margin[evaluated.least_sure_first]) >= -1e-5).all()
    long = captions(evaluated, rows[:1], ("Trouser", *plain.names[1:]))
    assert all("Trous…" in one for one in long) or answer != 0


def test_a_loss_that_is_no_number_is_not_divided() -> None:
    config = TrainConfig(loss="mean_squared_error", lr=1e6, epochs=3)
    digits = load_digits("uci")
    now = list(train(config, digits))[-1]
    told = tell_evaluated(evaluate_images(now, config, digits), digits.class_names)
    assert now.status == "diverged" and not any("%" in one for one in told)
