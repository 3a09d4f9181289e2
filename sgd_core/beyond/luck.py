"""Two settings with many seeds each, and the LR finder with many seeds: moments, numbers and words."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sgd_core.beyond.published import Check
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.digits.lr_range import SUGGESTIONS
from sgd_core.digits.seeds import Verdict, compare_seeds
from sgd_core.digits.sweep import SweepMoment, sweep_frame, sweeping_seeds
from sgd_core.numbers import number, percent

SEEDS = 32
LOOKS = 12  # an epoch at most: a sweep of MNIST's seeds takes seconds an epoch
SURE = 0.95
SIDES = ("A", "B", "No one can tell")


@dataclass(frozen=True, eq=False)
class Look:
    """Both settings at one moment: their seeds so far, and how surely A beats B."""

    epochs: tuple[float, float]
    values: tuple[pd.DataFrame, pd.DataFrame]
    verdict: Verdict


def looks_an_epoch(digits: Digits, size: int) -> int:
    """Return how often an epoch the seeds are compared."""
    return min(LOOKS, -(-len(digits.train_images) // size)) if len(digits.train_images) > 2000 else 1


def comparing(configs: Sequence[TrainConfig], digits: Digits, column: str) -> Generator[Look, None, None]:
    """Train both settings' seeds in turns; yield a look whenever both have come to the next one."""
    per_epoch = [-(-len(digits.train_images) // (config.batch_size or len(digits.train_images))) for config in configs]
    looks = looks_an_epoch(digits, configs[0].batch_size or 1)
    both: list[Iterator[SweepMoment]] = [
        sweeping_seeds(config, range(SEEDS), digits, snapshot_every=-(-steps // looks))
        for config, steps in zip(configs, per_epoch, strict=True)
    ]
    while True:
        now = [next((moment for moment in one if moment.losses is not None), None) for one in both]
        if now[0] is None or now[1] is None:
            return
        frames = [
            sweep_frame(range(SEEDS), [moment], config.epochs, name="seed")
            for moment, config in zip(now, configs, strict=True)
            if moment is not None
        ]
        verdict = compare_seeds(frames[0], frames[1], column)
        yield Look((now[0].epoch, now[1].epoch), (frames[0], frames[1]), verdict)


def written(value: float, column: str) -> str:
    """Write a value of that measure."""
    return percent(value, 4) if column == "valid_accuracy" else number(value, 3)


def spread(values: pd.Series) -> str:
    """Say from where to where the seeds spread."""
    finite = values[np.isfinite(values)]
    return number(float(finite.max() - finite.min()), 2) if len(finite) else "no number"


def look_numbers(moments: Sequence[Look], column: str) -> pd.DataFrame:
    """Return what the clock shows of each moment."""
    rows = []
    for look in moments:
        row = {"epoch": number(max(look.epochs), 3)}
        for letter, values, median in zip("AB", look.values, look.verdict.medians, strict=True):
            finite = values[column][np.isfinite(values[column])]
            row[f"lowest {letter}"] = written(finite.min() if len(finite) else np.nan, column)
            row[f"median {letter}"] = written(median, column)
        rows.append(row | {"A really better": percent(look.verdict.probability, 3)})
    return pd.DataFrame(rows)


def said_of(verdict: Verdict, column: str) -> str:
    """Say how surely one of the two is better."""
    return (
        f"the medians are {written(verdict.medians[0], column)} and {written(verdict.medians[1], column)}. A's median is really better "
        f"with a probability of {percent(verdict.probability, 3)} (one counts as sure from 95 % on). A single pair of runs would "
        f"have said A in {percent(verdict.wins, 3)} of all cases."
    )


def luck_answer(verdict: Verdict, column: str) -> tuple[str, str]:
    """Return which of `SIDES` is surely better, and how surely."""
    side = 0 if verdict.probability >= SURE else 1 if verdict.probability <= 1 - SURE else 2
    return SIDES[side], said_of(verdict, column)


def luck_check(look: Look, column: str) -> Check:
    """Return what is published of the spread of seeds beside what a look shows."""
    a, b = (spread(values[column]) for values in look.values)
    here = f"A {a}, B {b}" if max(look.epochs) else None
    return Check("Best seed minus worst seed", "small, but enough to look like progress", here)


def tell_luck(look: Look, column: str) -> list[str]:
    """Say what the seeds have in common, and whether A is really better."""
    if max(look.epochs) == 0:
        return [
            "A **seed** settles the chance in a run: the order of the images and the first weights. Nothing is trained yet.",
            "Press **Train**: all 64 runs move on together.",
        ]
    sentences = []
    for letter, values in zip("AB", look.values, strict=True):
        lost = int((values["status"] == "diverged").sum())
        finite = values[column][np.isfinite(values[column])]
        best = int(values["seed"].iloc[int(np.nanargmax(values[column]))]) if len(finite) else 0
        if len(finite):
            sentences.append(
                f"**{letter}**: from {written(finite.min(), column)} to {written(finite.max(), column)}, with nothing changed but the seed"
                + (f" (the highest is seed {best})" if column == "valid_accuracy" else "")
                + (f"; {lost} of {len(values)} seeds diverged." if lost else ".")
            )
    sentences.append("Over all seeds " + said_of(look.verdict, column))
    sentences.append(
        f"How likely is a gap like this if both were the same? The Mann-Whitney test says p = {number(look.verdict.p_value, 2)}. "
        "The probability comes from drawing seeds again from these, ten thousand times (the **bootstrap**)."
    )
    return sentences


def found_so_far(moments: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return what the tests have suggested, with the moment of each."""
    return pd.concat([part.assign(moment=at) for at, part in enumerate(moments)], ignore_index=True)


def finder_numbers(found: pd.DataFrame, names: Sequence[str], count: int) -> pd.DataFrame:
    """Return what the clock shows of each test."""
    rows = []
    for at in range(count):
        shown = found[found["moment"] <= at]
        row = {"tests": number(at + 1)}
        for kind in names:
            rates = shown[shown["suggestion"] == kind]["lr"]
            row[kind] = f"{number(rates.min(), 2)} to {number(rates.max(), 2)}" if len(rates) else "–"
        rows.append(row)
    return pd.DataFrame(rows)


def tell_finder(found: pd.DataFrame) -> list[str]:
    """Say how far the suggestions of all seeds so far lie apart."""
    tests = found["seed"].nunique()
    sentences = [
        "The **LR finder** lets the learning rate grow from step to step and reads a good one off the loss. Four ways to read it: "
        + " ".join(f"*{kind}*: {about[0].lower()}{about[1:]}" for kind, about in SUGGESTIONS.items())
    ]
    if tests < 2:
        return [*sentences, "One test is here. Press **Find 32 times**."]
    for kind, rows in found.groupby("suggestion", sort=False):
        low, high = float(rows["lr"].min()), float(rows["lr"].max())
        sentences.append(
            f"**{kind}**: from {number(low, 2)} to {number(high, 2)} over {len(rows)} seeds, a factor of {number(high / low, 3)}; "
            f"median {number(float(rows['lr'].median()), 2)}."
        )
    return sentences


def finder_factors(found: pd.DataFrame) -> dict[str, float]:
    """Return how many times the lowest rate the highest one is, for each kind of suggestion."""
    rates = found.groupby("suggestion")["lr"]
    return {str(kind): float(factor) for kind, factor in (rates.max() / rates.min()).items()}


def finder_answer(found: pd.DataFrame) -> tuple[str, str]:
    """Return which suggestion depends most on the luck of one test, and why."""
    factors = finder_factors(found)
    why = "; ".join(f"{kind} varies by a factor of {number(factor, 3)}" for kind, factor in factors.items())
    return max(factors, key=factors.__getitem__), f"{why}."


def finder_check(found: pd.DataFrame) -> Check:
    """Return what is published of the finder beside how far its suggestions lie apart, once there are two tests."""
    here = ", ".join(f"{kind}: up to {number(factor, 2)} times apart" for kind, factor in finder_factors(found).items())
    ours = here if found["seed"].nunique() > 1 else None
    return Check("Learning rates that one test suggests", "a single short run is enough", ours)


def achieved_medians(ends: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return the medians over the seeds of what each kind of suggestion achieved, in the order of `names`."""
    medians = ends.groupby("suggestion")[["lr", "valid_loss", "valid_accuracy"]].median()
    return medians.reindex(names).reset_index()
