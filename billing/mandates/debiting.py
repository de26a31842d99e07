"""Debits: announced before, taken on their day through the same core as every payment, tried again by the plan."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from billing.answers.conditions import IS_DISPUTED
from billing.bank_terms.reading import bank_terms_of, must_offer
from billing.channels import CHANNELS
from billing.idempotency import Answer, once
from billing.mandates import instalments
from billing.mandates.conditions import is_of
from billing.mandates.days import of_bill
from billing.mandates.failing import failed, tell_left
from billing.mandates.instalments import Takeable
from billing.mandates.states import DEBIT, WAITING
from billing.mandates.telling import announce
from billing.mandates.terms import MandateTerms
from billing.mandates.ways import way_of
from billing.models import Debit, Mandate, Payment
from billing.payments.allocating import Parts
from billing.payments.choosing import Chosen, choose, settlement_of
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
from ui.errors import AppError, Conflict, Invalid
from ui.i18n import t

TAKE_JOB, LOOK_JOB = "billing.take_debit", "billing.look_at_debit"
LOOK_AFTER = timedelta(seconds=30)
_PLAN = f"""
insert into billing_debit (tenant_id, mandate_id, account_id, bill_id, currency, amount_minor, due_on, status, error)
select $1, m.id, b.account_id, b.id, b.currency, b.total_minor - b.paid_minor - b.adjusted_minor,
       {of_bill("b.due_on", "($2::date + $3::int)")},
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
    """Announce what active mandates are going to take, bills and instalments, and tell their payers; return how many.

    A bill in a plan is taken instalment by instalment. While the bank has switched direct debit off nothing new is
    announced.
    """
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        await instalments.follow(actor.tenant_id)
    return await _plan_all(actor, _PLAN) + await _plan_all(actor, instalments.ANNOUNCE)


async def _plan_all(actor: Actor, statement: str) -> int:
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    count = 0
    while True:
        async with open_scope(tenant_scope(actor.tenant_id)):
            now = await today_at(actor.tenant_id)
            terms = await terms_of(actor.tenant_id, MandateTerms)
            bank = await bank_terms_of(actor.tenant_id)
            open_to = [channel for channel in CHANNELS if bank.offers(way_of(channel))]
            made = await rows(statement, actor.tenant_id, now, terms.notice_days, open_to)
            for found in made:
                await _announce(actor, found["id"])
        count += len(made)
        if not made:
            return count


async def _announce(actor: Actor, debit_id: UUID) -> None:
    """Tell the payer what is coming; what is paid to another account than they gave leave for is theirs at once."""
    debit = await Debit.get(tenant_id=actor.tenant_id, id=debit_id)
    mandate = await Mandate.get(tenant_id=debit.tenant_id, id=debit.mandate_id)
    wrong = await _wrong_account(debit, mandate) if debit.status == "announced" else ""
    if not wrong:
        await announce(actor, debit, mandate)
        return
    await _leave(debit, wrong)
    await tell_left(actor, mandate, debit)


async def _wrong_account(debit: Debit, mandate: Mandate) -> str:
    """Return why the debit's bills cannot be paid to the account of the mandate; empty where they can."""
    bills = [debit.bill_id] if debit.bill_id else await instalments.bills_of(debit, mandate)
    try:
        payee = await settlement_of(debit.tenant_id, bills, debit.currency)
    except (Invalid, Conflict) as refused:
        return refused.code
    return "" if payee == mandate.settlement_account_id else "mandate.other_account"


_DUE = """
select id from billing_debit where tenant_id = $1 and (status = any ($3::text[]) and due_on <= $2::date
   or status = 'trying' and payment_id is null) order by due_on, position nulls first
"""


async def take_due(actor: Actor) -> int:
    """Have every debit taken whose day has come, those too whose worker stopped on the way; return how many."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        now = await today_at(actor.tenant_id)
        due = await rows(_DUE, actor.tenant_id, now, list(WAITING))
        for found in due:
            await enqueue(TAKE_JOB, {"debit_id": str(found["id"])})
    return len(due)


async def take(actor: Actor, debit_id: UUID) -> None:
    """Take one debit: claim it, then start its payment as any other. Opens its own scopes."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        claimed = await _claim(actor, debit_id)
    if claimed is None:
        return
    debit, mandate, parts = claimed
    try:
        await _pay(actor, debit, mandate, parts)
    except AppError as refused:
        async with open_scope(tenant_scope(actor.tenant_id)):
            await _refused(actor, debit.id, refused.code)
        return
    await look(actor, debit.id)


_HELD = {
    "bill.held",
    "payment.under_way",
    "payment.unknown",
    "channel.off",
    "bill.paid",
    "bill.void",
    "bill.written_off",
    "payment.too_much",
}
"""Somebody is paying the bill or has just paid it, or the bank has switched debits off: no failure of the mandate's,
looked at again tomorrow."""
_STAYS = f"""
select b.total_minor - b.paid_minor - b.adjusted_minor left_minor, b.status, {IS_DISPUTED} is_disputed,
       {IS_IN_PLAN} is_in_plan, {is_of("$3")} is_own
  from billing_bill b where b.tenant_id = $1 and b.id = $2
"""


async def _claim(actor: Actor, debit_id: UUID) -> tuple[Debit, Mandate, Parts] | None:
    """Claim a debit for a try, or go on with a try that stopped before its payment was written."""
    debit = await Debit.filter(tenant_id=actor.tenant_id, id=debit_id).select_for_update().get()
    mandate = await Mandate.get(tenant_id=debit.tenant_id, id=debit.mandate_id)
    is_begun = debit.status == "trying" and debit.payment_id is None
    if mandate.status != "active":
        if is_begun:
            await _leave(debit, "")
        return None
    if not (is_begun or DEBIT.can(debit.status, "try")):
        return None
    found = await (_takeable if debit.plan_id is None else instalments.takeable)(debit, mandate)
    if found.is_later:
        return None
    amount = sum(found.parts.values())
    if not 0 < amount <= mandate.ceiling_minor:
        await _leave(debit, found.why_not or ("over_ceiling" if amount else "nothing_left"))
        await _go_on(debit)
        return None
    if not is_begun:
        debit.status, debit.tries = DEBIT.after(debit.status, "try"), debit.tries + 1
        debit.payment_id, debit.amount_minor = None, amount
        await debit.save(update_fields=["status", "tries", "payment_id", "amount_minor"])
    return debit, mandate, found.parts


async def _leave(debit: Debit, why: str) -> None:
    """Take nothing for a debit, and say why."""
    debit.status, debit.ended_at = DEBIT.after(debit.status, "skip"), datetime.now(UTC)
    debit.error = why
    await debit.save()


async def _takeable(debit: Debit, mandate: Mandate) -> Takeable:
    """Return what is taken of a bill now: no more than was announced."""
    assert debit.bill_id is not None  # noqa: S101 - it is of no plan
    (bill,) = await rows(_STAYS, debit.tenant_id, debit.bill_id, mandate.person_id)
    if why := _why_not(bill):
        return Takeable({}, why)
    amount = min(int(bill["left_minor"]), int(debit.amount_minor))
    return Takeable({debit.bill_id: amount} if bill["status"] in PAYABLE and amount > 0 else {})


def _why_not(bill: Mapping[str, Any]) -> str:
    if bill["is_disputed"]:
        return "disputed"
    if not bill["is_own"]:
        return "not_theirs"
    return "in_plan" if bill["is_in_plan"] else ""


async def _go_on(debit: Debit) -> None:
    """Have the plan's next instalment taken where its day has come and this one held it back."""
    following = await instalments.next_due(debit, await today_at(debit.tenant_id))
    if following:
        await enqueue(TAKE_JOB, {"debit_id": str(following)})


async def _pay(actor: Actor, debit: Debit, mandate: Mandate, parts: Parts) -> None:
    """Start the debit's payment; one live attempt for each bill holds here as everywhere."""

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
        await enqueue(LOOK_JOB, {"debit_id": str(debit.id)}, delay=LOOK_AFTER)
        return {"attempt_id": str(attempt.id)}

    async def commit() -> UUID:
        body = {"debit": str(debit.id), "amount": sum(parts.values())}
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
    """Follow a debit that could not be started, or whose channel said no at once: its own word counts more.

    One whose bill is held by its own payment was begun by another worker, which goes on with it.
    """
    debit = await Debit.filter(tenant_id=actor.tenant_id, id=debit_id).select_for_update().get()
    is_held = code in _HELD
    if debit.status == "trying" and not (is_held and debit.payment_id):
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
            await _go_on(debit)
        else:
            await failed(actor, debit, await _error_of(debit), is_held=False)
        return True
