"""Look inside: what the weights have found, beside the mean image of each class."""

import numpy as np
import streamlit as st

from pages.ui.page import Page
from sgd_core.charts import digit_images
from sgd_core.digits.baselines import mean_images
from sgd_core.digits.run import Run
from sgd_core.digits.weight_words import tell_weights


def draw(_page: Page, run: Run, at: int) -> list[str]:
    """Show the mean images and the pixels never inked; say where the strongest weights lie, and on which stroke."""
    now, config, digits = run.moments[at], run.config, run.digits
    means, dead, names = mean_images(digits).numpy(), run.dead, digits.class_names
    st.caption("The “ideal image” of each class: the mean of its training images. Compare its strokes with the map.")
    pictures = np.concatenate([means, dead[None].astype(np.float32)])
    captions = [*(f"mean {name}" for name in names), "never inked"]
    alt = f"The mean images of {', '.join(names)}, and the {int(dead.sum())} pixels without ink in any of them."
    st.html(digit_images.digit_strip(pictures, captions, columns=11, tile=88 if len(captions) > 4 else 120, alt=alt))
    return tell_weights(now, config, means, dead, names)
