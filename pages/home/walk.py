"""The walk through the seven steps: each shows the real thing, taken from one real run."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import streamlit as st

from pages.ui.datasets import digits_of, preferred
from pages.ui.pictures import picture
from sgd_core.charts import digit_images, maps
from sgd_core.charts.history import loss_by_step
from sgd_core.charts.palette import ceiling
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.evaluation import predict, spread
from sgd_core.digits.training import Snapshot, train

ROUNDS = 60
SHOWN = 10  # images with predictions


@st.cache_resource(max_entries=16, show_spinner=False)
def run(dataset: str, seed: int) -> tuple[TrainConfig, list[Snapshot]]:
    """Return a short run of plain gradient descent from random weights: every image in every step."""
    config = TrainConfig(
        dataset=dataset, classes=(3, 7), init="normal", batch_size=None, lr=1.0, epochs=ROUNDS, seed=seed
    )
    return config, list(train(config, digits_of(dataset, config.classes)))


class Walk:
    """One run of the loop, and what each of its seven steps shows of it."""

    def __init__(self, seed: int) -> None:
        """Compute (or recall) the run of this seed on the best data set there is."""
        self.config, self.snapshots = run(preferred(), seed)
        self.digits = digits_of(self.config.dataset, self.config.classes)
        rows = spread(self.digits, SHOWN)
        self.images = self.digits.valid_images[rows].numpy()
        self.truth = self.digits.valid_labels[rows].numpy()
        self.steps: list[Callable[[], None]] = [
            self.initialize,
            self.predict,
            self.loss,
            self.gradient,
            self.step,
            self.repeat,
            self.stop,
        ]

    def show(self, step: int) -> None:
        """Draw one of the seven steps, 0 to 6."""
        self.steps[step]()

    def initialize(self) -> None:
        """Show the random weights."""
        before = self.snapshots[0]
        self._beside(
            lambda: self._map(before.weights, "The weights, drawn at random", _limit(before.weights)),
            "Begin anywhere",
            f"The model has one weight for each of the {before.weights.size} pixels and a bias. To begin with they are "
            "random numbers. Red pixels speak for a 3, blue ones for a 7; so far they know nothing about either.",
        )

    def predict(self) -> None:
        """Show what the random weights say about a few images."""
        right = self._answers(self.snapshots[0])
        _say(
            "Let the weights vote",
            "Multiply each pixel's ink by its weight and add everything up. Above zero the "
            f"model says 3, below zero 7. With random weights {right} of these {SHOWN} are right, "
            f"and {self.snapshots[0].valid_accuracy:.1%} of all the images it has never seen.",
        )

    def loss(self) -> None:
        """Show the loss as one number."""
        before = self.snapshots[0]
        st.metric("Loss over all training images", f"{before.train_loss:.4f}")
        _say(
            "One number for how wrong",
            "Small is good. It is the mean, over "
            f"{len(self.digits.train_images):,} images, of minus the logarithm of the probability that the model gave to "
            f"the right answer. Undecided about everything would be {np.log(2):.4f}. "
            f"Accuracy ({before.train_accuracy:.1%} here) will not do: nudge a weight, and it mostly does not change at all.",
        )

    def gradient(self) -> None:
        """Show the gradient as a map."""
        gradient = self.snapshots[1].gradient
        worst = np.unravel_index(np.abs(gradient).argmax(), gradient.shape)
        value = float(gradient[worst])
        self._beside(
            lambda: self._map(gradient, "The gradient", _limit(gradient), "gradient"),
            "Which way is worse?",
            "For every weight, the gradient says how the loss would change if that weight grew. All of them come out of "
            f"one backward pass. The strongest is {value:+.4f} at row {worst[1]}, column {worst[2]}: making that weight "
            f"larger makes the loss {'larger' if value > 0 else 'smaller'}.",
        )

    def step(self) -> None:
        """Show the weights after one step, and what that did to the loss."""
        before, after = self.snapshots[:2]
        self._beside(
            lambda: self._map(after.weights, "The weights after the step", _limit(before.weights)),
            "Go the other way",
            f"Each weight moves *against* its gradient, by learning rate × gradient; the learning rate here is "
            f"{after.lr:g}. One step took the loss from {before.train_loss:.4f} to {after.train_loss:.4f}.",
        )

    def repeat(self) -> None:
        """Show the loss over all rounds."""
        last = self.snapshots[-1]
        frame = pd.DataFrame({"step": [s.step for s in self.snapshots], "loss": [s.train_loss for s in self.snapshots]})
        frame["now"] = frame["step"] == ROUNDS
        picture(
            loss_by_step,
            frame,
            steps=ROUNDS,
            y_domain=(0.0, ceiling(float(frame["loss"].max()))),
            alt=f"The loss over {ROUNDS} rounds, from {frame['loss'].iloc[0]:.3f} to {last.train_loss:.3f}.",
        )
        _say(
            "Again, and again",
            f"Predict, loss, gradient, step: {ROUNDS} rounds of it took the loss from "
            f"{frame['loss'].iloc[0]:.3f} to {last.train_loss:.3f}.",
        )

    def stop(self) -> None:
        """Show where the run has come to."""
        first, last = self.snapshots[0], self.snapshots[-1]
        right = self._answers(last)
        _say(
            "Enough",
            f"We stop when the model is good enough, stops getting better, or time is up. Here after {ROUNDS} "
            f"rounds: {right} of these {SHOWN} are right, and {last.valid_accuracy:.1%} of all images it has never seen, up "
            f"from {first.valid_accuracy:.1%}. Train one yourself under **Digit training**.",
        )

    def _map(self, values: np.ndarray, title: str, limit: float, quantity: str = "weight") -> None:
        frame = maps.still_frame(values, [title], columns=1)
        picture(
            maps.still_maps,
            frame,
            width="content",
            count=1,
            columns=1,
            tile=252,
            limit=limit,
            quantity=quantity,
            alt=f"{title}: a map of {values.shape[1]} by {values.shape[2]} pixels from −{limit:g} to +{limit:g}.",
        )
        st.altair_chart(
            maps.color_bar(limit, width=230, quantity=quantity), width="content", alt=f"−{limit:g} to +{limit:g}"
        )

    def _answers(self, snapshot: Snapshot) -> int:
        decided = predict(snapshot, self.config, self.images).decided
        captions, right = digit_images.verdicts(decided, self.truth, self.digits.class_names)
        alt = f"{SHOWN} handwritten digits with what the model says; {sum(right)} are right."
        st.html(digit_images.digit_strip(self.images, captions, right, columns=5, tile=72, alt=alt))
        return sum(right)

    def _beside(self, draw: Callable[[], None], title: str, text: str) -> None:
        left, right = st.columns([2, 5], gap="large", vertical_alignment="center")
        with left:
            draw()
        with right:
            _say(title, text)


def _say(title: str, text: str) -> None:
    st.subheader(title, anchor=False)
    st.markdown(text)


def _limit(values: np.ndarray) -> float:
    return ceiling(float(np.abs(values).max()))
