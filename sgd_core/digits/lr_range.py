"""The learning-rate range test: let the learning rate grow until the loss explodes, and read off a good one.

After L. N. Smith, Cyclical learning rates (2017). The smoothing, the stop rule and the four ways to read the curve are
those of fastai 2.8 (`Learner.lr_find`), so that its users find their numbers again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import Tensor

from sgd_core.digits.batches import Batches
from sgd_core.digits.config import TrainConfig, check_lr
from sgd_core.digits.datasets import Digits
from sgd_core.digits.engine import Engine

COLUMNS = ["lr", "loss", "smoothed"]
SUGGESTIONS = {
    "valley": "About the middle of the longest stretch over which the smoothed loss falls; a safe default.",
    "steep": "Where the smoothed loss falls most steeply, per decade of learning rate.",
    "minimum": "A tenth of the learning rate with the lowest smoothed loss, where it is already about to explode.",
    "slide": "The last place before the explosion at which the slope has not yet begun to change.",
}
SLIDE_WIDTH, SLIDE_CHANGE = 15, 0.005
BATCHES = 100  # of a test
EXPLODED = 2.0  # times the loss it began with: a mini-batch's loss above this says that the test has exploded
BRIEF = 0.7  # smoothing over about three mini-batches, to find the lowest loss before that

Array = NDArray[np.float64]


def lr_range_test(
    config: TrainConfig,
    digits: Digits,
    *,
    start: float = 1e-7,
    end: float = 10.0,
    batches: int = BATCHES,
    smoothing: float = 0.98,
    stop_at: float = 4.0,
) -> pd.DataFrame:
    """Train while the learning rate grows from `start` to `end`, by the same factor at each of so many mini-batches.

    Returns a row a mini-batch: lr, loss (of the mini-batch, before its step), smoothed (an exponential mean that keeps
    the share `smoothing` of what it was, corrected for its start). It ends early where the smoothed loss exceeds
    `stop_at` times its best, or the loss is not finite. `.attrs["suggestions"]` maps "valley", "steep", "minimum" (a
    tenth of it) and "slide" to learning rates, read off the curve without its first tenth and its last five
    mini-batches as fastai does; one that the curve is too short for is missing. Unlike fastai's, none lies after the
    explosion: `.attrs["highest"]` is the learning rate with the lowest loss before it (see `highest_lr`). `config.lr` and
    `config.epochs` are not used. Raises ValueError on values that make no sense.
    """
    start, end = check_lr(start), check_lr(end)
    if end <= start:
        raise ValueError(f"The learning rate has to grow: its end, {end:g}, must exceed its start, {start:g}.")
    if not isinstance(batches, int) or isinstance(batches, bool) or not 2 <= batches <= 100_000:
        raise ValueError(f"The number of mini-batches must be a whole number from 2 to 100,000, not {batches!r}.")
    if not 0 <= smoothing < 1:
        raise ValueError(f"The smoothing must be a number from 0 to below 1, not {smoothing!r}.")
    if not stop_at > 1:
        raise ValueError(f"The test must stop at more than 1 times the best loss, not {stop_at!r}.")
    wanted = tuple(range(10)) if config.classes is None else config.classes
    if wanted != digits.classes:
        raise ValueError(f"The configuration is for the classes {wanted}, but the digits are {digits.classes}.")
    engine = Engine(config, digits)
    rates = np.geomspace(start, end, batches)
    losses: list[float] = []
    best, mean = math.inf, 0.0
    for rate, rows in zip(rates, _endless(engine.batches), strict=False):
        engine.step(rows, float(rate))
        losses.append(engine.batch_loss.item())
        mean = smoothing * mean + (1 - smoothing) * losses[-1]
        smoothed = mean / (1 - smoothing ** len(losses))
        best = min(best, smoothed)
        if not math.isfinite(losses[-1]) or smoothed > stop_at * best:
            break
    loss = np.asarray(losses)
    frame = pd.DataFrame({"lr": rates[: len(loss)], "loss": loss, "smoothed": smooth(loss, smoothing)})
    first, last = batches // 10, len(frame) - 5
    frame.attrs["highest"] = highest_lr(frame["lr"].to_numpy(), loss)
    frame.attrs["suggestions"] = suggestions(
        frame["lr"].to_numpy()[first:last], frame["smoothed"].to_numpy()[first:last], frame.attrs["highest"]
    )
    return frame


def _endless(batches: Batches) -> Iterator[Tensor | slice]:
    while True:
        yield from batches.epoch()


def smooth(loss: Array, smoothing: float = 0.98) -> Array:
    """Return the exponential mean of `loss`, in which each value before counts `smoothing` times less; unbiased."""
    return pd.Series(loss).ewm(alpha=1 - smoothing).mean().to_numpy(dtype=float)


def highest_lr(lr: Array, loss: Array) -> float:
    """Return the learning rate at which the loss of the mini-batches was lowest before it exploded, if it did.

    It has exploded where it is more than twice what it was over the first tenth, or not finite. The smoothing that the
    suggestions are read off lags so far behind that by itself it would find its steepest fall beyond this place.
    """
    began = float(np.mean(loss[: max(1, len(loss) // 10)]))
    exploded = np.flatnonzero(~(loss <= EXPLODED * began))
    before = loss[: exploded[0]] if exploded.size and exploded[0] > 0 else loss[:1] if exploded.size else loss
    return float(lr[int(smooth(before, BRIEF).argmin())])


def suggestions(lr: Array, loss: Array, highest: float = math.inf) -> dict[str, float]:
    """Read learning rates off a curve: `lr` rising, `loss` (smoothed) beside it; what it is too short for is missing.

    None is above `highest`.
    """
    lr, loss = np.asarray(lr, dtype=float), np.asarray(loss, dtype=float)
    broken = np.flatnonzero(~np.isfinite(loss))
    if broken.size:
        lr, loss = lr[: broken[0]], loss[: broken[0]]
    read: dict[str, float] = {}
    if len(loss) >= 2:
        slopes = np.diff(loss) / np.diff(np.log(lr))
        below = max(1, int(np.searchsorted(lr[:-1], highest, side="right")))
        read["valley"] = float(lr[_valley(loss)])
        read["steep"] = float(lr[slopes[:below].argmin()])
        read["minimum"] = float(lr[loss.argmin()]) / 10
    if len(loss) > SLIDE_WIDTH:
        read["slide"] = float(lr[_slide(loss)])
    return {name: min(value, highest) for name, value in read.items()}


def _valley(loss: Array) -> int:
    """Return the place one half into the longest falling subsequence: a third and a sixth of its width after its start."""
    lengths = np.ones(len(loss), dtype=int)
    for i in range(1, len(loss)):
        higher = lengths[:i][loss[:i] > loss[i]]
        lengths[i] = 1 + higher.max(initial=0)
    end = int(lengths.argmax())
    start = end - int(lengths[end])
    third = (end - start) / 3
    return max(start + int(third) + int(third / 2), 0)


def _slide(loss: Array) -> int:
    """Slide a window down from the end until the slopes at its two ends agree; return its left end then."""
    slope = np.gradient(loss)
    right = len(loss) - 1
    left = place = right - SLIDE_WIDTH
    while left >= 0 and abs(slope[right] - slope[left]) > SLIDE_CHANGE:
        place = left
        right, left = right - 1, left - 1
    return place
