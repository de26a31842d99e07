"""What every test may ask for: a real PostgreSQL, a transaction that is rolled back, the app, a client.

``db`` gives a database where everything done is undone at the end; ``committed`` gives one where commits are
real, for races and crashes (each such test makes its own tenant, so nothing needs cleaning up).
"""

import gc
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest
import pytest_asyncio
from starlette.applications import Starlette
from tortoise import Tortoise
from tortoise.transactions import in_transaction

from deploy import composition, database, logs, services
from deploy.sandbox.server import Server
from deploy.settings import Settings
from scenarios import registry
from tests import make
from tests.journeys.live import ROOT, plain_environment, running
from tests.scenario import MINIATURE
from tests.sharing import Sharing

gc.set_threshold(50_000, 20, 20)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Sharing:
    """Let tests that share something costly run in one worker, whichever way of distribution was named."""
    return Sharing(config, log)


def pytest_collection_finish() -> None:
    """Leave everything that was imported out of garbage collections: a tenth of the tests' time went into them."""
    gc.freeze()


@pytest.fixture(scope="session")
def data_dir() -> Iterator[Path]:
    """A folder of this test process's own, with PostgreSQL running on it."""
    with tempfile.TemporaryDirectory(prefix="cloud-test-") as folder:
        services.start_postgres(Path(folder), is_durable=False)
        try:
            yield Path(folder)
        finally:
            services.stop_postgres(Path(folder))


@pytest.fixture(scope="session")
def settings(data_dir: Path) -> Settings:
    made = Settings(
        environment="test",
        data_dir=data_dir,
        public_url="http://cloud.test",
        redis_url="redis://127.0.0.1:1/0",
        secret_key="test-only-secret-key-0123456789abcdef",
        stripe_api_key="sk_test_123",
        stripe_webhook_secret="whsec_test",
    )
    logs.configure(made)
    return made


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def applied(settings: Settings) -> list[str]:
    """The migrations that ran on this process's empty database, in their order."""
    await database.prepare(settings)
    return await database.migrate(settings)


@pytest.fixture(scope="session")
def migrated(settings: Settings, applied: list[str]) -> str:
    """The database's application address, once every migration has run."""
    return settings.database_url.get_secret_value()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def bank(settings: Settings, migrated: str) -> make.Bank:
    """A bank with a branch, made once by the owner as ``cloud seed`` would."""
    return await make.bank_as_owner(settings.database_owner_url.get_secret_value())


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def committed(settings: Settings, migrated: str, bank: make.Bank) -> AsyncIterator[None]:
    """The connection pool of the application role; what is committed stays."""
    composition.compose(settings, [*registry.load(), MINIATURE])
    await Tortoise.init(config=database.config(migrated, pool=30), _enable_global_fallback=True)
    yield
    await Tortoise.close_connections()


@pytest_asyncio.fixture(loop_scope="session")
async def db(committed: None) -> AsyncIterator[None]:
    """A transaction around the test; the product's own transactions become savepoints in it."""
    async with in_transaction() as connection:
        yield
        await connection.rollback()


@pytest_asyncio.fixture(loop_scope="session")
async def owner(settings: Settings, migrated: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the owner role, for reading the catalogue."""
    connection = await asyncpg.connect(**database.credentials(settings.database_owner_url.get_secret_value()))
    yield connection
    await connection.close()


@pytest.fixture(scope="session")
def one_outside() -> Iterator[Server]:
    """A sandbox for all whose institutions are strangers to one another: a test leaves no fault and no clock behind."""
    with Server(async_delay=5) as server:
        yield server


@dataclass(frozen=True)
class Seeded:
    """A folder with the whole demonstration, at rest; ``port`` is where its product is at home.

    ``told`` is what the seeding came to, through two interruptions, and what verification then found.
    """

    folder: Path
    port: int
    told: dict[str, Any]


@pytest.fixture(scope="session")
def seeded() -> Iterator[Seeded]:
    """Seed once for all who need a demonstration, where everything has been started on an empty folder before.

    The folder has a short name, as sockets need.
    """
    with tempfile.TemporaryDirectory(prefix="seed-", dir="/tmp") as name:
        with running(Path(name), "--no-seed") as product:
            port = product.port
        done = subprocess.run(
            [sys.executable, "-m", "tests.deploy.demonstration", name, str(port)],
            cwd=ROOT,
            env=plain_environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=400,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        yield Seeded(Path(name), port, json.loads(done.stdout.splitlines()[-1]))


@pytest.fixture(scope="session")
def told(seeded: Seeded) -> dict[str, Any]:
    return seeded.told


@pytest.fixture(scope="session")
def app(settings: Settings) -> Starlette:
    from deploy.app import create  # noqa: PLC0415 - the whole product, only for tests that need it

    return create(settings, scenarios=[*registry.load(), MINIATURE], has_lifespan=False)


@pytest_asyncio.fixture(loop_scope="session")
async def client(app: Starlette) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser without scripts: same-origin by default, follows nothing by itself."""
    transport = httpx2.ASGITransport(app=app)
    headers = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html", "Accept-Language": "en"}
    async with httpx2.AsyncClient(transport=transport, base_url="http://cloud.test", headers=headers) as made:
        yield made


os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
