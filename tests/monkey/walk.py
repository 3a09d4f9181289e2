"""A random walk over the app in a real browser: the same seed does the same things in the same order."""

import random
from collections import deque
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from playwright.sync_api import Error, Page

from pages.ui.page import PAGES

ERROR = "[data-testid=stException], .st-key-page_error"
PATHS = [row.address for row in PAGES.values()]
KEYS = [
    "ArrowRight",
    "ArrowLeft",
    "ArrowUp",
    "ArrowDown",
    "Home",
    "End",
    "Enter",
    " ",
    "Tab",
    "Escape",
    "PageUp",
    "k",
    "5",
]
TEXTS = ["0", "-1", "1e-3", "1e9", "x**2", "sin(x)/x", "1/0", "", "3, 4", "nan", "0.5", "7", "-" * 50, "é✓"]

# Everything a person could press, in the order of the page; what leaves the app, or only its own menus, is left out.
_PRESSABLE = """() => [...document.querySelectorAll(
    'button, summary, input, textarea, select, [role=slider], [role=radio], [role=tab], [role=combobox], [role=option], ' +
    '[data-testid=stPageLink-NavLink], [data-testid=stVegaLiteChart], canvas')]
  .filter((e) => e.checkVisibility() && e.getBoundingClientRect().width > 3 && !e.disabled &&
    !e.closest('[data-testid=stToolbar], [data-testid=stHeader], [data-testid=stDownloadButton], .st-key-page_error'))"""


@dataclass
class Fault:
    """Something that must not happen, with the actions that led there."""

    what: str
    url: str
    before: list[str]


@dataclass
class Walk:
    """A walk of one page through the app."""

    page: Page
    url: str
    seed: int
    faults: list[Fault] = field(default_factory=list)
    done: int = 0

    def __post_init__(self) -> None:
        """Listen to the browser's console, and open the app."""
        self.random = random.Random(self.seed)
        self.last: deque[str] = deque(maxlen=12)
        self._console: list[str] = []
        # A deep link makes Streamlit look for the server under the page's path first: that is a 404 or two.
        self.page.on(
            "console", lambda m: self._console.append(m.text) if m.type == "error" and "404" not in m.text else None
        )
        self.page.on("pageerror", lambda error: self._console.append(str(error)))
        self.page.on("dialog", lambda dialog: dialog.dismiss())
        self._open("")

    def take(self, actions: int) -> None:
        """Do so many things, and look after each whether something broke."""
        for _ in range(actions):
            act = self.random.choices(
                [self._press, self._key, self._drag, self._type, self._address, self._history],
                [50, 20, 10, 10, 7, 3],
            )[0]
            pause = self.random.choice([20, 60, 150, 400])
            try:
                did = act()
            except Error as error:  # what was to be pressed went away meanwhile
                did = f"{act.__name__}: {str(error).splitlines()[0][:80]}"
            self.last.append(did)
            self.done += 1
            self.page.wait_for_timeout(pause)
            if self.done % 10 == 0:
                self._settle()
            self._look()

    def heap(self) -> float:
        """Return the megabytes that the page's JavaScript holds after a collection."""
        session = self.page.context.new_cdp_session(self.page)
        session.send("HeapProfiler.collectGarbage")
        used = session.send("Runtime.getHeapUsage")["usedSize"]
        session.detach()
        return float(used) / 1e6

    # ---- What a monkey does ----

    def _press(self) -> str:
        count = int(self.page.evaluate(f"({_PRESSABLE})().length"))
        if not count:
            return "nothing to press"
        place, fine = self.random.randrange(count), (self.random.random(), self.random.random())
        found: dict[str, Any] | None = self.page.evaluate(
            f"""([place, fx, fy]) => {{ const all = ({_PRESSABLE})(), e = all[place % all.length]; if (!e) return null;
              e.scrollIntoView({{ block: 'center' }}); const r = e.getBoundingClientRect(), big = r.width > 120 && r.height > 60;
              return {{ x: r.x + r.width * (big ? fx : 0.5), y: r.y + r.height * (big ? fy : 0.5),
                name: `${{e.tagName}} ${{e.ariaLabel ?? e.innerText ?? ''}}`.slice(0, 60) }}; }}""",
            [place, *fine],
        )
        if not found:
            return "nothing to press"
        self.page.mouse.click(found["x"], found["y"], click_count=self.random.choice([1, 1, 1, 2]))
        return f"press {found['name']!r}"

    def _key(self) -> str:
        key, times = self.random.choice(KEYS), self.random.choice([1, 1, 3, 10])
        for _ in range(times):
            self.page.keyboard.press(key)
        return f"key {key!r} {times} times"

    def _drag(self) -> str:
        size = self.page.viewport_size or {"width": 1280, "height": 800}
        points = [
            (self.random.uniform(0.2, 1) * size["width"], self.random.uniform(0.1, 1) * size["height"])
            for _ in range(3)
        ]
        self.page.mouse.move(*points[0])
        self.page.mouse.down()
        for point in points[1:]:
            self.page.mouse.move(*point, steps=4)
        self.page.mouse.up()
        return f"drag from {points[0][0]:.0f}, {points[0][1]:.0f}"

    def _type(self) -> str:
        fields = self.page.locator("input[type=text], input[type=number], textarea:not([disabled])")
        count, text, which = fields.count(), self.random.choice(TEXTS), self.random.random()
        if not count:
            return "nothing to type into"
        field_ = fields.nth(int(which * count))
        field_.fill(text, timeout=1000)
        field_.press("Enter", timeout=1000)
        return f"type {text!r}"

    def _address(self) -> str:
        parts = urlsplit(self.page.url)
        pairs = dict(parse_qsl(parts.query))
        path = self.random.choice(PATHS) if self.random.random() < 0.5 else parts.path.strip("/")
        if pairs and self.random.random() < 0.7:
            pairs[self.random.choice(sorted(pairs))] = self.random.choice(TEXTS)
        query = urlencode(pairs)
        self._open(f"{path}?{query}" if query else path)
        return f"address {path}?{query}"

    def _history(self) -> str:
        back = self.random.random() < 0.6
        self.page.evaluate("history.back()" if back else "history.forward()")
        self.page.wait_for_timeout(200)
        if not self.page.url.startswith(self.url):
            self._open("")
        return "back" if back else "forward"

    # ---- Whether something broke ----

    def _open(self, path: str) -> None:
        self.page.goto(f"{self.url}/{path}")
        self._settle()

    def _settle(self) -> None:
        try:
            self.page.wait_for_selector("[data-test-script-state=notRunning]", state="attached", timeout=60_000)
        except Error:
            self._fault("the page is not idle after a minute")
            self.page.goto(self.url)

    def _look(self) -> None:
        if self._console:
            self._fault("console: " + "; ".join(self._console)[:500])
            self._console.clear()
        boxes = self.page.locator(ERROR)
        if boxes.count():
            self._fault(f"error box: {boxes.first.inner_text()[:300]}")
            self._open("")

    def _fault(self, what: str) -> None:
        self.faults.append(Fault(what, self.page.url, list(self.last)))
