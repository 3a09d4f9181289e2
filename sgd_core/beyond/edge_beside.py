"""A run at the edge of stability with another one beside it: their moments, numbers and words."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest

import numpy as np
import pandas as pd

from sgd_core.beyond.edge import EdgeMoment, EdgeSettings, follow
from sgd_core.beyond.flow import FlowMoment, central_flow, gradient_flow
from sgd_core.beyond.published import Check
from sgd_core.beyond.tasks import Task
from sgd_core.numbers import number, percent

ALONE, FLOW, CENTRAL, WARM = "nothing", "gradient flow", "central flow", "warm-up"
RULES = {"plain": (0.0, False), "momentum": (0.5, False), "Nesterov": (0.5, True)}
BORDERS = {"plain": "2 / lr", "momentum": "2 (1 + β) / lr", "Nesterov": "(2 + 2β) / ((1 + 2β) lr)"}
GUESSES = ("It stays where it began", "It rises to about 2 / lr and hovers there", "It rises without end")
RISEN = 1.2  # times the first sharpness: below that it has stayed where it began
Pair = tuple[EdgeMoment, EdgeMoment | FlowMoment | None]


def with_warmup(settings: EdgeSettings) -> EdgeSettings:
    """Return the same run with a quarter of its steps as warm-up."""
    return replace(settings, warmup=max(1, settings.steps // 4))


def run_and_beside(task: Task, settings: EdgeSettings, beside: str) -> Generator[Pair, None, None]:
    """Yield moments of the run and of what runs beside it; the one that ends first stands still."""
    main: Iterator[EdgeMoment] = follow(task, settings)
    other: Iterator[EdgeMoment | FlowMoment] = iter(())
    if beside == WARM:
        other = follow(task, with_warmup(settings))
    elif beside != ALONE:
        other = central_flow(task, settings) if beside == CENTRAL else gradient_flow(task, settings)
    one: EdgeMoment | None = None
    two: EdgeMoment | FlowMoment | None = None
    for now, beside_it in zip_longest(main, other):
        one, two = now or one, beside_it or two
        if one is not None:  # the run itself has at least one moment
            yield one, two


def own(moments: Sequence[Pair]) -> list[EdgeMoment]:
    """Return the run's own moments, without those in which it stands still."""
    return list({id(one): one for one, _ in moments}.values())


def others(moments: Sequence[Pair]) -> list[EdgeMoment | FlowMoment]:
    """Return what was beside it, without the moments in which it stands still."""
    return list({id(two): two for _, two in moments if two is not None}.values())


def late_sharpness(moments: Sequence[Pair]) -> float:
    """Return the mean sharpness over the later half."""
    sharp = [one.sharpness for one in own(moments)]
    return float(np.mean(sharp[len(sharp) // 2 :]))


def hovers(moments: Sequence[Pair]) -> bool:
    """Tell whether sharpness has come to the border."""
    return max(one.sharpness / one.border for one in own(moments)) > 0.95


def rises(moments: Sequence[Pair]) -> tuple[int, int]:
    """Return in how many of how many steps the loss rose."""
    losses = np.concatenate([one.losses for one in own(moments)])
    return int((np.diff(losses) > 0).sum()), len(losses) - 1


def averages(moments: Sequence[Pair]) -> tuple[float, float] | None:
    """Return the loss that the central flow predicts and the descent's average over the last ten moments, if it bounces."""
    pairs = [(one, two) for one, two in moments[-10:] if isinstance(two, FlowMoment) and one.status != "diverged"]
    if not pairs or not any(two.variance > 0 for _, two in pairs):
        return None
    measured = float(np.concatenate([one.losses for one, _ in pairs]).mean())
    return float(np.mean([two.predicted for _, two in pairs])), measured


def edge_numbers(moments: Sequence[Pair], beside: str) -> pd.DataFrame:
    """Return what the clock shows of each moment."""
    rows, losses = [], np.empty(0)
    before = None
    for one, two in moments:
        if one is not before:
            losses = np.concatenate([losses, one.losses])
        before = one
        row = {
            "step": number(one.step),
            "loss": number(one.loss, 3),
            "rose": f"{int((np.diff(losses) > 0).sum())} times",
            "λ1": number(one.sharpness, 3),
            "border": number(one.border, 3),
        }
        if beside == ALONE:
            row["at the border"] = f"{one.unstable()} of {len(one.eigenvalues)}"
        elif two is not None:
            row[f"{beside}: loss, λ1"] = f"{number(two.loss, 3)}, {number(float(two.eigenvalues[0]), 3)}"
        rows.append(row)
    return pd.DataFrame(rows)


def edge_table(moments: Sequence[Pair]) -> pd.DataFrame:
    """Return a row a moment of the run itself."""
    return pd.DataFrame(
        [(one.step, one.lr, one.loss, *one.eigenvalues, one.border) for one in own(moments)],
        columns=["step", "lr", "loss", "eigenvalue 1", "eigenvalue 2", "eigenvalue 3", "border"],
    )


def tell_edge(moments: Sequence[Pair], settings: EdgeSettings, beside: str, border: str) -> list[str]:
    """Say what the run has done so far."""
    run = own(moments)
    first, now = run[0], run[-1]
    sentences = [
        f"λ1 is the **sharpness**, the sharpest bend of the loss. A step on a parabola is stable while λ stays below {border} = "
        f"{number(settings.border_at(settings.steps), 3)} (lr is the learning rate). It begins at {number(first.sharpness, 3)}."
    ]
    if len(run) == 1:
        return [*sentences, "Press **Train** and watch λ1, not the loss."]
    if now.status == "diverged":
        return [*sentences, f"The run is lost at step {now.step}: λ was too far above the border from the start."]
    up, count = rises(moments)
    if hovers(moments):
        sentences.append(
            f"Over the later half of the steps shown λ1 averages {number(late_sharpness(moments), 3)}, that is "
            f"{number(late_sharpness(moments) / now.border, 3)} times the border. Above the border the steps bounce ever wider along the "
            "sharpest direction; the bouncing itself pushes the weights to where the loss bends less. So λ falls back, and the play begins again."
        )
    else:
        sentences.append(f"λ1 is {number(now.sharpness, 3)} now, below the border: no bounce so far.")
    sentences.append(
        f"The loss rose in {number(up)} of {number(count)} steps, and yet went from {number(first.loss, 3)} to {number(now.loss, 3)}."
    )
    other = others(moments)
    if not other:
        return sentences
    two = other[-1]
    if beside == FLOW:
        sentences.append(
            "**Gradient flow** is the path of endlessly small steps: it never bounces. Its λ1 is "
            f"{number(float(two.eigenvalues[0]), 3)}: without large steps nothing holds the sharpness back."
        )
    elif beside == WARM and isinstance(two, EdgeMoment):
        sentences.append(
            f"With **warm-up** the learning rate grows over {with_warmup(settings).warmup} steps, so its border falls from far above. "
            f"λ1 has time to fall with it: {number(two.sharpness, 3)} now, loss {number(two.loss, 3)} against {number(now.loss, 3)} without. "
            f"Its highest loss was {number(max(float(m.losses.max()) for m in other if isinstance(m, EdgeMoment)), 3)}, without warm-up "
            f"{number(max(float(m.losses.max()) for m in run), 3)}."
        )
    elif isinstance(two, FlowMoment):
        found = averages(moments)
        sentences.append(
            "**The central flow** is the smooth path down the middle of the bounce. It keeps λ1 at the border by a push against the "
            "sharpness, and from the size of that push it predicts the average loss of the bouncing run"
            + (
                f": {number(found[0], 3)} predicted, {number(found[1], 3)} measured over the last ten moments."
                if found
                else "."
            )
        )
        if two.unstable > 1:
            sentences.append(
                f"Now {two.unstable} directions are at the border. The flow drawn knows one only, so from here on it is an approximation."
            )
    return sentences


def edge_answer(moments: Sequence[Pair], settings: EdgeSettings) -> tuple[str, str]:
    """Return which of `GUESSES` the sharpness does in the steps there are, and why."""
    first, now = moments[0][0], moments[-1][0]
    arrived = hovers(moments)
    answer = GUESSES[1] if arrived else GUESSES[2] if now.sharpness > RISEN * first.sharpness else GUESSES[0]
    return answer, (
        f"λ began at {number(first.sharpness, 3)} and is {number(now.sharpness, 3)} at step {now.step}; the border is "
        f"{number(settings.border_at(settings.steps), 3)}{'' if arrived else ', which it has not come to'}."
    )


def edge_checks(moments: Sequence[Pair], beside: str, border: str) -> tuple[str, *tuple[Check, ...]]:
    """Return the papers, as Markdown, and what they say beside what the moments show."""
    up, count = rises(moments)
    ratio = late_sharpness(moments) / own(moments)[-1].border
    checks = [
        Check(f"Sharpness over {border}, later half", "hovers at 1, just above", number(ratio, 3) if count else None),
        Check(
            "Loss", "falls, but not at every step", f"rose in {percent(up / count, 2)} of the steps" if count else None
        ),
    ]
    source = (
        "Cohen, Kaur, Li, Kolter, Talwalkar 2021, *Gradient descent on neural networks typically occurs at the edge of stability*, "
        "[arXiv 2103.00065](https://arxiv.org/abs/2103.00065)"
    )
    if beside == CENTRAL and (found := averages(moments)):
        checks.append(Check("Predicted over measured average loss", "about 1", number(found[0] / found[1], 3)))
        source += "; Cohen and others 2025, *Central flows*, [arXiv 2410.24206](https://arxiv.org/abs/2410.24206)"
    if beside == WARM:
        checks.append(Check("Warm-up", "helps because λ falls meanwhile", "see the two borders"))
        source += "; Kalra, Barkeshli 2024, *Why warmup*, [arXiv 2406.09405](https://arxiv.org/abs/2406.09405)"
    return source, *checks
