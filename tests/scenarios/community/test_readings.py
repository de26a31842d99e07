"""Meters: what was used, what is odd, a round that comes in twice, and tiers by the year in a bill."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.charges import quantities
from billing.models import Quantity
from scenarios.community.estate.handover import hand_over
from scenarios.community.meters import installing, readings
from scenarios.community.meters.installing import Plate
from scenarios.community.meters.judging import Known, Span, by_days, flag_of, spans_of, usage_of
from scenarios.community.meters.readings import Said
from scenarios.community.models import MeterReading
from tenants.accounts.forms import HolderForm
from tenants.scope import open_scope, person_scope
from tests import make
from tests.scenarios.community.estate import TODAY, month_back
from ui.errors import Conflict, Forbidden, Invalid

ONE = Decimal(1)
START = month_back(5)
WATER = Plate("water", "W-1", START, Decimal(100))
amounts = st.decimals(0, 99_999, places=3)


@given(amounts, st.lists(st.integers(1, 400), min_size=1, max_size=6))
def test_what_was_used_is_divided_by_days_without_losing_a_thousandth(usage, days):
    spans, first = [], date(2026, 1, 1)
    for count in days:
        last = first + timedelta(days=count - 1)
        spans.append(Span(uuid4(), first, last))
        first = last + timedelta(days=1)
    parts = by_days(usage, spans)
    assert sum(part for _, part in parts) == usage
    assert all(part >= 0 for _, part in parts)
    for (_, part), count in zip(parts, days, strict=True):
        assert abs(part - usage * count / sum(days)) < Decimal("0.001")


@given(st.lists(st.integers(0, 60), max_size=4, unique=True), st.integers(1, 70))
def test_every_day_belongs_to_exactly_one_account(lasts, length):
    first = date(2026, 3, 1)
    last = first + timedelta(days=length - 1)
    tenures = [(uuid4(), first + timedelta(days=offset)) for offset in lasts]
    spans = spans_of(tenures, uuid4(), first, last)
    days = [
        span.first + timedelta(days=n) for span in spans for n in range((span.last - span.first).days + 1)
    ]
    assert days == [first + timedelta(days=n) for n in range(length)]


@given(amounts, amounts, st.decimals("0.01", 500, places=2))
def test_a_reading_below_the_last_needs_a_rollover(before, after, multiplier):
    facts = {"multiplier": multiplier, "digits": 5}
    if after < before:
        with pytest.raises(ValueError, match="rollover"):
            usage_of(before, after, is_rollover=False, **facts)
        turned = usage_of(before, after, is_rollover=True, **facts)
        assert turned == ((Decimal(100_000) - before + after) * multiplier).quantize(Decimal("0.001"))
    else:
        assert usage_of(before, after, is_rollover=False, **facts) >= 0


def test_what_is_odd():
    known = Known(date(2026, 6, 30), Decimal(100), Decimal(10))
    facts = {"multiplier": ONE, "digits": 5}
    assert flag_of(known, Decimal(400), date(2026, 7, 30), **facts) == ""
    assert flag_of(known, Decimal(1100), date(2026, 7, 30), **facts) == "jump"
    assert flag_of(known, Decimal(99), date(2026, 7, 30), **facts) == "below"
    assert flag_of(known, Decimal(100_000), date(2026, 7, 30), **facts) == "large"
    assert flag_of(replace(known, per_day=None), Decimal(9_000), date(2026, 7, 30), **facts) == ""


async def meter(place, flat=None, plate=WATER):
    async with place.scope():
        return await installing.install(
            place.chief, plate, account_id=(flat or place.flats[0]).id, building_id=None
        )


async def read(place, made, on, value, source="round", *, actor=None, **given):
    async with place.scope():
        said = Said(on, Decimal(value), source, **given)
        return await readings.submit(actor or place.chief, made.id, said)


async def used(place, flat) -> list[tuple[date, Decimal]]:
    async with place.scope():
        found = await Quantity.filter(tenant_id=place.tenant.id, account_id=flat.id).order_by(
            "period", "amount"
        )
    return [(one.period, one.amount) for one in found]


async def test_what_staff_read_is_accepted_unless_it_is_odd(place):
    made, flat = await meter(place), place.flats[0]
    first = await read(place, made, month_back(3), 130)
    assert (first.status, first.usage) == ("accepted", Decimal(30))
    odd = await read(place, made, month_back(2), 120)
    assert (odd.status, odd.flag, odd.usage) == ("submitted", "below", None)
    assert await used(place, flat) == [(month_back(3), Decimal(30))], "nothing is billed by what is held"
    with pytest.raises(Invalid):
        async with place.scope():
            await readings.accept(place.chief, odd.id)
    async with place.scope():
        await readings.reject(place.chief, odd.id, reason="Read the wrong dial")
    again = await read(place, made, month_back(2), 150)
    assert again.status == "accepted"
    assert [amount for _, amount in await used(place, flat)] == [Decimal(30), Decimal(20)]


async def test_a_meter_that_begins_again_and_one_that_is_replaced(place):
    made = await meter(place, plate=replace(WATER, start_value=Decimal(99_990), multiplier=Decimal(10)))
    turned = await read(place, made, month_back(3), 5)
    async with place.scope():
        turned = await readings.accept(place.chief, turned.id, is_rollover=True)
        assert turned.usage == Decimal(150)
        new = await installing.replace(
            place.chief,
            made.id,
            Plate("water", "W-2", month_back(2), Decimal(7)),
            last_value=Decimal(9),
        )
        assert (await MeterReading.get(tenant_id=place.tenant.id, meter_id=made.id, value=9)).usage == 40
    after = await read(place, new, month_back(1), 12)
    assert after.usage == 5
    assert sum(amount for _, amount in await used(place, place.flats[0])) == 150 + 40 + 5
    with pytest.raises(Invalid):
        await read(place, made, month_back(1), 10)  # the old one is gone by then


async def test_a_round_merges_twice_to_the_same_and_a_contradiction_is_told(place):
    meters = [await meter(place, flat, replace(WATER, serial=f"W-{n}")) for n, flat in enumerate(place.flats)]
    values = {made.id: Decimal(100 + n * 5) for n, made in enumerate(meters)}
    round_id, day = uuid4(), month_back(0)

    async def merge(round_id, values):
        async with place.scope():
            return await readings.merge_round(place.chief, round_id=round_id, read_on=day, values=values)

    async def state():
        async with place.scope():
            found = await MeterReading.filter(tenant_id=place.tenant.id).order_by("id")
        return [(one.id, one.value, one.status, one.usage) for one in found], [
            await used(place, flat) for flat in place.flats
        ]

    first = await merge(round_id, values)
    kept = await state()
    assert await merge(round_id, values) == first
    assert await merge(uuid4(), values) == first, "another phone with the same figures"
    assert await state() == kept
    other = await merge(uuid4(), {meters[0].id: Decimal(180)})
    assert (other.accepted, list(other.refused)) == (0, ["W-0"])
    assert await state() == kept


async def test_a_residents_photo_waits_and_staff_who_read_themselves_take_its_place(place):
    made = await meter(place)
    sent = await read(
        place,
        made,
        month_back(1),
        140,
        "photo",
        actor=make.payer(await make.person()).within(place.tenant.id),
    )
    assert sent.status == "submitted"
    await read(place, made, month_back(1), 141)
    async with place.scope():
        assert (await MeterReading.get(tenant_id=place.tenant.id, id=sent.id)).status == "rejected"
    assert await used(place, place.flats[0]) == [(month_back(1), Decimal(41))]
    with pytest.raises(Conflict):
        await read(place, made, month_back(1), 150)


async def test_only_the_last_unbilled_reading_is_taken_back(place):
    made, flat = await meter(place), place.flats[0]
    first = await read(place, made, month_back(3), 130)
    await place.bill(month_back(3), "water")
    second = await read(place, made, month_back(2), 150)
    async with place.scope():
        with pytest.raises(Conflict):
            await readings.take_back(place.chief, first.id)
        await readings.take_back(place.chief, second.id)
    assert await used(place, flat) == [(month_back(3), Decimal(30))]
    async with place.scope():
        with pytest.raises(Conflict):
            await readings.take_back(place.chief, first.id)  # it is the last one again, but on a bill
        with pytest.raises(Forbidden):
            await readings.take_back(await make.staff(place.tenant, "reader"), first.id)


async def test_tiers_go_by_the_year_and_a_late_reading_goes_to_the_month_that_is_open(place):
    year = date(TODAY.year - 1, 1, 1)
    made, flat = await meter(place, plate=replace(WATER, installed_on=month_back(11))), place.flats[0]
    months = [month_back(n) for n in (10, 9, 8)]
    for month, value in zip(months, (108, 119, 123), strict=True):
        await read(place, made, month, value)
        await place.bill(month, "water")
    spent: dict[int, Decimal] = {}
    for line, usage in zip(await place.lines(flat, "water"), (8, 11, 4), strict=True):
        before = spent.get(line.period.year, Decimal(0))
        cheap = max(min(before + usage, Decimal(10)) - min(before, Decimal(10)), Decimal(0))
        assert line.amount_minor == int(cheap * 100 + (usage - cheap) * 200), line.period
        spent[line.period.year] = before + usage
    assert year < months[0]
    late = await read(place, made, months[2] + timedelta(days=5), 130)
    assert late.usage == 7
    assert (await used(place, flat))[-1] == (month_back(7), Decimal(7))


async def test_usage_over_a_change_of_owner_is_divided_by_days_and_each_is_billed_theirs(place):
    made, flat = await meter(place, plate=replace(WATER, installed_on=month_back(2))), place.flats[0]
    change = month_back(1).replace(day=11)
    holder = HolderForm(name="Ben", relation="owner", since=change)
    async with place.scope():
        new = await hand_over(place.chief, flat.id, on=change, holder=holder)
    reading = await read(place, made, month_back(0), 160)
    mine, theirs = await used(place, flat), await used(place, new)
    assert mine[0][1] + theirs[0][1] == reading.usage == 60
    days = (month_back(0) - month_back(2)).days
    assert abs(mine[0][1] - Decimal(60) * ((change - month_back(2)).days - 1) / days) < Decimal("0.001")
    bills = await place.bill(month_back(0), "water")
    assert len(bills) == 2, "who is gone is billed for what was read later, too"
    async with place.scope():
        assert await quantities.is_billed(place.tenant.id, [reading.id])
        assert not await quantities.is_billed(place.tenant.id, [uuid4()])


async def test_a_resident_sees_the_meter_of_their_unit_and_no_other(place):
    mine, other = await meter(place), await meter(place, place.flats[1], replace(WATER, serial="W-9"))
    await read(place, mine, month_back(1), 130)
    await read(place, other, month_back(1), 130)
    ann = await make.person("Ann")
    await make.holder(place.flats[0], ann)
    async with open_scope(person_scope(ann.id)):
        assert {one.meter_id for one in await MeterReading.all()} == {mine.id}
