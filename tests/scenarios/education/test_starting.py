"""The first term's fees: read on one page, put into force together, all of the chosen ones or none."""

from billing.models import FeeItem, FeeRule
from tenants.scope import open_scope, tenant_scope
from tests import make
from tests.page import inspect, text_of
from tests.scenarios.education import world

MONTH = f"{make.today():%Y-%m}"


async def in_force(tenant) -> int:
    async with open_scope(tenant_scope(tenant.id)):
        return await FeeRule.filter(tenant_id=tenant.id, status="active").count()


async def test_what_is_right_is_put_into_force_in_one_go(client, db, bank):
    tenant, staff = await world.school(bank)
    root = f"/t/{tenant.slug}/fees"
    await make.sign_in(client, staff.person_id)
    assert f"{root}/start" in (await client.get(root)).text
    page = (await client.get(f"{root}/start", headers={"Accept-Language": "zh-CN"})).text
    inspect(page)
    shown = text_of(inspect((await client.get(f"{root}/start")).text))
    assert "3.50 × days attended" in shown, "each fee is read as a sentence"
    async with open_scope(tenant_scope(tenant.id)):
        items = {one.key: str(one.id) for one in await FeeItem.filter(tenant_id=tenant.id)}
    refused = await client.post(f"{root}/start", data={"effective_from": MONTH})
    assert refused.status_code == 422
    inspect(refused.text)
    foreign, _ = await world.school(bank)
    async with open_scope(tenant_scope(foreign.id)):
        theirs = str((await FeeItem.get(tenant_id=foreign.id, key="books")).id)
    both = {"effective_from": MONTH, "fees": [items["tuition"], theirs]}
    assert (await client.post(f"{root}/start", data=both)).status_code == 404
    assert await in_force(tenant) == 0, "all or none"
    chosen = {"effective_from": MONTH, "fees": [items["tuition"], items["books"]]}
    assert (await client.post(f"{root}/start", data=chosen)).status_code == 303
    assert await in_force(tenant) == 2
    again = await client.post(f"{root}/start", data=chosen)
    assert again.status_code == 422
    assert await in_force(tenant) == 2
    secretary = await make.staff(tenant, "secretary", name="Sec")
    await make.sign_in(client, secretary.person_id)
    assert (await client.get(f"{root}/start")).status_code == 403
    assert f"{root}/start" not in (await client.get(root)).text
    overview = text_of(inspect((await client.get(f"/t/{tenant.slug}")).text))
    assert "ask your administrator or finance officer" in overview, "whoever may not do a step reads who does"
