"""Which channels answer: known from how the last calls of this process went, with no call made to find out.

After three failures in a row a channel counts as down for a minute; then one call may try again, and its success
closes the matter. Being down never forbids a channel: it comes last, and payers are told.
"""

import time
from dataclasses import dataclass

FAILURES = 3
PAUSE_SECONDS = 60.0


@dataclass(slots=True)
class _Circuit:
    failures: int = 0
    last_failure: float = 0.0


_circuits: dict[str, _Circuit] = {}


def note(channel: str, *, is_answered: bool, now: float | None = None) -> None:
    """Take down how a call to a channel went; a refusal is an answer, too."""
    if is_answered:
        _circuits.pop(channel, None)
        return
    circuit = _circuits.setdefault(channel, _Circuit())
    circuit.failures += 1
    circuit.last_failure = time.monotonic() if now is None else now


def is_down(channel: str, now: float | None = None) -> bool:
    """Tell whether a channel has not answered lately."""
    circuit = _circuits.get(channel)
    moment = time.monotonic() if now is None else now
    return (
        circuit is not None and circuit.failures >= FAILURES and moment - circuit.last_failure < PAUSE_SECONDS
    )


def forget() -> None:
    """Start anew, as a fresh process does."""
    _circuits.clear()
