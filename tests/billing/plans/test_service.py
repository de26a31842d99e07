"""Plans, single bills, credit notes and balances brought over, in the database and in the books."""

from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from billing.charges.periods import day_in, months_after
from billing.ledger import verify_ledger
from billing.models import Bill, BillLine, Credit, Entry, FeeItem, InstalmentPlan
from billing.plans import credit_notes, importing, service, single
from billing.plans.service import Proposal
from billing.plans.single import Charge
from tenants.ids import new_id
from tenants.imports import services as imports
from tenants.models import Import
from tenants.scope import open_scope, tenant_scope, value
from tests import make
from tests.billing.charges.conftest import build as build_estate
from tests.billing.payments.world import bill, build, take
from tests.jobs import run_due
from ui.errors import Conflict, Forbidden, Invalid, NotFound

TODAY = make.today()


@pytest_asyncio.fixture(loop_scope="session")
async def place(db, bank):
    made: Any = await build(bank, is_connected=False)
    made.finance = await make.staff(made.tenant, "finance")
    made.cashier = await make.staff(made.tenant, "cashier")
    return made


def proposal(*bills, **given):
    facts = {"first_on": TODAY + timedelta(days=5), "count": 3, "step": "month", "remainder": "last"} | given
    return Proposal([each.id for each in bills], **facts)


async def agree(place, *bills, **given):
    async with place.scope():
        return await service.agree(place.finance, proposal(*bills, **given))


async def stand(place, plan):
    await run_due(place.id)
    async with place.scope():
        plan = await InstalmentPlan.get(tenant_id=place.id, id=plan.id)
        due = {
            each.due_on for each in await Bill.filter(tenant_id=place.id, status__in=("issued", "part_paid"))
        }
        return plan.status, [part.left_minor for part in await service.parts_of(plan)], due


async def test_a_plan_is_due_by_its_instalments_and_follows_the_money(place):
    first, second = await bill(place, 5000), await bill(place, 5001)
    plan = await agree(place, first, second)
    days = [
        day_in(months_after(TODAY + timedelta(days=5), n), (TODAY + timedelta(days=5)).day) for n in range(3)
    ]
    assert await stand(place, plan) == ("active", [3333, 3333, 3335], {days[0]})
    await take(place, place.cashier, (first, 4000))
    assert await stand(place, plan) == ("active", [0, 2666, 3335], {days[1]})
    await take(place, place.cashier, (first, 1000), (second, 5001))
    assert await stand(place, plan) == ("completed", [0, 0, 0], set())
    async with place.scope():
        assert await verify_ledger(place.id) == []


async def test_a_broken_plan_gives_its_bills_their_days_back(place):
    owed = await bill(place, 5000)
    plan = await agree(place, owed)
    async with place.scope():
        with pytest.raises(Invalid):
            await service.break_off(place.finance, plan.id, reason=" ")
        await service.break_off(place.finance, plan.id, reason="Two instalments missed.")
        assert (await Bill.get(tenant_id=place.id, id=owed.id)).due_on == owed.due_on
        with pytest.raises(Conflict, match=r"plan\.ended"):
            await service.break_off(place.finance, plan.id, reason="Again.")
    assert (await agree(place, owed)).status == "active"


async def test_a_bill_is_in_one_plan_and_what_makes_no_plan_is_refused_at_its_field(place):
    owed = await bill(place, 5000)
    other = await bill(place, 100, account=await make.account(place.tenant))
    for given, field in (
        ({"count": 1}, "count"),
        ({"first_on": TODAY - timedelta(days=40)}, "first_on"),
        ({"step": "never"}, "step"),
        ({"remainder": "middle"}, "remainder"),
    ):
        with pytest.raises(Invalid) as refused:
            await agree(place, owed, **given)
        assert list(refused.value.fields) == [field]
    with pytest.raises(Conflict, match=r"plan\.accounts"):
        await agree(place, owed, other)
    await agree(place, owed)
    with pytest.raises(Conflict, match=r"plan\.in_another"):
        await agree(place, owed)


async def test_a_holder_sees_the_plan_and_nobody_else_does(place):
    plan = await agree(place, await bill(place, 5000))
    async with open_scope(place.payer.scope()):
        assert await InstalmentPlan.filter(id=plan.id).count() == 1
        assert len(await service.parts_of(plan)) == 3
    async with open_scope(make.payer(await make.person()).scope()):
        assert await InstalmentPlan.filter(id=plan.id).count() == 0


async def test_a_late_fee_counts_only_the_instalments_that_are_late(db, bank):
    estate = await build_estate(bank)
    estate_account = await make.account(estate.tenant, "A")
    this = TODAY.replace(day=1)
    run = await estate.bill(period=months_after(this, -2), due_on=months_after(this, -2))
    (owed,) = await estate.bills(run)
    async with open_scope(tenant_scope(estate.tenant.id)):
        plan = await service.agree(estate.finance, Proposal([owed.id], TODAY, 2, "month", "last"))
        await Bill.filter(tenant_id=estate.tenant.id, id=owed.id).update(due_on=TODAY - timedelta(days=3))
        from billing.models import Instalment  # noqa: PLC0415

        await Instalment.filter(tenant_id=estate.tenant.id, plan_id=plan.id, position=1).update(
            due_on=TODAY - timedelta(days=3)
        )
    late = await estate.draft("late", period=this, due_on=TODAY)
    assert late.bill_count == 1
    async with open_scope(tenant_scope(estate.tenant.id)):
        line = await BillLine.get(
            tenant_id=estate.tenant.id, account_id=estate_account.id, fee_item_id=estate.items["late"].id
        )
    assert int(line.inputs["balance:arrears"]) == owed.total_minor // 2


async def test_a_single_bill_is_issued_once_with_its_lines_and_entry(place):
    fee = await FeeItem.get(id=place.fee.id)
    charges = [Charge(1200, "Key card"), Charge(800, fee_item_id=fee.id)]
    given = {
        "account_id": place.account.id,
        "charges": charges,
        "due_on": TODAY + timedelta(days=9),
        "key": "k1",
    }
    async with place.scope():
        made = await single.issue(place.finance, **given)
        again = await single.issue(place.finance, **given)
        assert made.id == again.id
        assert (made.kind, made.status, made.total_minor) == ("one_off", "issued", 2000)
        assert await Entry.filter(tenant_id=place.id, kind="bill.issued", source_id=made.id).count() == 1
        income = await value(
            "select array_agg(distinct ledger) from billing_posting where tenant_id = $1 and amount_minor < 0",
            place.id,
        )
        assert set(income) == {"income:single_charge", "income:estate"}
        assert await verify_ledger(place.id) == []
        for wrong, field in (
            ({"charges": []}, "lines"),
            ({"charges": [Charge(0, "x")]}, "lines-0-amount_minor"),
            ({"charges": [Charge(5)]}, "lines-0-name"),
            ({"due_on": TODAY - timedelta(days=3)}, "due_on"),
        ):
            with pytest.raises(Invalid) as refused:
                await single.issue(place.finance, **{**given, **wrong, "key": new_id().hex})
            assert list(refused.value.fields) == [field]


async def write(place, owed, amount, line=None, key=None):
    async with place.scope():
        return await credit_notes.write(
            place.finance,
            bill_id=owed.id,
            line_id=line,
            amount_minor=amount,
            reason="Charged twice.",
            key=key or new_id().hex,
        )


async def test_a_credit_note_takes_off_what_is_owed_and_gives_back_what_was_paid(place):
    owed = await bill(place, 5000)
    await write(place, owed, 1000, key="same")
    await write(place, owed, 1000, key="same")
    async with place.scope():
        assert (await Bill.get(tenant_id=place.id, id=owed.id)).left_minor == 4000
    with pytest.raises(Invalid) as refused:
        await write(place, owed, 4001)
    assert list(refused.value.fields) == ["amount_minor"]
    await take(place, place.cashier, (owed, 3000))
    note = await write(place, owed, 2500)
    assert (note.adjusted_minor, note.excess_minor) == (1000, 1500)
    async with place.scope():
        after = await Bill.get(tenant_id=place.id, id=owed.id)
        assert (after.paid_minor, after.adjusted_minor, after.status) == (1500, 3500, "paid")
        credit = await Credit.get(tenant_id=place.id, source="credit_note")
        assert (credit.amount_minor, credit.source_id) == (1500, note.id)
        assert await verify_ledger(place.id) == []


async def test_a_credit_note_for_one_line_is_booked_against_its_fee(place):
    owed = await bill(place, 3000, 2000)
    async with place.scope():
        lines = await BillLine.filter(tenant_id=place.id, bill_id=owed.id).order_by("position")
    await take(place, place.cashier, (owed, 4000))
    await write(place, owed, 2000, line=lines[1].id)
    with pytest.raises(Invalid):
        await write(place, owed, 3001, line=lines[0].id)
    with pytest.raises(NotFound):
        await write(place, owed, 1, line=new_id())
    async with place.scope():
        assert await verify_ledger(place.id) == []
        after = await Bill.get(tenant_id=place.id, id=owed.id)
        assert (after.adjusted_minor, after.left_minor) == (2000, 0)


async def bring_in(place, kind, content):
    actor = place.finance
    object.__setattr__(actor, "place", {"slug": place.tenant.slug, "scenarios": place.tenant.scenarios})
    async with place.scope():
        made = await imports.upload(actor, kind=kind, filename="t.csv", content=content.encode())
        match = await imports.match(actor, made)
        await imports.choose(actor, made.id, chosen=match.proposed, sheet=match.sheet)
    await run_due(place.id)
    async with place.scope():
        await imports.apply(actor, made.id)
    await run_due(place.id)
    async with place.scope():
        return await Import.get(tenant_id=place.id, id=made.id)


OPENING = """Account,Amount owed,As of,Reference
{account},127.05,2025-12-31,OB-1
nobody,10,2025-12-31,OB-2
{account},-5,2025-12-31,OB-3
{account},1.005,2025-12-31,OB-4
{account},0,2025-12-31,OB-5
{account},9,2999-12-31,OB-6
"""


async def test_opening_balances_come_in_once_with_every_bad_row_named(place):
    content = OPENING.format(account=place.account.number)
    done = await bring_in(place, importing.OPENING_BALANCES.kind, content)
    assert (done.counts["good"], done.counts["refused"], done.counts["added"]) == (1, 5, 1)
    with pytest.raises(Conflict, match=r"import\.unchanged"):
        await bring_in(place, importing.OPENING_BALANCES.kind, content)
    async with place.scope():
        (made,) = await Bill.filter(tenant_id=place.id, kind="opening")
        assert (made.total_minor, made.number, f"{made.due_on}") == (12705, "202512-000001", "2025-12-31")
        balance = await value(
            "select sum(amount_minor)::bigint from billing_posting where tenant_id = $1 and ledger = 'opening'",
            place.id,
        )
        assert balance == -12705
        assert await verify_ledger(place.id) == []


SINGLES = """Account,Amount,Fee,What for,Due on
{account},12.00,,Key card,{due}
{account},13.00,Service charge,,{due}
{account},12.00,,Key card,{due}
{account},12.00,No such fee,,{due}
{account},12.00,,,{due}
"""


async def test_single_bills_come_in_from_a_table(place):
    content = SINGLES.format(account=place.account.number, due=TODAY + timedelta(days=20))
    done = await bring_in(place, importing.SINGLE_BILLS.kind, content)
    assert (done.counts["good"], done.counts["refused"], done.counts["added"]) == (2, 3, 2)
    async with place.scope():
        made = await Bill.filter(tenant_id=place.id, kind="one_off").order_by("total_minor")
        assert [each.total_minor for each in made] == [1200, 1300]
        assert await verify_ledger(place.id) == []


async def test_the_colleague_without_the_right_and_the_stranger(place, bank):
    owed = await bill(place, 5000)
    plan = await agree(place, await bill(place, 600))
    charge = {"account_id": place.account.id, "charges": [Charge(1, "x")], "due_on": TODAY, "key": "z"}
    note = {"bill_id": owed.id, "line_id": None, "amount_minor": 1, "reason": "x", "key": "y"}
    acts = (
        lambda who: service.agree(who, proposal(owed)),
        lambda who: service.break_off(who, plan.id, reason="x"),
        lambda who: single.issue(who, **charge),
        lambda who: credit_notes.write(who, **note),
    )
    reader = await make.staff(place.tenant, "reader")
    stranger = await make.staff(await make.tenant(bank), "finance")
    for act in acts:
        async with open_scope(reader.scope()):
            with pytest.raises(Forbidden):
                await act(reader)
        async with open_scope(stranger.scope()):
            with pytest.raises(NotFound):
                await act(stranger)
