"""Shops of the neighbourhood: what they sell, what is ordered, and group purchases with a minimum."""
