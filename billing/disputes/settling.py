"""One function through which all news of disputes go, whoever brings them; told again or late, nothing moves twice.

Lock order: payment, dispute, unassigned money, bills.
"""

from datetime import UTC, datetime
from uuid import UUID

from billing.credit import losing
from billing.disputes import booking
from billing.disputes.news import Known, News, add
from billing.disputes.states import ASKED, LOST, OPEN
from billing.models import Attempt, Dispute, Payment
from billing.payments.numbers import new_number
from billing.payments.states import PAYMENT, move
from tenants import audit
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.jobs import enqueue, publish
from tenants.scope import execute

REMIND_JOB, ASK_JOB = "billing.remind_dispute", "billing.ask_dispute"
_ENDS = ("win_dispute", "win_dispute_part", "win_dispute_all", "lose_dispute", "lose_dispute_part")

_BEGIN = """
insert into billing_dispute (tenant_id, id, payment_id, attempt_id, number, channel, reference, currency, amount_minor,
  reason, evidence) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '{}')
on conflict (tenant_id, channel, reference) do nothing
"""


async def take_news(actor: Actor, attempt_id: UUID, news: News) -> Dispute:
    """Bring the dispute, its payment and the books to what ``news`` adds, in the open tenant scope.

    Raises:
        tortoise.exceptions.DoesNotExist: the payment is not here, or its money is not yet; the news come again.
    """
    assert actor.tenant_id is not None  # noqa: S101 - callers are inside a tenant
    attempt = await Attempt.get(tenant_id=actor.tenant_id, id=attempt_id, status="succeeded")
    payment = await Payment.filter(tenant_id=actor.tenant_id, id=attempt.payment_id).select_for_update().get()
    dispute = await _locked(attempt, payment, news)
    before = dispute.status
    _learn(dispute, news)
    await booking.book(actor, dispute, payment)
    await dispute.save()
    await follow(payment)
    await losing.follow(payment)
    if dispute.status != before or not dispute.version:
        await _tell(actor, dispute, payment)
    return dispute


async def _locked(attempt: Attempt, payment: Payment, news: News) -> Dispute:
    number = await new_number("D", payment.tenant_id)
    await execute(
        _BEGIN, payment.tenant_id, new_id(), payment.id, attempt.id, number, payment.channel,
        news.reference, news.currency, news.amount_minor, news.reason[:60],
    )  # fmt: skip
    found = Dispute.filter(tenant_id=payment.tenant_id, channel=payment.channel, reference=news.reference)
    return await found.select_for_update().get()


def _learn(dispute: Dispute, news: News) -> None:
    """Write down what is known now; one that we gave in to is accepted where the channel says lost."""
    known = add(
        Known(
            dispute.status,
            dispute.is_withdrawn,
            dispute.fee_minor,
            dispute.fee_returned_minor,
            dispute.evidence_due_at,
        ),
        news,
    )
    now = datetime.now(UTC)
    status = "accepted" if known.status == "lost" and dispute.sending == "acceptance" else known.status
    if status == "submitted" and dispute.submitted_at is None:
        dispute.submitted_at = now
    if status not in OPEN and dispute.closed_at is None:
        dispute.closed_at = now
    if status != dispute.status:
        dispute.sending, dispute.error = "", ""
    if status == "won" and dispute.decision == ASKED:
        dispute.decision, dispute.asked_by, dispute.asked_by_name = "", None, ""
    dispute.status, dispute.is_withdrawn = status, known.is_withdrawn
    dispute.fee_minor, dispute.fee_returned_minor = known.fee_minor, known.fee_returned_minor
    dispute.evidence_due_at = known.evidence_due_at


async def follow(payment: Payment) -> None:
    """Bring the payment to where its disputes leave it; the payment is locked."""
    disputes = await Dispute.filter(tenant_id=payment.tenant_id, payment_id=payment.id, is_withdrawn=True)
    target = status_of(payment, disputes)
    if payment.status == target:
        return
    if payment.status != "disputed":
        move(payment, "dispute")
    if target != "disputed":
        move(payment, next(edge for edge in _ENDS if PAYMENT.edges[edge].target == target))
    await payment.save(update_fields=["status"])


def status_of(payment: Payment, disputes: list[Dispute]) -> str:
    """Return the state that refunds and withdrawn disputes leave a received payment in."""
    if any(each.status in OPEN for each in disputes):
        return "disputed"
    kept = sum(each.amount_minor for each in disputes if each.status in LOST)
    if kept and kept + payment.refunded_minor >= payment.amount_minor:
        return "charged_back"
    if payment.refunded_minor == payment.amount_minor:
        return "refunded"
    return "part_refunded" if kept + payment.refunded_minor else "succeeded"


async def _tell(actor: Actor, dispute: Dispute, payment: Payment) -> None:
    facts = {
        "status": dispute.status,
        "amount_minor": dispute.amount_minor,
        "currency": dispute.currency,
        "payment": payment.number,
    }
    if not dispute.version:
        dispute.version = 1
        await dispute.save(update_fields=["version"])
        await enqueue(REMIND_JOB, {"dispute_id": str(dispute.id), "n": 0})
    await audit.record(
        actor,
        f"dispute.{dispute.status}",
        subject_kind="dispute",
        subject_id=dispute.id,
        subject_label=dispute.number,
        after=facts,
    )
    ids = {"dispute_id": str(dispute.id), "payment_id": str(payment.id)}
    await publish(f"dispute.{dispute.status}", ids | facts)
