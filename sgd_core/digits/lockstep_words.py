"""What to notice about four runs in lock-step along the steepest direction."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sgd_core.descent.regime_names import UNDECIDED
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.lockstep import LETTERS, Lockstep
from sgd_core.digits.losses import LOSSES
from sgd_core.numbers import counted, number, percent


def lockstep_numbers(moments: Sequence[Lockstep]) -> pd.DataFrame:
    """Return what the clock shows of each moment."""
    rows = []
    for lane in moments:
        losses = lane.moment.losses
        if losses is None:
            continue
        loss, accuracy = losses.train_loss.numpy(), losses.valid_accuracy.numpy()
        rows.append(
            {"step": number(lane.moment.step)}
            | {f"loss {letter}": number(loss[place], 3) for place, letter in enumerate(LETTERS)}
            | {"accuracy B": percent(accuracy[1])}
        )
    return pd.DataFrame(rows)


def lockstep_card(lane: Lockstep) -> tuple[str, str, str]:
    """Return the last run's regime at a moment, the names of all four, and the reason of the last one's."""
    if lane.names[0] == UNDECIDED:
        return UNDECIDED, "Four rates, one start", "Too little has happened to tell; train on."
    names = ", ".join(f"{letter} {name}" for letter, name in zip(LETTERS, lane.names, strict=True))
    return lane.names[3], names, f"D: {lane.reasons[3]}"


def tell_steepest(config: TrainConfig, top: float, rates: Sequence[float], moments: Sequence[Lockstep]) -> list[str]:
    """Say what λ = `top` means for the four rates, and how far D's weights have turned into its direction."""
    now = moments[-1]
    parameters = [part[3].astype(float).ravel() for part in now.moment.parameters or ()]
    weights, exact = sum(map(len, parameters)), LOSSES[config.loss].is_quadratic
    shape = (
        f"The loss of this model is {weights} parabolas at right angles, as many as it has weights."
        if exact
        else f"Close to its first weights the loss of this model is nearly {weights} parabolas at right angles, as many as it has weights."
    )
    sentences = [
        f"{shape} The map on the left is the steepest one: its *a* "
        f"is λ = {number(top)}, so its border is 2/λ = {number(2 / top)}, as 2/a was for one weight.",
    ]
    if now.moment.step == 0:
        return [*sentences, "Press **Train**: four learning rates start together from weights of 0."]
    factors = ", ".join(f"{letter} {number(1 - rate * top, 3)}" for letter, rate in zip(LETTERS, rates, strict=True))
    each = "each step multiplies" if exact else "each of the first steps multiplies"
    sentences.append(
        f"Along it {each} the distance to the lowest place by 1 − learning rate × λ: {factors}. A negative factor is a zigzag; "
        "one beyond −1 grows."
    )
    length = float(np.linalg.norm(np.concatenate(parameters)))
    share = abs(now.along[3]) / length if 0 < length < np.inf else 1.0
    end = (
        "what explodes looks like the map on the left, or like its negative."
        if exact
        else "with this loss λ changes while the model learns, so what begins to grow need not explode."
    )
    sentences.append(
        f"After {counted(now.moment.step, 'step')} {percent(min(share, 1.0), 3)} of the length of D's weights lies along the steepest direction: {end}"
    )
    return sentences
