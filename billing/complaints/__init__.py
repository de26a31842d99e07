"""Complaints of payers, institutions and callers: states, deadlines, messages, decisions. See README.md."""
