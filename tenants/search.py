"""What people type into a search box, as PostgreSQL's ``ilike`` takes it."""


def literal(words: str) -> str:
    """Return the words with every mark standing for itself."""
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def containing(words: str) -> str:
    """Return the pattern that finds the words anywhere, taken literally; empty when nothing is searched for."""
    return f"%{literal(words)}%" if words else ""
