"""Each number told of a drawing: the linear model's score in NumPy, for the drawing and for each of its shifts."""

import numpy as np
import pytest
import torch

from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import load_digits
from sgd_core.digits.drawing import shifted
from sgd_core.digits.drawing_words import SHIFTS, output_rows, outputs_of, tell_drawing
from sgd_core.digits.run import Run
from tests.numbers_in_words import numbers, written


def run_of(**settings: object) -> Run:
    config = TrainConfig(**settings)
    run = Run(config, load_digits("uci", config.classes))
    run.extend(40, 60.0)
    return run


def scores(run: Run, at: int, image: np.ndarray) -> np.ndarray:
    weight, bias = run.moments[at].parameters
    return weight.astype(np.float64) @ image.ravel() + bias


def answer(run: Run, at: int, image: np.ndarray) -> int:
    score = scores(run, at, image)
    border = 0.5 if run.config.loss == "mean_squared_error" else 0.0
    return int(score[0] < border) if len(score) == 1 else int(score.argmax())


def image_of(run: Run, row: int) -> np.ndarray:
    return run.digits.valid_images[row].numpy()


@pytest.mark.parametrize("loss", ["cross_entropy", "mean_squared_error"])
@pytest.mark.parametrize("classes", [(3, 7), None])
def test_the_bars_are_the_model_s_outputs_at_each_moment(classes: tuple[int, int] | None, loss: str) -> None:
    run = run_of(classes=classes, loss=loss, lr=0.02, epochs=3)
    image, names = image_of(run, 5), run.digits.class_names
    rows = output_rows(run, image)
    for at in range(len(run.moments)):
        score = torch.tensor(scores(run, at, image))
        if loss == "cross_entropy":
            chance = torch.sigmoid(score) if classes else torch.softmax(score, 0)
            values = torch.cat([chance, 1 - chance]) if classes else chance
        else:
            values = score
        mine = rows[rows["moment"] == at]
        assert mine["name"].tolist() == list(names[: len(values)])
        assert mine["value"].tolist() == pytest.approx(values.clamp(0, 1).tolist(), abs=1e-6)
        shown = written(*(100 * values if loss == "cross_entropy" else values), digits=3)
        assert [float(n) for text in mine["shown"] for n in numbers(text)] == pytest.approx(
            [float(n) for n in shown], rel=6e-3, abs=1e-5
        )
    assert len(outputs_of(run, image)) == len(run.moments)


@pytest.mark.parametrize("row", [0, 1, 2, 9])
@pytest.mark.parametrize("classes", [(3, 7), None])
def test_what_it_says_and_the_first_shift_that_changes_it(classes: tuple[int, int] | None, row: int) -> None:
    run = run_of(classes=classes, epochs=4, lr=0.1)
    image, names = image_of(run, row), run.digits.class_names
    for at in (1, 5, len(run.moments) - 1):
        run.at, said = at, answer(run, at, image)
        padded, found = np.pad(image, 8), None
        for way, (down, right) in (
            ("to the left", (0, -1)),
            ("to the right", (0, 1)),
            ("up", (-1, 0)),
            ("down", (1, 0)),
        ):
            for by in (1, 2, 3):
                moved = padded[8 - by * down : 16 - by * down, 8 - by * right : 16 - by * right]
                if answer(run, at, moved) != said and found is None:
                    found = (by, way)
        sentence = tell_drawing(run, image)
        step = str(run.moments[at].step)
        assert numbers(sentence) == [step, names[said], *([str(found[0])] if found else [])]
        assert found is None or f"px {found[1]} it says" in sentence


def test_undecided_diverged_and_late() -> None:
    run = run_of(epochs=1)
    run.at = 0
    assert tell_drawing(run, image_of(run, 0)).startswith("Undecided")
    run.at = 999  # further than there are moments: the last one
    assert numbers(tell_drawing(run, image_of(run, 0)))[0] == str(run.latest.step)
    lost = run_of(epochs=1)
    broken = tuple(np.full_like(array, np.nan) for array in lost.latest.parameters)
    object.__setattr__(lost.moments[-1], "parameters", broken)
    lost.at = len(lost.moments) - 1
    assert "says nothing" in tell_drawing(lost, image_of(lost, 0)), "a class was named whose score was no number"


def test_every_way_has_its_arrow_and_moves_one_pixel() -> None:
    dot = np.zeros((8, 8), dtype=np.float32)
    dot[3, 4] = 1
    ends = {way: tuple(int(one) for one in np.argwhere(shifted(dot, *by))[0]) for way, by in SHIFTS.items()}
    assert ends == {"to the left": (3, 3), "to the right": (3, 5), "up": (2, 4), "down": (4, 4)}
