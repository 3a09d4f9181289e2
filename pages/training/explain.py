"""Why this answer: one image, and what each of its pixels adds to the score."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from pages.training.session import Run
from pages.training.stage import Paint
from pages.training.words import signed
from pages.ui.controls import Controls
from pages.ui.datasets import digits_of
from pages.ui.pictures import picture
from sgd_core.charts import digit_images, maps
from sgd_core.charts.answers import probability_bars
from sgd_core.charts.palette import weight_limit
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.digits.drawing import prepared
from sgd_core.digits.evaluation import predict
from sgd_core.digits.inspection import contributions, evaluate_images
from sgd_core.digits.losses import LOSSES
from sgd_core.digits.training import Snapshot

KINDS = ["by its number", "most wrong", "least sure", "of a cell", "draw one"]
FIRST = {"most wrong": "the most wrong", "least sure": "the least sure", "of a cell": "the clearest"}
CANVAS, PEN = 260, 22


def draw(controls: Controls, run: Run) -> Paint | None:
    """Let an image be chosen or drawn; return what paints its answer, live while training plays."""
    config = run.config
    digits = digits_of(config.dataset, config.classes)
    kind = controls.segments("why", "Which image", KINDS, KINDS[0], label_visibility="collapsed")
    left, middle, right = st.columns([5, 6, 5], gap="large")
    with left:
        if kind == "draw one":
            image, truth = _drawn(controls, config.dataset), None
        else:
            image, truth = _chosen(controls, kind, run, digits)
    if image is None and kind == "draw one":
        middle.info(
            "The canvas is blank, and a blank canvas is no digit: draw "
            f"{' or '.join(digits.class_names) if len(digits.classes) == 2 else 'a digit'} with mouse or finger.",
            icon=":material/draw:",
        )
    if image is None:
        return None
    with left:
        _as_seen(image, kind, truth, digits)
    return _Answer(middle, right, image, truth, config, digits).paint


def _chosen(controls: Controls, kind: str, run: Run, digits: Digits) -> tuple[np.ndarray | None, int | None]:
    """Return the chosen image with its class; nothing but a sentence when a cell of the matrix is empty."""
    rows, now, names = np.arange(len(digits.valid_labels)), run.playback.current, digits.class_names
    if kind != KINDS[0] and now is not None:
        evaluated = evaluate_images(now, run.config, digits)
        rows = np.argsort(-evaluated.losses if kind == "most wrong" else evaluated.margin, kind="stable")
        if kind == "of a cell":
            truth = names.index(controls.choice("cell_truth", "It is", names, names[-1]))
            answer = names.index(controls.choice("cell_says", "The model says", names, names[0]))
            fits = (digits.valid_labels.numpy() == truth) & (evaluated.predictions.decided == answer)
            rows = np.array([row for row in np.argsort(-evaluated.margin, kind="stable") if fits[row]], dtype=int)
            if not len(rows):
                st.caption(f"No image of {names[truth]} is called {names[answer]} at this moment.")
                return None, None
    label = "Validation image" if kind == KINDS[0] else f"Which of {len(rows):,}; 0 is {FIRST[kind]}"
    row = int(rows[min(controls.whole("image", label, 0, 9_999, 0), len(rows) - 1)])
    return digits.valid_images[row].numpy(), int(digits.valid_labels[row])


def _drawn(controls: Controls, dataset: str) -> np.ndarray | None:
    from streamlit_drawable_canvas import st_canvas  # needs a running server, so only when it is drawn

    result = st_canvas(
        stroke_width=PEN,
        stroke_color="#000000",
        background_color="#ffffff",
        width=CANVAS,
        height=CANVAS,
        drawing_mode="freedraw",
        return_image_data=True,
        key=controls.key("canvas"),
    )
    if result.image_data is None:
        return None
    rgba = np.asarray(result.image_data, dtype=np.float32) / 255
    ink = (1 - rgba[..., 0]) * rgba[..., 3]
    return prepared(ink.astype(np.float32), dataset)


def _as_seen(image: np.ndarray, kind: str, truth: int | None, digits: Digits) -> None:
    high, wide = image.shape
    caption = f"as the model sees it, {wide} × {high}" if truth is None else f"it is {digits.class_names[truth]}"
    alt = f"The image whose answer is explained: {caption}."
    st.html(digit_images.digit_strip(image[None], [caption], columns=1, tile=170, alt=alt))


class _Answer:
    """The answer to one image at whatever moment: the sentence, the probabilities, the contribution maps."""

    def __init__(
        self, middle: Any, right: Any, image: np.ndarray, truth: int | None, config: TrainConfig, digits: Digits
    ) -> None:
        self._image, self._truth, self._config, self._names = image, truth, config, digits.class_names
        self._middle, self._said, self._bars = middle.empty(), right.empty(), right.empty()
        self._limit = 0.0

    def paint(self, now: Snapshot, live: bool) -> None:
        """Explain the answer of this moment's weights."""
        names, two = self._names, len(self._names) == 2
        answer = predict(now, self._config, self._image)
        decided, outputs = int(answer.decided[0]), answer.outputs[0]
        found = contributions(now.parameters, self._image)
        if two:
            shown, titles = [0], [f"x × w: for {names[0]} (red), for {names[1]} (blue)"]
        else:
            other = next(int(k) for k in np.argsort(-outputs) if k != decided)
            if self._truth is not None and self._truth != decided:
                other = self._truth
            shown, titles = [decided, other], [f"x × w for {names[decided]}", f"x × w for {names[other]}"]
        self._maps(found.maps[shown], titles, live)
        self._said.markdown(self._sentence(found, shown, decided, outputs))
        values = [float(outputs[0]), float(1 - outputs[0])] if two else [float(value) for value in outputs]
        if self._config.loss == "mean_squared_error" and two:
            values = [float(outputs[0])]
        frame = pd.DataFrame(
            {
                "name": names[: len(values)],
                "value": np.clip(values, 0, 1),
                "truth": [i == self._truth for i in range(len(values))],
            }
        )
        frame["shown"] = [
            f"{value:.1%}" if self._config.loss != "mean_squared_error" else f"{value:.2f}" for value in values
        ]
        title = "score, aimed at 0 or 1" if self._config.loss == "mean_squared_error" else "probability"
        picture(
            probability_bars,
            frame,
            slot=self._bars,
            live=live,
            names=tuple(names[: len(values)]),
            title=title,
            alt="; ".join(f"{name} {shown}" for name, shown in zip(frame["name"], frame["shown"], strict=True)),
        )

    def _maps(self, values: np.ndarray, titles: list[str], live: bool) -> None:
        columns, tile = len(titles), 300 if len(titles) == 1 else 150
        self._limit = max(self._limit, weight_limit(float(np.abs(values[np.isfinite(values)]).max(initial=0))))
        layout: dict[str, Any] = {"count": columns, "columns": columns, "tile": tile}
        words = f"What each pixel adds to the score, on a scale to ±{self._limit:g}."
        if live:
            self._middle.html(maps.moving_html(values, titles, limit=self._limit, columns=columns, tile=tile))
        else:
            frame = maps.still_frame(values, titles, columns=columns)
            layout |= {"limit": self._limit, "quantity": "contribution"}
            picture(maps.still_maps, frame, slot=self._middle, width="content", alt=words, **layout)

    def _sentence(self, found: Any, shown: list[int], decided: int, outputs: np.ndarray) -> str:
        names = self._names
        lines = []
        for k in shown:
            total, bias, score = float(found.maps[k].sum()), float(found.bias[k]), float(found.score[k])
            whose = "Score" if len(names) == 2 else f"Score for {names[k]}"
            sign = "−" if bias < 0 else "+"
            lines.append(f"{whose}: all pixels {signed(total)} {sign} bias {abs(bias):.3f} = **{signed(score)}**")
        if len(names) == 2:
            threshold = LOSSES[self._config.loss].threshold
            lines.append(f"Above {threshold:g} is {names[0]}, below is {names[1]}: the model says **{names[decided]}**")
        else:
            lines.append(f"The highest score wins: the model says **{names[decided]}**")
        if self._truth is not None:
            lines[-1] += " ✓" if decided == self._truth else f" ✗, it is {names[self._truth]}"
        return "  \n".join(lines)
