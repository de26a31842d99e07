"""The outside: sign-in by the bank's identity provider; later apps, launches and the open API."""
