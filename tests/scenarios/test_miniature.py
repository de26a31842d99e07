"""A scenario that nobody has heard of goes through every generic page of imports and accounts."""

from tenants.models import Account, Holder
from tenants.scope import open_scope, tenant_scope
from tests import make
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
