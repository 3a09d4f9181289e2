"""What each section of the first three pages shows at first sight: few controls, and a bet that counts for the visit."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from reading import said
from streamlit.testing.v1 import AppTest

Open = Callable[..., AppTest]
MOST = 7
DERIVATIVES = ("The slope", "Nudge it", "Let PyTorch do it", "Many weights")
STEPPING = ("One weight", "Race", "Two weights", "Fit a curve", "When to stop")
PARTS = ("two weights", "a vector", "a digit model")
SIGHTS = {
    **{f"home {step}": ("home", {"home_at": str(step)}) for step in range(7)},
    **{name: ("derivatives", {"derivatives_section": name}) for name in DERIVATIVES},
    **{name: ("derivatives", {"derivatives_section": "Many weights", "derivatives_part": name}) for name in PARTS},
    **{name: ("stepping", {"stepping_section": name}) for name in STEPPING},
}
WIDGETS = (
    "button",
    "button_group",
    "selectbox",
    "radio",
    "toggle",
    "number_input",
    "text_input",
    "slider",
    "select_slider",
)
EVERYWHERE = ("_section", "_share")  # the choice of the section and the link stand on every page


def at_first_sight(block: Any) -> Iterator[str]:
    """The keys of the controls outside of closed expanders; a popover counts as the one button that it is."""
    for child in block.children.values():
        if child.type in WIDGETS or child.type == "popover":
            yield str(child.key).removesuffix("_slider")  # a slider and its exact number are one control
        elif child.type != "expander" and hasattr(child, "children"):
            yield from at_first_sight(child)


@pytest.mark.parametrize("name", SIGHTS)
def test_a_section_shows_at_most_seven_controls(app: Open, name: str) -> None:
    page, query = SIGHTS[name]
    shown = {key for key in at_first_sight(app(page, **query).main) if not key.endswith(EVERYWHERE)}
    assert 2 <= len(shown) <= MOST, shown


def bets(at: AppTest) -> list[str]:
    """The keys of the bets that are seen at first sight."""
    return [key for key in at_first_sight(at.main) if "_bet_" in key]


@pytest.mark.parametrize("name", [*DERIVATIVES[:3], *PARTS, *STEPPING[1:], "home 4"])
def test_a_section_has_a_bet_at_first_sight(app: Open, name: str) -> None:
    page, query = SIGHTS[name]
    at = app(page, **query)
    (bet,) = bets(at)
    assert at.radio(key=bet).value is None and "bets won" not in said(at)


def test_every_section_s_bet_counts_in_one_score_for_the_visit(app: Open) -> None:
    at = app("stepping")
    at.slider(key="stepping_guess").set_value(-1.2).run()
    at.session_state["_stepping_clock_at"] = 1
    at.run()
    assert "1 of 1 bets won" in said(at)
    won = 1
    for made, section in enumerate(STEPPING[1:], 2):
        at.segmented_control(key="stepping_section").set_value(section).run()
        (bet,) = bets(at)
        assert "bets won" not in said(at), "the answer of another section does not stand here"
        at.radio(key=bet).set_value(at.radio(key=bet).options[0]).run()
        (now,) = set(re.findall(r"(\d+) of (\d+) bets won", said(at)))
        won += bool([box for box in at.success if "bets won" in box.value])
        assert now == (str(won), str(made))
    at.switch_page("pages/1_Derivatives.py").run()
    at.radio(key="derivatives_bet_level").set_value("at 1 place").run()
    assert f"of {len(STEPPING) + 1} bets won" in at.success[0].value
