"""What the Digit training page shows while it trains: numbers, curves, weight maps, answers."""

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.training.curves import curves_of, paint_curves
from pages.training.session import Run, bound
from pages.training.weight_maps import Maps
from pages.training.words import note, plain
from pages.ui.datasets import digits_of
from pages.ui.transport import Reading
from sgd_core.charts import digit_images
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.evaluation import predict, spread
from sgd_core.digits.training import Snapshot

SHOWN = 8  # validation images with the model's answers
Paint = Callable[[Snapshot, bool], None]


def stage(run: Run, quantity: str, also: Paint | None = None) -> Paint:
    """Lay out the page's slots; return what paints one snapshot into them, and into what stands elsewhere (`also`)."""
    config = run.config
    numbers = _Numbers([column.empty() for column in st.columns(4)])
    left, right = st.columns([3, 2], gap="large")
    loss, accuracy, said = left.empty(), left.empty(), left.empty()
    weights = Maps(right.empty(), right.empty(), run, quantity)
    answers = _Answers(right, config)
    drawn_limit, reading = 0.0, Reading()

    def paint(now: Snapshot, live: bool) -> None:
        nonlocal drawn_limit
        bound(run)
        if live:
            run.pause_if_due(now)
        record = run.playback.history
        seen = [snapshot for snapshot in record if snapshot.step <= now.step]
        grey = (
            run.origin.curves if run.origin else curves_of(record[len(seen) - 1 :]) if len(seen) < len(record) else None
        )
        if reading.due(live):
            numbers.paint(now)
        paint_curves(loss, accuracy, seen, grey, config, live)
        limit = weights.paint(now, seen, live)
        if not live or limit != drawn_limit:  # while it plays, the sentence needs no frames
            note(said, now, seen[0], config, live)
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
        decided = predict(now, self._config, self._images).decided
        if live and decided.tobytes() == self._drawn:
            return
        self._drawn = decided.tobytes()
        captions, right = digit_images.verdicts(decided, self._truth, self._names)
        alt = f"{len(captions)} validation images; the model is right about {sum(right)} of them."
        self._slot.html(digit_images.digit_strip(self._images, captions, right, columns=4, tile=72, alt=alt))
