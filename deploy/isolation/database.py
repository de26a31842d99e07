"""The database itself, asked as the application role: without a scope, with a foreign one, and by every job."""

import contextlib
import json
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import asyncpg
from tortoise.transactions import in_transaction

from deploy.isolation.report import Report
from deploy.isolation.rows import table_of, tenant_models
from deploy.isolation.world import World
from tenants.actor import system_actor
from tenants.jobs import JOBS
from tenants.scope import Scope, bank_scope, open_scope, person_scope, rows, tenant_scope, value
from ui.errors import AppError
from ui.i18n import N_

_WRITES = (
    "update {table} set tenant_id = tenant_id where tenant_id = $1",
    "delete from {table} where tenant_id = $1",
)


def tables() -> list[str]:
    """Return every table that belongs to institutions."""
    return sorted(table_of(model) for model in tenant_models())


async def ask(world: World, report: Report, names: Iterable[str] | None = None) -> None:
    """Read and write theirs in raw SQL, in every table or these, under every scope that has nothing to do with it."""
    asked = tables() if names is None else sorted(names)
    scopes = {
        "no scope": Scope(),
        "my institution": tenant_scope(world.mine.id),
        "my bank": bank_scope(world.bank.id),
        "a payer of mine": person_scope(world.payer),
    }
    section = report.section(
        N_("Raw SQL as the application role"),
        N_(
            "Every table of institutions, read, changed and removed from without any scope and under four foreign ones."
            " Not one of their rows may be seen or touched."
        ),
    )
    for name, scope in scopes.items():
        for table in asked:
            seen = await _count(scope, table, world.theirs.id)
            section.note(
                "rows seen: 0" if not seen else "rows seen", f"{name}: {table} shows {seen}" if seen else ""
            )
            for sql in _WRITES:
                touched = await _write(scope, sql.format(table=table), world.theirs.id)
                section.note(
                    touched or "rows touched: 0", f"{name}: {table} {touched}" if touched.isdigit() else ""
                )


async def _count(scope: Scope, table: str, tenant_id: UUID) -> int:
    async with open_scope(scope):
        try:
            return int(await value(f"select count(*) from {table} where tenant_id = $1", tenant_id))
        except asyncpg.PostgresError:
            return 0


async def _write(scope: Scope, sql: str, tenant_id: UUID) -> str:
    """Return how many rows were touched, ``refused`` where not even that was tried, or nothing for none."""

    class _Undone(Exception):
        pass

    found = ""
    with contextlib.suppress(_Undone):
        async with open_scope(scope), in_transaction() as connection:
            try:
                status = await connection._connection.execute(sql, tenant_id)  # noqa: SLF001 - the bare statement
            except asyncpg.PostgresError:
                found = "refused"
            else:
                count = status.rsplit(" ", 1)[-1]
                found = count if count != "0" else ""
            raise _Undone
    return found


async def run_jobs(world: World, report: Report) -> None:
    """Run every job in my institution with the ids of their rows; whatever becomes of it, theirs stays as it is."""
    section = report.section(
        N_("Background work"),
        N_(
            "Every job runs in my institution with a payload full of their ids. It may fail; it may not touch them."
        ),
    )
    keys = (
        "id",
        "import_id",
        "run_id",
        "notice_id",
        "payment_id",
        "attempt_id",
        "refund_id",
        "bill_id",
        "account_id",
    )
    payload: dict[str, Any] = dict.fromkeys(keys, str(world.foreign))
    before = await fingerprint(world)
    for entry in JOBS.values():
        outcome = "ran"
        try:
            async with contextlib.AsyncExitStack() as stack:
                if entry.is_transactional:
                    await stack.enter_async_context(open_scope(tenant_scope(world.mine.id)))
                await entry.handler(system_actor(world.mine.id), dict(payload))
        except AppError:
            outcome = "refused"
        except Exception:  # noqa: BLE001 - a job may fail on such a payload in any way
            outcome = "failed"
        section.note(outcome)
    changed = [table for table, state in (await fingerprint(world)).items() if before[table] != state]
    section.leaks += [f"{table} of theirs has changed" for table in changed]


async def fingerprint(world: World) -> dict[str, str]:
    """Return what all of their rows come to, table by table."""
    async with open_scope(tenant_scope(world.theirs.id)):
        return {table: await _state(table) for table in tables()}


async def _state(table: str) -> str:
    found = await rows(f"select to_jsonb(t)::text row from {table} t order by id")
    return json.dumps([each["row"] for each in found])
