"""Colours and scales against their definitions."""

import colorsys
import math
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sgd_core.charts import palette


def luminance(color: str) -> float:
    """WCAG's relative luminance of #rrggbb."""
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


ROLES = [palette.ACCENT, palette.SECOND, palette.QUIET, *(look.color for look in palette.REGIMES.values())]


THEME = tomllib.loads((Path(__file__).parents[2] / ".streamlit/config.toml").read_text())["theme"]


@pytest.mark.parametrize("page", [THEME["light"]["backgroundColor"], THEME["dark"]["backgroundColor"]])
@pytest.mark.parametrize("color", ROLES)
def test_every_role_is_seen_on_the_light_and_the_dark_page(color: str, page: str) -> None:
    assert contrast(color, page) >= 3  # WCAG 1.4.11, graphics


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_themes_accent_is_the_charts_accent_in_hue(theme: str) -> None:
    def hue(color: str) -> float:
        return colorsys.rgb_to_hls(*(int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)))[0] * 360

    assert abs(hue(THEME[theme]["primaryColor"]) - hue(palette.ACCENT)) < 3


def test_regimes_differ_in_more_than_colour() -> None:
    for field in ("color", "shape", "dash", "sign"):
        values = [getattr(look, field) for look in palette.REGIMES.values()]
        assert len(set(values)) == len(values), field


@given(st.floats(1e-9, 1e9))
def test_a_ceiling_is_round_at_or_above_and_not_far(value: float) -> None:
    top = palette.ceiling(value)
    assert value <= top * (1 + 1e-6) and top <= value * 4 / 3 * (1 + 1e-6)
    mantissa = top / 10 ** math.floor(math.log10(top) + 1e-9)
    assert min(abs(mantissa - m) for m in palette.ROUND) < 1e-6


@pytest.mark.parametrize("value", [0.0, -1.0, math.inf, math.nan])
def test_a_ceiling_of_nothing_sensible_is_one(value: float) -> None:
    assert palette.ceiling(value) == 1


def test_the_map_scale_moves_seldom() -> None:
    limits = {palette.weight_limit(0.01 * i) for i in range(1, 301)}
    assert sorted(limits) == pytest.approx([0.01, 0.03, 0.1, 0.3, 1.0, 3.0])
