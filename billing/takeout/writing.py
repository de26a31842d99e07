"""An institution's data as a ZIP: a file of JSON lines for each table, and a manifest with counts and fingerprints.

Nothing here knows which tables there are: every table is read in the institution's own scope, and row-level security
says what is its own. A new table is in it by being born. Keys, hashes of secrets and ciphertexts stay behind.
"""

import hashlib
import json
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tenants.models import Tenant
from tenants.scope import rows, value

FORMAT = "scenario-cloud.takeout.v1"
BATCH = 2000
SECRET = ("hash", "secret", "token", "password", "signature", "storage_key")
"""Parts of column names that open something rather than say something."""
LEFT_OUT = frozenset(
    {
        "tenants_outbox",
        "tenants_idempotency",
        "tenants_search",
        "tenants_sealed_audit",
        "billing_sealed_entry",
    }
)
"""Work under way, and what can be worked out again."""
_TABLES = """
select c.table_name, array_agg(c.column_name::text order by c.ordinal_position) as names,
       array_agg(c.data_type::text order by c.ordinal_position) as types
  from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
 where c.table_schema = 'public' and t.table_type = 'BASE TABLE' group by 1
having bool_or(c.column_name = 'tenant_id') and bool_or(c.column_name = 'id') order by 1
"""
OnDone = Callable[[int], Awaitable[None]]


async def write(tenant: Tenant, path: Path, on_done: OnDone | None = None) -> dict[str, Any]:
    """Write the file in the open scope of the tenant and return its manifest; ``on_done`` hears of rows written."""
    files: dict[str, dict[str, Any]] = {}
    done = 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for table in await _tables():
            name = f"{table['table_name']}.jsonl"
            count, digest = await _write(out, name, _rows(tenant, table))
            done += count
            if count:
                files[name] = {"rows": count, "sha256": digest, "columns": _kept(table)}
            if on_done:
                await on_done(done)
        manifest = {
            "format": FORMAT,
            "tenant": {"id": str(tenant.id), "name": tenant.name, "uscc": tenant.uscc, "slug": tenant.slug},
            "made_at": datetime.now(UTC).isoformat(),
            "rows": done,
            "files": files,
        }
        out.writestr("manifest.json", json.dumps(manifest, ensure_ascii=False, indent=1))
    return manifest


async def _tables() -> list[Any]:
    return [table for table in await rows(_TABLES) if table["table_name"] not in LEFT_OUT]


def _kept(table: Any) -> list[str]:
    return [
        name
        for name, kind in zip(table["names"], table["types"], strict=True)
        if kind != "bytea" and not any(part in name for part in SECRET)
    ]


async def _rows(tenant: Tenant, table: Any) -> AsyncIterator[str]:
    """Yield a table's rows as JSON, a batch at a time, in the order of their ids."""
    names = ", ".join(f't."{name}"' for name in _kept(table))
    sql = (
        f"select t.id, row_to_json((select r from (select {names}) r))::text as line from {table['table_name']} t"
        " where t.tenant_id = $1 and ($2::uuid is null or t.id > $2) order by t.id limit $3"
    )
    last = None
    while page := await rows(sql, tenant.id, last, BATCH):
        for row in page:
            yield row["line"]
        last = page[-1]["id"]


async def _write(out: zipfile.ZipFile, name: str, lines: AsyncIterator[str]) -> tuple[int, str]:
    """Write lines as they come, the file itself only once there is one; return how many and their fingerprint."""
    count, digest, file = 0, hashlib.sha256(), None
    try:
        async for line in lines:
            file = file or out.open(name, "w", force_zip64=True)
            data = line.encode() + b"\n"
            file.write(data)
            digest.update(data)
            count += 1
    finally:
        if file:
            file.close()
    return count, digest.hexdigest()


def check(path: Path) -> list[str]:
    """Return what in a file is not as its manifest says; nothing when it is whole."""
    with zipfile.ZipFile(path) as kept:
        manifest: Mapping[str, Any] = json.loads(kept.read("manifest.json"))
        wrong = [f"{name} is missing" for name in manifest["files"] if name not in kept.namelist()]
        for name in set(manifest["files"]) & set(kept.namelist()):
            data, said = kept.read(name), manifest["files"][name]
            if hashlib.sha256(data).hexdigest() != said["sha256"] or data.count(b"\n") != said["rows"]:
                wrong.append(f"{name} was changed")
    return sorted(wrong)


async def estimate(tenant: Tenant) -> int:
    """Return about how many rows there will be: what most institutions have most of."""
    found: int = await value(
        "select (select count(*) from tenants_account where tenant_id = $1)"
        " + (select count(*) from billing_bill_line where tenant_id = $1)"
        " + (select count(*) from billing_posting where tenant_id = $1)",
        tenant.id,
    )
    return found
