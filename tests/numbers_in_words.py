"""Which numbers a sentence holds, and how a number is written in one."""

import re
from collections.abc import Iterable
from typing import SupportsFloat

from sgd_core.numbers import number

NUMBER = r"10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+|\d[\d,]*\d(?:\.\d+)?(?: × 10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?|\d(?:\.\d+)?(?: × 10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?"


def numbers(text: str | Iterable[str]) -> list[str]:
    """The numbers of a text, or of several, in their order, without signs; code, formulas and the bets won left out."""
    whole = text if isinstance(text, str) else "\n".join(text)
    return re.findall(NUMBER, re.sub(r"`[^`]*`|\$[^$]*\$|:small\[[^\]]*won\]", "", whole))


def written(*values: SupportsFloat, digits: int = 4) -> list[str]:
    """The values as sentences have them, without their signs."""
    return [number(value, digits).removeprefix("−") for value in values]
