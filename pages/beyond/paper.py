"""The paper check: a published figure beside ours, with its source."""

from typing import NamedTuple

import streamlit as st

from pages.ui.page import Page

NOT_YET = "not yet"


class Check(NamedTuple):
    """One published figure, ours of the same thing, both as text ready to read; None while nothing has happened yet."""

    what: str
    published: str
    ours: str | None


def paper_check(page: Page, source: str, *checks: Check) -> None:
    """Show published figures beside ours; `source` is Markdown. Call it before `notice`, whose words grow."""
    rows = "\n".join(f"| {check.what} | {check.published} | {check.ours or NOT_YET} |" for check in checks)
    with page.below.container(border=True, key=page.key("paper")):
        st.markdown(f"**Paper check**\n\n| | published | here |\n| --- | --- | --- |\n{rows}\n\n:small[{source}]")
