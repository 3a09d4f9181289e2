"""What to notice about the sharpness: how it is found, the border it sets, and how it changes along a run."""

import math
from collections.abc import Sequence

import pandas as pd

from sgd_core.descent.diagnosis import Diagnosis, diagnose
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.losses import LOSSES
from sgd_core.digits.sharpness import Round, SharpnessMoment
from sgd_core.numbers import counted, number, percent


def tell_power_iteration(rounds: Sequence[Round]) -> str:
    """Say what the largest eigenvalue is, and how it was found."""
    top = rounds[-1].value
    return (
        "λ is the *a* of your parabola. A loss of many weights bends by a different amount in each direction. All these "
        "second derivatives form a table, the **Hessian**; its largest eigenvalue λ is the sharpest bend there is, and its "
        "eigenvector is the direction. Nobody writes the table down: the Hessian times a vector is the derivative of "
        "(gradient · vector), which autograd gives. **Power iteration** multiplies a random vector by the Hessian again "
        f"and again; the steepest direction grows fastest and is soon all that is left. Here it took {len(rounds)} rounds "
        f"to λ = {number(top, 5)}, so 2/λ = {number(2 / top)}."
    )


def border_in_words(loss: str, top: float) -> str:
    """Say where the border 2/λ stands with that loss, and whether it stays; `top` is λ at the first weights."""
    if LOSSES[loss].is_quadratic:
        return (
            f"λ = {number(top, 5)}, the cliff stands at 2/λ = {number(2 / top)}: the loss is one parabola everywhere."
        )
    change = "falls" if LOSSES[loss].gives_probabilities else "changes"
    moves = "moves away" if LOSSES[loss].gives_probabilities else "moves"
    return (
        f"At the start λ = {number(top, 5)} and 2/λ = {number(2 / top)}; with this loss λ {change} while the model learns, so "
        f"the border {moves}."
    )


def sharpness_table(moments: Sequence[SharpnessMoment]) -> pd.DataFrame:
    """Return a row a moment: `moment, step, sharpness, loss, accuracy`."""
    return pd.DataFrame(
        {
            "moment": range(len(moments)),
            "step": [one.snapshot.step for one in moments],
            "sharpness": [one.sharpness for one in moments],
            "loss": [one.snapshot.train_loss for one in moments],
            "accuracy": [one.snapshot.valid_accuracy for one in moments],
        }
    )


def sharpness_numbers(moments: Sequence[SharpnessMoment]) -> pd.DataFrame:
    """Return what the clock shows of each moment."""
    return pd.DataFrame(
        {
            "step": [number(one.snapshot.step) for one in moments],
            "λ": [number(one.sharpness) for one in moments],
            "2/λ": [number(2 / one.sharpness if one.sharpness else math.inf) for one in moments],
            "training loss": [number(one.snapshot.train_loss) for one in moments],
            "accuracy": [percent(one.snapshot.valid_accuracy) for one in moments],
        }
    )


def sharpness_diagnoses(config: TrainConfig, moments: Sequence[SharpnessMoment]) -> list[Diagnosis]:
    """Name what the run has done by each moment."""
    first = moments[0].sharpness
    losses, steps = [one.snapshot.train_loss for one in moments], [one.snapshot.step for one in moments]
    return [
        diagnose(
            losses[:count],
            lr=config.lr,
            steps=steps[:count],
            border=2 / first if first > 0 else None,
            quadratic=LOSSES[config.loss].is_quadratic,
            status=moments[count - 1].snapshot.status,
        )
        for count in range(1, len(moments) + 1)
    ]


def tell_sharpness(config: TrainConfig, moments: Sequence[SharpnessMoment]) -> list[str]:
    """Say where the sharpness stood beside the border at the start, and what became of both."""
    start, now = moments[0], moments[-1]
    border, first, loss = 2 / config.lr, start.sharpness, LOSSES[config.loss]
    what = ": it overshoots by more than it came" if first > border else ": it comes closer"
    sentences = [
        f"At the start λ = {number(first)} lies {'above' if first > border else 'below'} 2 / learning rate = {number(border)}. If "
        f"the loss kept its shape, each step would multiply the error along the sharpest direction by 1 − {number(config.lr)} × "
        f"{number(first)} = {number(1 - config.lr * first, 3)}{what}."
    ]
    step = now.snapshot.step
    if step == 0:
        return [*sentences, "Press **Train** and watch what happens to λ."]
    times = "once" if now.rises == 1 else f"{number(now.rises)} times"
    sentences.append(
        f"In {counted(step, 'step')} the loss went from {number(start.snapshot.train_loss, 3)} to {number(now.snapshot.train_loss, 3)} and rose {times}."
    )
    if now.snapshot.status == "diverged":
        return [*sentences, now.snapshot.reason]
    if loss.is_quadratic:
        told = "λ does not move: with the mean squared error the loss is one and the same parabola everywhere."
        return [*sentences, told]
    crossed = next((one for one in moments if one.sharpness < border), None)
    if first > border and crossed is not None:
        why = (
            " This is why cross-entropy forgives what the mean squared error does not."
            if loss.gives_probabilities
            else ""
        )
        return [
            *sentences,
            f"At step {number(crossed.snapshot.step)} λ has fallen below the border, to {number(crossed.sharpness, 3)}: a learning "
            f"rate that was too high at the start has become a good one.{why}",
        ]
    why = ": where the model is sure of itself, cross-entropy is flat" if loss.gives_probabilities else ""
    return [*sentences, f"λ went from {number(first)} to {number(now.sharpness)}{why}."]
