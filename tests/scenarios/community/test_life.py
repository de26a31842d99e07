"""Notices, visitors, parcels and votes: who sees what, what happens once, and results that add up."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.community.models import (
    Ballot,
    EstateNotice,
    EstateVote,
    Parcel,
    VisitorPass,
    VoteEntry,
)
from scenarios.community.notices import service as notices
from scenarios.community.notices.service import Words
from scenarios.community.visitors import codes, parcels, passes
from scenarios.community.visitors.passes import Wish
from scenarios.community.votes import service as votes
from scenarios.community.votes.service import Question
from scenarios.community.votes.tally import Opened, commitment, recount, tally
from tenants.scope import open_scope, person_scope
from tests import make
from tests.page import inspect, text_of
from tests.scenarios.community.estate import TODAY, build
from tests.scenarios.community.test_pages import sound
from ui.errors import Conflict, Forbidden, Invalid, NotFound

NOW = datetime.now(UTC)
SOON = Wish("Uncle", NOW - timedelta(hours=1), NOW + timedelta(hours=5), 2, "sgx 12-34")


@pytest.fixture
async def ann(place):
    found = await make.person("Ann Tan")
    await make.holder(place.flats[0], found)
    return found


# --- notices


async def published(place, **given):
    words = Words({"en": "Water off"}, {"en": "On Monday"}, **given)
    async with place.scope():
        made = await notices.write(place.chief, words)
        return await notices.publish(place.chief, made.id)


async def test_a_notice_reaches_whom_it_is_for_and_nobody_else(place, ann):
    renter, gone = await make.person("Cho"), await make.person("Gone")
    await make.holder(place.flats[1], renter, relation="resident")
    await make.holder(place.flats[1], gone, until=TODAY - timedelta(days=2))  # over by UTC's day as well
    owners = await published(place, relations=["owner"])
    elsewhere = await published(place, buildings=[uuid4()])
    everybody = await published(place)
    async with place.scope():
        hidden = await notices.write(place.chief, Words({"en": "Draft"}, {"en": "x"}))
    assert (owners.reach, elsewhere.reach, everybody.reach) == (1, 0, 2)
    for who, sees in ((ann, {owners.id, everybody.id}), (renter, {everybody.id}), (gone, set())):
        async with open_scope(person_scope(who.id)):
            assert {one.id for one in await EstateNotice.all()} == sees
    async with place.scope():
        with pytest.raises(Conflict):
            await notices.write(place.chief, Words({"en": "x"}, {"en": "y"}), notice_id=owners.id)
        with pytest.raises(Invalid):
            await notices.write(place.chief, Words({"en": " "}, {}))
        with pytest.raises(Forbidden):
            await notices.publish(await make.staff(place.tenant, "reader"), hidden.id)
        await notices.withdraw(place.chief, everybody.id)
    async with open_scope(person_scope(renter.id)):
        assert await EstateNotice.all().count() == 0


async def test_who_has_read_it_is_known_and_it_can_be_printed(place, ann, client):
    await make.sign_in(client, place.chief.person_id)
    root = f"{place.root}/notices"
    form = {"title_en": "Lift", "body_en": "Out of order", "title_zh_CN": "电梯", "body_zh_CN": "停用"}
    assert (await client.post(root, data={"title_en": "Lift"})).status_code == 422
    address = (await client.post(root, data=form)).headers["location"]
    await sound(client, "en", address, f"{address}/editing", f"{root}/new", f"{address}/paper")
    assert (
        await client.post(f"{address}/editing", data={**form, "until": TODAY.isoformat()})
    ).status_code == 303
    assert (await client.post(f"{address}/publication")).status_code == 303
    await make.sign_in(client, ann.id)
    mine = "/my/notices/" + address.rsplit("/", 1)[1]
    for language in ("en", "zh-CN"):
        await sound(client, language, mine, "/my/home")
    await make.sign_in(client, place.chief.person_id)
    await sound(client, "zh-CN", root, address, f"{address}?export=csv")
    assert "Ann Tan" in (await client.get(address)).text
    await make.sign_in(client, (await make.person()).id)
    assert (await client.get(mine)).status_code == 404


# --- visitors and parcels


async def passed(place, wish=SOON):
    async with place.scope():
        return await passes.issue(place.chief, place.tenant.id, place.flats[0].id, wish)


async def test_what_no_pass_can_be(place):
    for wrong in (
        replace(SOON, name=" "),
        replace(SOON, uses=0),
        replace(SOON, valid_until=SOON.valid_from),
        replace(SOON, valid_until=NOW + timedelta(days=60)),
        replace(SOON, valid_from=NOW - timedelta(days=2), valid_until=NOW - timedelta(days=1)),
    ):
        with pytest.raises(Invalid):
            await passed(place, wrong)


async def test_a_resident_expects_a_visitor_and_the_gate_lets_them_in(place, ann, client):
    await make.sign_in(client, ann.id)
    address = f"/my/units/{place.flats[0].id}/visitors"
    form = {"name": "Uncle", "first": TODAY.isoformat(), "last": TODAY.isoformat(), "uses": "1"}
    await sound(client, "en", f"{address}/new")
    wrong = await client.post(address, data={**form, "last": "2020-01-01"})
    assert wrong.status_code == 422
    inspect(wrong.text)
    mine = (await client.post(address, data=form)).headers["location"]
    await sound(client, "zh-CN", mine, "/my/home")
    async with place.scope():
        made = await VisitorPass.get(tenant_id=place.tenant.id)
    guard = await make.staff(place.tenant, "gate", "Guard")
    await make.sign_in(client, guard.person_id)
    gate = f"{place.root}/gate"
    await sound(client, "en", gate)
    shown = {"code": codes.letters(made.id), "nonce": str(uuid4())}
    for _ in range(2):
        told = await client.post(gate, data=shown)
        assert "Come in" in text_of(inspect(told.text))
        assert "1/1" in told.text
    refused = await client.post(gate, data={"code": codes.signed(made), "nonce": str(uuid4())})
    assert "Used as often as it may be" in text_of(inspect(refused.text))
    nobody = await client.post(gate, data={"code": "nonsense", "nonce": ""})
    assert "There is no such pass" in text_of(inspect(nobody.text))
    assert (await client.post(gate, data={"code": ""})).status_code == 422
    await make.sign_in(client, ann.id)
    assert (await client.post(f"{mine}/revocation")).status_code == 303


async def test_a_parcel_waits_and_goes_to_who_knows_the_code(place, ann, client):
    guard = await make.staff(place.tenant, "gate", "Guard")
    await make.sign_in(client, guard.person_id)
    desk = f"{place.root}/parcels"
    assert (await client.post(desk, data={"unit": "nowhere"})).status_code == 422
    assert (
        await client.post(desk, data={"unit": place.flats[0].number, "carrier": "Post"})
    ).status_code == 303
    await sound(client, "zh-CN", desk)
    async with place.scope():
        made = await Parcel.get(tenant_id=place.tenant.id)
    one = f"{desk}/{made.id}"
    await sound(client, "en", one)
    assert (await client.post(one, data={"code": "000000x"})).status_code == 422
    await make.sign_in(client, ann.id)
    assert made.code in (await client.get("/my/home")).text
    await make.sign_in(client, guard.person_id)
    assert (await client.post(one, data={"code": made.code, "to": "Ann"})).status_code == 303
    async with place.scope():
        with pytest.raises(Conflict):
            await parcels.give_out(guard, made.id, code=made.code, to="Ann")


# --- votes

hundredths = st.integers(1, 999_900).map(lambda n: Decimal(n) / 100)
weights = st.lists(hundredths, min_size=1, max_size=20)


@given(weights, st.data())
def test_the_tally_recomputes_from_what_is_published_and_notices_any_change(entries, data):
    vote = str(uuid4())
    ballots = []
    for number, weight in enumerate(entries, start=1):
        choice = data.draw(st.sampled_from([None, 0, 1, 2]))
        if choice is not None:
            bound = commitment(vote, number, choice, "n").hex()
            ballots.append(Opened(number, weight, choice, "n", bound))
    result = tally(vote, 3, ballots, sum(entries), 50)
    assert sum(result.sums) == result.cast == sum(one.weight for one in ballots)
    assert sum(result.counts) == len(ballots)
    assert result.is_quorate == (bool(ballots) and result.cast * 2 >= sum(entries))
    assert tally(vote, 3, reversed(ballots), sum(entries), 50) == result
    if ballots:
        changed = replace(ballots[0], choice=(ballots[0].choice + 1) % 3)
        with pytest.raises(ValueError, match="committed"):
            tally(vote, 3, [changed, *ballots[1:]], sum(entries), 50)
        with pytest.raises(ValueError, match="twice"):
            tally(vote, 3, [*ballots, ballots[0]], sum(entries), 50)


async def opened(place, **given):
    facts = {
        "answers": {"en": ["Yes", "No"], "zh_CN": ["同意", "反对"]},
        "basis": "area",
        "quorum_percent": 50,
        "closes_at": NOW + timedelta(days=3),
    }
    async with place.scope():
        made = await votes.draft(
            place.chief,
            Question({"en": "Paint the hall?", "zh_CN": "粉刷大厅吗？"}, {}, **{**facts, **given}),
        )
        return await votes.open_vote(place.chief, made.id)


async def entry(place, vote, flat):
    async with place.scope():
        return await VoteEntry.get(tenant_id=place.tenant.id, vote_id=vote.id, account_id=flat.id)


async def cast(place, vote, flat, who, choice):
    found = await entry(place, vote, flat)
    async with place.scope():
        return await votes.cast(make.payer(who), place.tenant.id, found.id, choice=choice)


async def over(place, vote):
    async with place.scope():
        await EstateVote.filter(id=vote.id).update(closes_at=NOW - timedelta(seconds=1))
        await votes.close(place.chief, vote.id)
        return await votes.publish(place.chief, vote.id)


async def test_a_vote_by_area_with_a_proxy_is_sealed_counted_and_published(place, ann):
    proxy = await make.person("Proxy")
    await make.holder(place.flats[1], proxy, relation="proxy")
    vote = await opened(place)
    kept = await cast(place, vote, place.flats[0], ann, 0)
    await cast(place, vote, place.flats[1], proxy, 1)
    async with place.scope():
        sealed = await Ballot.filter(tenant_id=place.tenant.id, vote_id=vote.id)
        assert {one.choice for one in sealed} == {None}
        assert await votes.opened(vote) == []
        assert {one.as_proxy for one in sealed} == {False, True}
        with pytest.raises(Conflict):
            await votes.close(place.chief, vote.id)  # its time is not over
    with pytest.raises(Conflict):
        await cast(place, vote, place.flats[0], ann, 1)  # one ballot for an entry
    for flat, who in ((place.flats[2], ann), (place.flats[0], proxy)):
        with pytest.raises(NotFound):
            await cast(place, vote, flat, who, 0)
    ended = await over(place, vote)
    async with place.scope():
        result = await votes.result_of(ended)
        data = await votes.published(ended)
    assert list(result.sums) == [Decimal(87), Decimal(94)]
    assert result.whole == 87 + 94 + 101
    assert ended.options[result.winner] == {"en": "No", "zh_CN": "反对"}
    again = json.loads(json.dumps(data))
    assert recount(again) == result
    assert [one["proxy"] > 0 for one in again["ballots"]] == [one["choice"] == 1 for one in again["ballots"]]
    mine = next(one for one in data["ballots"] if one["number"] == kept.number)
    assert (mine["nonce"], mine["commitment"], mine["choice"]) == (kept.nonce, kept.commitment, 0)


async def test_too_few_decide_nothing_and_by_head_each_unit_weighs_one(place, ann):
    vote = await opened(place, basis="head")
    await cast(place, vote, place.flats[0], ann, 0)
    ended = await over(place, vote)
    async with place.scope():
        result = await votes.result_of(ended)
    assert (int(result.whole), int(result.cast)) == (3, 1)
    assert not result.is_quorate
    assert result.winner is None
    with pytest.raises(Conflict):
        await cast(place, vote, place.flats[0], ann, 0)


async def test_a_renter_sees_no_ballot_of_their_own_and_others_see_no_vote(place):
    renter, stranger = await make.person("Cho"), await make.person("Stranger")
    await make.holder(place.flats[0], renter, relation="resident")
    vote = await opened(place)
    with pytest.raises(NotFound):
        await cast(place, vote, place.flats[0], renter, 0)
    async with open_scope(person_scope(stranger.id)):
        assert await EstateVote.all().count() == 0
        assert await VoteEntry.all().count() == 0


async def test_two_ballots_at_once_are_one_and_without_the_key_they_would_be_two(committed, bank):
    place = await build(bank, 1)
    ann, ben = await make.person("Ann"), await make.person("Ben")
    for who in (ann, ben):
        await make.holder(place.flats[0], who, name=who.name)
    vote = await opened(place)

    async def both() -> list[bool]:
        found = await asyncio.gather(
            cast(place, vote, place.flats[0], ann, 0),
            cast(place, vote, place.flats[0], ben, 1),
            return_exceptions=True,
        )
        return [isinstance(one, Exception) for one in found]

    assert sorted(await both()) == [False, True]
    async with place.scope():
        assert await Ballot.filter(tenant_id=place.tenant.id, vote_id=vote.id).count() == 1


async def test_the_key_is_what_holds_it(owner, committed):
    """The control: the unique key on the entry is there, and it is the only thing that refuses a second ballot."""
    found = await owner.fetch(
        "select pg_get_indexdef(indexrelid) d from pg_index where indrelid = 'community_ballot'::regclass"
        " and indisunique and not indisprimary"
    )
    assert any("(tenant_id, entry_id)" in row["d"] for row in found)


async def test_an_owner_votes_on_the_pages(place, ann, client):
    await make.sign_in(client, place.chief.person_id)
    root = f"{place.root}/votes"
    form = {
        "title_en": "Paint the hall?",
        "answers_en": "Yes\nNo",
        "title_zh_CN": "粉刷大厅吗？",
        "answers_zh_CN": "同意\n反对",
        "basis": "area",
        "quorum_percent": "10",
        "closes_on": TODAY.isoformat(),
    }
    await sound(client, "zh-CN", root, f"{root}/new")
    for wrong in (
        {"answers_en": "Yes"},
        {"answers_zh_CN": "同意\n反对\n弃权"},
        {"title_en": "", "title_zh_CN": " "},
    ):
        assert (await client.post(root, data={**form, **wrong})).status_code == 422
    address = (await client.post(root, data=form)).headers["location"]
    assert (await client.post(f"{address}/opening")).status_code == 303
    await sound(client, "en", root, address)
    async with place.scope():
        vote = await EstateVote.get(tenant_id=place.tenant.id)
    found = await entry(place, vote, place.flats[0])
    await make.sign_in(client, ann.id)
    mine = f"/my/votes/{vote.id}"
    await sound(client, "en", mine, "/my/home")
    chinese = (await client.get(mine, headers={"Accept-Language": "zh-CN"})).text
    assert all(words in chinese for words in ("粉刷大厅吗？", "同意", "反对"))
    assert "Paint" not in chinese, "whoever reads Chinese gets all of it in Chinese"
    nothing = await client.post(mine, data={"entry": str(found.id)})
    assert nothing.status_code == 422
    inspect(nothing.text)
    done = await client.post(mine, data={"entry": str(found.id), "choice": "0"})
    assert "Your ballot is cast" in done.text
    inspect(done.text)
    assert (await client.get(f"{mine}/ballots.json")).status_code == 404
    await over(place, vote)
    await sound(client, "zh-CN", mine)
    data = (await client.get(f"{mine}/ballots.json")).json()
    assert [one["choice"] for one in data["ballots"]] == [0]
    await make.sign_in(client, place.chief.person_id)
    await sound(client, "zh-CN", address)
