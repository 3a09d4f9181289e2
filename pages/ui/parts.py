"""Small pieces every lesson uses: what to notice, the same in PyTorch."""

import pandas as pd
import streamlit as st


def notice(*sentences: str) -> None:
    """Say what to notice, in sentences about the numbers on the screen."""
    with st.container(border=True):
        st.markdown("**What to notice**\n\n" + "\n".join(f"- {sentence}" for sentence in sentences if sentence))


def same_in_pytorch(script: str, *, key: str) -> None:
    """Show the script that, run as it is, prints the numbers on the screen."""
    with st.expander("The same in PyTorch", icon=":material/code:", key=key):
        st.caption("Run as it is, this prints the numbers above.")
        st.code(script, language="python")


def download_csv(frame: pd.DataFrame, name: str, *, key: str) -> None:
    """Offer a frame as a CSV file, written with every digit it has."""
    st.download_button(
        "Download CSV", frame.to_csv(index=False), f"{name}.csv", "text/csv", icon=":material/download:", key=key
    )
