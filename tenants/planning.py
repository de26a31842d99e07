"""How PostgreSQL plans while an institution's rows are worked through by the thousand.

What it knows of the tables then is of no use: the rows were written a moment ago, in the middle of an import or in the
very transaction, and in a database of many institutions it expects a few rows of each. Plans made for so few read a
table whole, or all that an institution has in it, for each row. And the checks of foreign keys are planned once for
each connection, perhaps when the tables were nearly empty. So inside these blocks plans are made anew, for many rows.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from tenants.scope import NOTHING, execute, open_scope, rows

_SET = """
select key, current_setting(key) before, set_config(key, value, true) from jsonb_each_text($1::jsonb)
"""
_BY_ROWS = {"cpu_tuple_cost": "0.1", "cpu_index_tuple_cost": "0.1"}
"""Of two indexes, the one that finds fewer rows: at the usual prices they look alike where a table is thought small."""


async def renew_statistics(*tables: str) -> None:
    """Have PostgreSQL look, in a transaction of its own, at tables that have grown and at those held to them by keys.

    How those keys are checked nobody else can tell it: an import or a run before this one may have filled the tables,
    and it would still read all that an institution has in one of them for each row that goes from another.
    """
    async with open_scope(NOTHING):
        await execute("select statistics_renew($1::text[]::regclass[])", list(tables))


@asynccontextmanager
async def in_bulk() -> AsyncIterator[None]:
    """Have many rows joined with many: never each compared with each."""
    async with _planned({**_BY_ROWS, "enable_nestloop": "off", "jit": "off"}):
        yield


@asynccontextmanager
async def by_stretch() -> AsyncIterator[None]:
    """Have what belongs to a stretch of an institution's rows looked up by index.

    The other way, reading the whole tables and hashing them, would cost the square of the rows over all stretches; and
    without statistics a table would be read whole for each row.
    """
    other_ways = (
        "enable_bitmapscan",
        "enable_hashjoin",
        "enable_mergejoin",
        "enable_seqscan",
        "enable_sort",
        "jit",
    )
    async with _planned({**_BY_ROWS, **dict.fromkeys(other_ways, "off"), "work_mem": "64MB"}):
        yield


@asynccontextmanager
async def _planned(settings: Mapping[str, str]) -> AsyncIterator[None]:
    await execute("discard plans")
    before = await _set(settings)
    yield
    await _set(before)


async def _set(settings: Mapping[str, str]) -> dict[str, str]:
    """Set what the transaction plans by, and return what it was."""
    return {one["key"]: one["before"] for one in await rows(_SET, json.dumps(dict(settings)))}
