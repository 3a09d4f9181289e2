"""Learning-rate pitfalls: too low, good, bouncing, diverging; what tells them apart, and how to know beforehand."""

from pages.pitfalls import axis, digits, lr_finder, noise, predict, regimes, remedies
from pages.ui.frame import open_page

SECTIONS = {
    "Four regimes": regimes.show,
    "The whole axis": axis.show,
    "On digits": digits.show,
    "Find it": lr_finder.show,
    "Noise is not bounce": noise.show,
    "Remedies": remedies.show,
    "Predict, then run": predict.show,
}

controls = open_page(
    "pitfalls",
    "One number decides whether learning crawls, arrives, bounces or explodes. Here every learning rate is named by a "
    "rule that looks at its numbers, and the cliff is predicted before anybody falls off it.",
)
play_last = SECTIONS[controls.section(list(SECTIONS))](controls)
controls.close()
if play_last is not None:
    play_last()
