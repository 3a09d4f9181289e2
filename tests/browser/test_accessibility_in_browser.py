"""axe-core finds no serious fault in any section of any page, in light and in dark, before and after training."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import Page, expect
from serving import idle

from pages.ui.page import PAGES

pytestmark = pytest.mark.browser
Visit = Callable[[str], Page]
# Left out: a slider that cannot be moved yet has a faint label, which WCAG allows, but axe cannot tell that the label
# is its; and what is Streamlit's, not ours to mend: the box that st.latex puts round a formula scrolls by a pixel without
# being focusable, and a toast, gone after four seconds, names itself by a title that it does not have.
RUN = """([theme, rules]) => axe.run(
    {exclude: [['[data-testid=stSlider]:has([data-disabled], [disabled])'], ['.katex-display'], ['[data-testid=stToast]']]},
    {resultTypes: ['violations'], ...rules && {runOnly: rules}}
).then(found => found.violations.flatMap(rule => ['serious', 'critical'].includes(rule.impact)
    ? rule.nodes.map(node => `${theme}: ${rule.id}: ${node.html.slice(0, 160)} ${(node.any[0] || {}).message || ''}`) : []))"""


def faults(page: Page, where: str) -> list[str]:
    """What axe finds on the page as it stands; in dark only what a theme can change."""
    found: list[Any] = []
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        dark = theme == "dark"
        page.wait_for_function(
            """dark => { const ground = getComputedStyle(document.querySelector('.stApp')).backgroundColor;
                return (Number(/\\d+/.exec(ground)[0]) < 128) === dark; }""",
            arg=dark,
        )
        page.wait_for_timeout(500)  # charts draw after the script has ended, and colours fade from theme to theme
        found += page.evaluate(RUN, [theme, ["color-contrast"] if dark else None])
    return [f"{where}, {fault}" for fault in found]


# Nothing of the last section is fading, for half a second on end: the answer to a click may take a while to begin.
AT_REST = """() => { const busy = document.querySelector('[data-stale=true]')
      || document.querySelector('[data-test-script-state]')?.dataset.testScriptState !== 'notRunning';
    if (busy || !window.sgdRest) window.sgdRest = performance.now();
    return !busy && performance.now() - window.sgdRest > 500; }"""


def look_at(page: Page, path: str) -> list[str]:
    """Open every section there is, one after the other; an own list of them would miss the next one."""
    page.evaluate(Path(AXE_FILE_PATH).read_text())
    sections = page.get_by_role("radiogroup", name="Section", exact=True).get_by_role("radio")
    found: list[str] = []
    for i in range(max(sections.count(), 1)):
        name = "the page"
        if sections.count():
            name = sections.nth(i).inner_text()
            sections.nth(i).click()
            expect(sections.nth(i)).to_be_checked()
            if i:  # the first one is not in the address; its run of the page has ended long ago
                page.wait_for_url(lambda url, name=name: name in unquote_plus(url))
            body = re.sub(r"\W", "_", name.lower())
            if path != "Digit_training":  # there the sections stand below the one picture
                expect(page.locator(f"[class*='_body_{body}']")).to_be_attached()
            idle(page)
            page.wait_for_function(AT_REST)
        found += faults(page, name)
    return found


@pytest.mark.parametrize("path", [row.address for row in PAGES.values()])
def test_axe_finds_no_serious_fault(visit: Visit, path: str) -> None:
    found = look_at(visit(path), path)
    assert not found, "\n".join(found)


def test_axe_finds_no_serious_fault_after_training(visit: Visit) -> None:
    page = visit("Digit_training?training_epochs=1&training_beside=my+digit")
    for name, sign in (
        ("Train", "Train again"),
        ("Pin this run", "Pin this run"),
        ("Branch from here", "Back to the parent"),
    ):
        page.get_by_role("button", name=name, exact=True).click()
        expect(page.get_by_role("button", name=sign, exact=True)).to_be_visible()
        idle(page)
    found = look_at(page, "Digit_training")
    assert not found, "\n".join(found)
