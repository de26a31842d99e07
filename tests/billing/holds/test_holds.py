"""Something is kept while it is paid for: it ends kept, or let go, and its money is never in between."""

import re

import pytest

from billing.holds import ending
from billing.holds.refunding import refund, returnable_minor
from billing.models import CreditNote, Hold, Refund, Suspense
from billing.payments.asking import withdraw
from billing.payments.service import approve_refund, request_refund
from tenants.ids import new_id
from tests import make
from tests.billing.holds import seats as seating
from tests.billing.payments import world
from ui.errors import Conflict, Forbidden, Invalid

CHANNELS = pytest.mark.parametrize("channel", ["stripe", "bank"])


async def pay(place, outside, hold, channel="stripe", actor=None):
    started = await world.start(place, seating.bill_of(hold), channel=channel, actor=actor)
    outside.pay(await world.attempt(place, started))
    await world.hurry(place, "billing.ask_attempt")
    return started


async def refunds(place):
    async with place.scope():
        return await Refund.filter(tenant_id=place.id).order_by("created_at")


@CHANNELS
async def test_paid_in_time_it_is_kept_in_the_settling_transaction(place, outside, seats, channel):
    hold = await seating.take(place)
    assert (await seating.bill(place, hold)).held_until == hold.until
    await pay(place, outside, hold, channel)
    assert (await seating.fresh(place, hold)).status == "kept"
    assert seats.heard == [("kept", hold.subject_id)]
    bill = await seating.bill(place, hold)
    assert (bill.status, bill.held_until) == ("paid", None)
    await seating.over(place, hold)
    await seating.end(place, hold)
    assert seats.what() == ["kept"]
    assert await world.ledger_is_right(place)


async def test_paid_at_the_desk_it_is_kept(place, outside, seats):
    hold = await seating.take(place)
    cashier = await make.staff(place.tenant, "cashier")
    with pytest.raises(Invalid) as refused:
        await world.take(place, cashier, (seating.bill_of(hold), 1000))
    assert refused.value.code == "payment.whole"
    await world.take(place, cashier, (seating.bill_of(hold), 3500))
    assert seats.what() == ["kept"]


async def test_not_paid_in_time_it_is_let_go_and_its_bill_reversed(place, outside, seats):
    hold = await seating.take(place)
    await world.hurry(place, "billing.end_hold")
    assert (await seating.fresh(place, hold)).status == "held", "its time is not over"
    await seating.over(place, hold)
    await world.hurry(place, "billing.end_hold")
    found = await seating.fresh(place, hold)
    assert (found.status, found.why, seats.what()) == ("let_go", "expired", ["expired"])
    assert (await seating.bill(place, hold)).status == "void"
    assert await world.count(place, "billing_entry", "kind = 'bill.voided'") == 1
    assert await world.ledger_is_right(place)


@CHANNELS
async def test_the_channel_is_asked_first_and_a_payment_it_has_is_kept(place, outside, seats, channel):
    hold = await seating.take(place)
    started = await world.start(place, seating.bill_of(hold), channel=channel)
    outside.pay(await world.attempt(place, started))
    await seating.over(place, hold)
    await seating.end(place, hold)
    assert (await seating.fresh(place, hold)).status == "kept"
    assert seats.what() == ["kept"]
    assert await world.ledger_is_right(place)


@CHANNELS
async def test_a_payment_nobody_made_is_withdrawn_at_the_channel_first(place, outside, seats, channel):
    hold = await seating.take(place)
    started = await world.start(place, seating.bill_of(hold), channel=channel)
    attempt = await world.attempt(place, started)
    await seating.over(place, hold)
    await seating.end(place, hold)
    assert (await seating.fresh(place, hold)).status == "let_go"
    assert outside.state_of(place, attempt) not in {"open", "pending"}
    assert (await world.attempt(place, started)).status == "expired"


async def test_a_payment_under_way_extends_it_until_its_fate_is_known(place, outside, seats):
    hold = await seating.take(place)
    started = await world.start(place, seating.bill_of(hold))
    outside.fault("stripe", "late_success", "checkout", seconds=60, times=1)
    outside.click(started.redirect_url, "card")
    await seating.over(place, hold)
    await seating.end(place, hold)
    assert (await world.attempt(place, started)).status == "processing"
    assert (await seating.fresh(place, hold)).status == "held"
    outside.advance(61)
    await world.hurry(place, "billing.end_hold")
    assert (await seating.fresh(place, hold)).status == "kept"


@CHANNELS
async def test_a_silent_channel_extends_it_too(place, outside, hasty, seats, channel):
    hold = await seating.take(place)
    await world.start(place, seating.bill_of(hold), channel=channel)
    await seating.over(place, hold)
    outside.fault("stripe" if channel == "stripe" else "rail", "error_before")
    await seating.end(place, hold)
    assert (await seating.fresh(place, hold)).status == "held"
    outside.clear()
    await seating.end(place, hold)
    assert (await seating.fresh(place, hold)).status == "let_go"


async def test_nothing_begins_after_the_end_and_no_part_of_it_ever(place, outside, seats):
    hold = await seating.take(place)
    with pytest.raises(Invalid) as part:
        await world.start(place, seating.bill_of(hold), amount=3499)
    assert part.value.code == "payment.whole"
    await seating.over(place, hold)
    with pytest.raises(Conflict) as late:
        await world.start(place, seating.bill_of(hold))
    assert late.value.code == "hold.over"
    assert await world.count(place, "billing_attempt") == 0


async def came_late(place, outside, hold):
    """The channel has the money of a try that we had given up, after the hold's end."""
    started = await world.start(place, seating.bill_of(hold))
    attempt = await world.attempt(place, started)
    await withdraw(place.system, started.attempt_id, ending="expired")
    await seating.over(place, hold)
    await seating.end(place, hold)
    assert (await seating.fresh(place, hold)).status == "let_go"
    outside.pay(attempt)
    await world.hurry(place, "billing.ask_attempt")
    return started


async def test_money_after_the_end_takes_a_free_place_again(place, outside, seats):
    hold = await seating.take(place)
    started = await came_late(place, outside, hold)
    assert seats.what() == ["expired", "late", "kept"]
    async with place.scope():
        renewed = await Hold.get(tenant_id=place.id, renews_id=hold.id)
        money = await Suspense.get(tenant_id=place.id)
    assert (renewed.status, renewed.subject_id, money.status) == ("kept", hold.subject_id, "applied")
    again = await seating.bill(place, renewed)
    assert (again.status, again.total_minor, again.held_until) == ("paid", 3500, None)
    assert (await world.payment(place, started.payment_id)).refunding_minor == 0
    assert await world.ledger_is_right(place)


async def test_money_after_the_end_goes_back_by_itself_where_the_place_is_gone(place, outside, seats):
    seats.is_free = False
    hold = await seating.take(place)
    started = await came_late(place, outside, hold)
    (back,) = await refunds(place)
    assert (back.amount_minor, back.decided_by_name) == (3500, "Scenario Cloud")
    await world.hurry(place)
    assert outside.refunded(place, await world.attempt(place, started)) == 3500
    (back,) = await refunds(place)
    async with place.scope():
        money = await Suspense.get(tenant_id=place.id)
    assert (back.status, money.status, seats.what()) == ("succeeded", "refunded", ["expired", "late"])
    assert await world.ledger_is_right(place)


async def test_money_after_the_end_goes_back_where_the_same_thing_is_kept_anew(place, outside, seats):
    hold = await seating.take(place)
    started = await world.start(place, seating.bill_of(hold))
    attempt = await world.attempt(place, started)
    await withdraw(place.system, started.attempt_id, ending="expired")
    await seating.over(place, hold)
    await seating.end(place, hold)
    await seating.take(place, subject=hold.subject_id)
    outside.pay(attempt)
    await world.hurry(place, "billing.ask_attempt")
    await world.hurry(place, "billing.submit_refund")
    assert outside.refunded(place, await world.attempt(place, started)) == 3500
    assert seats.what() == ["expired"], "it is not even asked"


async def test_a_scenario_that_fails_at_it_costs_nobody_their_money(place, outside, seats):
    seats.fails = 1
    hold = await seating.take(place)
    await pay(place, outside, hold)
    assert (await seating.bill(place, hold)).status == "paid"
    assert await world.count(place, "tenants_outbox", "job = 'billing.tell_hold_kept'") == 1
    await world.hurry(place, "billing.tell_hold_kept")
    assert (await seating.fresh(place, hold)).is_told is True
    assert seats.what() == ["kept"]


@CHANNELS
async def test_cancelled_it_is_withdrawn_everywhere(place, outside, seats, channel):
    hold = await seating.take(place)
    started = await world.start(place, seating.bill_of(hold), channel=channel)
    found = await ending.cancel(place.system, hold.id)
    assert (found.status, found.why, seats.what()) == ("let_go", "cancelled", ["cancelled"])
    assert (await world.attempt(place, started)).status in {"cancelled", "expired"}
    assert (await ending.cancel(place.system, hold.id)).status == "let_go"
    assert seats.what() == ["cancelled"]


async def test_cancelled_when_it_has_just_been_paid_says_so(place, outside, seats):
    hold = await seating.take(place)
    started = await world.start(place, seating.bill_of(hold))
    outside.pay(await world.attempt(place, started))
    with pytest.raises(Conflict) as refused:
        await ending.cancel(place.system, hold.id)
    assert refused.value.code == "hold.kept"
    assert seats.what() == ["kept"]


async def test_its_bill_voided_by_hand_lets_it_go(place, outside, seats):
    from billing.charges import bills  # noqa: PLC0415

    hold = await seating.take(place)
    finance = await make.staff(place.tenant, "finance")
    async with place.scope():
        await bills.void(finance, hold.bill_id, reason="wrong price")
    assert seats.what() == ["bill_voided"]


async def test_sent_twice_it_is_placed_once(place, outside, seats):
    subject = new_id()
    async with place.scope():
        pass
    first = await seating.take(place, subject=subject, key="form-7", minutes=15)
    with pytest.raises(Conflict):
        await seating.take(place, subject=subject, key="form-7", amount=9999)
    with pytest.raises(Conflict) as held:
        await seating.take(place, subject=subject)
    assert held.value.code == "hold.held"
    assert await world.count(place, "billing_hold") == 1
    assert (await seating.fresh(place, first)).subject_id == subject


async def test_a_rule_gives_part_of_a_kept_one_back_and_the_bill_is_not_owed_again(place, outside, seats):
    hold = await seating.take(place)
    started = await pay(place, outside, hold)
    async with place.scope():
        assert await returnable_minor(hold) == 3500
        made = await refund(
            place.payer.within(place.id),
            hold_id=hold.id,
            amount_minor=2000,
            reason="Cancelled two days before",
            key="c1",
            is_policy=True,
        )
        again = await refund(
            place.payer.within(place.id),
            hold_id=hold.id,
            amount_minor=2000,
            reason="Cancelled two days before",
            key="c1",
            is_policy=True,
        )
        assert made == again
        assert await returnable_minor(hold) == 1500
        with pytest.raises(Invalid):
            await refund(
                place.system, hold_id=hold.id, amount_minor=1501, reason="x", key="c2", is_policy=True
            )
    await world.hurry(place)
    assert outside.refunded(place, await world.attempt(place, started)) == 2000
    bill = await seating.bill(place, hold)
    assert (bill.status, bill.paid_minor, bill.adjusted_minor) == ("paid", 1500, 2000)
    async with place.scope():
        assert await CreditNote.filter(tenant_id=place.id, bill_id=bill.id).count() == 1
        assert await returnable_minor(hold) == 1500
    assert seats.what() == ["kept", "returned 2000"]
    assert await world.ledger_is_right(place)


async def test_without_a_rule_two_people_give_it_back(place, outside, seats):
    hold = await seating.take(place)
    await pay(place, outside, hold)
    asker = await make.staff(place.tenant, "administrator")
    stranger = await make.staff(place.tenant, "reader")
    async with place.scope():
        given = {"hold_id": hold.id, "amount_minor": 3500, "reason": "goodwill", "is_policy": False}
        with pytest.raises(Forbidden):
            await refund(stranger, key="a", **given)
        (asked,) = await refund(asker, key="b", **given)
        assert (await Refund.get(tenant_id=place.id, id=asked)).status == "requested"
        with pytest.raises(Forbidden):
            await approve_refund(asker, refund_id=asked)
    async with place.scope():
        await approve_refund(await make.staff(place.tenant, "finance"), refund_id=asked)
    await world.hurry(place)
    bill = await seating.bill(place, hold)
    assert (bill.status, bill.paid_minor) == ("written_off", 0)
    assert await world.ledger_is_right(place)


async def test_refunded_on_the_payments_own_page_it_is_not_owed_again_either(place, outside, seats):
    hold = await seating.take(place)
    started = await pay(place, outside, hold)
    finance = await make.staff(place.tenant, "finance")
    async with place.scope():
        asked = await request_refund(
            finance,
            payment_id=started.payment_id,
            amount_minor=1000,
            seen_refundable_minor=3500,
            reason="sorry",
            key="r1",
        )
        assert (await Refund.get(tenant_id=place.id, id=asked)).status == "approved"
    await world.hurry(place)
    bill = await seating.bill(place, hold)
    assert (bill.status, bill.paid_minor, bill.adjusted_minor) == ("paid", 2500, 1000)
    assert seats.what() == ["kept", "returned 1000"]
    assert await world.ledger_is_right(place)


async def test_a_guest_pays_by_the_pay_link_and_goes_on_to_what_they_paid_for(place, outside, seats, client):
    from billing.holds.service import checkout_path, pay_path  # noqa: PLC0415

    hold = await seating.take(place)
    shown = (await client.get(pay_path(hold))).text
    assert "Kept for you until" in shown
    assert "smaller amount" not in shown
    form = (await client.get(checkout_path(hold, is_signed_in=False))).text
    assert "Kept for you until" in form
    assert "Pay a smaller amount" not in form
    key = re.search(r'name="key" value="([^"]+)"', form).group(1)
    answer = await client.post(
        f"{pay_path(hold)}/payments", data={"key": key, "channel": "stripe", "act": "pay"}
    )
    assert answer.status_code == 303, answer.text
    outside.click(answer.headers["location"], "card")
    await world.hurry(place)
    async with place.scope():
        from billing.models import Payment  # noqa: PLC0415

        paid = await Payment.get(tenant_id=place.id)
    page = (await client.get(f"{pay_path(hold)}/payments/{paid.id}")).text
    assert f"/seats/{hold.subject_id}" in page
    assert seats.what() == ["kept"]


def test_the_readme_shows_how_one_lives():
    from pathlib import Path  # noqa: PLC0415

    from billing.holds.states import HOLD  # noqa: PLC0415
    from billing.payments.states import diagram, table  # noqa: PLC0415

    text = (Path(ending.__file__).parent / "README.md").read_text()
    assert table(HOLD) in text
    assert diagram(HOLD) in text


async def test_the_books_check_finds_a_hold_and_a_bill_that_differ(place, outside, seats):
    from billing import ledger  # noqa: PLC0415
    from tenants.scope import execute  # noqa: PLC0415

    hold = await seating.take(place)
    assert await world.ledger_is_right(place)
    async with place.scope():
        await execute("update billing_bill set held_until = null where tenant_id = $1", place.id)
        faults = await ledger.verify_ledger(place.id)
    assert [fault.check for fault in faults] == ["hold does not say what its bill says"]
    assert hold.status == "held"


async def test_what_is_held_is_nobodys_arrears_and_nobody_is_reminded_of_it(place, outside, seats):
    from billing.reminders.claiming import claim  # noqa: PLC0415
    from billing.reports import figures  # noqa: PLC0415

    await seating.take(place)
    async with place.scope():
        args = [place.id, make.today()]
        given = {
            "step": "x",
            "offset_days": 0,
            "is_final": True,
            "has_email": True,
            "has_sms": False,
            "by": "",
        }
        assert await claim("b.tenant_id = $1 and $2::date is not null", args, **given) == []
        assert await figures.arrears_by_place(place.id, "SGD", args[1]) == []
    bill = await world.bill(place, 1000)
    async with place.scope():
        (found,) = await claim("b.tenant_id = $1 and $2::date is not null", args, **given)
    assert found["id"] == bill.id, "the same question finds an ordinary bill"
