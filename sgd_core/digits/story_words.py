"""What the seven steps say, in the numbers of the run."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sgd_core.bet import Bet
from sgd_core.digits.first_steps import Ink, Mistaken
from sgd_core.digits.snapshots import Snapshot
from sgd_core.numbers import number, percent, signed

SHARES = {"about half": 0.6, "60 to 80 %": 0.8, "80 to 95 %": 0.95, "more than 95 %": 1.0}  # each with its largest


def initialize(weights: int) -> list[str]:
    """Say what the weights are."""
    return [
        f"The model has one weight for each of the {weights} pixels, and one number more, the bias.",
        "To begin with they are random. Red pixels speak for a 3, blue ones for a 7. So far they know nothing about either.",
    ]


def predict(ink: Ink, names: Sequence[str], truth: str, right: int, shown: int, accuracy: float) -> list[str]:
    """Say what the ink adds up to, and how often that is right."""
    says = names[0] if ink.score > 0 else names[1]
    verdict = "That is right." if says == truth else f"It is a {truth}."
    return [
        "Multiply each pixel's ink by its weight, then add everything up. Red ink speaks for a "
        f"{names[0]}, blue ink for a {names[1]}.",
        f"Here the sum is {signed(ink.score)}, so the model says **{says}**. {verdict}",
        f"With random weights {right} of these {shown} are right, and {percent(accuracy)} of all images it has never seen.",
    ]


def loss(before: Snapshot, images: int) -> list[str]:
    """Say what the loss is, and why accuracy will not do."""
    return [
        f"The loss here is **{number(before.train_loss)}**. Small is good.",
        "Each image has a loss of its own. Sure and right costs almost nothing. Sure and wrong costs a lot: those stand "
        f"on top. The loss is the mean over all {images:,} images.",
        f"A model that cannot decide would have {number(float(np.log(2)))} for each.",
        f"Accuracy, {percent(before.train_accuracy)} here, will not do. Nudge one weight, and it mostly does not change at "
        "all.",
    ]


def gradient(values: np.ndarray, pulls: Mistaken, names: Sequence[str]) -> list[str]:
    """Say what the gradient looks like, and which images made it so."""
    row, column = np.unravel_index(np.abs(values).argmax(), values.shape)
    steepest = float(values[row, column])
    seven = pulls.second_pull > pulls.first_pull
    looks, other = (names[1], names[0]) if seven else (names[0], names[1])
    share = pulls.second_share if seven else pulls.first_share
    color = "red" if seven else "blue"
    return [
        "For each weight, the gradient says how the loss changes if that weight grows. All of it comes out of one pass "
        "back.",
        f"**It looks like a {looks}** in {color}, because its {looks}s were called {other}: {percent(share)} of them. Ink "
        f"there should count less for a {other}.",
        f"The strongest is {signed(steepest)} at row {row}, column {column}. A larger weight there makes the loss "
        f"{'larger' if steepest > 0 else 'smaller'}.",
    ]


def step(before: Snapshot, after: Snapshot) -> list[str]:
    """Say what one step did."""
    return [
        f"Each weight goes *against* its gradient, by learning rate × gradient. The learning rate (lr) is {number(after.lr)}.",
        f"One step took the loss from {number(before.train_loss)} to **{number(after.train_loss)}**.",
    ]


def from_zero_bet(accuracy: float) -> Bet:
    """Ask how many images are right after one step from weights of zero, and say why so many."""
    return Bet(
        "Start from zeros instead and take **one** step. How many of all new images are right then?",
        list(SHARES),
        next(name for name, most in SHARES.items() if accuracy <= most),
        f"one step is right on {percent(accuracy)}. That step is the mean 3 minus the mean 7: two blurred pictures, one "
        "taken from the other.",
    )


def round_numbers(snapshots: Sequence[Snapshot]) -> pd.DataFrame:
    """Return what the clock shows of each round, as text."""
    return pd.DataFrame(
        {
            "round": [number(snapshot.step) for snapshot in snapshots],
            "loss": [number(snapshot.train_loss) for snapshot in snapshots],
            "accuracy": [percent(snapshot.valid_accuracy) for snapshot in snapshots],
        }
    )


def repeat(snapshots: Sequence[Snapshot]) -> list[str]:
    """Say what the rounds did."""
    first, last = snapshots[0], snapshots[-1]
    return [
        f"Predict, loss, gradient, step: {last.step} rounds took the loss from {number(first.train_loss)} to "
        f"{number(last.train_loss)}. Press **Play**.",
        "The second map is the first without its random start: what all steps together have changed.",
    ]


def stop(snapshots: Sequence[Snapshot], similarity: float, rounds: int) -> list[str]:
    """Say where it came to, and what had to be beaten."""
    first, last = snapshots[0], snapshots[-1]
    beaten = "It is beaten." if last.valid_accuracy > similarity else "It is not beaten yet: more rounds would help."
    return [
        "We stop when the model is good enough, stops getting better, or time is up.",
        f"After {rounds} rounds **{percent(last.valid_accuracy)}** of all new images are right, up from "
        f"{percent(first.valid_accuracy)}.",
        f"The thing to beat needs no training: take the class whose mean image is nearest. It gets {percent(similarity)}. "
        f"{beaten}",
        "Train one yourself under **Digit training**.",
    ]
