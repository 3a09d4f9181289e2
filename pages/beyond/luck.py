"""Was it luck? Two settings with thirty-two seeds each, and what the LR finder says with each seed."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from pages.beyond.digits import PAIR, choose_digits
from pages.beyond.paper import Check, paper_check
from pages.ui.datasets import digits_of
from pages.ui.page import Page
from pages.ui.player import Moments, Picture, Shown, Words
from sgd_core.charts.series import SOLID, A, B, decades, rate_strips, seed_bands
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.digits.lr_range import SUGGESTIONS
from sgd_core.digits.seeds import Verdict, achieved, compare_seeds, finding_over_seeds, seed_band
from sgd_core.digits.sweep import SweepMoment, sweep_frame, sweeping_seeds
from sgd_core.export.beyond import finder_seeds_script, seeds_script
from sgd_core.numbers import number, percent
from sgd_core.recording import Recording

SEEDS = 32
LOOKS = 12  # an epoch at most: a sweep of MNIST's seeds takes seconds an epoch
TWO, FINDER = "two settings", "the LR finder"
MEASURES = {"accuracy": "valid_accuracy", "loss": "valid_loss"}
LINES = {"A": (A, SOLID), "B": (B, SOLID)}
SIDES = ("A", "B", "No one can tell")
SURE = 0.95
SOURCE = (
    "Picard 2021, *torch.manual_seed(3407) is all you need*, [arXiv 2109.08203](https://arxiv.org/abs/2109.08203) "
    "(10,000 seeds on CIFAR-10: the spread is small, but outliers are easy to find)"
)


@dataclass(frozen=True, eq=False)
class Look:
    """Both settings at one moment: their seeds so far, and how surely A beats B."""

    epochs: tuple[float, float]
    values: tuple[pd.DataFrame, pd.DataFrame]
    verdict: Verdict


def luck(page: Page) -> None:
    """Choose what to repeat, and repeat it."""
    with page.controls:
        what = page.segments("luck_of", "Repeat with 32 seeds", [TWO, FINDER], TWO)
        dataset, digits = choose_digits(page)
    if what == TWO:
        _two(page, dataset, digits)
    else:
        _finder(page, dataset, digits)


def _two(page: Page, dataset: str, digits: Digits) -> None:
    with page.controls:
        lrs = (
            page.learning_rate("lr_a", 0.5, label="A's learning rate"),
            page.learning_rate("lr_b", 0.8, label="B's learning rate"),
        )
        size = int(page.segments("luck_batch", "Images a step", ["8", "16", "64", "256"], "16"))
        epochs = page.whole("luck_epochs", "Epochs", 1, 50, 3)
        measure = page.segments("luck_measure", "Judge by", list(MEASURES), "accuracy")
    configs = [TrainConfig(classes=PAIR, dataset=dataset, lr=lr, batch_size=size, epochs=epochs) for lr in lrs]
    column = MEASURES[measure]
    name = ("luck", tuple(configs), column)
    looks = _looks_an_epoch(digits, size)
    last = epochs * looks
    run = page.recording(name, lambda: Recording(_racing(configs, digits, column), last), ahead=3)
    if run.error or not run.moments:
        st.error(f"This cannot be repeated: {run.error}")
        return
    at = page.live(
        lambda: Shown(
            [_bands(run.moments, column, measure, epochs)],
            Moments(_numbers(run.moments, column), recording=run, last=last, keep=False),
        ),
        words=Words("Train 2 × 32 runs", "Train again", "Step"),
    )
    now, end = run.moments[at], run.moments[-1]
    with page.below:
        page.bet(
            "luck",
            f"Learning rate {number(lrs[0])} (A) or {number(lrs[1])} (B): which one is really better, and not only by luck?",
            SIDES,
            SIDES[winner(end.verdict)],
            _said(end.verdict, column),
            about=name,
            known=run.ended,
        )
    spreads = [_spread(values[column]) for values in now.values]
    paper_check(
        page,
        SOURCE,
        Check(
            "Best seed minus worst seed",
            "small, but enough to look like progress",
            f"A {spreads[0]}, B {spreads[1]}" if at else None,
        ),
    )
    page.notice(*tell(now, column))
    page.table(
        pd.concat([values.assign(setting=letter) for letter, values in zip("AB", now.values, strict=True)]),
        "Each seed at the moment shown",
        file="seeds",
    )
    page.code(seeds_script(configs[0], configs[1], range(SEEDS), len(digits.train_images)))


def _looks_an_epoch(digits: Digits, size: int) -> int:
    return min(LOOKS, -(-len(digits.train_images) // size)) if len(digits.train_images) > 2000 else 1


def _racing(configs: Sequence[TrainConfig], digits: Digits, column: str) -> Generator[Look, None, None]:
    """Train both settings' seeds in turns; yield a look whenever both have come to the next one."""
    per_epoch = [-(-len(digits.train_images) // (config.batch_size or len(digits.train_images))) for config in configs]
    looks = _looks_an_epoch(digits, configs[0].batch_size or 1)
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


def _bands(moments: Sequence[Look], column: str, measure: str, epochs: int) -> Picture:
    bands, ends = [], []
    for at, look in enumerate(moments):
        for letter, values in zip("AB", look.values, strict=True):
            bands.append(seed_band(values, column).assign(series=letter, moment=at))
            one = values[["seed", column]].rename(columns={column: "value"})
            ends.append(one.assign(series=letter, moment=at))
    frame, dots = pd.concat(bands), pd.concat(ends)
    if column == "valid_accuracy":
        y_domain, log = (0.85, 1.0), False
    else:
        first = float(moments[0].values[0][column].iloc[0])
        y_domain, log = decades(first / 30, first * 1.01), True
    return Picture(
        seed_bands(
            frame, dots, LINES, last=epochs, y_domain=y_domain, title=f"validation {measure}", log=log, percent=not log
        ),
        f"Validation {measure} over the epochs: band and median of 32 seeds of A and of B, and each seed's value at the right.",
    )


def _written(value: float, column: str) -> str:
    return percent(value, 4) if column == "valid_accuracy" else number(value, 3)


def _spread(values: pd.Series) -> str:
    finite = values[np.isfinite(values)]
    return number(float(finite.max() - finite.min()), 2) if len(finite) else "no number"


def _numbers(moments: Sequence[Look], column: str) -> pd.DataFrame:
    rows = []
    for look in moments:
        row = {"epoch": number(max(look.epochs), 3)}
        for letter, values, median in zip("AB", look.values, look.verdict.medians, strict=True):
            finite = values[column][np.isfinite(values[column])]
            row[f"lowest {letter}"] = _written(finite.min() if len(finite) else np.nan, column)
            row[f"median {letter}"] = _written(median, column)
        rows.append(row | {"A really better": percent(look.verdict.probability, 3)})
    return pd.DataFrame(rows)


def winner(verdict: Verdict) -> int:
    """Return 0 if A is surely better, 1 if B is, 2 if neither can be said."""
    return 0 if verdict.probability >= SURE else 1 if verdict.probability <= 1 - SURE else 2


def _said(verdict: Verdict, column: str) -> str:
    return (
        f"the medians are {_written(verdict.medians[0], column)} and {_written(verdict.medians[1], column)}. A's median is really better "
        f"with a probability of {percent(verdict.probability, 3)} (one counts as sure from 95 % on). A single pair of runs would "
        f"have said A in {percent(verdict.wins, 3)} of all cases."
    )


def tell(look: Look, column: str) -> list[str]:
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
                f"**{letter}**: from {_written(finite.min(), column)} to {_written(finite.max(), column)}, with nothing changed but the seed"
                + (f" (the highest is seed {best})" if column == "valid_accuracy" else "")
                + (f"; {lost} of {len(values)} seeds diverged." if lost else ".")
            )
    sentences.append("Over all seeds " + _said(look.verdict, column))
    sentences.append(
        f"How likely is a gap like this if both were the same? The Mann-Whitney test says p = {number(look.verdict.p_value, 2)}. "
        "The probability comes from drawing seeds again from these, ten thousand times (the **bootstrap**)."
    )
    return sentences


# ---- The LR finder with 32 seeds ----


def _found(moments: Sequence[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat([part.assign(moment=at) for at, part in enumerate(moments)], ignore_index=True)


def _finder(page: Page, dataset: str, digits: Digits) -> None:
    with page.controls:
        size = int(page.segments("luck_batch", "Images a step", ["8", "16", "64", "256"], "16"))
        epochs = page.whole("luck_epochs", "Epochs", 1, 50, 3)
    config = TrainConfig(classes=PAIR, dataset=dataset, batch_size=size, epochs=epochs)
    name = ("finder", config)
    run = page.recording(name, lambda: Recording(finding_over_seeds(config, digits, range(SEEDS)), SEEDS - 1), ahead=2)
    names = list(SUGGESTIONS)

    def shown_by_now() -> Shown:
        found = _found(run.moments)
        jitter = np.sin(12.9898 * (found["seed"] + 1)) * 0.6  # the same place for a seed in each row
        picture = Picture(
            rate_strips(found.assign(jitter=jitter), names, x_domain=(1e-4, 10.0)),
            "What the LR finder suggests, a dot for each seed and kind of suggestion; the thick tick is the median.",
        )
        numbers = _finder_numbers(found, names, len(run.moments))
        return Shown([picture], Moments(numbers, recording=run, last=SEEDS - 1, keep=False))

    at = page.live(shown_by_now, words=Words("Find 32 times", "Play again", "One seed"))
    shown = _found(run.moments[: at + 1])
    factors = {kind: float(rows["lr"].max() / rows["lr"].min()) for kind, rows in shown.groupby("suggestion")}
    widest = max(factors, key=factors.__getitem__)
    with page.below:
        page.bet(
            "finder",
            "Which suggestion depends most on the luck of one test?",
            names,
            widest,
            "; ".join(f"{kind} varies by a factor of {number(factor, 3)}" for kind, factor in factors.items()) + ".",
            about=name,
            known=run.ended,
        )
    paper_check(
        page,
        "L. Smith 2017, *Cyclical learning rates for training neural networks*, [arXiv 1506.01186](https://arxiv.org/abs/1506.01186); "
        "the four ways to read it are fastai's",
        Check(
            "Learning rates that one test suggests",
            "a single short run is enough",
            ", ".join(f"{kind}: up to {number(factor, 2)} times apart" for kind, factor in factors.items()),
        ),
    )
    page.notice(*tell_finder(shown))
    if run.ended:
        ends = achieved_of(config, tuple(map(tuple, shown[["seed", "suggestion", "lr"]].itertuples(index=False))))
        with page.more("What each suggestion achieves", ":material/trophy:"):
            st.caption(
                f"Each suggested learning rate was trained for {epochs} epochs; medians over the seeds' suggestions."
            )
            table = ends.groupby("suggestion")[["lr", "valid_loss", "valid_accuracy"]].median().reindex(names)
            st.dataframe(table.reset_index())
    page.table(shown.drop(columns="moment"), "Every suggestion", file="lr-finder-seeds")
    page.code(finder_seeds_script(config, range(SEEDS), len(digits.train_images)))


@st.cache_data(max_entries=16, show_spinner="Training with every suggestion …")
def achieved_of(config: TrainConfig, rows: tuple[tuple[int, str, float], ...]) -> pd.DataFrame:
    """Return what training with each suggestion achieves."""
    suggested = pd.DataFrame(rows, columns=["seed", "suggestion", "lr"])
    return achieved(config, digits_of(config.dataset, config.classes), suggested)


def _finder_numbers(found: pd.DataFrame, names: Sequence[str], count: int) -> pd.DataFrame:
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
