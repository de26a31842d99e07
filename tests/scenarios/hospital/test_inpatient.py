"""Stays: nothing is charged or settled twice, what was written stays, and every cent of a deposit ends somewhere."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.models import Bill, Refund
from scenarios.hospital.his.wards import Admitted, Listed
from scenarios.hospital.inpatient import admission, credit, deposits, listing, settling, syncing
from scenarios.hospital.models import Stay, StayCharge
from tenants.days import today
from tenants.ids import new_id
from tenants.models import Account, Notice
from tenants.scope import execute, raw, rows
from tests.jobs import run_due
from tests.scenarios.hospital.beds import (
    ZONE,
    bed,
    books,
    fresh,
    going,
    lying,
    money,
    pay_in,
    place,
    settle,
    ward,
)
from ui.errors import Conflict, Forbidden, Invalid

__all__ = ["place", "ward"]


async def test_a_stay_comes_from_the_hospitals_system_with_its_list_and_goes_home_settled(ward):
    house = ward.house
    stay, _ = await lying(ward, ("2026-03-01", "100.00"), ("2026-03-02", "50.50"), deposit=20_000)
    assert (stay.ward, stay.status) == ("3A", "admitted")
    async with house.scope():
        found = await deposits.held_of(stay)
        assert (found.charged_minor, found.left_minor) == (15_050, 4_950)
        assert [one["total_minor"] for one in await listing.days_of(stay)] == [5_050, 10_000]
    before = await settling.presettle(house.finance, stay.id)
    assert (before.insurer_minor, before.patient_minor) == (9_030, 6_020)
    async with house.scope():
        assert (await deposits.held_of(stay)).left_minor == 13_980
    await going(ward, stay)
    made = await settle(ward, stay)
    assert (made.total_minor, made.insurer_minor, made.patient_minor) == (15_050, 9_030, 6_020)
    assert (await fresh(house, stay)).status == "discharged"
    assert await money(house, stay) == (0, 0, 20_000 - 6_020)
    with pytest.raises(Conflict, match=r"stay\.state"):
        await settle(ward, stay, seen=0)
    assert await money(house, stay) == (0, 0, 13_980)
    assert await books(house) == []


async def test_what_is_lacking_becomes_a_bill_due_when_the_credit_ends(ward):
    house = ward.house
    stay, _ = await lying(ward, ("2026-03-01", "100.00"), deposit=1_000, percent=0)
    until = today(ZONE) + timedelta(days=9)
    async with house.scope():
        asked = await credit.ask(
            house.clerk, stay_id=stay.id, amount_minor=9_500, until=until, reason="Son travels here."
        )
        with pytest.raises(Forbidden):
            await credit.decide(house.clerk, credit_id=asked.id, is_agreed=True)
        assert (await deposits.held_of(stay)).is_uncovered
    async with house.scope():
        await credit.decide(house.finance, credit_id=asked.id, is_agreed=True)
        assert not (await deposits.held_of(stay)).is_uncovered
    await going(ward, stay)
    made = await settle(ward, stay)
    assert await money(house, stay) == (0, 9_000, 0)
    async with house.scope():
        assert (await Bill.get(tenant_id=house.id, id=made.bill_id)).due_on == until
    assert await books(house) == []


async def test_nobody_agrees_to_their_own_credit_or_lends_more_than_the_hospital(ward):
    house = ward.house
    stay, _ = await lying(ward)
    both = replace(house.finance, permissions=house.finance.permissions | house.clerk.permissions)
    until = today(ZONE) + timedelta(days=1)
    async with house.scope():
        with pytest.raises(Invalid, match=r"credit\.amount"):
            await credit.ask(both, stay_id=stay.id, amount_minor=1_000_001, until=until, reason="x")
        with pytest.raises(Invalid, match=r"credit\.until"):
            await credit.ask(
                both, stay_id=stay.id, amount_minor=1, until=until + timedelta(days=60), reason="x"
            )
        asked = await credit.ask(both, stay_id=stay.id, amount_minor=600_000, until=until, reason="x")
        with pytest.raises(Conflict, match=r"credit\.asked"):
            await credit.ask(both, stay_id=stay.id, amount_minor=1, until=until, reason="x")
        with pytest.raises(Forbidden, match=r"credit\.own"):
            await credit.decide(both, credit_id=asked.id, is_agreed=True)
        await credit.decide(house.chief, credit_id=asked.id, is_agreed=True)
        with pytest.raises(Invalid, match=r"credit\.amount"):
            await credit.ask(both, stay_id=stay.id, amount_minor=400_001, until=until, reason="x")


async def test_a_written_line_stays_and_what_changes_is_appended(ward):
    house = ward.house
    stay, _ = await lying(ward, ("2026-03-01", "100.00"))
    day = date(2026, 3, 1)
    async with house.scope():
        (line,) = await StayCharge.filter(tenant_id=house.id, stay_id=stay.id)
        for amount, expected in ((10_000, []), (8_000, [-2_000]), (8_000, []), (9_000, [1_000])):
            count = await listing.keep(house.system, stay.id, [Listed(line.his_id, day, "Infusion", amount)])
            assert count == len(expected)
        await listing.keep(house.system, stay.id, [])
        found = await listing.lines_of(stay, day)
    assert [(one.amount_minor, one.step) for one in found] == [
        (10_000, 0),
        (-2_000, 1),
        (1_000, 2),
        (-9_000, 3),
    ]
    assert {one.what for one in found} == {"Infusion"}
    for change in ("update hospital_stay_charge set amount_minor = 1", "delete from hospital_stay_charge"):
        with pytest.raises(Exception, match=r"append|denied|change"):
            async with house.scope():
                await execute(f"{change} where tenant_id = $1", house.id)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.dictionaries(st.sampled_from("abcd"), st.integers(1, 500), max_size=4), max_size=5))
async def test_whatever_lists_come_the_lines_sum_to_the_last_one(place, lists):
    async with place.scope():
        account = await place.patient(f"Any {new_id().hex[-6:]}")
        stay = await admission.admit(place.clerk, account_id=account.id, ward="9", bed=bed())
        for one in lists:
            listed = [Listed(f"{stay.id}{key}", date(2026, 3, 1), "x", amount) for key, amount in one.items()]
            await listing.keep(place.system, stay.id, listed)
        found = await deposits.held_of(stay)
        await admission.step(place.system, stay, "cancel", ended_at=datetime.now(UTC))
    assert found.charged_minor == (sum(lists[-1].values()) if lists else 0)


@pytest.mark.parametrize("is_guarded", [True, False])
async def test_two_lists_at_once_are_written_once_by_the_lock(ward, is_guarded, owner, monkeypatch):
    """The control takes the lock and the index away: then the same two lists stand there twice."""
    house = ward.house
    stay, _ = await lying(ward)
    listed = [Listed(f"{stay.id}-{n}", date(2026, 3, 1), "x", 100) for n in range(3)]
    name = "hospital_stay_charge_stay_id_his_id_step_key"
    definition = await owner.fetchval("select indexdef from pg_indexes where indexname = $1", name)
    if not is_guarded:
        await owner.execute(f"drop index {name}")

        async def unlocked(actor, stay_id):
            return await Stay.get(tenant_id=actor.tenant_id, id=stay_id)

        monkeypatch.setattr(admission, "locked", unlocked)
        monkeypatch.setattr(Stay, "save", _nothing)
        monkeypatch.setattr(listing, "rows", _both_read(asyncio.Barrier(2)))
    barrier = asyncio.Barrier(2)

    async def once() -> None:
        async with house.scope():
            await raw().fetchval("select 1")
            await barrier.wait()
            await listing.keep(house.system, stay.id, listed)

    await asyncio.gather(once(), once())
    async with house.scope():
        count = await StayCharge.filter(tenant_id=house.id, stay_id=stay.id).count()
    assert count == (3 if is_guarded else 6)
    if not is_guarded:
        await owner.execute(
            "alter table hospital_stay_charge disable trigger user, no force row level security"
        )
        await owner.execute("delete from hospital_stay_charge where stay_id = $1", stay.id)
        await owner.execute("alter table hospital_stay_charge enable trigger user, force row level security")
        await owner.execute(definition)


def _both_read(barrier):
    """Read what is known, and go on when the other one has read it too."""

    async def read(*args):
        found = await rows(*args)
        await barrier.wait()
        return found

    return read


async def _nothing(*_args: object, **_named: object) -> None:
    """Save nothing, so that no row lock is taken on the way."""


async def test_the_family_is_told_once_that_a_deposit_is_low(ward):
    house = ward.house
    _, actor, account = await house.mine()
    async with house.scope():
        stay = await admission.admit(house.clerk, account_id=account.id, ward="1", bed=bed())
        assert await deposits.remind(house.system, stay.id)
        assert not await deposits.remind(house.system, stay.id)
        notices = await Notice.filter(tenant_id=house.id, person_id=actor.person_id, template="stays.low")
        assert len(notices) == 1
        await execute(
            "update hospital_stay set short_at = now() - interval '25 hours' where id = $1", stay.id
        )
    await pay_in(house, stay, 100_000)
    async with house.scope():
        assert not await deposits.remind(house.system, stay.id)
        await deposits.set_threshold(house.clerk, stay_id=stay.id, amount_minor=100_001)
        assert await deposits.remind(house.system, stay.id)


async def test_one_bed_and_one_patient_have_one_live_stay(place):
    one, other = await place.patient(f"A {new_id().hex}"), await place.patient(f"B {new_id().hex}")
    where = bed()

    async def admit(account: Account, where: str) -> Stay:
        async with place.scope():
            return await admission.admit(place.clerk, account_id=account.id, ward="2", bed=where)

    answers = await asyncio.gather(
        *(admit(account, where) for account in (one, other)), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in answers) == ["Conflict", "Stay"]
    (stay,) = [each for each in answers if isinstance(each, Stay)]
    free = other if stay.account_id == one.id else one
    lying_there = one if free is other else other
    with pytest.raises(Conflict, match=r"stay\.in_hospital"):
        await admit(lying_there, bed())
    second = await admit(free, bed())
    async with place.scope():
        with pytest.raises(Conflict, match=r"stay\.bed_taken"):
            await admission.move_bed(place.clerk, stay_id=second.id, ward="2", bed=where)


async def test_two_patients_may_swap_their_beds(ward):
    house = ward.house
    (one, a), (two, b) = await lying(ward), await lying(ward)
    listed = [
        Admitted(stay.his_id, account.number, "3A", where, datetime.now(UTC))
        for stay, account, where in ((one, a, two.bed), (two, b, one.bed))
    ]
    async with house.scope():
        await syncing.settle_in(house.system, listed)
    assert [(await fresh(house, each)).bed for each in (one, two)] == [two.bed, one.bed]


async def test_the_desk_admits_first_and_the_system_takes_it_up(ward):
    house = ward.house
    account = await house.patient(f"Early {new_id().hex}")
    async with house.scope():
        stay = await admission.admit(house.clerk, account_id=account.id, ward="3a", bed=bed())
    ward.post(
        "his/stays",
        hospital=house.tenant.slug,
        stays=[{"id": f"e-{stay.id.hex[-8:]}", "patient": account.number, "ward": "3B", "bed": bed()}],
    )
    await syncing.keep_up(house.system)
    found = await fresh(house, stay)
    assert (found.his_id, found.ward) == (f"e-{stay.id.hex[-8:]}", "3B")
    ward.fault("error_before", operation="*", times=1)
    assert not await syncing.keep_up(house.system)
    await run_due(house.id)
    async with house.scope():
        assert await Refund.filter(tenant_id=house.id, status="failed").count() == 0
