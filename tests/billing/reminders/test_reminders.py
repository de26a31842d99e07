"""Reminders by the plan: whom, when, once; never in quiet hours, never to whom they must not go."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tortoise.exceptions import IntegrityError

from billing import daily
from billing.answers import service as answers
from billing.models import Bill, Reminder
from billing.plans import service as plans
from billing.reminders.claiming import claim
from billing.reminders.links import stop_url
from billing.reminders.plan import ReminderTerms, may_send_at
from billing.reminders.service import remind_by_plan, set_stop
from tenants import messages
from tenants.days import today
from tenants.models import Holder, Notice, Tenant
from tenants.scope import execute
from tests import make
from tests.billing.payments import world
from tests.page import inspect, text_of

ZONE = "Asia/Singapore"


@pytest.mark.parametrize(("hour", "wait"), [(8, 0), (12, 0), (20, 0), (21, 11), (23, 9), (0, 8), (7, 1)])
def test_quiet_hours_are_of_the_institutions_own_zone(hour, wait):
    now = datetime(2026, 3, 1, hour, tzinfo=UTC) - timedelta(hours=8)
    assert may_send_at(now, ZONE, ReminderTerms()) - now == timedelta(hours=wait)
    assert may_send_at(now, ZONE, ReminderTerms(quiet_from=5, quiet_until=5)) == now


def test_the_next_morning_is_nine_there():
    assert daily.next_morning(datetime(2026, 3, 1, 0, 30, tzinfo=UTC), ZONE) == datetime(
        2026, 3, 1, 1, tzinfo=UTC
    )
    assert daily.next_morning(datetime(2026, 3, 1, 1, 0, tzinfo=UTC), ZONE) == datetime(
        2026, 3, 2, 1, tzinfo=UTC
    )


async def due(place, days: int, **given: Any) -> Bill:
    """A bill that is due in so many days."""
    bill = await world.bill(place, 5000, **given)
    day = today(place.tenant.timezone) + timedelta(days=days)
    async with place.scope():
        await execute(
            "update billing_bill set due_on = $3 where tenant_id = $1 and id = $2", place.id, bill.id, day
        )
    return bill


async def sent(place) -> dict[str, set[str]]:
    """Which steps each bill's reminders were of."""
    found: dict[str, set[str]] = {}
    async with place.scope():
        for reminder in await Reminder.filter(tenant_id=place.id):
            found.setdefault(str(reminder.bill_id), set()).add(reminder.step)
    return found


async def test_each_step_goes_out_once_and_a_missed_one_is_made_up_for(place):
    before, on, late, final, far = [await due(place, days) for days in (3, 0, -7, -22, 4)]
    for _ in range(2):
        await remind_by_plan(place.system)
    assert await sent(place) == {
        str(before.id): {"day-3"},
        str(on.id): {"day+0"},
        str(late.id): {"day+7"},
        str(final.id): {"day+21"},
    }
    assert str(far.id) not in await sent(place)
    async with place.scope():
        notices = await Notice.filter(tenant_id=place.id, template="bill_reminder")
    assert {(n.channel, n.status) for n in notices} == {("in_app", "shown"), ("email", "waiting")}
    assert len(notices) == 8
    last = next(n for n in notices if "last notice" in n.body)
    assert "reminders/stop" not in last.body
    assert all("reminders/stop" in n.body for n in notices if n.channel == "email" and n is not last)


async def test_nobody_is_reminded_of_what_is_disputed_promised_paid_or_unwanted(place):
    disputed, promised, paid, wanted = [await due(place, -7) for _ in range(4)]
    own = {"tenant_id": place.id}
    async with place.scope():
        await answers.dispute(place.payer, bill_id=disputed.id, topic="amount", text="no", files=[], **own)
        day = today(place.tenant.timezone) + timedelta(days=2)
        await answers.promise(place.payer, bill_id=promised.id, day=day, **own)
    await world.take(place, await make.staff(place.tenant, "cashier"), (paid, 5000))
    await remind_by_plan(place.system)
    assert set(await sent(place)) == {str(wanted.id)}


async def test_whom_no_way_leads_to_keeps_nobody_else_waiting(place):
    """A batch of people who gave a telephone only, where no text messages are sent."""
    beside = await make.account(place.tenant)
    await make.holder(beside, place.person)
    bills = [await due(place, 0, account=account) for account in (place.account, beside)]
    deaf, other = sorted(bills, key=lambda bill: bill.account_id)
    async with place.scope():
        only_phone = {"person_id": None, "confirmed_at": None, "email": "", "phone": "+65 8111 1111"}
        await Holder.filter(tenant_id=place.id, account_id=deaf.account_id).update(**only_phone)
        claimed = await claim(
            "b.tenant_id = $1 and b.due_on = $2", [place.id, today(place.tenant.timezone)], step="day+0",
            offset_days=0, is_final=False, has_email=True, has_sms=False, by="", limit=1,
        )  # fmt: skip
    assert [bill["id"] for bill in claimed] == [other.id]


async def test_nobody_is_reminded_of_what_they_could_not_pay(place, client):
    bill = await due(place, -7)
    await Tenant.filter(id=place.id).update(status="suspended", takes_payments=False)
    await remind_by_plan(place.system)
    assert await sent(place) == {}
    await make.sign_in(client, (await make.staff(place.tenant, "finance")).person_id)
    told = await client.post(f"/t/{place.tenant.slug}/bills/{bill.id}/reminders", follow_redirects=True)
    assert "Payers cannot pay here now, so nobody is reminded." in text_of(inspect(told.text))
    await Tenant.filter(id=place.id).update(takes_payments=True)
    await remind_by_plan(place.system)
    assert await sent(place) == {str(bill.id): {"day+7"}}


async def test_who_stopped_reminders_still_gets_the_last_notice(place, client):
    async with place.scope():
        holder = await Holder.get(tenant_id=place.id, account_id=place.account.id)
    address = stop_url(place.id, holder.id).removeprefix("http://cloud.test")
    page = await client.get(address)
    assert place.tenant.name in text_of(inspect(page.text))
    assert "Done." in text_of(inspect((await client.post(address)).text))
    assert (await client.get(address[:-4] + "AAAA")).status_code == 404
    late, final = await due(place, -7), await due(place, -21)
    await remind_by_plan(place.system)
    assert await sent(place) == {str(final.id): {"day+21"}}
    async with place.scope():
        await set_stop(place.id, holder.id, is_stopped=False)
    await remind_by_plan(place.system)
    assert str(late.id) in await sent(place)


async def test_mail_programs_can_stop_reminders_with_one_post(place):
    await due(place, 0)
    await remind_by_plan(place.system)
    async with place.scope():
        found = await Notice.get(tenant_id=place.id, channel="email")
        holder = await Holder.get(tenant_id=place.id, account_id=place.account.id)
    letter = messages.write(found.recipient, found.subject, found.body, None)
    assert letter["List-Unsubscribe"] == f"<{stop_url(place.id, holder.id)}>"
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert messages.write(found.recipient, "A letter", "Hello", None)["List-Unsubscribe"] is None


async def test_messages_wait_for_the_end_of_quiet_hours(place, monkeypatch):
    from billing.reminders import service  # noqa: PLC0415

    morning = datetime.now(UTC) + timedelta(hours=5)
    monkeypatch.setattr(service, "may_send_at", lambda *_: morning)
    await due(place, 0)
    await remind_by_plan(place.system)
    async with place.scope():
        waits = await world.count(
            place, "tenants_outbox", f"job = 'notices.deliver_to_many' and due_at = '{morning.isoformat()}'"
        )
    assert waits == 1


async def test_batches_go_on_behind_each_other_and_reach_everybody_once(place, monkeypatch):
    """Five bills of which one is paid in part, two at a time: what is begun behind is neither left out nor repeated."""
    from billing.reminders import service  # noqa: PLC0415

    bills = [await due(place, -7) for _ in range(5)]
    await world.take(place, await make.staff(place.tenant, "cashier"), (bills[0], 100))
    batches = []

    async def two(*args: Any, **given: Any) -> list[Any]:
        batches.append(await claim(*args, **given, limit=2))
        return batches[-1]

    monkeypatch.setattr(service, "claim", two)
    await remind_by_plan(place.system)
    assert await sent(place) == {str(bill.id): {"day+7"} for bill in bills}
    found = [bill["id"] for batch in batches for bill in batch]
    assert sorted(found) == sorted(bill.id for bill in bills)
    assert found[-1] == bills[0].id


async def test_two_workers_send_each_reminder_once(real_place):
    bills = [await due(real_place, -7) for _ in range(6)]
    await asyncio.gather(*(remind_by_plan(real_place.system) for _ in range(4)))
    assert await world.count(real_place, "billing_reminder") == len(bills)
    assert await world.count(real_place, "tenants_notice", "channel = 'email'") == len(bills)


async def test_the_key_refuses_a_second_reminder_of_one_step(place):
    """The control: whatever goes round the claim, PostgreSQL takes no second row for a bill and step."""
    await due(place, -7)
    await remind_by_plan(place.system)
    async with place.scope():
        kept = await Reminder.get(tenant_id=place.id)
        again = Reminder(**{name: getattr(kept, name) for name in Reminder._meta.db_fields if name != "id"})
    with pytest.raises(IntegrityError, match="billing_reminder_bill_id_step_key"):
        async with place.scope():
            await again.save(force_create=True)


async def test_the_chain_of_days_is_one_and_goes_on(place):
    async with place.scope():
        for _ in range(3):
            await daily.begin(place.id)
    assert await world.count(place, "tenants_outbox", "job = 'billing.daily'") == 1
    await due(place, 0)
    await world.hurry(place, "billing.daily")
    assert await world.count(place, "billing_reminder") == 1
    assert await world.count(place, "tenants_outbox", "job = 'billing.daily' and done_at is null") == 1


async def test_a_moment_before_the_morning_there_is_one_chain_too(place, monkeypatch):
    soon = datetime.now(ZoneInfo(place.tenant.timezone)) + timedelta(minutes=3)
    monkeypatch.setattr(daily, "MORNING", soon.time())
    async with place.scope():
        for _ in range(3):
            await daily.begin(place.id)
    assert await world.count(place, "tenants_outbox", "job = 'billing.daily'") == 1


async def test_pages_show_what_was_sent_and_the_plan_is_a_form(place, client):
    bill = await due(place, -7)
    await remind_by_plan(place.system)
    admin, root = await make.staff(place.tenant), f"/t/{place.tenant.slug}"
    await make.sign_in(client, admin.person_id)
    assert "7 days after" in text_of(inspect((await client.get(f"{root}/reminders?kind=plan")).text))
    assert "Reminder sent" in text_of(inspect((await client.get(f"{root}/bills/{bill.id}")).text))
    path = f"{root}/settings/terms/reminders"
    inspect((await client.get(path)).text)
    form = {"is_on": "1", "quiet_from": "22", "quiet_until": "7", "has_email": "1"}
    twice = {
        **form,
        "steps-0-days": "5",
        "steps-0-when": "after",
        "steps-1-days": "5",
        "steps-1-when": "after",
    }
    assert "Two steps fall on the same day" in (await client.post(path, data=twice)).text
    good = {**twice, "steps-1-when": "before", "steps-2-days": ""}
    assert (await client.post(path, data=good)).status_code == 303
    assert 'value="22"' in (await client.get(path)).text
    await make.sign_in(client, place.person.id)
    assert "Pay here" in text_of(inspect((await client.get("/my/messages")).text))
    own = f"/my/accounts/{place.account.id}/reminders"
    inspect((await client.get(own)).text)
    assert (await client.post(own, data={"wants": "no"})).status_code == 303
    assert "Remind me again" in (await client.get(own)).text


async def test_each_instalment_is_reminded_of_step_by_step_with_its_own_amount(place):
    bill, finance = await due(place, 0), await make.staff(place.tenant, "finance")
    first = today(place.tenant.timezone)
    async with place.scope():
        plan = await plans.agree(finance, plans.Proposal([bill.id], first, 2, "week", "last"))
    for _ in range(2):
        await remind_by_plan(place.system)
    assert await sent(place) == {str(bill.id): {f"day+0 {first}"}}
    async with place.scope():
        (told,) = await Notice.filter(tenant_id=place.id, channel="in_app")
        assert "25.00" in f"{told.subject} {told.body}"
        assert "50.00" not in f"{told.subject} {told.body}", "the rest of it is not due"
        await execute(
            "update billing_bill set paid_minor = 2500, status = 'part_paid' where id = $1", bill.id
        )
        await execute(
            "update billing_instalment set due_on = due_on - 4 where tenant_id = $1 and plan_id = $2",
            place.id,
            plan.id,
        )
        await plans.follow(place.system, plan.id)
    await remind_by_plan(place.system)
    assert (await sent(place))[str(bill.id)] == {f"day+0 {first}", f"day-3 {first + timedelta(days=3)}"}
