"""Settings worth a look, one press away."""

from collections.abc import Callable
from typing import Any, NamedTuple

import streamlit as st

from pages.ui.controls import Controls
from pages.ui.datasets import preferred
from sgd_core.descent.optimizers import OPTIMIZERS
from sgd_core.descent.schedules import SCHEDULES
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.losses import LOSSES
from sgd_core.digits.models import MODELS
from sgd_core.digits.sources import SOURCES


class Preset(NamedTuple):
    """A name, what to look out for, and the settings that differ from the page's own."""

    name: str
    promise: str
    settings: dict[str, Any]


BOOK = {"loss": "mean_absolute_error", "batch_size": 256}
PRESETS = (
    Preset("The book's linear model", "3 against 7 by its own loss: about 98 %.", {**BOOK, "lr": 1.0, "epochs": 20}),
    Preset(
        "The book's two-layer net",
        "Thirty hidden units: a little better than one layer.",
        {**BOOK, "model": "two_layer", "init": "default", "lr": 0.1, "epochs": 40},
    ),
    Preset(
        "All ten digits",
        "One map a digit, to about 92 %: as far as a linear model gets.",
        {"classes": None, "batch_size": 256, "schedule": "cosine"},
    ),
    Preset("Too high a learning rate", "The loss leaps up, the accuracy hides it.", {"lr": 100.0, "epochs": 5}),
    Preset("One image at a time", "The purest and the most restless SGD.", {"batch_size": 1, "lr": 0.02, "epochs": 2}),
)


def offer_presets(controls: Controls) -> None:
    """Draw the presets; pressing one sets every control."""

    def press(preset: Preset) -> Callable[[], None]:
        def act() -> None:
            settings = {"dataset": preferred(), **preset.settings}
            apply(controls, TrainConfig(**{"lr": 0.5, "epochs": 10, "batch_size": 64, **settings}))

        return act

    with st.popover("Presets", icon=":material/auto_awesome:", width="stretch"):
        for i, preset in enumerate(PRESETS):
            st.button(
                preset.name,
                key=controls.key(f"preset_{i}"),
                on_click=press(preset),
                help=preset.promise,
                width="stretch",
            )


def apply(controls: Controls, config: TrainConfig) -> None:
    """Set every control of the sidebar to what a configuration says; call it in a callback."""
    options = config.update_rule.options
    pair = config.classes or (4, 9)
    named: dict[object, str] = {None: "all ten", (3, 7): "3 vs 7"}
    values: dict[str, Any] = {
        "lr": config.lr,
        "epochs": min(config.epochs, 1000),
        "dataset": SOURCES[config.dataset].title,
        "classes": named.get(config.classes, "any pair"),
        "first": str(pair[0]),
        "second": str(pair[1]),
        "model": MODELS[config.model].title,
        "loss": LOSSES[config.loss].title,
        "batch": min(config.batch_size or 100_000, 100_000),
        "optimizer": OPTIMIZERS[config.optimizer].title,
        "momentum": options.get("momentum", 0.0),
        "nesterov": options.get("nesterov", False),
        "alpha": options.get("alpha", 0.99),
        "beta1": options.get("betas", (0.9, 0.999))[0],
        "beta2": options.get("betas", (0.9, 0.999))[1],
        "decay_adamw" if config.optimizer == "adamw" else "decay": options["weight_decay"],
        "schedule": SCHEDULES[config.schedule].title,
        "shuffle": config.shuffle,
        "init": _init(config),
        "hidden": config.hidden,
        "patience": config.patience or 0,
        "seconds": config.seconds or 0.0,
        "seed": config.seed,
    }
    for name, value in values.items():
        st.session_state[controls.key(name)] = value
    st.session_state.training_origin = None


def _init(config: TrainConfig) -> str:
    if config.init == ("zeros" if config.model == "linear" else "default"):
        return "usual"
    return "torch default" if config.init == "default" else config.init
