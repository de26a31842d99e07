"""Seals of the audit trail: its rows in signed Merkle trees, chained; and the mechanism that the ledger shares."""
