"""Exports: scripts and files that repeat the numbers on the screen."""
