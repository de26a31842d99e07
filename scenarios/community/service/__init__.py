"""Repairs and complaints from the first word to the last, and planned maintenance."""
