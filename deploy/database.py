"""The database's life: roles, connection pool, migrations.

Two roles share it. The owner (``cloud_owner``) migrates and owns every table; the application
(``cloud_app``) owns nothing, cannot bypass row-level security, and is all that web and workers ever use.
"""

import importlib.util
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg
from pypika_tortoise.queries import Query
from tortoise import Tortoise
from tortoise.connection import get_connection
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget
from tortoise.migrations.operations import AddField, CreateModel, RunSQL
from tortoise.migrations.schema_generator.state import State
from tortoise.migrations.schema_generator.state_apps import StateApps
from tortoise.models import Model

from deploy.plans import LARGE, SETTINGS
from deploy.settings import Settings
from scenarios.registry import model_modules
from tenants.runtime import Runtime, is_in_use, use

APP_LABEL = "cloud"
OWNER, APPLICATION = "cloud_owner", "cloud_app"
MODELS = ["tenants.models", "billing.models", "integrations.models"]
MIGRATIONS = "deploy.migrations"


def credentials(url: str) -> dict[str, Any]:
    """Return asyncpg's arguments for a URL; ``?host=/dir`` names a Unix socket's folder."""
    parts = urlsplit(url)
    query = {key: values[0] for key, values in parse_qs(parts.query).items()}
    return {
        "host": query.get("host") or parts.hostname or "127.0.0.1",
        "port": int(query.get("port") or parts.port or 5432),
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "database": parts.path.lstrip("/"),
    }


def config(url: str, *, pool: int = 10) -> dict[str, Any]:
    """Return Tortoise's configuration: every package under one app label (several break its migrations)."""
    given = credentials(url) | {"minsize": 1, "maxsize": pool, "statement_cache_size": 256, "reset": _leave}
    return {
        "connections": {"default": {"engine": "tortoise.backends.asyncpg", "credentials": given}},
        "apps": {
            APP_LABEL: {
                "models": [*MODELS, *model_modules()],
                "default_connection": "default",
                "migrations": MIGRATIONS,
            },
        },
        "use_tz": True,
        "timezone": "UTC",
    }


async def _leave(connection: asyncpg.Connection) -> None:
    """Give a connection back as it is: whatever we set ends with its transaction, as PgBouncer demands anyway."""
    del connection


@asynccontextmanager
async def connected(url: str, *, pool: int = 10, **server_settings: str) -> AsyncIterator[None]:
    """Keep a pool open for the block; one per process."""
    given = config(url, pool=pool)
    if server_settings:
        given["connections"]["default"]["credentials"]["server_settings"] = server_settings
    await Tortoise.init(config=given, _enable_global_fallback=True)
    try:
        yield
    finally:
        await Tortoise.close_connections()


async def prepare(settings: Settings) -> None:
    """Create the two roles and the database where we have a superuser to do it; safe to run again."""
    superuser = settings.database_superuser_url.get_secret_value()
    if not superuser:
        return
    owner = credentials(settings.database_owner_url.get_secret_value())
    application = credentials(settings.database_url.get_secret_value())
    await prepare_database(superuser, owner, application)


async def prepare_database(superuser: str, owner: dict[str, Any], application: dict[str, Any]) -> None:
    """Create roles and database named in the two credentials, as the superuser of ``superuser``."""
    connection = await asyncpg.connect(**credentials(superuser))
    try:
        for given in (owner, application):
            await _ensure_role(connection, given["user"], given["password"])
        for name, value in SETTINGS.items():
            await connection.execute(f'alter role "{application["user"]}" set {name} = {value}')
        name = owner["database"]
        if not await connection.fetchval("select 1 from pg_database where datname = $1", name):
            await connection.execute(f'create database "{name}" owner "{owner["user"]}" template template0')
    finally:
        await connection.close()


async def _ensure_role(connection: asyncpg.Connection, name: str, password: str) -> None:
    exists = await connection.fetchval("select 1 from pg_roles where rolname = $1", name)
    verb = "alter" if exists else "create"
    secret = await connection.fetchval("select quote_literal($1::text)", password) if password else "null"
    await connection.execute(
        f'{verb} role "{name}" login nosuperuser nobypassrls nocreatedb nocreaterole password {secret}',
    )


async def migrate(settings: Settings) -> list[str]:
    """Apply what is missing, as the owner, one migration per transaction; return the names applied.

    A step that encrypts what was plain has the keys of these settings.
    """
    if not is_in_use():
        use(
            Runtime(
                secret_key=settings.secret_key.get_secret_value(),
                public_url=settings.public_url,
                data_dir=settings.data_dir,
                field_keys=settings.field_keys(),
            )
        )
    return await migrate_url(settings.database_owner_url.get_secret_value())


async def migrate_url(owner_url: str, *, target: str = "__latest__") -> list[str]:
    """Apply migrations up to ``target`` on the database of ``owner_url``; return the names applied."""
    applied: list[str] = []

    def note(event: str, label: str, name: str) -> None:  # noqa: ARG001
        if event == "apply_done":
            applied.append(name)

    await Tortoise.init(config=config(owner_url, pool=2))
    try:
        executor = _Executor(get_connection("default"), config(owner_url)["apps"])
        await executor.migrate([MigrationTarget(APP_LABEL, target)], progress=note)
        await get_connection("default").execute_script(LARGE)
    finally:
        await Tortoise.close_connections()
    return applied


GROWING = CreateModel, AddField, RunSQL
"""Steps that never look at how the models were before them; a column is changed by ``deploy.columns.Rewritten``."""


class _Executor(MigrationExecutor):
    """Tortoise's executor without a copy of every model before every step, and without finishing each of them anew.

    The copies tell a step that changes a column how it was; they take the square of the number of tables. Steps
    that make tables, add columns or run SQL never look at them, so a history of nothing else goes without.
    """

    async def _project_state(self, *args: Any, **kwargs: Any) -> State:
        state = await super()._project_state(*args, **kwargs)
        nodes = self.loader.graph.nodes.values()
        if all(isinstance(step, GROWING) for node in nodes if node for step in node.operations):
            return _Growing(models=state.models, apps=_GrowingApps.of(state.apps))
        return state


class _Growing(State):
    """A state that is never compared with what it was."""

    def clone(self) -> State:
        return self


class _GrowingApps(StateApps):
    """Models of which a step finishes those that it has made or changed; the others were finished before."""

    @classmethod
    def of(cls, apps: StateApps) -> Self:
        """Return what grows from these."""
        made = cls(default_connections=apps._default_connections, connections=apps._connections)  # noqa: SLF001
        made.apps = apps.apps
        return made

    def _build_initial_querysets(self) -> None:
        everything = self.apps
        self.apps = {label: _unfinished(models) for label, models in everything.items()}
        try:
            super()._build_initial_querysets()
        finally:
            self.apps = everything


def _unfinished(models: dict[str, type[Model]]) -> dict[str, type[Model]]:
    return {name: model for name, model in models.items() if type(model._meta.basequery) is Query}  # noqa: SLF001


def migration_names() -> list[str]:
    """Return the names of all migrations in order."""
    spec = importlib.util.find_spec(MIGRATIONS)
    folder = Path(next(iter(spec.submodule_search_locations or []))) if spec else Path()
    return sorted(path.stem for path in folder.glob("[0-9]*.py"))


TORTOISE = config("postgresql://cloud_owner@127.0.0.1/cloud")
"""For Tortoise's own command line: ``tortoise -c deploy.database.TORTOISE makemigrations``."""
