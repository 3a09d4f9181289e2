"""What is said of a question about a learning rate: the question, a hint, and the verdict with its numbers."""

from typing import NamedTuple

from sgd_core.calculus.sampling import look_at
from sgd_core.descent.minimum import find_minimum
from sgd_core.descent.questions import STEPS, Question
from sgd_core.descent.regime_names import BOUNCING, DIVERGING, GOOD, TOO_LOW
from sgd_core.numbers import number


class Words(NamedTuple):
    """What a button says, and what a sentence says that a learning rate does."""

    button: str
    does: str


WORDS: dict[str, Words] = {
    TOO_LOW: Words("slow", "it is too slow"),
    GOOD: Words("good", "it is good"),
    BOUNCING: Words("bounce", "it bounces"),
    DIVERGING: Words("diverge", "it diverges"),
}


def ask(asked: Question) -> str:
    """Return the question, in Markdown."""
    at = look_at(asked.function, asked.start)
    return (
        f"$f(x) = {asked.function.latex}$, start $w = {number(asked.start)}$, where the slope is {number(at.slope)}. Plain gradient "
        f"descent takes {STEPS} steps with the learning rate **{number(asked.lr)}**. What will it do?"
    )


def hint(asked: Question) -> str:
    """Say what the curvature at the minimum tells before the first step."""
    minimum = find_minimum(asked.function, asked.start)
    if minimum is None or minimum.borders is None:
        return (
            "At the minimum the second derivative is 0 or none: there the curvature sets no border. Look at the slope."
        )
    one, two = minimum.borders
    near = "" if minimum.quadratic else ", as long as it stays close to the minimum"
    return (
        f"At the minimum the second derivative is a = {number(minimum.curvature)}, so a run goes straight below 1/a = "
        f"{number(one)} and diverges above 2/a = {number(two)}{near}."
    )


def verdict(asked: Question, given: str, name: str) -> str:
    """Say whether the answer `given` is right, and why; `name` is how the page writes the right regime's name."""
    does = WORDS[asked.answer.name].does
    begin = f"Right, {does}" if given == asked.answer.name else f"You said “{WORDS[given].button}”, but {does}"
    return f"{begin}: {name}. {asked.answer.reason}"


def tell_question(asked: Question) -> list[str]:
    """Say where the learning rate lies between the borders, if there are any."""
    minimum = find_minimum(asked.function, asked.start)
    if minimum is None or minimum.borders is None:
        return []
    a, (one, two) = minimum.curvature, minimum.borders
    near = "" if minimum.quadratic else " The function is no parabola, so this holds close to the minimum only."
    return [
        f"Learning rate × second derivative at the minimum = {number(asked.lr)} × {number(a)} = {number(asked.lr * a)}: below 1 a "
        f"run goes straight, between 1 and 2 it bounces and shrinks, above 2 it grows (borders {number(one)} and {number(two)}).{near}"
    ]
