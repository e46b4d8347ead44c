"""Greenlane: a merge, green checks, and the new code runs in your team's namespace."""

__version__ = "0.1.0"
