"""A stateful Stripe: what the official SDK calls, at `/stripe/v1`, with hosted pages and signed events."""
