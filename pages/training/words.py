"""The words of the Digit training page: numbers as people read them, and the sentence under the curves."""

import math

from streamlit.delta_generator import DeltaGenerator

from pages.training.curves import rungs
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.training import Snapshot


def plain(value: float) -> str:
    """Return a loss as people read it."""
    return f"{value:.4f}" if math.isfinite(value) and abs(value) < 1e4 else f"{value:.3g}"


def signed(value: float) -> str:
    """Return a weight or a score as people read it, with its sign."""
    return f"{value:+.3f}".replace("-", "−")


def note(slot: DeltaGenerator, now: Snapshot, first: Snapshot, config: TrainConfig, live: bool) -> None:
    """Say under the curves what the moment shows: how it went, how it ended, which baseline is reached."""
    if live:
        slot.info(
            "Watch the curves fall while the weights take shape. Pause at any time, or change the learning rate: it "
            "takes effect at the next step.",
            icon=":material/visibility:",
        )
        return
    if now.status == "diverged":
        slot.error(f"**Diverged.** {now.reason}", icon=":material/trending_up:")
        return
    if now.step == 0:
        start = "Before the first step every weight is zero, the model cannot decide, and the loss is"
        if config.init != "zeros":
            start = "Before the first step the weights are random, so are the answers, and the loss is"
        slot.info(f"{start} {plain(now.train_loss)}. Press **Train**.", icon=":material/play_arrow:")
        return
    ended = f"**{now.status.capitalize()}.** {now.reason} " if now.reason else ""
    name, beaten = _next_rung(now.valid_accuracy, rungs(config))
    change = f"went from {plain(first.train_loss)} to {plain(now.train_loss)}"
    if abs(first.train_loss - now.train_loss) < 1e-4 * abs(first.train_loss):
        change = f"changed by {now.train_loss - first.train_loss:+.1e}; the steps are too small to get anywhere"
    apart = abs(now.valid_accuracy - beaten)
    where = (
        f"{100 * apart:.1f} points {'above' if beaten <= now.valid_accuracy else 'below'}"
        if apart >= 0.0005
        else "level with"
    )
    slot.info(
        f"{ended}In {now.step - first.step:,} steps the training loss {change}. At "
        f"{now.valid_accuracy:.1%} the model stands {where} {name} ({beaten:.1%}).",
        icon=":material/flag:" if ended else ":material/visibility:",
    )


def _next_rung(accuracy: float, ladder: tuple[tuple[str, float], ...]) -> tuple[str, float]:
    """Return the highest rung that the accuracy has reached, or the lowest one."""
    rungs = sorted(ladder, key=lambda rung: rung[1])
    reached = [rung for rung in rungs if rung[1] <= accuracy]
    return reached[-1] if reached else rungs[0]
