"""Taking numbers: price, hold, quota, what one patient may not have, changing, cancelling, stopping."""

from datetime import UTC, datetime, timedelta

import pytest

from billing.holds import ending
from billing.ledger import verify_ledger
from billing.models import Refund
from billing.terms import keep_terms
from scenarios.hospital import blocks, cancelling, pricing, stopping, waiting
from scenarios.hospital.kinds import QUOTAS
from scenarios.hospital.models import Appointment, ClinicSlot, ClinicWaiting
from scenarios.hospital.terms import BookingTerms
from tenants.days import today
from tenants.ids import new_id
from tenants.models import Notice
from tenants.scope import execute, value
from tests.jobs import run_due
from ui.errors import Conflict


async def test_a_session_has_one_number_for_each_of_its_quotas(house):
    session = await house.session()
    async with house.scope():
        slots = await ClinicSlot.filter(tenant_id=house.id, session_id=session.id).order_by("number")
    assert [slot.number for slot in slots] == [1, 2, 3, 4, 5]
    assert {
        kind: sum(s.kind == kind for s in slots) for kind in QUOTAS if any(s.kind == kind for s in slots)
    } == {
        "first": 3,
        "return": 1,
        "desk": 1,
    }
    assert slots[0].starts_at == session.starts_at
    assert slots[-1].ends_at == session.ends_at


async def test_the_price_goes_by_title_and_insurance_and_a_soon_return_is_free(house):
    ann, bo = await house.patient("Ann"), await house.patient("Bo", is_insured=True)
    chief, resident = await house.session(0), await house.session(2)
    assert [
        (await house.book(one, session)).price_minor for one, session in ((ann, chief), (bo, resident))
    ] == [
        pytest.approx(5000 + (500 if chief.starts_at.astimezone().weekday() >= 5 else 0), abs=500),
        pytest.approx(400 + (500 if resident.starts_at.astimezone().weekday() >= 5 else 0), abs=500),
    ]
    seen = await house.booked(ann, await house.session(2, 0))
    async with house.scope():
        await Appointment.filter(tenant_id=house.id, id=seen.id).update(status="fulfilled")
    again = await house.book(ann, await house.session(2, 2), visit="return")
    assert (again.price_minor, again.status, again.bill_id) == (0, "booked", None)
    late = await house.book(ann, await house.session(2, 5), visit="return")
    assert late.price_minor > 0


async def test_a_number_is_held_while_it_is_paid_and_then_booked_or_let_go(house):
    ann, bo = await house.patient("Ann"), await house.patient("Bo")
    session = await house.session()
    first = await house.book(ann, session)
    assert (first.status, first.price_minor > 0) == ("pending", True)
    await house.pay(first)
    assert (await house.fresh(first)).status == "booked"
    second = await house.book(bo, session)
    async with house.scope():
        pass
    await ending.cancel(house.system, second.hold_id)
    assert (await house.fresh(second)).status == "lapsed"
    async with house.scope():
        assert await verify_ledger(house.id) == []


async def test_every_kind_of_number_is_given_as_often_as_its_quota_and_no_more(house):
    session = await house.session()
    taken = [await house.book(await house.patient(f"P{n}"), session) for n in range(3)]
    with pytest.raises(Conflict, match=r"session\.full"):
        await house.book(await house.patient("One more"), session)
    back = await house.book(await house.patient("Returns"), session, visit="return")
    desk = await house.book(await house.patient("Walks in"), session, channel="desk", actor=house.clerk)
    assert [one.quota for one in (*taken, back, desk)] == ["first"] * 3 + ["return", "desk"]
    with pytest.raises(Conflict, match=r"session\.full"):
        await house.book(await house.patient("Last"), session, channel="desk", actor=house.clerk)


async def test_the_same_form_twice_is_one_appointment(house):
    ann, session = await house.patient(), await house.session()
    one, again = [await house.book(ann, session, key="k") for _ in range(2)]
    assert one.id == again.id


async def test_what_one_patient_may_not_have(house):
    ann = await house.patient()
    made = await house.book(ann, await house.session(0, 1), from_at=(await house.session(0, 1)).starts_at)
    with pytest.raises(Conflict, match=r"visit\.department"):
        await house.book(ann, await house.session(1, 1), from_at=made.ends_at)
    other = await house.session(2, 1)
    beside = await house.book(ann, other, from_at=made.starts_at)
    assert beside.starts_at >= made.ends_at or beside.ends_at <= made.starts_at
    await ending.cancel(house.system, beside.hold_id)
    async with house.scope():
        await execute(
            "update hospital_appointment set starts_at = $3, ends_at = $4 where tenant_id = $1 and id = $2",
            house.id,
            made.id,
            other.starts_at,
            other.ends_at,
        )
    with pytest.raises(Conflict, match=r"visit\.overlaps"):
        await house.book(ann, other)
    async with house.scope():
        await keep_terms(house.system, BookingTerms(per_day=1), tenant_id=house.id)
        session = await house.session(2, 1)
        await execute(
            "update hospital_slot set starts_at = starts_at + interval '5 hours', ends_at = ends_at + interval"
            " '5 hours' where tenant_id = $1 and session_id = $2",
            house.id,
            session.id,
        )
    with pytest.raises(Conflict, match=r"visit\.day"):
        await house.book(ann, session)


async def test_numbers_cannot_be_had_before_they_open_but_at_the_desk(house):
    ann, session = await house.patient(), await house.session(0, 3)
    async with house.scope():
        await execute(
            "update hospital_session set opens_at = now() + interval '1 hour' where tenant_id = $1 and id = $2",
            house.id,
            session.id,
        )
    with pytest.raises(Conflict, match=r"session\.closed"):
        await house.book(ann, session)
    assert (await house.book(ann, session, channel="desk", actor=house.clerk)).status == "pending"


@pytest.mark.parametrize(("hours", "share"), [(25, 0), (13, 20), (2, 100)])
async def test_a_cancellation_keeps_what_its_rule_says_and_gives_the_rest_back(house, hours, share):
    ann, session = await house.patient(), await house.session(0, 4)
    made = await house.booked(ann, session)
    lead = (made.starts_at - datetime.now(UTC)) - timedelta(hours=hours, minutes=1)
    await house.move(made, seconds=lead.total_seconds())
    made = await house.fresh(made)
    kept = made.price_minor * share // 100
    async with house.scope():
        steps = await pricing.steps_of(
            house.id, price_minor=made.price_minor, currency="SGD", starts_at=made.starts_at, day=made.day
        )
        assert {step.back_minor for step in steps} >= {made.price_minor - kept}
        with pytest.raises(Conflict, match=r"visit\.kept"):
            await cancelling.cancel(
                house.system, appointment_id=made.id, seen_kept_minor=kept + 1, key=new_id().hex
            )
        done = await cancelling.cancel(
            house.system, appointment_id=made.id, seen_kept_minor=kept, key=new_id().hex
        )
        back = await value(
            "select coalesce(sum(amount_minor), 0)::bigint from billing_refund where tenant_id = $1", house.id
        )
    assert (done.status, done.kept_minor, back) == ("cancelled", kept, made.price_minor - kept)
    again = await house.book(await house.patient("Next"), session)
    assert again.status == "pending"


async def test_an_appointment_is_changed_with_its_money(house):
    ann = await house.patient()
    made = await house.booked(ann, await house.session(0, 0))
    others = [one for one in await house.sessions(house.doctors[0]) if one.id != made.session_id]
    for other in others:
        async with house.scope():
            try:
                moved = await cancelling.change(
                    house.system, appointment_id=made.id, session_id=other.id, key=new_id().hex
                )
            except Conflict:
                continue
        break
    assert (moved.status, moved.bill_id, moved.hold_id) == ("booked", made.bill_id, made.hold_id)
    assert (await house.fresh(made)).status == "moved"


async def test_who_waits_is_offered_what_becomes_free_and_told_once(house):
    session = await house.session(1, 2)
    taken = [await house.booked(await house.patient(f"P{n}"), session) for n in range(3)]
    await house.booked(await house.patient("Return"), session, visit="return")
    _, actor, ann = await house.mine()
    async with house.scope():
        for _ in range(2):
            await waiting.wait(
                actor.within(house.id), session_id=session.id, account_id=ann.id, visit="first"
            )
        kept = await pricing.kept_of(taken[0])
        await cancelling.cancel(
            house.system, appointment_id=taken[0].id, seen_kept_minor=kept, key=new_id().hex
        )
        offered = await ClinicWaiting.get(tenant_id=house.id, account_id=ann.id)
        assert offered.status == "offered"
        assert (
            await Notice.filter(tenant_id=house.id, template="visit.offered", channel="in_app").count() == 1
        )
    with pytest.raises(Conflict, match=r"session\.full"):
        await house.book(await house.patient("Quick"), session)
    made = await house.booked(ann, session)
    assert made.status == "booked"
    async with house.scope():
        assert (await ClinicWaiting.get(tenant_id=house.id, account_id=ann.id)).status == "booked"


async def test_a_stopped_session_moves_or_refunds_everybody_and_tells_each_once(house):
    session = await house.session(0, 5)
    same = [one for one in await house.sessions(house.doctors[0]) if one.id != session.id]
    prices = {}
    _, _, ann = await house.mine()
    booked = await house.booked(ann, session)
    for other in same:
        async with house.scope():
            from scenarios.hospital import calendar  # noqa: PLC0415

            seen = await calendar.session_seen(house.id, other.id)
            prices[other.id] = (
                await pricing.price_of(ann, seen, visit="first", zone=house.tenant.timezone)
            ).amount_minor
    instead = next(one for one in same if prices[one.id] == booked.price_minor)
    _, _, bo = await house.mine()
    held = await house.book(bo, session)
    for n in range(3):
        await house.booked(await house.patient(f"X{n}"), instead)
    async with house.scope():
        count = await stopping.stop(house.clerk, session_id=session.id, reason="Ill.", instead_id=instead.id)
        with pytest.raises(Conflict, match=r"session\.stopped"):
            await stopping.stop(house.clerk, session_id=session.id, reason="Again.")
    assert count == 2
    await run_due(house.id)
    await run_due(house.id)
    assert (await house.fresh(booked)).status == "stopped"
    assert (await house.fresh(held)).status == "stopped"
    async with house.scope():
        refunds = await Refund.filter(tenant_id=house.id)
        assert [one.amount_minor for one in refunds] == [booked.price_minor]
        told = await Notice.filter(tenant_id=house.id, template="visit.stopped", channel="in_app")
        assert {one.account_id for one in told} == {ann.id, bo.id}
        assert len(told) == 2
        assert await verify_ledger(house.id) == []
    with pytest.raises(Conflict, match=r"session\.stopped"):
        await house.book(await house.patient("Late"), session)


async def test_a_stopped_session_gives_a_number_elsewhere_where_one_is_left(house):
    session = await house.session(1, 5)
    _, _, ann = await house.mine()
    booked = await house.booked(ann, session)
    async with house.scope():
        same = [one for one in await house.sessions(house.doctors[1]) if one.id != session.id]
        instead = next(
            one for one in same if (one.starts_at.weekday() >= 5) == (session.starts_at.weekday() >= 5)
        )
        await stopping.stop(house.clerk, session_id=session.id, reason="Ill.", instead_id=instead.id)
    await run_due(house.id)
    async with house.scope():
        other = await Appointment.get(tenant_id=house.id, changed_from=booked.id)
        assert (other.status, other.session_id, other.bill_id) == ("booked", instead.id, booked.bill_id)
        assert await Refund.filter(tenant_id=house.id).count() == 0
        assert await Notice.filter(tenant_id=house.id, template="visit.moved", channel="in_app").count() == 1


async def test_the_third_missed_appointment_blocks_everywhere_and_an_appeal_lifts_it(house):
    _, _, ann = await house.mine()
    for n in range(3):
        made = await house.booked(ann, await house.session(0, n))
        await house.move(made, days=(made.day - today(house.tenant.timezone)).days + 2 + n)
        async with house.scope():
            assert await blocks.note_missed(house.system) == 1
    session = await house.session(1, 6)
    for channel, actor in (("web", house.system), ("api", house.system), ("desk", house.clerk)):
        with pytest.raises(Conflict, match=r"visit\.blocked"):
            await house.book(ann, session, channel=channel, actor=actor)
    async with house.scope():
        block = await blocks.block_of(house.id, ann.id, house.tenant.timezone)
        await blocks.appeal(house.system, block_id=block.id, words="I was in hospital elsewhere.")
        await blocks.decide(house.chief, block_id=block.id, is_lifted=True, reason="Shown a certificate.")
        with pytest.raises(Conflict, match=r"block\.decided"):
            await blocks.decide(house.chief, block_id=block.id, is_lifted=False, reason="No.")
    assert (await house.book(ann, session)).status == "pending"
