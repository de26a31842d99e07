"""The first term's fees: read on one page, put into force together, all of the chosen ones or none."""

import re
from datetime import timedelta
from uuid import UUID

from billing.charges import runs
from billing.models import BillException, FeeItem, FeeRule
from tenants.models import Audit
from tenants.scope import open_scope, tenant_scope
from tests import make
from tests.jobs import run_due
from tests.page import inspect, text_of
from tests.scenarios.education import world
from tests.scenarios.education.world import pupil

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
    assert "School magazine Voluntary" in shown
    assert "Tuition Voluntary" not in shown
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
    assert "2 fees are in force. Bill runs charge by them." in text_of(inspect((await client.get(root)).text))
    one = {"effective_from": MONTH, "fees": [items["magazine"]]}
    assert (await client.post(f"{root}/start", data=one)).status_code == 303
    assert "1 fee is in force. Bill runs charge by it." in text_of(inspect((await client.get(root)).text))
    again = await client.post(f"{root}/start", data=chosen)
    assert again.status_code == 422
    assert await in_force(tenant) == 3
    secretary = await make.staff(tenant, "secretary", name="Sec")
    await make.sign_in(client, secretary.person_id)
    assert (await client.get(f"{root}/start")).status_code == 403
    assert f"{root}/start" not in (await client.get(root)).text
    overview = text_of(inspect((await client.get(f"/t/{tenant.slug}")).text))
    assert "ask your administrator or finance officer" in overview, "whoever may not do a step reads who does"


async def test_a_pupil_added_by_hand_has_the_grade_that_was_chosen_and_a_rank_that_nobody_types(
    client, db, bank
):
    tenant, staff = await world.school(bank)
    await make.sign_in(client, staff.person_id)
    root = f"/t/{tenant.slug}/accounts"
    page = (await client.get(f"{root}/new")).text
    inspect(page)
    assert 'name="attribute_grade"' in page, "pupils are the only kind that is added by hand"
    assert "sibling_rank" not in page
    assert re.search(r'name="attribute_grade"[^>]*>\s*<option value="">Choose</option>', page)
    typed = {"number": "N-1", "name": "Mei", "place": "1A"}
    refused = await client.post(f"{root}?kind=education.student", data=typed | {"attribute_grade": ""})
    assert refused.status_code == 422
    added = await client.post(f"{root}?kind=education.student", data=typed | {"attribute_grade": "1"})
    assert added.status_code == 303
    made = await world.account(tenant, "N-1")
    changed = await client.post(f"{root}/{made.id}", data={"name": "Mei Mei", "attribute_grade": "1"})
    assert changed.status_code == 303
    made = await world.account(tenant, "N-1")
    assert (made.name, made.attributes["sibling_rank"]) == ("Mei Mei", 1)


async def test_a_fee_of_the_term_is_not_proposed_again_and_makes_nobody_stand_out(client, db, bank):
    tenant, staff = await world.school(bank)
    await world.bring_in(tenant, staff, world.table(pupil("T1", "Termly", care="yes")))
    now = make.today().replace(day=1)
    first = (now - timedelta(days=1)).replace(day=1)
    await world.charge(tenant, staff, "books", "care", month=(first - timedelta(days=1)).replace(day=1))
    run = await world.charge(tenant, staff, "care", month=first)
    async with open_scope(tenant_scope(tenant.id)):
        assert not await BillException.filter(run_id=run.id).exclude(code="no_holder").exists(), "care alone"
        items = {one.key: str(one.id) for one in await FeeItem.filter(tenant_id=tenant.id)}
    await make.sign_in(client, staff.person_id)
    root = inspect((await client.get(f"/t/{tenant.slug}/runs/new")).text)
    ticked = {one.get("value"): one.get("checked") is not None for one in root.iter("input")}
    assert ticked[items["care"]]
    assert not ticked[items["books"]], "a term's books are charged"
    assert "which still covers this month" in text_of(root)
    form = {
        "scenario": "education",
        "period": f"{now:%Y-%m}",
        "due_on": (make.today() + timedelta(days=20)).isoformat(),
        "items": [items["books"], items["care"]],
    }
    refused = await client.post(f"/t/{tenant.slug}/runs", data=form)
    assert refused.status_code == 422
    assert "Still covered by its last charge: " in text_of(inspect(refused.text))
    silent = await client.post(f"/t/{tenant.slug}/runs", data=form | {"again": "true", "why_again": " "})
    assert "Say why; who approves the run reads it." in text_of(inspect(silent.text))
    meant = await client.post(
        f"/t/{tenant.slug}/runs", data=form | {"again": "true", "why_again": "Lost books"}
    )
    assert meant.status_code == 303
    await run_due(tenant.id)
    shown = text_of(inspect((await client.get(meant.headers["location"])).text))
    assert "Charged again though its last charge still covers the month: " in shown
    assert "Lost books" in shown
    async with open_scope(tenant_scope(tenant.id)):
        trail = await Audit.get(tenant_id=tenant.id, act="bill_run.charged_again")
        assert trail.after["reason"] == "Lost books"
        await runs.cancel(staff, UUID(meant.headers["location"].rsplit("/", 1)[1]))
    await run_due(tenant.id)
    again = await world.charge(tenant, staff, "books", "care", month=now)
    async with open_scope(tenant_scope(tenant.id)):
        codes = [one.code for one in await BillException.filter(run_id=again.id)]
    assert "jumped" not in codes, "books were not charged last month, so there is nothing to compare"
