"""What disputes put on finance's worklist."""

from billing.disputes.words import REASONS
from billing.worklist.registry import Kind, add_kind
from ui.i18n import N_

_COLUMNS = "select id, created_at since, {due} due_at, amount_minor, currency, number title, {detail} detail,"
_FROM = " '/disputes/' || id path from billing_dispute where tenant_id = $1 and "
ANSWER = (
    _COLUMNS.format(due="evidence_due_at", detail="reason")
    + _FROM
    + "status in ('opened', 'evidence_due') and sending = ''"
)
DECIDE = (
    _COLUMNS.format(due="null::timestamptz", detail="reason")
    + _FROM
    + "status in ('lost', 'accepted') and decision = '' and amount_minor > suspense_minor + credit_minor"
)
APPROVE = _COLUMNS.format(due="null::timestamptz", detail="decision_reason") + _FROM + "decision = 'asked'"


def register() -> None:
    """Show disputes where finance looks for work; safe to call again."""
    add_kind(
        Kind("dispute", N_("Disputes to answer"), "disputes.work", ANSWER, order=5, words=REASONS),
        Kind("lost_dispute", N_("Lost disputes to decide"), "disputes.work", DECIDE, order=32, words=REASONS),
        Kind("dispute_loss", N_("Losses to approve"), "refunds.approve", APPROVE, order=34),
    )
