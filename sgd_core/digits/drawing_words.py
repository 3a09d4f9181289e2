"""What a model answers for one's own drawing, moment by moment, and how far the drawing can be shifted."""

import hashlib

import numpy as np
import pandas as pd

from sgd_core.digits.drawing import Floats, shifted
from sgd_core.digits.evaluation import predict
from sgd_core.digits.losses import LOSSES
from sgd_core.digits.run import Run
from sgd_core.numbers import number, percent

SHIFTS = {"to the left": (0, -1), "to the right": (0, 1), "up": (-1, 0), "down": (1, 0)}  # pixels down and right


def outputs_of(run: Run, image: Floats) -> list[Floats]:
    """Return what the model of each moment answers for the drawing (H, W): an output a class."""
    key = "drawing " + hashlib.md5(image.tobytes(), usedforsecurity=False).hexdigest()
    two = len(run.digits.classes) == 2
    probable = LOSSES[run.config.loss].gives_probabilities

    def answer(at: int) -> Floats:
        outputs = predict(run.moments[at], run.config, image).outputs[0]
        return np.array([outputs[0], 1 - outputs[0]]) if two and probable else outputs

    return run.remember(key, answer)


def output_rows(run: Run, image: Floats) -> pd.DataFrame:
    """Return `outputs_of` as rows of bars: moment, name, value in [0, 1], the value as text in `shown`, truth (False)."""
    answers, loss = outputs_of(run, image), LOSSES[run.config.loss]
    count, values = len(answers[0]), np.concatenate(answers)
    return pd.DataFrame(
        {
            "moment": np.repeat(np.arange(len(answers)), count),
            "name": np.tile(np.array(run.digits.class_names[:count], dtype=object), len(answers)),
            "value": np.clip(np.nan_to_num(values), 0, 1),
            "shown": [percent(value, 3) if loss.gives_probabilities else number(value, 3) for value in values],
            "truth": False,
        }
    )


def tell_drawing(run: Run, image: Floats) -> str:
    """Say what the model answers for the drawing at the moment at rest, and how far it can be shifted."""
    at = min(run.at, len(run.moments) - 1)
    now, names = run.moments[at], run.digits.class_names
    if now.step == 0 and run.config.init == "zeros":
        return "Undecided: every weight is zero, so is the score. Press **Step**, and watch."
    answer = predict(now, run.config, image)
    if not np.isfinite(answer.scores).all():
        return "The run has diverged: its scores are no numbers, so it says nothing."
    decided = int(answer.decided[0])
    said = f"At step {number(now.step)} it says **{names[decided]}**."
    for way, (down, right) in SHIFTS.items():
        moved = np.stack([shifted(image, down * k, right * k) for k in range(1, max(image.shape) // 2)])
        other = np.flatnonzero(predict(now, run.config, moved).decided != decided)
        if len(other):
            return f"{said} Shifted {number(int(other[0]) + 1)} px {way} it says something else: the arrows show it."
    return said
