"""Transfers: money that a payer sends from their bank, found by its virtual account or its reference."""
