"""Small pieces every lesson uses: what to notice, the same in PyTorch."""

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
