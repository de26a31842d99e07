"""Debits: announced before, taken on their day through the same core as every payment, tried again by the plan."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from tortoise.expressions import Q

from billing.answers.conditions import IS_DISPUTED
from billing.bank_terms.reading import bank_terms_of, must_offer
from billing.channels import CHANNELS
from billing.idempotency import Answer, once
from billing.mandates.conditions import is_of
from billing.mandates.failing import failed
from billing.mandates.states import DEBIT, WAITING
from billing.mandates.telling import tell
from billing.mandates.terms import MandateTerms
from billing.mandates.ways import way_of
from billing.models import Bill, Debit, Mandate, Payment
from billing.names import Day, Month, Sum
from billing.payments.allocating import Parts
from billing.payments.choosing import Chosen, choose
from billing.payments.holding import Want, when_free
from billing.payments.starting import begin_asking, hold, new_attempt, new_payment, send
from billing.payments.states import LIVE as PAYING
from billing.payments.states import PAYABLE, RECEIVED
from billing.plans.conditions import IS_IN_PLAN
from billing.splits.rules import must_be_shareable
from billing.terms import terms_of
from tenants.actor import Actor
from tenants.days import today_at
from tenants.jobs import enqueue
from tenants.scope import open_scope, rows, tenant_scope
from ui.errors import AppError, Conflict
from ui.i18n import t

TAKE_JOB, LOOK_JOB = "billing.take_debit", "billing.look_at_debit"
LOOK_AFTER = timedelta(seconds=30)
_PLAN = f"""
insert into billing_debit (tenant_id, mandate_id, account_id, bill_id, currency, amount_minor, due_on, status, error)
select $1, m.id, b.account_id, b.id, b.currency, b.total_minor - b.paid_minor - b.adjusted_minor,
       case when m.schedule = 'bill' then greatest(b.due_on, $2::date + $3::int)
            else (date_trunc('month', $2::date + $3::int)::date + m.day_of_month - 1)
                 + case when date_trunc('month', $2::date + $3::int)::date + m.day_of_month - 1 < $2::date + $3::int
                        then interval '1 month' else interval '0' end end,
       case when b.total_minor - b.paid_minor - b.adjusted_minor > m.ceiling_minor then 'skipped' else 'announced' end,
       case when b.total_minor - b.paid_minor - b.adjusted_minor > m.ceiling_minor then 'over_ceiling' else '' end
  from billing_mandate m join billing_bill b on b.tenant_id = $1 and b.account_id = m.account_id
   and b.currency = m.currency and b.status in ('issued', 'part_paid')
   and b.total_minor > b.paid_minor + b.adjusted_minor and b.held_until is null
 where m.tenant_id = $1 and m.status = 'active' and m.channel = any ($4::text[])
   and not {IS_DISPUTED} and not {IS_IN_PLAN} and {is_of("m.person_id")}
   and not exists (select 1 from billing_debit x where x.tenant_id = $1 and x.bill_id = b.id
                      and (x.mandate_id = m.id or x.status in ('announced', 'trying', 'waiting')))
 order by b.due_on limit 500
on conflict do nothing returning id
"""


async def plan(actor: Actor) -> int:
    """Announce a debit for each open bill under an active mandate, and tell its payer; return how many.

    Bills in a plan are left to their payer, instalment by instalment: leave was given to take what a bill comes to.
    While the bank has switched direct debit off nothing new is announced.
    """
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    count = 0
    while True:
        async with open_scope(tenant_scope(actor.tenant_id)):
            now = await today_at(actor.tenant_id)
            terms = await terms_of(actor.tenant_id, MandateTerms)
            bank = await bank_terms_of(actor.tenant_id)
            open_to = [channel for channel in CHANNELS if bank.offers(way_of(channel))]
            made = await rows(_PLAN, actor.tenant_id, now, terms.notice_days, open_to)
            for found in made:
                await _announce(actor, found["id"])
        count += len(made)
        if not made:
            return count


async def _announce(actor: Actor, debit_id: UUID) -> None:
    debit = await Debit.get(tenant_id=actor.tenant_id, id=debit_id)
    mandate = await Mandate.get(tenant_id=debit.tenant_id, id=debit.mandate_id)
    bill = await Bill.get(tenant_id=debit.tenant_id, id=debit.bill_id)
    words = {
        "amount": Sum(debit.amount_minor, debit.currency),
        "account": bill.account_number,
        "month": Month(bill.period),
        "day": Day(debit.due_on),
    }
    if debit.status == "skipped":
        subject = t("{amount} for {month} is above your ceiling", **words)
        body = t(
            "The bill of {account} for {month} is {amount}, more than a debit may take. Please pay it yourself.",
            **words,
        )
    elif mandate.channel == "stripe":
        subject = t("{amount} for {month} will be debited on {day}", **words)
        body = t(
            "The bill of {account} for {month}, {amount}, is charged to {card} on {day}. You can stop this before"
            " then.",
            **words,
            card=mandate.mask,
        )
    else:
        subject = t("{amount} for {month} will be debited on {day}", **words)
        body = t(
            "The bill of {account} for {month}, {amount}, is debited on {day}. You can stop this before then.",
            **words,
        )
    await tell(actor, mandate, subject, body)


async def take_at_once(mandate: Mandate, bill_id: UUID, amount_minor: int) -> Debit:
    """Have a bill that its payer has asked to be taken as it arises debited now, in the open tenant scope.

    What the plan announces days ahead is for bills that come by themselves; a held bill is never among them.
    """
    debit = await Debit.create(
        tenant_id=mandate.tenant_id,
        mandate_id=mandate.id,
        account_id=mandate.account_id,
        bill_id=bill_id,
        currency=mandate.currency,
        amount_minor=amount_minor,
        due_on=await today_at(mandate.tenant_id),
        status="announced",
    )
    await enqueue(TAKE_JOB, {"debit_id": str(debit.id)})
    return debit


async def call_off(tenant_id: UUID, bill_id: UUID) -> None:
    """Take nothing more for a bill by itself, in the open tenant scope; a try that is under way goes on to its end."""
    await Debit.filter(tenant_id=tenant_id, bill_id=bill_id, status__in=WAITING).update(
        status=DEBIT.after("waiting", "stop"), ended_at=datetime.now(UTC)
    )


async def take_due(actor: Actor) -> int:
    """Have every debit taken whose day has come, and those that were claimed and never started; return how many."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        now = await today_at(actor.tenant_id)
        is_due = Q(status__in=WAITING) | Q(status="trying", payment_id__isnull=True)
        due = await Debit.filter(is_due, tenant_id=actor.tenant_id, due_on__lte=now).values_list(
            "id", flat=True
        )
        for debit_id in due:
            await enqueue(TAKE_JOB, {"debit_id": str(debit_id)})
    return len(due)


async def take(actor: Actor, debit_id: UUID) -> None:
    """Take one debit: claim it, then start its payment as any other. Opens its own scopes."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    claimed = await _claim(actor, debit_id)
    if claimed is None:
        return
    debit, mandate, amount = claimed
    try:
        await _pay(actor, debit, mandate, amount)
    except AppError as refused:
        async with open_scope(tenant_scope(actor.tenant_id)):
            await _refused(actor, debit.id, refused.code)
        return
    async with open_scope(tenant_scope(actor.tenant_id)):
        await enqueue(LOOK_JOB, {"debit_id": str(debit.id)}, delay=LOOK_AFTER)
    await look(actor, debit.id)


_HELD = {"bill.held", "payment.under_way", "payment.unknown", "channel.off"}
"""Somebody is paying the bill, or the bank has switched debits off: no failure of the mandate's, looked at again
tomorrow."""
_STAYS = f"""
select b.total_minor - b.paid_minor - b.adjusted_minor left_minor, b.status, {IS_DISPUTED} is_disputed,
       {IS_IN_PLAN} is_in_plan, {is_of("$3")} is_own
  from billing_bill b where b.tenant_id = $1 and b.id = $2
"""


async def _claim(actor: Actor, debit_id: UUID) -> tuple[Debit, Mandate, int] | None:
    """Claim a debit for one try; one that was claimed by a process that died before it had begun is taken over."""
    async with open_scope(tenant_scope(actor.tenant_id or debit_id)):
        debit = await Debit.filter(tenant_id=actor.tenant_id, id=debit_id).select_for_update().get()
        mandate = await Mandate.get(tenant_id=debit.tenant_id, id=debit.mandate_id)
        is_left = debit.status == "trying" and debit.payment_id is None
        if not (DEBIT.can(debit.status, "try") or is_left) or mandate.status != "active":
            if is_left:
                await _give_up(debit)
            return None
        (bill,) = await rows(_STAYS, debit.tenant_id, debit.bill_id, mandate.person_id)
        amount = min(int(bill["left_minor"]), int(debit.amount_minor))
        if (
            bill["status"] not in PAYABLE
            or amount <= 0
            or bill["is_disputed"]
            or bill["is_in_plan"]
            or not bill["is_own"]
            or amount > mandate.ceiling_minor
        ):
            debit.status, debit.ended_at = DEBIT.after(debit.status, "skip"), datetime.now(UTC)
            debit.error = _why_skipped(bill)
            await debit.save()
            return None
        if not is_left:
            debit.status, debit.tries = DEBIT.after(debit.status, "try"), debit.tries + 1
            debit.payment_id = None
            await debit.save(update_fields=["status", "tries", "payment_id"])
        return debit, mandate, amount


async def _give_up(debit: Debit) -> None:
    """End a debit whose mandate was stopped before its try had begun."""
    debit.status, debit.ended_at = DEBIT.after(debit.status, "skip"), datetime.now(UTC)
    await debit.save(update_fields=["status", "ended_at"])


def _why_skipped(bill: Mapping[str, Any]) -> str:
    if bill["is_disputed"]:
        return "disputed"
    if not bill["is_own"]:
        return "not_theirs"
    return "in_plan" if bill["is_in_plan"] else "nothing_left"


async def _pay(actor: Actor, debit: Debit, mandate: Mandate, amount: int) -> None:
    """Start the debit's payment; one live attempt for the bill holds here as everywhere."""
    parts = {debit.bill_id: amount}

    async def do() -> Answer:
        await must_offer(debit.tenant_id, way_of(mandate.channel))
        chosen = await choose(debit.tenant_id, parts)
        await _must_fit(mandate, chosen, parts)
        lifetime = CHANNELS[mandate.channel].capabilities.lifetime
        payment = await new_payment(actor, chosen, mandate.channel, datetime.now(UTC) + lifetime)
        payment.person_id, payment.payer_name = mandate.person_id, mandate.person_name
        payment.payer_email = mandate.email
        payment.method = "stripe.card" if mandate.channel == "stripe" else ""
        await payment.save(force_create=True)
        await hold(payment, parts)
        attempt = await new_attempt(actor, payment, chosen, ("", ""))
        attempt.request |= {"mandate": mandate.reference, "instrument": mandate.instrument}
        await attempt.save(update_fields=["request"])
        await begin_asking(attempt)
        await Debit.filter(tenant_id=debit.tenant_id, id=debit.id).update(payment_id=payment.id)
        return {"attempt_id": str(attempt.id)}

    async def commit() -> UUID:
        body = {"debit": str(debit.id), "amount": amount}
        async with open_scope(tenant_scope(debit.tenant_id)):
            key = f"debit-{debit.id}-{debit.tries}"
            return UUID((await once(actor, key=key, act="debit.take", body=body, do=do))["attempt_id"])

    await send(actor, await when_free(actor, Want(parts, mandate.channel), commit))


async def _must_fit(mandate: Mandate, chosen: Chosen, parts: Parts) -> None:
    """Refuse a bill that is paid elsewhere than where the payer gave leave, or that others have a share in.

    Raises:
        Invalid, Conflict: autopay leaves this bill to its payer.
    """
    if chosen.settlement_id != mandate.settlement_account_id:
        text = t("This bill is paid to another account of the institution.")
        raise Conflict("mandate.other_account", text)
    await must_be_shareable(mandate.tenant_id, parts, mandate.channel)


async def _refused(actor: Actor, debit_id: UUID, code: str) -> None:
    """Follow a debit that could not be started, or whose channel said no at once: its own word counts more."""
    debit = await Debit.filter(tenant_id=actor.tenant_id, id=debit_id).select_for_update().get()
    is_held = code in _HELD
    if debit.status == "trying" and not (
        is_held and debit.payment_id is not None
    ):  # another run has begun it
        await failed(actor, debit, code if is_held else await _error_of(debit) or code, is_held=is_held)


async def _error_of(debit: Debit) -> str:
    """Return what the channel said of the debit's last try; empty where it was never asked."""
    found = await rows(
        "select a.error from billing_attempt a join billing_payment p on p.tenant_id = a.tenant_id"
        " and p.id = a.payment_id where a.tenant_id = $1 and a.payment_id = $2 and p.status in ('failed', 'cancelled')"
        " order by a.created_at desc limit 1",
        debit.tenant_id,
        debit.payment_id,
    )
    return str(found[0]["error"]) if found else ""


async def look(actor: Actor, debit_id: UUID) -> bool:
    """Bring a debit to what became of its payment; ``True`` once that is known. Opens its own scope."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        debit = await Debit.filter(tenant_id=actor.tenant_id, id=debit_id).select_for_update().get()
        if debit.status != "trying" or debit.payment_id is None:
            return True
        payment = await Payment.get(tenant_id=debit.tenant_id, id=debit.payment_id)
        if payment.status in PAYING:
            return False
        if payment.status in RECEIVED:
            debit.status, debit.ended_at = DEBIT.after(debit.status, "pay"), datetime.now(UTC)
            await debit.save()
        else:
            await failed(actor, debit, await _error_of(debit), is_held=False)
        return True
