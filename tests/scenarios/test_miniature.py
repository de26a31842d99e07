"""A scenario that nobody has heard of goes through every generic page, from the import to the receipt."""

from starlette.routing import Route

from billing.charges import runs
from billing.models import Bill, FeeItem, Receipt
from billing.payments.taking import take_payment
from tenants.models import Account, Holder
from tenants.scope import open_scope, tenant_scope
from tests import make
from tests.jobs import run_due
from tests.page import inspect, text_of
from tests.scenarios.education.world import account_to_be_paid_to
from tests.tenants.imports.uploads import Desk, csv_of, xlsx_of

HEADER = ("Member number", "Member name", "Senior", "E-mail")


async def test_members_are_imported_listed_and_changed(client, db, bank):
    tenant = await make.tenant(bank, scenario="miniature")
    await make.sign_in(client, (await make.staff(tenant)).person_id)
    desk = Desk(client, tenant, "miniature_members")
    await desk.get(f"{desk.root}/new")
    await desk.get(f"{desk.root}/blank?kind=miniature_members&as=xlsx")
    first = csv_of(("M-1", "Ann Tan", "no", "ann@example.com"), ("M-2", "Bo Lim", "", ""), header=HEADER)
    done = await desk.bring_in(first, "members.csv")
    assert (done.counts["added"], done.counts["refused"]) == (2, 0)
    rows = (("M-1", "Ann Tan", "yes", ""), ("M-3", "Cai Ong", "maybe", ""), ("M-1", "Twin", "", ""))
    again = await desk.bring_in(xlsx_of(*rows, header=HEADER), "members.xlsx")
    assert (again.counts["changed"], again.counts["refused"]) == (1, 2)
    async with open_scope(tenant_scope(tenant.id)):
        ann = await Account.get(tenant_id=tenant.id, number="M-1")
        assert ann.attributes == {"is_senior": True}
        assert (await Holder.get(account_id=ann.id)).email == "ann@example.com"
    root = f"/t/{tenant.slug}/accounts"
    assert "M-2" in (await desk.get(root)).text
    assert "M-2" in (await desk.get(f"{root}?export=csv")).text
    await desk.get(f"{root}/{ann.id}")
    await desk.get(f"{root}/{ann.id}/edit")
    answer = await client.post(f"{root}/{ann.id}", data={"name": "Ann Tan-Lim"})
    assert answer.status_code == 303
    async with open_scope(tenant_scope(tenant.id)):
        assert (await Account.get(id=ann.id)).attributes == {"is_senior": False}


async def billed(tenant, staff) -> Bill:
    """Run the month's dues and return a member's bill."""
    async with open_scope(tenant_scope(tenant.id)):
        items = [one.id for one in await FeeItem.filter(tenant_id=tenant.id, key="dues")]
        first = make.today().replace(day=1)
        run = await runs.start(
            staff, scenario="miniature", period=first, due_on=first.replace(day=28), fee_item_ids=items
        )
    await run_due(tenant.id)
    async with open_scope(tenant_scope(tenant.id)):
        await runs.request_issue(staff, run.id)
    await run_due(tenant.id)
    async with open_scope(tenant_scope(tenant.id)):
        return await Bill.get(tenant_id=tenant.id, run_id=run.id)


async def test_a_senior_is_billed_pays_at_the_desk_and_reads_the_receipt(client, db, bank):
    tenant = await make.tenant(bank, scenario="miniature")
    staff = await make.staff(tenant)
    await account_to_be_paid_to(tenant)
    given = {"kind": "member", "name": "Ann Tan", "attributes": {"is_senior": True}}
    ann = await make.person("Ann Tan")
    await make.holder(await make.account(tenant, "M-1", **given), ann, relation="member")
    bill = await billed(tenant, staff)
    assert bill.total_minor == 1_200
    await make.sign_in(client, ann.id)
    assert "12.00" in text_of(inspect((await client.get("/my")).text))
    assert "Dues" in text_of(inspect((await client.get(f"/my/bills/{bill.id}")).text))
    cashier = await make.staff(tenant, "cashier", name="Cash")
    await take_payment(cashier, bills=[(bill.id, 1_200)], method="cash", key="miniature-1")
    async with open_scope(tenant_scope(tenant.id)):
        receipt = await Receipt.get(tenant_id=tenant.id)
    assert "Nothing to pay" in text_of(inspect((await client.get("/my")).text))
    assert "Ann Tan" in text_of(inspect((await client.get(f"/my/receipts/{receipt.id}")).text))


async def test_every_page_of_the_house_is_there_for_it(app, client, db, bank):
    tenant = await make.tenant(bank, scenario="miniature")
    await account_to_be_paid_to(tenant)
    await make.account(tenant, "M-1", kind="member", attributes={"is_senior": False})
    await make.sign_in(client, (await make.staff(tenant)).person_id)
    paths = [
        route.path
        for route in app.routes
        if isinstance(route, Route)
        and "GET" in (route.methods or ())
        and route.path.startswith("/t/{tenant}")
        and route.path.count("{") == 1
        and not route.endpoint.__module__.startswith("scenarios.")
    ]
    assert len(paths) > 50
    refused = await not_there(client, tenant, paths)
    assert set(refused.values()) == {403}, refused
    await make.sign_in(client, (await make.staff(tenant, "cashier")).person_id)
    assert await not_there(client, tenant, refused) == {}, "what an administrator may not is the cashier's"


ASKS = {"/t/{tenant}/imports/blank": "?kind=miniature_members&as=csv"}


async def not_there(client, tenant, paths) -> dict[str, int]:
    """What does not answer with a page, or lead to one, by its path."""
    found = {}
    for path in paths:
        answer = await client.get(path.replace("{tenant}", tenant.slug) + ASKS.get(path, ""))
        if answer.status_code not in {200, 303}:
            found[path] = answer.status_code
    return found
