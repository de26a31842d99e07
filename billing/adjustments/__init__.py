"""Adjustments: what an institution lets off of what it has charged. See the section in ``billing/README.md``."""
