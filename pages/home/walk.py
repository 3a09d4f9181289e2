"""The walk through the seven steps: each shows the real thing, taken from one real run."""

from collections.abc import Callable
from functools import cached_property

import numpy as np
import pandas as pd
import streamlit as st

from pages.ui.datasets import digits_of, preferred, similarity_of
from pages.ui.page import Page
from pages.ui.shown import Moments, Picture, Speed
from sgd_core.charts import digit_images
from sgd_core.charts.film import Film, Tile
from sgd_core.charts.over_steps import over_steps
from sgd_core.charts.palette import ceiling
from sgd_core.charts.story import ink_bar, loss_curve
from sgd_core.digits import story_words as words
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.evaluation import predict, spread
from sgd_core.digits.first_steps import mistaken, on_loss_curve, one_step_from_zero, signed_ink
from sgd_core.digits.training import Snapshot, train

ROUNDS = 60
SHOWN = 10  # images with predictions
SIDE = 390  # screen pixels of a map that stands alone
PAIR = 296  # of two
TRIPLE = 196  # of three: as wide together
SPEEDS = [Speed("slow", 2, 2), Speed("normal", 5, 5), Speed("fast", 30, 30)]


@st.cache_resource(max_entries=16, show_spinner="Training a small model …")
def run(dataset: str, seed: int) -> tuple[TrainConfig, list[Snapshot]]:
    """Return a short run of plain gradient descent from random weights: every image in every step."""
    config = TrainConfig(
        dataset=dataset, classes=(3, 7), init="normal", batch_size=None, lr=1.0, epochs=ROUNDS, seed=seed
    )
    return config, list(train(config, digits_of(dataset, config.classes)))


@st.cache_resource(max_entries=4, show_spinner=False)
def from_zero(dataset: str) -> float:
    """Return the validation accuracy after one step from weights of zero."""
    config = TrainConfig(dataset=dataset, classes=(3, 7), lr=1.0)
    return one_step_from_zero(config, digits_of(dataset, config.classes)).valid_accuracy


class Walk:
    """One run of the loop, and what each of its seven steps shows of it: a picture at the left, words at the right."""

    def __init__(self, page: Page, seed: int) -> None:
        """Compute (or recall) the run of this seed on the best data set there is."""
        self.page, self.seed, self.dataset = page, seed, preferred()
        self.config, self.snapshots = run(self.dataset, seed)
        self.digits = digits_of(self.dataset, self.config.classes)
        self.names = self.digits.class_names
        self.steps: list[Callable[[], None]] = [
            self.initialize,
            self.predict,
            self.loss,
            self.gradient,
            self.step,
            self.repeat,
            self.stop,
        ]

    @cached_property
    def rows(self) -> np.ndarray:
        """The validation images that are shown with predictions."""
        return spread(self.digits, SHOWN)

    def show(self, step: int) -> None:
        """Draw one of the seven steps, 0 to 6."""
        self.steps[step]()

    def initialize(self) -> None:
        """Show the random weights."""
        before = self.snapshots[0]
        self._film("initialize", [before.weights[0]], ["random weights, ±{limit}"])
        self._say("Begin anywhere", words.initialize(before.weights.size))

    def predict(self) -> None:
        """Show what the random weights say about one image, and about a few."""
        before = self.snapshots[0]
        picture = self.page.hero.container()
        with self.page.hero:
            chosen = self.page.segments("image", "Which image", [str(i + 1) for i in range(SHOWN)], "1")
        row = int(self.rows[int(chosen) - 1])
        image, truth = self.digits.valid_images[row].numpy(), int(self.digits.valid_labels[row])
        ink = signed_ink(before, image)
        limits = _limit(before.weights), _limit(ink.signed)
        with picture:
            st.html(
                digit_images.equation(
                    image,
                    before.weights[0],
                    ink.signed,
                    limits,
                    tile=170,
                    alt="The image, the weights, and their product.",
                )
            )
        self.page.show(
            Picture(
                ink_bar(ink.for_first, ink.for_second, ink.bias, (self.names[0], self.names[1])),
                "The ink for each answer as bars to either side, and the score that is left of both.",
                where=picture,
            ),
            "ink",
        )
        answers = predict(before, self.config, self.digits.valid_images[self.rows].numpy()).decided
        captions, right = digit_images.verdicts(answers, self.digits.valid_labels[self.rows].numpy(), self.names)
        told = words.predict(ink, self.names, self.names[truth], sum(right), SHOWN, before.valid_accuracy)
        self._say("Let the weights vote", told)
        alt = f"{SHOWN} handwritten digits with what the model says; {sum(right)} are right."
        images = self.digits.valid_images[self.rows].numpy()
        with self.page.controls:
            st.html(digit_images.digit_strip(images, captions, right, columns=5, tile=50, alt=alt))

    def loss(self) -> None:
        """Show images on the curve of their loss, and the mean as one number."""
        before = self.snapshots[0]
        placed = on_loss_curve(before, self.config, self.digits)
        self.page.show(
            Picture(
                loss_curve(
                    self.digits.train_images[placed.rows].numpy(), placed.margins, placed.losses, before.train_loss
                ),
                "Training images on the curve of their loss: the worst on top at the left, the best at the right.",
            ),
            "loss",
        )
        self._say("One number for how wrong", words.loss(before, len(self.digits.train_images)))

    def gradient(self) -> None:
        """Show the gradient as a map, and which images made it."""
        gradient = self.snapshots[1].gradient[0]
        self._film("gradient", [gradient], ["the gradient, ±{limit}"], quantity="gradient")
        self._say(
            "Which way is worse?",
            words.gradient(gradient, mistaken(self.snapshots[0], self.config, self.digits), self.names),
        )

    def step(self) -> None:
        """Show the weights before and after one step, and the step between them on a scale of its own."""
        before, after = self.snapshots[:2]
        moved = after.weights[0] - before.weights[0]
        self._film(
            "step",
            [before.weights[0], moved, after.weights[0]],
            ["before, ±{limit}", "− lr × gradient, ±{limit}", "after, ±{limit}"],
            groups=[0, 1, 0],
            side=TRIPLE,
        )
        self._say("Go the other way", words.step(before, after))
        with self.page.controls:
            self.page.bet("from_zero", *words.from_zero_bet(from_zero(self.dataset)), about=self.dataset)

    def repeat(self) -> None:
        """Play all rounds: the map at the left, the loss beside it."""
        losses = [snapshot.train_loss for snapshot in self.snapshots]
        frame = pd.DataFrame({"moment": range(len(losses)), "step": range(len(losses)), "value": losses, "now": True})
        self._say("Again, and again", words.repeat(self.snapshots))
        loss = over_steps(
            frame, last=ROUNDS, y_domain=(0.0, ceiling(max(losses))), title="loss", dots=False, height=170
        )
        self._film(
            "repeat",
            [np.stack([s.weights[0], s.weights[0] - self.snapshots[0].weights[0]]) for s in self.snapshots],
            ["the weights, ±{limit}", "what they learned, ±{limit}"],
            groups=[0, 1],
            side=PAIR,
            moments=words.round_numbers(self.snapshots),
            pictures=[Picture(loss, f"The loss over {ROUNDS} rounds.", where="beside")],
        )

    def stop(self) -> None:
        """Show what was learned, what is still mistaken, and what had to be beaten."""
        last = self.snapshots[-1]
        left, right = self.page.hero.columns([13, 7])
        learned = last.weights[0] - self.snapshots[0].weights[0]
        self._film("stop", [learned], ["what it learned (end − start), ±{limit}"], where=left)
        answer = predict(last, self.config, self.digits.valid_images)
        wrong = np.flatnonzero(answer.decided != self.digits.valid_labels.numpy())
        captions, verdict = digit_images.verdicts(
            answer.decided[wrong[:6]], self.digits.valid_labels.numpy()[wrong[:6]], self.names
        )
        with right:
            st.markdown(f"**Still mistaken:** {len(wrong)} of {len(self.digits.valid_labels):,} new images")
            st.html(
                digit_images.digit_strip(
                    self.digits.valid_images[wrong[:6]].numpy(),
                    captions,
                    verdict,
                    columns=2,
                    tile=84,
                    alt="Images that the trained model still mistakes.",
                )
            )
        self._say("Enough", words.stop(self.snapshots, similarity_of(self.dataset, self.config.classes), ROUNDS))

    def _film(
        self,
        name: str,
        maps: list[np.ndarray],
        captions: list[str],
        *,
        groups: list[int] | None = None,
        side: int = SIDE,
        quantity: str = "weight",
        moments: pd.DataFrame | None = None,
        pictures: list[Picture] | None = None,
        where: st.delta_generator.DeltaGenerator | None = None,
    ) -> None:
        """Draw maps side by side or, with `moments`, one map for each moment."""
        tiles = [
            Tile(caption, i * (side + 12), 22, side, group=(groups or [0] * len(captions))[i])
            for i, caption in enumerate(captions)
        ]
        frames = maps if moments is not None else [np.stack(maps)]
        alt = " Then ".join(caption.removesuffix(", ±{limit}") for caption in captions) + ": a map of the pixels."
        film = Film(name, tiles, frames, alt[0].upper() + alt[1:], quantity=quantity)
        numbers = moments if moments is not None else pd.DataFrame({"": [""]})
        self.page.player(
            pictures or [],
            Moments(numbers, run=(self.dataset, self.seed, name)),
            film=film,
            film_place=where,
            speeds=SPEEDS,
            name=name,
        )

    def _say(self, title: str, sentences: list[str]) -> None:
        with self.page.controls:
            st.subheader(title, anchor=False)
            st.markdown("\n\n".join(sentence for sentence in sentences if sentence))


def _limit(values: np.ndarray) -> float:
    return ceiling(float(np.abs(values).max()))
