"""The parts of the Digit training page."""
