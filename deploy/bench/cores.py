"""What is measured on one core, and who measures on the others."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

_PIN = "import os, sys; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); os.execv(sys.argv[1], sys.argv[1:])"


def can_pin() -> bool:
    """Whether processes can be held to cores here (Linux, more than one core)."""
    return hasattr(os, "sched_setaffinity") and len(os.sched_getaffinity(0)) > 1


def on_first(command: Sequence[str]) -> list[str]:
    """Return the command held to the first core; unchanged where that cannot be."""
    return [sys.executable, "-c", _PIN, *command] if can_pin() else list(command)


@contextmanager
def on_others() -> Iterator[None]:
    """Keep this process off the first core for the block."""
    if not can_pin():
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, before - {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
