"""The one way in: a transaction with exactly one scope, which row-level security then holds every query to.

PostgreSQL sees only the ``cloud.*`` settings of the transaction; none set means no rows. Kinds of scope:

======== =====================================================================
tenant   staff of one tenant, and jobs: that tenant's rows
person   a payer, or a person's own things: themselves and what they hold
bank     bank staff: their bank's own tables and its directory of tenants
vendor   people of a vendor: its apps, and what belongs to them in tenants
link     the bearer of a pay-link: that bill
secret   the bearer of a token (session, invitation, code): that row
queue    the dispatcher and the webhook inbox: work that waits
operator the command line, as the owner: banks, branches and their first people
======== =====================================================================
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from uuid import UUID

import asyncpg
from tortoise.backends.base.client import TransactionContextPooled
from tortoise.connection import get_connections
from tortoise.exceptions import DBConnectionError
from tortoise.transactions import in_transaction

from ui.errors import Unavailable
from ui.i18n import t

LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.OperatorInterventionError,
    asyncpg.InterfaceError,
    DBConnectionError,
)


@dataclass(frozen=True, slots=True)
class Scope:
    """What the running transaction may see; made by the functions below, never by hand."""

    kind: str = ""
    value: str = ""


def tenant_scope(tenant_id: UUID) -> Scope:
    """See one tenant's rows, as its staff and its jobs do."""
    return Scope("tenant", str(tenant_id))


def person_scope(person_id: UUID) -> Scope:
    """See a person's own rows and the accounts they hold, across tenants."""
    return Scope("person", str(person_id))


def bank_scope(bank_id: UUID) -> Scope:
    """See a bank's own tables and its directory of tenants."""
    return Scope("bank", str(bank_id))


def vendor_scope(vendor_id: UUID) -> Scope:
    """See a vendor's own apps, and how they fare where they are installed."""
    return Scope("vendor", str(vendor_id))


def link_scope(tenant_id: UUID, bill_id: UUID) -> Scope:
    """See one bill, as the bearer of its (already verified) pay-link does."""
    return Scope("link", f"{tenant_id} {bill_id}")


def secret_scope(token_hash: bytes) -> Scope:
    """See the row that this token's SHA-256 opens."""
    return Scope("secret", token_hash.hex())


def queue_scope() -> Scope:
    """See work that waits: outbox rows and channel messages."""
    return Scope("queue", "on")


def operator_scope() -> Scope:
    """Create banks and their first people; PostgreSQL grants it to the owner role alone."""
    return Scope("operator", "on")


AT_ONCE = 1000
"""Rows that ``each`` reads in one round trip."""
NOTHING = Scope()
"""No scope: no rows."""


@dataclass
class _Running:
    connection: Any
    scope: Scope
    after_commit: list[Callable[[], Awaitable[None]]] = field(default_factory=list)


_running: ContextVar[_Running | None] = ContextVar("scope", default=None)


class NoScopeError(RuntimeError):
    """Code touched the database outside ``open_scope``: a programming error, never shown to anyone."""


@asynccontextmanager
async def open_scope(scope: Scope) -> AsyncIterator[None]:
    """Run the block in one transaction that sees only ``scope``; commit at its end, roll back on any error.

    Inside another scope's block it becomes a savepoint, and the outer scope is set again afterwards. Functions
    given to ``after_commit`` run when the outermost transaction has committed.
    """
    outer = _running.get()
    callbacks = outer.after_commit if outer else []
    kept = len(callbacks)
    async with _transaction() as (connection, is_fresh):
        running = _Running(connection, scope, callbacks)
        token = _running.set(running)
        try:
            if scope != NOTHING or not is_fresh:
                await _apply(connection, scope)
            yield
        except BaseException:
            del callbacks[kept:]
            raise
        finally:
            _running.reset(token)
        if outer:
            await _apply(connection, outer.scope)
    if outer is None:
        for callback in callbacks:
            await callback()


@asynccontextmanager
async def _transaction() -> AsyncIterator[tuple[Any, bool]]:
    """Run a transaction and tell whether it is a fresh one, in which nothing is set, or a savepoint.

    A server that is away, before or in the middle of it, is said so as ``Unavailable``.
    """
    transaction = in_transaction()
    try:
        connection = await transaction.__aenter__()
    except (OSError, *LOST) as error:
        await _abandon(transaction)
        raise _unreachable() from error
    try:
        yield connection, isinstance(transaction, TransactionContextPooled)
    except BaseException as error:
        is_lost = _is_lost(connection, error)
        try:
            await transaction.__aexit__(type(error), error, error.__traceback__)
        except LOST:
            is_lost = True
        if is_lost:
            raise _unreachable() from error
        raise
    try:
        await transaction.__aexit__(None, None, None)
    except LOST as error:
        raise _unreachable() from error


async def _abandon(transaction: Any) -> None:
    """Undo a start that failed halfway, which Tortoise 1.1 leaves: its context and the pooled connection."""
    token = getattr(transaction, "token", None)
    if token is None:
        return
    get_connections().reset(token)
    parent = getattr(transaction.client, "_parent", None)
    if isinstance(transaction, TransactionContextPooled) and parent is not None:
        await parent._pool.release(transaction.client._connection)  # noqa: SLF001


def _is_lost(connection: Any, error: BaseException) -> bool:
    return isinstance(error, LOST) and connection._connection.is_closed()  # noqa: SLF001


def _unreachable() -> Unavailable:
    return Unavailable(
        "database.unreachable",
        t("We cannot reach our records right now."),
        advice=t(
            "Try again in a minute. If you were paying, look at your payments first: nothing is taken twice."
        ),
        headers={"Retry-After": "30"},
    )


async def _apply(connection: Any, scope: Scope) -> None:
    await connection.execute_query("select scope_set($1, $2)", [scope.kind, scope.value])


async def switch(scope: Scope) -> None:
    """Go on in the same transaction under another scope, as when a secret has told whose it is.

    Only entry code (sign-in, provisioning, webhooks) does this; services never widen what they were given.
    """
    running = current()
    running.scope = scope
    await _apply(running.connection, scope)


def current() -> _Running:
    """Return the running transaction; ``NoScopeError`` outside of any."""
    running = _running.get()
    if running is None:
        raise NoScopeError
    return running


def in_scope() -> bool:
    """Tell whether a scope is open."""
    return _running.get() is not None


def adopt(scope: Scope) -> None:
    """Note that SQL itself has set the scope (the ``enter_*`` functions do), so that savepoints restore it."""
    current().scope = scope


def tenant_id() -> UUID:
    """Return the tenant of the open scope; ``NoScopeError`` when it is not a tenant's."""
    scope = current().scope
    if scope.kind != "tenant":
        raise NoScopeError
    return UUID(scope.value)


def after_commit(callback: Callable[[], Awaitable[None]]) -> None:
    """Run ``callback`` once the transaction has committed; it must not fail and must not touch the database."""
    current().after_commit.append(callback)


def raw() -> asyncpg.Connection:
    """Return the transaction's asyncpg connection, for COPY and hot statements."""
    return current().connection._connection  # noqa: SLF001


async def rows(sql: str, *args: Any) -> list[asyncpg.Record]:
    """Return the rows of one raw statement in the open scope."""
    found: list[asyncpg.Record] = await raw().fetch(sql, *args)
    return found


async def each(sql: str, *args: Any) -> AsyncIterator[asyncpg.Record]:
    """Yield the rows of one raw statement in the open scope, all as they stood when it began.

    For files: of pages read one after another, each in a statement of its own, what is written meanwhile pushes a row
    into the next page, where it stands once more, or out of it; and every page sorts everything again.
    """
    async for found in raw().cursor(sql, *args, prefetch=AT_ONCE):
        yield found


async def lists(statements: Mapping[str, str], *args: Any) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of several statements by their names, read in one round trip; all take the same arguments.

    Each thing that one selects ends with its name (``a.id``, ``count(*) units``).
    """
    parts = ", ".join(f"array(select part from ({sql}) part) {name}" for name, sql in statements.items())
    found = await row(f"select {parts}", *args)
    assert found is not None  # noqa: S101 - a select without a table has one row
    return {
        name: [dict(zip(_selected(sql), each, strict=True)) for each in found[name]]
        for name, sql in statements.items()
    }


@lru_cache(maxsize=256)
def _selected(sql: str) -> tuple[str, ...]:
    """Return what a statement calls the things that it selects: the last word of each."""
    depth, words, names = 0, "", []
    for sign in sql.partition("select")[2]:
        depth += (sign == "(") - (sign == ")")
        if depth == 0 and (sign == "," or words.endswith((" from", "\nfrom"))):
            names.append(words.removesuffix("from").split()[-1].rpartition(".")[2])
            if sign != ",":
                break
            words = ""
        elif depth == 0:
            words += sign
    return tuple(names)


async def row(sql: str, *args: Any) -> asyncpg.Record | None:
    """Return the first row of one raw statement in the open scope."""
    return await raw().fetchrow(sql, *args)


async def value(sql: str, *args: Any) -> Any:
    """Return the first value of one raw statement in the open scope."""
    return await raw().fetchval(sql, *args)


async def once(sql: str, *args: Any) -> Any:
    """Return the first value of one statement that is a transaction of its own and sets its scope itself.

    Inside an open scope it is part of that one's transaction, and the scope is set again afterwards.
    """
    outer = _running.get()
    if outer is not None:
        found = await value(sql, *args)
        await _apply(outer.connection, outer.scope)
        return found
    try:
        async with get_connections().get("default").acquire_connection() as connection:
            return await connection.fetchval(sql, *args)
    except (OSError, *LOST) as error:
        raise _unreachable() from error


async def execute(sql: str, *args: Any) -> int:
    """Run one raw statement in the open scope and return how many rows it touched."""
    status = await raw().execute(sql, *args)
    tail = status.rsplit(" ", 1)[-1]
    return int(tail) if tail.isdigit() else 0
