"""Settling stays: exactly once whatever the system does, reversed and made again, decided again by the insurer."""

import asyncio

import pytest

from scenarios.hospital import consents
from scenarios.hospital.his.wards import Listed, Wards, wards_of
from scenarios.hospital.inpatient import afterwards, listing, settling, syncing
from scenarios.hospital.models import BilledCharge, Stay, StaySettlement
from tests.scenarios.hospital.beds import (
    books,
    charged,
    fresh,
    going,
    lying,
    money,
    place,
    settle,
    ward,
)
from tests.scenarios.hospital.ward import Ward
from ui.errors import Conflict, Unavailable

__all__ = ["place", "ward"]


async def test_a_charge_stands_in_one_live_settlement_whoever_settles_at_once(ward):
    house = ward.house
    stay, _ = await lying(ward, ("2026-03-01", "40.00"), deposit=10_000)
    await going(ward, stay)
    answers = await asyncio.gather(*(settle(ward, stay) for _ in range(3)), return_exceptions=True)
    assert sum(isinstance(one, StaySettlement) for one in answers) == 1
    assert {type(one) for one in answers} <= {StaySettlement, Conflict}
    assert await money(house, stay) == (0, 0, 10_000 - 1_600)
    async with house.scope():
        (billed,) = await BilledCharge.filter(tenant_id=house.id, stay_id=stay.id)
    with pytest.raises(Exception, match="hospital_billed_charge"):
        async with house.scope():
            await BilledCharge.create(
                tenant_id=house.id,
                charge_id=billed.charge_id,
                settlement_id=billed.settlement_id,
                stay_id=stay.id,
            )
    assert await books(house) == []


async def test_the_gate_holds_while_charges_are_not_finished_or_the_list_has_moved(ward):
    house = ward.house
    stay, _ = await lying(ward, ("2026-03-01", "40.00"), deposit=10_000)
    with pytest.raises(Conflict, match=r"stay\.state"):
        await settle(ward, stay)
    await going(ward, stay)
    (line,) = charged(ward, stay.his_id, ("2026-03-02", "7.00"), status="planned")
    with pytest.raises(Conflict, match=r"stay\.unbilled"):
        await settle(ward, stay)
    done = [{"id": line, "text": "Infusion", "day": "2026-03-02", "value": 7.0, "status": "billable"}]
    ward.post("his/stay-charges", hospital=house.tenant.slug, stay=stay.his_id, charges=done)
    with pytest.raises(Conflict, match=r"stay\.changed"):
        await settle(ward, stay)
    assert (await settle(ward, stay)).total_minor == 4_700


@pytest.mark.parametrize(
    ("kind", "operation", "error"),
    [
        ("error_before", "claims.submit", Unavailable),
        ("drop_after", "claims.submit", Unavailable),
        ("timeout_after", "claims.submit", Unavailable),
        ("error_before", "charges.search", Unavailable),
        ("his_wrong_amount", "claims.submit", Conflict),
    ],
)
async def test_whatever_the_system_does_a_stay_is_settled_once_or_not_at_all(ward, kind, operation, error):
    house = ward.house
    stay, _ = await lying(ward, ("2026-03-01", "40.00"), deposit=10_000)
    await going(ward, stay)
    ward.fault(kind, operation=operation, times=1, seconds=1)
    with pytest.raises(error):
        await settle(ward, stay)
    assert (await fresh(house, stay)).status == "leaving"
    assert await money(house, stay) == (10_000, 0, 0)
    assert (await settle(ward, stay)).patient_minor == 1_600
    assert await money(house, stay) == (0, 0, 8_400)


async def test_a_reversed_settlement_is_made_again_and_nothing_is_paid_twice(ward):
    house = ward.house
    stay, _ = await lying(ward, ("2026-03-01", "40.00"), deposit=1_000, percent=50)
    await going(ward, stay)
    await settle(ward, stay)
    assert await money(house, stay) == (0, 1_000, 0)
    await afterwards.reverse(house.finance, stay_id=stay.id, reason="Wrong insurance.")
    assert await money(house, stay) == (1_000, 0, 0)
    with pytest.raises(Conflict, match=r"stay\.not_settled"):
        await afterwards.reverse(house.finance, stay_id=stay.id, reason="Again.")
    charged(ward, stay.his_id, ("2026-03-03", "20.00"))
    async with house.scope():
        await listing.keep(house.system, stay.id, await _listed(ward, stay))
    made = await settle(ward, await fresh(house, stay))
    assert (made.round, made.total_minor, made.patient_minor) == (2, 6_000, 3_000)
    async with house.scope():
        assert await settling.held(stay) == {
            "total_minor": 6_000,
            "insurer_minor": 3_000,
            "patient_minor": 3_000,
        }
    assert await money(house, stay) == (0, 2_000, 0)
    assert await books(house) == []


async def _wards(ward: Ward) -> Wards:
    async with ward.house.scope():
        his = await wards_of(ward.house.id)
    assert his is not None
    return his


async def _listed(ward: Ward, stay: Stay) -> list[Listed]:
    return await (await _wards(ward)).daily_list(stay.his_id)


@pytest.mark.parametrize(
    ("benefit", "owed", "back"), [("30.00", 0, 9_000), ("10.00", 0, 7_000), ("20.00", 0, 8_000)]
)
async def test_the_insurer_decides_again_and_the_difference_is_appended(ward, benefit, owed, back):
    house = ward.house
    stay, _ = await lying(ward, ("2026-03-01", "40.00"), deposit=10_000, percent=50)
    await going(ward, stay)
    await settle(ward, stay)
    assert await money(house, stay) == (0, 0, 8_000)
    key = f"{stay.id}:1"
    ward.post("his/decisions", hospital=house.tenant.slug, key=key, benefit=float(benefit))
    for _ in range(2):
        await syncing.keep_up(house.system)
    async with house.scope():
        now = await settling.held(stay)
        kinds = [one.kind for one in await StaySettlement.filter(tenant_id=house.id, stay_id=stay.id)]
    assert now["total_minor"] == 4_000
    assert now["insurer_minor"] == int(float(benefit) * 100)
    assert kinds.count("readjudicate") == 1
    more = max(0, 2_000 - now["insurer_minor"])
    assert await money(house, stay) == (0, more, max(back, 8_000))
    assert owed == 0
    assert await books(house) == []


async def test_the_insurer_is_not_told_without_the_patients_consent(ward):
    house = ward.house
    stay, account = await lying(ward, ("2026-03-01", "40.00"), deposit=10_000)
    async with house.scope():
        await consents.withdraw(house.clerk, account_id=account.id, purpose="insurance")
    before = await settling.presettle(house.finance, stay.id)
    assert (before.insurer_minor, before.his_id) == (0, "")
    await going(ward, stay)
    assert (await settle(ward, stay)).patient_minor == 4_000
    his = await _wards(ward)
    assert await his.decisions(f"{stay.id}:1") == []
    assert await money(house, stay) == (0, 0, 6_000)
