"""What becomes of a dispute that is lost: its bills are owed again, or the institution bears the loss.

Bearing more than the asker's limit takes a second person, as every way of giving money up.
"""

from datetime import UTC, datetime
from uuid import UUID

from billing.disputes import booking
from billing.disputes.answering import locked, record
from billing.disputes.states import ASKED, LOST
from billing.models import Dispute, Payment
from tenants.actor import Actor
from tenants.jobs import publish
from tenants.models import Tenant
from ui.errors import Conflict, Forbidden, Invalid
from ui.i18n import t

OWED, BORNE = "owed", "borne"
REASON_MAX = 500


async def decide(actor: Actor, *, dispute_id: UUID, decision: str, reason: str) -> str:
    """Decide about a lost dispute and return the decision as it stands: ``owed``, ``borne`` or ``asked``.

    Raises:
        Invalid: no such decision, or no reason.
        Conflict: it is not lost, or decided already.
    """
    actor.require("disputes.work")
    actor.require_fresh()
    dispute, payment = await locked(actor, dispute_id)
    _must_be_open(dispute)
    reason = _reason(reason)
    if decision not in {OWED, BORNE}:
        words = t("Choose who bears the loss.")
        raise Invalid("dispute.decision", words, fields={"decision": words})
    dispute.decision_reason = reason
    if decision == BORNE and not await _may_alone(actor, dispute):
        dispute.decision, dispute.asked_by, dispute.asked_by_name = ASKED, actor.person_id, actor.name[:100]
        await dispute.save()
        await record(actor, dispute, "dispute.decision_asked", {"reason": reason})
        return ASKED
    await _settle(actor, dispute, payment, decision)
    return decision


async def approve(actor: Actor, *, dispute_id: UUID, is_agreed: bool) -> None:
    """Agree, or not, that the institution bears a loss that another person wants to give up.

    Raises:
        Forbidden: the actor asked for it themselves.
        Conflict: nothing waits for a decision.
    """
    actor.require("refunds.approve")
    actor.require_fresh()
    dispute, payment = await locked(actor, dispute_id)
    if dispute.decision != ASKED or dispute.status not in LOST:
        raise Conflict("dispute.decided", t("Nothing waits for a second person here."))
    if dispute.asked_by == actor.person_id:
        raise Forbidden(
            "dispute.own", t("You asked for this yourself. Another person has to decide about it.")
        )
    if is_agreed:
        await _settle(actor, dispute, payment, BORNE)
        return
    dispute.decision, dispute.asked_by, dispute.asked_by_name = "", None, ""
    await dispute.save()
    await record(actor, dispute, "dispute.decision_refused", {})


def _must_be_open(dispute: Dispute) -> None:
    if dispute.status not in LOST:
        raise Conflict("dispute.not_lost", t("Only a lost dispute is decided about."))
    if dispute.decision:
        raise Conflict("dispute.decided", t("Somebody has decided about this dispute already."))


def _reason(reason: str) -> str:
    kept = reason.strip()
    if not 0 < len(kept) <= REASON_MAX:
        words = t("Say why, in at most {n} characters.", n=REASON_MAX)
        raise Invalid("dispute.reason", words, fields={"reason": words})
    return kept


async def _may_alone(actor: Actor, dispute: Dispute) -> bool:
    tenant = await Tenant.get(id=dispute.tenant_id)
    return bool(dispute.currency == tenant.currency and dispute.claim_minor <= actor.refund_limit_minor)


async def _settle(actor: Actor, dispute: Dispute, payment: Payment, decision: str) -> None:
    if decision == OWED:
        await booking.reopen(actor, dispute, payment)
    else:
        await booking.bear(dispute, payment)
    dispute.decision, dispute.decided_at = decision, datetime.now(UTC)
    dispute.decided_by, dispute.decided_by_name = actor.person_id, actor.name[:100]
    await dispute.save()
    after = {"decision": decision, "reason": dispute.decision_reason, "payment": payment.number}
    await record(actor, dispute, "dispute.decided", after)
    await publish("dispute.decided", {"dispute_id": str(dispute.id), "decision": decision})
