"""The ways money comes in: Stripe, the bank's rail, the counter."""
