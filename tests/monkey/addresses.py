"""Random and hostile addresses, opened by the websocket protocol: no page may answer with an error."""

import random
from typing import Any
from urllib.parse import urlencode

from pages.ui.page import PAGES as TABLE
from tests.load.visitor import Visitor

PAGES = {row.address: name for name, row in TABLE.items()}
HOSTILE = [
    *(
        "",
        "0",
        "-1",
        "-0",
        "1e400",
        "-1e400",
        "nan",
        "inf",
        "1e-400",
        "9" * 400,
        "0x10",
        "1_000",
        "٣",
        "½",
        "true",
        "None",
    ),
    *("<script>alert(1)</script>", "'\"><img src=x onerror=alert(1)>", "`${1}`", "{{7*7}}", "%00", "\u0000", "\u202e"),
    *(
        "../../etc/passwd",
        "x" * 20_000,
        "[]",
        "{}",
        "__import__('os')",
        "x" + "+x" * 500,
        "((((((((((x",
        "9**9**9",
        "1/0",
    ),
    *("exp(exp(exp(x)))", "log(-1)", "abs(x)/0*0", ",,,,", "1,2,3," * 200, ";DROP TABLE", "\n\n", "é" * 100, "🙂"),
]


class Reader(Visitor):
    """Opens a page and notes its fields: their names in the address, and what they may be."""

    def __init__(self, url: str, page: str, query: str = "") -> None:
        """As a visitor."""
        super().__init__(url, page, query)
        self.fields: dict[str, list[str]] = {}

    async def open(self) -> "Reader":
        """Open the page once and leave."""
        async with self.connect() as self.socket:
            await self.rerun()
        return self

    def read(self, kind: str, element: Any, fragment: str) -> None:
        """Note a field that is bound to the address."""
        key = getattr(element, "query_param_key", "")
        if not key:
            return
        options = [getattr(option, "content", option) for option in getattr(element, "options", [])]
        if not options and hasattr(element, "min"):
            low, high = float(element.min), float(element.max)
            options = [repr(low), repr(high), repr((low + high) / 2), str(int(low) + 1)]
        self.fields[key] = [str(option) for option in options] or ["true", "false", "x**3 - x"]


async def fields_of(url: str, page: str, name: str) -> dict[str, list[str]]:
    """Return the fields of a page in all its sections, by their names in the address."""
    first = await Reader(url, page).open()
    found = dict(first.fields)
    for section in first.fields.get(f"{name}_section", []):
        found |= (await Reader(url, page, urlencode({f"{name}_section": section})).open()).fields
    return found | {f"{name}_at": ["0", "1", "5", "30"]}


async def try_addresses(url: str, count: int, hostile: int, seed: int = 0) -> list[str]:
    """Open so many random and so many hostile addresses; return what went wrong, each with its address."""
    draw, wrong = random.Random(seed), []
    fields = {page: await fields_of(url, page, name) for page, name in PAGES.items()}
    for number in range(count + hostile):
        page = draw.choice(list(PAGES))
        names = draw.sample(sorted(fields[page]), min(len(fields[page]), draw.randint(1, 8)))
        pairs = {name: draw.choice(fields[page][name]) for name in names}
        section = f"{PAGES[page]}_section"
        if section in fields[page]:
            pairs[section] = draw.choice(fields[page][section])
        if number >= count:
            for name in draw.sample(names, draw.randint(1, len(names))):
                pairs[name] = draw.choice(HOSTILE)
        reader = Reader(url, page, urlencode(pairs))
        try:
            await reader.open()
        except (OSError, TimeoutError) as error:
            reader.errors.append(f"{type(error).__name__}: {error}")
        wrong += [f"{page}?{reader.query[:600]}: {error}" for error in reader.errors]
    return wrong
