"""What the browser has of a film: moving maps are sent as they are recorded, and those at rest are a chart."""

import base64
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import streamlit as st

from pages.ui.built import Built
from sgd_core.charts.film import Film, codes, resting_maps
from sgd_core.charts.palette import DIVERGING


@dataclass
class _Reel:
    """What the browser has of a film: the colour scales of its moments, and how many of them were sent."""

    film: str
    limits: list[np.ndarray] = field(default_factory=list)
    sent: int = 0
    missing: Any = None


def _reel(key: str, film: str) -> _Reel:
    reel: _Reel | None = st.session_state.get(f"_{key}_reel")
    if reel is None or reel.film != film:
        reel = st.session_state[f"_{key}_reel"] = _Reel(film)
    return reel


def reel_on(film: Film, run: str, key: str) -> dict[str, Any]:
    """Return the maps of a run that the browser does not have yet, as film.js takes them; `key` is the film's on the page."""
    reel = _reel(key, f"{run}/{film.name}")
    missing = (st.session_state.get(f"{key}_canvas") or {}).get("missing")
    if missing and missing != reel.missing:  # the page was loaded anew: send what it lacks
        reel.missing = missing
        if missing["film"] == reel.film:
            reel.sent = int(missing["have"])
    while len(reel.limits) < len(film.maps):
        reel.limits.append(film.limits(film.maps[len(reel.limits)], reel.limits[-1] if reel.limits else None))
    first, reel.sent = reel.sent, len(film.maps)
    maps = b"".join(codes(film.maps[i], reel.limits[i], film.tiles).tobytes() for i in range(first, len(film.maps)))
    return {
        "film": reel.film,
        "first": first,
        "maps": base64.b64encode(maps).decode(),
        "limits": [film.written(limits) for limits in reel.limits[first:]],
        "shape": film.shape,
        "palette": list(DIVERGING),
    }


def draw_resting(film: Film, run: str, at: int, key: str) -> None:
    """Draw the maps of the resting moment, a mark a pixel."""
    at = min(at, len(film.maps) - 1)
    resting = resting_maps(film, film.maps[at], _reel(key, f"{run}/{film.name}").limits[at])
    chart: Any = Built(resting, in_place=True)
    with st.container(key=f"{key}_still"):
        st.altair_chart(chart, width="content", alt=film.alt)
