"""Signing in with what the bank has verified, or with a one-time code."""
