"""An institution looked at from outside, every week: nobody who has nothing to do with it sees one of its rows.

The proof before each release tries every door on a database made for it; this asks the database that is in use, with
the institution's own rows in it.
"""

from tenants.ids import new_id
from tenants.models import IsolationCheck
from tenants.scope import (
    NOTHING,
    Scope,
    bank_scope,
    execute,
    open_scope,
    person_scope,
    rows,
    tenant_id,
    tenant_scope,
    value,
)

KEPT_DAYS = 90
EVERY = "6 days 12 hours"
"""A look reads every table four times: with very many institutions, one a day for each would be too much."""
_TABLES = """
select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
 where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace and not a.attisdropped
   and has_table_privilege(c.oid, 'select') order by 1
"""
_FORGET = f"""
delete from tenants_isolation_check where tenant_id = $1 and created_at < now() - interval '{KEPT_DAYS} days'
"""


_LATELY = f"""
select exists (select 1 from tenants_isolation_check where tenant_id = $1 and created_at > now() - interval '{EVERY}')
"""


async def look_once_a_week() -> None:
    """Look at the open scope's institution from outside, unless somebody has within the week."""
    if not await value(_LATELY, tenant_id()):
        await look_from_outside()


async def look_from_outside() -> IsolationCheck:
    """Read every table of the open scope's institution as nobody and as three strangers, and keep what was seen."""
    own, tables = tenant_id(), [one["relname"] for one in await rows(_TABLES)]
    strangers = (NOTHING, tenant_scope(new_id()), bank_scope(new_id()), person_scope(new_id()))
    seen = [table for stranger in strangers for table in await _seen(stranger, tables)]
    await execute(_FORGET, own)
    return await IsolationCheck.create(
        id=new_id(),
        tenant_id=own,
        tables=len(tables),
        tried=len(tables) * len(strangers),
        seen=sorted(set(seen)),
    )


async def _seen(stranger: Scope, tables: list[str]) -> list[str]:
    """Return the tables that show a row of the institution to somebody else, in one statement for all of them."""
    own = tenant_id()
    shown = ", ".join(
        f"case when exists (select 1 from {table} where tenant_id = $1) then '{table}' end"
        for table in tables
    )
    async with open_scope(stranger):
        found: list[str] = await value(f"select array_remove(array[{shown}]::text[], null)", own)
        return found
