"""Holds: something is kept for somebody while they pay for it."""
