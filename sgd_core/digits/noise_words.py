"""What mini-batches of several sizes do, moment by moment, in numbers and words."""

import math

import numpy as np
import pandas as pd

from sgd_core.digits.config import TrainConfig
from sgd_core.digits.noise_moments import NAMES, BatchMoment
from sgd_core.numbers import number, percent

EARLY = 30  # steps
BELOW, ABOVE = 100, 4  # how far the picture reaches below and above the first loss


def losses_of(moments: list[BatchMoment]) -> pd.DataFrame:
    """Return a row a moment and batch size: `moment, batch, step, loss`; runs that have diverged have none."""
    rows = [
        (moment.step, name, moment.step, loss)
        for moment in moments
        for name, loss, gone in zip(NAMES, moment.losses, moment.diverged, strict=True)
        if np.isfinite(loss) and not gone
    ]
    return pd.DataFrame(rows, columns=["moment", "batch", "step", "loss"])


def noise_numbers(moments: list[BatchMoment]) -> pd.DataFrame:
    """Return what the clock shows of each moment."""
    rows = []
    for moment in moments:
        row = {"step": number(moment.step)}
        row |= {f"loss, {name}": number(loss, 3) for name, loss in zip(NAMES, moment.losses, strict=True)}
        if moment.clouds is not None:
            spread = moment.clouds.spreads["spread"]
            row |= {f"spread, {name}": number(spread.iloc[place], 3) for place, name in enumerate(NAMES[:3])}
        rows.append(row)
    return pd.DataFrame(rows)


def tell_noise(config: TrainConfig, border: float, moments: list[BatchMoment]) -> list[str]:
    """Say what the batch sizes have done so far, and why."""
    now, losses = moments[-1], losses_of(moments)
    sentences = [*_about_clouds(now)]
    if now.step == 0:
        return [*sentences, "Press **Train** to see what these clouds do to the loss."]
    half = losses[losses["step"] > now.step / 2]
    rises = {
        name: float((rows["loss"].diff().dropna() > 0).mean()) for name, rows in half.groupby("batch") if len(rows) > 1
    }
    if "all" in rises and "1" in rises:
        sentences.append(
            f"In the second half of the run the loss rose in {percent(rises['all'], 2)} of the steps with all images and in "
            f"{percent(rises['1'], 2)} of those with one."
        )
    early = [moment.turned for moment in moments[2 : EARLY + 1]]  # a bounce dies out, so its beginning tells
    if early:
        back = {name: sum(turned) / len(early) for name, turned in zip(NAMES, zip(*early, strict=True), strict=True)}
        sentences.append(
            f"Of the first {len(early) + 1} steps {percent(back['all'], 2)} turned back on the one before with all images, "
            f"{percent(back['16'], 2)} with 16, {percent(back['1'], 2)} with one. {_side(config.lr, border)}"
        )
    sentences.append(
        "SGD does not walk at random and skips no data: the middle of every cloud is the whole gradient, so on average each "
        "step goes where plain gradient descent would."
    )
    high = [
        f"{name} ({number(loss, 3)})"
        for name, loss in zip(NAMES, now.losses, strict=True)
        if ABOVE * moments[0].losses[0] < loss < math.inf
    ]
    if high:
        sentences.append(f"Above the picture now, by images a step: {', '.join(high)}.")
    gone = [name for name, over in zip(NAMES, now.diverged, strict=True) if over]
    if gone:
        why = (
            "A single image can bend the loss far more sharply than all do on average, so small batches need smaller learning rates."
            if config.lr < border
            else ""
        )
        sentences.append(f"Diverged: {', '.join(gone)}. Their curves have left the picture. {why}")
    return sentences


def _about_clouds(now: BatchMoment) -> list[str]:
    if now.clouds is None:
        return []
    points, spread = now.clouds.points, now.clouds.spreads["spread"].to_numpy()
    single = points[points["batch_size"] == 1]["along"]
    at = "before the first step" if now.clouds_at == 0 else f"at step {number(now.clouds_at)}"
    sentences = [
        f"The clouds are the gradients of 150 mini-batches {at}, at the weights of the run with all images. The green cross is the "
        "gradient of all images; orange dots would step uphill. One scale serves all four and the whole run: lengths of the "
        "gradient at the start."
    ]
    silent = float((single.abs() < 1e-9).mean())
    if silent > 0.1:
        sentences.append(
            f"{percent(silent, 2)} of the single images sit at 0 exactly: the model begins with weights of 0, so it scores every image 0, "
            "which is already right for a 7. A right answer has no gradient; only the 3s pull."
        )
    sentences.append(
        f"The spread shrinks with the root of the batch size: {number(spread[0], 3)} with 1 image, {number(spread[1], 3)} with 16 (a quarter "
        f"would be {number(spread[0] / 4, 3)}), {number(spread[2], 3)} with 256, in lengths of the present gradient and over all directions; the "
        "picture shows two of them."
    )
    return sentences


def _side(lr: float, border: float) -> str:
    """Say what the learning rate alone does, by where it lies."""
    two, one = f"2/λ = {number(border, 3)}", f"1/λ = {number(border / 2, 3)}"
    if lr > border:
        return f"The learning rate lies above {two}: it diverges even with all images, and no larger batch cures that."
    if lr > border / 2:
        return (
            f"The learning rate lies between {one} and {two}: turning back with all images is its own bounce along the sharpest "
            "direction, and dies out; what the smaller batches add is noise, and stays."
        )
    return f"The learning rate lies below {one}: alone it never turns back, so whatever does is noise of the batch."
