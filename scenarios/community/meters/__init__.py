"""Meters and their readings: what was used, and by whom it is owed."""
