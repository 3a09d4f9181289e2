"""The page on derivatives as a person uses it: the pointer, the clock, and clicks on pictures."""

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlencode, urlparse

import pytest
from playing import choose_speed, clock, expect_moment, expect_playing, no_shift, numbers, plain, press, scrub
from playwright.sync_api import Locator, Page, expect
from serving import idle

from sgd_core.calculus.finite_difference import finite_difference
from sgd_core.calculus.formula import parse_function

pytestmark = pytest.mark.browser
Visit = Callable[[str], Page]


def address(**values: str) -> str:
    return "Derivatives?" + urlencode({f"derivatives_{key}": value for key, value in values.items()})


def plot_of(page: Page, key: str) -> Locator:
    plot = page.locator(f".st-key-{key} [role=graphics-document]").first
    expect(plot).to_be_visible()
    return plot


def click_at(page: Page, plot: Locator, right: float, down: float) -> None:
    """Click into a picture at shares of its width and height."""
    box = plot.bounding_box()
    assert box
    page.mouse.click(box["x"] + right * box["width"], box["y"] + down * box["height"])


def value_of(page: Page, name: str) -> float:
    return float(parse_qs(urlparse(page.url).query)[f"derivatives_{name}"][0])


def words_of(page: Page, key: str) -> str:
    """Everything that a picture says in letters."""
    return " ".join(page.locator(f".st-key-{key} svg text").all_text_contents())


def test_the_point_follows_the_pointer_in_the_browser_and_a_click_sets_it(visit: Visit) -> None:
    page = visit("Derivatives")
    plot = plot_of(page, "derivatives_still_slope")
    box = plot.bounding_box()
    assert box
    expect(plot).to_contain_text("x = −1.5 · f(x) = 2.25 · slope −3")
    page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 0.3 * box["height"])
    expect(plot).to_contain_text(re.compile(r"x = [12]\.\d* · "))
    x, slope = (
        plain(found)
        for found in re.findall(r"x = ([\d.]+) .*slope \+([\d.]+)", words_of(page, "derivatives_still_slope"))[0]
    )
    assert slope == pytest.approx(2 * x, abs=1e-3)
    assert "derivatives_x" not in page.url, "the pointer alone asks nothing of the server"
    page.mouse.click(box["x"] + 0.8 * box["width"], box["y"] + 0.3 * box["height"])
    expect(page).to_have_url(re.compile(r"derivatives_x=[12]\.\d"))
    x = value_of(page, "x")
    expect(page.get_by_role("spinbutton", name="x, exact")).to_have_value(f"{x:g}")
    page.mouse.move(5, 5)
    expect(page.get_by_test_id("stMetricValue").nth(1)).to_contain_text(f"+{2 * x:.4g}"[:4])


def test_h_shrinks_by_the_clock_and_every_moment_is_the_cores(visit: Visit) -> None:
    page = visit(address(section="Nudge it", x="3"))
    function = parse_function("x**2")
    with no_shift(page):
        press(page, "Step")
        expect_moment(page, 1)
        press(page, "Play")
        choose_speed(page, "fast")
        expect_playing(page, False)
    assert clock(page).get_attribute("data-moment") == clock(page).get_attribute("data-last")
    for at, h in ((0, 1.0), (3, 0.1), (6, 0.01)):
        scrub(page, at)
        shown, pair = numbers(page), finite_difference(function, 3.0, h)
        assert plain(shown["h"]) == h and plain(shown["slope"]) == pytest.approx(pair.slope, rel=1e-5)
        assert plain(shown["off by"]) == pytest.approx(pair.error, rel=1e-2)
    expect(page.get_by_text("With h = 0.01 the run is 0.01")).to_be_visible()
    page.get_by_text("central", exact=True).click()
    expect(clock(page).locator(".numbers")).not_to_contain_text("6.01")  # the forward difference
    idle(page)
    expect_moment(page, 6)
    assert plain(numbers(page)["slope"]) == pytest.approx(6, abs=1e-6)


# x**2 + sin(x)*x at 2: what each box shows when the walk has come to its end, worked out by hand
BOXES = {
    "x": ("2", "grad 4.077"),  # 2·2 + cos(2)·2 + sin(2)
    "v1 = x**2": ("4", "grad 1"),
    "v2 = sin(x)": ("0.9093", "grad 2"),
    "v3 = v2*x": ("1.819", "grad 1"),
    "y = v1 + v3": ("5.819", "grad 1"),
}


def test_the_clock_walks_the_graph_with_the_right_numbers_at_each_node(visit: Visit) -> None:
    page = visit(address(section="Let PyTorch do it", function="my own", formula="x**2 + sin(x)*x", x="2"))
    plot_of(page, "derivatives_hero")
    expect(page.locator(".katex").first).to_be_visible()  # on a busy machine the code for formulas comes late
    with no_shift(page):
        for at in range(1, 11):
            press(page, "Step")
            expect_moment(page, at)
    expect(clock(page).get_by_role("button", name="Step", exact=True)).to_be_disabled()
    shown = words_of(page, "derivatives_hero")
    for label, (value, gradient) in BOXES.items():
        assert label in shown and value in shown and gradient in shown
    assert "× −0.416" in shown and "× 0.909" in shown, "each way has its factor"
    expect(page.get_by_text("the derivative of y by x is +4.077")).to_be_visible()


@pytest.mark.parametrize("formula", ["(3*x + 1)**2", "sin(cos(sin(cos(sin(x**2)))))"])
def test_the_graph_can_be_read_on_a_phone(visit: Visit, page: Page, formula: str) -> None:
    page.set_viewport_size({"width": 420, "height": 900})
    visit(address(section="Let PyTorch do it", function="my own", formula=formula, x="0.5"))
    press(page, "End")
    texts = page.locator(".st-key-derivatives_hero svg text")
    expect(texts.filter(has_text="grad 1").first).to_be_visible()
    boxes = [box for one in texts.all() if (one.text_content() or "").strip() and (box := one.bounding_box())]
    assert len(boxes) > 8 and min(box["height"] for box in boxes) >= 11
    for i, one in enumerate(boxes):
        assert one["x"] >= 0 and one["x"] + one["width"] <= 420
        for other in boxes[i + 1 :]:
            wide = min(one["x"] + one["width"], other["x"] + other["width"]) - max(one["x"], other["x"])
            high = min(one["y"] + one["height"], other["y"] + other["height"]) - max(one["y"], other["y"])
            assert wide <= 1 or high <= 5, "no words stand on each other"


def test_a_click_moves_the_two_weights_and_a_slice_moves_one(visit: Visit) -> None:
    page = visit(address(section="Many weights", surface="Round bowl"))
    click_at(page, plot_of(page, "derivatives_still_above"), 0.4, 0.3)
    expect(page).to_have_url(re.compile(r"derivatives_b=\d"))
    a, b = value_of(page, "a"), value_of(page, "b")
    assert a < 1.5 and b > 0
    expect(page.get_by_text(f"gradient ({2 * a:.4g}, {2 * b:.4g})".replace("-", "−"))).to_be_visible()
    click_at(page, plot_of(page, "derivatives_still_cut_a"), 0.85, 0.3)
    expect(page).to_have_url(re.compile(r"derivatives_a=\d"))
    assert value_of(page, "b") == b, "the other weight is held"
