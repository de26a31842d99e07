"""Accounts and their holders."""
