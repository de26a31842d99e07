"""The parts of one running sandbox, held together and reached from any request."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from starlette.requests import Request

from deploy.sandbox.agenda import Agenda
from deploy.sandbox.delivery import Deliveries
from deploy.sandbox.faults import Faults
from deploy.sandbox.settings import Settings
from deploy.sandbox.store import Doc, Row, Store

_LETTERS = b"0123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_LETTER_OF = bytes(_LETTERS[byte % len(_LETTERS)] for byte in range(256))


class Clock:
    """Real time plus an offset that is set through the control API; kept over a restart."""

    def __init__(self, store: Store) -> None:
        """Read the offset that was kept."""
        self._store = store
        self.offset = float((store.get("clock", "offset") or {}).get("seconds", 0))

    def set(self, seconds: float) -> None:
        """Stand `seconds` ahead of real time (behind, if negative)."""
        self.offset = seconds
        self._store.put("clock", Row("offset", {"seconds": seconds}))

    def epoch(self) -> float:
        """Seconds since 1970, offset included."""
        return time.time() + self.offset

    def seconds(self) -> int:
        """Whole seconds since 1970, offset included."""
        return int(self.epoch())

    def now(self) -> datetime:
        """The moment in UTC."""
        return datetime.fromtimestamp(self.epoch(), UTC)


@dataclass(frozen=True, slots=True)
class World:
    """One running sandbox."""

    settings: Settings
    store: Store
    clock: Clock
    faults: Faults
    agenda: Agenda
    deliveries: Deliveries

    def url(self, path: str) -> str:
        """An address of ours as others see it."""
        return self.settings.public_url.rstrip("/") + path


Action = Callable[[World, Doc], None]


def world_of(request: Request) -> World:
    """The sandbox that serves this request."""
    return cast("World", request.app.state.world)


def new_id(prefix: str, length: int = 24) -> str:
    """A name nobody guesses, such as `pi_3fK…`."""
    return prefix + secrets.token_bytes(length).translate(_LETTER_OF).decode()


def iso(moment: datetime) -> str:
    """UTC with a Z, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
