"""How addresses are written, whatever case they came in."""

import re

_AFTER_APOSTROPHE = re.compile(r"(?<=\w['’])[A-Z](?!\w)")


def titled(address: str) -> str:
    """Return the address in title case; the "s" of a genitive stays small, as in Queen's Rd."""
    return _AFTER_APOSTROPHE.sub(lambda letter: letter[0].lower(), address.title())
