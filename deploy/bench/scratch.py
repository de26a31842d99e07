"""A database to measure on: real, durable as in production, and gone afterwards."""

import atexit
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
from pydantic import SecretStr

from deploy import composition, database, places, services
from deploy.sandbox.server import free_port
from deploy.seed.bank import found, the_bank
from deploy.settings import Settings
from scenarios import registry
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import Branch, Tenant
from tenants.provisioning import provision
from tenants.scope import bank_scope, open_scope, tenant_scope
from tenants.uscc import make

UPLOAD_MAX = 500_000_000
PRISTINE = "pristine"
"""The database that others are made of."""

_cluster: list[Settings] = []
"""This process's own server, once it has started; its database ``PRISTINE`` is migrated and has one bank."""


@asynccontextmanager
async def scratch() -> AsyncIterator[Settings]:
    """Give the settings of a migrated database with one bank, connected as the application for the block."""
    async with (
        made(places.DATABASE) as settings,
        database.connected(settings.database_url.get_secret_value()),
    ):
        yield settings


@asynccontextmanager
async def made(name: str, like: str = PRISTINE) -> AsyncIterator[Settings]:
    """Give the settings of a database for the block: migrated and with one bank, or as the database ``like`` is."""
    if not _cluster:
        _cluster.append(await _start())
    settings = _on(_cluster[0], name)
    owner = database.credentials(settings.database_owner_url.get_secret_value())["user"]
    await _administer(settings, f'create database {name} template {like} owner "{owner}"')
    try:
        yield settings
    finally:
        await _administer(settings, f"drop database {name} with (force)")


@contextmanager
def filling() -> Iterator[None]:
    """Have the server write as fast as it can for the block, in which nobody is connected at either end."""
    folder = _cluster[0].data_dir
    services.stop_postgres(folder)
    services.start_postgres(folder, tuning=services.FILLING)
    try:
        yield
    finally:
        services.stop_postgres(folder)
        services.start_postgres(folder)


@asynccontextmanager
async def superuser(settings: Settings) -> AsyncIterator[asyncpg.Connection]:
    """Give a connection to the settings' database that no wall holds up."""
    name = database.credentials(settings.database_url.get_secret_value())["database"]
    url = settings.database_superuser_url.get_secret_value()
    connection = await asyncpg.connect(**database.credentials(url) | {"database": name})
    try:
        yield connection
    finally:
        await connection.close()


async def _start() -> Settings:
    folder = Path(tempfile.mkdtemp(prefix="cloud-bench-"))
    atexit.register(_end, folder)
    settings = _settings(folder, services.start_postgres(folder))
    await database.prepare(settings)
    await database.migrate(settings)
    await found(settings)
    composition.compose(settings, registry.load())
    await _administer(settings, f"alter database {places.DATABASE} rename to {PRISTINE}")
    return settings


def _end(folder: Path) -> None:
    services.stop_postgres(folder)
    shutil.rmtree(folder, ignore_errors=True)


async def _administer(settings: Settings, statement: str) -> None:
    superuser = settings.database_superuser_url.get_secret_value()
    connection = await asyncpg.connect(**database.credentials(superuser))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _on(settings: Settings, name: str) -> Settings:
    """Return the settings with another database of the same server."""
    roles = {"database_url": places.APPLICATION_ROLE, "database_owner_url": places.OWNER_ROLE}
    urls = {key: places.postgres_url(settings.data_dir, role, name) for key, role in roles.items()}
    return settings.model_copy(update={key: SecretStr(url) for key, url in urls.items()})


def _settings(folder: Path, superuser: str) -> Settings:
    """Every address is said, so that none is taken from the environment of whoever measures."""
    return Settings(
        environment="demo",
        data_dir=folder,
        port=free_port(),
        log_level="warning",
        database_url=places.postgres_url(folder, places.APPLICATION_ROLE),
        database_owner_url=places.postgres_url(folder, places.OWNER_ROLE),
        database_superuser_url=superuser,
        redis_url=places.redis_url(folder),
        upload_max_bytes=UPLOAD_MAX,
        upload_max_unpacked_bytes=UPLOAD_MAX,
    )


async def tenant(number: int, scenario: str = "community") -> Tenant:
    """Return a new institution of the bank, provisioned as approval leaves it."""
    bank = await the_bank()
    async with open_scope(bank_scope(bank.id)):
        branch = await Branch.create(id=new_id(), bank_id=bank.id, code=f"{number:03d}", name="Branch")
        facts = _facts(number) | {"scenarios": [scenario]}
        made = await Tenant.create(id=new_id(), bank_id=bank.id, branch_id=branch.id, **facts)
        async with open_scope(tenant_scope(made.id)):
            await provision(Actor(kind="bank", name="Bench", bank_id=bank.id), made)
    return made


def _facts(number: int) -> dict[str, Any]:
    return {
        "slug": f"bench-{number}",
        "name": f"Bench {number} Ltd",
        "short_name": f"Bench {number}",
        "kind": "company",
        "uscc": make(f"91350100M0001{number:04d}"),
        "legal_representative": "A. Person",
        "contact_name": "A. Person",
        "contact_email": "bench@example.com",
        "contact_phone": "+65 6000 0000",
        "scenarios": ["community"],
        "currency": "SGD",
        "timezone": "Asia/Singapore",
        "locale": "en",
        "status": "live",
        "live_at": datetime.now(UTC),
    }
