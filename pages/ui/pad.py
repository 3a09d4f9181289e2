"""A sheet to draw on with mouse, finger or pen.

Ours, because it has to show again what a link holds, and to keep what is drawn while the page moves on.
"""

import base64
import binascii
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.ui.component import component, nothing

SIDE = 112  # pixels of the ink that the browser sends
_pad = component("pad")


def pad(key: str, label: str, image: NDArray[np.float32] | None, revision: str) -> NDArray[np.float32] | None:
    """Draw the sheet; return the ink (side, side) in [0, 1] when a stroke has just ended, else None.

    `image` (H, W) in [0, 1] replaces what stands on the sheet whenever `revision` is another one.
    """
    shown = np.zeros((1, 1), dtype=np.float32) if image is None else image
    _pad(
        key=key,
        on_ink_change=nothing,
        data={
            "label": label,
            "revision": revision,
            "image": base64.b64encode(np.rint(shown * 255).astype(np.uint8).tobytes()).decode(),
            "width": shown.shape[1],
            "height": shown.shape[0],
        },
    )
    sent: dict[str, Any] = (st.session_state.get(key) or {}).get("ink") or {}
    if not sent or sent.get("revision") != revision or st.session_state.get(f"_{key}_read") == sent.get("n"):
        return None
    st.session_state[f"_{key}_read"] = sent.get("n")
    try:
        ink = np.frombuffer(base64.b64decode(str(sent["ink"]), validate=True), dtype=np.uint8)
    except (binascii.Error, KeyError):
        return None
    return ink.reshape(SIDE, SIDE).astype(np.float32) / np.float32(255) if len(ink) == SIDE * SIDE else None
