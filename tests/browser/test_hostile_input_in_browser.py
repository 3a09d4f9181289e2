"""Whatever is typed or stands in a link stays text: no element, no script and no request comes of it."""

from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect
from serving import ERROR, idle

from pages.ui.page import PAGES

pytestmark = pytest.mark.browser
Visit = Callable[[str], Page]

PAYLOADS = [
    "<img src=https://evil.invalid/a onerror=pwned=1>",
    "<script>pwned=1</script>",
    "</script><script>pwned=1</script>",
    "</style><svg onload=pwned=1>",
    "`<b id=evil>`![a](https://evil.invalid/b)`",
    "[click](javascript:pwned=1) ![c](https://evil.invalid/c)",
    "`](https://evil.invalid/d) <https://evil.invalid/e>",
    "'\"><iframe src=https://evil.invalid/f>",
    "$\\href{javascript:pwned=1}{x}$ \\url{https://evil.invalid/g}",
    "{{constructor.constructor('pwned=1')()}} ${pwned=1}",
    "x\u202e\u0000\ufeff<b id=evil>",
    ":material/home: :red[x] <a href=https://evil.invalid>x</a>",
]
_FOUND = """() => ({
  pwned: window.pwned ?? null,
  elements: [...document.querySelectorAll(
    '#evil, img[src*="evil.invalid"], a[href*="evil.invalid"], a[href^="javascript:"], iframe[src*="evil.invalid"], svg[onload]'
  )].map((e) => e.outerHTML.slice(0, 200)) })"""

# Where a page shows its text fields only once something is chosen.
CHOICES = {
    "derivatives": ["function=my own", "example=your own"],
    "stepping": ["function=my own"],
    "pitfalls": ["function=my own"],
}


def unharmed(page: Page, requests: list[str]) -> None:
    idle(page)
    expect(page.locator(ERROR)).to_have_count(0)
    assert page.evaluate(_FOUND) == {"pwned": None, "elements": []}
    assert not [url for url in requests if "evil.invalid" in url and "127.0.0.1" not in url.split("?")[0]], requests


@pytest.mark.parametrize("name", PAGES)
def test_a_hostile_link_stays_text(visit: Visit, page: Page, name: str) -> None:
    requests: list[str] = []
    visit(PAGES[name].address)
    page.on("request", lambda request: requests.append(request.url))
    # Every field that the page has: Streamlit gives each widget the class of its key, which is its name in the address.
    keys = page.evaluate(
        """(prefix) => [...document.querySelectorAll(`[class*="st-key-${prefix}_"]`)]
             .flatMap((e) => [...e.classList]).filter((c) => c.startsWith(`st-key-${prefix}_`)).map((c) => c.slice(7))""",
        name,
    )
    fields = ("section", "formula", "at", "dataset")
    keys = sorted({*keys, *(f"{name}_{field}" for field in fields)})
    # Three to each field, so that one visit sees them all: two begin what the third may end.
    query = {
        key: " ".join(PAYLOADS[(place + 4 * turn) % len(PAYLOADS)] for turn in range(3))
        for place, key in enumerate(keys)
    }
    page.goto(f"{page.url.split('?')[0]}?{urlencode(query)}")
    unharmed(page, requests)


@pytest.mark.parametrize("name", [name for name in PAGES if name not in ("home", "beyond")])  # they have none
def test_hostile_text_in_every_text_field_stays_text(visit: Visit, page: Page, name: str) -> None:
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    for choice in CHOICES.get(name, [""]):
        query = {f"{name}_{choice.split('=')[0]}": choice.split("=")[1]} if choice else {}
        visit(f"{PAGES[name].address}?{urlencode(query)}")
        fields = page.get_by_test_id("stMain").locator("[data-testid=stTextInput] input, textarea:not([disabled])")
        for place in range(fields.count()):
            if not fields.nth(place).is_visible():
                continue
            for payload in PAYLOADS:
                fields.nth(place).fill(payload.replace("\u0000", ""))
                fields.nth(place).press("Enter")
                page.wait_for_timeout(50)
                unharmed(page, requests)
