"""Proceeds shared with others: who gets how much of a payment, paid by the channel to their own accounts."""
