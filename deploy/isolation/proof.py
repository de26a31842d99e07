"""``cloud verify isolation``: the walk on a database of its own, the report, and a control that has to fail."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import asyncpg
from starlette.applications import Starlette

from deploy import app as web
from deploy.bench.scratch import scratch
from deploy.database import connected, credentials
from deploy.errors import OperatorError
from deploy.isolation import database, machines, walking, world
from deploy.isolation.report import Report
from deploy.seed.bank import the_bank
from deploy.settings import Settings
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import Bank
from tenants.scope import open_scope, operator_scope
from ui.i18n import N_

Breach = Literal["", "policy", "permission"]
_OPEN = (
    "drop policy reading on tenants_account",
    "create policy reading on tenants_account for select using (true)",
)
"""One policy that lets everybody read one table: what the control takes away."""
_KEEP = """
insert into tenants_isolation_report (id, created_at, version, is_right, tried, leaks, document)
values ($1, $2, $3, $4, $5, $6, $7)
"""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the walk happens: a database of its own, two institutions, and the product."""

    own: Settings
    there: world.World
    app: Starlette


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    """Set a stage that is gone after the block."""
    async with scratch() as own:
        other = await _second_bank(own)
        async with connected(own.database_url.get_secret_value()):
            there = await world.build(await the_bank(), other)
            yield Stage(own, there, web.create(own, has_lifespan=False))


async def prove(breach: Breach = "") -> Report:
    """Walk on a throw-away database and return the report; ``breach`` opens something first, which it has to find.

    Raises:
        OperatorError: there is no such breach.
    """
    if breach not in {"", "policy", "permission"}:
        raise OperatorError("breach is policy or permission.")
    report = Report(_version())
    async with stage() as set_, breached(set_, breach):
        before = await database.fingerprint(set_.there)
        await walking.walk(set_.app, set_.there, report)
        await machines.walk(set_.app, set_.there, report)
        await database.ask(set_.there, report)
        await database.run_jobs(set_.there, report)
        await _compare(report, before, await database.fingerprint(set_.there))
    return report


@asynccontextmanager
async def breached(set_: Stage, breach: Breach) -> AsyncIterator[None]:
    """Open a policy, or take the permission check away, for the block."""
    if breach == "policy":
        await _as_owner(set_.own, _OPEN)
    kept = Actor.require
    if breach == "permission":
        setattr(Actor, "require", lambda _actor, _permission: None)  # noqa: B010 - the control takes it away
    try:
        yield
    finally:
        setattr(Actor, "require", kept)  # noqa: B010 - and gives it back


async def _compare(report: Report, before: dict[str, str], after: dict[str, str]) -> None:
    section = report.section(
        N_("What is left of theirs"),
        N_("Every table of theirs, before and after everything above."),
    )
    for table, state in before.items():
        section.note(
            "unchanged" if after[table] == state else "changed", "" if after[table] == state else table
        )


async def _second_bank(own: Settings) -> Bank:
    async with connected(own.database_owner_url.get_secret_value(), pool=2), open_scope(operator_scope()):
        return await Bank.create(
            id=new_id(), slug="other", name="另一家银行", name_en="Other Bank", accent="#7a3b0b", country="SG"
        )


async def _as_owner(own: Settings, statements: tuple[str, ...]) -> None:
    connection = await asyncpg.connect(**credentials(own.database_owner_url.get_secret_value()))
    try:
        for sql in statements:
            await connection.execute(sql)
    finally:
        await connection.close()


def _version() -> str:
    try:
        return version("scenario-cloud")
    except PackageNotFoundError:
        return "development"


async def keep(settings: Settings, report: Report) -> Path:
    """Write the report into the data folder, and for the institutions' consoles into the database."""
    path = report.write(settings.data_dir / "reports")
    owner = settings.database_owner_url.get_secret_value()
    connection = await asyncpg.connect(**credentials(owner or settings.database_url.get_secret_value()))
    try:
        async with connection.transaction():
            await connection.execute("select scope_set('operator', 'on')")
            told = report.as_json()
            await connection.execute(
                _KEEP, new_id(), report.begun_at, report.version, told["is_right"], report.tried,
                len(report.leaks), json.dumps(told, ensure_ascii=False),
            )  # fmt: skip
    finally:
        await connection.close()
    return path


async def isolation(settings: Settings, breach: str = "") -> dict[str, Any]:
    """Prove, keep the report where it is right to, and return it for the command line."""
    report = await prove(breach)  # type: ignore[arg-type]
    told = report.as_json()
    if not breach:
        told["report"] = str(await keep(settings, report))
    return told
