"""Autopay: leave given at the bank, announced, taken through the same core, tried again, stopped with a clear word."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from billing.mandates import debiting, leaving, life, proxies
from billing.mandates.conditions import IS_AUTOPAID
from billing.mandates.life import Wish
from billing.mandates.states import MACHINES
from billing.mandates.terms import MandateTerms
from billing.models import Debit, Mandate
from billing.payments import notes
from billing.payments.states import diagram, table
from billing.reminders.service import remind_by_plan
from billing.terms import save_terms
from tenants.days import today
from tenants.models import Holder, Notice
from tenants.scope import execute, value
from tests import make
from tests.billing.payments import world
from tests.billing.reminders.test_reminders import due
from tests.page import inspect, text_of
from ui.errors import Conflict, Invalid, NotFound

BACK = "http://cloud.test/my"


async def set_up(place, ceiling: int = 10_000, schedule: str = "bill", **more) -> Mandate:
    wish = Wish("bank", ceiling, schedule, **more)
    return await life.set_up(
        place.payer, tenant_id=place.id, account_id=place.account.id, wish=wish, return_url=BACK
    )


async def authorised(place, outside, account: str = "salary", **more) -> Mandate:
    mandate = await set_up(place, **more)
    outside.post(f"rail/mandates/{mandate.reference}", act="authorise", account=account)
    return await life.present(place.payer.within(place.id), mandate.id)


async def day_comes(place, outside) -> None:
    """The day of every waiting debit."""
    async with place.scope():
        await execute(
            "update billing_debit set due_on = day_of(tenant_id) - 1 where tenant_id = $1 and status in"
            " ('announced', 'waiting')",
            place.id,
        )
    await debiting.take_due(place.system)
    await world.hurry(place, debiting.TAKE_JOB)
    outside.advance(2)
    for _ in range(3):
        await world.hurry(place, "billing.ask_attempt")
        await world.hurry(place, debiting.LOOK_JOB)


async def only_debit(place) -> Debit:
    async with place.scope():
        return await Debit.get(tenant_id=place.id)


async def fresh(place, mandate) -> Mandate:
    async with place.scope():
        return await Mandate.get(tenant_id=place.id, id=mandate.id)


async def test_a_bill_under_a_mandate_is_announced_and_paid_on_its_day(place, outside):
    mandate = await authorised(place, outside)
    assert (mandate.status, mandate.mask) == ("active", "**** 8813")
    bill = await due(place, 10)
    assert await debiting.plan(place.system) == 1
    assert await debiting.plan(place.system) == 0
    debit = await only_debit(place)
    assert debit.due_on == today(place.tenant.timezone) + timedelta(days=10)
    async with place.scope():
        notices = await Notice.filter(tenant_id=place.id, template="autopay")
    assert {n.channel for n in notices} >= {"in_app"}
    assert await debiting.take_due(place.system) == 0, "its day has not come"
    await day_comes(place, outside)
    assert (await only_debit(place)).status == "paid"
    assert (await world.fresh(place, bill)).status == "paid"
    assert await world.count(place, "billing_attempt") == 1
    assert await world.ledger_is_right(place)


async def test_a_debit_whose_process_dies_before_its_payment_began_is_taken_over(place, outside, monkeypatch):
    mandate = await authorised(place, outside)
    bill = await due(place, 0)
    await debiting.plan(place.system)

    async def dies(*_: object) -> None:
        raise OSError("killed")

    with monkeypatch.context() as dying:
        dying.setattr(debiting, "_pay", dies)
        await day_comes(place, outside)
    assert (await only_debit(place)).status == "trying"
    await day_comes(place, outside)
    debit = await only_debit(place)
    assert (debit.status, debit.tries) == ("paid", 1)
    assert (await world.fresh(place, bill)).status == "paid"
    assert await world.count(place, "billing_attempt") == 1
    async with place.scope():
        await Mandate.filter(id=mandate.id).update(status="stopped")
        await Debit.filter(id=debit.id).update(status="trying", payment_id=None)
    await debiting.take(place.system, debit.id)
    assert (await only_debit(place)).status == "skipped", "its mandate has ended in between"


async def test_whoever_has_moved_out_pays_nothing_more_and_nothing_of_who_was_there_before(place, outside):
    mandate = await authorised(place, outside)
    before, theirs = sorted([await due(place, 0), await due(place, 0)], key=lambda bill: bill.period)
    async with place.scope():
        await Holder.filter(tenant_id=place.id).update(since=theirs.period)
    assert await debiting.plan(place.system) == 1, "what the one before them owes is not theirs"
    async with place.scope():
        assert await value(f"select {IS_AUTOPAID} from billing_bill b where id = $1", before.id) is False
    facts = {"tenant_id": place.id, "account_id": place.account.id, "until": make.today()}
    await proxies.grant(place.payer, name="Kim", bill_cap_minor=1, month_cap_minor=1, **facts)
    async with place.scope():
        await Holder.filter(tenant_id=place.id).update(until=make.today() - timedelta(days=1))
    await day_comes(place, outside)
    assert ((await only_debit(place)).status, (await only_debit(place)).error) == ("skipped", "not_theirs")
    assert (await world.fresh(place, theirs)).paid_minor == 0
    assert await leaving.end_of_former(place.system) == 2
    assert await leaving.end_of_former(place.system) == 0
    ended = await fresh(place, mandate)
    assert (ended.status, ended.word) == ("stopped", "moved_out")


async def test_what_is_under_autopay_is_not_reminded_of(place, outside):
    await authorised(place, outside)
    await due(place, 0)
    await remind_by_plan(place.system)
    assert await world.count(place, "billing_reminder") == 0


async def test_without_funds_it_is_tried_again_then_paused_with_a_word(place, outside):
    async with place.scope():
        await save_terms(await make.staff(place.tenant), MandateTerms(retry_count=1))
    mandate = await authorised(place, outside, account="empty")
    bill = await due(place, 0)
    await debiting.plan(place.system)
    await day_comes(place, outside)
    debit = await only_debit(place)
    assert (debit.status, debit.error, debit.tries) == ("waiting", "insufficient_funds", 1)
    await day_comes(place, outside)
    assert (await only_debit(place)).status == "failed"
    paused = await fresh(place, mandate)
    assert (paused.status, paused.word) == ("paused", "retries_over")
    assert (await world.fresh(place, bill)).paid_minor == 0
    await remind_by_plan(place.system)
    assert await world.count(place, "billing_reminder") == 1, "a failed debit leaves the bill to its payer"
    async with place.scope():
        await life.resume(place.payer.within(place.id), mandate_id=mandate.id)
    assert (await fresh(place, mandate)).status == "active"


async def test_a_bill_above_the_ceiling_is_left_to_its_payer(place, outside):
    await authorised(place, outside, ceiling=4000)
    await due(place, 0)
    await debiting.plan(place.system)
    debit = await only_debit(place)
    assert (debit.status, debit.error) == ("skipped", "over_ceiling")


async def test_somebody_who_is_just_paying_goes_first(place, outside):
    await authorised(place, outside)
    bill = await due(place, 0)
    await debiting.plan(place.system)
    await world.start(place, bill, channel="bank")
    await day_comes(place, outside)
    debit = await only_debit(place)
    assert (debit.status, debit.tries) == ("waiting", 0)
    assert await world.count(place, "billing_payment_part", "is_live") == 1


async def test_it_stops_at_once_for_payer_and_staff_and_at_the_bank(place, outside):
    mandate = await authorised(place, outside)
    await due(place, 5)
    await debiting.plan(place.system)
    async with place.scope():
        await life.stop(place.payer.within(place.id), mandate_id=mandate.id)
    assert (await only_debit(place)).status == "stopped"
    await world.hurry(place, life.REVOKE_JOB)
    again = await authorised(place, outside)
    told = outside.post(f"rail/mandates/{again.reference}", act="revoke")
    message = world.rail_message(place, "mandate.revoked", told)
    payload = json.loads(message["content"]) | {"merchant": place.settlement.rail_merchant}
    note = notes.read("bank", "mandate.revoked", payload, place.id)
    async with place.scope():
        await notes.act(place.system, note)
    assert (await fresh(place, again)).status == "revoked"
    assert (await fresh(place, mandate)).status == "stopped"


async def test_one_mandate_at_a_time_for_holders_with_a_sound_wish(place, outside):
    for wish in (
        Wish("bank", 0, "bill"),
        Wish("bank", 5, "weekly"),
        Wish("bank", 5, "day", 31),
        Wish("cash", 5, "bill"),
    ):
        with pytest.raises(Invalid):
            await life.set_up(
                place.payer, tenant_id=place.id, account_id=place.account.id, wish=wish, return_url=BACK
            )
    with pytest.raises(NotFound):
        await life.set_up(
            make.payer(await make.person("Stranger")),
            tenant_id=place.id,
            account_id=place.account.id,
            wish=Wish("bank", 5, "bill"),
            return_url=BACK,
        )
    await set_up(place)
    with pytest.raises(Conflict):
        await set_up(place)


async def test_a_silent_bank_sets_up_nothing_twice(place, outside):
    outside.fault("rail", "timeout_after", "mandates.create", times=1, seconds=3)
    with pytest.raises(Conflict, match=r"mandate\.silent"):
        await set_up(place)
    async with place.scope():
        waiting = await Mandate.get(tenant_id=place.id)
    assert waiting.status == "created"
    mandate = await life.present(place.payer.within(place.id), waiting.id)
    assert mandate.status == "authorising"


async def test_pages_set_it_up_and_stop_it(place, client, outside):
    await make.sign_in(client, place.person.id)
    path = f"/my/accounts/{place.account.id}/autopay"
    assert "never more than you say" in text_of(inspect((await client.get(path)).text))
    wrong = await client.post(path, data={"ceiling": "x", "schedule": "bill", "day": "1"})
    assert wrong.status_code == 422
    gone = await client.post(path, data={"way": "bank", "ceiling": "100", "schedule": "day", "day": "5"})
    assert "/rail/authorise/" in gone.headers["location"]
    outside.click(gone.headers["location"], "authorise")
    assert "Paid automatically" in text_of(inspect((await client.get(path)).text))
    officer, reader, root = (
        await make.staff(place.tenant, "finance"),
        await make.staff(place.tenant, "reader"),
        f"/t/{place.tenant.slug}",
    )
    await make.sign_in(client, officer.person_id)
    assert place.account.number in (await client.get(f"{root}/mandates?export=csv")).text
    async with place.scope():
        mandate = await Mandate.get(tenant_id=place.id)
    one = f"{root}/mandates/{mandate.id}"
    inspect((await client.get(one)).text)
    await make.sign_in(client, reader.person_id)
    assert (await client.post(f"{one}/end")).status_code == 403
    await make.sign_in(client, officer.person_id)
    assert (await client.post(f"{one}/end")).status_code == 303
    assert (await fresh(place, mandate)).status == "stopped"


def test_the_documentation_shows_how_mandates_live():
    text = (Path(life.__file__).parent / "README.md").read_text()
    for machine in MACHINES:
        assert table(machine) in text
        assert diagram(machine) in text
