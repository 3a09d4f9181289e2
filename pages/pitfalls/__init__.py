"""The parts of the Learning-rate pitfalls page."""
