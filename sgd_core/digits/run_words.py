"""What a run of training says of itself: its losses, rates and what to notice."""

import math

from sgd_core.digits.training import Snapshot
from sgd_core.numbers import counted, number, percent, signed

BARELY = 1e-4  # of the loss: less than that is nothing


def loss_words(value: float) -> str:
    """Return a loss as people read it."""
    return f"{value:.4f}" if math.isfinite(value) and 1e-3 <= abs(value) < 1e3 else number(value)


def rates_of(now: Snapshot, begin: int) -> list[tuple[int, float]]:
    """Return where the learning rate was set by hand after the run began: steps and rates."""
    return [(step, lr) for step, lr in now.rates if step > begin]


def tell_run(
    now: Snapshot,
    first: Snapshot,
    baselines: list[tuple[str, float]],
    images: int,
    init: str,
    luck: tuple[float, float],
) -> list[str]:
    """Say what the moment shows: how it went, how it ended, which baseline is reached, how much of it is luck."""
    if now.status == "diverged":
        return [f"**Diverged.** {now.reason}"]
    if now.step == 0:
        start = "Every weight is zero, so every score is zero and the model cannot decide: each answer is the same."
        if init != "zeros":
            start = "The weights are random, and so are the answers."
        return [f"{start} The loss is {loss_words(now.train_loss)}. Press **Train**."]
    steps = now.step - first.step
    if steps == 0:
        return [f"The branch begins here, at step {number(now.step)}: change a setting, then press **Train**."]
    said = [f"**{now.status.capitalize()}.** {now.reason}"] if now.reason else []
    fell = first.train_loss - now.train_loss
    how = f"In {counted(steps, 'step')} the training loss "
    if abs(fell) < BARELY * abs(first.train_loss):
        why = "." if now.hidden_zeros else ": the steps are too small to get anywhere."
        said.append(f"{how}changed by {signed(-fell, 2)} only{why}")
    else:
        said.append(f"{how}went from {loss_words(first.train_loss)} to {loss_words(now.train_loss)}.")
    name, beaten = next_baseline(now.valid_accuracy, baselines)
    wrong = round((1 - now.valid_accuracy) * images)
    apart = round((now.valid_accuracy - beaten) * images)
    where = f"{counted(abs(apart), 'image')} {'better' if apart > 0 else 'worse'} than" if apart else "level with"
    said.append(
        f"{number(wrong)} of {number(images)} validation images {'is' if wrong == 1 else 'are'} wrong ({percent(1 - now.valid_accuracy, 2)}): {where} "
        f"“{name}” at {percent(1 - beaten, 2)}."
    )
    low, high = luck
    said.append(
        f"How much of that is luck? With other images of the same kind the error could as well be {percent(low, 2)} or "
        f"{percent(high, 2)}: what lies between them says little. The band shows it."
    )
    return said


def next_baseline(accuracy: float, baselines: list[tuple[str, float]]) -> tuple[str, float]:
    """Return the highest baseline that the accuracy has reached, or the lowest one."""
    ranked = sorted(baselines, key=lambda one: one[1])
    reached = [one for one in ranked if one[1] <= accuracy]
    return reached[-1] if reached else ranked[0]
