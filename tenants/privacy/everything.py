"""Everything that is kept about one person, taken out of the database through the person's own walls.

Nothing here knows what a person has where: every table is read in the person's own scope, and row-level security says
what is theirs. A new table is in it by being born.
"""

import json
from typing import Any
from uuid import UUID

from tenants.scope import open_scope, person_scope, rows

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


async def about(person_id: UUID) -> dict[str, list[dict[str, Any]]]:
    """Return every row that a person may see as their own, by table; without keys and hashes."""
    found: dict[str, list[dict[str, Any]]] = {}
    async with open_scope(person_scope(person_id)):
        for table in await rows(_TABLES):
            if table["table_name"] in ABOUT_NOBODY:
                continue
            facts = [
                name
                for name, kind in zip(table["names"], table["types"], strict=True)
                if kind != "bytea" and not any(part in name for part in SECRET)
            ]
            kept = await _rows(table["table_name"], facts)
            if kept:
                found[table["table_name"]] = kept
    return found


async def _rows(table: str, names: list[str]) -> list[dict[str, Any]]:
    listed = ", ".join(f"'{name}', t.\"{name}\"" for name in names[:50])
    sql = f"select jsonb_build_object({listed})::text as row from {table} t order by t.created_at limit $1"
    if "created_at" not in names:
        sql = sql.replace(" order by t.created_at", "")
    return [json.loads(each["row"]) for each in await rows(sql, MOST)]
