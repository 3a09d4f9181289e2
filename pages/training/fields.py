"""The settings of Digit training: one table of fields, read in both directions.

A field draws its widget, gives its part of the configuration, and says which value of the widget a configuration has. The
sidebar, the address, presets and branches all go through `FIELDS`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages.ui.datasets import choose_dataset, preferred
from pages.ui.page import Page
from sgd_core.descent.optimizers import OPTIMIZERS
from sgd_core.descent.options import Option
from sgd_core.descent.schedules import SCHEDULES
from sgd_core.digits.config import TrainConfig, optimizers_for
from sgd_core.digits.inputs import INPUTS
from sgd_core.digits.losses import LOSSES
from sgd_core.digits.models import MODELS
from sgd_core.digits.sources import SOURCES

FIRST_PAIR, ANY_PAIR, ALL = "3 vs 7", "any pair", "all ten"
INITS = {"usual": "", "zeros": "zeros", "normal": "normal", "torch default": "default"}
MOST_EPOCHS, ALL_IMAGES = 1000, 100_000
MORE = 10  # epochs that a run is let go on for
DEFAULTS: dict[str, Any] = {"lr": 0.5, "epochs": 10, "batch_size": 64}
Chosen = dict[str, Any]  # what the fields above have chosen, by the configuration's names


@dataclass(frozen=True)
class Field:
    """One setting. `name` is its address; `draw(page, chosen)` draws the widget and returns its part of the config.

    `shown(config)` are the values of its widgets, by their names, that mean this configuration. `more`: it is one click
    away.
    """

    draw: Callable[[Page, Chosen], Chosen]
    shown: Callable[[TrainConfig], Chosen]
    more: bool = False


def _titled(name: str, label: str, table: Mapping[str, Any], *, more: bool = False) -> Field:
    def draw(page: Page, _chosen: Chosen) -> Chosen:
        keys = {row.title: key for key, row in table.items()}
        picked = keys[page.choice(name, label, list(keys), next(iter(keys)))]
        st.caption(table[picked].about)
        return {name: picked}

    return Field(draw, lambda config: {name: table[getattr(config, name)].title}, more)


def _whole(
    setting: str,
    name: str,
    label: str,
    low: int,
    high: int,
    *,
    none: int | None = None,
    if_: Callable[[Chosen], bool] = lambda _: True,
    **more: Any,
) -> Field:
    """A whole number; `none` is the widget's value for None in the configuration."""
    default = DEFAULTS.get(setting, getattr(TrainConfig(), setting))

    def draw(page: Page, chosen: Chosen) -> Chosen:
        if not if_(chosen):
            return {}
        value = page.whole(name, label, low, high, (none or 0) if default is None else default, **more)
        return {setting: None if value == none else value}

    def shown(config: TrainConfig) -> Chosen:
        value = getattr(config, setting)
        return {name: none if value is None else min(value, high)}

    return Field(draw, shown, setting not in DEFAULTS)


def _draw_classes(page: Page, chosen: Chosen) -> Chosen:
    which = page.segments("classes", "Classes", [FIRST_PAIR, ANY_PAIR, ALL], FIRST_PAIR)
    if which != ANY_PAIR:
        return {"classes": None if which == ALL else (3, 7)}
    names, numbers = SOURCES[chosen["dataset"]].class_names, [str(n) for n in range(10)]
    left, right = st.columns(2)
    with left:
        first = int(page.choice("first", "Tell", numbers, "4"))
    with right:
        second = int(page.choice("second", "from", numbers, "9"))
    if names[first] != str(first):
        st.caption(f"{first} ({names[first]}) against {second} ({names[second]})")
    if first == second:
        st.error(
            f"Both classes are {first}, so there is nothing to tell apart. Choose two that differ; until then the page "
            "goes on with 3 vs 7.",
            icon=":material/error:",
        )
        return {"classes": (3, 7)}
    return {"classes": (first, second)}


def _shown_classes(config: TrainConfig) -> Chosen:
    named: dict[object, str] = {None: ALL, (3, 7): FIRST_PAIR}
    first, second = config.classes if config.classes and len(config.classes) == 2 else (4, 9)
    return {"classes": named.get(config.classes, ANY_PAIR), "first": str(first), "second": str(second)}


def option_name(optimizer: str, option: str) -> str:
    """Return the address of an optimizer's option: its name, and where its default is its own, the optimizer's too."""
    usual = next(row.options[option].default for row in OPTIMIZERS.values() if option in row.options)
    return option if OPTIMIZERS[optimizer].options[option].default == usual else f"{option}_{optimizer}"


def _draw_option(page: Page, name: str, label: str, option: Option) -> Any:
    default, about = option.default, option.about
    if option.choices:
        return dict(zip(map(str, option.choices), option.choices, strict=True))[
            page.choice(name, label, [str(choice) for choice in option.choices], str(default), help=about)
        ]
    if isinstance(default, bool):
        return page.toggle(name, label, default, help=about)
    if isinstance(default, tuple):
        return tuple(
            page.slider(f"{name}{i}", f"{label} {i}", 0.0, 0.9999, value, 0.0001, format="%.4f", help=about)
            for i, value in enumerate(default, 1)
        )
    if isinstance(default, int):
        return page.whole(name, label, int(option.low), int(option.high), default, help=about)
    if option.log or option.low < 0:
        return page.number(name, label, option.low, option.high, default, help=about)
    return page.slider(name, label, option.low, option.most, default, option.most / 100, help=about)


def _draw_optimizer(page: Page, chosen: Chosen) -> Chosen:
    titles = {OPTIMIZERS[key].title: key for key in optimizers_for(chosen["model"])}
    key = titles[page.choice("optimizer", "Optimizer", list(titles), next(iter(titles)))]
    row = OPTIMIZERS[key]
    st.caption(row.about)
    with st.popover("Options of the optimizer", width="stretch"):
        options = {
            name: _draw_option(page, option_name(key, name), name.replace("_", " ").capitalize(), option)
            for name, option in row.options.items()
        }
    if conflict := row.conflict(options):
        st.error(f"{conflict} Until then the page goes on with the usual options.", icon=":material/error:")
        options = {}
    return {"optimizer": key, "optimizer_options": options}


def _shown_optimizer(config: TrainConfig) -> Chosen:
    values: Chosen = {"optimizer": OPTIMIZERS[config.optimizer].title}
    for name, value in config.update_rule.options.items():
        address = option_name(config.optimizer, name)
        if isinstance(value, tuple):
            values |= {f"{address}{i}": part for i, part in enumerate(value, 1)}
        else:
            values[address] = str(value) if OPTIMIZERS[config.optimizer].options[name].choices else value
    return values


def _draw_init(page: Page, chosen: Chosen) -> Chosen:
    about = "Usual: zeros for the linear model, torch.nn's own draw for the others."
    kind = page.choice("init", "Initial weights", list(INITS), "usual", help=about)
    return {"init": INITS[kind] or MODELS[chosen["model"]].usual_init}


def _shown_init(config: TrainConfig) -> Chosen:
    usual = config.init == MODELS[config.model].usual_init
    return {"init": "usual" if usual else next(k for k, init in INITS.items() if init == config.init)}


FIELDS: tuple[Field, ...] = (
    Field(
        lambda page, _: {"lr": page.learning_rate("lr", DEFAULTS["lr"], low=1e-3, high=100.0)},
        lambda config: {"lr": config.lr},
    ),
    _whole("epochs", "epochs", "Epochs", 1, MOST_EPOCHS, help="Passes over the training images."),
    Field(
        lambda page, _: {"dataset": choose_dataset(page)},
        lambda config: {"dataset": SOURCES[config.dataset].title},
    ),
    Field(_draw_classes, _shown_classes),
    _titled("model", "Model", MODELS),
    _whole("hidden", "hidden", "Hidden units", 1, 1000, if_=lambda chosen: bool(MODELS[chosen["model"]].takes_hidden)),
    _titled("loss", "Loss", LOSSES),
    Field(_draw_optimizer, _shown_optimizer),
    _whole(
        "batch_size",
        "batch",
        "Batch size",
        1,
        ALL_IMAGES,
        none=ALL_IMAGES,
        help="Images a step looks at. At least as many as there are: all of them, plain gradient descent.",
    ),
    _titled("schedule", "Learning-rate schedule", SCHEDULES, more=True),
    Field(
        lambda page, _: {"shuffle": page.toggle("shuffle", "Shuffle the images in each epoch", True)},
        lambda config: {"shuffle": config.shuffle},
        more=True,
    ),
    Field(_draw_init, _shown_init, more=True),
    _titled("inputs", "Pixels", INPUTS, more=True),
    Field(
        lambda page, _: {
            "clip": page.number("clip", "Clip gradients longer than", 0.0, 1e6, 0.0, help="0: never.") or None
        },
        lambda config: {"clip": config.clip or 0.0},
        more=True,
    ),
    _whole("patience", "patience", "Stop after epochs without a better accuracy", 0, 1000, none=0, help="0: never."),
    Field(
        lambda page, _: {
            "seconds": page.number("seconds", "Stop after seconds of computing", 0.0, 1e6, 0.0, help="0: never.")
            or None
        },
        lambda config: {"seconds": config.seconds or 0.0},
        more=True,
    ),
    _whole(
        "seed",
        "seed",
        "Seed",
        0,
        2**31 - 1,
        help="Settles the order of the images and the initial weights. The same seed gives the same run.",
    ),
)


def choose_config(page: Page, presets: Callable[[], None]) -> TrainConfig:
    """Draw the sidebar and return the configuration it describes; `presets` draws them after the first two fields."""
    chosen: Chosen = {}
    for field in FIELDS[:2]:
        chosen |= field.draw(page, chosen)
    presets()
    for field in FIELDS[2:]:
        if not field.more:
            chosen |= field.draw(page, chosen)
    with st.expander("More", icon=":material/tune:"):
        for field in FIELDS:
            if field.more:
                chosen |= field.draw(page, chosen)
    return TrainConfig(**chosen)


def set_fields(page: Page, config: TrainConfig) -> None:
    """Put every widget to what a configuration says; call it in a callback."""
    for field in FIELDS:
        for name, value in field.shown(config).items():
            page.set(name, value)
    page.redraw()


def standard(**settings: Any) -> TrainConfig:
    """Return the page's own settings, with some that differ."""
    return TrainConfig(**{"dataset": preferred(), **DEFAULTS, **settings})
