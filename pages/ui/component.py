"""Our own components: each is an HTML file, a style and a script of one name."""

from pathlib import Path
from typing import Any

import streamlit as st

HERE = Path(__file__).parent


def component(name: str, *before: str) -> Any:
    """Return a component of ours; its script begins with the scripts named `before`."""
    html, css = ((HERE / f"{name}.{kind}").read_text() for kind in ("html", "css"))
    js = "\n".join((HERE / f"{script}.js").read_text() for script in (*before, name))
    return st.components.v2.component(f"sgd_{name}", html=html, css=css, js=js, isolate_styles=False)


def nothing() -> None:
    """Callbacks make Streamlit keep a component's state; what they would do is done where the state is read."""
