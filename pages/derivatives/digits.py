"""All weights of a digit model: the gradient of its loss by nudging each weight, and by one `backward()`."""

from typing import Any

import numpy as np
import streamlit as st

from pages.derivatives.point import signed
from pages.ui.controls import Controls
from pages.ui.datasets import choose_dataset, digits_of, offer_missing
from pages.ui.parts import notice, same_in_pytorch
from pages.ui.pictures import picture
from sgd_core.charts import maps
from sgd_core.charts.palette import weight_limit
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.weight_gradient import Comparison, compare
from sgd_core.export.derivatives import weight_gradient_script

CLASSES = (3, 7)
QUICK = 100  # weights that may be nudged without being asked to: a blink
TILE = 250


def show_digits(controls: Controls) -> None:
    """Draw the part."""
    columns = st.columns([3, 2, 2, 2], gap="medium")
    with columns[0]:
        dataset = choose_dataset(controls)
    with columns[1]:
        init = controls.segments("init", "Initial weights", ("zeros", "normal"), "zeros")
    with columns[2]:
        seed = controls.whole("seed", "Seed", 0, 9999, 0, help="Of the random weights; zeros need none.")
    with columns[3]:
        h = controls.number("nudge", "Nudge h", 1e-8, 1e3, 1e-3, format="%g")
    offer_missing(controls)
    config = TrainConfig(classes=CLASSES, dataset=dataset, init=init, seed=seed)
    found = _measured(config, h)
    if found is None:
        return
    _numbers(found)
    _maps(found)
    _words(found, digits_of(dataset, CLASSES).class_names)
    same_in_pytorch(weight_gradient_script(config, h), key="derivatives_code_digits")


def _measured(config: TrainConfig, h: float) -> Comparison | None:
    digits = digits_of(config.dataset, CLASSES)
    weights = digits.train_images[0].numel()
    kept: tuple[Any, Comparison] | None = st.session_state.get("_derivatives_comparison")
    same = kept is not None and kept[0] == (config, h)
    label = f"Nudge all {weights + 1} weights" + (" again" if same else "")
    asked = st.button(label, icon=":material/timer:", type="primary", key="derivatives_measure")
    if same and not asked and kept is not None:
        return kept[1]
    if not asked and weights > QUICK:
        st.caption(
            f"{weights} pixels and one bias: {weights + 2} passes over {len(digits.train_images):,} images. "
            "This takes some seconds, which is the point."
        )
        return None
    bar = st.progress(0.0, "Nudging one weight after the other …") if weights > QUICK else None

    def show(share: float) -> None:
        if bar is not None and round(share * (weights + 1)) % 20 == 0:
            bar.progress(share, f"Nudging weight {round(share * (weights + 1))} of {weights + 1} …")

    found = compare(config, digits, h=h, progress=show)
    if bar is not None:
        bar.empty()
    st.session_state["_derivatives_comparison"] = ((config, h), found)
    return found


def _numbers(found: Comparison) -> None:
    cells = st.columns(4)
    cells[0].metric(
        "by nudging",
        f"{1000 * found.by_differences.seconds:,.1f} ms",
        f"{found.by_differences.forward} forward passes",
        delta_color="off",
        delta_arrow="off",
    )
    cells[1].metric(
        "by backward()",
        f"{1000 * found.exact.seconds:,.1f} ms",
        f"{found.exact.forward} forward, {found.exact.backward} backward pass",
        delta_color="off",
        delta_arrow="off",
    )
    cells[2].metric("nudging takes", f"{found.ratio:,.0f} × as long")
    cells[3].metric("largest difference", f"{found.largest_difference:.2g}")


def _maps(found: Comparison) -> None:
    nudged, exact = found.maps(found.by_differences), found.maps(found.exact)
    off = nudged - exact
    limit = weight_limit(float(max(np.abs(nudged).max(), np.abs(exact).max())))
    tight = weight_limit(float(np.abs(off).max()))
    shown = (
        (nudged, "by nudging", limit, "gradient"),
        (exact, "by backward()", limit, "gradient"),
        (off, "their difference, on a scale of its own", tight, "difference"),
    )
    for column, (one, title, end, quantity) in zip(st.columns(3, gap="large"), shown, strict=True):
        with column:
            picture(
                maps.still_maps,
                maps.still_frame(one, [title], columns=1),
                width="content",
                count=1,
                columns=1,
                tile=TILE,
                limit=end,
                quantity=quantity,
                alt=f"The gradient of the loss by each pixel's weight, {title}; the largest entry is "
                f"{np.abs(one).max():.3g}.",
            )
            bar = maps.color_bar(end, width=TILE - 20, quantity=quantity)
            st.altair_chart(bar, width="content", alt=f"The colours run from -{end:g} over zero to +{end:g}.")


def _words(found: Comparison, names: tuple[str, ...]) -> None:
    weights = found.by_differences.forward - 1
    pixels = found.maps(found.exact)[0]
    row, column = np.unravel_index(int(np.abs(pixels).argmax()), pixels.shape)
    steepest = float(pixels[row, column])
    notice(
        f"Both maps show the same {weights} numbers, but for at most {found.largest_difference:.2g}. One took "
        f"{found.by_differences.forward} passes over {found.images:,} images, the other one pass forward and one back, whatever "
        f"the number of weights: {1000 * found.by_differences.seconds:,.0f} ms against {1000 * found.exact.seconds:,.1f} ms on this "
        "machine.",
        f"The steepest entry, {signed(steepest)}, belongs to the pixel in row {row}, column {column}: a "
        f"{'larger' if steepest < 0 else 'smaller'} weight there lowers the loss (now {found.loss:.4f}) fastest. "
        f"Ink on a blue pixel speaks for “{names[0]}”, on a red one for “{names[1]}”.",
        f"{found.blank_pixels} pixels are blank in every training image. Their gradient is exactly 0, so no step will ever move "
        "their weights."
        if found.blank_pixels
        else "",
    )
