"""Stepping: from one step with a learning rate to a whole descent."""

from pages.stepping import fit, one_weight, race, stop, two_weights
from pages.ui.frame import open_page
from pages.ui.transport import play

SECTIONS = {
    "One weight": one_weight.show,
    "Race": race.show,
    "Two weights": two_weights.show,
    "Fit a curve": fit.show,
    "When to stop": stop.show,
}

controls = open_page(
    "stepping",
    "The slope says which way is down. A **step** goes that way: *against* the slope, by the learning rate times the "
    "slope. Then look again, and repeat.",
)
section = SECTIONS[controls.section(list(SECTIONS))](controls)
controls.close()
with section.ground:
    play(section.player)
