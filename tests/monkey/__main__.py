"""A monkey at the app: `python -m tests.monkey --clicks 10000 --addresses 1000 --hostile 200`.

Random clicks, keys, drags, words and addresses in Debian's Chromium; the same `--seed` does the same again. Prints what broke,
with what led there, and what browser and server hold in memory. Ends with 1 if anything broke.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))

from playwright.sync_api import sync_playwright
from serving import free_port, launch

from tests.load.__main__ import memory
from tests.monkey.addresses import try_addresses
from tests.monkey.walk import Walk


def main() -> int:
    """Run the monkey."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clicks", type=int, default=1000)
    parser.add_argument("--addresses", type=int, default=0)
    parser.add_argument("--hostile", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    broken = 0
    with tempfile.TemporaryDirectory() as data:
        port = free_port()
        kept = Path(data) / "server.log"
        server = launch(port, Path(data), log=kept, SGD_LAB_MIRROR=f"{data}/no-mirror")
        try:
            if asked.addresses or asked.hostile:
                wrong = asyncio.run(try_addresses(f"ws://127.0.0.1:{port}", asked.addresses, asked.hostile, asked.seed))
                print(
                    f"{asked.addresses} random and {asked.hostile} hostile addresses: {len(wrong)} answered with an error"
                )
                print("\n".join(wrong))
                broken += len(wrong)
            if asked.clicks:
                broken += walk(f"http://127.0.0.1:{port}", asked.clicks, asked.seed, server.pid)
        finally:
            server.terminate()
            server.wait(10)
        log = kept.read_text()
        print("the server's log:\n" + log[log.find("error ") :] if "Traceback" in log else "")
    return 1 if broken else 0


def walk(url: str, clicks: int, seed: int, server: int) -> int:
    """Let the monkey walk; return how often something broke."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-quic", "--disable-background-networking", "--no-first-run"],
        )
        monkey = Walk(browser.new_page(viewport={"width": 1280, "height": 800}), url, seed)
        told = 0
        while monkey.done < clicks:
            monkey.take(min(250, clicks - monkey.done))
            print(f"{monkey.done} actions: page {monkey.heap():.0f} MB, server {memory(server):.0f} MB", flush=True)
            for fault in monkey.faults[told:]:
                print(f"  {fault.what}\n    at {fault.url}\n    after {' | '.join(fault.before)}", flush=True)
            told = len(monkey.faults)
        browser.close()
        print(f"{clicks} actions with seed {seed}: {len(monkey.faults)} faults")
        return len(monkey.faults)


if __name__ == "__main__":
    raise SystemExit(main())
