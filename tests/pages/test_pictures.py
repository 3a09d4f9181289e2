"""Each picture of each section is sent as Altair itself would send it."""

from typing import Any

import pytest

from pages.ui import built, player
from sgd_core.charts.specification import specification
from tests.altair_says import assert_same


@pytest.mark.parametrize("page", ["home", "derivatives", "stepping", "pitfalls", "training", "beyond"])
def test_every_picture_says_what_altair_says(app, page, monkeypatch) -> None:
    compared = []

    def both(chart: Any) -> dict[str, Any]:
        assert_same(chart)
        compared.append(chart)
        return specification(chart)

    for module in (player, built):
        monkeypatch.setattr(module, "specification", both)
    at = app(page)
    sections = [one for one in at.get("button_group") if one.key == f"{page}_section"]
    for section in [option.content for option in sections[0].proto.options] if sections else []:
        before = len(compared)
        app(page, **{f"{page}_section": section})
        assert len(compared) > before, section
