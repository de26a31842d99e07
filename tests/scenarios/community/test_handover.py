"""A unit passes on: each owner owes for their own days, arrears stay with the person, histories stay private."""

import calendar
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.models import Bill, CreditNote
from billing.rules import Facts, Outcome, Period, dump, evaluate, parse
from billing.rules import builders as b
from billing.rules.documents import Charge
from scenarios.community.estate.handover import earlier_owners, hand_over, retired
from scenarios.community.models import Tenure, Unit
from tenants.accounts.forms import HolderForm
from tenants.models import Account, Audit, Holder
from tenants.scope import open_scope, person_scope
from tests import make
from tests.page import inspect
from tests.scenarios.community.estate import TODAY, month_back
from ui.errors import Conflict, Forbidden, Invalid
from ui.i18n import use_locale

LAST_MONTH, BEFORE = month_back(1), month_back(2)
CHANGE = LAST_MONTH.replace(day=17)
NEW = HolderForm(name="Ben Lim", relation="owner", email="ben@example.com", since=CHANGE)


async def sold(place, on=CHANGE, flat=None):
    async with place.scope():
        return await hand_over(place.chief, (flat or place.flats[0]).id, on=on, holder=NEW)


def whole(place, flat) -> int:
    return int((Decimal("1.237") * Decimal(str(flat.attributes["area_sqm"]))).quantize(Decimal("0.01")) * 100)


async def net(place, account) -> int:
    """What an account is charged in the month of the change, less what was credited."""
    (line,) = [one for one in await place.lines(account, "service") if one.period == LAST_MONTH]
    async with place.scope():
        notes = await CreditNote.filter(tenant_id=place.tenant.id, account_id=account.id)
    return line.amount_minor - sum(note.amount_minor for note in notes)


async def test_sold_after_the_month_was_billed_both_owe_for_their_days(place):
    flat = place.flats[0]
    await place.bill(LAST_MONTH)
    new = await sold(place)
    assert new.number == flat.number
    again = await place.bill(LAST_MONTH)
    assert set(again) == {flat.number}, "a further run finds only the new owner"
    days = calendar.monthrange(LAST_MONTH.year, LAST_MONTH.month)[1]
    old_part, new_part = await net(place, flat), await net(place, new)
    assert old_part + new_part == whole(place, flat)
    assert old_part == round(whole(place, flat) * 16 / days)


async def test_sold_before_the_month_is_billed_both_owe_for_their_days(place):
    flat = place.flats[0]
    new = await sold(place)
    bills = await place.bill(LAST_MONTH)
    assert set(bills) == {one.number for one in place.flats} | {retired(flat.number, CHANGE - timedelta(1))}
    assert await net(place, flat) + await net(place, new) == whole(place, flat)
    following = await place.bill(month_back(0))
    assert set(following) == {one.number for one in place.flats}, "the old owner is charged for nothing later"


async def test_arrears_stay_with_who_owes_them_and_nobody_sees_the_others(place):
    flat = place.flats[0]
    ann, ben = await make.person("Ann Tan"), await make.person("Ben Lim")
    await make.holder(flat, ann, since=date(2020, 1, 1))
    await place.bill(BEFORE)
    await place.bill(LAST_MONTH)
    new = await sold(place)
    async with place.scope():
        await Holder.filter(tenant_id=place.tenant.id, account_id=new.id).update(
            person_id=ben.id, confirmed_at=datetime.now(UTC)
        )
    await place.bill(LAST_MONTH)
    async with open_scope(person_scope(ann.id)):
        seen = await Bill.all()
        assert {bill.account_id for bill in seen} == {flat.id}
        assert {bill.period for bill in seen} == {BEFORE, LAST_MONTH}
    async with open_scope(person_scope(ben.id)):
        seen = await Bill.all()
        assert [(bill.account_id, bill.period) for bill in seen] == [(new.id, LAST_MONTH)]
        assert await CreditNote.all().count() == 0
        assert {account.id for account in await Account.all()} == {new.id}


async def test_a_renter_stays_and_an_earlier_owner_is_written_down(place):
    flat = place.flats[0]
    renter = await make.person("Cho")
    await make.holder(flat, await make.person("Ann"), name="Ann Tan")
    await make.holder(flat, renter, relation="resident", name="Cho")
    new = await sold(place)
    async with place.scope():
        held = await Holder.filter(tenant_id=place.tenant.id, account_id=new.id).order_by("name")
        assert [(one.name, one.since) for one in held] == [("Ben Lim", CHANGE), ("Cho", CHANGE)]
        assert held[1].person_id == renter.id
        gone = await Holder.filter(tenant_id=place.tenant.id, account_id=flat.id)
        assert {one.until for one in gone} == {CHANGE - timedelta(1)}
        (earlier,) = await earlier_owners(place.tenant.id, new.id)
        assert (earlier["names"], earlier["until"]) == ("Ann Tan", CHANGE - timedelta(1))
        unit = await Unit.get(tenant_id=place.tenant.id, account_id=new.id)
        assert (await Tenure.get(tenant_id=place.tenant.id, unit_id=unit.id)).account_id == flat.id
        assert await Audit.filter(tenant_id=place.tenant.id, act="unit.handed_over").count() == 1


async def test_what_cannot_be(place):
    flat = place.flats[0]
    with pytest.raises(Invalid):
        await sold(place, on=TODAY + timedelta(days=3))
    new = await sold(place)
    with pytest.raises(Conflict):
        await sold(place)  # the old account has passed on already
    with pytest.raises(Invalid):
        await sold(place, on=CHANGE, flat=new)  # not even a day
    await place.billing.draft(period=LAST_MONTH)
    with pytest.raises(Conflict):
        await sold(place, on=CHANGE + timedelta(days=2), flat=new)
    colleague = await make.staff(place.tenant, "front_desk")
    colleague.place.update(place.chief.place)
    with pytest.raises(Forbidden):
        async with place.scope():
            await hand_over(await make.staff(place.tenant, "reader"), flat.id, on=CHANGE, holder=NEW)


def test_a_long_address_keeps_its_door():
    number = "Block 123456 Upper Something Very Long Street North #12-34"
    assert len(retired(number, date(2026, 7, 16))) == 60
    assert "#12-34" in retired(number, date(2026, 7, 16))
    assert retired("9 Hill St #01-01", date(2026, 7, 16)) == "9 Hill St #01-01 (until 2026-07-16)"
    with use_locale("zh_CN"):
        assert retired("9 Hill St #01-01", date(2026, 7, 16)) == "9 Hill St #01-01 （至 2026-07-16）"


@settings(max_examples=60, deadline=None)
@given(
    st.decimals("1", "9999", places=2),
    st.sets(st.integers(2, 31), max_size=5),
    st.integers(1, 12),
    st.sampled_from(["0.01", "0.1", "1"]),
)
def test_the_days_of_all_owners_are_the_days_and_their_parts_the_whole(area, changes, month, step):
    """Any number of owners in one month: days add up to its days, amounts to the whole, whatever the rounding."""
    made = b.charge("SGD", b.rate("1.237", "area_sqm"), proration="by_day", round_to=b.rounding(step=step))
    rule = parse(dump(made))
    assert isinstance(rule, Charge)
    period = Period.month(2026, month)
    starts = [period.first, *(period.first.replace(day=d) for d in sorted(changes) if d <= period.days)]
    ends = [*(start - timedelta(1) for start in starts[1:]), period.last]
    attributes = {"area_sqm": area}

    def owed(first, last) -> int:
        outcome = evaluate(rule, Facts(attributes, period=period, active_from=first, active_to=last))
        assert isinstance(outcome, Outcome)
        return outcome.amount_minor

    assert sum((end - start).days + 1 for start, end in zip(starts, ends, strict=True)) == period.days
    assert sum(owed(start, end) for start, end in zip(starts, ends, strict=True)) == owed(None, None)


async def test_the_form_hands_over_and_the_page_tells(place, client):
    flat = place.flats[0]
    await make.sign_in(client, place.chief.person_id)
    address = f"{place.root}/accounts/{flat.id}"
    page = await client.get(f"{address}/handover")
    inspect(page.text)
    wrong = await client.post(f"{address}/handover", data={"on": "2999-01-01", "name": "Ben"})
    assert wrong.status_code == 422
    inspect(wrong.text)
    done = await client.post(f"{address}/handover", data={"on": CHANGE.isoformat(), "name": "Ben Lim"})
    assert done.status_code == 303
    shown = await client.get(done.headers["location"])
    inspect(shown.text)
    assert "Earlier owners" in shown.text
