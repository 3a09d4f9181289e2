"""How a model does on the validation images, in words: what it mistakes, how wrong that is, and how sure it was."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sgd_core.digits.inspection import Evaluated, common_mistake
from sgd_core.numbers import percent

SURE = 0.99
LONGEST = 6  # letters of a class's name over a small image


def matrix_rows(counts: NDArray[np.int64], names: tuple[str, ...]) -> pd.DataFrame:
    """Return a confusion matrix (see `confusion`) as a row a cell: truth, answer, count, share of the truth, right."""
    shares = counts / counts.sum(1, keepdims=True).clip(1)
    cells = [(i, j) for i in range(len(names)) for j in range(len(names))]
    rows = [(names[i], names[j], int(counts[i, j]), float(shares[i, j]), i == j) for i, j in cells]
    return pd.DataFrame(rows, columns=["truth", "answer", "count", "share", "right"])


def tell_matrix(counts: NDArray[np.int64], names: tuple[str, ...]) -> str:
    """Say how many images are right, and what is mistaken most often."""
    truth, answer = common_mistake(counts)
    return (
        f"{counts.trace():,} of {counts.sum():,} images are right; the most common mistake is to take {names[truth]} for "
        f"{names[answer]}, {counts[truth, answer] if truth != answer else 0} times."
    )


def count_words(count: int) -> str:
    """Return a number of images in words."""
    return "no image" if count == 0 else "1 image" if count == 1 else f"{count:,} images"


def has_room(evaluated: Evaluated, names: tuple[str, ...]) -> bool:
    """Tell whether `captions` have the answer's probability: where the model gives one and the names are short."""
    return evaluated.confidence is not None and max(map(len, names)) <= 2


def captions(evaluated: Evaluated, rows: Iterable[int], names: tuple[str, ...]) -> list[str]:
    """Return what stands over validation images: each one's number, the answer, and its probability if there is room."""
    sure = evaluated.confidence if has_room(evaluated, names) else None
    return [
        f"#{row}: {_short(names[evaluated.predictions.decided[row]])}"
        + ("" if sure is None else f", {int(100 * sure[row])} %")
        for row in rows
    ]


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"


def tell_evaluated(evaluated: Evaluated, names: tuple[str, ...]) -> list[str]:
    """Say what share of the loss the mistakes have, and whether sure answers are right ones."""
    wrong, total = evaluated.wrong, float(evaluated.losses.sum())
    mistakes = int(wrong.sum())
    said = []
    if mistakes and np.isfinite(total) and total > 0:
        said.append(
            f"Accuracy counts: {mistakes:,} of {len(wrong):,} wrong. Loss weighs: {percent(mistakes / len(wrong))} of the "
            f"images are wrong, and {percent(evaluated.losses[wrong].sum() / total, 2)} of the whole loss is theirs."
        )
    if evaluated.confidence is None:
        return [*said, "This loss aims its scores at 0 and 1; they are no probabilities, so none are shown."]
    sure = evaluated.confidence >= SURE
    misled, count = int((sure & wrong).sum()), int(sure.sum())
    if misled:
        row = int(np.where(wrong, evaluated.confidence, -1).argmax())
        said.append(
            f"Confident is not right: of the {count:,} answers given with at least {percent(SURE, 2)}, {misled:,} are wrong. Image "
            f"#{row} is called {names[evaluated.predictions.decided[row]]} with {percent(evaluated.confidence[row], 4)} and is "
            f"{names[evaluated.labels[row]]}."
        )
    elif count:
        said.append(
            f"Every answer given with at least {percent(SURE, 2)} is right here: {count:,} of them. That holds for these images "
            "and promises nothing for others: a model can be as confident about a scribble."
        )
    else:
        said.append(f"No answer is given with {percent(SURE, 2)} or more: the model is that sure of no image yet.")
    return said
