"""Background work of sharing: shells over the services, each naming what it is about by id."""

from typing import Any
from uuid import UUID

from billing.models import Dispute, Refund
from billing.payments import refunding
from billing.splits import returning, sharing
from tenants.actor import Actor
from tenants.jobs import job, subscribe

UNDO_JOB, ENSURE_JOB = "billing.undo_share_returns", "billing.ensure_share_returns"


@job(sharing.SPLIT_JOB, is_transactional=False)
async def split_payment(actor: Actor, payload: dict[str, Any]) -> None:
    """Share a payment that has arrived."""
    await sharing.split_payment(actor, UUID(payload["payment_id"]))


@job(sharing.SHARE_JOB, is_transactional=False)
async def pay_share(actor: Actor, payload: dict[str, Any]) -> None:
    """Tell the channel of a share, or ask about it."""
    await sharing.pay_share(actor, UUID(payload["share_id"]), int(payload["n"]))


@job(returning.RETURN_JOB, is_transactional=False)
async def return_share(actor: Actor, payload: dict[str, Any]) -> None:
    """Have the channel take back part of a share, or ask about it."""
    await returning.take_back(actor, UUID(payload["return_id"]), int(payload["n"]))


@job(UNDO_JOB)
async def undo_returns(actor: Actor, payload: dict[str, Any]) -> None:
    """Pay receivers again what came back for a refund that failed or a dispute that was won."""
    await returning.undo(actor, UUID(payload.get("refund_id") or payload["dispute_id"]))


@job(ENSURE_JOB)
async def ensure_returns(actor: Actor, payload: dict[str, Any]) -> None:
    """Ask back what shares owe for a refund that went out, or for a dispute that was lost."""
    if "refund_id" in payload:
        refund = await Refund.get(tenant_id=actor.tenant_id, id=UUID(payload["refund_id"]))
        await returning.ensure_back(
            actor, refund.payment_id, "refund", refund.id, int(refund.amount_minor), refund.fee_item_id
        )
        return
    dispute = await Dispute.get(tenant_id=actor.tenant_id, id=UUID(payload["dispute_id"]))
    await returning.ensure_back(actor, dispute.payment_id, "dispute", dispute.id, int(dispute.amount_minor))


def register() -> None:
    """Follow payments, refunds and disputes; safe to call again."""
    subscribe("payment.succeeded", sharing.SPLIT_JOB)
    subscribe("refund.failed", UNDO_JOB)
    subscribe("dispute.won", UNDO_JOB)
    for event in ("refund.succeeded", "dispute.lost", "dispute.accepted"):
        subscribe(event, ENSURE_JOB)
    refunding.before_sending(returning.is_free_to_go)


register()
