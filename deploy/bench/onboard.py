"""Institutions from one file to live, through every check, against the bare rows that this leaves in the database.

The registry and the lists answer from memory, so that nobody else's speed is measured. The floor puts the same rows of
as many institutions into the same tables, one statement for each table and institution, as a superuser whom no wall
holds up.
"""

import csv
import io
import time
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import asyncpg

from deploy.bench.scratch import scratch, superuser
from deploy.seed.bank import the_bank
from deploy.settings import Settings
from tenants import jobs
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import Bank, Branch
from tenants.onboarding import ports
from tenants.onboarding.bulk import services
from tenants.onboarding.bulk.table import fields
from tenants.onboarding.ports import Entry, Hit, Remittance
from tenants.scope import bank_scope, open_scope, rows, tenant_scope
from tenants.uscc import make

DEFAULTS: Mapping[str, int] = {"rows": 200, "wrong_every": 50}
AIM = 10
_TABLES = (
    "select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'"
    " where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and a.attnotnull"
)


class _Memory:
    """A registry and lists that know every row of the file."""

    async def look_up(self, uscc: str) -> Entry | None:
        return Entry(f"School {uscc} Ltd", "A. Person", is_active=True, source="memory", as_of="2026-01-01")

    async def screen(self, names: Sequence[str]) -> list[Hit]:
        del names
        return []

    async def send(self, **account: str) -> None:
        del account

    async def is_amount(self, reference: str, amount_minor: int) -> bool:
        return bool(reference and amount_minor)

    async def received(self, reference: str) -> list[Remittance]:
        del reference
        return []

    async def give_back(self, remittance_id: str) -> None:
        del remittance_id


async def measure(options: Mapping[str, int]) -> dict[str, Any]:
    """Return institutions a second, with the bare way as the floor."""
    memory = _Memory()
    async with scratch() as settings:
        ports.use(ports.Outside(memory, memory, memory))
        bank = await the_bank()
        branch = await _branch(bank)
        counts, checking, applying = await _onboard(
            bank, branch, _file(options["rows"], options["wrong_every"])
        )
        floor = await _floor(settings, counts["live"])
    figure = counts["live"] / (checking + applying)
    return {
        "figure": round(figure, 1),
        "unit": "institutions/s",
        "floor": round(floor, 1),
        "ratio": round(figure / floor, 3),
        "aim": f"figure >= {AIM}",
        "is_met": figure >= AIM,
        "seconds": {"checking": round(checking, 2), "taking_on": round(applying, 2)},
        "refused": counts.get("wrong", 0),
        **options,
    }


async def _branch(bank: Bank) -> UUID:
    async with open_scope(bank_scope(bank.id)):
        return (await Branch.create(id=new_id(), bank_id=bank.id, code="B01", name="Branch")).id


def _file(count: int, wrong_every: int) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([field.key for field in fields()])
    for number in range(count):
        code = make(f"91350100MB{number:07d}")
        if number % wrong_every == wrong_every - 1:
            code = code[:-1] + ("0" if code[-1] != "0" else "1")
        writer.writerow(
            [f"School {code} Ltd", f"School {number}", "company", code, "A. Person", "community", "A. Person",
             f"office-{number}@school.example", "+65 6000 0000", "HARBSGSG", f"77{number:08d}"]
        )  # fmt: skip
    return out.getvalue().encode()


async def _onboard(bank: Bank, branch: UUID, content: bytes) -> tuple[dict[str, int], float, float]:
    maker, checker = (_clerk(bank, right) for right in ("applications.write", "applications.decide"))
    began = time.perf_counter()
    async with open_scope(bank_scope(bank.id)):
        terms = {"currency": "SGD", "timezone": "Asia/Singapore", "locale": "en"}
        found = await services.upload(
            maker, content=content, filename="schools.csv", branch_id=branch, **terms
        )
    await _work(bank)
    checked = time.perf_counter()
    async with open_scope(bank_scope(bank.id)):
        await services.approve(checker, found.id)
    await _work(bank)
    done = time.perf_counter()
    async with open_scope(bank_scope(bank.id)):
        return await services.progress(found), checked - began, done - checked


def _clerk(bank: Bank, right: str) -> Actor:
    from datetime import UTC, datetime  # noqa: PLC0415 - for a sign-in that is fresh

    return Actor(
        kind="bank", name=right, person_id=new_id(), bank_id=bank.id, permissions=frozenset({right}), level=3,
        auth_time=datetime.now(UTC), place={"slug": bank.slug, "name_en": bank.name_en},
    )  # fmt: skip


async def _work(bank: Bank) -> None:
    """Do the bank's background work now; that of the new institutions (their letters) waits for a worker."""
    async with open_scope(tenant_scope(bank.id)):
        waiting = await rows(
            "select id from tenants_outbox where tenant_id = $1 and done_at is null", bank.id
        )
    for each in waiting:
        if not await jobs.run(bank.id, each["id"]):
            raise RuntimeError("a job of the bank has failed")


async def _floor(settings: Settings, count: int) -> float:
    """Copy one institution's rows under new ids, as often as there were institutions; return institutions a second."""
    async with superuser(settings) as connection:
        await connection.execute("set session_replication_role = replica")
        one = await connection.fetchval("select id from tenants_tenant limit 1")
        found = [row[0] for row in await connection.fetch(_TABLES)]
        filled = [
            name for name in found
            if await connection.fetchval(f"select exists (select 1 from {name} where tenant_id = $1)", one)
        ]  # fmt: skip
        statements = [await _copy(connection, name) for name in filled]
        began = time.perf_counter()
        for _ in range(count):
            fresh = new_id()
            async with connection.transaction():
                for sql in statements:
                    await connection.execute(sql, one, fresh)
        return count / (time.perf_counter() - began)


async def _copy(connection: asyncpg.Connection, table: str) -> str:
    columns = [
        row[0]
        for row in await connection.fetch(
            "select attname from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped",
            table,
        )
    ]
    fresh = {"id": "new_id()", "tenant_id": "$2", "token_hash": "sha256(new_id()::text::bytea)"}
    values = [fresh.get(name, f'"{name}"') for name in columns]
    listed = ", ".join(f'"{name}"' for name in columns)
    return f"insert into {table} ({listed}) select {', '.join(values)} from {table} where tenant_id = $1"
