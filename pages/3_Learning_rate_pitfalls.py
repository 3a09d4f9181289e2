"""Learning-rate pitfalls: too low, good, bouncing, diverging, and what tells them apart."""

import streamlit as st

from pages.pitfalls.fates import show_fate
from pages.ui.formula import choose_function
from pages.ui.frame import open_page
from pages.ui.parts import same_in_pytorch
from sgd_core.calculus.sampling import sample
from sgd_core.charts.curve import window
from sgd_core.descent.descend import descend
from sgd_core.descent.optimizers import Optimizer
from sgd_core.descent.regimes import four_fates
from sgd_core.export.code import descent_script

NAMES = ("a", "b", "c", "d")
DEFAULTS = (0.02, 0.3, 0.95, 1.05)

controls = open_page(
    "pitfalls",
    "The same function, the same start, four learning rates. Each run is named by a rule that looks at its numbers: "
    "move a slider, and the name changes when the behaviour does.",
)

with st.sidebar:
    function, first = choose_function(controls)
    low, high = function.domain
    start = controls.slider("start", "Start, the first w", low, high, first, (high - low) / 600)
    steps = controls.whole("steps", "Steps", 1, 1000, 30)


def suggest() -> None:
    """Put the four sliders on what this function's own curvature suggests."""
    for name, rate in zip(NAMES, four_fates(function, start), strict=True):
        st.session_state[controls.key(f"lr_{name}")] = rate


st.sidebar.button("Find four for this function", icon=":material/tune:", on_click=suggest, key="pitfalls_suggest")

columns = st.columns(4, gap="medium")
rates = []
for column, name, default in zip(columns, NAMES, DEFAULTS, strict=True):
    with column:
        label = f"Learning rate {name.upper()}"
        rates.append(controls.learning_rate(f"lr_{name}", default, label=label, stacked=True))

runs = descend(function, start=start, lr=rates, steps=steps)
curve = sample(function)
y_domain = window(curve["x"].tolist(), curve["value"].to_numpy())
for index, column in enumerate(columns):
    with column:
        show_fate(function, curve, runs[runs["run"] == index], y_domain)

same_in_pytorch(
    descent_script(
        function.torch_code, start=start, lrs=rates, steps=steps, optimizer=Optimizer("sgd").torch_code("[w]", "lr")
    ),
    key="pitfalls_code",
)
controls.close()
