"""One weight's run in words: its numbers, what to notice at a step and at its end, and bets on where it goes."""

import math
from typing import NamedTuple

import numpy as np
import pandas as pd

from sgd_core.bet import Bet
from sgd_core.calculus.formula import Function
from sgd_core.calculus.kinks import kink
from sgd_core.descent.minimum import find_minimum
from sgd_core.descent.one_weight import SGD, lowest_in_picture, walk
from sgd_core.descent.regime_names import FALLING
from sgd_core.descent.regimes import classify
from sgd_core.descent.stop import divergence, safer_rate, within
from sgd_core.numbers import number, percent, signed

FAR = 2000  # steps looked ahead for the question how many it takes
CLOSE = 0.1  # of the step's length: a marker within it has won


def step_numbers(run: pd.DataFrame, moments: np.ndarray) -> pd.DataFrame:
    """Return what the clock shows at each moment (a step), as text."""
    here, before = run.iloc[moments], run.iloc[np.maximum(moments - 1, 0)]
    taken = np.where(moments > 0, before["update"].to_numpy(), np.nan)
    return pd.DataFrame(
        {
            "step": [number(int(step)) for step in moments],
            "w": [number(x) for x in here["x"]],
            "loss": [number(loss) for loss in here["loss"]],
            "slope": [signed(slope) for slope in here["gradient"]],
            "last step": ["–" if math.isnan(update) else signed(update) for update in taken],
        }
    )


def descent_numbers(rows: pd.DataFrame) -> pd.DataFrame:
    """Return what the clock shows of a descent at these of its rows: step, w, loss, slope."""
    return pd.DataFrame(
        {
            "step": [number(int(step)) for step in rows["step"]],
            "w": [number(x) for x in rows["x"]],
            "loss": [number(loss) for loss in rows["loss"]],
            "slope": [signed(slope) for slope in rows["gradient"]],
        }
    )


def tell_step(function: Function, run: pd.DataFrame, step: int, lr: float) -> list[str]:
    """Say what to notice at this step of a run of plain descent."""
    now = run.iloc[step]
    if now["status"] == "diverged":
        return _ended(function, run, lr)
    told = _start(now, lr) if step == 0 else _last_step(function, run, step, lr)
    if now["gradient"] == 0:
        told += _level(function, float(now["x"]), step)
    told.append(_beyond(function, float(now["x"])))
    if step == len(run) - 1:
        regime = classify(run, function)
        told.append(f"The whole run is called **{regime.name}**. {regime.reason}")
    return told


def _start(now: pd.Series, lr: float) -> list[str]:
    slope = float(now["gradient"])
    if slope == 0:
        return []
    side = "right" if slope < 0 else "left"
    return [
        f"The slope is {number(slope)}, so downhill is to the {side}: w goes **{side}, against the slope**.",
        f"The step will be the learning rate times the slope: {number(lr)} × {number(abs(slope))}. The learning rate "
        f"{number(lr)} is **not the distance**.",
        f"The loss is {number(now['loss'])} now. What will it be after the step?",
    ]


def _last_step(function: Function, run: pd.DataFrame, step: int, lr: float) -> list[str]:
    before, now = run.iloc[step - 1], run.iloc[step]
    slope, moved = float(before["gradient"]), float(before["update"])
    if moved == 0:
        return []
    side = "right" if moved > 0 else "left"
    old, new = number(before["loss"]), number(now["loss"])
    change = f"{'fell' if now['loss'] < before['loss'] else 'rose'}: {old} → {new}"
    if old == new:
        change = f"is {new} as before" if now["loss"] == before["loss"] else f"is {new} as before, to these digits"
    told = [
        f"The last step was {number(lr)} × {number(abs(slope))} = {number(abs(moved))} to the {side}, against the slope. "
        f"The loss {change}."
    ]
    return [*told, _why(function, run, step, lr)]


def _why(function: Function, run: pd.DataFrame, step: int, lr: float) -> str:
    """Say what was special about the last step."""
    before, now, first = run.iloc[step - 1], run.iloc[step], float(run["x"].iloc[0])
    bottom = find_minimum(function, first)
    way = abs(first - bottom.x) if bottom else math.nan
    if bottom and way > 0 and abs(float(run["x"].iloc[1]) - bottom.x) < 1e-9 * way:
        exact = ""
        if bottom.quadratic:
            exact = (
                f" The learning rate {number(lr)} is exactly 1 / {number(bottom.curvature)}, one over the curvature: on "
                "such a curve that is the best there is."
            )
        return f"**One step was enough**: the first one landed on the lowest place, w = {number(bottom.x)}.{exact}"
    update, ahead = float(before["update"]), float(now["update"])
    if ahead == 0 or not math.isfinite(ahead):
        return ""
    ratio = abs(ahead / update)
    if bottom and bottom.kink and abs(ratio - 1) < 1e-9:
        size = number(abs(float(now["gradient"])))
        if update * ahead < 0:
            return f"It hops over the kink. The slope is {size} in size on both sides, so no step is shorter than the last."
        return f"The slope is {size} in size all the way, so every step is equally long: it will not slow down at the kink."
    times = number(ratio, 3)
    length = f"The next step is {f'{times} times' if times != '1' else 'about' if ratio != 1 else 'just'} as long as this one"
    if update * ahead < 0:
        return f"{length} and goes **back the other way**: it went past the lowest place."
    if abs(ratio - 1) < 1e-9:
        return f"{length}, since the slope is the same here."
    return f"{length}, since the slope here is {'smaller' if ratio < 1 else 'larger'}."


def _level(function: Function, w: float, step: int) -> list[str]:
    sides = kink(function, w)
    if sides:
        return [
            f"Here is a kink: the slope is {signed(sides[0])} on the left and {signed(sides[1])} on the right, and none in "
            "between. PyTorch answers 0 at exactly this place, so w stays."
        ]
    if step:
        return ["The slope is 0 here, so every further step is 0 too: w stays where it is."]
    return [
        "The slope is 0 here, so the step is 0 too: w stays where it is.",
        "A flat place may be a valley, but just as well the top of a hill. The slope cannot tell.",
    ]


def _ended(function: Function, run: pd.DataFrame, lr: float) -> list[str]:
    """Explain why a run has no numbers any more, and what to change."""
    ended = divergence(run)
    if ended is None or ended.step == 0:
        return [f"The run cannot begin: {ended.reason if ended else ''}", "Choose a start on the curve."]
    first = f"The run ended at step {ended.step:,}, and this is no fault of the program: {ended.reason}"
    if classify(run, function).name == FALLING:
        return [
            first,
            "The loss fell all the way. There is no lowest place on that side, so there is no place to rest.",
        ]
    advice = safer_rate(function, float(run["x"].iloc[0]), lr, len(run) - 1, SGD)
    return [
        first,
        "A step past the lowest place can land higher up, where the slope is steeper. Then the next step is longer still.",
        tell_safer_rate(advice),
    ]


def tell_safer_rate(advice: tuple[float, float] | None) -> str:
    """Say what a rate found by `safer_rate` would do, or that none helps."""
    if advice is None:
        return "A smaller learning rate does not help here. Try another start."
    return (
        f"What to change: with the learning rate {number(advice[0], 3)} the same start stays finite and comes down to a "
        f"loss of {number(advice[1])}."
    )


def _beyond(function: Function, w: float) -> str:
    low, high = function.domain
    if low <= w <= high:
        return ""
    side = "right" if w > high else "left"
    return f"w = {number(w)} lies to the {side} of the picture. The arrow at its edge says where."


class Landing(NamedTuple):
    """How a guess of where a step lands turned out: won or not, and in numbers."""

    won: bool
    words: str


def landing(before: float, after: float, guess: float) -> Landing | None:
    """Compare a guess with where the step from `before` landed; None where that is no place."""
    length, error = abs(after - before), abs(guess - after)
    if not math.isfinite(error):
        return None
    size = f"{percent(error / length)} of the step" if length else "and the step is 0"
    words = f"it landed at w = {number(after)}, you were off by {number(error)}, {size}."
    return Landing(error <= CLOSE * length, words)


def first_step_bet(run: pd.DataFrame) -> Bet:
    """Ask what the loss does in the first step."""
    before, after = (float(loss) for loss in run["loss"].iloc[:2])
    options = ["lower", "higher", "the same", "no number at all"]
    if not (math.isfinite(after) and math.isfinite(before)):
        answer = options[3]
    else:
        answer = options[0] if after < before else options[1] if after > before else options[2]
    start, landed = (number(x) for x in run["x"].iloc[:2])
    return Bet(
        f"From w = {start}, with the learning rate {number(run['lr'].iloc[0])}: after one step, the loss is …",
        options,
        answer,
        f"it goes from {number(before)} to {number(after)}, since w goes from {start} to {landed}.",
    )


def steps_needed_bet(function: Function, start: float, lr: float) -> Bet:
    """Ask how many steps it takes until 1 % of the way down is left; they are taken when the answer is asked for."""
    options = ["at most 5", "6 to 20", "21 to 100", "more than 100", f"not within {FAR:,}"]

    def answer() -> tuple[str, str]:
        lowest = lowest_in_picture(function).loss
        needed = within(walk(function, start, (lr,), FAR)[0], lowest)
        if needed is None:
            return options[4], f"{FAR:,} steps from here do not get that near to {number(lowest)}."
        right = options[0 if needed <= 5 else 1 if needed <= 20 else 2 if needed <= 100 else 3]
        return right, f"step {needed:,} is the first within 1 % of the way down to {number(lowest)}."

    return Bet(
        "How many steps until only 1 % of the way down to the lowest loss in the picture is left?", options, answer
    )
