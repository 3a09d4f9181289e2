"""The sections of the page on derivatives, one module each."""
