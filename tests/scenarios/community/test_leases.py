"""Leases: bills go to whoever the lease says, by days; the parts are the whole, and neither sees the other's."""

import calendar
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.charges import pauses
from billing.charges.pauses import Pause
from billing.models import Bill, BillLine, CreditNote
from billing.rules import Facts, Outcome, Period, dump, evaluate, parse
from billing.rules import builders as b
from scenarios.community.estate import leases
from scenarios.community.estate.handover import hand_over
from scenarios.community.estate.leases import LeaseTerms
from scenarios.community.estate.paying import instead
from scenarios.community.meters import installing, readings
from scenarios.community.meters.installing import Plate
from scenarios.community.meters.readings import Said
from tenants.accounts.codes import confirmation_code, ensure_codes
from tenants.accounts.confirmation import confirm_holder
from tenants.accounts.forms import HolderForm
from tenants.models import Account, Holder
from tenants.scope import open_scope, person_scope, rows
from tests import make
from tests.jobs import run_due
from tests.page import inspect
from tests.scenarios.community.estate import month_back
from tests.scenarios.community.test_handover import whole
from ui.errors import Forbidden, Invalid

BEFORE, LAST_MONTH, NOW = month_back(2), month_back(1), month_back(0)
FIRST = LAST_MONTH.replace(day=10)
CHO = HolderForm(name="Cho", relation="resident", email="cho@example.com")


async def rented(place, first=FIRST, last=None, keys=("service", "water"), flat=None):
    async with place.scope():
        fees = [place.billing.items[key].id for key in keys]
        return await leases.begin(
            place.chief, (flat or place.flats[0]).id, LeaseTerms(first, last, CHO, fees)
        )


async def net(place, account_id, period=LAST_MONTH, key="service") -> int:
    async with place.scope():
        lines = await BillLine.filter(
            tenant_id=place.tenant.id, account_id=account_id, period=period, is_live=True,
            fee_item_id=place.billing.items[key].id,
        )  # fmt: skip
        notes = await CreditNote.filter(
            tenant_id=place.tenant.id, bill_line_id__in=[line.id for line in lines]
        )
    return sum(line.amount_minor for line in lines) - sum(note.amount_minor for note in notes)


async def test_each_pays_their_days_whether_the_month_was_billed_or_not(place):
    billed, unbilled = place.flats[0], place.flats[1]
    later = await rented(place, flat=unbilled)
    await place.bill(LAST_MONTH)
    lease = await rented(place, flat=billed)
    await place.bill(LAST_MONTH)
    days = calendar.monthrange(LAST_MONTH.year, LAST_MONTH.month)[1]
    for flat, one in ((billed, lease), (unbilled, later)):
        owner, renter = await net(place, flat.id), await net(place, one.payer_id)
        assert owner + renter == whole(place, flat)
        assert owner == round(whole(place, flat) * 9 / days)
    await place.bill(NOW)
    assert await net(place, billed.id, NOW) == 0, "a whole month is the renter's alone"
    assert await net(place, lease.payer_id, NOW) == whole(place, billed)


async def test_it_ends_and_the_owner_is_charged_again(place):
    flat = place.flats[0]
    lease = await rented(place, first=BEFORE.replace(day=10))
    await place.bill(BEFORE)
    await place.bill(LAST_MONTH)
    async with place.scope():
        await leases.end(place.chief, flat.id, lease.id, last_on=LAST_MONTH.replace(day=20))
    await place.bill(LAST_MONTH)
    owner, renter = await net(place, flat.id), await net(place, lease.payer_id)
    days = calendar.monthrange(LAST_MONTH.year, LAST_MONTH.month)[1]
    assert owner + renter == whole(place, flat)
    assert renter == round(whole(place, flat) * 20 / days)
    following = await place.bill(NOW)
    assert flat.number in following
    assert await net(place, lease.payer_id, NOW) == 0


async def test_what_the_owner_pays_stays_the_owners(place):
    flat = place.flats[0]
    lease = await rented(place, keys=("water",))
    await place.bill(LAST_MONTH)
    assert await net(place, flat.id) == whole(place, flat)
    assert await net(place, lease.payer_id) == 0
    alone = await rented(place, keys=(), flat=place.flats[1])
    assert alone.payer_id is None


async def test_what_a_meter_says_goes_by_the_days_of_the_lease(place):
    flat = place.flats[0]
    lease = await rented(place)
    async with place.scope():
        plate = Plate("water", "W-1", LAST_MONTH - timedelta(1), start_value=Decimal(0))
        meter = await installing.install(place.chief, plate, account_id=flat.id, building_id=None)
        end = LAST_MONTH.replace(day=18)
        await readings.submit(place.chief, meter.id, Said(end, Decimal(18), "round"))
        found = await rows(
            "select account_id, amount from billing_quantity where tenant_id = $1 and name = 'water'",
            place.tenant.id,
        )
    assert {one["account_id"]: one["amount"] for one in found} == {flat.id: 9, lease.payer_id: 9}
    await place.bill(LAST_MONTH, "service", "water")
    assert await net(place, lease.payer_id, key="water") > 0


async def test_neither_sees_what_the_other_owes_and_one_code_opens_both(place):
    flat = place.flats[0]
    ann, cho = await make.person("Ann Tan"), await make.person("Cho")
    await make.holder(flat, ann)
    lease = await rented(place)
    await place.bill(LAST_MONTH)
    async with place.scope():
        await ensure_codes(place.tenant.id, [lease.payer_id])
        holder = await Holder.get(tenant_id=place.tenant.id, account_id=lease.payer_id)
    await confirm_holder(make.payer(cho), confirmation_code(holder))
    await run_due(place.tenant.id)
    async with open_scope(person_scope(cho.id)):
        assert {one.account_id for one in await Bill.all()} == {lease.payer_id}
        assert {one.id for one in await Account.all()} == {lease.payer_id, flat.id}
    async with open_scope(person_scope(ann.id)):
        assert {one.account_id for one in await Bill.all()} == {flat.id}
    stranger = await make.person("Nobody")
    async with open_scope(person_scope(stranger.id)):
        assert await Bill.all().count() == 0


async def test_a_sale_leaves_the_lease_and_its_payer(place):
    flat = place.flats[0]
    lease = await rented(place, first=BEFORE)
    async with place.scope():
        buyer = HolderForm(name="Ben", relation="owner")
        new = await hand_over(place.chief, flat.id, on=LAST_MONTH.replace(day=17), holder=buyer)
    await place.bill(LAST_MONTH)
    assert [await net(place, one) for one in (flat.id, new.id)] == [0, 0]
    assert await net(place, lease.payer_id) == whole(place, flat)


async def test_what_cannot_be(place):
    await rented(place)
    for days in ((LAST_MONTH.replace(day=20), None), (BEFORE, None)):
        with pytest.raises(Invalid):
            await rented(place, *days)
    with pytest.raises(Invalid):
        await rented(place, LAST_MONTH.replace(day=5), LAST_MONTH.replace(day=9), flat=place.flats[1])
    reader = await make.staff(place.tenant, "reader")
    with pytest.raises(Forbidden):
        async with place.scope():
            await leases.begin(reader, place.flats[1].id, LeaseTerms(FIRST, None, CHO))


@settings(max_examples=80, deadline=None)
@given(
    st.decimals("1", "9999", places=2),
    st.integers(1, 12),
    st.integers(0, 40),
    st.integers(0, 60),
    st.sampled_from(["0.01", "0.1", "1"]),
)
def test_the_parts_of_owner_and_renter_are_the_whole(area, month, start, length, step):
    """Any lease that leaves the owner one span: days add up, amounts too, and what is credited is the renter's part."""
    made = b.charge("SGD", b.rate("1.237", "area_sqm"), proration="by_day", round_to=b.rounding(step=step))
    rule, period = parse(dump(made)), Period.month(2026, month)
    first = period.first + timedelta(days=start - 5)
    last = first + timedelta(days=length)
    if not pauses.one_span(first, last):
        return

    def owed(span) -> int:
        facts = Facts({"area_sqm": area}, period=period, active_from=span[1], active_to=span[2])
        outcome = evaluate(rule, facts)
        return outcome.amount_minor if isinstance(outcome, Outcome) else 0

    owner, renter = uuid4(), uuid4()
    spans = instead((owner, period.first, period.last), [(renter, first, last)])
    assert sum((end - begin).days + 1 for _, begin, end in spans) == period.days
    whole_minor = owed((owner, None, None))
    parts = [owed(span) for span in spans]
    assert sum(parts) == whole_minor
    line = {"amount_minor": whole_minor, "period": period.first, "document": dump(made)}
    credited = pauses.too_much(line, {"area_sqm": str(area)}, Pause(first, last))
    assert credited == sum(part for part, span in zip(parts, spans, strict=True) if span[0] == renter)


async def test_the_page_chooses_a_payer_and_writes_a_lease(place, client):
    flat = place.flats[0]
    await make.holder(flat, await make.person("Ann"), name="Ann")
    spouse = await make.holder(flat, await make.person("Al"), name="Al", is_default_payer=False)
    await make.sign_in(client, place.chief.person_id)
    address = f"{place.root}/accounts/{flat.id}"
    inspect((await client.get(f"{address}/payer")).text)
    assert (await client.post(f"{address}/payer", data={"payer": str(spouse.id)})).status_code == 303
    async with place.scope():
        assert [one.name for one in await Holder.filter(account_id=flat.id, is_default_payer=True)] == ["Al"]
    wrong = await client.post(f"{address}/leases", data={"name": "Cho", "first_on": "2999-01-01"})
    assert wrong.status_code == 422
    inspect(wrong.text)
    fee = str(place.billing.items["service"].id)
    said = {"name": "Cho", "first_on": FIRST.isoformat(), "fees": [fee]}
    assert (await client.post(f"{address}/leases", data=said)).status_code == 303
    page = await client.get(f"{address}/payer")
    inspect(page.text)
    assert "Cho" in page.text
    async with place.scope():
        (lease,) = await leases.leases_of(place.tenant.id, flat.id)
    ended = {"last_on": (NOW - timedelta(1)).isoformat()}
    assert (await client.post(f"{address}/leases/{lease['id']}/end", data=ended)).status_code == 303
    colleague = await make.staff(place.tenant, "front_desk")
    await make.sign_in(client, colleague.person_id)
    assert (await client.post(f"{address}/leases", data=said)).status_code in {403, 404}
