"""The sidebar of the Digit training page: what to train, on what, and how."""

from dataclasses import replace
from typing import Any

import streamlit as st

from pages.training.presets import offer_presets
from pages.ui.controls import Controls
from pages.ui.datasets import choose_dataset, digits_of
from sgd_core.descent.optimizers import OPTIMIZERS
from sgd_core.descent.schedules import MAX_STEPS, SCHEDULES
from sgd_core.digits.config import TrainConfig, optimizers_for
from sgd_core.digits.losses import LOSSES
from sgd_core.digits.models import MODELS
from sgd_core.digits.sources import SOURCES

FIRST_PAIR, ANY_PAIR, ALL = "3 vs 7", "any pair", "all ten"
INITS = {"usual": "", "zeros": "zeros", "normal": "normal", "torch default": "default"}


def choose_config(controls: Controls) -> TrainConfig:
    """Draw the sidebar and return the configuration it describes."""
    offer_presets(controls)
    lr = controls.learning_rate("lr", 0.5, low=1e-3, high=100.0)
    epochs = controls.whole("epochs", "Epochs, passes over the training images", 1, 1000, 10)
    dataset = choose_dataset(controls)
    classes = _choose_classes(controls, dataset)
    model = _by_title(controls, "model", "Model", MODELS)
    loss = _by_title(controls, "loss", "Loss", LOSSES)
    batch_size = controls.whole(
        "batch",
        "Batch size",
        1,
        100_000,
        64,
        help="Images a step looks at. At least as many as there are: all of them, plain gradient descent.",
    )
    with st.expander("More", icon=":material/tune:"):
        optimizer, options = _choose_optimizer(controls, model)
        schedule = _by_title(controls, "schedule", "Learning-rate schedule", SCHEDULES)
        shuffle = controls.toggle("shuffle", "Shuffle the images in each epoch", True)
        init = controls.choice(
            "init",
            "Initial weights",
            list(INITS),
            "usual",
            help="Usual: zeros for the linear model, torch.nn's own draw for two layers.",
        )
        hidden = controls.whole("hidden", "Hidden units", 1, 1000, 30) if MODELS[model].takes_hidden else 30
        patience = controls.whole(
            "patience", "Stop after epochs without a better accuracy", 0, 1000, 0, help="0: never."
        )
        seconds = controls.number("seconds", "Stop after seconds of computing", 0.0, 1e6, 0.0, help="0: never.")
        seed = controls.whole(
            "seed",
            "Seed",
            0,
            2**31 - 1,
            0,
            help="Settles the order of the images and the initial weights. The same seed gives the same run.",
        )
    config = TrainConfig(
        classes=classes,
        dataset=dataset,
        model=model,
        loss=loss,
        lr=lr,
        epochs=epochs,
        batch_size=batch_size,
        seed=seed,
        optimizer=optimizer,
        optimizer_options=options,
        schedule=schedule,
        shuffle=shuffle,
        init=INITS[init] or MODELS[model].usual_init,
        hidden=hidden,
        patience=patience or None,
        seconds=seconds or None,
    )
    return _remarked(config)


def _by_title(controls: Controls, name: str, label: str, table: Any) -> str:
    keys: dict[str, str] = {entry.title: key for key, entry in table.items()}
    picked = keys[controls.choice(name, label, list(keys), next(iter(keys)))]
    st.caption(table[picked].about)
    return picked


def _choose_optimizer(controls: Controls, model: str) -> tuple[str, dict[str, Any]]:
    titles = {OPTIMIZERS[key].title: key for key in optimizers_for(model)}
    name = titles[controls.choice("optimizer", "Optimizer", list(titles), "SGD")]
    options: dict[str, Any] = {}
    if name in ("sgd", "rmsprop"):
        options["momentum"] = controls.slider("momentum", "Momentum", 0.0, 0.99, 0.0, 0.01)
    if name == "sgd" and options["momentum"] > 0:
        options["nesterov"] = controls.toggle("nesterov", "Nesterov", False)
    if name == "rmsprop":
        options["alpha"] = controls.slider("alpha", "Alpha, memory of squared gradients", 0.5, 0.999, 0.99, 0.001)
    if name in ("adam", "adamw"):
        options["betas"] = (
            controls.slider("beta1", "Beta 1, memory of gradients", 0.0, 0.999, 0.9, 0.001),
            controls.slider("beta2", "Beta 2, memory of squared gradients", 0.0, 0.9999, 0.999, 0.0001, format="%.4f"),
        )
    usual = float(OPTIMIZERS[name].defaults["weight_decay"])
    decay = "decay_adamw" if usual else "decay"
    options["weight_decay"] = controls.number(
        decay, "Weight decay", 0.0, 10.0, usual, step=0.001, help="Pulls every weight towards zero at each step."
    )
    return name, options


def _remarked(config: TrainConfig) -> TrainConfig:
    """Say what the settings lead to that one may not expect; what cannot be run is replaced, and said."""
    count = len(digits_of(config.dataset, config.classes).train_images)
    size = min(config.batch_size or count, count)
    for remark in config.remarks:
        st.warning(remark, icon=":material/info:")
    if config.batch_size is not None and config.batch_size > count:
        st.caption(f"There are {count:,} training images, so every step takes all of them: one step an epoch.")
    if not config.shuffle and size < count:
        names = digits_of(config.dataset, config.classes).class_names
        st.caption(
            f"Without shuffling an epoch shows every {names[0]} first and every {names[-1]} last, so within it the model "
            "unlearns what it has just learned: the first epochs look stuck."
        )
    if config.lr < 1e-6:
        st.caption(f"At {config.lr:g} a step hardly moves a weight: expect flat curves.")
    elif config.lr >= 1000:
        st.caption(f"At {config.lr:g} a step overshoots by far: expect leaps, or a loss too large to be a number.")
    steps = config.epochs * -(-count // size)
    if config.schedule != "constant" and steps > MAX_STEPS:
        st.error(
            f"A schedule has at most {MAX_STEPS:,} steps and this run {steps:,}: choose fewer epochs or larger "
            "mini-batches. Until then the learning rate stays constant.",
            icon=":material/error:",
        )
        return replace(config, schedule="constant")
    return config


def _choose_classes(controls: Controls, dataset: str) -> tuple[int, ...] | None:
    which = controls.segments("classes", "Classes", [FIRST_PAIR, ANY_PAIR, ALL], FIRST_PAIR)
    if which == ALL:
        return None
    if which == FIRST_PAIR:
        return (3, 7)
    names = SOURCES[dataset].class_names
    left, right = st.columns(2)
    numbers = [str(number) for number in range(10)]

    def named(number: str) -> str:
        return number if names[int(number)] == number else f"{number} ({names[int(number)]})"

    with left:
        first = int(controls.choice("first", "Tell", numbers, "4"))
    with right:
        second = int(controls.choice("second", "from", numbers, "9"))
    if names[first] != str(first):
        st.caption(f"{named(str(first))} against {named(str(second))}")
    if first == second:
        st.error(
            f"Both classes are {first}, so there is nothing to tell apart. Choose two that differ; until then the page "
            "goes on with 3 vs 7.",
            icon=":material/error:",
        )
        return (3, 7)
    return (first, second)
