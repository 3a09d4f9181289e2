"""HAProxy before two processes, by deploy/haproxy.cfg: learners spread, stay, and find the other process when theirs is gone."""

import http.client
import os
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
from playing import expect_moment, press
from playwright.sync_api import Browser, Page, expect
from serving import ERROR, free_port, idle, launch

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not shutil.which("haproxy"), reason="needs Debian's haproxy: apt-get install haproxy"),
]
ROOT = Path(__file__).resolve().parents[2]
LINK = "Learning_rate_pitfalls?pitfalls_section=Regimes&pitfalls_lr_b=0.03&pitfalls_steps=200&pitfalls_at=5"


def cookie_given(port: int, cookie: str = "") -> str:
    """Return the process's name in the cookie that the proxy sets for a request, or "" when it sets none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/", headers={"Cookie": f"SGDLAB={cookie}"} if cookie else {})
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 200
    found = re.search(r"SGDLAB=(\w+)", answer.headers.get("Set-Cookie", ""))
    connection.close()
    return found[1] if found else ""


def process_of(page: Page) -> str:
    """Return the name of the process that a browser's learner is with."""
    return next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "SGDLAB")


def wait_for_port(port: int) -> None:
    for _ in range(100):
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the proxy did not come up")


def test_learners_spread_stay_and_move_to_the_other_process_when_theirs_is_killed(
    browser: Browser, tmp_path: Path
) -> None:
    front, ports = free_port(), [free_port() for _ in range(2)]
    secret = {"STREAMLIT_SERVER_COOKIE_SECRET": "the same for both processes"}
    apps = {f"app{i}": launch(port, tmp_path, **secret) for i, port in enumerate(ports, 1)}
    env = {**os.environ, "BIND": f"127.0.0.1:{front}"}
    env |= {f"APP{i}": f"127.0.0.1:{port}" for i, port in enumerate(ports, 1)}
    proxy = subprocess.Popen(
        ["haproxy", "-db", "-f", str(ROOT / "deploy" / "haproxy.cfg")],
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for_port(front)
        assert {cookie_given(front) for _ in range(6)} == {"app1", "app2"}, "learners spread"
        assert not cookie_given(front, "app1"), "a learner stays"
        assert not cookie_given(front, "app2")

        learners: dict[str, Page] = {}
        for _ in range(6):  # until each process has one
            page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
            page.goto(f"http://127.0.0.1:{front}/{LINK}")
            idle(page)
            name = process_of(page)
            if name in learners:
                page.context.close()
            else:
                learners[name] = page
            if len(learners) == 2:
                break
        assert set(learners) == {"app1", "app2"}
        lost, other = learners["app1"], learners["app2"]
        press(lost, "Step")
        expect_moment(lost, 6)
        expect(lost).to_have_url(re.compile("pitfalls_at=6"))
        before = lost.url
        apps["app1"].kill()
        began = time.monotonic()
        expect(lost.locator(".sgd-kept")).to_be_visible(timeout=120_000)
        print(f"back on the other process {time.monotonic() - began:.1f} s after the kill")
        idle(lost)
        assert process_of(lost) == "app2" and lost.url == before
        press(lost, "Step")
        expect_moment(lost, 7)
        expect(lost).to_have_url(re.compile("pitfalls_at=7"))
        press(other, "Step")  # the other learner noticed nothing
        expect(other).to_have_url(re.compile("pitfalls_at=6"))
        for page in learners.values():
            expect(page.locator(ERROR)).to_have_count(0)
        expect(other.locator(".sgd-kept")).to_have_count(0)
        for page in learners.values():
            page.context.close()
    finally:
        for process in (proxy, *apps.values()):
            process.kill()
            process.wait()
