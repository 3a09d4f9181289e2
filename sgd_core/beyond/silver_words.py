"""A race of silver steps against constant ones, and its worst cases, in numbers and words."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sgd_core.beyond.published import Check
from sgd_core.beyond.silver import RATE, SilverMoment, silver_bound
from sgd_core.numbers import number

SHORT, LONG = "The best constant step", "The silver steps"


def silver_numbers(race: list[SilverMoment], names: list[str], moments: np.ndarray) -> pd.DataFrame:
    """Return what the clock shows of each moment."""
    rows = []
    for step in moments:
        moment = race[int(step)]
        row = {"step": number(int(step)), "silver step × L": number(moment.taken["silver"], 4) if step else "–"}
        rows.append(row | {f"gap {name.rpartition(' ')[2]}": number(moment.gaps[name], 3) for name in names})
    return pd.DataFrame(rows)


def silver_table(race: list[SilverMoment], names: list[str]) -> pd.DataFrame:
    """Return a row a step: each rule's step and its distance from the lowest loss."""
    return pd.DataFrame(
        [(m.step, m.taken["silver"], *(m.gaps[name] for name in names)) for m in race],
        columns=["step", "silver step", *names],
    )


def tell_silver(race: list[SilverMoment], names: list[str], step: int) -> list[str]:
    """Say how the race stands at a step."""
    now, ends = race[step], race[-1]
    beyond = sum(moment.taken["silver"] > 2 for moment in race[1:])
    longest = max(race, key=lambda moment: moment.taken["silver"])
    sentences = [
        f"A constant step above 2/L diverges. {number(beyond)} of the {number(len(race) - 1)} silver steps are longer than 2/L; the longest, "
        f"{number(longest.taken['silver'], 4)}/L, is step {number(longest.step)}. The **gap** is the loss above the lowest loss there is.",
    ]
    if step == 0:
        return [*sentences, "Press **Play** and watch the gap at each long step."]
    gap = now.gaps["silver"]
    leader = min(names, key=lambda name: now.gaps[name])
    sentences.append(
        f"At step {number(step)} the silver gap is {number(gap, 3)}; the lowest is {number(now.gaps[leader], 3)} (**{leader}**)."
    )
    highest = max(race[1 : step + 1], key=lambda moment: moment.gaps["silver"] / race[moment.step - 1].gaps["silver"])
    times = highest.gaps["silver"] / race[highest.step - 1].gaps["silver"]
    if times > 1:
        sentences.append(
            f"Its worst moment was step {number(highest.step)}: a step of {number(highest.taken['silver'], 3)}/L made the gap "
            f"{number(times, 3)} times as large. Long steps clear the flat directions and stir up the sharp ones; the many short "
            "steps between them calm the sharp ones again."
        )
    best = min(gap for name, gap in ends.gaps.items() if name != "silver")
    sentences.append(
        f"After all {number(len(race) - 1)} steps the silver gap is {number(ends.gaps['silver'], 3)}, the best constant step's {number(best, 3)}: "
        f"{number(best / ends.gaps['silver'], 3)} times as much."
    )
    return sentences


def silver_answer(race: Sequence[SilverMoment]) -> tuple[str, str]:
    """Return which rule ends closest to the minimum, `SHORT` or `LONG`, and why."""
    ends = race[-1].gaps
    won = min(ends, key=ends.__getitem__) == "silver"
    why = "; ".join(f"{name} ends {number(gap, 3)} above the minimum" for name, gap in ends.items())
    return LONG if won else SHORT, f"{why}."


def silver_checks(
    race: Sequence[SilverMoment], doublings: int, largest: float, distance: float, needed: pd.DataFrame
) -> list[Check]:
    """Return the published rate and bound beside those of the worst cases and of the race of 2^doublings - 1 steps.

    `largest` is L, `distance` the squared distance from the start to the minimum, `needed` are `worst_cases`.
    """
    slope = float(np.polyfit(np.log(needed["kappa"]), np.log(needed["silver"]), 1)[0])
    bound = silver_bound(doublings) * largest * distance
    return [
        Check("Steps needed grow like κ to the power of", number(RATE, 3), number(slope, 3)),
        Check(
            f"Gap after {number(2**doublings - 1)} steps",
            f"at most {number(bound, 3)}",
            number(race[-1].gaps["silver"], 3),
        ),
    ]


def worst_case_table(needed: pd.DataFrame) -> pd.DataFrame:
    """Return every sixth of the `worst_cases` as text ready to read."""
    rows = needed.iloc[::6]
    return pd.DataFrame(
        {
            "κ": [number(kappa, 3) for kappa in rows["kappa"]],
            "silver steps": [number(round(count)) for count in rows["silver"]],
            "best constant step": [number(round(count)) for count in rows["constant"]],
        }
    )
