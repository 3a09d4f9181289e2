"""Formulas that people type, their derivatives, and the PyTorch session that computes them."""
