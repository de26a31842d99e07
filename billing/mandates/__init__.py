"""Autopay under a mandate, and other people who may pay for an account."""
