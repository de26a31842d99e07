"""What a seeding leaves behind for whoever starts the product."""

from collections.abc import Callable
from dataclasses import dataclass

Progress = Callable[[str], object]
SignIn = tuple[str, str, str]
"""What for, where, and as whom."""


@dataclass(frozen=True, slots=True)
class SeedReport:
    """Where to go and who to be; ``is_new`` when this run has written the demonstration."""

    signins: tuple[SignIn, ...]
    is_new: bool
