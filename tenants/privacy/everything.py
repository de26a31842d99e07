"""Everything that is kept about one person, taken out of the database through the person's own walls.

Nothing here knows what a person has where: every table is read in the person's own scope, and row-level security says
what is theirs. A new table is in it by being born.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from tenants.privacy.reach import Way, ways
from tenants.scope import open_scope, person_scope, rows

Found = dict[str, list[dict[str, Any]]]
"""Rows by table."""
MOST = 5_000
"""Rows of one table; a person with more asks for the rest."""
SECRET = ("hash", "secret", "token", "signature", "storage_key", "content", "provider_key", "code_tries")
"""Parts of column names that are keys to something rather than facts about somebody."""
ABOUT_NOBODY = {
    "tenants_audit_link",
    "tenants_audit_seal",
    "tenants_bank",
    "tenants_isolation_report",
    "tenants_sealed_audit",
    "tenants_tenant",
    "tortoise_migrations",
}
"""What everybody of a place reads, or what only proves other rows: none of it is about the person."""
_TABLES = (
    "select table_name, array_agg(column_name::text order by ordinal_position) as names,"
    " array_agg(data_type::text order by ordinal_position) as types"
    " from information_schema.columns where table_schema = 'public' group by 1 order by 1"
)


def about_nobody(*tables: str) -> None:
    """Say of tables that everybody of a place reads them, or that they only prove other rows."""
    ABOUT_NOBODY.update(tables)


async def about(person_id: UUID) -> Found:
    """Return every row that a person may see as their own, by table; without keys and hashes."""
    found: Found = {}
    async with open_scope(person_scope(person_id)):
        tables = {each["table_name"]: each for each in await rows(_TABLES)}
        known = {
            table: any_of
            for table, any_of in (await ways()).items()
            if any_of is not None and not any(way.parent in ABOUT_NOBODY for way in any_of)
        }
        for name in tables:
            await _read(name, tables, known, found)
    return {name: found[name] for name in tables if found.get(name)}


async def _read(
    table: str, tables: Mapping[str, Any], known: Mapping[str, Sequence[Way]], found: Found
) -> None:
    """Put what the person has in a table among what is found, after the rows that it belongs to."""
    if table in found or table in ABOUT_NOBODY:
        return
    found[table] = []
    conditions, given = [] if table in known else ["true"], list[Any]()
    for way in known.get(table, ()):
        if way.parent:
            await _read(way.parent, tables, known, found)
            given.append([one["id"] for one in found.get(way.parent, ())])
        conditions.append(f"t.{way.column} = {way.among or f'any (${len(given) + 1}::uuid[])'}")
    if conditions:
        found[table] = await _rows(table, _facts(tables[table]), " or ".join(conditions), given)


def _facts(table: Any) -> list[str]:
    """Return the columns that say something about somebody."""
    return [
        name
        for name, kind in zip(table["names"], table["types"], strict=True)
        if kind != "bytea" and not any(part in name for part in SECRET)
    ]


async def _rows(table: str, names: list[str], condition: str, given: list[Any]) -> list[dict[str, Any]]:
    listed = ", ".join(f"'{name}', t.\"{name}\"" for name in names[:50])
    order = " order by t.created_at" if "created_at" in names else ""
    sql = f"select jsonb_build_object({listed})::text as row from {table} t where {condition}{order} limit $1"
    return [json.loads(each["row"]) for each in await rows(sql, MOST, *given)]
