"""What to notice about the remedies on digits: what each run is called, and what theory says of each remedy."""

import math
from collections.abc import Sequence

import pandas as pd

from sgd_core.descent.diagnosis import Diagnosis, diagnose
from sgd_core.descent.regime_names import BOUNCING, GOOD
from sgd_core.descent.remedies import LIMIT, REMEDIES
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.losses import LOSSES
from sgd_core.digits.remedies import RemedyMoment, remedied
from sgd_core.numbers import counted, number

KEYS = tuple(REMEDIES)
SHOWN = ("none", "lower", "clip", "scale", "momentum", "adam")  # by the clock, which has no room for all


def remedy_diagnosis(config: TrainConfig, moments: Sequence[RemedyMoment], key: str) -> Diagnosis:
    """Name what the run with that remedy has done in these moments."""
    place = KEYS.index(key)
    return diagnose(
        [moment.losses[place] for moment in moments],
        lr=remedied(config, key).lr,
        valid_accuracy=[moment.accuracies[place] for moment in moments],
        status=moments[-1].statuses[place],
    )


def remedy_numbers(moments: Sequence[RemedyMoment]) -> pd.DataFrame:
    """Return what the clock shows of each moment."""
    return pd.DataFrame(
        [
            {"step": number(moment.step)}
            | {REMEDIES[key].title: number(moment.losses[KEYS.index(key)], 3) for key in SHOWN}
            for moment in moments
        ]
    )


def remedy_table(moments: Sequence[RemedyMoment]) -> pd.DataFrame:
    """Return a row a moment and remedy: `step, remedy, loss, accuracy`."""
    rows = [
        (moment.step, REMEDIES[key].title, loss, accuracy)
        for moment in moments
        for key, loss, accuracy in zip(KEYS, moment.losses, moment.accuracies, strict=True)
    ]
    return pd.DataFrame(rows, columns=["step", "remedy", "loss", "accuracy"])


def tell_remedies(
    config: TrainConfig, border: float, centred: float, moments: Sequence[RemedyMoment], found: Sequence[Diagnosis]
) -> list[str]:
    """Say which runs hold and which is lowest, and what moves the border.

    `border` is 2/λ at the first weights, `centred` the same with scaled inputs; `found` are the diagnoses of the runs at
    the last of the moments, in the order of `REMEDIES`.
    """
    now = moments[-1]
    sentences = [
        f"Eleven runs of the same model begin together at the learning rate {number(config.lr)}, {number(config.lr / border, 3)} times the border "
        f"2/λ = {number(border)}."
    ]
    if now.step == 0:
        return [*sentences, "Press **Train** and see which of them hold."]
    good, bouncing = (
        [REMEDIES[key].title for key, one in zip(KEYS, found, strict=True) if one.name == name]
        for name in (GOOD, BOUNCING)
    )
    lowest, best = min((loss if math.isfinite(loss) else math.inf, place) for place, loss in enumerate(now.losses))
    sentences.append(
        f"After {counted(now.step, 'step')} these are good: {', '.join(good) or 'none'}. The lowest loss, {number(lowest, 3)}, has "
        f"**{REMEDIES[KEYS[best]].title}**."
    )
    if bouncing:
        sentences.append(f"These hold but bounce: {', '.join(bouncing)}.")
    if REMEDIES[KEYS[0]].title in good:
        above = "As it is, the run is good although it began above the border: with this loss the border moves away. "
        below = "As it is, the run is good: there is nothing to cure below the border. "
        sentences.append(f"{above if config.lr > border else below}Take a higher learning rate and see what fails.")
    sentences.append(
        f"*Scaled inputs*: the mean image is taken away from every image. That alone moves the border from {number(border)} to {number(centred)}, since the "
        "sharpest direction is what all images have in common."
    )
    bounce = " and the bounce stays" if REMEDIES["clip"].title in bouncing else ""
    sentences.append(
        f"*Momentum* 0.9 moves the border to 2 (1 + 0.9)/λ = {number(1.9 * border)}. *Clipping* keeps a step from being longer than {number(LIMIT)} × the "
        f"learning rate: it stops an explosion, but near the minimum nothing is clipped{bounce}."
    )
    if LOSSES[config.loss].is_quadratic and config.lr > border:
        sentences.append(
            "A *schedule* that starts high explodes before it has come down; *warm-up* starts low but ends where the failing rate is. They help where the "
            "border itself moves, as with cross-entropy."
        )
    else:
        sentences.append("*Schedules* and *warm-up* help where the border itself moves, as with cross-entropy.")
    return sentences
