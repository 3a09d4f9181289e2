"""Driving the clock of a section as a person does, and watching what the page does meanwhile."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Locator, Page, WebSocket, expect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

_WATCH_SHIFTS = """() => {
  window.sgdShifts = [];
  window.sgdShiftObserver?.disconnect();
  window.sgdShiftObserver = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const moved = entry.sources.map((s) => s.node ? `${s.node.nodeName}.${s.node.className}` : '?');
      window.sgdShifts.push({ value: entry.value, moved });
    }
  });
  window.sgdShiftObserver.observe({ type: 'layout-shift', buffered: false });
}"""


def clock(page: Page) -> Locator:
    """Return the clock of the section that is shown."""
    return page.locator(".sgd-clock").first


def moment(page: Page) -> int:
    """Return the moment that the clock shows."""
    return int(clock(page).get_attribute("data-moment") or -1)


def last(page: Page) -> int:
    """Return the last moment of the run, as far as it is planned."""
    return int(clock(page).get_attribute("data-last") or -1)


def press(page: Page, name: str) -> None:
    """Press one of the clock's buttons by its whole name."""
    clock(page).get_by_role("button", name=name, exact=True).click()


def choose_speed(page: Page, name: str) -> None:
    """Choose a speed by its name."""
    clock(page).get_by_role("radio", name=name, exact=True).click()


def expect_moment(page: Page, at: int) -> None:
    """Wait until the clock shows a moment."""
    expect(clock(page)).to_have_attribute("data-moment", str(at))


def expect_playing(page: Page, playing: bool) -> None:
    """Wait until the clock plays, or rests."""
    expect(clock(page)).to_have_attribute("data-playing", str(playing).lower())


def scrub(page: Page, at: int) -> None:
    """Put the scrubber on a moment, as a finger does."""
    clock(page).locator(".scrub").evaluate(
        """(input, at) => {
          input.value = at;
          input.dispatchEvent(new Event('input', { bubbles: true }));
          input.dispatchEvent(new Event('change', { bubbles: true }));
        }""",
        at,
    )
    expect_moment(page, at)


def numbers(page: Page) -> dict[str, str]:
    """Return the numbers of the moment by their names, as the clock shows them."""
    cells = clock(page).locator(".numbers > div")
    return dict(
        cells.evaluate_all("cells => cells.map(cell => [cell.firstChild.textContent, cell.lastChild.textContent])")
    )


def plain(text: str) -> float:
    """Read a number as the app writes it: a real minus sign, commas, powers of ten, percent."""
    text = text.replace("−", "-").replace(",", "").removesuffix("%").strip()
    powers = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    if found := re.fullmatch(r"([-+]?[\d.]+) × 10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", text):
        return float(f"{found[1]}e{found[2].translate(powers)}")
    if found := re.fullmatch(r"([-+]?)10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", text):
        return float(f"{found[1]}1e{found[2].translate(powers)}")
    return float(text)


@contextmanager
def no_shift(page: Page, most: float = 0.01) -> Iterator[None]:
    """Fail if the browser's own layout-shift entries sum to more than `most` meanwhile, those after input included."""
    page.evaluate(_WATCH_SHIFTS)
    for _ in range(20):  # a page that is just opened still draws its charts: begin when half a second went by in peace
        page.wait_for_timeout(500)
        page.evaluate("() => document.fonts.ready.then(() => 0)")  # a formula's letters come when it is first seen
        if not page.evaluate("() => window.sgdShifts.splice(0).length"):
            break
    yield
    page.wait_for_timeout(400)
    shifts = page.evaluate("() => window.sgdShifts")
    total = sum(shift["value"] for shift in shifts)
    assert total <= most, f"layout shifts sum to {total:.3f}: {shifts}"


@dataclass
class Wire:
    """The messages between page and server."""

    sent: list[int] = field(default_factory=list)
    received: list[int] = field(default_factory=list)


def charts_sent(page: Page) -> list[str]:
    """Note the specification of each chart that the server sends; call it before the page is opened."""
    specifications: list[str] = []

    def note(data: str | bytes) -> None:
        told = ForwardMsg.FromString(data if isinstance(data, bytes) else data.encode()).delta.new_element
        if told.WhichOneof("type") == "vega_lite_chart":
            specifications.append(told.vega_lite_chart.spec)

    page.on("websocket", lambda socket: socket.on("framereceived", note))
    return specifications


def wire(page: Page) -> Wire:
    """Count what goes over the page's websocket; call it before the page is opened."""
    counted = Wire()

    def watch(socket: WebSocket) -> None:
        socket.on("framesent", lambda data: counted.sent.append(len(data)))
        socket.on("framereceived", lambda data: counted.received.append(len(data)))

    page.on("websocket", watch)
    return counted


def painted_frames(page: Page, seconds: float) -> tuple[float, float]:
    """Return how many frames a second the browser painted while the clock plays, and how many moments it showed."""
    frames, moments = page.evaluate(
        """(seconds) => new Promise((done) => {
          const clock = document.querySelector('.sgd-clock');
          let shown = clock.dataset.moment, frames = -1, moments = 0, begin = null;
          const look = (now) => {
            begin ??= now;
            frames += 1;
            if (clock.dataset.moment !== shown) { shown = clock.dataset.moment; moments += 1; }
            const took = (now - begin) / 1000;
            if (took >= seconds || (frames && clock.dataset.playing !== 'true')) done([frames / took, moments / took]);
            else requestAnimationFrame(look);
          };
          requestAnimationFrame(look);
        })""",
        seconds,
    )
    return float(frames), float(moments)
