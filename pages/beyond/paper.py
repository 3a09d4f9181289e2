"""The paper check: a published figure beside ours, with its source."""

import streamlit as st

from pages.ui.page import Page
from sgd_core.beyond.published import Check

NOT_YET = "not yet"


def paper_check(page: Page, source: str, *checks: Check) -> None:
    """Show published figures beside ours; `source` is Markdown. Call it before `notice`, whose words grow."""
    rows = "\n".join(f"| {check.what} | {check.published} | {check.ours or NOT_YET} |" for check in checks)
    with page.below.container(border=True, key=page.key("paper")):
        st.markdown(f"**Paper check**\n\n| | published | here |\n| --- | --- | --- |\n{rows}\n\n:small[{source}]")
