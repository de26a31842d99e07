"""What a channel says of a dispute, in one shape; and how any number of such news add up, in any order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from billing.disputes.states import edge_to

STRIPE_STATES = {
    "warning_needs_response": "opened",
    "warning_under_review": "opened",
    "warning_closed": "dropped",
    "prevented": "dropped",
    "needs_response": "evidence_due",
    "under_review": "submitted",
    "won": "won",
    "lost": "lost",
}
"""Stripe's states (docs.stripe.com/api/disputes/object) as ours; a warning takes no money and may end as a dispute."""
RAIL_STATES = {
    "evidence_due": "evidence_due",
    "under_review": "submitted",
    "won": "won",
    "lost": "lost",
    "accepted": "accepted",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One snapshot of a dispute. ``payment`` is the channel's name of the payment that it is about."""

    reference: str
    payment: str
    amount_minor: int
    currency: str
    state: str
    reason: str = ""
    is_withdrawn: bool = False
    fee_minor: int = 0
    fee_returned_minor: int = 0
    evidence_due_at: datetime | None = None
    is_answered: bool = False
    """Whether an answer has been handed in, which a bank's mere question does not show in its state."""


@dataclass(frozen=True, slots=True)
class Known:
    """What all news so far add up to."""

    status: str = "opened"
    is_withdrawn: bool = False
    fee_minor: int = 0
    fee_returned_minor: int = 0
    evidence_due_at: datetime | None = None


def add(known: Known, news: News) -> Known:
    """Return what is known once ``news`` is heard too; the same news again, or older ones, change nothing.

    A dispute that is lost has cost its money even where nobody told of the withdrawal.
    """
    edge = edge_to(known.status, news.state)
    dues = [day for day in (known.evidence_due_at, news.evidence_due_at) if day]
    return replace(
        known,
        status=news.state if edge else known.status,
        is_withdrawn=known.is_withdrawn or news.is_withdrawn or news.state in {"lost", "accepted"},
        fee_minor=max(known.fee_minor, news.fee_minor),
        fee_returned_minor=max(known.fee_returned_minor, news.fee_returned_minor),
        evidence_due_at=max(dues) if dues else None,
    )


def stripe_news(kind: str, dispute: Mapping[str, Any]) -> News:
    """Return what a Stripe dispute object says, as it came with an event of ``kind`` (empty: asked for)."""
    moves: Sequence[Mapping[str, Any]] = dispute.get("balance_transactions") or ()
    fees = [int(move["fee"]) for move in moves]
    due = (dispute.get("evidence_details") or {}).get("due_by")
    is_reinstated = kind.endswith("funds_reinstated") or any(int(move["amount"]) > 0 for move in moves)
    return News(
        reference=str(dispute["id"]),
        payment=str(dispute.get("payment_intent") or ""),
        amount_minor=int(dispute["amount"]),
        currency=str(dispute["currency"]).upper(),
        state="won" if is_reinstated else STRIPE_STATES.get(str(dispute["status"]), "opened"),
        reason=str(dispute.get("reason") or ""),
        is_withdrawn=kind.endswith("funds_withdrawn") or any(int(move["amount"]) < 0 for move in moves),
        fee_minor=sum(fee for fee in fees if fee > 0),
        fee_returned_minor=-sum(fee for fee in fees if fee < 0),
        evidence_due_at=datetime.fromtimestamp(due, UTC) if due else None,
        is_answered=bool((dispute.get("evidence_details") or {}).get("submission_count")),
    )


def rail_news(chargeback: Mapping[str, Any]) -> News:
    """Return what the rail says of a chargeback; it takes the money when it opens one."""
    return News(
        reference=str(chargeback["chargeback_id"]),
        payment=str(chargeback["merchant_order_no"]),
        amount_minor=int(chargeback["amount_minor"]),
        currency=str(chargeback["currency"]),
        state=RAIL_STATES.get(str(chargeback["status"]), "opened"),
        reason=str(chargeback.get("reason") or ""),
        is_withdrawn=True,
        fee_minor=int(chargeback.get("fee_minor") or 0),
        fee_returned_minor=int(chargeback.get("fee_returned_minor") or 0),
        evidence_due_at=datetime.fromisoformat(str(chargeback["evidence_due_at"])),
        is_answered=bool(chargeback.get("has_evidence")),
    )
