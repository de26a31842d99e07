"""What a refund keeps for itself until it is certain: unassigned money, or credit."""

from billing.models import Credit, Refund, Suspense
from billing.payments.states import move


async def locked_credit(refund: Refund) -> Credit:
    """Return the credit that a refund is of, locked."""
    return await Credit.filter(tenant_id=refund.tenant_id, id=refund.credit_id).select_for_update().get()


async def reserve_credit(refund: Refund) -> None:
    """Keep what is left of the credit that a refund is of, as far as it goes."""
    if refund.credit_id is None:
        return
    credit = await locked_credit(refund)
    credit.refunding_minor += min(refund.amount_minor, credit.left_minor - credit.refunding_minor)
    await credit.save(update_fields=["refunding_minor"])


async def reserve_suspense(refund: Refund) -> None:
    """Keep the unassigned money that a refund is of."""
    if refund.suspense_id is None:
        return
    held = await Suspense.filter(tenant_id=refund.tenant_id, id=refund.suspense_id).select_for_update().get()
    move(held, "refund")
    held.refund_id = refund.id
    await held.save(update_fields=["status", "refund_id"])


async def reopen_suspense(refund: Refund) -> None:
    """Have unassigned money wait for somebody again when its refund came to nothing."""
    held = await Suspense.filter(tenant_id=refund.tenant_id, id=refund.suspense_id).select_for_update().get()
    move(held, "reopen")
    held.refund_id, held.resolved_at = None, None
    await held.save(update_fields=["status", "refund_id", "resolved_at"])


async def free(refund: Refund) -> None:
    """Free what a refund had reserved that came to nothing."""
    if refund.suspense_id is not None:
        await reopen_suspense(refund)
    if refund.credit_id is not None:
        credit = await locked_credit(refund)
        credit.refunding_minor -= refund.amount_minor
        await credit.save(update_fields=["refunding_minor"])
