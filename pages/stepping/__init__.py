"""The sections of the Stepping page."""
