"""Numbers as they are written, read back; and the browser's axis labels against the same words."""

import html
import math
import re
from pathlib import Path

import altair as alt
import numpy as np
import pandas as pd
import pytest
import vl_convert
from hypothesis import given
from hypothesis import strategies as st

from sgd_core.numbers import (
    AXIS_LABEL,
    NEARLY_ZERO,
    NO_NUMBER,
    code,
    counted,
    latex,
    number,
    percent,
    round_down,
    signed,
)

floats = st.floats(allow_nan=False, allow_infinity=False)
sizes = st.floats(-29.9, 300).flatmap(lambda power: st.sampled_from([10**power, -(10**power)]))
DIGIT = dict(zip("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789", strict=True))


def read(text):
    """What a person reads: the number behind the words."""
    found = re.fullmatch(r"([+−]?)(?:([\d,.]+)(?: × )?)?(?:10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))?", text)
    assert found, text
    sign, mantissa, power = found.groups()
    value = float((mantissa or "1").replace(",", ""))
    value = float(f"{value!r}e{''.join(DIGIT[sign] for sign in power)}") if power else value
    return -value if sign == "−" else value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.00001, "10⁻⁵"),
        (1e-4, "0.0001"),
        (0.00025, "0.00025"),
        (2.5e-7, "2.5 × 10⁻⁷"),
        (-3.0, "−3"),
        (-0.0, "0"),
        (0.1 + 0.2, "0.3"),
        (12396, "12,396"),
        (12396.4, "12,396"),
        (1.5e6, "1.5 × 10⁶"),
        (1_500_000, "1,500,000"),
        (10**400, "inf"),
        (5.81e-280, NEARLY_ZERO),
        (4.2e280, "4.2 × 10²⁸⁰"),
        (math.inf, "inf"),
        (-math.inf, "−inf"),
        (math.nan, NO_NUMBER),
        (np.float32(0.1), "0.1"),
        (np.int64(-7), "−7"),
        (0.99996, "1"),
    ],
)
def test_numbers_in_words(value, text):
    assert number(value) == text


def test_rounding_next_to_large_numbers_is_nought():
    assert number(-1.04e-19, scale=6) == "0" and signed(-1.04e-19, scale=6) == "0"
    assert number(1e-6, scale=6) == "10⁻⁶"


def test_signs():
    assert [signed(value) for value in (0.3, -0.3, 0.0, math.nan, 12, math.inf)] == [
        "+0.3",
        "−0.3",
        "0",
        NO_NUMBER,
        "+12",
        "+inf",
    ]


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.46, "46 %"),
        (0.0864, "8.64 %"),
        (1.0, "100 %"),
        (0.99999, "more than 99.9 %"),
        (0.00001, "less than 0.01 %"),
        (0.0, "0 %"),
        (25.0, "2,500 %"),
        (-0.504, "−50.4 %"),
        (math.nan, NO_NUMBER),
        (math.inf, "inf %"),
    ],
)
def test_percent(share, text):
    assert percent(share) == text


@given(sizes, st.integers(1, 9))
def test_what_is_written_reads_as_the_number_to_so_many_digits(value, digits):
    for text in (number(value, digits), signed(value, digits)):
        assert read(text) == pytest.approx(value, rel=0.5000001 * 10.0 ** (1 - digits))
        assert not re.search("[-e]|nan|inf", text)


@given(st.integers(-(10**15) + 1, 10**15 - 1))
def test_whole_numbers_are_complete(value):
    assert read(number(value)) == value


@given(floats | st.sampled_from([math.inf, -math.inf]) | st.integers() | st.floats(width=32, allow_nan=False))
def test_source_is_exact_and_has_no_padded_exponent(value):
    again = eval(code(value))
    assert again == value and type(again) is type(value)
    assert not re.search(r"e[+-]?0|e\+", code(value))
    assert math.isnan(eval(code(math.nan)))


def test_source_as_a_person_writes_it():
    assert [code(value) for value in (1e-05, 1e16, 0.1, 3.0, 7)] == ["1e-5", "1e16", "0.1", "3.0", "7"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(-3.0, "-3"), (2.5e-7, r"2.5 \cdot 10^{-7}"), (1e-5, "10^{-5}"), (12396.0, "12{,}396"), (-math.inf, r"-\infty")],
)
def test_latex(value, text):
    assert latex(value) == text and "no number" in latex(math.nan)


def test_an_axis_writes_what_the_words_write():
    values = [-2e7, -3.0, 0.0, 1e-12, 2e-5, 1e-4, 0.05, 1.0, 2500.0, 1e5, 1e6, 3e11, 1e120]
    labels = []
    for value in values:  # one chart each: labels at one place would hide each other
        axis = alt.Axis(values=[value], labelExpr=AXIS_LABEL)
        scale = alt.Scale(domain=[value - abs(value) - 1, value + abs(value) + 1], nice=False)
        chart = alt.Chart(pd.DataFrame({"v": [value]})).mark_point().encode(alt.X("v:Q", axis=axis, scale=scale))
        svg = vl_convert.vegalite_to_svg(chart.to_dict())
        labels += [html.unescape(text) for text in re.findall(r"role-axis-label.*?<text[^>]*>(.*?)</text>", svg, re.S)]
    assert labels == [number(value) for value in values]


@pytest.mark.parametrize(("rate", "text"), [(0.0121, 0.01), (0.05, 0.05), (0.0999, 0.05), (3.0, 2.0), (1e-7, 1e-7)])
def test_rates_that_a_person_would_type(rate, text):
    assert round_down(rate) == text


@pytest.mark.parametrize(("count", "words"), [(0, "0 steps"), (1, "1 step"), (2, "2 steps"), (2000, "2,000 steps")])
def test_a_count_has_its_noun(count, words):
    assert counted(count, "step") == words


def test_what_is_written_with_a_power_is_decided_by_what_is_written() -> None:
    assert number(9.99999999998899e-05) == number(1e-4) == "0.0001"
    assert number(9.99e-5) == "9.99 × 10⁻⁵" and number(999_999.0) == "999,999"


def test_no_sentence_formats_a_number_by_itself() -> None:
    """`:.3g` writes 2.17e+36 and 1e-05, `:.0%` 1%, which no sentence of ours says; an address may."""
    root = Path(__file__).resolve().parents[1]
    found = [
        f"{path.relative_to(root)}: {line.strip()}"
        for path in [*(root / "sgd_core").rglob("*.py"), *(root / "pages").rglob("*.py")]
        for line in path.read_text().splitlines()
        if re.search(r"\{[^{}]*:\.\d+[ge%]\}", line) and "float(f" not in line
    ]
    allowed = ("sgd_core/numbers.py", "pages/beyond/fate.py")  # where numbers are written, and an address
    assert not [line for line in found if not line.startswith(allowed)], found
