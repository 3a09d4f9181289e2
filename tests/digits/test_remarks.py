"""What settings lead to: the numbers in remarks against counting, and each remark where it is due and only there."""

import pytest

from sgd_core.descent.schedules import MAX_STEPS
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import load_digits
from sgd_core.digits.remarks import remarks, runnable
from tests.numbers_in_words import numbers

DIGITS = load_digits("uci")
COUNT = len(DIGITS.train_labels)


def test_usual_settings_need_no_remark() -> None:
    assert list(remarks(TrainConfig(), DIGITS)) == []


@pytest.mark.parametrize("size", [None, COUNT + 1])
def test_all_images_in_a_step(size: int | None) -> None:
    (only,) = remarks(TrainConfig(batch_size=size, shuffle=False), DIGITS)
    assert numbers(only) == [str(COUNT)]
    assert list(remarks(TrainConfig(batch_size=COUNT), DIGITS)) == []


def test_without_shuffling_the_classes_follow_each_other() -> None:
    (only,) = remarks(TrainConfig(shuffle=False), DIGITS)
    labels = DIGITS.train_labels.tolist()
    assert labels == sorted(labels), "as the sentence says"
    assert numbers(only) == ["3", "7"]


@pytest.mark.parametrize(
    ("lr", "text", "words"),
    [(1e-7, "10⁻⁷", "hardly moves"), (1e-6, "", ""), (999.0, "", ""), (2000.0, "2,000", "overshoots")],
)
def test_very_small_and_very_large_rates(lr: float, text: str, words: str) -> None:
    told = list(remarks(TrainConfig(lr=lr), DIGITS))
    assert numbers(told) == ([text] if text else []) and words in "".join(told)


def test_a_schedule_of_too_many_steps_is_left_out() -> None:
    epochs = MAX_STEPS // COUNT + 1
    config = TrainConfig(schedule="cosine", batch_size=1, epochs=epochs)
    (only,) = remarks(config, DIGITS)
    assert numbers(only) == [f"{MAX_STEPS:,}", f"{epochs * COUNT:,}"]
    assert runnable(config, DIGITS).schedule == "constant"
    fits = TrainConfig(schedule="cosine", batch_size=1, epochs=epochs - 1)
    assert runnable(fits, DIGITS) == fits and list(remarks(fits, DIGITS)) == []
    an_epoch = (COUNT + 1) // 2  # mini-batches of two, the last one smaller or not
    odd = TrainConfig(schedule="cosine", batch_size=2, epochs=MAX_STEPS // an_epoch + 1)
    assert numbers(remarks(odd, DIGITS))[-1] == f"{an_epoch * odd.epochs:,}"


def test_a_model_that_never_learns_is_named() -> None:
    (only,) = remarks(TrainConfig(model="two_layer", init="zeros"), DIGITS)
    assert "never learns" in only
