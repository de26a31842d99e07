"""Notices of the estate: to buildings and roles, read or not, and on paper in the lift."""
