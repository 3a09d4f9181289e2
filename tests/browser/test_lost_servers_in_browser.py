"""Servers and connections that go away under an open page: it comes back by itself with what its address holds."""

import re
import time
from pathlib import Path

import pytest
from playing import clock, expect_playing, moment, press
from playwright.sync_api import Page, WebSocketRoute, expect
from serving import ERROR, free_port, idle, launch, serve
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

pytestmark = pytest.mark.browser


@pytest.fixture
def page(lone_page: Page) -> Page:
    return lone_page


# A page, settings that are not its defaults, a seed and a place that are in the address.
LINK = "Learning_rate_pitfalls?pitfalls_section=Regimes&pitfalls_lr_b=0.03&pitfalls_steps=200&pitfalls_at=5"
KEPT = ".sgd-kept"


def settings(page: Page) -> dict[str, str]:
    """What the address holds, but for the moment."""
    pairs = re.findall(r"[?&]([^=&]+)=([^&]*)", page.url)
    return {key: value for key, value in pairs if not key.endswith("_at")}


def test_a_server_that_is_killed_and_restarted_in_mid_run_gets_its_page_back(page: Page, tmp_path: Path) -> None:
    port = free_port()
    process = launch(port, tmp_path)
    try:
        page.goto(f"http://127.0.0.1:{port}/{LINK}")
        idle(page)
        before = settings(page)
        assert before["pitfalls_lr_b"] == "0.03"
        press(page, "Play")
        page.wait_for_timeout(1500)
        process.kill()
        process.wait()
        at = moment(page)
        assert at >= 5
        page.wait_for_timeout(1000)
        process = launch(port, tmp_path)
        began = time.monotonic()
        expect(page.locator(KEPT)).to_be_visible(timeout=120_000)
        print(f"back {time.monotonic() - began:.1f} s after the server answers again")
        expect(page.locator(KEPT)).to_contain_text("pinned runs")
        idle(page)
        assert settings(page) == before
        assert moment(page) >= at, "the moment is where it was, or further on if it still plays"
        if clock(page).get_attribute("data-playing") == "true":
            press(page, "Pause")
        expect_playing(page, False)
        here = moment(page)
        page.get_by_role("button", name="Back", exact=True).first.click()  # the new process answers
        expect(clock(page)).to_have_attribute("data-moment", str(here - 1))
        expect(page).to_have_url(re.compile(f"pitfalls_at={here - 1}(&|$)"))
        page.locator(KEPT).get_by_role("button", name="OK").click()
        expect(page.locator(KEPT)).to_have_count(0)
        page.goto("about:blank")
    finally:
        process.kill()
        process.wait()


def test_a_websocket_that_is_cut_is_opened_again_and_nothing_is_lost(page: Page, tmp_path: Path) -> None:
    routes: list[tuple[WebSocketRoute, WebSocketRoute]] = []
    page.route_web_socket(re.compile("_stcore/stream"), lambda ws: routes.append((ws, ws.connect_to_server())))
    with serve(tmp_path) as url:
        page.goto(f"{url}/{LINK}")
        idle(page)
        before, opened = page.url, len(routes)
        mine, theirs = routes[-1]
        theirs.close()
        mine.close()
        page.wait_for_function("() => document.querySelector('[data-test-connection-state]')", timeout=5000)
        for _ in range(300):
            if len(routes) > opened:
                break
            page.wait_for_timeout(100)
        assert len(routes) > opened, "the page connects again"
        idle(page)
        press(page, "Step")
        expect(page).to_have_url(re.compile("pitfalls_at=6"))
        assert page.url.replace("_at=6", "_at=5") == before
        expect(page.locator(ERROR)).to_have_count(0)
        page.goto("about:blank")


def test_a_message_for_a_page_that_is_left_does_not_leave_a_blank_one(page: Page, tmp_path: Path) -> None:
    """As if a part of another page had answered late: the place that it is for does not exist."""
    routes: list[WebSocketRoute] = []
    runs: list[ForwardMsg] = []

    def connect(mine: WebSocketRoute) -> None:
        def hear(data: str | bytes) -> None:
            message = ForwardMsg.FromString(data if isinstance(data, bytes) else data.encode())
            if message.WhichOneof("type") == "new_session":
                runs.append(message)
            mine.send(data)

        mine.connect_to_server().on_message(hear)
        routes.append(mine)

    page.route_web_socket(re.compile("_stcore/stream"), connect)
    with serve(tmp_path) as url:
        page.goto(f"{url}/{LINK}")
        idle(page)
        before, opened = page.url, len(routes)
        late = ForwardMsg(hash="late")
        late.metadata.CopyFrom(runs[-1].metadata)
        late.metadata.ClearField("delta_path")
        late.metadata.delta_path.extend([0, 99, 5])
        late.delta.new_element.markdown.body = "too late"
        routes[-1].send(late.SerializeToString())
        for _ in range(100):
            if len(routes) > opened:
                break
            page.wait_for_timeout(100)
        assert len(routes) > opened, "the page is loaded anew"
        expect(clock(page)).to_have_attribute("data-moment", "5", timeout=60_000)
        idle(page)
        assert page.url == before
        page.goto("about:blank")


def test_a_change_that_comes_after_the_page_was_left_does_not_leave_a_blank_one(page: Page, tmp_path: Path) -> None:
    """As a slow browser tells it: the other page is asked for, then comes what was set on the one before."""
    held: list[str | bytes] = []
    holds = [False]

    def connect(mine: WebSocketRoute) -> None:
        server = mine.connect_to_server()

        def tell(data: str | bytes) -> None:
            asked = BackMsg.FromString(data if isinstance(data, bytes) else data.encode())
            if holds[0] and asked.rerun_script.fragment_id:
                held.append(data)
                return
            server.send(data)
            while held and not asked.rerun_script.fragment_id:
                server.send(held.pop())

        mine.on_message(tell)
        server.on_message(mine.send)

    page.route_web_socket(re.compile("_stcore/stream"), connect)
    with serve(tmp_path) as url:
        page.goto(f"{url}/Learning_rate_pitfalls")
        idle(page)
        holds[0] = True
        page.get_by_role("slider", name="Learning rate B").focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(500)
        assert held
        page.get_by_role("link", name="Stepping", exact=True).click()
        page.wait_for_timeout(3000)  # it takes two seconds to be sure
        expect(page.get_by_text("Each step goes")).to_be_visible(timeout=60_000)
        idle(page)
        assert not held
        page.goto("about:blank")


def test_two_tabs_of_one_browser_do_not_disturb_each_other(page: Page, tmp_path: Path) -> None:
    with serve(tmp_path) as url:
        page = page.context.browser.new_context(viewport={"width": 1280, "height": 900}).new_page()  # type: ignore[union-attr]
        other = page.context.new_page()
        for tab in (page, other):
            tab.goto(f"{url}/{LINK}")
            idle(tab)
        press(page, "Play")
        press(other, "Step")
        expect(other).to_have_url(re.compile("pitfalls_at=6"))
        page.wait_for_timeout(1000)
        assert clock(other).get_attribute("data-moment") == "6"
        press(page, "Pause")
        assert moment(page) > 5
        for tab in (page, other):
            expect(tab.locator(ERROR)).to_have_count(0)
        page.context.close()


def test_no_time_is_taken_from_a_clock_that_may_be_set_back() -> None:
    root = Path(__file__).resolve().parents[2]
    files = [*root.glob("app.py"), *(root / "pages").rglob("*.py"), *(root / "sgd_core").rglob("*.py")]
    files += [*(root / "pages").rglob("*.js"), *(root / "sgd_core").rglob("*.j2")]
    # One file asks how old another file is, and has to ask the clock that dated it.
    files = [file for file in files if file.name != "download.py"]
    assert len(files) > 50
    for file in files:
        assert not re.search(r"\btime\.time\(|datetime\.now|Date\.now|new Date\(", file.read_text()), file
