"""Receipts and printed bills: plain documents in, PDF out. Knows no database."""
