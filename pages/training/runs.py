"""Runs: pinned, named, laid over each other, compared in a table."""

import numpy as np
import pandas as pd
import streamlit as st

from pages.training.session import Run
from pages.training.stage import Paint
from pages.ui.controls import Controls
from pages.ui.parts import download_csv
from pages.ui.pictures import picture
from sgd_core.charts.palette import ceiling
from sgd_core.charts.runs import overlay
from sgd_core.digits.comparison import CURVE, SavedRun, comparison
from sgd_core.digits.history import history_frame, thinned

MOST_PINS = 30
MEASURES = {
    "validation accuracy": "valid_accuracy",
    "validation loss": "valid_loss",
    "training loss": "train_loss",
}


def pins() -> dict[str, SavedRun]:
    """Return the visit's pinned runs by name, oldest first."""
    kept: dict[str, SavedRun] = st.session_state.setdefault("training_pins", {})
    return kept


def pin(run: Run) -> None:
    """Keep the run as it stands, under a name of its own."""
    last = run.playback.latest
    if last is None:
        return
    if len(pins()) >= MOST_PINS:
        st.toast(f"{MOST_PINS} runs are pinned, and more are not kept: remove one first.", icon=":material/push_pin:")
        return
    curves = history_frame(thinned(run.playback.history, 200))[CURVE]
    name, number = f"{run.config.model.replace('_', ' ')}, lr {last.lr:g}", 1
    unique = name
    while unique in pins():
        number += 1
        unique = f"{name} ({number})"
    pins()[unique] = SavedRun(run.config, curves, last, run.origin.moment.step if run.origin else None)
    st.toast(f"Pinned as “{unique}”.", icon=":material/push_pin:")


def draw(controls: Controls, run: Run) -> Paint | None:
    """Show the pinned runs over each other and in a table; let them be renamed, hidden and removed."""
    kept = pins()
    if not kept:
        st.info(
            "No run is pinned yet. Train, press **Pin this run**, change one setting, train again and pin that: their "
            "curves then lie over each other here.",
            icon=":material/push_pin:",
        )
        return None
    measure = controls.segments(
        "measure", "Measure", list(MEASURES), "validation accuracy", label_visibility="collapsed"
    )
    # The names are the visit's own, so the choice is not part of a link.
    shown = st.pills(
        "Shown",
        list(kept),
        selection_mode="multi",
        default=list(kept),
        key=f"training_shown_{hash(tuple(kept))}",
        label_visibility="collapsed",
    )
    _picture({name: kept[name] for name in shown}, measure)
    table = comparison(kept)
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            "went": st.column_config.NumberColumn("epochs made", format="%.2f"),
            "train_loss": st.column_config.NumberColumn("training loss", format="%.4f"),
            "valid_loss": st.column_config.NumberColumn("validation loss", format="%.4f"),
            "accuracy": st.column_config.NumberColumn("accuracy", format="percent"),
            "best": st.column_config.NumberColumn("best accuracy", format="percent"),
        },
    )
    st.caption("Settings in which the pinned runs agree are left out. 200 moments of each are kept.")
    _edit(controls)
    every = pd.concat([one.curves.assign(run=name) for name, one in kept.items()], ignore_index=True)
    download_csv(every[["run", *CURVE]], "sgd-lab-runs", key=controls.key("download_runs"))
    return None


def _picture(shown: dict[str, SavedRun], measure: str) -> None:
    if not shown:
        st.caption("Choose at least one run to show.")
        return
    column = MEASURES[measure]
    frame = pd.concat([one.curves[["epoch", column]].assign(run=name) for name, one in shown.items()])
    values = frame[column].to_numpy()
    finite = values[np.isfinite(values)]
    top, low = float(finite.max(initial=0)), float(finite[finite > 0].min(initial=1))
    log = column != "valid_accuracy" and top > 100 * low
    domain = (0.9 * low, top * 1.1) if log else (0.0, 1.0 if column == "valid_accuracy" else ceiling(top * 1.02))
    if column == "valid_accuracy":
        domain = (max(0.0, float(np.floor((finite.min(initial=1) - 0.02) * 10) / 10)), 1.0)
    lost = sorted({name for name, one in shown.items() if not np.isfinite(one.curves[column]).all()})
    picture(
        overlay,
        frame.replace([np.inf, -np.inf], np.nan),
        measure=column,
        title=measure,
        runs=tuple(shown),
        epochs=float(np.ceil(frame["epoch"].max())) or 1.0,
        domain=domain,
        log=log,
        alt=f"{measure.capitalize()} of {len(shown)} runs; at the end "
        + ", ".join(f"{name} {one.curves[column].iloc[-1]:.4g}" for name, one in shown.items()),
    )
    if lost:
        st.caption(f"Diverged, so a part of the curve has no place here: {', '.join(lost)}.")
    if log:
        st.caption("The losses lie so far apart that the axis is logarithmic.")


def _edit(controls: Controls) -> None:
    kept = pins()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        which = st.selectbox("Run", list(kept), key=controls.key("pin"), width=260)
        name = st.text_input("New name", key=controls.key("pin_name"), max_chars=60, width=260)

        def rename() -> None:
            wanted = name.strip()
            if wanted and wanted not in kept:
                # in place: the order, and with it each run's colour, stays
                st.session_state.training_pins = {wanted if key == which else key: run for key, run in kept.items()}

        def remove() -> None:
            kept.pop(which, None)

        st.button("Rename", icon=":material/edit:", key=controls.key("pin_rename"), on_click=rename)
        st.button("Remove", icon=":material/delete:", key=controls.key("pin_remove"), on_click=remove)
        st.button("Remove all", icon=":material/delete_sweep:", key=controls.key("pin_clear"), on_click=kept.clear)
    if name.strip() in kept and name.strip() != which:
        st.caption(f"There is a run called “{name.strip()}” already.")
