"""The bank's own people: who they are at the bank's provider, and what they may do here."""
