"""A page of its own for the clock: a run of 40 moments known in advance, and one that is computed while it is watched."""

from collections.abc import Iterator

import pandas as pd
import streamlit as st

from pages.ui.page import Page, Section, dress
from pages.ui.shown import Action, Moments, Picture, Shown
from sgd_core.charts.film import Film, grid
from sgd_core.charts.over_steps import over_steps
from sgd_core.numbers import number
from sgd_core.recording import Recording


def _chart(count: int, by: float, most: float = 400.0) -> Picture:
    frame = pd.DataFrame(
        {"moment": range(count), "step": range(count), "value": [by * i for i in range(count)], "now": True}
    )
    return Picture(over_steps(frame, last=200, y_domain=(0.0, most), title="value"), "A line that rises.")


def _numbers(count: int, by: float) -> pd.DataFrame:
    return pd.DataFrame({"step": [number(i) for i in range(count)], "value": [number(by * i) for i in range(count)]})


def recorded(page: Page) -> None:
    """A run that is known in advance."""
    with page.controls:
        by = page.slider("by", "By", 1.0, 3.0, 2.0, 0.1)
        lr = page.learning_rate("lr", 0.1)
        if st.button("On from 5"):
            page.go_to(5, play=True)
    at = page.player([_chart(41, by)], Moments(_numbers(41, by), run=(by, lr)))
    page.notice(f"At rest at {at}.")


def _count() -> Iterator[int]:
    yield from range(200)


def pulled(page: Page) -> None:
    """A run that is computed while it is watched, with a film."""
    import numpy as np

    run = page.recording("pulled", lambda: Recording(_count(), 199), ahead=4)

    def shown() -> Shown:
        count = len(run.moments)
        maps = [np.full((1, 4, 4), i / 199 * 2 - 1, dtype=np.float32) for i in run.moments]
        moments = Moments(
            _numbers(count, 2.0),
            recording=run,
            last=199,
            keep=False,
            cards=[("#2a9350", "good", f"moment {i}") for i in range(count)],
        )
        film = Film("film", grid(["map, ±{limit}"], columns=1, side=200), maps, "A map.")
        return Shown([_chart(count, 2.0, 400.0 if count <= 100 else 800.0)], moments, film)  # its axis grows once

    at = page.live(
        shown, actions=[Action("mark", "Mark", "Mark this moment.", lambda at: st.session_state.update(marked=at))]
    )
    page.notice(
        f"At rest at {at}. Marked {st.session_state.get('marked')}. Drawn {st.session_state.setdefault('drawn', 0)} times."
    )
    st.session_state.drawn += 1


st.set_page_config(layout="wide")
dress()
Page("home").sections(Section("recorded", recorded, "Known."), Section("pulled", pulled, "Pulled."))
