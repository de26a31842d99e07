"""How much of a number is shown to people who need to tell it from another, and not to know it."""

SHOWN = 4
_SHORTEST = 6


def masked(number: str) -> str:
    """Return the last four characters behind dots; of a short one only the last."""
    plain = "".join(number.split())
    shown = SHOWN if len(plain) > _SHORTEST else 1
    return f"•••• {plain[-shown:]}" if plain else ""
