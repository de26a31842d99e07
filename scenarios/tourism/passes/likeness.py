"""Whether two pictures show the same person: a port, since who compares faces is each institution's own choice."""

from typing import Literal, Protocol

Likeness = Literal["same", "different", "unsure"]


class LikenessCheck(Protocol):
    """Something that compares faces. It keeps nothing of what it is shown."""

    async def compare(self, kept: bytes, seen: bytes) -> Likeness:
        """Return whether a picture taken now shows who is on the one that is kept; ``unsure`` leaves it to a person."""


class Nobody:
    """Where nothing compares faces: a person looks, with the photograph and the document."""

    async def compare(self, kept: bytes, seen: bytes) -> Likeness:
        """Return ``unsure``."""
        del kept, seen
        return "unsure"


_check: LikenessCheck = Nobody()


def use_likeness(check: LikenessCheck) -> None:
    """Name what compares faces; the composition root does."""
    global _check  # noqa: PLW0603 - one for each process
    _check = check


def likeness() -> LikenessCheck:
    """Return what compares faces."""
    return _check
