"""The numbers of a text, for tests that hold each of them against the truth."""

import re
from typing import SupportsFloat

from sgd_core.numbers import number

NUMBER = r"10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+|\d[\d,]*\d(?:\.\d+)?(?: × 10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?|\d(?:\.\d+)?(?: × 10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?"


def numbers(text: str) -> list[str]:
    """The numbers of a text in their order, without signs; code, formulas and the bets won left out."""
    return re.findall(NUMBER, re.sub(r"`[^`]*`|\$[^$]*\$|:small\[[^\]]*won\]", "", text))


def written(*values: SupportsFloat, digits: int = 4) -> list[str]:
    """The values as a page writes them, without their signs."""
    return [number(value, digits).removeprefix("−") for value in values]
