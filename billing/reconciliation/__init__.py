"""Reconciliation: what the channels and the bank say, held against the ledger, and where they differ. See README.md."""
