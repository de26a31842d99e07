"""Fetching statements where the outside offers them: the rail's files, the account's camt, Stripe's balance."""
