"""An estate's day is its own in the database too: what ends, ends at its midnight, wherever UTC's may be.

The database's clock cannot be set, so the estate is moved to zones whose days always differ, one from UTC's at least.
"""

from datetime import UTC, datetime, timedelta

import pytest

from billing.credit.queries import account_seen
from billing.models import Bill, Wallet
from scenarios.community.buildings import _LIST as BUILDINGS
from scenarios.community.estate import leases
from scenarios.community.estate.models import Building
from scenarios.community.figures.dossier import document_of
from scenarios.community.home.queries import home_of
from scenarios.community.models import VisitorPass, VoteEntry
from scenarios.community.service.resident_pages import UNITS
from scenarios.community.visitors import passes
from tenants import days
from tenants.models import Holder
from tenants.scope import open_scope, person_scope, rows, value
from tests import make
from tests.page import inspect
from tests.scenarios.community.estate import month_back
from tests.scenarios.community.test_leases import rented
from tests.scenarios.community.test_life import cast, opened
from ui.errors import NotFound

DAY = timedelta(days=1)
moved = pytest.mark.parametrize("zone", [make.EAST, make.WEST])
HERE = ("Asia/Singapore", "America/New_York")


async def seen_by(place, who) -> set[str]:
    """Where somebody gets in with the first flat: walls, lists and proofs that ask who holds it today."""
    flat = place.flats[0]
    async with open_scope(person_scope(who.id)):
        found = {
            "building": await Building.exists(tenant_id=place.tenant.id),
            "wallet": await Wallet.exists(account_id=flat.id),
            "home": bool(await rows(UNITS, who.id, "community")),
            "clouds": "community" in await value("select held_scenarios()"),
        }
        try:
            found["account"] = bool(await account_seen(flat.id, who.id))
        except NotFound:
            found["account"] = False
    return {name for name, is_in in found.items() if is_in}


@moved
async def test_a_holder_is_in_until_midnight_of_their_last_day(place, zone):
    await make.move(place.tenant, zone)
    now, leaving, gone = days.today(zone), await make.person("Leaving"), await make.person("Gone")
    await make.holder(place.flats[0], leaving, until=now)
    await make.holder(place.flats[0], gone, until=now - DAY)
    async with place.scope():
        await Wallet.create(
            tenant_id=place.tenant.id, account_id=place.flats[0].id, kind="meals", currency="SGD"
        )
    assert await seen_by(place, leaving) == {"building", "wallet", "home", "clouds", "account"}
    assert await seen_by(place, gone) == set()


@moved
async def test_who_holds_it_from_tomorrow_does_not_hold_it_yet(place, zone):
    await make.move(place.tenant, zone)
    now, comes, came = days.today(zone), await make.person("Comes"), await make.person("Came")
    await make.holder(place.flats[0], comes, since=now + DAY)
    await make.holder(place.flats[0], came, since=now)
    assert "account" not in await seen_by(place, comes)
    assert "account" in await seen_by(place, came)


@moved
async def test_a_guest_loses_what_they_see_at_that_midnight(place, zone):
    """A guest who is also a holder of a past day is held to what the guest was given."""
    await make.move(place.tenant, zone)
    flat, guest = place.flats[0], await make.person("Guest")
    await make.holder(flat, guest, relation="resident", sees=["repairs"], until=days.today(zone))
    async with open_scope(person_scope(guest.id)):
        assert flat.id not in await value("select scope_barred('repairs')")
    async with place.scope():
        await Holder.filter(account_id=flat.id).update(until=days.today(zone) - DAY)
    async with open_scope(person_scope(guest.id)):
        assert flat.id in await value("select scope_barred('repairs')")


@moved
async def test_a_bill_is_overdue_from_the_midnight_after_its_day(place, zone):
    ann = await make.person("Ann")
    await make.holder(place.flats[0], ann)
    bill = (await place.bill(month_back(1)))[place.flats[0].number]
    await make.move(place.tenant, zone)
    for due_on, is_late in ((days.today(zone), False), (days.today(zone) - DAY, True)):
        async with place.scope():
            await Bill.filter(tenant_id=place.tenant.id).update(due_on=due_on)
            owing = [one["owing"] for one in await rows(BUILDINGS, place.tenant.id, "")]
            dossier = await document_of(place.flats[0])
        async with open_scope(person_scope(ann.id)):
            owed = (await home_of(ann.id))["owed"]
        assert [one["is_overdue"] for one in owed] == [is_late], due_on
        assert [one["number"] for one in dossier.bills] == ([bill.number] if is_late else [])
        assert any(owing) == is_late


@pytest.mark.parametrize("zone", HERE)
async def test_a_lease_ends_after_its_last_day(place, zone, monkeypatch):
    """At half past eleven its last day may still be moved; an hour later it is over for good."""
    await make.move(place.tenant, zone)
    last = days.today(zone)
    lease = await rented(place)
    for moment, day in make.around_midnight(zone, last + DAY):
        monkeypatch.setattr(days, "datetime", make.Clock(moment.astimezone(UTC)))
        assert await days.today_at(place.tenant.id) == day
        async with place.scope():
            await leases.end(place.chief, place.flats[0].id, lease.id, last_on=last)
            until = {one.until for one in await Holder.filter(account_id=lease.payer_id)}
        assert until == {last}, "the renter sees it to the end of the last day, and no longer"


@pytest.mark.parametrize("zone", HERE)
async def test_who_leaves_votes_until_midnight(place, zone, monkeypatch):
    await make.move(place.tenant, zone)
    seller, last = await make.person("Al"), days.today(zone)
    await make.holder(place.flats[0], seller, until=last)
    vote = await opened(place)
    (before, _), (after, _) = make.around_midnight(zone, last + DAY)
    monkeypatch.setattr(days, "datetime", make.Clock(after.astimezone(UTC)))
    with pytest.raises(NotFound):
        await cast(place, vote, place.flats[0], seller, 0)
    monkeypatch.setattr(days, "datetime", make.Clock(before.astimezone(UTC)))
    assert (await cast(place, vote, place.flats[0], seller, 0)).nonce
    async with place.scope():
        assert await VoteEntry.filter(vote_id=vote.id).exists()


@moved
async def test_a_visitors_pass_is_for_the_estates_days(place, zone, client):
    """It is offered for today, and lets in from that day's midnight to the midnight after its last."""
    await make.move(place.tenant, zone)
    ann, now = await make.person("Ann"), days.today(zone)
    await make.holder(place.flats[0], ann)
    await make.sign_in(client, ann.id)
    form = f"/my/units/{place.flats[0].id}/visitors"
    page = inspect((await client.get(f"{form}/new")).text)
    offered = {one.get("name"): one.get("value") for one in page.iter("input")}
    assert (offered["first"], offered["last"]) == (now.isoformat(), now.isoformat())
    sent = {"name": "Uncle", "plate": "", "first": now.isoformat(), "last": now.isoformat(), "uses": "1"}
    assert (await client.post(form, data=sent)).status_code == 303
    async with place.scope():
        (made,) = await VisitorPass.filter(tenant_id=place.tenant.id)
    assert (made.valid_from, made.valid_until) == (days.midnight(now, zone), days.midnight(now + DAY, zone))
    assert passes.state_of(made, datetime.now(UTC)) == "good"
