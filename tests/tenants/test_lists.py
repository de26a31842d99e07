"""Several lists are read in one round trip, each with the names and types of its own."""

from datetime import date
from uuid import UUID

from tenants.scope import lists, open_scope, tenant_scope
from tests import make

_ONE = """
select t.id, t.short_name is not null is_named, (select count(*) from tenants_tenant x where x.id = t.id) n,
       date '2026-11-29' + 0 on_day
  from tenants_tenant t where t.id = any ($1::uuid[]) and $2 <> '' order by t.id
"""
_NOTHING = (
    "select a.id, a.number from tenants_account a where a.tenant_id = any ($1::uuid[]) and a.number = $2"
)


async def test_lists_are_what_their_statements_say(db, bank):
    tenant = await make.tenant(bank)
    async with open_scope(tenant_scope(tenant.id)):
        found = await lists({"one": _ONE, "nothing": _NOTHING}, [tenant.id], "x")
    assert found == {
        "one": [{"id": tenant.id, "is_named": True, "n": 1, "on_day": date(2026, 11, 29)}],
        "nothing": [],
    }
    assert isinstance(found["one"][0]["id"], UUID)
