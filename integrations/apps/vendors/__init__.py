"""Vendors: how a company becomes one, its people, its console."""
