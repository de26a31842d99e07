"""What is kept about one person is found where it lies: what others of the institution have is not gone through."""

from datetime import UTC, datetime

from tenants.models import Account, Holder
from tenants.privacy import everything
from tenants.privacy.reach import Way, ways
from tenants.scope import open_scope, person_scope, tenant_scope
from tests import make
from tests.billing.charges.estate import JULY
from tests.billing.charges.test_run_reads import COUNT, drafted, issued, move_in, read_by

FEW = 20
"""Rows of one table that may be read for the one bill of one flat among ``COUNT``."""


async def test_a_persons_rows_are_found_without_going_through_those_of_others(estate, monkeypatch):
    async with open_scope(tenant_scope(estate.tenant.id)):
        await move_in(estate, 1, COUNT)
        await issued(estate, await drafted(estate, JULY))
        person = await make.person("Ann Tan")
        flat = await Account.get(tenant_id=estate.tenant.id, number="R7")
        holder = Holder.filter(tenant_id=estate.tenant.id, account_id=flat.id)
        await holder.update(person_id=person.id, confirmed_at=datetime.now(UTC))
        read = await read_by(estate, everything.about(person.id))
    found = await everything.about(person.id)
    assert {"billing_bill", "billing_bill_line", "tenants_account", "tenants_holder"} <= set(found)
    assert {table: n * COUNT for table, n in read.items() if n * COUNT > FEW} == {}

    async def unknown() -> dict[str, list[Way] | None]:
        return {}

    monkeypatch.setattr(everything, "ways", unknown)
    assert await everything.about(person.id) == found


async def test_ways_are_read_off_the_walls(db, bank):
    person = await make.person("Ann Tan")
    async with open_scope(person_scope(person.id)):
        known = await ways()
    mine, self = "any ((select scope_accounts())::uuid[])", "(select scope_person())"
    assert known["billing_bill"] == [Way("account_id", mine)], "as holder or as proxy"
    assert known["billing_bill_line"] == [Way("bill_id", parent="billing_bill")]
    assert known["billing_payment"] == [Way("person_id", self)]
    assert set(known["billing_refund"]) == {
        Way("payment_id", parent="billing_payment"),
        Way("credit_id", parent="billing_credit"),
    }
    assert known["tenants_session"] == [Way("person_id", self)]
    assert set(known["tenants_audit"]) == {
        Way("person_id", self),
        Way("subject_id", "any ((select touching())::uuid[])"),
    }
    assert known["integrations_app"] is None, "who sees one is not said by a column"
    assert known["billing_fee_item"] is None, "anyone of the place sees it"
    assert known["billing_complaint_terms"] is None, "whoever complained sees the bank's"
    assert known["billing_entry"] == [], "no person reads the books"
