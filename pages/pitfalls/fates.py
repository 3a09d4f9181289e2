"""One panel: a run's path and loss, its regime by rule, and the reason in numbers."""

import pandas as pd
import streamlit as st

from pages.ui.pictures import picture
from sgd_core.calculus.formula import Function
from sgd_core.charts.curve import curve_picture, descent_frame
from sgd_core.charts.history import loss_by_step
from sgd_core.charts.palette import look
from sgd_core.descent.regimes import classify


def show_fate(function: Function, curve: pd.DataFrame, run: pd.DataFrame, y_domain: tuple[float, float]) -> None:
    """Draw one run with its name and reason."""
    regime = classify(run)
    style = look(regime.name)
    last = run.iloc[-1]
    st.markdown(f'#### :color[{style.sign} {regime.name}]{{foreground="{style.color}"}}')
    picture(
        curve_picture,
        descent_frame(curve, run, int(last["step"]), y_domain),
        x_domain=function.domain,
        y_domain=y_domain,
        x_title="w",
        y_title="loss",
        color=style.color,
        height=230,
        alt=f"{regime.name}: the path with learning rate {run['lr'].iloc[0]:g}, from w = {run['x'].iloc[0]:.4g} to {last['x']:.4g}.",
    )
    losses = run[["step", "loss"]].assign(now=run["step"] == last["step"])
    picture(
        loss_by_step,
        losses[losses["loss"].notna()],
        steps=int(last["step"]),
        y_domain=y_domain,
        color=style.color,
        height=150,
        alt=f"Loss against step: from {run['loss'].iloc[0]:.4g} to {last['loss']:.4g}.",
    )
    st.markdown(regime.reason)
