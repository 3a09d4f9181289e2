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
    lines, tie = [], ""
    if len(names) == 2:
        if loss.gives_probabilities:
            chance = percent(float(outputs[0]), 3)
            lines.append(f"The sigmoid of {value} is **{chance}** for {names[0]}; at a score of 0 it is 50 %.")
        threshold = number(loss.threshold)
        if float(scores[0]) == loss.threshold:
            tie = f"A score of {threshold} is the border"
        lines.append(f"Above {threshold} is {names[0]}, below is {names[1]}: the model says **{names[decided]}**")
    else:
        first, second = (int(place) for place in (-scores).argsort(kind="stable")[:2])
        if scores[first] == scores[second]:
            tie = f"No score is higher than that of {names[second]}"
        lines.append(f"The highest score wins: {value} before {signed(float(scores[second]), 3)} of {names[second]}.")
        if loss.gives_probabilities:
            lines.append(f"Softmax makes a probability of it: {percent(float(outputs[decided]), 3)}.")
        lines.append(f"The model says **{names[decided]}**")
    if tie:
        lines[-1] = f"{tie}: the model cannot decide, which counts as **{names[decided]}**"
    if truth is not None:
        lines[-1] += " ✓" if decided == truth else f" ✗, it is {names[truth]}"
    return lines
