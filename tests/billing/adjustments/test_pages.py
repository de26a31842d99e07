"""Staff let something off a bill in their pages, and the payer sees it; lasting ones reach every later bill."""

import pytest

from billing import ledger
from billing.adjustments.issuing import preview_standing
from billing.charges import runs
from billing.models import Adjustment, Bill, StandingAdjustment
from tenants.models import Role
from tenants.scope import open_scope, tenant_scope
from tests import make
from tests.billing import town as towns
from tests.billing.charges.estate import AUGUST
from tests.billing.town import field_of
from tests.jobs import run_due
from tests.page import inspect, text_of

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


@pytest.fixture
async def town(db, bank):
    return await towns.found(bank)


def root(town) -> str:
    return f"/t/{town.tenant.slug}"


async def as_role(client, town, role, name="Somebody"):
    actor = await make.staff(town.tenant, role, name)
    client.cookies.clear()
    await make.sign_in(client, actor.person_id)
    return actor


async def shown(client, path, status=200) -> str:
    answer = await client.get(path)
    assert answer.status_code == status, (path, answer.status_code, answer.text[:1500])
    return text_of(inspect(answer.text))


async def ask(client, town, amount, *, file=None, **given):
    path = f"{root(town)}/bills/{town.bill.id}/adjustments"
    data = {"kind": "waiver", "amount": amount, "reason": "Flood in May"} | given
    data["key"] = field_of((await client.get(path)).text, "key")
    files = {"evidence": file} if file else None
    return await client.post(path, data=data, files=files)


@pytest.mark.parametrize("lang", ["en", "zh_CN"])
async def test_asked_by_one_approved_by_another_and_seen_by_the_payer(town, client, lang):
    async with open_scope(tenant_scope(town.tenant.id)):
        await Role.filter(tenant_id=town.tenant.id, key="finance").update(adjustment_limit_minor=0)
    await as_role(client, town, "finance", "Fin")
    client.cookies.set("lang", lang)
    answer = await ask(client, town, "13.50", file=("letter.pdf", PDF, "application/pdf"))
    assert answer.status_code == 303, answer.text[:2000]
    page = answer.headers["location"]
    await shown(client, page)
    assert (await client.get(f"{page}/evidence")).content == PDF
    assert (await client.post(f"{page}/approval")).status_code == 403
    await as_role(client, town, "administrator", "Ada")
    assert "letter.pdf" in await shown(client, page)
    assert (await client.post(f"{page}/approval")).status_code == 303
    async with open_scope(tenant_scope(town.tenant.id)):
        made = await Adjustment.get(tenant_id=town.tenant.id)
    assert made.number in await shown(client, f"{root(town)}/adjustments")
    assert made.number in (await client.get(f"{root(town)}/adjustments?export=csv")).text
    assert "13.50" in await shown(client, f"{root(town)}/bills/{town.bill.id}")
    client.cookies.clear()
    await make.sign_in(client, town.ann.id)
    client.cookies.set("lang", lang)
    text = await shown(client, f"/my/bills/{town.bill.id}")
    assert "50.00" in text
    assert ("Waiver" if lang == "en" else "免收") in text
    assert "Flood" not in text


async def test_a_mistake_is_said_at_its_field_and_nothing_typed_is_lost(town, client):
    await as_role(client, town, "finance")
    answer = await ask(client, town, "9999", reason="Because of the flood")
    assert answer.status_code == 422
    text = text_of(inspect(answer.text))
    assert "At most" in text
    assert "Because of the flood" in answer.text
    answer = await ask(client, town, "1", file=("x.pdf", b"MZ not a pdf", "application/pdf"))
    assert answer.status_code == 422


async def test_reversing_in_the_page_makes_it_owed_again(town, client):
    await as_role(client, town, "finance")
    page = (await ask(client, town, "3.50")).headers["location"]
    assert (await client.post(f"{page}/reversal", data={"reason": ""})).status_code == 422
    assert (await client.post(f"{page}/reversal", data={"reason": "Wrong flat"})).status_code == 303
    assert "Wrong flat" in await shown(client, page)
    bill = await town.fresh()
    assert (bill.adjusted_minor, bill.status) == (0, "issued")


async def lasting(client, town, **given):
    path = f"{root(town)}/accounts/{town.flat.id}/standing-adjustments"
    data = {"kind": "aid", "percent": "10", "effective_from": "2026-08-01", "reason": "Aid scheme"} | given
    data["key"] = field_of((await client.get(path)).text, "key")
    return await client.post(path, data=data)


async def test_a_lasting_adjustment_reaches_the_bills_of_its_time(town, client):
    await as_role(client, town, "finance")
    page = (await lasting(client, town)).headers["location"]
    assert "10 %" in await shown(client, page)
    assert (await client.post(f"{page}/approval")).status_code == 403
    other = await as_role(client, town, "administrator")
    assert (await client.post(f"{page}/approval")).status_code == 303
    assert "10 %" in await shown(client, f"{root(town)}/accounts/{town.flat.id}")
    assert "01-101" in await shown(client, f"{root(town)}/adjustments/standing")
    run = (await town.estate.draft(period=AUGUST)).id
    async with open_scope(tenant_scope(town.tenant.id)):
        assert (await preview_standing(town.tenant.id, run_id=run)).amount_minor == 635
    assert "take SGD 6.35 off" in await shown(client, f"{root(town)}/runs/{run}")
    async with open_scope(tenant_scope(town.tenant.id)):
        await runs.request_issue(other, run)
    await run_due(town.tenant.id)
    async with open_scope(tenant_scope(town.tenant.id)):
        found = await Bill.filter(tenant_id=town.tenant.id, run_id=run).order_by("number")
        (made,) = await Adjustment.filter(tenant_id=town.tenant.id)
        assert await ledger.verify_ledger(town.tenant.id) == []
        assert (await preview_standing(town.tenant.id, run_id=run)).bills == 1
    assert sorted((one.account_id == town.flat.id, one.adjusted_minor) for one in found) == [
        (False, 0),
        (True, 635),
    ]
    assert (made.status, made.amount_minor, made.account_id, made.kind) == (
        "applied",
        635,
        town.flat.id,
        "aid",
    )
    assert (await client.post(f"{page}/ending", data={"reason": "Moved out"})).status_code == 303
    async with open_scope(tenant_scope(town.tenant.id)):
        (ended,) = await StandingAdjustment.filter(tenant_id=town.tenant.id)
        assert ended.status == "ended"
        assert (await preview_standing(town.tenant.id, run_id=run)).bills == 0


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"percent": "101"}, "at most 100"),
        ({"percent": "ten"}, "percentage in figures"),
        ({"percent": "", "amount": ""}, "not both"),
        ({"amount": "5"}, "not both"),
        ({"effective_until": "2026-07-01"}, "on or after the first"),
        ({"kind": "write_off"}, "what kind"),
    ],
)
async def test_a_lasting_adjustment_that_makes_no_sense_is_refused(town, client, given, words):
    await as_role(client, town, "finance")
    answer = await lasting(client, town, **given)
    assert answer.status_code == 422
    assert words in text_of(inspect(answer.text))


async def test_who_may_not_sees_nothing(town, client, bank):
    paths = ("/adjustments", "/adjustments/standing", f"/bills/{town.bill.id}/adjustments")
    await as_role(client, town, "cashier")
    assert {(await client.get(root(town) + path)).status_code for path in paths} == {403}
    stranger = await make.staff(await make.tenant(bank), "finance")
    client.cookies.clear()
    await make.sign_in(client, stranger.person_id)
    assert {(await client.get(root(town) + path)).status_code for path in paths} == {404}
