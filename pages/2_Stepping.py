"""Stepping: from one step with a learning rate to a whole descent."""

from pages.stepping.fit import fit
from pages.stepping.one_weight import one_weight
from pages.stepping.race import race
from pages.stepping.stop import when_to_stop
from pages.stepping.two_weights import two_weights
from pages.ui.page import Section, open_page

open_page(
    "stepping",
    "A **step** goes *against* the slope, by the learning rate times the slope. Then look again, and repeat.",
).sections(
    Section("One weight", one_weight, "Each step goes **against the slope**. Bet where the next one lands."),
    Section("Race", race, "The same start for all. Who comes near the **lowest place** first, and stays there?"),
    Section(
        "Two weights", two_weights, "In a narrow valley plain descent zigzags or crawls. **Momentum** is there first."
    ),
    Section("Fit a curve", fit, "The first real model: **three weights** against twenty measured speeds."),
    Section("When to stop", when_to_stop, "Every rule looks at the numbers so far. Which one **ends the run**?"),
)
