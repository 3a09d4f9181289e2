"""How a number is written: in sentences and tables, in LaTeX, on axes, and in Python source.

One place decides digits, signs, powers of ten and what stands for infinity, so that a value looks the same wherever it
is read: 0.00025, 10⁻⁵, 2.5 × 10⁻⁷, −3, 12,396, "inf", "no number".
"""

import math
from collections.abc import Callable, Sequence
from numbers import Integral
from typing import SupportsFloat

NO_NUMBER = "no number"
NEARLY_ZERO = "practically 0"
SMALLEST, LARGEST = 1e-4, 1e6  # from the first and below the second a number is written out, else as a power of ten
_VANISHING = 1e-30  # no quantity of the lessons is that small for a reason
_ROUNDING = 1e-12  # relative to `scale`
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: SupportsFloat, digits: int = 4, *, scale: float = 0.0) -> str:
    """Write a number for a sentence or a table, with at most so many significant digits: "−0.05", "2.5 × 10⁻⁷".

    Whole numbers (`int`) and the part before the decimal point are always complete: "12,396". Infinity is "inf", NaN
    "no number", and what is below 1e-30 without being 0 "practically 0". `scale` is the size of the numbers that it
    stands among: what is smaller than 1e-12 of it is the rounding of a computation, and written "0".
    """
    if isinstance(value, Integral):
        whole = int(value)
        if abs(whole) < 10**15:
            return _sign(whole) + f"{abs(whole):,}"
    v = _as_float(value)
    if not math.isfinite(v):
        return NO_NUMBER if math.isnan(v) else _sign(v) + "inf"
    if v == 0 or abs(v) < _ROUNDING * abs(scale):
        return "0"
    if abs(v) < _VANISHING:
        return NEARLY_ZERO
    return _sign(v) + _finite(abs(v), digits, "{} × 10{}", "10{}", lambda power: str(power).translate(_SUPERSCRIPT))


def signed(value: SupportsFloat, digits: int = 4, *, scale: float = 0.0) -> str:
    """Write a number as `number` does, with its sign where it has one: "+0.3", "−0.3", "0", "no number"."""
    text = number(value, digits, scale=scale)
    return text if text in ("0", NO_NUMBER, NEARLY_ZERO) or text.startswith("−") else f"+{text}"


def percent(share: SupportsFloat, digits: int = 3) -> str:
    """Write a share of 1 in percent: "46 %", "8.64 %".

    A share that is not quite all or nothing never reads as if it were: "less than 0.01 %", "more than 99.9 %".
    """
    value = 100 * _as_float(share)
    if not math.isfinite(value):
        return NO_NUMBER if math.isnan(value) else f"{number(value)} %"
    if 0 < abs(value) < 0.01:
        return "less than 0.01 %" if value > 0 else "between −0.01 and 0 %"
    text = number(value, digits)
    if value < 100 and text == "100":
        return "more than 99.9 %"
    return f"{text} %"


def counted(count: int, noun: str) -> str:
    """Write how many there are of something whose plural ends in s: "1 step", "2,000 steps"."""
    return f"{number(count)} {noun}{'' if count == 1 else 's'}"


def code(value: SupportsFloat) -> str:
    """Write a number as Python source that evaluates to exactly this number: "0.1", "1e-5", `float("inf")`."""
    if isinstance(value, Integral):
        return repr(int(value))
    v = float(value)
    if not math.isfinite(v):
        return f'float("{"nan" if math.isnan(v) else "inf" if v > 0 else "-inf"}")'
    mantissa, _, exponent = repr(v).partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa


def latex(value: SupportsFloat, digits: int = 4, *, scale: float = 0.0) -> str:
    r"""Write a number for a formula: "-3", "2.5 \cdot 10^{-7}", "\infty"."""
    text = number(value, digits, scale=scale)
    if text in (NO_NUMBER, NEARLY_ZERO):
        return rf"\text{{{text}}}"
    minus = "-" if text.startswith("−") else ""
    v = abs(_as_float(value))
    if math.isinf(v):
        return minus + r"\infty"
    if "10" in text and any(sign in text for sign in "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"):
        return minus + _finite(v, digits, r"{} \cdot 10^{{{}}}", "10^{{{}}}", str)
    return minus + text.removeprefix("−").replace(",", r"{,}")


def round_down(rate: float, mantissas: Sequence[float] = (5, 2, 1)) -> float:
    """Return the next learning rate at or below this one that a person would type: 1, 2 or 5 times a power of ten."""
    power = math.floor(math.log10(rate))
    mantissa = next((m for m in mantissas if m * 10.0**power <= rate * (1 + 1e-9)), mantissas[-1])
    return float(f"{mantissa:g}e{power}")


# For Vega, which formats in the browser. A tooltip takes d3's format; an axis takes an expression over `datum.value`
# and writes what `number` writes.
TOOLTIP_FORMAT = ".4~g"
_POWER = "floor(log(abs(datum.value))/LN10 + 1e-9)"
_DIGITS = (
    "".join(
        f"(abs({_POWER}) >= {10**place} ? substring('⁰¹²³⁴⁵⁶⁷⁸⁹', floor(abs({_POWER})/{10**place})%10, "
        f"floor(abs({_POWER})/{10**place})%10 + 1) : '') + "
        for place in (2, 1)
    )
    + f"substring('⁰¹²³⁴⁵⁶⁷⁸⁹', abs({_POWER})%10, abs({_POWER})%10 + 1)"
)
_MANTISSA = f"format(abs(datum.value)/pow(10, {_POWER}), '.4~r')"
AXIS_LABEL = (
    f"datum.value == 0 ? '0' : abs(datum.value) >= {SMALLEST} && abs(datum.value) < {LARGEST:.0f} "
    f"? format(datum.value, ',.6~r') : (datum.value < 0 ? '−' : '') + ({_MANTISSA} == '1' ? '10' : {_MANTISSA} + ' × 10') "
    f"+ ({_POWER} < 0 ? '⁻' : '') + {_DIGITS}"
)


def _as_float(value: SupportsFloat) -> float:
    try:
        return float(value)
    except OverflowError:  # a whole number beyond all floats
        return math.inf if value > 0 else -math.inf  # type: ignore[operator]


def _sign(value: float) -> str:
    return "−" if value < 0 else ""


def _finite(value: float, digits: int, scientific: str, power_alone: str, write_power: Callable[[int], str]) -> str:
    mantissa, _, exponent = f"{value:.{max(digits, 1) - 1}e}".partition("e")
    power = int(exponent)
    if 10.0**power >= SMALLEST and value < LARGEST:  # as it is written: 0.000099999 is 0.0001
        text = f"{value:,.{max(digits - 1 - power, 0)}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return (
        power_alone.format(write_power(power)) if mantissa == "1" else scientific.format(mantissa, write_power(power))
    )
