"""Letting people in: with a network or without, every scan kept with its reason, merged to one truth."""
