"""How one image's answer comes about: its score as a sum, and what is made of the score."""

import pandas as pd

from sgd_core.digits.evaluation import Predictions
from sgd_core.digits.inspection import Contributions, Floats, score_parts
from sgd_core.digits.losses import Loss
from sgd_core.numbers import number, percent, signed


def score_rows(found: Contributions, of: int) -> pd.DataFrame:
    """Return `score_parts` as a frame: name, begin, end, kind, and the amount as text in `shown`."""
    frame = pd.DataFrame(score_parts(found, of), columns=["name", "begin", "end", "kind"])
    frame["shown"] = [signed(amount, 3) for amount in frame["end"] - frame["begin"]]
    return frame


def tell_sum(found: Contributions, of: int) -> str:
    """Say what the parts of score number `of` add up to."""
    return f"The strongest pixels, the others and the bias add up to {signed(float(found.score[of]), 3)}."


def tell_answer(
    scores: Floats, answer: Predictions, truth: int | None, names: tuple[str, ...], loss: Loss
) -> list[str]:
    """Say how the scores of one image become its answer, and whether that is the truth, where it is known."""
    decided, outputs = int(answer.decided[0]), answer.outputs[0]
    value = signed(float(scores[0 if len(names) == 2 else decided]), 3)
    lines = []
    if len(names) == 2:
        if loss.gives_probabilities:
            chance = percent(float(outputs[0]), 3)
            lines.append(f"The sigmoid of {value} is **{chance}** for {names[0]}; at a score of 0 it is 50 %.")
        threshold = number(loss.threshold)
        lines.append(f"Above {threshold} is {names[0]}, below is {names[1]}: the model says **{names[decided]}**")
    else:
        second = int((-scores).argsort(kind="stable")[1])
        lines.append(f"The highest score wins: {value} before {signed(float(scores[second]), 3)} of {names[second]}.")
        if loss.gives_probabilities:
            lines.append(f"Softmax makes a probability of it: {percent(float(outputs[decided]), 3)}.")
        lines.append(f"The model says **{names[decided]}**")
    if truth is not None:
        lines[-1] += " ✓" if decided == truth else f" ✗, it is {names[truth]}"
    return lines
