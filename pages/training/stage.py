"""What the Digit training page shows while it trains: numbers, curves, weight maps, answers."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.training.session import bound
from pages.ui.datasets import digits_of, similarity_of
from pages.ui.pictures import picture
from sgd_core.charts import maps
from sgd_core.charts.history import accuracy_curve, split_curves
from sgd_core.charts.palette import ceiling, weight_limit
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.evaluation import predict, spread
from sgd_core.digits.history import history_frame
from sgd_core.digits.training import Snapshot
from sgd_core.playback import Playback

SHOWN = 8  # validation images with the model's answers


def stage(config: TrainConfig, run: Playback[Snapshot]) -> Callable[[Snapshot, bool], None]:
    """Lay out the page's slots; return what paints one snapshot into them."""
    numbers = [column.empty() for column in st.columns(4)]
    left, right = st.columns([3, 2], gap="large")
    loss, accuracy, note = left.empty(), left.empty(), left.empty()
    weights, scale = right.empty(), right.empty()
    right.caption("Some validation images, what the model says (✓ right, ✗ wrong)")
    answers = right.empty()
    digits = digits_of(config.dataset, config.classes)
    rows = spread(digits, SHOWN)
    sample = digits.valid_images[rows].numpy()
    truth = digits.valid_labels[rows].tolist()
    titles = _titles(digits.class_names)
    columns, tile = (1, 252) if len(titles) == 1 else (4, 78)
    similarity = similarity_of(config.dataset, config.classes)
    baselines = (("chance", 1 / len(digits.classes)), ("pixel similarity", similarity))

    drawn_limit = 0.0  # the colour bar is drawn again only when its scale has moved

    def paint(now: Snapshot, live: bool) -> None:
        nonlocal drawn_limit
        bound(run)
        seen = [snapshot for snapshot in run.history if snapshot.step <= now.step]
        history = history_frame(seen)
        for slot, (label, value) in zip(numbers, _numbers(now, config), strict=True):
            slot.metric(label, value)
        _paint_curves(loss, accuracy, history, config, baselines, live)
        limit = _limit(seen)
        layout: dict[str, Any] = {"count": len(titles), "columns": columns, "tile": tile}
        words = f"The weights after step {now.step:,}, on a scale from −{limit:g} to +{limit:g}."
        if live:
            frame = maps.live_frame(now.weights, titles, limit=limit, columns=columns)
            picture(maps.live_maps, frame, slot=weights, width="content", alt=words, live=True, **layout)
        else:
            frame = maps.still_frame(now.weights, titles, columns=columns)
            picture(maps.still_maps, frame, slot=weights, width="content", alt=words, limit=limit, **layout)
        if limit != drawn_limit:
            bar = maps.color_bar(limit, width=columns * tile - 20)
            scale.altair_chart(bar, width="content", alt=f"The colours run from −{limit:g} over zero to +{limit:g}.")
            if live or not drawn_limit:
                _note(note, now, history, similarity, live)
            drawn_limit = limit
        _paint_answers(answers, sample, truth, predict(now, config, sample).decided, digits.class_names, live)
        if not live:
            _note(note, now, history, similarity, live)

    return paint


def _paint_answers(
    slot: DeltaGenerator, images: np.ndarray, truth: list[int], decided: np.ndarray, names: tuple[str, ...], live: bool
) -> None:
    right = [bool(d == t) for d, t in zip(decided, truth, strict=True)]
    captions = [
        names[d] if ok else f"{names[d]}, is {names[t]}" for d, t, ok in zip(decided, truth, right, strict=True)
    ]
    picture(
        maps.digit_strip,
        maps.digit_frame(images, captions, right, columns=4),
        slot=slot,
        live=live,
        width="content",
        count=len(images),
        columns=4,
        tile=72,
        alt=f"{len(images)} validation images; the model is right about {sum(right)} of them.",
    )


def _titles(names: tuple[str, ...]) -> list[str]:
    return [f"for {names[0]} (red), for {names[1]} (blue)"] if len(names) == 2 else list(names)


def _numbers(now: Snapshot, config: TrainConfig) -> list[tuple[str, str]]:
    return [
        ("Epoch", f"{now.epoch:.2f} of {config.epochs}"),
        ("Training loss", _plain(now.train_loss)),
        ("Validation loss", _plain(now.valid_loss)),
        ("Validation accuracy", f"{now.valid_accuracy:.2%}"),
    ]


def _plain(value: float) -> str:
    return f"{value:.4f}" if math.isfinite(value) and abs(value) < 1e4 else f"{value:.3g}"


def _paint_curves(
    loss: DeltaGenerator,
    accuracy: DeltaGenerator,
    history: pd.DataFrame,
    config: TrainConfig,
    baselines: tuple[tuple[str, float], ...],
    live: bool,
) -> None:
    losses, right = history[["train_loss", "valid_loss"]].to_numpy(), history["valid_accuracy"].to_numpy()
    finite = losses[np.isfinite(losses)]
    frame = history[["epoch", "train_loss", "valid_loss", "valid_accuracy"]]
    if len(finite) < losses.size:
        frame = frame.replace([np.inf, -np.inf], np.nan)
    picture(
        split_curves,
        frame,
        slot=loss,
        live=live,
        epochs=float(config.epochs),
        top=ceiling(float(finite.max(initial=0)) * 1.02),
        alt=f"Training loss {losses[-1, 0]:.4g} and validation loss {losses[-1, 1]:.4g}.",
    )
    lowest = baselines[0][1] - 0.1  # a little below chance, unless the run itself goes there
    picture(
        accuracy_curve,
        frame,
        slot=accuracy,
        live=live,
        epochs=float(config.epochs),
        baselines=baselines,
        bottom=max(0.0, lowest) if right.min() > lowest else 0.0,
        alt=f"Validation accuracy {right[-1]:.2%}.",
    )


def _limit(seen: list[Snapshot]) -> float:
    """Return the end of the colour scale: it only grows, and begins wide enough for what a run's first steps promise."""
    largest = max(float(np.abs(snapshot.weights[np.isfinite(snapshot.weights)]).max(initial=0)) for snapshot in seen)
    promised = max((3 * snapshot.lr * float(np.abs(snapshot.gradient).max()) for snapshot in seen[1:2]), default=0.0)
    return weight_limit(max(largest, promised if math.isfinite(promised) else 0.0))


def _note(slot: DeltaGenerator, now: Snapshot, history: pd.DataFrame, similarity: float, live: bool) -> None:
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
        slot.info(
            f"Before the first step every weight is zero, the model cannot decide, and the loss is {now.train_loss:.4f}. "
            "Press **Train**.",
            icon=":material/play_arrow:",
        )
        return
    first = history.iloc[0]
    better = now.valid_accuracy - similarity
    slot.info(
        f"After {now.step:,} steps the training loss went from {first['train_loss']:.3f} to {now.train_loss:.3f}. The model is "
        f"{abs(better):.1%} {'better' if better >= 0 else 'worse'} than comparing with the mean images ({similarity:.1%}), "
        "which learns no weights at all.",
        icon=":material/visibility:",
    )
