"""Runs: pinned, named, laid over each other, their maps side by side, compared in a table."""

import numpy as np
import pandas as pd
import streamlit as st

from pages.training.pins import pins
from pages.ui.page import Page
from pages.ui.panels import as_text
from pages.ui.shown import Picture
from sgd_core.charts.maps import live_frame, live_maps
from sgd_core.charts.runs import overlay, overlay_window
from sgd_core.digits.comparison import CURVE, SavedRun, comparison
from sgd_core.digits.run import Run
from sgd_core.numbers import number, percent

MEASURES = {
    "validation accuracy": "valid_accuracy",
    "validation loss": "valid_loss",
    "training loss": "train_loss",
}
COLUMNS = 6  # maps side by side
ROOM = 24  # letters over a small map


def draw(page: Page, _run: Run, _at: int) -> list[str]:
    """Show the pinned runs over each other, as maps and in a table; let them be renamed, hidden and removed."""
    kept = pins()
    if not kept:
        st.info(
            "No run is pinned yet. Train, press **Pin this run**, change one setting, train again and pin that: their "
            "curves then lie over each other here.",
            icon=":material/push_pin:",
        )
        return []
    measure = page.segments("measure", "Measure", list(MEASURES), "validation accuracy", label_visibility="collapsed")
    # The names are the visit's own, so the choice is not part of a link.
    shown = st.pills(
        "Shown",
        list(kept),
        selection_mode="multi",
        default=list(kept),
        format_func=as_text,
        key=f"training_shown_{hash(tuple(kept))}",
        label_visibility="collapsed",
    )
    if shown:
        _picture(page, {name: kept[name] for name in shown}, measure)
        _maps(page, {name: kept[name] for name in shown})
    else:
        st.caption("Choose at least one run to show.")
    _table(page)
    every = pd.concat([one.curves.assign(run=name) for name, one in kept.items()], ignore_index=True)
    with st.container(horizontal=True):
        page.csv(every[["run", *CURVE]], "sgd-lab-runs")
        st.button("Remove all", icon=":material/delete_sweep:", key=page.key("pin_clear"), on_click=kept.clear)
    return []


def _picture(page: Page, shown: dict[str, SavedRun], measure: str) -> None:
    column = MEASURES[measure]
    frame = pd.concat([one.curves[["epoch", column]].assign(run=name) for name, one in shown.items()])
    domain, log = overlay_window(frame[column].to_numpy(), accuracy=column == "valid_accuracy")
    chart = overlay(
        frame.replace([np.inf, -np.inf], np.nan),
        measure=column,
        title=measure,
        runs=tuple(shown),
        epochs=float(np.ceil(frame["epoch"].max())) or 1.0,
        domain=domain,
        log=log,
    )
    ends = ", ".join(f"{name} {number(one.curves[column].iloc[-1])}" for name, one in shown.items())
    here = st.container()
    page.show(Picture(chart, f"{measure.capitalize()} of {len(shown)} runs; at the end {ends}", where=here), "overlay")
    lost = sorted({name for name, one in shown.items() if not np.isfinite(one.curves[column]).all()})
    if lost:
        st.caption(f"Diverged, so a part of the curve has no place here: {', '.join(map(as_text, lost))}.")
    if log:
        st.caption("The losses lie so far apart that the axis is logarithmic.")


def _maps(page: Page, shown: dict[str, SavedRun]) -> None:
    """Show the first map of each run, each on a scale of its own."""
    captions = [name if len(name) <= ROOM else f"{name[: ROOM - 1]}…" for name in shown]  # whole in the table below
    maps = [one.last.weights[0] for one in shown.values()]
    said = ", ".join(f"{name}, {percent(one.last.valid_accuracy, 4)}" for name, one in shown.items())
    words = f"The first weight map of {len(maps)} runs: {said}."
    columns = min(COLUMNS, len(maps))
    chart = live_maps(live_frame(maps, captions, columns=columns), count=len(maps), columns=columns, tile=150)
    page.show(Picture(chart, words, where=st.container(), width="content"), "multiples")
    st.caption("Each map has a colour scale of its own: red its largest weight, blue its smallest, white zero.")


def _table(page: Page) -> None:
    kept = pins()
    table = comparison(kept)
    key = page.key(f"table_{hash(tuple(kept))}")

    def edit() -> None:
        names, changes = list(kept), st.session_state[key]
        for row, columns in changes["edited_rows"].items():
            wanted = str(columns.get("run", "")).strip()[:60]
            if wanted and wanted not in kept:
                names[int(row)] = wanted
        gone = set(changes["deleted_rows"])
        runs = enumerate(zip(names, kept.values(), strict=True))
        st.session_state["training_pins"] = {name: one for row, (name, one) in runs if row not in gone}

    st.data_editor(
        table,
        hide_index=True,
        key=key,
        num_rows="delete",
        on_change=edit,
        disabled=[column for column in table if column != "run"],
        column_config={
            "run": st.column_config.TextColumn("run", help="Click to rename.", max_chars=60),
            "went": st.column_config.NumberColumn("epochs made", format="%.2f"),
            "train_loss": st.column_config.NumberColumn("training loss", format="%.4f"),
            "valid_loss": st.column_config.NumberColumn("validation loss", format="%.4f"),
            "accuracy": st.column_config.NumberColumn("accuracy", format="percent"),
            "best": st.column_config.NumberColumn("best accuracy", format="percent"),
        },
    )
    st.caption(
        "Click a name to change it; mark rows to remove them. Settings in which the pinned runs agree are left out. 200 "
        "moments of each are kept."
    )
