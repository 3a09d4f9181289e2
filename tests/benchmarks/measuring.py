"""What the benchmarks of pages share: a bare page as their peer, and times seen from inside the browser."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))
from serving import serve

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--no-first-run"]

# One slider, one chart, one formula, with Streamlit's own settings.
BARE = """import altair as alt, pandas as pd, streamlit as st
x = st.slider("x", -3.0, 3.0, -1.5, 0.01)
frame = pd.DataFrame({"x": [i / 50 - 3 for i in range(301)]})
frame["y"] = frame["x"] ** 2 * x
st.altair_chart(alt.Chart(frame).mark_line().encode(x="x", y=alt.Y("y", scale=alt.Scale(domain=[-30, 30]))))
st.latex(r"f(x) = x^2")
st.markdown(f"The number is {x:.2f}")
"""

# Notes when anything in the page's main part last changed.
_WATCH = """() => { window.sgdChanged = performance.now();
  new MutationObserver(() => { window.sgdChanged = performance.now(); })
    .observe(document.querySelector('[data-testid=stMain]') ?? document.body, { subtree: true, childList: true, attributes: true, characterData: true });
  addEventListener('keydown', () => { window.sgdPressed = performance.now(); }, true); }"""
_QUIET = """() => new Promise((done) => { const look = () => {
    const state = document.querySelector('[data-test-script-state]')?.dataset.testScriptState;
    state === 'notRunning' && performance.now() - window.sgdChanged > 400 ? done(window.sgdChanged - window.sgdPressed) : setTimeout(look, 20); };
  setTimeout(look, 60); })"""


@contextmanager
def bare_page(folder: Path) -> Iterator[str]:
    """Serve a bare Streamlit page from a folder of its own; yields its address."""
    script = folder / "bare.py"
    script.write_text(BARE)
    with serve(folder, script=str(script)) as url:
        yield url


def press_to_quiet(page: Page, slider: str, presses: int = 8) -> list[float]:
    """Return the milliseconds from each key press on a slider until the page's last change."""
    page.evaluate(_WATCH)
    page.get_by_role("slider", name=slider).first.focus()
    took = []
    for _ in range(presses):
        page.keyboard.press("ArrowRight")
        took.append(float(page.evaluate(_QUIET)))
    return took[1:]


def open_to_idle(browser: Browser, url: str) -> float:
    """Return the seconds from opening an address in a new browser profile until the script has ended and all is drawn."""
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    page = context.new_page()
    began = time.perf_counter()
    page.goto(url)
    page.wait_for_selector("[data-test-script-state=notRunning]", state="attached", timeout=90_000)
    page.wait_for_selector("[data-testid=stVegaLiteChart] :is(svg, canvas)", state="attached", timeout=90_000)
    took = time.perf_counter() - began
    context.close()
    return took
