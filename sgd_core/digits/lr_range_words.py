"""What to notice about a learning-rate range test: where it ended, what it suggests, and how sure that is."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from sgd_core.numbers import number, percent

TITLES = {"valley": "Valley", "steep": "Steep", "minimum": "Minimum / 10", "slide": "Slide"}
STOPPED = 4  # times the best smoothed loss: there a test stops by itself


def range_in_words(test: pd.DataFrame, suggestions: Mapping[str, float]) -> str:
    """Describe the curve of a test and its suggestions to someone who cannot see it."""
    smoothed = test["smoothed"]
    read = ", ".join(f"{TITLES[name]} {number(lr, 2)}" for name, lr in suggestions.items())
    return (
        f"Smoothed loss against learning rate: from {number(smoothed.iloc[0], 3)} down to {number(smoothed.min(), 3)}; "
        f"suggestions {read}."
    )


def spread_in_words(spread: pd.DataFrame) -> str:
    """Describe what the seeds suggest (`seed, suggestion, lr`) to someone who cannot see it."""
    each = [
        f"{TITLES[name]} from {number(rates.min(), 2)} to {number(rates.max(), 2)}"
        for name, rates in spread.groupby("suggestion", sort=False)["lr"]
    ]
    return f"Suggestions of {spread['seed'].nunique()} seeds: {'; '.join(each)}."


def achieved_in_words(end: pd.Series, rates: pd.Series, epochs: int) -> str:
    """Say what training with a suggestion achieved (`train_loss, valid_accuracy`), and what all seeds suggest (`rates`)."""
    low, high = (number(rates.quantile(share), 2) for share in (0.25, 0.75))
    return (
        f"Trained for {epochs} epochs: loss **{number(end['train_loss'], 3)}**, accuracy "
        f"**{percent(end['valid_accuracy'])}**.  \n:small[{len(rates)} seeds: {number(rates.min(), 2)} to {number(rates.max(), 2)}, "
        f"half of them from {low} to {high}.]"
    )


def tell_range(
    test: pd.DataFrame, suggestions: Mapping[str, float], ends: pd.DataFrame, spread: pd.DataFrame
) -> list[str]:
    """Say how the test went, which suggestion is best when trained, and how far those of all seeds lie apart.

    `test` has `lr, smoothed`; `ends` has `suggestion, train_loss`; `spread` has `seed, suggestion, lr`.
    """
    first, last, lowest = test.iloc[0], test.iloc[-1], test.loc[test["smoothed"].idxmin()]
    begin = f"Over {len(test)} mini-batches the learning rate grows from 10⁻⁷, by the same factor each time. The smoothed loss is "
    if lowest["lr"] == first["lr"]:
        sentences = [
            f"{begin}{number(first['smoothed'], 3)} at the start and never below that, so it has no lowest place to read off."
        ]
    else:
        sentences = [
            f"{begin}{number(first['smoothed'], 3)} at the start and lowest, {number(lowest['smoothed'], 3)}, at the learning rate "
            f"{number(lowest['lr'], 2)}. There it is already about to rise: do not take that one, take a tenth."
        ]
    if last["smoothed"] > STOPPED * lowest["smoothed"] or not np.isfinite(last["smoothed"]):
        sentences.append(
            f"The test stopped by itself at {number(last['lr'], 2)}, after {len(test)} mini-batches: four times the best loss."
        )
    else:
        sentences.append(
            f"Even {number(last['lr'], 2)} has not brought the smoothed loss to four times its best, so the test went on to its "
            "end. Let it go further, or look at the single mini-batches (grey), which jump long before."
        )
    if len(suggestions) < 2:
        return sentences
    low, high = min(suggestions.values()), max(suggestions.values())
    losses = ends.set_index("suggestion")["train_loss"].replace(np.inf, np.nan)
    won = " Trained, all of them diverge."
    if losses.notna().any():
        won = f" Trained, **{TITLES[str(losses.idxmin())]}** gets the lowest loss."
    rates = spread.groupby("suggestion")["lr"]
    widths = rates.max() / rates.min()
    return [
        *sentences,
        f"The suggestions lie between {number(low, 2)} and {number(high, 2)}, a factor of {number(high / low, 2)}.{won} They are rules "
        "of thumb: the smoothing lags behind, and none of them knows how long you will train.",
        f"One test is one draw: over {spread['seed'].nunique()} orders of the images *{TITLES[str(widths.idxmax())]}* differs by a factor of "
        f"{number(widths.max(), 2)}.",
    ]
