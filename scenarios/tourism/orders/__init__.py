"""Selling: an order is held, paid, changed and given back; its tickets follow."""
