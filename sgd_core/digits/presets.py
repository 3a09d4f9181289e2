"""Settings worth a look, by name. To add one, add a row to `PRESETS`."""

from typing import Any, NamedTuple


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
    Preset(
        "Too high a learning rate",
        "The loss leaps up, the accuracy hides it; press a cure.",
        {"lr": 100.0, "epochs": 5},
    ),
    Preset("One image at a time", "The purest and the most restless SGD.", {"batch_size": 1, "lr": 0.02, "epochs": 2}),
)
