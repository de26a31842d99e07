"""Repairs and complaints from report to rating, who gets them, what they may cost, and planned maintenance."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.models import Bill
from billing.payments.states import diagram, table
from scenarios.community.models import WorkMaterial, WorkNote, WorkOrder, WorkShift
from scenarios.community.service import assigning, finishing, orders, quotes, reports, settings
from scenarios.community.service.orders import Report
from scenarios.community.service.reports import Said
from scenarios.community.service.settings import PlanTerms
from scenarios.community.service.states import ACTS, TONES, WORDS, WORK
from tenants.models import Membership, Notice
from tenants.scope import open_scope, person_scope
from tests import make
from tests.page import inspect, text_of
from tests.scenarios.community.estate import TODAY
from tests.scenarios.community.test_pages import picture, sound
from ui.errors import Conflict, Forbidden, Invalid, NotFound

NOW = datetime.now(UTC)
EVERY_DAY = list(range(1, 8))


async def category(place, position=0):
    async with place.scope():
        return (await settings.categories(place.tenant.id))[position]


async def reported(place, ann=None, **given):
    kind = await category(place)
    who = make.payer(ann) if ann else place.chief
    said = Report(kind.id, "The tap drips", **{"account_id": place.flats[0].id, **given})
    async with place.scope():
        return await orders.report(who, place.tenant.id, said)


async def do(place, act, order, *args, **given):
    async with place.scope():
        return await act(place.chief, order.id, *args, **given)


@pytest.fixture
async def ann(place):
    found = await make.person("Ann Tan")
    await make.holder(place.flats[0], found)
    return found


def test_every_edge_of_an_order_and_no_other():
    assert set(WORDS) == set(TONES) == set(WORK.states)
    assert set(WORK.edges) <= set(ACTS)
    for edge, one in WORK.edges.items():
        for status in WORK.states:
            assert WORK.can(status, edge) == (status in one.sources)
    readme = (Path(__file__).parents[3] / "scenarios/community/README.md").read_text()
    assert table(WORK) in readme
    assert diagram(WORK) in readme


@given(
    st.dictionaries(st.integers(0, 5), st.integers(0, 9)),
    st.lists(st.integers(0, 5), max_size=6, unique=True),
)
def test_work_goes_to_who_is_there_and_has_least_to_do(busy, there):
    people = {n: uuid4() for n in range(6)}
    on = [
        WorkShift(person_id=people[n], person_name=str(n), weekdays=[1], from_hour=0, until_hour=24)
        for n in there
    ]
    found = assigning.choose(on, {people[n]: count for n, count in busy.items()})
    if not there:
        assert found is None
    else:
        assert busy.get(int(found.person_name), 0) == min(busy.get(n, 0) for n in there)


async def test_a_shift_takes_its_hours_and_categories(place):
    water, lifts = await category(place), await category(place, 2)
    technician = await make.staff(place.tenant, "technician", "Raj")
    async with place.scope():
        await settings.add_shift(
            place.chief,
            person=technician.person_id,
            weekdays=EVERY_DAY,
            from_hour=0,
            until_hour=24,
            categories=[water.id],
        )
        with pytest.raises(Invalid):
            await settings.add_shift(
                place.chief, person=technician.person_id, weekdays=[1], from_hour=9, until_hour=9
            )
        with pytest.raises(Forbidden):
            await settings.drop_shift(technician, water.id)
        shift = await WorkShift.get(tenant_id=place.tenant.id)
    noon = datetime(2026, 6, 1, 12, tzinfo=UTC)
    assert assigning.is_on(shift, water.id, noon)
    assert not assigning.is_on(shift, lifts.id, noon)
    made = await reported(place)
    assert (made.status, made.assignee_name) == ("assigned", "Raj")
    assert (await reported(place)).number != made.number


async def test_from_report_to_rating(place, ann):
    made = await reported(place, ann)
    assert made.status == "reported"
    assert made.due_at - made.created_at <= timedelta(hours=24, seconds=5)
    raj = await make.staff(place.tenant, "technician", "Raj")
    async with place.scope():
        await orders.start(raj, made.id)
        await quotes.add_material(raj, made.id, name="Washer", quantity=Decimal(2), price_minor=150)
        await finishing.finish(raj, made.id, text="New washers")
        with pytest.raises(Conflict):
            await orders.start(raj, made.id)
        done = await finishing.reopen(make.payer(ann), place.tenant.id, made.id, text="It still drips")
        assert (done.status, done.reopened_count) == ("assigned", 1)
        await finishing.finish(raj, made.id, text="")
        with pytest.raises(Invalid):
            await finishing.confirm(make.payer(ann), place.tenant.id, made.id, rating=6, text="")
        await finishing.confirm(make.payer(ann), place.tenant.id, made.id, rating=4, text="Thanks")
        kept = await WorkOrder.get(tenant_id=place.tenant.id, id=made.id)
        assert (kept.status, kept.rating, kept.assignee_name) == ("confirmed", 4, "Raj")
        assert await Notice.filter(tenant_id=place.tenant.id, person_id=ann.id).count() == 2
        assert (await WorkMaterial.get(tenant_id=place.tenant.id)).quantity == 2
    async with open_scope(person_scope(ann.id)):
        acts = [note.act for note in await WorkNote.all().order_by("created_at", "id")]
    assert acts == ["report", "start", "finish", "reopen", "finish", "confirm"], "material is for staff alone"


async def test_after_two_weeks_it_is_a_new_report(place, ann):
    made = await reported(place, ann)
    await do(place, finishing.finish, made, text="")
    async with place.scope():
        await WorkOrder.filter(id=made.id).update(done_at=datetime.now(UTC) - timedelta(days=15))
        with pytest.raises(Conflict):
            await finishing.reopen(make.payer(ann), place.tenant.id, made.id, text="Again")


async def test_nothing_is_billed_without_consent_and_once_with_it(place, ann):
    for answer in (False, True):
        made = await reported(place, ann)
        await do(place, quotes.quote, made, amount_minor=4500, text="A new tap")
        with pytest.raises(Conflict):
            await do(place, finishing.finish, made, text="")
        async with place.scope():
            await quotes.answer_quote(make.payer(ann), place.tenant.id, made.id, is_agreed=answer)
            with pytest.raises(Conflict):
                await quotes.answer_quote(make.payer(ann), place.tenant.id, made.id, is_agreed=not answer)
        await do(place, finishing.finish, made, text="")
        async with place.scope():
            await finishing.reopen(make.payer(ann), place.tenant.id, made.id, text="Still")
        await do(place, finishing.finish, made, text="")
        async with place.scope():
            bills = await Bill.filter(tenant_id=place.tenant.id, account_id=place.flats[0].id)
        assert [bill.total_minor for bill in bills] == ([4500] if answer else [])
        assert all(bill.reference == made.number for bill in bills)


async def test_strangers_and_colleagues_without_the_right_do_nothing(place, ann):
    made = await reported(place, ann)
    reader, stranger = await make.staff(place.tenant, "cashier"), await make.person("Stranger")
    async with place.scope():
        for act in (orders.start, quotes.withdraw_quote):
            with pytest.raises(Forbidden):
                await act(reader, made.id)
    async with open_scope(person_scope(stranger.id)):
        assert await WorkOrder.all().count() == 0
        assert await WorkNote.all().count() == 0
        with pytest.raises(NotFound):
            await orders.get(place.tenant.id, made.id)


async def test_planned_work_comes_round_once_with_its_checklist(place):
    kind = await category(place)
    terms = PlanTerms("Pumps", kind.id, None, 3, TODAY - timedelta(days=100), ["Oil", "Listen", " "])
    async with place.scope():
        plan = await settings.add_plan(place.chief, terms)
        assert await settings.due_plans(place.chief) == 1
        assert await settings.due_plans(place.chief) == 0, "what has come round comes round once"
        await plan.refresh_from_db()
        assert plan.next_on > TODAY
        made = await WorkOrder.get(tenant_id=place.tenant.id, plan_id=plan.id)
        assert (made.kind, made.left_to_check) == ("planned", 2)
        with pytest.raises(Conflict):
            await finishing.finish(place.chief, made.id, text="")
        await reports.report(place.chief, made.id, Said("list", NOW, {0: True, 1: True}))
        await finishing.finish(place.chief, made.id, text="All well")


async def test_a_resident_and_a_technician_go_through_the_pages(place, ann, client):
    kind = await category(place)
    await make.sign_in(client, ann.id)
    address = f"/my/units/{place.flats[0].id}/repairs"
    await sound(client, "zh-CN", f"{address}/new", "/my/home")
    assert (
        await client.post(address, data={"kind": "repair", "category": str(kind.id), "text": " "})
    ).status_code == 422
    form = {"kind": "repair", "category": str(kind.id), "text": "No light in the hall"}
    sent = await client.post(address, data=form, files={"files": ("dark.png", picture(), "image/png")})
    assert sent.status_code == 303
    mine = sent.headers["location"]
    page = inspect((await client.get(mine)).text)
    link = next(a.get("href") for a in page.iter("a") if "/files/" in (a.get("href") or ""))
    assert (await client.get(link)).content == picture()
    assert (await client.post(f"/my/units/{place.flats[1].id}/repairs", data=form)).status_code == 404
    raj = await make.staff(place.tenant, "technician", "Raj")
    await make.sign_in(client, raj.person_id)
    async with place.scope():
        order = await WorkOrder.get(tenant_id=place.tenant.id)
        assert (await Membership.get(tenant_id=place.tenant.id, person_id=raj.person_id)).name == "Raj"
    work = f"{place.root}/work/{order.id}"
    await sound(
        client, "en", f"{place.root}/work", f"{place.root}/work/board", f"{place.root}/work/board?of=me"
    )
    await sound(client, "zh-CN", work, f"{place.root}/work/new", f"{place.root}/work?export=csv&status=open")
    assert (await client.get(f"{place.root}/work/rules")).status_code == 403
    assert (await client.post(work, data={"act": "start"})).status_code == 303
    quote = {"act": "quote", "amount_minor": "12.50", "text": "A lamp"}
    assert (await client.post(work, data={**quote, "amount_minor": ""})).status_code == 422
    assert (await client.post(work, data=quote)).status_code == 303
    await make.sign_in(client, ann.id)
    assert "12.50" in (await client.get(mine)).text
    assert (await client.post(mine, data={"act": "agree"})).status_code == 303
    await make.sign_in(client, raj.person_id)
    done = await client.post(work, data={"act": "finish", "text": "New lamp"})
    assert done.status_code == 303
    await sound(client, "en", work)
    await make.sign_in(client, ann.id)
    await sound(client, "en", mine, "/my/home")
    assert (await client.post(mine, data={"act": "confirm", "rating": "5"})).status_code == 303
    assert "Confirmed" in text_of(inspect((await client.get(mine)).text))


async def test_the_desk_writes_down_and_rules_are_set_in_forms(place, client):
    await make.sign_in(client, place.chief.person_id)
    kind = await category(place)
    desk = {
        "kind": "complaint",
        "source": "phone",
        "category": str(kind.id),
        "text": "Noise",
        "unit": "nowhere",
    }
    wrong = await client.post(f"{place.root}/work", data=desk)
    assert wrong.status_code == 422
    inspect(wrong.text)
    assert (
        await client.post(f"{place.root}/work", data={**desk, "unit": place.flats[0].number})
    ).status_code == 303
    rules = f"{place.root}/work/rules"
    await sound(client, "en", rules)
    shift = {
        "person": str(place.chief.person_id),
        "weekdays": ["1", "2"],
        "from_hour": "8",
        "until_hour": "12",
    }
    assert (await client.post(f"{rules}/shifts", data={**shift, "until_hour": "7"})).status_code == 422
    assert (await client.post(f"{rules}/shifts", data=shift)).status_code == 303
    assert (
        await client.post(f"{rules}/categories", data={"english": "Pools", "hours": "5"})
    ).status_code == 303
    plan = {
        "name": "Pumps",
        "category": str(kind.id),
        "every_months": "1",
        "next_on": TODAY.isoformat(),
        "steps": "Oil",
    }
    assert (await client.post(f"{rules}/plans", data=plan)).status_code == 303
    await sound(client, "zh-CN", rules, f"{place.root}/work/board")
    async with place.scope():
        assert await WorkOrder.filter(tenant_id=place.tenant.id, kind="planned").count() == 1
        shift_id = (await WorkShift.get(tenant_id=place.tenant.id)).id
    assert (await client.post(f"{rules}/shifts/{shift_id}/removal")).status_code == 303
