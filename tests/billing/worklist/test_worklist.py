"""What waits is seen by those who may do it, has an owner, and leaves the list when it is done."""

from datetime import date

import pytest

from billing.models import BillRun
from billing.payments.service import approve_refund
from billing.worklist import queries, services
from billing.worklist.queries import FILTERS
from billing.worklist.registry import Kind, add_kind, kind_of, kinds_for
from tenants.models import Audit
from tenants.scope import open_scope, tenant_scope
from tests import make
from tests.page import inspect, text_of
from ui.errors import Forbidden, Invalid
from ui.tables import TableQuery


def root(town) -> str:
    return f"/t/{town.tenant.slug}"


def asking(**filters) -> TableQuery:
    return TableQuery(path="/worklist", filters={k: v for k, v in filters.items() if k in FILTERS})


async def seen(town, actor, **filters):
    async with open_scope(tenant_scope(town.tenant.id)):
        found, total = await queries.items(actor, asking(**filters), limit=50, offset=0)
    assert len(found) == total
    return found


async def give(town, actor, items, person_id) -> int:
    async with open_scope(tenant_scope(town.tenant.id)):
        return await services.assign(actor, items=items, person_id=person_id)


async def test_every_kind_answers_with_the_columns_that_the_page_reads(town, asked):
    manager = await make.staff(town.tenant, "administrator", "Man Tan")
    everybody = kinds_for(manager)
    assert {"refund", "run", "rule", "suspense", "unknown", "parked"} <= {kind.key for kind in everybody}
    for kind in everybody:
        await seen(town, manager, kind=kind.key)
    async with open_scope(tenant_scope(town.tenant.id)):
        found = {each.kind.key: each for each in await queries.counts(manager, "SGD")}
    assert (found["refund"].count, found["refund"].amount_minor) == (1, town.bill.total_minor)
    assert found["suspense"].count == 0


async def test_an_item_is_seen_by_those_who_may_do_it_and_goes_when_it_is_done(town, asked):
    manager = await make.staff(town.tenant, "administrator", "Man Tan")
    cashier = await make.staff(town.tenant, "cashier", "Other Cashier")
    (item,) = await seen(town, manager, kind="refund")
    assert (item.id, item.detail, item.path) == (asked, "Paid twice at the desk", f"/refunds/{asked}")
    assert await seen(town, cashier, kind="refund") == []
    async with open_scope(tenant_scope(town.tenant.id)):
        await approve_refund(manager, refund_id=asked)
    assert await seen(town, manager, kind="refund") == []
    assert [each.kind for each in await seen(town, cashier)] == ["payout"]


async def test_work_is_given_to_those_who_may_do_it_and_to_nobody_else(town, asked):
    manager = await make.staff(town.tenant, "administrator", "Man Tan")
    finance = await make.staff(town.tenant, "finance", "Fin Lim")
    cashier = await make.staff(town.tenant, "cashier", "Other Cashier")
    stranger = await make.person("Stranger")
    item = f"refund:{asked}"
    assert await give(town, manager, [item, item, "refund:x", "nothing:1"], finance.person_id) == 1
    assert [each.owner_name for each in await seen(town, finance, owner="mine")] == ["Fin Lim"]
    assert await seen(town, manager, owner="mine") == []
    with pytest.raises(Invalid, match="right"):
        await give(town, manager, [item], cashier.person_id)
    with pytest.raises(Invalid, match="works here"):
        await give(town, manager, [item], stranger.id)
    with pytest.raises(Invalid, match="Choose between"):
        await give(town, manager, [], finance.person_id)
    with pytest.raises(Forbidden):
        await give(town, cashier, [item], finance.person_id)
    assert await give(town, finance, [item], None) == 1
    assert [each.owner_name for each in await seen(town, manager, owner="nobody", kind="refund")] == [""]
    async with open_scope(tenant_scope(town.tenant.id)):
        acts = await Audit.filter(tenant_id=town.tenant.id, act="work.assigned").order_by("id")
    assert [act.after for act in acts] == [{"owner": "Fin Lim"}, {"owner": ""}]


async def test_another_tenants_work_cannot_be_named(town, asked, bank):
    other = await make.tenant(bank)
    stranger = await make.staff(other, "administrator", "Elsewhere")
    async with open_scope(tenant_scope(other.id)):
        assert await services.assign(stranger, items=[f"refund:{asked}"], person_id=stranger.person_id) == 0


async def test_the_page_lists_gives_and_downloads(town, asked, client):
    finance = await make.staff(town.tenant, "finance", "Fin Lim")
    await make.sign_in(client, finance.person_id)
    answer = await client.get(f"{root(town)}/worklist")
    assert answer.status_code == 200
    text = text_of(inspect(answer.text))
    assert "Refunds to approve" in text
    assert "Paid twice at the desk" in text
    sent = {"item": f"refund:{asked}", "owner": str(finance.person_id)}
    given = await client.post(f"{root(town)}/worklist/assignment", data=sent)
    assert given.status_code == 303
    again = text_of(inspect((await client.get(f"{root(town)}/worklist?owner=mine&kind=refund")).text))
    assert "Fin Lim" in again
    assert "1 line has its owner now." in again
    filed = (await client.get(f"{root(town)}/worklist?kind=refund&export=csv")).text
    assert "Paid twice at the desk" in filed
    overview = text_of(inspect((await client.get(root(town))).text))
    assert "Work to do" in overview
    reader = await make.staff(town.tenant, "cashier", "Other Cashier")
    client.cookies.clear()
    await make.sign_in(client, reader.person_id)
    assert (await client.get(f"{root(town)}/worklist")).status_code == 403


def test_a_kind_is_registered_once_and_known_by_its_key():
    before = kind_of("refund")
    assert before is not None
    add_kind(before)
    assert kind_of("refund") is before
    assert Kind("x", "X", "p", "select", words={"a": "Overview"}).said("b") == "b"


async def test_a_run_that_found_nothing_to_bill_is_no_work(town):
    manager = await make.staff(town.tenant, "administrator", "Man Tan")
    facts = {"tenant_id": town.tenant.id, "scenario": "community", "currency": "SGD", "status": "drafted"}
    facts |= {"fee_items": [], "summary": {}, "due_on": date(2026, 3, 15)}
    async with open_scope(tenant_scope(town.tenant.id)):
        await BillRun.create(period=date(2026, 2, 1), **facts)
        full = await BillRun.create(period=date(2026, 3, 1), bill_count=2, **facts)
        doubtful = await BillRun.create(period=date(2026, 4, 1), exception_count=1, **facts)
    assert {item.id for item in await seen(town, manager, kind="run")} == {full.id, doubtful.id}


async def test_whoever_works_through_the_list_goes_on_without_going_back_to_it(town, asked):
    """More of the same kind comes first, what was passed over comes last, what others have taken does not come."""
    manager = await make.staff(town.tenant, "administrator", "Man Tan")
    finance = await make.staff(town.tenant, "finance", "Fin Lim")
    facts = {"tenant_id": town.tenant.id, "scenario": "community", "currency": "SGD", "status": "drafted"}
    facts |= {"fee_items": [], "summary": {}, "due_on": date(2026, 3, 15), "bill_count": 1}
    async with open_scope(tenant_scope(town.tenant.id)):
        first = await BillRun.create(period=date(2026, 2, 1), **facts)
        second = await BillRun.create(period=date(2026, 3, 1), **facts)
        runs = [f"/runs/{first.id}", f"/runs/{second.id}"]
        assert await queries.next_path(manager, "run", first.id) == runs[1]
        assert await queries.next_path(manager, "run", second.id) == runs[0]
        waits = await queries.waiting(manager)
        await services.assign(manager, items=[f"run:{first.id}"], person_id=finance.person_id)
        assert await queries.next_path(manager, "run", second.id) not in {*runs, None}
        assert await queries.waiting(manager) == waits - 1
        await services.assign(manager, items=[f"run:{second.id}"], person_id=manager.person_id)
        assert await queries.next_path(manager, "run", first.id) == runs[1]


async def test_a_whole_page_is_given_at_once_and_the_list_stays_as_it_was(town, asked, client):
    finance = await make.staff(town.tenant, "finance", "Fin Lim")
    await make.sign_in(client, finance.person_id)
    before = int((await client.get(f"{root(town)}/worklist/count")).text)
    sent = {"listed": f"refund:{asked}", "all": "1", "owner": ""}
    given = await client.post(f"{root(town)}/worklist/assignment?kind=refund&sort=-since", data=sent)
    assert given.headers["location"] == f"{root(town)}/worklist?kind=refund&sort=-since"
    assert before >= 1
    step = await client.get(f"{root(town)}/worklist/next?after=break:nothing")
    assert step.headers["location"].startswith(f"{root(town)}/")
    shown = (await client.get(f"{root(town)}/refunds/{asked}")).text
    assert f'href="{root(town)}/worklist/next?after=refund:{asked}"' in shown
    client.cookies.clear()
    await make.sign_in(client, (await make.staff(town.tenant, "cashier", "Other Cashier")).person_id)
    assert (await client.get(f"{root(town)}/worklist/count")).status_code == 403
    assert "worklist/next" not in (await client.get(f"{root(town)}/payments")).text
