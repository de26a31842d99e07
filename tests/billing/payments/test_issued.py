"""What was issued never changes: neither through the service's role nor by the owner of the tables."""

import asyncpg
import pytest

from tests.billing.payments import world

KEPT = {
    "billing_bill_line": (
        "amount_minor = 1",
        "period = period + 31",
        "currency = 'USD'",
        "inputs = '{\"area\": 1}'",
        "fee_item_id = new_id()",
        "bill_id = new_id()",
        "account_id = new_id()",
    ),
    "billing_bill": (
        "total_minor = 1",
        "period = period + 31",
        "currency = 'USD'",
        "number = 'B0'",
        "account_id = new_id()",
    ),
}
CHANGES = [f"update {table} set {change}" for table, changes in KEPT.items() for change in changes]
GONE = [f"delete from {table}" for table in KEPT]


async def as_owner(owner, place, *statements):
    """Run statements as the owner of the tables, and take everything back."""
    transaction = owner.transaction()
    await transaction.start()
    try:
        await owner.execute("select scope_set('tenant', $1)", str(place.id))
        for sql in statements:
            await owner.execute(sql)
    finally:
        await transaction.rollback()


async def test_issued_bills_and_lines_never_change(real_place, owner):
    await world.bill(real_place, 3000, 500)
    for sql in CHANGES + GONE:
        with pytest.raises(asyncpg.RestrictViolationError, match=r"never (changes|goes away)|append-only"):
            await as_owner(owner, real_place, sql)


async def test_it_is_the_triggers_that_keep_them(real_place, owner):
    """The control: without them the same statements go through."""
    await world.bill(real_place, 3000, 500)
    off = [f"alter table {table} disable trigger {table}_fixed" for table in KEPT]
    for sql in (
        "update billing_bill_line set amount_minor = 1",
        "update billing_bill set total_minor = 4000",
    ):
        await as_owner(owner, real_place, *off, sql)


async def test_a_draft_may_still_go(real_place, owner):
    bill = await world.bill(real_place, 3000, status="draft")
    await as_owner(owner, real_place, f"delete from billing_bill_line where bill_id = '{bill.id}'")
