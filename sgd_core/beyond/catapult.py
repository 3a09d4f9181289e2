"""Three runs from one start, below and above the border: what each has done, in numbers and words."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sgd_core.beyond.edge import EdgeMoment, EdgeSettings
from sgd_core.beyond.published import Check
from sgd_core.numbers import number

LETTERS = ("A", "B", "C")
RISE = ("It falls from the first step on", "It rises first, then falls", "It rises until it is no number any more")
Trio = tuple[EdgeMoment, ...]


def moments_of(moments: Sequence[Trio], place: int) -> list[tuple[int, EdgeMoment]]:
    """Return one run's own moments with their places; what stands still after its end is left out."""
    kept: list[tuple[int, EdgeMoment]] = []
    for at, trio in enumerate(moments):
        if not kept or trio[place] is not kept[-1][1]:
            kept.append((at, trio[place]))
    return kept


def share(moments: Sequence[Trio], place: int) -> float:
    """Return the run's last finite sharpness over its first."""
    sharp = [one.sharpness for _, one in moments_of(moments, place) if np.isfinite(one.sharpness)]
    return sharp[-1] / sharp[0]


def kind_of(moments: Sequence[Trio], place: int) -> int:
    """Return which of `RISE` a run does."""
    own_moments = moments_of(moments, place)
    losses = np.concatenate([one.losses for _, one in own_moments])
    if own_moments[-1][1].status == "diverged":
        return 2
    return 1 if losses.max() > 1.02 * losses[0] else 0


def why_it_rose(moments: Sequence[Trio], settings: EdgeSettings) -> str:
    """Say how high the second run was thrown, and where it came down."""
    losses = np.concatenate([one.losses for _, one in moments_of(moments, 1)])
    top = int(losses.argmax())
    return (
        f"with the learning rate {number(settings.lr, 3)} the loss goes from {number(losses[0], 3)} to a highest "
        f"{number(losses[top], 3)} at step {top}, and is {number(losses[-1], 3)} at step {len(losses) - 1}."
    )


def catapult_numbers(moments: Sequence[Trio]) -> pd.DataFrame:
    """Return what the clock shows of each moment."""
    rows = []
    for trio in moments:
        row = {"step": number(max(one.step for one in trio))}
        for letter, one in zip(LETTERS, trio, strict=True):
            row[f"loss {letter}"] = "lost" if one.status == "diverged" else number(one.loss, 3)
        row["λ of A, B, C"] = ", ".join(
            "lost" if one.status == "diverged" else number(one.sharpness, 3) for one in trio
        )
        rows.append(row)
    return pd.DataFrame(rows)


def catapult_table(moments: Sequence[Trio]) -> pd.DataFrame:
    """Return a row a run and moment."""
    rows = [
        (letter, one.step, one.lr, one.loss, one.sharpness, one.border, one.status)
        for place, letter in enumerate(LETTERS)
        for _, one in moments_of(moments, place)
    ]
    return pd.DataFrame(rows, columns=["run", "step", "lr", "loss", "sharpness", "border", "status"])


def seen_to_rise(moments: Sequence[Trio], multiples: Sequence[float]) -> str:
    """Say at which multiples of the border a catapult was seen."""
    seen = [number(times, 3) for place, times in enumerate(multiples) if kind_of(moments, place) == 1]
    lost = [number(times, 3) for place, times in enumerate(multiples) if kind_of(moments, place) == 2]
    words = f"at {' and '.join(seen)} times" if seen else "not yet"
    return f"{words}; lost at {' and '.join(lost)} times" if lost else words


def catapult_checks(moments: Sequence[Trio], multiples: Sequence[float]) -> list[Check]:
    """Return what is published of the catapult beside what the moments show."""
    landed = [
        f"{number(share(moments, place), 2)} times the start"
        for place, times in enumerate(multiples)
        if times > 1 and moments[-1][place].status != "diverged"
    ]
    after = ", ".join(landed) or "no rate beyond 1 is left"
    return [
        Check("Where the catapult is seen", "from 1 to about 2 times 2/λ", seen_to_rise(moments, multiples)),
        Check("Sharpness afterwards", "lower than at the start", after if len(moments) > 1 else None),
    ]


def tell_catapult(moments: Sequence[Trio], multiples: Sequence[float]) -> list[str]:
    """Say what the three runs have done so far."""
    first = moments[0][0]
    sentences = [
        f"The **sharpness** λ is the largest second derivative of the loss, over all directions of the weights. It is "
        f"{number(first.sharpness, 3)} at the start, so the rule forbids learning rates above 2/λ = {number(2 / first.sharpness, 3)}."
    ]
    if len(moments) == 1:
        return [*sentences, "Press **Train**: A obeys the rule, B and C break it."]
    for place, letter in enumerate(LETTERS):
        mine = moments_of(moments, place)
        losses = np.concatenate([one.losses for _, one in mine])
        said = f"**{letter}**, {number(multiples[place], 3)} times the border: "
        kind = kind_of(moments, place)
        if kind == 2:
            said += f"lost at step {mine[-1][1].step}. No flatter place came in time to save it."
        elif kind == 1:
            said += (
                f"the loss rose from {number(losses[0], 3)} to {number(losses.max(), 3)} and is {number(losses[-1], 3)} now. "
                f"The large steps threw it to a place where λ is {number(share(moments, place), 2)} times the first one."
            )
        else:
            said += (
                f"the loss went from {number(losses[0], 3)} to {number(losses[-1], 3)}; λ is {number(share(moments, place), 2)} "
                "times the first one."
            )
        sentences.append(said)
    alive = {letter: moments[-1][place].loss for place, letter in enumerate(LETTERS) if kind_of(moments, place) < 2}
    if alive:
        best = min(alive, key=alive.__getitem__)
        broke = multiples[LETTERS.index(best)] > 1
        sentences.append(
            f"The lowest loss so far, {number(alive[best], 3)}, is {best}'s"
            + (": a rate that the rule forbids is ahead." if broke else ".")
            + " The rule holds for a parabola, whose bend is the same everywhere. A network can move to where it bends less."
        )
    return sentences
