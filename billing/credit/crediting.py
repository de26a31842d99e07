"""Unassigned money becomes an account's credit, by a named person with a reason."""

from datetime import UTC, datetime
from uuid import UUID

from billing import ledger
from billing.credit.lots import credit_side, open_credit, record
from billing.idempotency import Answer, once
from billing.ledger import Side
from billing.models import Payment, Suspense
from billing.payments.states import move
from billing.payments.suspense import NOTE_MAX, locked_suspense, must_be_open
from tenants.actor import Actor
from tenants.models import Account
from ui.errors import Invalid, NotFound
from ui.i18n import t


async def credit_suspense(
    actor: Actor, *, suspense_id: UUID, account_id: UUID, reason: str, key: str
) -> UUID:
    """Put all of a sum of unassigned money to an account's credit, in the open tenant scope; return the credit's id.

    Raises:
        Invalid: no reason given.
        NotFound: there is no such account.
        Conflict: it has been worked already.
    """
    actor.require("suspense.work")
    actor.require_fresh()
    note = reason.strip()[:NOTE_MAX]
    if not note:
        text = t("Say why, in at most {n} characters.", n=NOTE_MAX)
        raise Invalid("suspense.reason", text, fields={"reason": text})

    async def do() -> Answer:
        held, payment = await locked_suspense(actor, suspense_id)
        must_be_open(held)
        return {"credit_id": str(await _credit(actor, held, payment, account_id, note))}

    body = {"suspense": str(suspense_id), "account": str(account_id), "reason": note}
    answer = await once(actor, key=key, act="suspense.credit", body=body, do=do)
    return UUID(answer["credit_id"])


async def _credit(actor: Actor, held: Suspense, payment: Payment, account_id: UUID, note: str) -> UUID:
    if not await Account.exists(tenant_id=held.tenant_id, id=account_id):
        raise NotFound("account.not_found", t("There is no such account."))
    credit = await open_credit(
        actor,
        payment,
        account_id=account_id,
        amount_minor=held.amount_minor,
        source="suspense",
        source_id=held.id,
        note=note,
    )
    sides = [
        Side(ledger.SUSPENSE, held.amount_minor, held.currency),
        credit_side(account_id, -held.amount_minor, held.currency),
    ]
    await ledger.post(held.tenant_id, "credit.granted", credit.id, sides)
    move(held, "credit")
    held.resolution, held.resolved_at = note, datetime.now(UTC)
    await held.save(update_fields=["status", "resolution", "resolved_at"])
    await record(actor, credit, "credit.granted", {"source": "suspense", "reason": note})
    return credit.id
