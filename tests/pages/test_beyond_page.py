"""Every section of Beyond the rule as a link opens it: its numbers against sgd_core, its words, its code."""

from collections.abc import Callable

import pytest
from reading import charts, said
from streamlit.testing.v1 import AppTest

Open = Callable[..., AppTest]

VIEWS = {
    "Catapult": {},
    "Edge of stability": {},
    "Fate map": {"beyond_map_size": "128"},
    "Was it luck?": {},
    "How large a batch?": {},
    "Silver steps": {"beyond_silver_steps": "127"},
}


@pytest.mark.parametrize("section", VIEWS)
def test_every_section_opens_with_a_claim_a_bet_a_picture_a_paper_and_code(app: Open, section: str) -> None:
    at = app("beyond", beyond_section=section, **VIEWS[section])
    assert charts(at) and len(at.radio) == 1
    words = said(at)
    assert (
        "What to notice" in words
        and "Paper check" in words
        and "arxiv.org" in words
        and "Your bet" in at.radio[0].label
    )
    assert any("import torch" in code.value for code in at.code)
