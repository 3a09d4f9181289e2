"""What page tests read off a page."""

from streamlit.testing.v1 import AppTest


def charts(at: AppTest) -> list[str]:
    """The sentences that describe the charts on the page."""
    return [chart.proto.alt for chart in at.get("vega_lite_chart")]


def said(at: AppTest) -> str:
    """Everything the page says in words, in one string."""
    kinds = (at.markdown, at.caption, at.info, at.warning, at.error, at.success, at.title, at.subheader)
    return "\n".join(str(element.value) for kind in kinds for element in kind)
