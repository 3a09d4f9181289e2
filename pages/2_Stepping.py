"""Stepping: from one step with a learning rate to a whole descent."""

import math
from collections.abc import Callable

import streamlit as st

from pages.ui.formula import choose_function
from pages.ui.frame import open_page
from pages.ui.parts import notice, same_in_pytorch
from pages.ui.pictures import picture
from pages.ui.transport import Player, Speed, play, recorded
from sgd_core.calculus.sampling import sample
from sgd_core.charts.curve import curve_picture, descent_frame, window
from sgd_core.charts.history import loss_by_step
from sgd_core.descent.descend import descend
from sgd_core.descent.optimizers import Optimizer
from sgd_core.export.code import descent_script

SPEEDS = {"slow": Speed(1), "normal": Speed(4), "fast": Speed(20)}

controls = open_page(
    "stepping",
    "The slope says which way is down. A **step** goes that way: *against* the slope, by the learning rate times the "
    "slope. Then look again, and repeat.",
)

with st.sidebar:
    function, start = choose_function(controls)
    low, high = function.domain
    lr = controls.learning_rate("lr", 0.1)
    w0 = controls.slider("start", "Start, the first w", low, high, start, (high - low) / 600)
    steps = controls.whole("steps", "Steps", 1, 1000, 20)
    speed = controls.segments("speed", "Speed", list(SPEEDS), "normal")

run = descend(function, start=w0, lr=lr, steps=steps)
curve = sample(function)
y_domain = window(curve["x"].tolist(), curve["value"].to_numpy())
playback = recorded("stepping_playback", steps + 1)


def stage() -> Callable[[int, bool], None]:
    """Lay out the picture, the arithmetic and the loss; return what paints them for one step."""
    arithmetic = st.empty()
    left, right = st.columns([3, 2], gap="large")
    path, loss, words = left.empty(), right.empty(), right.empty()
    table = st.empty()

    def paint(step: int, live: bool) -> None:
        now = run.iloc[step]
        w, gradient, update = float(now["x"]), float(now["gradient"]), float(now["update"])
        arithmetic.latex(
            rf"w \leftarrow w - \text{{learning rate}} \times \text{{gradient}} "
            rf"= {w:.4g} - {lr:g} \times ({gradient:.4g}) = {w + update:.4g}"
        )
        picture(
            curve_picture,
            descent_frame(curve, run, step, y_domain),
            slot=path,
            live=live,
            x_domain=function.domain,
            y_domain=y_domain,
            x_title="w",
            y_title="loss",
            alt=f"The descent after {step} steps: w = {w:.4g}, loss {now['loss']:.4g}, the next step goes by {update:.4g}.",
        )
        so_far = run[run["step"] <= step][["step", "loss"]].assign(now=lambda rows: rows["step"] == step)
        picture(
            loss_by_step,
            so_far[so_far["loss"].map(math.isfinite)],
            slot=loss,
            live=live,
            steps=steps,
            y_domain=y_domain,
            alt=f"Loss against step, {float(run['loss'].iloc[0]):.4g} at the start and {now['loss']:.4g} now.",
        )
        if live:
            return
        with words.container():
            tell(step, w, gradient, update, float(now["loss"]), str(now["status"]))
        with table.expander("History, step by step", icon=":material/table_rows:"):
            st.dataframe(
                run[run["step"] <= step][["step", "x", "loss", "gradient", "update"]].rename(
                    columns={"x": "w", "update": "step taken"}
                ),
                hide_index=True,
                width="stretch",
            )

    return paint


def tell(step: int, w: float, gradient: float, update: float, loss: float, status: str) -> None:
    """Say what to notice at this step."""
    if status == "diverged":
        at = int(run[run["status"] == "diverged"]["step"].iloc[0])
        outside = math.isnan(loss)
        why = "w has left the places where the function is defined" if outside else "the numbers grew beyond all bounds"
        notice(f"The run ended at step {at}: {why}. A smaller learning rate takes smaller steps.")
        return
    if gradient == 0:
        notice("The slope is 0 here, so the step is 0 too: gradient descent stays where it is.")
        return
    after = run.iloc[step + 1]["loss"] if step < steps else math.nan
    notice(
        f"The slope {gradient:+.3g} is {'negative' if gradient < 0 else 'positive'}, so the step goes "
        f"**{'right' if update > 0 else 'left'}**, against it, to w = {w + update:.4g}.",
        f"The learning rate {lr:g} is not the distance: the step is {lr:g} × {abs(gradient):.3g} = {abs(update):.3g}, and "
        "shrinks by itself where the curve gets flat.",
        (f"This step makes the loss {'smaller' if after < loss else 'larger'}: {loss:.4g} → {after:.4g}.")
        if math.isfinite(after)
        else "",
    )


player = Player(
    controls, playback, stage, SPEEDS[speed], lambda step: (step / steps, f"step {step:,} of {steps:,}"), scrub=True
)
ground = st.container(key="stepping_stage")
same_in_pytorch(
    descent_script(
        function.torch_code, start=w0, lrs=[lr], steps=steps, optimizer=Optimizer("sgd").torch_code("[w]", "lr")
    ),
    key="stepping_code",
)
controls.close()
with ground:
    play(player)
