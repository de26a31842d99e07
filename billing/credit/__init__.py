"""Payer credit: money that an account has at its institution, where it came from and what it pays."""
