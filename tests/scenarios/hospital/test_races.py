"""Many at once, with real commits: nobody shares a number, and a payment in the last second ends one way."""

import asyncio
import contextvars

import httpx2
import pytest

from billing.holds import ending
from billing.holds.jobs import end_hold
from billing.models import Hold, Refund
from scenarios.hospital import arriving, stopping
from scenarios.hospital.models import Appointment, ClinicSession
from tenants import sessions
from tenants.ids import new_id
from tenants.scope import execute, row, rows, value
from tests.billing.payments import world
from tests.jobs import run_due
from tests.scenarios.hospital import crowd
from tests.scenarios.hospital.house import House
from ui.errors import AppError, Conflict

PEOPLE, NUMBERS, SIGN_INS = 500, 30, 25
LIVE = "status not in ('lapsed', 'cancelled', 'stopped', 'moved')"


async def with_numbers(house: House, count: int = NUMBERS) -> ClinicSession:
    """A session that has so many numbers for a first visit and no others."""
    session = await house.session(1, 3)
    async with house.scope():
        await execute(
            "delete from hospital_slot where tenant_id = $1 and session_id = $2", house.id, session.id
        )
        await execute(
            "insert into hospital_slot (tenant_id, session_id, number, kind, starts_at, ends_at)"
            " select $1, $2, n, 'first', $3::timestamptz + n * interval '4 min', $3::timestamptz + (n + 1) * interval"
            " '4 min' from generate_series(1, $4) n",
            house.id,
            session.id,
            session.starts_at,
            count,
        )
        await execute(
            "update hospital_session set quotas = jsonb_build_object('first', $3::int)"
            " where tenant_id = $1 and id = $2",
            house.id,
            session.id,
            count,
        )
    return session


async def stock(house: House, session: ClinicSession) -> tuple[int, int]:
    """Return how many live appointments the session has, and how many of its numbers are given twice."""
    async with house.scope():
        found = await row(
            f"select count(*) live, count(*) - count(distinct slot_id) twice from hospital_appointment"
            f" where tenant_id = $1 and session_id = $2 and {LIVE}",
            house.id,
            session.id,
        )
    assert found is not None
    return found["live"], found["twice"]


async def test_five_hundred_people_at_thirty_numbers_book_exactly_thirty(real_house, app):
    session = await with_numbers(real_house)
    people = await crowd.gather(real_house, PEOPLE, sign_ins=SIGN_INS)
    path = f"/my/care/at/{real_house.tenant.slug}/sessions/{session.id}"
    async with real_house.scope():
        count = "select count(*) from hospital_slot where tenant_id = $1 and session_id = $2"
        assert await value(count, real_house.id, session.id) == NUMBERS
    seen = 2000 if session.starts_at.astimezone().weekday() >= 5 else 1500
    transport = httpx2.ASGITransport(app=app)

    async def try_it(one: crowd.One) -> int:
        form = {
            "patient": str(one.account_id), "visit": "first", "at": "", "key": new_id().hex, "seen_minor": str(seen),
        }  # fmt: skip
        headers = {
            "Cookie": f"{sessions.COOKIE}={one.token}",
            "Sec-Fetch-Site": "same-origin",
            "Accept": "text/html",
        }
        return (await browsers.post(path, data=form, headers=headers)).status_code

    browsers = httpx2.AsyncClient(transport=transport, base_url="http://cloud.test")
    answers = await asyncio.gather(*(try_it(one) for one in people))
    assert {code: answers.count(code) for code in set(answers)} == {303: NUMBERS, 422: PEOPLE - NUMBERS}
    assert await stock(real_house, session) == (NUMBERS, 0)
    async with real_house.scope():
        assert await Hold.filter(tenant_id=real_house.id, status="held").count() == NUMBERS


async def test_without_the_constraint_the_same_crowd_overbooks(real_house, owner):
    """The control: what keeps two patients off one number is that index alone."""
    session = await with_numbers(real_house, 10)
    people = await crowd.gather(real_house, 60)
    name = "hospital_appointment_slot_id_key"
    definition = await owner.fetchval("select indexdef from pg_indexes where indexname = $1", name)
    await owner.execute(f"drop index {name}")
    try:
        answers = await asyncio.gather(
            *(_book(real_house, one, session) for one in people), return_exceptions=True
        )
        assert [one for one in answers if isinstance(one, Exception) and not isinstance(one, Conflict)] == []
        live, twice = await stock(real_house, session)
        assert live > 10
        assert twice > 0
    finally:
        async with real_house.scope():
            await execute(
                "update hospital_appointment set status = 'stopped' where tenant_id = $1", real_house.id
            )
        await owner.execute(definition)


async def _book(house: House, one: crowd.One, session: ClinicSession) -> Appointment:
    from scenarios.hospital import booking  # noqa: PLC0415

    async with house.scope():
        return await booking.book(
            house.system,
            account_id=one.account_id,
            session_id=session.id,
            visit="first",
            channel="web",
            key=new_id().hex,
        )


async def test_two_forms_of_one_patient_at_once_make_one_appointment(real_house):
    one, other = await real_house.session(0, 2), await real_house.session(1, 2)
    (patient,) = await crowd.gather(real_house, 1)
    answers = await asyncio.gather(
        *(_book(real_house, patient, session) for session in (one, other) * 4), return_exceptions=True
    )
    assert sum(isinstance(each, Appointment) for each in answers) == 1
    assert [e for e in answers if isinstance(e, BaseException) and not isinstance(e, Conflict)] == []


async def test_nobody_books_a_session_that_is_just_being_stopped(real_house):
    session, patient = await real_house.session(0, 2), await real_house.patient()
    async with real_house.scope():
        assert await stopping.stop(real_house.chief, session_id=session.id, reason="The doctor is ill") == 0
        booking = asyncio.create_task(real_house.book(patient, session), context=contextvars.Context())
        done, _ = await asyncio.wait([booking], timeout=0.3)
        assert not done, "it waits for what becomes of the session"
    with pytest.raises(Conflict, match="does not take place"):
        await booking
    assert await stock(real_house, session) == (0, 0)


@pytest.mark.parametrize("n", range(4))
async def test_a_payment_at_the_last_second_is_booked_or_refunded_never_neither(real_house, n):
    account = await real_house.patient(f"Last {n} {new_id().hex[-6:]}")
    made = await real_house.book(account, await real_house.session(n % 2, 6 + n))
    async with real_house.scope():
        await execute(
            "update billing_hold set until = now() where tenant_id = $1 and id = $2",
            real_house.id,
            made.hold_id,
        )

    async def pay() -> bool:
        try:
            await asyncio.sleep(0.004 * n)
            await real_house.pay(made)
        except AppError:
            return False
        return True

    is_paid, _ = await asyncio.gather(
        pay(), end_hold(real_house.system, {"hold_id": str(made.hold_id), "n": 0})
    )
    await run_due(real_house.id)
    found = await real_house.fresh(made)
    async with real_house.scope():
        refunds = await Refund.filter(tenant_id=real_house.id).count()
    assert (found.status == "booked") == is_paid or refunds
    assert found.status in {"booked", "lapsed"}
    if found.status == "lapsed":
        assert not is_paid


async def test_money_that_comes_after_the_end_books_again_or_goes_back(real_house):
    from billing.models import Payment  # noqa: PLC0415
    from scenarios.hospital import holding  # noqa: PLC0415

    session = await real_house.session(0, 11)
    one, two = await real_house.patient("Late One"), await real_house.patient("Late Two")
    first = await real_house.book(one, session)
    await ending.cancel(real_house.system, first.hold_id)
    async with real_house.scope():
        hold = await Hold.get(tenant_id=real_house.id, id=first.hold_id)
        assert await holding.came_late(hold, Payment())
        found = await Appointment.get(tenant_id=real_house.id, id=first.id)
        assert found.status == "booked"
    second = await real_house.book(two, session)
    await ending.cancel(real_house.system, second.hold_id)
    async with real_house.scope():
        hold = await Hold.get(tenant_id=real_house.id, id=second.hold_id)
        await execute(
            "update hospital_appointment set slot_id = $3 where tenant_id = $1 and id = $2",
            real_house.id,
            second.id,
            first.slot_id,
        )
        assert not await holding.came_late(hold, Payment())
    assert (await real_house.fresh(second)).status == "lapsed"


async def test_two_who_press_next_at_once_call_two_patients(real_house):
    session = await real_house.session(2, 1)
    for n in range(3):
        account = await real_house.patient(f"Queue {n}")
        made = await real_house.booked(account, session)
        async with real_house.scope():
            await execute(
                "update hospital_appointment set status = 'arrived', queued_at = starts_at, arrived_at = now()"
                " where tenant_id = $1 and id = $2",
                real_house.id,
                made.id,
            )

    async def press() -> object:
        async with real_house.scope():
            called = await arriving.call_next(real_house.clerk, session.id)
            return called and called.id

    answers = await asyncio.gather(press(), press())
    assert len(set(answers)) == 2
    async with real_house.scope():
        left = await rows(
            "select id, queued_at from hospital_appointment where tenant_id = $1 and session_id = $2"
            " and status = 'called' order by called_at",
            real_house.id,
            session.id,
        )
        back = await arriving.miss(real_house.clerk, left[0]["id"])
        waiting = await Appointment.filter(
            tenant_id=real_house.id, session_id=session.id, status="arrived"
        ).order_by("queued_at")
    assert waiting[-1].id == back.id
    assert world
