"""Who races: up to six optimizers, each with its learning rate and its own options, as the table of optimizers has them."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from pages.ui.page import Page
from sgd_core.charts.palette import RACERS
from sgd_core.descent.optimizers import OPTIMIZERS, Optimizer
from sgd_core.descent.options import Option
from sgd_core.descent.racers import Proposal, Racer, mark
from sgd_core.numbers import number

KINDS = {row.title: name for name, row in OPTIMIZERS.items() if not row.hidden_matrices_only}
PARTS = ("first", "second")  # of an option that is a pair


def choose_racers(page: Page, group: str, proposed: Sequence[Proposal], letters: Sequence[str]) -> list[Racer]:
    """Draw a button with the settings of each of `letters`; `proposed` has the run that each letter begins with.

    `group` begins the names of the controls, so that two sections do not share them.
    """
    return [
        _choose(page, f"{group}_{letter.lower()}", letter, run) for letter, run in zip(letters, proposed, strict=True)
    ]


def propose(page: Page, group: str, runs: Sequence[Proposal], letters: Sequence[str]) -> None:
    """Put these runs into the controls of `group`, options included."""
    for letter, run in zip(letters, runs, strict=False):
        place = f"{group}_{letter.lower()}"
        row = OPTIMIZERS[run.name]
        page.set(f"{place}_kind", row.title)
        page.set(f"{place}_lr", run.lr)
        for name, option in row.options.items():
            value = run.options.get(name, option.default)
            for key, part in _parts(f"{place}_{run.name}_{name}", value):
                page.set(key, part)


def _parts(place: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, tuple):
        return [(f"{place}_{part}", number) for part, number in zip(PARTS, value, strict=True)]
    return [(place, str(value) if value is None else value)]


def _choose(page: Page, place: str, letter: str, run: Proposal) -> Racer:
    """Draw the button that names a run in short, and behind it all that can be chosen of it."""
    kind = OPTIMIZERS[run.name].title
    now = st.session_state.get(page.key(f"{place}_kind"), st.query_params.get(page.key(f"{place}_kind")))
    rate = st.session_state.get(page.key(f"{place}_lr"), _linked_rate(page, f"{place}_lr", run.lr))
    color = RACERS[letter].name
    label = f"{mark(letter, color)} {now if now in KINDS else kind} {number(rate)}"
    with st.popover(label, width="stretch", key=page.key(f"{place}_settings")):
        title = page.choice(f"{place}_kind", f"Optimizer {letter}", list(KINDS), kind)
        lr = page.learning_rate(f"{place}_lr", run.lr, label=f"Learning rate {letter}")
        optimizer = _options(page, place, letter, KINDS[title], run)
    return Racer(letter, optimizer, lr, color)


def _linked_rate(page: Page, name: str, default: float) -> float:
    try:
        return float(st.query_params.get(page.key(name), default))
    except ValueError:
        return default


def _options(page: Page, place: str, letter: str, name: str, run: Proposal) -> Optimizer:
    row = OPTIMIZERS[name]
    st.caption(f"{row.about} The options are those of torch.optim.{row.torch_name}.")
    given = run.options if name == run.name else {}
    values = {
        key: _option(page, f"{place}_{name}_{key}", f"{key} {letter}", option, given.get(key, option.default))
        for key, option in row.options.items()
    }
    try:
        return Optimizer(name, **values)
    except ValueError as error:
        st.error(f"{error} Until then {letter} goes on with torch's own options.", icon=":material/error:")
        return Optimizer(name)


def _option(page: Page, place: str, label: str, option: Option, default: Any) -> Any:
    """Draw the control that fits the option's kind."""
    if option.choices:
        words = [str(choice) for choice in option.choices]
        picked = page.choice(place, label, words, str(default), help=option.about)
        return option.choices[words.index(picked)]
    if isinstance(option.default, bool):
        return page.toggle(place, label, bool(default), help=option.about)
    if isinstance(option.default, tuple):
        pair = zip(PARTS, default, strict=True)
        return tuple(
            page.number(f"{place}_{part}", f"{label}, {part}", 0.0, 0.9999999, value, help=option.about)
            for part, value in pair
        )
    if isinstance(option.default, int):
        return page.whole(place, label, int(option.low), int(option.high), int(default), help=option.about)
    return page.number(place, label, option.low, option.high, float(default), help=option.about)
