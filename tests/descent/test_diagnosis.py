"""Diagnoses of real runs against what follows in longer ones, and of histories whose truth is written down."""

import math

import numpy as np
import pytest

from sgd_core import TrainConfig, load_digits, sharpness, train
from sgd_core.descent.diagnosis import CureKind, diagnose

EPOCHS, LONGER = 8, 24
RATES = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0)


@pytest.fixture(scope="module")
def digits():
    return load_digits("uci", classes=(3, 7))


def look(snapshots, lr, border, loss):
    return diagnose(
        [snapshot.train_loss for snapshot in snapshots],
        lr=lr,
        valid_losses=[snapshot.valid_loss for snapshot in snapshots],
        valid_accuracy=[snapshot.valid_accuracy for snapshot in snapshots],
        border=border,
        quadratic=loss == "mean_squared_error",
        status=snapshots[-1].status,
    )


def known_border(loss, digits):
    steepest = sharpness(TrainConfig(loss=loss), digits)
    return 2 / steepest if steepest > 1e-9 else None


@pytest.mark.parametrize("batch_size", [16, 64, None])
@pytest.mark.parametrize("loss", ["cross_entropy", "mean_squared_error", "mean_absolute_error"])
def test_the_longer_run_contradicts_no_name_and_cures_cure(loss, batch_size, digits):
    border = known_border(loss, digits)
    for lr in RATES:
        config = TrainConfig(loss=loss, batch_size=batch_size, lr=lr, epochs=LONGER)
        whole = list(train(config, digits))
        diagnosis = look(whole[: EPOCHS + 1], lr, border, loss)
        losses = np.array([snapshot.train_loss for snapshot in whole])
        seen, later = losses[: EPOCHS + 1], losses[EPOCHS + 1 :]
        case = (loss, batch_size, lr, diagnosis, losses[[0, min(EPOCHS, len(losses) - 1), -1]])
        match diagnosis.name:
            case "diverging":
                assert whole[-1].status == "diverged" or later.max() > losses[0], case
            case "good":
                assert whole[-1].status == "finished" and later.max() < 1.5 * seen.min() + 1e-3, case
            case "too low":
                assert whole[-1].status == "finished" and (np.diff(losses[EPOCHS:]) < 0).all(), case
                assert seen[-1] - losses[-1] > 0.5 * (losses[0] - seen[-1]), case
            case "bouncing":
                assert whole[-1].status == "finished" and diagnosis.cures[0].kind == CureKind.BRANCH, case
            case "undecided":
                assert whole[-1].status == "finished" and lr > 10 * border, case
            case _:
                raise AssertionError(case)
        if diagnosis.name in ("diverging", "bouncing"):
            for _ in range(2):  # pressed at most twice
                lr = next(cure.lr for cure in diagnosis.cures if cure.kind == CureKind.LOWER_RATE)
                calmer = TrainConfig(loss=loss, batch_size=batch_size, lr=lr, epochs=EPOCHS)
                diagnosis = look(list(train(calmer, digits)), lr, border, loss)
                if diagnosis.name in ("good", "too low"):
                    break
            assert diagnosis.name in ("good", "too low"), (case, lr, diagnosis)


def test_a_card_in_numbers():
    zigzag = 0.3 + 0.1 * np.resize([0, 1, -1, 1, 0.5], 60)
    valid = np.linspace(0.1, 2.5, 60)
    card = diagnose(zigzag, lr=50.0, border=0.6, valid_losses=valid, valid_accuracy=np.full(60, 0.97))
    share = (np.diff(zigzag)[-29:] > 0).mean()
    assert card.name == "bouncing" and f"{round(100 * share)} % of the last 29" in card.reason
    assert "25 times its best" in card.reason and "97 %, hides" in card.reason
    assert "83.3 times the first weights' border 0.6: the loss" in card.reason, (
        "with another loss than a parabola it moves"
    )
    assert [cure.kind for cure in card.cures[:2]] == ["branch", "lower_rate"] and card.cures[0].lr == 5.0


def test_on_a_quadratic_loss_the_border_settles_it_from_the_first_step():
    card = diagnose([0.5], lr=1.0, border=0.0242, quadratic=True)
    assert card.name == "diverging" and "41.3 times the border 0.0242" in card.reason
    lower = next(cure for cure in card.cures if cure.kind == CureKind.LOWER_RATE)
    assert lower.lr == 0.005 and "0.005" in lower.words
    assert diagnose([0.5], lr=0.02, border=0.0242, quadratic=True).name == "undecided"


def test_overflow_and_growth():
    assert diagnose([0.5, 3.0, math.inf], lr=1.0).name == "diverging"
    assert diagnose([0.5, 0.4], lr=1.0, status="diverged").name == "diverging"
    grown = diagnose([0.5, 0.4, 0.6, 1.1, 2.0, 4.1, 8.0], lr=1.0)
    assert grown.name == "diverging" and "since it was 0.4" in grown.reason


def test_falling_straight_is_too_low_and_falling_ever_less_is_good():
    steps = np.arange(40)
    slow = diagnose(1 - 0.001 * steps, lr=0.001, border=0.5)
    assert slow.name == "too low" and "0.002 of the first weights' border 0.5" in slow.reason
    assert slow.cures[0].kind == CureKind.RAISE_RATE and slow.cures[0].lr == pytest.approx(0.01)
    assert diagnose(0.8**steps, lr=0.1).name == "good"
    # Recorded ever more seldom, the same run is the same run.
    rows = np.unique(np.geomspace(1, 40, 12).astype(int)) - 1
    assert diagnose(0.8**rows, lr=0.1, steps=rows).name == "good"
    assert diagnose(1 - 0.001 * rows, lr=0.001, steps=rows).name == "too low"


@pytest.mark.parametrize(
    ("losses", "options", "sentence"),
    [
        ([], {}, "at least one loss"),
        ([1, 2], {"steps": [0]}, "as many steps"),
        ([1, 2], {"valid_losses": [0.1, 0.2, 0.3]}, "as many steps and validation"),
    ],
)
def test_senseless_histories_get_a_sentence(losses, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        diagnose(losses, lr=0.1, **options)
    for lr in (0.0, math.nan, -1.0):
        with pytest.raises(ValueError, match="above 0"):
            diagnose([1.0], lr=lr)


def test_a_leap_long_ago_is_called_a_leap() -> None:
    """ "The loss rose in 0 % of the last 30 changes" was the reason for "bouncing"."""
    loss = [0.7, 1.9, 1.2, *(0.6 * 0.9**step for step in range(60))]
    card = diagnose(loss, lr=2.7, border=0.67)
    assert card.name == "bouncing" and card.reason.endswith(": the loss leapt to 2.7 times its start before it fell.")


def test_an_accuracy_no_better_than_a_guess_hides_nothing() -> None:
    zigzag = 0.3 + 0.1 * np.resize([0, 1, -1, 1, 0.5], 60)
    valid = np.linspace(0.1, 2.5, 60)
    for share, hides in ((0.51, False), (0.97, True)):
        card = diagnose(zigzag, lr=50.0, border=0.6, valid_losses=valid, valid_accuracy=np.full(60, share))
        assert ("hides" in card.reason) == hides


def test_an_accuracy_that_has_not_risen_is_said() -> None:
    loss = 0.9 ** np.arange(40)
    flat = diagnose(loss, lr=0.1, valid_accuracy=np.full(40, 0.493))
    assert flat.name == "good" and "49.3 %, has not risen yet" in flat.reason
    assert "accuracy" not in diagnose(loss, lr=0.1, valid_accuracy=np.linspace(0.5, 0.97, 40)).reason
