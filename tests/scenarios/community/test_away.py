"""Work finished where there is no network: each report counts once, and in any order they come to the same."""

import random
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.community.models import WorkNote, WorkOrder, WorkReport
from scenarios.community.service import finishing, orders, quotes, reports
from scenarios.community.service.reports import Said, come_to
from tests import make
from tests.page import inspect
from tests.scenarios.community.test_pages import picture
from tests.scenarios.community.test_service import ann, category, do
from ui.errors import Forbidden, NotFound

__all__ = ["ann"]
NINE = datetime(2026, 6, 1, 9, tzinfo=UTC)
said = st.builds(
    Said,
    st.uuids().map(str),
    st.integers(0, 5).map(lambda hours: NINE + timedelta(hours=hours)),
    st.dictionaries(st.integers(0, 3), st.booleans()),
    st.booleans(),
)


@given(st.lists(said, max_size=6), st.lists(st.booleans(), max_size=3), st.randoms(use_true_random=False))
def test_reports_come_to_the_same_in_any_order_and_sent_twice(given_, before, chance: random.Random):
    mixed = given_ + chance.sample(given_, len(given_) // 2)
    chance.shuffle(mixed)
    came = come_to(given_, before)
    assert come_to(mixed, before) == came
    again = [came.steps.get(place, is_done) for place, is_done in enumerate(before)]
    assert come_to(given_, again) == came, "merging once more changes nothing"
    if came.done_at:
        assert any(one.is_done and one.at <= came.done_at for one in given_)
    assert come_to(given_, before, since=NINE + timedelta(hours=9)).done_at is None, (
        "it was opened again later"
    )


async def planned(place, *steps):
    """An order of two hours ago, begun by a technician, with a checklist."""
    kind = await category(place)
    async with place.scope():
        made = await orders.report(
            place.chief,
            place.tenant.id,
            orders.Report(kind.id, "The tap drips", account_id=place.flats[0].id, checklist=steps),
        )
        await WorkOrder.filter(id=made.id).update(created_at=datetime.now(UTC) - timedelta(hours=2))
    return made


async def outcome(place, made):
    async with place.scope():
        order = await WorkOrder.get(id=made.id)
        story = await WorkNote.filter(order_id=made.id).order_by("created_at", "id")
    steps = [step["is_done"] for step in order.checklist]
    return order.status, steps, order.done_at, [(one.act, one.text) for one in story if one.act != "report"]


async def test_two_cellars_send_in_any_order_and_twice(place, ann):
    now = datetime.now(UTC)
    first = Said(str(uuid4()), now - timedelta(minutes=50), {0: True}, text="Valve closed")
    wrong = Said(str(uuid4()), now - timedelta(minutes=40), {1: True})
    taken = Said(str(uuid4()), now - timedelta(minutes=35), {1: False})
    second = Said(str(uuid4()), now - timedelta(minutes=30), {1: True}, is_done=True, text="Seal changed")
    third = Said(str(uuid4()), now - timedelta(minutes=20), {}, is_done=True, text="I was there too")
    ends = []
    for sent in ([first, wrong, taken, second, third], [third, second, second, first, taken, wrong, third]):
        made = await planned(place, "Close the valve", "Change the seal")
        for one in sent:
            report = Said(f"{made.number} {one.key}"[:60], one.at, one.steps, one.is_done, one.text)
            await do(place, reports.report, made, report)
        ends.append(await outcome(place, made))
    assert ends[0] == ends[1]
    told = [("progress", "Valve closed"), ("finish", "Seal changed"), ("finish", "I was there too")]
    assert ends[0] == ("done", [True, True], second.at, told)


async def test_a_report_is_kept_though_the_order_cannot_be_done_yet(place, ann):
    made = await planned(place)
    await do(place, quotes.quote, made, amount_minor=2_000, text="New tap")
    key, at = str(uuid4()), datetime.now(UTC) - timedelta(minutes=9)
    order, wrong = await do(place, reports.report, made, Said(key, at, {}, is_done=True))
    assert (order.status, wrong is not None) == ("reported", True)
    async with place.scope():
        assert await reports.said_done(order) == at
        await quotes.answer_quote(make.payer(ann), place.tenant.id, made.id, is_agreed=True)
    order, wrong = await do(
        place, reports.report, made, Said(key, datetime.now(UTC), {9: True}, is_done=False)
    )
    assert (order.status, order.done_at, wrong) == ("done", at, None), "what was sent first is what counts"
    async with place.scope():
        assert await WorkReport.filter(order_id=made.id).count() == 1
        await finishing.reopen(make.payer(ann), place.tenant.id, made.id, text="It drips again")
    late = Said(str(uuid4()), at + timedelta(minutes=1), {}, is_done=True)
    order, _ = await do(place, reports.report, made, late)
    assert order.status == "assigned", "it was said before it was opened again"
    async with place.scope():
        assert await reports.said_done(order) is None
        await orders.cancel(place.chief, made.id, text="The house is sold")
    order, _ = await do(place, reports.report, made, Said(str(uuid4()), at, {}, is_done=True, text="Done"))
    assert order.status == "cancelled"
    async with place.scope():
        with pytest.raises(Forbidden):
            await reports.report(await make.staff(place.tenant, "reader"), made.id, late)
        with pytest.raises(NotFound):
            await reports.report(place.chief, uuid4(), late)


async def test_the_page_goes_along_and_takes_list_and_photo(place, client):
    made = await planned(place, "Close the valve", "Change the seal")
    raj = await make.staff(place.tenant, "technician", "Raj")
    await do(place, orders.assign, made, person_id=raj.person_id)
    await make.sign_in(client, raj.person_id)
    page, root = f"{place.root}/work/mine", f"{place.root}/work"
    assert page in (await client.get(f"{root}/board")).text
    for language in ("en", "zh-CN"):
        text = (await client.get(page, headers={"Accept-Language": language})).text
        inspect(text)
        assert "Close the valve" in text
    kept = (await client.get(f"{page}/worker.js")).text
    assert page in kept
    assert "away" in kept
    script, key = {"Accept": "application/json"}, str(uuid4())
    data = {"key": key, "steps": ["0"], "said_at": "2026-01-01T09:00:00Z", "text": "Half"}
    photo = {"files": ("seal.png", picture(), "image/png")}
    for _ in range(2):
        told = await client.post(f"{root}/{made.id}/reports", data=data, files=photo, headers=script)
        assert told.json()["status"] == "assigned"
    early = {"key": str(uuid4()), "shown": ["0"], "steps": ["0"], "is_done": "on"}
    told = (await client.post(f"{root}/{made.id}/reports", data=early, headers=script)).json()
    assert told["is_open"]
    assert "Some steps" in told["words"]
    assert "Said to be done, and still open" in (await client.get(f"{root}/{made.id}")).text
    plain = {"key": str(uuid4()), "shown": ["0"], "steps": ["0", "1"], "is_done": "on", "text": "All"}
    answer = await client.post(f"{root}/{made.id}/reports", data=plain)
    assert (answer.status_code, answer.headers["location"]) == (303, page)
    assert (await outcome(place, made))[:2] == ("done", [True, True])
    async with place.scope():
        assert sum(len(one.files) for one in await WorkNote.filter(order_id=made.id)) == 1, (
            "the photo is kept once"
        )
    assert "You have nothing to do" in (await client.get(page)).text
    await make.sign_in(client, (await make.staff(place.tenant, "reader")).person_id)
    assert (await client.get(page)).status_code == 403
