"""A bill of a stay was too much: it is credited, and what had paid it goes back to where it came from.

Credit notes make what was paid the account's credit, tied to its payment; that is refunded at once, in the system's
name, since the insurer has decided. What a deposit had paid is in the deposit again.
"""

from uuid import UUID

from billing.credit.lots import lock_payers
from billing.models import Credit
from billing.payments import refunds
from billing.plans import credit_notes
from tenants.actor import Actor


async def take_back(actor: Actor, *, bill_id: UUID, amount_minor: int, reason: str) -> None:
    """Credit so much of a bill and refund what of it was paid, in the transaction that makes it happen once.

    Raises:
        Conflict: somebody is paying the bill at this moment, or its payment is in dispute.
        Invalid: more than is left uncredited.
    """
    assert actor.tenant_id is not None  # noqa: S101 - callers are inside a tenant
    await lock_payers(actor.tenant_id, bill_id)
    note = await credit_notes.write_for(actor, bill_id, None, amount_minor, reason)
    lots = await Credit.filter(tenant_id=actor.tenant_id, source=credit_notes.CAUSE, source_id=note.id)
    for lot in sorted(lots, key=lambda one: str(one.payment_id)):
        payment = await refunds.lock_payment(actor, lot.payment_id)
        credit = await Credit.filter(tenant_id=lot.tenant_id, id=lot.id).select_for_update().get()
        left = credit.left_minor - credit.refunding_minor
        credit.refunding_minor += left
        await credit.save(update_fields=["refunding_minor"])
        await refunds.create(actor, payment, left, reason, credit=credit, is_agreed=True)
