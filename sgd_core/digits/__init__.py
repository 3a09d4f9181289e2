"""Digits: data sets, the models that learn them, and how a run of training unfolds."""
