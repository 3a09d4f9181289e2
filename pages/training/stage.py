"""What the Digit training page shows while it trains: numbers, curves, weight maps, answers."""

import math
from collections.abc import Callable
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.training.session import CURVE, Run, bound
from pages.ui.datasets import dead_of, digits_of, similarity_of
from pages.ui.pictures import picture
from sgd_core.charts import maps
from sgd_core.charts.history import accuracy_curve, run_frame, rung_name, split_curves
from sgd_core.charts.palette import ceiling, weight_limit
from sgd_core.digits.baselines import published
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.evaluation import predict, spread
from sgd_core.digits.training import Snapshot

SHOWN = 8  # validation images with the model's answers
MOST_MAPS = 30
LIVE_POINTS = 200
QUANTITIES: dict[str, Callable[[Snapshot, Snapshot], np.ndarray]] = {
    "weights": lambda now, first: now.weights,
    "gradient": lambda now, first: now.gradient,
    "last step": lambda now, first: now.update,
    "change": lambda now, first: now.weights - first.weights,
}
Paint = Callable[[Snapshot, bool], None]


def stage(run: Run, quantity: str, also: Paint | None = None) -> Paint:
    """Lay out the page's slots; return what paints one snapshot into them, and into what stands elsewhere (`also`)."""
    config = run.config
    numbers = _Numbers([column.empty() for column in st.columns(4)])
    left, right = st.columns([3, 2], gap="large")
    loss, accuracy, note = left.empty(), left.empty(), left.empty()
    weights = _Maps(right.empty(), right.empty(), run, quantity)
    answers = _Answers(right, config)
    drawn_limit = 0.0

    def paint(now: Snapshot, live: bool) -> None:
        nonlocal drawn_limit
        bound(run)
        if live:
            run.pause_if_due(now)
        record = run.playback.history
        seen = [snapshot for snapshot in record if snapshot.step <= now.step]
        grey = (
            run.origin.curves if run.origin else _curves(record[len(seen) - 1 :]) if len(seen) < len(record) else None
        )
        numbers.paint(now)
        _paint_curves(loss, accuracy, seen, grey, config, live)
        limit = weights.paint(now, seen, live)
        if not live or limit != drawn_limit:  # while it plays, the sentence needs no frames
            _note(note, now, seen[0], config, live)
            drawn_limit = limit
        answers.paint(now, live)
        if also is not None:
            also(now, live)

    return paint


class _Numbers:
    """The four numbers of the moment; one that has not changed is not sent again."""

    def __init__(self, slots: list[DeltaGenerator]) -> None:
        self._slots, self._shown = slots, [""] * len(slots)

    def paint(self, now: Snapshot) -> None:
        """Show them."""
        values = [
            ("Training loss", plain(now.train_loss)),
            ("Validation loss", plain(now.valid_loss)),
            ("Validation accuracy", f"{now.valid_accuracy:.2%}"),
            ("Learning rate", f"{now.lr:.4g}"),
        ]
        for i, (label, value) in enumerate(values):
            if value != self._shown[i]:
                self._slots[i].metric(label, value)
                self._shown[i] = value


class _Maps:
    """The maps of one quantity on a scale that only grows."""

    def __init__(self, slot: DeltaGenerator, scale: DeltaGenerator, run: Run, quantity: str) -> None:
        self._slot, self._scale, self._quantity = slot, scale, quantity
        self._of, self._sizes, self._drawn = QUANTITIES[quantity], dict[int, float](), 0.0
        digits = digits_of(run.config.dataset, run.config.classes)
        self._titles, self._dead = (
            titles_for(run.config, digits.class_names),
            dead_of(run.config.dataset, run.config.classes),
        )
        self._columns, self._tile = _tiles(len(self._titles))

    def paint(self, now: Snapshot, seen: list[Snapshot], live: bool) -> float:
        """Draw the maps and, when it has moved, their scale; return the scale's end."""
        count = len(self._titles)
        values = self._of(now, seen[0])[:count]
        limit = self._limit(seen)
        layout: dict[str, Any] = {"count": count, "columns": self._columns, "tile": self._tile}
        words = f"{self._quantity.capitalize()} after step {now.step:,}, on a scale from −{limit:g} to +{limit:g}."
        slot = self._slot
        if live:
            frame = maps.moving_frame(values, limit=limit, columns=self._columns, tile=self._tile)
            layout["titles"] = tuple(self._titles)
            picture(maps.moving_maps, frame, slot=slot, width="content", alt=words, live=True, **layout)
        else:
            others = {
                name: of(now, seen[0])[:count] for name, of in QUANTITIES.items() if name in ("weights", "gradient")
            }
            others.pop(self._quantity, None)
            frame = maps.still_frame(values, self._titles, columns=self._columns, dead=self._dead, **others)
            layout |= {"quantity": self._quantity, "others": tuple(others), "dead": True}
            picture(maps.still_maps, frame, slot=slot, width="content", alt=words, limit=limit, **layout)
        if limit != self._drawn:
            bar = maps.color_bar(limit, width=self._columns * self._tile - 20, quantity=self._quantity)
            words = f"The colours run from −{limit:g} over zero to +{limit:g}."
            self._scale.altair_chart(bar, width="content", alt=words)
            self._drawn = limit
        return limit

    def _limit(self, seen: list[Snapshot]) -> float:
        for snapshot in seen:
            if snapshot.step not in self._sizes:
                values = self._of(snapshot, seen[0])
                self._sizes[snapshot.step] = float(np.abs(values[np.isfinite(values)]).max(initial=0))
        largest = max(self._sizes[snapshot.step] for snapshot in seen)
        if self._quantity in ("weights", "change"):  # wide enough for what the first step promises
            promised = max((3 * float(np.abs(s.update).max()) for s in seen[1:2]), default=0.0)
            largest = max(largest, promised if math.isfinite(promised) else 0.0)
        return weight_limit(largest)


class _Answers:
    """A few validation images with what the model says about them."""

    def __init__(self, place: DeltaGenerator, config: TrainConfig) -> None:
        digits = digits_of(config.dataset, config.classes)
        rows = spread(digits, SHOWN)
        self._config, self._names = config, digits.class_names
        self._images, self._truth = digits.valid_images[rows].numpy(), digits.valid_labels[rows].tolist()
        place.caption("Some validation images, what the model says (✓ right, ✗ wrong)")
        self._slot = place.empty()
        self._drawn: bytes | None = None

    def paint(self, now: Snapshot, live: bool) -> None:
        """Draw them; in a live frame only if an answer has changed."""
        names = self._names
        decided = predict(now, self._config, self._images).decided
        if live and decided.tobytes() == self._drawn:
            return
        self._drawn = decided.tobytes()
        right = [bool(d == t) for d, t in zip(decided, self._truth, strict=True)]
        captions = [
            names[d] if ok else f"{names[d]}, is {names[t]}"
            for d, t, ok in zip(decided, self._truth, right, strict=True)
        ]
        picture(
            maps.digit_strip,
            maps.digit_frame(self._images, captions, right, columns=4),
            slot=self._slot,
            live=live,
            width="content",
            count=len(captions),
            columns=4,
            tile=72,
            alt=f"{len(captions)} validation images; the model is right about {sum(right)} of them.",
        )


def titles_for(config: TrainConfig, names: tuple[str, ...]) -> list[str]:
    """Return the titles of the maps: one for two classes, one a class, or one a hidden unit (the first thirty)."""
    if config.model == "two_layer":
        return [f"unit {i + 1}" for i in range(min(config.hidden, MOST_MAPS))]
    return [f"for {names[0]} (red), for {names[1]} (blue)"] if len(names) == 2 else list(names)


def plain(value: float) -> str:
    """Return a loss as people read it."""
    return f"{value:.4f}" if math.isfinite(value) and abs(value) < 1e4 else f"{value:.3g}"


def signed(value: float) -> str:
    """Return a weight or a score as people read it, with its sign."""
    return f"{value:+.3f}".replace("-", "−")


def _rungs(config: TrainConfig) -> tuple[tuple[str, float], ...]:
    digits = digits_of(config.dataset, config.classes)
    return (
        ("chance", 1 / len(digits.classes)),
        ("pixel similarity, L1", similarity_of(config.dataset, config.classes)),
        ("pixel similarity, L2", similarity_of(config.dataset, config.classes, "l2")),
        *((entry.name, entry.accuracy) for entry in published(config.dataset, config.classes)),
    )


def _paint_curves(
    loss: DeltaGenerator,
    accuracy: DeltaGenerator,
    seen: list[Snapshot],
    grey: pd.DataFrame | None,
    config: TrainConfig,
    live: bool,
) -> None:
    now = seen[-1]
    frame, of_loss, of_accuracy = _curve_layout(_sparse(seen) if live else seen, grey, config)
    words = f"Training loss {now.train_loss:.4g} and validation loss {now.valid_loss:.4g}."
    picture(split_curves, frame, slot=loss, live=live, alt=words, **of_loss)
    words = f"Validation accuracy {now.valid_accuracy:.2%}."
    picture(accuracy_curve, frame, slot=accuracy, live=live, alt=words, **of_accuracy)


def _curve_layout(
    seen: list[Snapshot], grey: pd.DataFrame | None, config: TrainConfig
) -> tuple[pd.DataFrame, dict[str, Any], dict[str, Any]]:
    """Return the frame of both curves and the parameters of each, which say all that is on their axes."""
    history, ladder = _curves(seen), _rungs(config)
    losses = history[["train_loss", "valid_loss"]].to_numpy()
    if grey is not None:
        losses = np.concatenate([losses, grey[["train_loss", "valid_loss"]].to_numpy()])
    epochs = float(max(config.epochs, math.ceil(seen[-1].epoch)))
    lowest = ladder[0][1] - 0.1  # a little below chance, unless the run itself goes there
    return (
        run_frame(history, grey, _marks(seen)),
        {
            "epochs": epochs,
            "top": ceiling(float(losses[np.isfinite(losses)].max(initial=0)) * 1.02),
            "margin": max((rung_name(*rung) for rung in ladder), key=len),
        },
        {
            "epochs": epochs,
            "baselines": ladder,
            "bottom": max(0.0, lowest) if float(history["valid_accuracy"].min()) > lowest else 0.0,
        },
    )


def curve_charts(run: Run, seen: list[Snapshot]) -> list[alt.LayerChart]:
    """Return the two curves as they stand, as charts to keep."""
    frame, of_loss, of_accuracy = _curve_layout(seen, run.origin.curves if run.origin else None, run.config)
    return [split_curves(frame, **of_loss), accuracy_curve(frame, **of_accuracy)]


def map_chart(run: Run, seen: list[Snapshot]) -> alt.LayerChart:
    """Return the weight maps as they stand, as a chart to keep."""
    titles = titles_for(run.config, digits_of(run.config.dataset, run.config.classes).class_names)
    columns, tile = _tiles(len(titles))
    values = seen[-1].weights[: len(titles)]
    largest = float(np.abs(values[np.isfinite(values)]).max(initial=0))
    frame = maps.live_frame(values, titles, limit=weight_limit(largest), columns=columns)
    return maps.live_maps(frame, count=len(titles), columns=columns, tile=tile)


def _tiles(count: int) -> tuple[int, int]:
    """Return how many maps stand side by side, and the pixels of each."""
    return (1, 252) if count == 1 else (4, 78) if count <= 12 else (6, 52)


def _curves(snapshots: list[Snapshot]) -> pd.DataFrame:
    return pd.DataFrame({name: [getattr(snapshot, name) for snapshot in snapshots] for name in CURVE})


def _sparse(seen: list[Snapshot]) -> list[Snapshot]:
    """Return enough moments for a live curve: every second, fourth, eighth ... and the last, so that points stay put."""
    stride = 1
    while len(seen) / stride > LIVE_POINTS:
        stride *= 2
    return seen if stride == 1 else [*seen[:-1:stride], seen[-1]]


def _marks(seen: list[Snapshot]) -> list[tuple[float, str]]:
    """Return where the learning rate was changed by hand, as far as the run has gone."""
    marks = []
    for step, lr in seen[-1].rates[1:]:
        # a change comes after a recorded moment; if that was thinned out, the one before it stands nearest
        before = [snapshot.epoch for snapshot in seen if snapshot.step <= step]
        if before:
            marks.append((before[-1], f"lr {lr:g}"))
    return marks


def _note(slot: DeltaGenerator, now: Snapshot, first: Snapshot, config: TrainConfig, live: bool) -> None:
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
    name, beaten = _next_rung(now.valid_accuracy, _rungs(config))
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
