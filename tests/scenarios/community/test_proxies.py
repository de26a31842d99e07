"""Proxies: named by owners, for so many units and no more; ballots follow units that pass on, merge or are split."""

import asyncio
import json
import subprocess
import sys
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.community.estate import handover, reshaping
from scenarios.community.estate.reshaping import Part
from scenarios.community.models import Ballot, EstateVote, VoteEntry
from scenarios.community.votes import proxies
from scenarios.community.votes import service as votes
from scenarios.community.votes.tally import recount
from tenants import days
from tenants.accounts import guests
from tenants.accounts.codes import confirmation_code
from tenants.accounts.confirmation import confirm_holder
from tenants.accounts.forms import HolderForm
from tenants.accounts.guests import Guest
from tenants.models import Holder
from tenants.scope import open_scope, person_scope
from tests import make
from tests.page import inspect, text_of
from tests.scenarios.community.estate import TODAY, build, flat
from tests.scenarios.community.test_life import ann, cast, opened, over
from tests.scenarios.community.test_pages import sound
from ui.errors import Conflict, Invalid, NotFound

__all__ = ["ann"]


async def proxy_of(*flats):
    found = await make.person("Proxy")
    for one in flats:
        await make.holder(one, found, relation="proxy", name="Proxy")
    return found


@given(st.integers(0, 9), st.integers(0, 100), st.integers(0, 2000))
def test_a_proxy_votes_for_so_many_or_so_much_of_all_whichever_is_more(units, percent, entries):
    most = proxies.most_for(units, percent, entries)
    assert most >= units
    assert most == units or most * 100 <= entries * percent < (most + 1) * 100


async def test_one_proxy_votes_for_two_units_and_not_for_a_third(place):
    proxy = await proxy_of(*place.flats)
    vote = await opened(place, proxy_units=2, proxy_percent=0)
    for one in place.flats[:2]:
        await cast(place, vote, one, proxy, 0)
    with pytest.raises(Conflict):
        await cast(place, vote, place.flats[2], proxy, 0)
    async with place.scope():
        await Holder.filter(account_id=place.flats[2].id, person_id=proxy.id).update(relation="owner")
    await cast(place, vote, place.flats[2], proxy, 0)
    async with place.scope():
        for units, percent in ((-1, 2), (2, 101)):
            question = votes.Question(
                {"en": "x"}, {}, {"en": ["a", "b"]}, "head", 0, vote.closes_at, (), units, percent
            )
            with pytest.raises(Invalid):
                await votes.draft(place.chief, question)


async def test_a_proxy_with_two_hands_still_votes_for_one(committed, bank):
    place = await build(bank, 2)
    proxy = await proxy_of(*place.flats)
    vote = await opened(place, proxy_units=1, proxy_percent=0)
    found = await asyncio.gather(
        *(cast(place, vote, one, proxy, 0) for one in place.flats), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in found) == ["Cast", "Conflict"]


async def test_the_lock_is_what_holds_it(committed, bank, monkeypatch):
    """The control: without it both ballots are taken."""
    place = await build(bank, 2)
    proxy = await proxy_of(*place.flats)
    vote = await opened(place, proxy_units=1, proxy_percent=0)
    both, counted = asyncio.Event(), []
    real = proxies.cast_by

    async def no_lock(found, person_id):
        most = await proxies.most_of(found)
        counted.append(await real(found, person_id))
        if len(counted) == 2:
            both.set()
        await asyncio.wait_for(both.wait(), 5)
        if counted[0] >= most:
            raise Conflict("vote.proxy", "")

    monkeypatch.setattr(proxies, "must_be_allowed", no_lock)
    await asyncio.gather(*(cast(place, vote, one, proxy, 0) for one in place.flats))
    async with place.scope():
        assert await Ballot.filter(tenant_id=place.tenant.id, vote_id=vote.id).count() == 2


async def test_an_owner_names_a_proxy_who_sees_the_vote_and_nothing_else(place, ann, client):
    renter, friend = await make.person("Cho"), await make.person("Friend")
    await make.holder(place.flats[0], renter, relation="resident", name="Cho")
    named = Guest("Friend", "friend@example.com", "proxy", [])
    async with place.scope():
        with pytest.raises(Invalid):
            await guests.invite(make.payer(renter), place.tenant.id, place.flats[0].id, named)
        made = await guests.invite(make.payer(ann), place.tenant.id, place.flats[0].id, named)
        with pytest.raises(Conflict):
            await guests.allow(make.payer(ann), place.tenant.id, place.flats[0].id, made.id, sees=["bills"])
    vote = await opened(place)
    with pytest.raises(NotFound):
        await cast(place, vote, place.flats[0], friend, 0)
    await make.sign_in(client, friend.id)
    await confirm_holder(make.payer(friend), confirmation_code(made))
    mine = f"/my/votes/{vote.id}"
    page = text_of(inspect((await client.get(mine)).text))
    assert "You vote as a proxy" in page
    assert "Name a proxy" not in page
    async with open_scope(person_scope(friend.id)):
        assert await VoteEntry.all().count() == 1
    await cast(place, vote, place.flats[0], friend, 1)
    await make.sign_in(client, ann.id)
    await sound(client, "zh-CN", mine, f"/my/units/{place.flats[0].id}/people")
    assert "As a proxy" in text_of(inspect((await client.get(mine)).text))
    people = f"/my/units/{place.flats[0].id}/people/{made.id}"
    await sound(client, "en", people)
    assert (await client.post(f"{people}/end")).status_code == 303
    async with open_scope(person_scope(friend.id)):
        assert await EstateVote.all().count() == 0


async def test_who_owns_from_tomorrow_on_votes_as_the_proxy_that_they_are_today(place, ann, client):
    flat_, vote = place.flats[0], await opened(place)
    async with place.scope():
        owns = Holder.filter(account_id=flat_.id, person_id=ann.id)
        await owns.update(since=TODAY + timedelta(days=1))
    await make.holder(flat_, ann, relation="proxy")
    await make.sign_in(client, ann.id)
    assert "You vote as a proxy" in text_of(inspect((await client.get(f"/my/votes/{vote.id}")).text))


async def test_who_buys_votes_for_the_unit_unless_its_ballot_is_cast(place, ann):
    vote = await opened(place)
    later = await opened(place)
    await cast(place, vote, place.flats[0], ann, 0)
    buyer = await make.person("Bo")
    async with place.scope():
        new = await handover.hand_over(
            place.chief, place.flats[0].id, on=TODAY, holder=HolderForm(name="Bo", relation="owner")
        )
        await Holder.filter(account_id=new.id).update(person_id=buyer.id, confirmed_at=vote.created_at)
    await cast(place, later, new, buyer, 1)
    async with place.scope():
        assert not await VoteEntry.filter(vote_id=vote.id, account_id=new.id).exists()


@pytest.mark.parametrize(("hour", "minute"), [(15, 59), (16, 0)])
async def test_who_buys_votes_from_the_estates_own_midnight(place, monkeypatch, hour, minute):
    """Singapore's day begins at 16:00 UTC: whoever owns from that day on votes at once, and the seller no more."""
    seller, buyer = await make.person("Al"), await make.person("Bo")
    await make.holder(place.flats[1], seller, until=TODAY - timedelta(days=1))
    await make.holder(place.flats[1], buyer, since=TODAY)
    vote = await opened(place)
    eve = datetime.combine(TODAY - timedelta(days=1), time(hour, minute), UTC)
    monkeypatch.setattr(days, "datetime", make.Clock(eve))
    may, may_not = (buyer, seller) if hour == 16 else (seller, buyer)
    with pytest.raises(NotFound):
        await cast(place, vote, place.flats[1], may_not, 0)
    assert (await cast(place, vote, place.flats[1], may, 0)).nonce


@pytest.fixture
async def pair(place):
    return [await flat(place.tenant, f"09-0{n}", "50") for n in (1, 2)]


async def test_units_that_became_one_vote_once_for_each_and_the_whole_stays(place, ann, pair):
    for one in pair:
        await make.holder(one, ann, since=TODAY - timedelta(days=30))
    vote = await opened(place)
    async with place.scope():
        whole = await votes.whole_of(vote)
        made = await reshaping.merge(place.chief, [one.id for one in pair], on=TODAY, door="09-01A")
        entries = await VoteEntry.filter(vote_id=vote.id, account_id=made.id)
        assert await votes.whole_of(vote) == whole
    assert len(entries) == 2
    for number, one in enumerate(entries):
        async with place.scope():
            await votes.cast(make.payer(ann), place.tenant.id, one.id, choice=number)
    ended = await over(place, vote)
    async with place.scope():
        result = await votes.result_of(ended)
    assert list(result.sums) == [Decimal(50), Decimal(50)]


async def test_a_unit_that_became_two_votes_once(place, ann, pair):
    await make.holder(pair[0], ann, since=TODAY - timedelta(days=30))
    vote = await opened(place)
    parts = [Part(door, {"area_sqm": Decimal(25)}) for door in ("09-05", "09-06")]
    async with place.scope():
        made = await reshaping.split(place.chief, pair[0].id, on=TODAY, parts=parts)
        found = await VoteEntry.filter(vote_id=vote.id, account_id__in=[one.id for one in made])
    assert [(one.account_id, one.weight) for one in found] == [(made[0].id, Decimal(50))]
    await cast(place, vote, made[0], ann, 0)


async def test_anybody_counts_again_with_what_is_given_out(place, ann, client, tmp_path):
    vote = await opened(place)
    await cast(place, vote, place.flats[0], ann, 0)
    await make.sign_in(client, ann.id)
    mine = f"/my/votes/{vote.id}"
    await over(place, vote)
    data = (await client.get(f"{mine}/ballots.json")).json()
    program = (await client.get(f"{mine}/tally.py")).text
    (tmp_path / "tally.py").write_text(program)
    (tmp_path / "vote.json").write_text(json.dumps(data))
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-I", tmp_path / "tally.py", tmp_path / "vote.json"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[0] == "Yes: 87 (1)"
    for wrong, why in (
        ({"ballots": [{**data["ballots"][0], "weight": "870"}]}, "weighs"),
        ({"ballots": [{**data["ballots"][0], "proxy": 1}], "most_by_one_proxy": 0}, "proxy"),
        ({"ballots": data["ballots"] * 2}, "twice"),
    ):
        with pytest.raises(ValueError, match=why):
            recount(data | wrong)
    await make.sign_in(client, place.chief.person_id)
    staff = f"{place.root}/votes/{vote.id}"
    assert (await client.get(f"{staff}/ballots.json")).json() == data
    assert (await client.get(f"{staff}/tally.py")).text == program
    assert "Work it out again" in text_of(inspect((await client.get(staff)).text))
