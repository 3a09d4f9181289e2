"""What to notice about runs over a surface of two weights, what its minimum promises, and what its picture shows."""

import math

import numpy as np
import pandas as pd

from sgd_core.descent.bottom import Bottom, curvature_here
from sgd_core.descent.quadratic import Curvature, convergence_rates
from sgd_core.descent.race_words import tell_diverged
from sgd_core.descent.racers import Racer
from sgd_core.descent.ranking import Ranking
from sgd_core.descent.surfaces import VARIABLES, Surface, sharp_turns
from sgd_core.numbers import number

MOST_TOLD = 4  # sentences, before what is said of more runs is left out
FORECAST = 3  # runs whose forecast is told


def tell_two_weights(surface: Surface, bottom: Bottom | None, ranking: Ranking, step: int) -> list[str]:
    """Say what to notice at a step: who has diverged, zigzags or crawls; at step 0, what the minimum promises."""
    told = tell_diverged(ranking, step)
    if step == 0 and bottom:
        told += _forecast(bottom, ranking.racers)
    for place, (racer, run) in enumerate(zip(ranking.racers, ranking.runs, strict=True)):
        if step > 1 and len(told) < MOST_TOLD:
            told += _path(racer, run.iloc[: step + 1], ranking.arrived_by(place, step))
    here = curvature_here(surface, *(float(ranking.runs[0][name].iloc[step]) for name in VARIABLES))
    if here is not None and not (bottom and bottom.quadratic):
        told.append(f"Where A stands: {here.words}{_just_here(here, ranking.racers[0].lr)}")
    return told


def _forecast(bottom: Bottom, racers: list[Racer]) -> list[str]:
    """Say what the numbers at the minimum promise, before anything has moved."""
    curvature = bottom.curvature
    where = "" if bottom.quadratic else "near the minimum, "
    told = []
    for racer in racers[:FORECAST]:
        options = racer.optimizer.options
        if racer.optimizer.name != "sgd" or options["weight_decay"] or options["dampening"]:
            continue  # the formula is for descent with momentum and nothing else
        ends = [curvature.least, curvature.most]
        momentum = min(float(options["momentum"]), 1.0)
        rate = float(convergence_rates([racer.lr], [momentum], ends, nesterov=bool(options["nesterov"]))[0, 0])
        if abs(rate - 1) < 1e-9:
            what = "the distance stays as it is: it is at the border"
        elif rate < 1e-6:
            what = "one step is enough" if not momentum else "a few steps are enough"
        elif rate < 1:
            what = f"each step leaves about {number(rate, 3)} of the distance"
            if rate > 0.9995:
                what = f"each step takes only about {number(1 - rate, 3)} of the distance"
        else:
            what = "the distance grows: it is beyond the border"
        told.append(f"{racer.mark}, {racer.name}: in the long run, {where}{what}.")
    return told


def _path(racer: Racer, seen: pd.DataFrame, arrived: int | None) -> list[str]:
    turns, steps = sharp_turns(seen), len(seen) - 1
    if (seen["status"] == "diverged").any():
        return []
    if arrived is not None:
        swings = " It swung across the valley, too, but the swings died out." if turns > 0.3 * arrived else ""
        return [f"{racer.mark} stays within 1 % of the way from step {arrived:,} on.{swings}"]
    if turns > 0.5 * steps:
        return [f"{racer.mark} turned back in {turns:,} of its {steps - 1:,} turns: it **zigzags** across the valley."]
    lengths = np.hypot(seen["update_x"], seen["update_y"]).to_numpy()
    if turns == 0 and lengths[-1] > 0.3 * lengths[max(len(lengths) - 20, 1)] and steps > 20:
        if lengths[-1] > 2 * lengths[0]:
            return [
                f"{racer.mark} never turned back, and its steps grow, from {number(lengths[0], 3)} to {number(lengths[-1], 3)}: "
                "it **gathers speed**."
            ]
        return [f"{racer.mark} never turned back and still takes steps of {number(lengths[-1], 3)}: it **crawls**."]
    return [f"{racer.mark} turned back in {turns:,} of its {steps - 1:,} turns."]


def _just_here(here: Curvature, lr: float) -> str:
    if not math.isfinite(here.border):
        return " No learning rate is too high just here."
    side = "below" if lr < here.border else "above"
    return f" Just here 2/λ max is {number(here.border, 3)}, and A's learning rate {number(lr)} is {side} it."


def curvature_numbers(bottom: Bottom) -> dict[str, str]:
    """Return the eigenvalues at the minimum, the condition number and the border, as texts by their names."""
    curvature, place = bottom.curvature, "" if bottom.quadratic else " at the minimum"
    return {
        f"λ min{place}": number(curvature.least),
        f"λ max{place}": number(curvature.most),
        "Condition number": number(curvature.condition),
        "Border 2/λ max": number(curvature.border),
    }


def tell_curvature(curvature: Curvature, momentum: float) -> str:
    """Say what follows from the eigenvalues at a minimum, for plain descent and with this momentum."""
    lr, best = curvature.best_momentum
    if not best:
        return "It curves the same in every direction, so momentum has nothing to even out."
    return (
        f"λ says how strongly the loss curves: {number(curvature.least)} along the valley, {number(curvature.most)} across "
        "it. A plain step multiplies the distance in such a direction by 1 − learning rate × λ. It shrinks as long as the "
        f"learning rate is below 2/λ max = **{number(curvature.border)}**. The condition number is λ max / λ min.\n\n"
        f"Plain descent does best with 2/(λ min + λ max) = {number(curvature.best_lr)}: each step then leaves at worst "
        f"{number(curvature.factor(curvature.best_lr), 3)} of the distance.\n\n"
        f"With a momentum of β the border moves to 2 (1 + β)/λ max: with β = {number(momentum)} it is "
        f"{number(curvature.border_with(momentum))}. The best pair is a learning rate of {number(lr)} with a momentum of "
        f"{number(best, 3)}: it leaves about {number(math.sqrt(best), 3)} a step. The pushes across the valley cancel "
        "out, those along it add up."
    )


def tell_picture(surface: Surface, heights: np.ndarray, lowest: float, marks: np.ndarray) -> str:
    """Say what the picture of a surface's `heights` shows, drawn in bands between `marks`; `lowest` is its least loss."""
    holes = " Empty places have no value." if np.isnan(heights).any() else ""
    crosses = ("", " The cross is the lowest point.", " The crosses are the lowest points.")[
        min(len(surface.minima), 2)
    ]
    low, high = number(lowest, 3, scale=float(marks[-1] - marks[0])), number(marks[-1], 3)
    return (
        f"{surface.lesson} The bluer, the higher: from {low} to {high}. On a line the loss is the same all along."
        f"{crosses}{holes} Click to start somewhere else."
    )
