"""A diagnosis on every run: its name and reason at each moment, the learning rate beside its border, and cures that act."""

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from pages.training.fields import MORE, MOST_EPOCHS, set_fields
from pages.training.session import Run, branch, fresh_run
from pages.ui.page import Page
from pages.ui.player import Picture
from sgd_core.charts.palette import look
from sgd_core.charts.rate_strip import rate_strip
from sgd_core.descent.diagnosis import Cure, CureKind, Diagnosis, diagnose
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.digits.losses import LOSSES
from sgd_core.digits.sharpness import sharpness
from sgd_core.numbers import number, round_down

MOST_IMAGES = 4096  # that the curvature is measured on


Card = tuple[str, str, str]


def cards(run: Run) -> list[Card]:
    """Return the diagnosis of each moment as the clock shows it: its colour, its name, its reason."""

    def card(at: int) -> Card:
        found = diagnosis_at(run, at, _exact_border(run))
        mark = look(found.name)
        return mark.color, f"{mark.sign} {str(found.name).capitalize()}", found.reason

    return run.remember("cards", card)


def diagnosis_at(run: Run, at: int, border: float | None) -> Diagnosis:
    """Return the diagnosis of the moments up to `at` that were made with its learning rate."""
    now = run.moments[at]
    since = [step for step, _ in now.rates if step <= now.step][-1]
    seen = [one for one in run.moments[: at + 1] if one.step >= since] or [now]
    return diagnose(
        [one.train_loss for one in seen],
        steps=[one.step for one in seen],
        valid_losses=[one.valid_loss for one in seen],
        valid_accuracy=[one.valid_accuracy for one in seen],
        lr=now.lr,
        border=border,
        quadratic=border is not None,
        momentum=_momentum(run.config),
        status=str(now.status),
    )


def _momentum(config: TrainConfig) -> float:
    return float(config.update_rule.options.get("momentum", 0.0))


def _exact_border(run: Run) -> float | None:
    """Return 2/λ where it is the same at all weights, and the optimizer steps by it; None elsewhere."""
    flat = LOSSES[run.config.loss].is_quadratic and len(run.latest.parameters) == 2
    return border_at(run, 0) if flat and not run.config.update_rule.row.sign_like else None


def border_at(run: Run, at: int) -> float | None:
    """Return 2/λ at a moment's weights, by momentum further out; None where it is no number."""
    now, key = run.moments[at], (run.id, run.moments[at].step)
    known: dict[object, float | None] = st.session_state.setdefault("training_borders", {})
    if key not in known:
        try:
            value = sharpness(run.config, _some(run.digits), now.parameters)
        except (ValueError, RuntimeError):  # no curvature that is a number
            value = 0.0
        known[key] = 2 * (1 + _momentum(run.config)) / value if value > 0 else None
        while len(known) > 200:
            known.pop(next(iter(known)))
    return known[key]


def _some(digits: Digits) -> Digits:
    """Return the digits with few enough training images, evenly chosen, that a curvature takes a blink."""
    stride = -(-len(digits.train_images) // MOST_IMAGES)
    return replace(digits, train_images=digits.train_images[::stride], train_labels=digits.train_labels[::stride])


def offer_cures(page: Page, run: Run, at: int) -> None:
    """Draw the strip of learning rates at the moment at rest, and the cures, a button each."""
    border = border_at(run, at)
    found = diagnosis_at(run, at, _exact_border(run))
    lr = run.config.lr
    with st.container(horizontal=True, vertical_alignment="center", key=page.key("cures"), gap="small"):
        for i, cure in enumerate(cures_for(found, border)):
            st.button(
                cure.words[:1].upper() + cure.words[1:],
                key=page.key(f"cure_{cure.kind}"),
                type="primary" if i == 0 and found.name not in ("good", "undecided") else "secondary",
                on_click=press(page, run, at, cure),
            )
        strip = st.container(width="stretch")
    if border is None or run.config.update_rule.row.sign_like:
        strip.caption("For this optimizer, or at these weights, no border 2/λ can be named.")
        return
    words = "The learning rate on a logarithmic strip: its zones, the border 2/λ, and where the rate stands."
    page.show(Picture(rate_strip(lr, border), words, where=strip), "strip")


def border_words(run: Run, at: int) -> str:
    """Say what the border at these weights is, and how far it holds."""
    border, lr = border_at(run, at), run.config.lr
    if border is None:
        return ""
    share = lr / border
    beyond = f"{number(share, 3)} times the border" if share > 1 else f"{number(share, 2)} of the border"
    if run.config.update_rule.row.sign_like:
        return ""
    holds = (
        "The loss is a parabola in every direction, so beyond it the run diverges, whatever the start."
        if _exact_border(run) is not None
        else "It holds at these weights; with this loss it moves as the weights do, so a run may bounce and come back."
    )
    return f"The learning rate {number(lr)} is {beyond} 2/λ = {number(border, 3)}, where the steepest direction bends. {holds}"


def cures_for(found: Diagnosis, border: float | None) -> list[Cure]:
    """Return the cures that this page can carry out, the best one first; a rate that is too low goes to a quarter of 2/λ."""
    cures = [cure for cure in found.cures if cure.lr is not None or cure.kind in CHANGES]
    if border is None:
        return cures
    bold = round_down(border / 4)
    return [replace(c, words=f"try {number(bold)}", lr=bold) if c.kind is CureKind.RAISE_RATE else c for c in cures]


def cured(config: TrainConfig, cure: Cure) -> TrainConfig:
    """Return the configuration that a cure makes of this one."""
    changed = replace(config, lr=cure.lr) if cure.lr is not None else config
    change = CHANGES.get(cure.kind)
    return change(changed) if change else changed


def _with_momentum(config: TrainConfig) -> TrainConfig:
    return replace(config, optimizer_options={**dict(config.optimizer_options), "momentum": 0.9})


CHANGES: dict[CureKind, Callable[[TrainConfig], TrainConfig]] = {
    CureKind.ADD_MOMENTUM: _with_momentum,
    CureKind.MORE_EPOCHS: lambda config: replace(config, epochs=min(2 * config.epochs, MOST_EPOCHS)),
}


def press(page: Page, run: Run, at: int, cure: Cure) -> Callable[[], None]:
    """Return what a cure's button does."""

    def act() -> None:
        begin, config = 0, cured(run.config, cure)
        if cure.kind is CureKind.BRANCH:
            branch(run, at)
            left = config.epochs - run.moments[at].epoch
            if left < MORE:  # a branch from the end of a run needs room to go on
                config = replace(config, epochs=min(config.epochs + MORE, MOST_EPOCHS))
        elif cure.kind is CureKind.MORE_EPOCHS:
            begin = len(run.moments) - 1
        else:
            fresh_run()
        set_fields(page, config)
        page.go_to(begin, play=True)

    return act
