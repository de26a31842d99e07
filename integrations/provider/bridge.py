"""Authlib's grants are plain functions; ours is asynchronous storage. They meet in a greenlet.

``run`` starts the plain function in a greenlet of the same task; where it needs storage it calls ``wait`` with a
coroutine, which is awaited outside and whose result, or error, comes back in. Transactions, context variables,
exceptions and cancellation cross as if there were no border.
"""

import sys
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from greenlet import getcurrent, greenlet

T = TypeVar("T")


class OutsideError(RuntimeError):
    """``wait`` was called outside ``run``: a programming error."""


class _Inside(greenlet):  # type: ignore[misc]
    """The greenlet of one ``run``; it shares the context variables of the task that started it."""

    def __init__(self, function: Callable[..., Any]) -> None:
        outside = getcurrent()
        super().__init__(function, outside)
        self.gr_context = outside.gr_context


async def run(function: Callable[..., T], *args: Any) -> T:
    """Run a plain function that may ``wait``, and return what it returns."""
    inside = _Inside(function)
    asked: Any = inside.switch(*args)
    while not inside.dead:
        try:
            found = await asked
        except BaseException:  # noqa: BLE001 - whatever it was belongs to the function that waits
            asked = inside.throw(*sys.exc_info())
        else:
            asked = inside.switch(found)
    result: T = asked
    return result


def wait(coroutine: Awaitable[T]) -> T:
    """Return what a coroutine returns, from inside a function that ``run`` runs."""
    inside = getcurrent()
    if not isinstance(inside, _Inside):
        if hasattr(coroutine, "close"):
            coroutine.close()
        raise OutsideError
    found: T = inside.parent.switch(coroutine)
    return found
