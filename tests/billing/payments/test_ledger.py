"""The journal refuses what does not balance, what was booked before, and every change; its checks find faults."""

import asyncpg
import pytest

from billing import ledger
from billing.ledger import Side
from billing.models import Bill, Payment
from tenants.ids import new_id
from tenants.scope import execute, rows
from tests import make
from tests.billing.payments import world


@pytest.fixture
async def paid_place(place):
    bill = await world.bill(place, 3000, 2000)
    payment_id = await world.take(place, await make.staff(place.tenant, "cashier"), (bill, 4000))
    return place, bill, payment_id


async def post(place, *sides, kind="test", source=None):
    async with place.scope():
        return await ledger.post(place.id, kind, source or new_id(), sides)


@pytest.mark.parametrize(
    "sides",
    [
        [Side("suspense", 100, "SGD"), Side("clearing:bank", -99, "SGD")],
        [Side("suspense", 100, "SGD"), Side("clearing:bank", -100, "USD")],
        [Side("suspense", 100, "SGD")],
    ],
)
async def test_an_entry_that_does_not_balance_is_refused(place, sides):
    with pytest.raises(asyncpg.CheckViolationError, match="does not balance"):
        await post(place, *sides)
    assert await world.count(place, "billing_entry", "kind = 'test'") == 0


async def test_a_cause_is_booked_once(place):
    source, sides = new_id(), (Side("suspense", 100, "SGD"), Side("clearing:bank", -100, "SGD"))
    await post(place, *sides, source=source)
    with pytest.raises(asyncpg.UniqueViolationError):
        await post(place, *sides, source=source)


@pytest.mark.parametrize(
    "table", ["billing_entry", "billing_posting", "billing_allocation", "billing_receipt"]
)
@pytest.mark.parametrize("change", ["update {} set created_at = now()", "delete from {}"])
async def test_what_is_written_stays(paid_place, owner, table, change):
    place, _, _ = paid_place
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with place.scope():
            await execute(change.format(table) + " where tenant_id = $1", place.id)


async def test_not_even_the_owner_changes_it(real_place, owner):
    bill = await world.bill(real_place, 3000)
    await world.take(real_place, await make.staff(real_place.tenant, "cashier"), (bill, 3000))
    for table in ("billing_entry", "billing_posting", "billing_allocation", "billing_receipt"):
        for change in ("update {} set created_at = now()", "delete from {}", "truncate {} cascade"):
            with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
                await as_owner(owner, real_place, change.format(table))


async def as_owner(owner, place, sql):
    async with owner.transaction():
        await owner.execute("select scope_set('tenant', $1)", str(place.id))
        await owner.execute(sql)


async def test_balances_add_up_to_nothing(paid_place):
    place, _, _ = paid_place
    async with place.scope():
        balances = await ledger.trial_balance(place.id)
    by_ledger = {b.ledger: b.balance_minor for b in balances}
    assert by_ledger == {"receivable": 1000, "income:estate": -5000, "clearing:counter": 4000}
    assert sum(by_ledger.values()) == 0
    assert {b.currency for b in balances} == {"SGD"}


async def test_an_accounts_statement_ends_with_what_it_owes(paid_place):
    place, bill, _ = paid_place
    async with place.scope():
        latest, first = await ledger.account_statement(place.id, place.account.id)
    assert (first.kind, first.amount_minor, first.balance_minor) == ("bill.issued", 5000, 5000)
    assert (latest.kind, latest.amount_minor, latest.balance_minor) == ("payment.succeeded", -4000, 1000)
    assert latest.bill_id == bill.id


async def test_right_books_have_no_faults(paid_place):
    assert await world.ledger_is_right(paid_place[0])


async def _cheat_bill(place, bill, payment_id):
    await Bill.filter(id=bill.id).update(paid_minor=3999)


async def _cheat_line(place, bill, payment_id):
    await execute(
        "update billing_bill_line set paid_minor = 1 where tenant_id = $1 and position = 0", place.id
    )


async def _cheat_payment(place, bill, payment_id):
    await Payment.filter(id=payment_id).update(amount_minor=4001)


async def _cheat_status(place, bill, payment_id):
    await Bill.filter(id=bill.id).update(status="void")


@pytest.mark.parametrize(
    ("cheat", "checks"),
    [
        (
            _cheat_bill,
            {"receivable is not what the bill says is left", "bill's paid amount is not its lines'"},
        ),
        (_cheat_line, {"line's paid amount is not its allocations", "bill's paid amount is not its lines'"}),
        (
            _cheat_payment,
            {
                "payment is not its allocations, credit, unassigned money and refunds",
                "clearing is not the payments less refunds, fees and payouts",
            },
        ),
        (_cheat_status, {"receivable is not what the bill says is left"}),
    ],
)
async def test_whoever_changes_a_figure_is_found_out(paid_place, cheat, checks):
    place, bill, payment_id = paid_place
    async with place.scope():
        await cheat(place, bill, payment_id)
        faults = await ledger.verify_ledger(place.id)
    assert {fault.check for fault in faults} == checks
    assert all(fault.subject for fault in faults)


async def test_an_entry_put_together_in_two_halves_is_refused_too(place):
    async with place.scope():
        entry = await ledger.post(
            place.id, "test", new_id(), [Side("suspense", 5, "SGD"), Side("clearing:bank", -5, "SGD")]
        )
        found = await rows("select count(*) n from billing_posting where entry_id = $1", entry)
        assert found[0]["n"] == 2
    with pytest.raises(asyncpg.CheckViolationError):
        await one_more_posting(place, entry)


async def one_more_posting(place, entry):
    async with place.scope():
        await execute(
            "insert into billing_posting (tenant_id, entry_id, ledger, currency, amount_minor)"
            " values ($1, $2, 'suspense', 'SGD', 5)",
            place.id,
            entry,
        )


BEFORE, FEW = 10_000, 60
_FILL = """
with entry as (
  insert into billing_entry (tenant_id, id, kind, source_id) select $1, new_id(), 'test', new_id()
    from generate_series(1, $2::int) returning id)
insert into billing_posting (tenant_id, entry_id, ledger, currency, amount_minor)
select $1, id, 'suspense', 'SGD', amount from entry cross join (values (1), (-1)) side (amount)
"""
_BLOCKS = """
select sum(pg_stat_get_xact_blocks_fetched(relation)) from (
  select 'billing_entry'::regclass::oid union all
  select indexrelid from pg_index where indrelid = 'billing_entry'::regclass) found (relation)
"""
_BY_ID = "e.id = p.entry_id"


async def test_booking_finds_its_entry_however_many_there_are(place, owner):
    """The control looks for it as text, by which no index finds it: then all entries are gone through."""

    async def blocks() -> int:
        before = await owner.fetchval(_BLOCKS)
        await owner.execute(_FILL, place.id, 1)
        return int(await owner.fetchval(_BLOCKS) - before)

    transaction = owner.transaction()
    await transaction.start()
    await owner.execute("select scope_set('tenant', $1)", str(place.id))
    await owner.execute(_FILL, place.id, BEFORE)
    found = await blocks()
    source = await owner.fetchval("select pg_get_functiondef('refuse_unbalanced'::regproc)")
    assert _BY_ID in source
    await owner.execute(source.replace(_BY_ID, "e.id::text = p.entry_id::text"))
    by_all = await blocks()
    await transaction.rollback()
    assert found < FEW < by_all
