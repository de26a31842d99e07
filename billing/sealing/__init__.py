"""Seals: the journal's entries in signed Merkle trees, chained, so that nobody can change the past unseen."""
