"""Learning-rate pitfalls: too low, good, bouncing, diverging; what tells them apart, and how to know beforehand."""

import streamlit as st

from pages.pitfalls.axis import axis
from pages.pitfalls.digits import digits
from pages.pitfalls.lr_finder import lr_finder
from pages.pitfalls.noise import noise
from pages.pitfalls.predict import predict
from pages.pitfalls.regimes import regimes
from pages.pitfalls.remedies import remedies
from pages.ui.page import Section, open_page

if st.query_params.get("pitfalls_section") == "Four regimes":  # what older links call it
    st.query_params["pitfalls_section"] = "Regimes"

open_page(
    "pitfalls",
    "One number decides whether learning crawls, arrives, bounces or explodes. Here every learning rate is named by a "
    "rule that looks at its numbers, and the cliff is predicted before anybody falls off it.",
).sections(
    Section("Regimes", regimes, "Four balls, one start: only the learning rate differs. Which one arrives first?"),
    Section("The whole axis", axis, "Sixty-four learning rates at once. Click a point to move the marker there."),
    Section("On digits", digits, "A model has a weight a pixel, and one direction that explodes first."),
    Section("Find it", lr_finder, "One short run in which the learning rate grows answers what a hundred would."),
    Section(
        "Noise is not bounce",
        noise,
        "What wobbles with **all** images is the learning rate; what wobbles beyond that is the batch.",
    ),
    Section("Remedies", remedies, "The same run that fails, eleven ways: what cures it, and what only delays it."),
    Section("Predict, then run", predict, "Commit yourself first; then let it run."),
)
