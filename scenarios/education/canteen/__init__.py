"""The canteen: a wallet for each pupil, a till, limits and allergies, and meals that cost some families less."""
