"""The frame around every page: title, icon, menu in lesson order, and the end with the link to share."""

from pathlib import Path

import streamlit as st
import torch

from pages.ui.controls import Controls
from pages.ui.page import PAGES

ICON = Path(__file__).with_name("icon.png")  # a file of ours: a named icon would be fetched from the internet


def open_page(name: str, lead: str) -> Controls:
    """Draw the page's frame and return its controls; call it first on every page.

    `lead` is the page's claim: one or two sentences under its title.
    """
    # Small tensors and a browser on the same few cores: a second thread of torch only stands in the way.
    torch.set_num_threads(1)
    page = PAGES[name]
    st.set_page_config(page_title=f"{page.title} · SGD Lab", page_icon=ICON, layout="wide")
    with st.sidebar:
        st.markdown("### SGD Lab")
        for entry in PAGES.values():
            st.page_link(entry.path, label=entry.title, icon=entry.icon)
    heading, share = st.columns([4, 1], vertical_alignment="center")
    heading.title("SGD Lab" if name == "home" else page.title, anchor=False)
    st.markdown(lead)
    return Controls(name, notes=st.container(), share=share)
