"""Deposits that are held and given back, moving out, and what is owed at the end."""
