"""Pinned runs: kept by what differs, compared, renamed and removed."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from reading import charts, said
from streamlit.testing.v1 import AppTest
from test_training_page import Open, act, press, trained


def pinned(at: AppTest) -> dict[str, Any]:
    kept: dict[str, Any] = at.session_state["training_pins"]
    return kept


def test_runs_are_pinned_by_what_differs_compared_renamed_and_removed(app: Open) -> None:
    at = app("training", training_section="Runs", training_epochs="2")
    assert "No run is pinned yet" in said(at)
    at = act(trained(at), "pin", 0)
    at.number_input(key="training_lr").set_value(0.05).run()
    at = act(trained(at), "pin", 0)
    at.selectbox(key="training_optimizer").select("Adam").run()
    at = act(trained(at), "pin", 0)
    assert list(pinned(at)) == ["linear, lr 0.5", "lr 0.05", "Adam, lr 0.05"]
    assert any("of 3 runs" in alt for alt in charts(at))
    assert any("first weight map of 3 runs" in alt for alt in charts(at))
    assert list(at.dataframe[-1].value["run"]) == list(pinned(at))
    at = press(at, "pin_clear")
    assert "No run is pinned yet" in said(at)


@pytest.mark.parametrize(
    "name", ["![a](https://evil.invalid/a)", "<img src=x onerror=pwned=1>", "[b](javascript:pwned=1) $x$ :red[y] `z`"]
)
def test_a_hostile_name_of_a_run_stays_text(app: Open, name: str) -> None:
    at = act(trained(app("training", training_section="Runs", training_epochs="2")), "pin", 0)
    (one,) = pinned(at).values()
    gone = one.curves.assign(valid_accuracy=np.nan)
    at.session_state["training_pins"] = {name: replace(one, curves=gone), "other": one}
    at.run()
    assert not at.exception
    shown = [option.content for group in at.get("button_group") for option in group.proto.options]
    told = next(caption.value for caption in at.caption if caption.value.startswith("Diverged"))
    for text in (next(content for content in shown if "evil" in content or "pwned" in content), told):
        assert not re.search(
            r"(?<!\\)[\[\]<>`$:!]", text.removeprefix("Diverged, so a part of the curve has no place here:")
        )
        assert name in text.replace("\\", "")


def test_twenty_runs_are_drawn(app: Open) -> None:
    at = trained(app("training", training_section="Runs", training_epochs="2"))
    for _ in range(20):
        at = act(at, "pin", 0)
    assert len(pinned(at)) == 20 and any("of 20 runs" in alt for alt in charts(at))
