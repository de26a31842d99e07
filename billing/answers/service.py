"""What payers answer to a bill, and how staff work a dispute. All in the open tenant scope.

The caller has proved, in the payer's own scope, that they see the bill.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from billing import ledger
from billing.adjustments.applying import Off, adjust_bill
from billing.answers.notes import write
from billing.answers.states import DISPUTE, OPEN, PROMISE
from billing.answers.terms import AnswerTerms
from billing.ledger import Side
from billing.models import Answer, Bill, BillLine, FeeItem
from billing.payments.allocating import lock_bills
from billing.payments.states import PAYABLE
from billing.terms import terms_of
from tenants import audit
from tenants.actor import Actor
from tenants.days import today_at
from tenants.ids import new_id
from tenants.jobs import publish
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import N_, t

TOPICS = {
    "amount": N_("The amount is wrong"),
    "not_mine": N_("It is not for me, or not for this period"),
    "paid": N_("I have paid it already"),
    "service": N_("I did not get what it is for"),
    "other": N_("Something else"),
}
"""What a dispute can be about, in English msgids."""
OUTCOMES = {
    "void": N_("The bill is cancelled"),
    "credit_note": N_("A credit note is written"),
    "adjustment": N_("Something is let off"),
    "explained": N_("Nothing has to change"),
}
"""What an accepted dispute leads to."""


async def promise(actor: Actor, *, tenant_id: UUID, bill_id: UUID, day: date) -> UUID:
    """Keep a promise to pay a bill by ``day``; it replaces an earlier one. Until then nobody is reminded.

    Raises:
        Invalid: the day is not ahead, or later than the institution allows.
        Conflict: nothing is owed, promises are not taken here, or there have been enough for this bill.
    """
    bill = await _owed(tenant_id, bill_id)
    terms = await terms_of(tenant_id, AnswerTerms)
    await _check_day(tenant_id, day, terms)
    made = await Answer.filter(tenant_id=tenant_id, bill_id=bill_id, kind="promise")
    if len(made) >= terms.promises_most:
        raise Conflict(
            "promise.enough", t("This bill has been promised before. Pay it, or ask the institution.")
        )
    for earlier in made:
        if earlier.closed_at is None:
            await close(actor, earlier, PROMISE.after(earlier.status, "withdraw"))
    answer = _answer(actor, bill, "promise", PROMISE.start)
    answer.promised_on = day
    await answer.save(force_create=True)
    await _record(actor, bill, "bill.promised", {"day": day.isoformat()})
    return answer.id


async def promise_by_rule(actor: Actor, bill: Bill, day: date) -> None:
    """Keep a promise that is part of an agreement the payer has just made, as to have a bill taken tonight."""
    answer = _answer(actor, bill, "promise", PROMISE.start)
    answer.promised_on = day
    await answer.save(force_create=True)


async def _check_day(tenant_id: UUID, day: date, terms: AnswerTerms) -> None:
    if terms.promise_days_most <= 0:
        raise Conflict(
            "promise.off", t("This institution takes no promises. Ask them if you cannot pay in time.")
        )
    now = await today_at(tenant_id)
    if not now < day <= now + timedelta(days=terms.promise_days_most):
        text = t("Choose a day within the next {n} days.", n=terms.promise_days_most)
        raise Invalid("promise.day", text, fields={"day": text})


async def dispute(
    actor: Actor, *, tenant_id: UUID, bill_id: UUID, topic: str, text: str, files: Sequence[dict[str, Any]]
) -> UUID:
    """Open a dispute of a bill: its late fee stands still and nobody is reminded until it is decided.

    Raises:
        Invalid: no topic was chosen, or nothing written.
        Conflict: nothing is owed, a dispute is open already, or disputes are worked elsewhere.
    """
    bill = await _owed(tenant_id, bill_id)
    if not (await terms_of(tenant_id, AnswerTerms)).has_disputes:
        raise Conflict("dispute.off", t("Please talk to the institution itself about this bill."))
    if topic not in TOPICS:
        wrong = t("Choose what is wrong.")
        raise Invalid("dispute.topic", wrong, fields={"topic": wrong})
    if await Answer.exists(tenant_id=tenant_id, bill_id=bill_id, kind="dispute", closed_at=None):
        raise Conflict("dispute.open", t("This bill is being disputed already. Add to that dispute."))
    answer = _answer(actor, bill, "dispute", DISPUTE.start)
    answer.topic = topic
    await answer.save(force_create=True)
    await write(actor, tenant_id=tenant_id, answer_id=answer.id, text=text, files=files)
    await _record(actor, bill, "bill.disputed", {"topic": topic})
    await publish("answer.opened", {"answer_id": str(answer.id)})
    return answer.id


async def decline(actor: Actor, *, tenant_id: UUID, bill_id: UUID, line_id: UUID) -> UUID:
    """Take a voluntary item off a bill by a linked reversal: what was charged comes off income again.

    Raises:
        NotFound: the bill has no such line.
        Conflict: it is not voluntary, or some of it is paid or settled already.
    """
    bill = await _owed(tenant_id, bill_id)
    line = await BillLine.get_or_none(tenant_id=tenant_id, bill_id=bill_id, id=line_id)
    if line is None:
        raise NotFound("bill.no_line", t("There is no such charge on this bill."))
    item = await FeeItem.get(tenant_id=tenant_id, id=line.fee_item_id)
    if not item.is_voluntary or line.paid_minor or line.adjusted_minor or line.amount_minor <= 0:
        raise Conflict("decline.not", t("This charge cannot be declined."))
    return await take_off(actor, bill, line, item.key, "bill.declined")


async def lapse(actor: Actor, *, tenant_id: UUID, bill_id: UUID, line_id: UUID) -> UUID:
    """Take a voluntary item off a bill whose due day has passed: what nobody has to pay never becomes a debt.

    Raises:
        Conflict: nothing is owed any more.
    """
    bill = await _owed(tenant_id, bill_id)
    line = await BillLine.get(tenant_id=tenant_id, bill_id=bill_id, id=line_id)
    item = await FeeItem.get(tenant_id=tenant_id, id=line.fee_item_id)
    return await take_off(actor, bill, line, item.key, "bill.lapsed")


async def take_off(actor: Actor, bill: Bill, line: BillLine, key: str, act: str) -> UUID:
    """Reverse a voluntary line of a locked bill, with the answer that says so."""
    answer = _answer(actor, bill, "decline", "declined" if act == "bill.declined" else "lapsed")
    answer.bill_line_id, answer.amount_minor = line.id, line.amount_minor
    answer.closed_at, answer.closed_by_name = datetime.now(UTC), actor.name[:100]
    await answer.save(force_create=True)
    await _reverse(bill, line, key, answer.id)
    await _record(actor, bill, act, {"amount_minor": line.amount_minor, "currency": bill.currency})
    return answer.id


async def _reverse(bill: Bill, line: BillLine, key: str, answer_id: UUID) -> None:
    amount, currency = int(line.amount_minor), bill.currency
    off = Off(line_amounts={line.id: amount})
    await adjust_bill(bill.tenant_id, bill_id=bill.id, off=off, cause="declined", source_id=answer_id)
    sides = [
        Side(f"income:{key}", amount, currency, bill.account_id, bill.id),
        Side(ledger.RECEIVABLE, -amount, currency, bill.account_id, bill.id),
    ]
    await ledger.post(bill.tenant_id, "line.declined", answer_id, sides)


def _answer(actor: Actor, bill: Bill, kind: str, status: str) -> Answer:
    return Answer(
        id=new_id(),
        tenant_id=bill.tenant_id,
        bill_id=bill.id,
        account_id=bill.account_id,
        kind=kind,
        status=status,
        person_id=actor.person_id,
        person_name=actor.name[:100],
    )


async def _owed(tenant_id: UUID, bill_id: UUID) -> Bill:
    """Return a bill that is owed, locked, so that two answers to it come one after the other."""
    locked = (await lock_bills(tenant_id, [bill_id])).get(bill_id)
    if locked is None or locked.status == "draft":
        raise NotFound("bill.not_found", t("There is no such bill, or it is not yours to see."))
    if locked.status not in PAYABLE:
        raise Conflict("bill.paid", t("Nothing is left to pay of bill {number}.", number=locked.number))
    if locked.is_held:
        text = t("Bill {number} is paid whole, or what it is for is let go.", number=locked.number)
        raise Conflict("bill.whole", text)
    return await Bill.get(tenant_id=tenant_id, id=bill_id)


async def find(tenant_id: UUID, answer_id: UUID, *, kind: str = "dispute") -> Answer:
    """Return an answer, locked.

    Raises:
        NotFound: there is none of this kind.
    """
    query = Answer.filter(tenant_id=tenant_id, id=answer_id, kind=kind).select_for_update()
    found = await query.get_or_none()
    if found is None:
        raise NotFound("answer.not_found", t("There is no such answer."))
    return found


async def _open(tenant_id: UUID, answer_id: UUID) -> Answer:
    found = await find(tenant_id, answer_id)
    if found.status not in OPEN:
        raise Conflict("dispute.closed", t("This dispute is closed already."))
    return found


async def say(
    actor: Actor, *, tenant_id: UUID, answer_id: UUID, text: str, files: Sequence[dict[str, Any]] = ()
) -> None:
    """Add to an open dispute, from either side; whose turn it is follows.

    Raises:
        Forbidden: staff without the right.
        Invalid: nothing written.
        Conflict: it is closed.
    """
    if actor.kind == "staff":
        actor.require("answers.work")
    found = await _open(tenant_id, answer_id)
    await write(actor, tenant_id=tenant_id, answer_id=answer_id, text=text, files=files)
    edge = "answer" if actor.kind == "staff" else "ask_again"
    if DISPUTE.can(found.status, edge):
        found.status = DISPUTE.after(found.status, edge)
        await found.save(update_fields=["status"])
    await publish("answer.said", {"answer_id": str(answer_id), "is_staff": actor.kind == "staff"})


async def withdraw(actor: Actor, *, tenant_id: UUID, answer_id: UUID) -> None:
    """Take a dispute back: the bill is owed as it stands, and reminders go on.

    Raises:
        Conflict: it is closed.
    """
    found = await _open(tenant_id, answer_id)
    await close(actor, found, DISPUTE.after(found.status, "withdraw"))


async def decide(actor: Actor, *, answer_id: UUID, is_accepted: bool, outcome: str, text: str) -> None:
    """Accept or reject a dispute, with the words the payer reads. What an accepted one leads to is done on the bill.

    Raises:
        Forbidden: the actor may not work answers.
        Invalid: nothing written, or no outcome chosen for an accepted one.
        Conflict: it is closed.
    """
    actor.require("answers.work")
    assert actor.tenant_id is not None  # noqa: S101 - staff act inside their tenant
    if is_accepted and outcome not in OUTCOMES:
        wrong = t("Choose what it leads to.")
        raise Invalid("dispute.outcome", wrong, fields={"outcome": wrong})
    found = await _open(actor.tenant_id, answer_id)
    await write(actor, tenant_id=actor.tenant_id, answer_id=answer_id, text=text)
    found.outcome = outcome if is_accepted else ""
    await close(actor, found, DISPUTE.after(found.status, "accept" if is_accepted else "reject"))
    await publish("answer.decided", {"answer_id": str(answer_id)})


async def take_over(actor: Actor, *, answer_id: UUID) -> None:
    """Make the actor the one who works a dispute.

    Raises:
        Forbidden: the actor may not work answers.
        Conflict: it is closed.
    """
    actor.require("answers.work")
    assert actor.tenant_id is not None  # noqa: S101 - staff act inside their tenant
    found = await _open(actor.tenant_id, answer_id)
    found.owner_id, found.owner_name = actor.person_id, actor.name[:100]
    await found.save(update_fields=["owner_id", "owner_name"])


async def close(actor: Actor, found: Answer, status: str) -> None:
    """End an answer in ``status``."""
    found.status, found.closed_at, found.closed_by_name = status, datetime.now(UTC), actor.name[:100]
    await found.save(update_fields=["status", "closed_at", "closed_by_name", "outcome"])
    bill = await Bill.get(tenant_id=found.tenant_id, id=found.bill_id)
    await _record(actor, bill, f"{found.kind}.{status}", {"outcome": found.outcome} if found.outcome else {})


async def _record(actor: Actor, bill: Bill, act: str, after: Mapping[str, Any]) -> None:
    await audit.record(
        actor.within(bill.tenant_id),
        act,
        subject_kind="bill",
        subject_id=bill.id,
        subject_label=bill.number,
        after=dict(after),
    )
