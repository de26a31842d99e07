"""Writes that nobody reads before the transaction ends, sent to PostgreSQL together as one statement.

A round trip costs more than the row it carries: whoever writes a trail, work to do and a row of their own for one
event opens ``together()``, and what is written with ``write`` inside of it goes as one statement at its end.
"""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from tenants.scope import execute, row

_PARAMETER = re.compile(r"\$(\d+)")


@dataclass(frozen=True, slots=True)
class _Waiting:
    sql: str
    args: tuple[Any, ...]
    wrote: Callable[[], None] | None


_waiting: ContextVar[list[_Waiting] | None] = ContextVar("writes", default=None)


@asynccontextmanager
async def together() -> AsyncIterator[None]:
    """Send what the block writes as one statement at its end; nothing of it when the block fails.

    The block must not read what it writes, nor leave its scope. Inside another such block it joins that one.
    """
    if _waiting.get() is not None:
        yield
        return
    waiting: list[_Waiting] = []
    token = _waiting.set(waiting)
    try:
        yield
    finally:
        _waiting.reset(token)
    if waiting:
        await _send(waiting)


async def write(sql: str, *args: Any, wrote: Callable[[], None] | None = None) -> None:
    """Run an ``insert`` or ``update`` in the open scope, or have it wait for the others.

    ``wrote`` is called when it has written a row.
    """
    waiting = _waiting.get()
    if waiting is not None:
        waiting.append(_Waiting(sql, args, wrote))
    elif await execute(sql, *args) and wrote is not None:
        wrote()


async def _send(waiting: list[_Waiting]) -> None:
    parts: list[str] = []
    given: list[Any] = []
    for place, one in enumerate(waiting):
        parts.append(f"w{place} as ({_shifted(one.sql, len(given))} returning 1)")
        given += one.args
    counts = ", ".join(f"(select count(*) from w{place})" for place in range(len(waiting)))
    counted = await row(f"with {', '.join(parts)} select {counts}", *given)
    for one, count in zip(waiting, counted or (), strict=True):
        if count and one.wrote is not None:
            one.wrote()


def _shifted(sql: str, by: int) -> str:
    """Return a statement whose first parameter is the one after ``by`` others."""
    return _PARAMETER.sub(lambda found: f"${int(found[1]) + by}", sql)
