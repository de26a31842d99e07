"""Credit notes: so much of an issued bill, or of one of its lines, should not have been charged.

What is still to be paid is taken off the bill; what has been paid already becomes the account's credit, to be put to
other bills or paid back. The issued lines themselves never change.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from billing import ledger
from billing.adjustments.applying import AdjustedLine, Off, adjust_bill
from billing.credit.lots import grant_credit, lock_payers
from billing.idempotency import Answer, once
from billing.ledger import Side
from billing.models import Bill, CreditNote
from billing.names import Sum
from billing.payments.allocating import lock_bills
from billing.payments.numbers import new_number
from tenants import audit
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.jobs import publish
from tenants.scope import rows, value
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import t

CAUSE = "credit_note"
REASON_MAX = 500
CREDITABLE = ("issued", "part_paid", "paid")
_LINES = """
select l.id, l.amount_minor - l.adjusted_minor creditable, l.amount_minor - l.paid_minor - l.adjusted_minor left_minor,
       case when i.kind = 'stored' then 'top_up:' else 'income:' end || i.key ledger
  from billing_bill_line l join billing_fee_item i on i.tenant_id = l.tenant_id and i.id = l.fee_item_id
 where l.tenant_id = $1 and l.bill_id = $2 order by l.position, l.id
"""
_IS_BEING_PAID = (
    "select exists (select 1 from billing_payment_part where tenant_id = $1 and bill_id = $2 and is_live)"
)


async def write(
    actor: Actor, *, bill_id: UUID, line_id: UUID | None, amount_minor: int, reason: str, key: str
) -> CreditNote:
    """Write one credit note, once for each ``key``.

    Raises:
        Invalid: no reason, or more than what is left uncredited of the bill or line; the field says which.
        Conflict: the bill is a draft, void or written off, or somebody is paying it at this moment.
        StepUp: the sign-in is not fresh and strong.
    """
    actor.require("credit_notes.write")
    actor.require_fresh()
    body = {"bill": str(bill_id), "line": str(line_id or ""), "amount": amount_minor, "reason": reason}

    async def do() -> Answer:
        assert actor.tenant_id is not None  # noqa: S101 - the door has led here
        await lock_payers(actor.tenant_id, bill_id)
        made = await write_for(actor, bill_id, line_id, amount_minor, reason)
        return {"credit_note_id": str(made.id)}

    answer = await once(actor, key=key, act="credit_note.write", body=body, do=do)
    return await CreditNote.get(tenant_id=actor.tenant_id, id=UUID(answer["credit_note_id"]))


async def write_for(
    actor: Actor, bill_id: UUID, line_id: UUID | None, amount: int, reason: str
) -> CreditNote:
    """Write a credit note that something else has decided about, in the transaction that makes it happen once.

    Where some of the bill may have been paid, whoever calls this has locked what paid it (``lots.lock_payers``).

    Raises:
        Invalid, Conflict: as for ``write``.
    """
    if not reason.strip() or len(reason) > REASON_MAX:
        text = t("Say why in at most {n} characters; the payer sees it.", n=REASON_MAX)
        raise Invalid("credit_note.reason", text, fields={"reason": text})
    bill = await _locked(actor, bill_id)
    found = [one for one in await rows(_LINES, bill.tenant_id, bill.id) if line_id in {None, one["id"]}]
    _check(bill, found, amount)
    excess = max(0, amount - sum(one["left_minor"] for one in found))
    note = CreditNote(
        id=new_id(),
        tenant_id=bill.tenant_id,
        number=await new_number("N", bill.tenant_id),
        bill_id=bill.id,
        bill_line_id=line_id,
        account_id=bill.account_id,
        currency=bill.currency,
        amount_minor=amount,
        adjusted_minor=amount - excess,
        excess_minor=excess,
        reason=reason.strip(),
        written_by=actor.person_id,
        written_by_name=actor.name[:100],
    )
    await note.save(force_create=True)
    await _apply(actor, note, line_id)
    return note


async def _locked(actor: Actor, bill_id: UUID) -> Bill:
    assert actor.tenant_id is not None  # noqa: S101 - the door has led here
    await lock_bills(actor.tenant_id, [bill_id])
    bill = await Bill.get_or_none(tenant_id=actor.tenant_id, id=bill_id)
    if bill is None or bill.status == "draft":
        raise NotFound("bill.not_found", t("There is no such bill."))
    if bill.held_until is not None:
        text = t("This bill keeps something for its payer until it is paid. Cancel that instead.")
        raise Conflict("bill.is_held", text)
    if bill.status not in CREDITABLE:
        raise Conflict("bill.closed", t("This bill is closed, so nothing of it can be credited."))
    if await value(_IS_BEING_PAID, bill.tenant_id, bill.id):
        text = t("Somebody is paying this bill right now. Wait until the payment has ended, then look again.")
        raise Conflict("bill.being_paid", text)
    return bill


def _check(bill: Bill, found: Sequence[Mapping[str, Any]], amount: int) -> None:
    if not found:
        raise NotFound("line.not_found", t("There is no such line on this bill."))
    most = sum(one["creditable"] for one in found)
    if not 0 < amount <= most:
        text = t(
            "Enter an amount above zero and at most {most}: that much is left uncredited.",
            most=Sum(most, bill.currency),
        )
        raise Invalid("credit_note.amount", text, fields={"amount_minor": text})


async def _apply(actor: Actor, note: CreditNote, line_id: UUID | None) -> None:
    """Free what was paid, take it all off the bill, and book it against the income of the lines concerned."""
    if note.excess_minor:
        await grant_credit(
            actor,
            bill_id=note.bill_id,
            amount_minor=note.excess_minor,
            source=CAUSE,
            source_id=note.id,
            note=note.reason,
        )
    found = {one["id"]: one for one in await rows(_LINES, note.tenant_id, note.bill_id)}
    taken: list[AdjustedLine] = []
    if line_id is not None and (own := min(note.amount_minor, found[line_id]["left_minor"])):
        off = Off(line_amounts={line_id: own})
        taken += (
            await adjust_bill(note.tenant_id, bill_id=note.bill_id, off=off, cause=CAUSE, source_id=note.id)
        ).lines
    rest = note.amount_minor - sum(line.amount_minor for line in taken)
    if rest:
        off = Off(amount_minor=rest)
        taken += (
            await adjust_bill(note.tenant_id, bill_id=note.bill_id, off=off, cause=CAUSE, source_id=note.id)
        ).lines
    sides = [_side(note, found[line_id or line.line_id]["ledger"], line.amount_minor) for line in taken]
    await ledger.post(
        note.tenant_id,
        "credit_note.written",
        note.id,
        [*sides, _side(note, ledger.RECEIVABLE, -note.amount_minor)],
    )
    await _record(actor, note)
    await publish("credit_note.written", {"credit_note_id": str(note.id), "bill_id": str(note.bill_id)})


def _side(note: CreditNote, name: str, amount: int) -> Side:
    return Side(name, amount, note.currency, note.account_id, note.bill_id)


async def _record(actor: Actor, note: CreditNote) -> None:
    await audit.record(
        actor,
        "credit_note.written",
        subject_kind="bill",
        subject_id=note.bill_id,
        subject_label=note.number,
        after={
            "amount_minor": note.amount_minor,
            "excess_minor": note.excess_minor,
            "currency": note.currency,
            "reason": note.reason,
        },
    )
