"""Fate map: every start and every learning rate of one weight in one picture; drag to zoom, click to play a run."""

from collections import OrderedDict

import streamlit as st

from pages.beyond.paper import paper_check
from pages.ui.page import Page
from pages.ui.shown import Moments, Picture
from sgd_core.beyond.published import Check
from sgd_core.calculus.formula import Function
from sgd_core.calculus.sampling import sample
from sgd_core.charts.curve import curve_window
from sgd_core.charts.descent import descent_on_curve, descent_rows
from sgd_core.charts.fate_map import picked_map
from sgd_core.descent.descend import descend
from sgd_core.descent.fates import WAYS, border_answer, cells, finite_numbers, is_line, tell_fate
from sgd_core.descent.minimum import find_minimum
from sgd_core.descent.one_weight_words import descent_numbers
from sgd_core.descent.regime_map import MapWindow, Outcome, RegimeMap, border_dimension, mapping
from sgd_core.export.beyond import regime_map_script
from sgd_core.export.poster import map_url, poster_png
from sgd_core.moments import moment_steps
from sgd_core.numbers import NO_NUMBER, number, percent, signed

SIZES = {"128": 128, "256": 256, "512": 512}
NAMES = {
    Outcome.ARRIVED: ":green[■ arrived]",
    Outcome.ENDLESS_BOUNCE: ":orange[■ bounces for ever]",
    Outcome.UNDER_WAY: ":violet[■ still on its way]",
    Outcome.DIVERGED: ":red[■ diverged]",
    Outcome.LEFT_DOMAIN: ":gray[■ left the domain]",
}
MOST_MAPS = 24  # kept for all visitors


@st.cache_resource
def _maps() -> OrderedDict[tuple[str, MapWindow], RegimeMap]:
    return OrderedDict()


def map_of(page: Page, function: Function, view: MapWindow) -> RegimeMap:
    """Return the map of a window, as far as it is computed; what takes longer goes on below the controls."""
    name, kept = (function.formula, view), _maps()
    if name in kept:
        kept.move_to_end(name)
        return kept[name]
    with page.controls:
        words = "Running every start with every learning rate …"
        now = page.work("map", name, lambda: mapping(function, view), lambda part: part.rows / view.size, words)
    if now.rows == view.size:
        kept[name] = now
        while len(kept) > MOST_MAPS:
            kept.popitem(last=False)
    return now


def fate(page: Page) -> None:
    """Draw the map and the run of one of its places."""
    with page.controls:
        function, first = page.choose_function()
        size = SIZES[page.segments("map_size", "Pixels each way", list(SIZES), "256")]
        steps = page.whole("map_steps", "Steps of each run", 40, 1000, 200)
    minimum = find_minimum(function, first)
    border = minimum.borders[1] if minimum and minimum.borders else None
    whole = (*function.domain, 0.0, 2.2 * border if border else 2.0)
    window_ = _window(page, function.formula, whole)
    view = MapWindow(window_[:2], (max(window_[2], 1e-9), window_[3]), size, steps)
    start, lr = _place(page, view, first, border)
    with page.controls:
        _zoom_buttons(page)
        st.caption("Drag over the map to zoom in: it is computed anew. Click to play that run.")
    regimes = map_of(page, function, view)
    whole_map = regimes.rows == size
    left, right = page.hero.columns(2, gap="medium")
    page.show(_map(page, regimes, (start, lr), border, left, whole), "map")
    left.markdown("  ".join(f"{NAMES[o]} {percent(s, 2)}" for o, s in regimes.shares().items() if o in NAMES))
    at = _play(page, function, start, lr, steps, right)
    with page.below:
        page.bet(
            "fate",
            "On a parabola the border between runs that arrive and runs that do not is a straight line, 2/λ. "
            f"What is it for {function.formula}?",
            WAYS,
            *border_answer(regimes, minimum),
            about=(function.formula, view),
            known=whole_map,
        )
    line = is_line(regimes, minimum)
    dimension = number(border_dimension(regimes), 3) if whole_map else None
    dimension = "there is none" if dimension == NO_NUMBER else dimension
    paper_check(
        page,
        "Sohl-Dickstein 2024, *The boundary of neural network trainability is fractal*, "
        "[arXiv 2402.06184](https://arxiv.org/abs/2402.06184) (two learning rates of a network); Liu 2024, *Complex fractal "
        "trainability boundary can arise from trivial non-convexity*, [arXiv 2406.13971](https://arxiv.org/abs/2406.13971) "
        "(a parabola with a cosine, as in *Ripples*). A few hundred pixels give the dimension only roughly.",
        Check(
            "Border of a parabola",
            "a line: dimension 1",
            dimension if line else "choose *Quadratic*",
        ),
        Check(
            "Border of ragged losses",
            "dimension 1.17 to 1.98",
            "choose *Ripples*" if line else dimension,
        ),
    )
    page.notice(*tell_fate(regimes, minimum, (start, lr), at))
    _poster(page, function, regimes)
    page.code(regime_map_script(function.torch_code, view))


Ends = tuple[float, float, float, float]


def _window(page: Page, formula: str, whole: Ends) -> Ends:
    """Return the window shown: as dragged, or as the link has it, or the whole map."""
    key = page.key("window")
    if page.changed("map_of", formula):
        st.session_state.pop(key, None)
        page.write_address("window", None)
    text = st.session_state.get(key) or st.query_params.get(key)
    ends = whole
    if text:
        try:
            a, b, c, d = finite_numbers(str(text), 4)
            if not (a < b and 0 <= c < d):
                raise ValueError
            ends = (a, b, c, d)
        except ValueError:
            page.say("The link asks for a window that is not four numbers in order; this is the whole map.")
            st.session_state.pop(key, None)
    text = "" if ends == whole else ",".join(f"{end:.8g}" for end in ends)
    st.session_state[key] = text
    page.write_address("window", text)
    page.hold("window", text)
    return ends


def _place(page: Page, view: MapWindow, first: float, border: float | None) -> tuple[float, float]:
    """Return the run that is played: the clicked one, else one just below the border."""
    page.values.pop("run", None)
    key = page.key("run")
    text = st.session_state.get(key) or st.query_params.get(key)
    try:
        start, lr = finite_numbers(str(text), 2)
        if lr <= 0:
            raise ValueError
    except ValueError:
        start, lr = first, 0.9 * border if border else 0.5 * sum(view.lr)
    inside = view.start[0] <= start <= view.start[1] and view.lr[0] <= lr <= view.lr[1]
    if not inside:
        start, lr = sum(view.start) / 2, sum(view.lr) / 2
    page.hold("run", f"{start!r},{lr!r}")
    return start, lr


def _zoom_buttons(page: Page) -> None:
    key = page.key("window")
    before = st.session_state.setdefault(f"_{key}_before", [])

    def back() -> None:
        st.session_state[key] = before.pop() if before else ""
        _forget(page)

    def all_of_it() -> None:
        before.clear()
        st.session_state[key] = ""
        _forget(page)

    with st.container(horizontal=True):
        zoomed = bool(st.session_state.get(key))
        st.button("Back", key=page.key("zoom_back"), on_click=back, disabled=not zoomed, icon=":material/undo:")
        st.button(
            "Whole map",
            key=page.key("zoom_out"),
            on_click=all_of_it,
            disabled=not zoomed,
            icon=":material/zoom_out_map:",
        )


def _forget(page: Page) -> None:
    st.query_params.pop(page.key("window"), None)


def _map(
    page: Page, regimes: RegimeMap, point: tuple[float, float], border: float | None, place: object, whole: Ends
) -> Picture:
    view = regimes.window

    def take(picked: dict[str, float]) -> None:
        text = f"{picked['start']!r},{picked['lr']!r}"
        st.session_state[page.key("run")] = text
        page.write_address("run", text)
        page.go_to(0, play=True)

    def zoom(ends: dict[str, list[float]]) -> None:
        (a, b), (c, d) = sorted(ends["start"]), sorted(ends["lr"])
        if b - a < 1e-9 * (whole[1] - whole[0]) or d - c < 1e-9 * whole[3]:
            return
        key = page.key("window")
        st.session_state.setdefault(f"_{key}_before", []).append(st.session_state.get(key, ""))
        text = f"{a:.8g},{b:.8g},{max(c, 0.0):.8g},{d:.8g}"
        st.session_state[key] = text
        page.write_address("window", text)

    shown = border if border and view.lr[0] < border < view.lr[1] else None
    chart = picked_map(cells(regimes), map_url(regimes), point, shown, x_domain=view.start, y_domain=view.lr, side=330)
    shares = ", ".join(f"{percent(share, 2)} {outcome.words}" for outcome, share in regimes.shares().items())
    return Picture(
        chart,
        f"Map of starts from {number(view.start[0])} to {number(view.start[1])} and learning rates from {number(view.lr[0])} to "
        f"{number(view.lr[1])}: {shares}. Drag to zoom, click to play a run.",
        on_pick=take,
        on_drag=zoom,
        where=place,  # type: ignore[arg-type]
        width="content",
    )


def _play(page: Page, function: Function, start: float, lr: float, steps: int, place: object) -> int:
    run = descend(function, start, lr, steps)
    moments = moment_steps(steps)
    curve = sample(function)
    y_domain = curve_window(curve)
    rows = descent_rows(curve, run, moments, y_domain)
    now = run.iloc[moments]
    numbers = descent_numbers(now).assign(**{"step taken": [signed(update) for update in now["update"]]})
    chart = descent_on_curve(rows, x_domain=function.domain, y_domain=y_domain, height=330)
    picture = Picture(
        chart,
        f"The run from {number(start)} with the learning rate {number(lr)} on the curve of {function.formula}.",
        where=place,  # type: ignore[arg-type]
    )
    at = page.player([picture], Moments(numbers, run=(function.formula, start, lr, steps), keep=False))
    return int(moments[at])


def _poster(page: Page, function: Function, regimes: RegimeMap) -> None:
    link = page.link()
    with page.opened("Take it home", ":material/image:") as opened:
        if not opened:
            return
        st.caption("A poster of 2,048 pixels each way. The picture's own text fields hold its settings and this link.")
        st.download_button(
            "Download poster (PNG)",
            lambda: poster_png(regimes, f"Fates of {function.formula}", link),
            "fate-map.png",
            "image/png",
            icon=":material/download:",
            key=page.key("poster"),
            on_click="ignore",
        )
        st.code(link, language=None, wrap_lines=True)
