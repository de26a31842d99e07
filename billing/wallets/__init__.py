"""Wallets: what an account has stored at its institution for one purpose."""
