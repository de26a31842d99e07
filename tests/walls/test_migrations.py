"""Migrations go forward on an empty database and on one with rows in every table, and miss nothing of the models."""

import asyncio
import importlib
import json
import subprocess
import sys
from uuid import uuid4

import asyncpg
import pytest
from tortoise import Tortoise
from tortoise.migrations.autodetector import MigrationAutodetector

from deploy import database
from deploy.isolation.rows import UNBALANCED, one_of_each

WALLS = "0004_money"
"""The first state of the schema that takes rows; every later migration must go forward from filled tables."""

FORWARD = """
import asyncio, json, sys
from deploy import database
print(json.dumps(asyncio.run(database.migrate_url(sys.argv[1], target=sys.argv[2]))))
"""

BEFORE_SANDBOXES = """
alter table integrations_vendor drop column sandbox_tenant_ids;
alter table integrations_vendor add column sandbox_tenant_id uuid;
alter table integrations_vendor no force row level security;
"""
VENDORS = """
insert into integrations_vendor (id, bank_id, slug, name, uscc, legal_representative, website, contact_email,
                                 created_by, sandbox_tenant_id)
select id, id, id::text, 'Ink', left(id::text, 18), 'Ng', 'https://ink.example', 'ng@ink.example', id, sandbox
  from unnest($1::uuid[], $2::uuid[]) v (id, sandbox)
"""
SEEN = "select count(*) from integrations_vendor"


def migrate(url: str, target: str) -> list[str]:
    """Run migrations in a process of their own: Tortoise's connections are one set per process."""
    ran = subprocess.run(
        [sys.executable, "-c", FORWARD, url, target], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    return json.loads(ran.stdout.splitlines()[-1])


@pytest.fixture
async def fresh(settings, migrated):
    """A second, empty database on the same server: its owner's and application's addresses."""
    name = "cloud_forward"
    superuser = settings.database_superuser_url.get_secret_value()
    connection = await asyncpg.connect(**database.credentials(superuser))
    await connection.execute(f"drop database if exists {name}")
    await connection.execute(f"create database {name} owner cloud_owner template template0")
    yield [
        url.get_secret_value().replace("/cloud?", f"/{name}?")
        for url in (settings.database_owner_url, settings.database_url)
    ]
    await connection.execute(f"drop database {name} with (force)")
    await connection.close()


async def test_the_models_need_no_further_migration(committed):
    detector = MigrationAutodetector(Tortoise.apps, database.config("postgresql://x@/x")["apps"])
    assert [operation for writer in await detector.changes() for operation in writer.operations] == []


@pytest.mark.parametrize("name", database.migration_names())
def test_no_migration_needs_a_copy_of_every_model(name):
    """One step of another kind, and an empty database takes minutes instead of seconds."""
    made = importlib.import_module(f"{database.MIGRATIONS}.{name}").Migration.operations
    assert [step for step in made if not isinstance(step, database.GROWING)] == []


async def test_forward_from_nothing_and_again_is_nothing(settings, applied):
    owner_url = settings.database_owner_url.get_secret_value()
    assert applied == database.migration_names()
    assert await asyncio.to_thread(migrate, owner_url, "__latest__") == []


async def test_forward_on_filled_tables_loses_nothing(fresh, db, bank, settings):
    """Copies one row of every tenant table into a database at the first filled state, then goes forward.

    The control beside it: a required column without a default cannot be added to a filled table.
    """
    owner_url, _ = fresh
    await asyncio.to_thread(migrate, owner_url, WALLS)
    before = await counts(owner_url, await rows_of_a_tenant(bank), settings)
    with pytest.raises(asyncpg.NotNullViolationError):
        await alter(owner_url, "alter table tenants_role add column note text not null")
    assert await asyncio.to_thread(migrate, owner_url, "__latest__") == database.migration_names()[4:]
    after = await counts(owner_url, {}, settings)
    assert {table: after[table] for table in before} == before
    assert min(before.values()) == 1


async def test_a_vendors_one_sandbox_becomes_the_first_of_its_sandboxes(owner):
    """What 0041 made of a column, on rows as they were before it, by the role that no wall lets see them."""
    first = importlib.import_module(f"{database.MIGRATIONS}.0041_sandboxes").FIRST
    kept, none, sandbox = uuid4(), uuid4(), uuid4()
    undone = owner.transaction()
    await undone.start()
    try:
        await owner.execute(BEFORE_SANDBOXES)
        await owner.execute(VENDORS, [kept, none], [sandbox, None])
        await owner.execute("alter table integrations_vendor force row level security")
        assert await owner.fetchval(SEEN) == 0, "a wall stands before it"
        await owner.execute(first)
        assert await owner.fetchval(SEEN) == 0, "and after it"
        await owner.execute("alter table integrations_vendor no force row level security")
        found = dict(await owner.fetch("select id, sandbox_tenant_ids from integrations_vendor"))
    finally:
        await undone.rollback()
    assert (found[kept], found[none]) == ([sandbox], [])


async def rows_of_a_tenant(bank) -> dict[str, list[str]]:
    from tenants.scope import open_scope, rows, tenant_scope  # noqa: PLC0415
    from tests import make  # noqa: PLC0415

    tenant = await make.tenant(bank)
    made = await one_of_each(tenant.id)
    async with open_scope(tenant_scope(tenant.id)):
        return {
            table: [
                r["j"] for r in await rows(f"select to_jsonb(t)::text j from {table} t where id = $1", row_id)
            ]
            for table, row_id in made.items()
            if table not in UNBALANCED
        }


async def counts(owner_url: str, filled: dict[str, list[str]], settings) -> dict[str, int]:
    """Fill as the superuser, without triggers, since only the shape of rows matters here; count every table.

    Tables that a later migration makes are not there yet.
    """
    superuser = settings.database_superuser_url.get_secret_value()
    given = database.credentials(superuser) | {"database": database.credentials(owner_url)["database"]}
    connection = await asyncpg.connect(**given)
    try:
        await connection.execute("set session_replication_role = replica")
        there = {
            r["relname"] for r in await connection.fetch("select relname from pg_class where relkind = 'r'")
        }
        filled = {table: documents for table, documents in filled.items() if table in there}
        for table, documents in filled.items():
            for document in documents:
                await connection.execute(
                    f"insert into {table} select * from jsonb_populate_record(null::{table}, $1)", document
                )
        tables = list(filled) or [
            r["relname"]
            for r in await connection.fetch(
                "select relname from pg_class c join pg_attribute a on a.attrelid = c.oid where relkind = 'r'"
                " and attname = 'tenant_id' and attnotnull"
            )
            if r["relname"] not in UNBALANCED
        ]
        return {table: await connection.fetchval(f"select count(*) from {table}") for table in sorted(tables)}
    finally:
        await connection.close()


async def alter(owner_url: str, sql: str) -> None:
    connection = await asyncpg.connect(**database.credentials(owner_url))
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


def test_migrations_are_numbered_without_gaps():
    names = database.migration_names()
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
