"""Every act about money in the audit trail, in words, and how its facts read."""

from datetime import date
from typing import Any

from billing.adjustments.kinds import KINDS as ADJUSTMENTS
from billing.adjustments.words import STATE_WORDS as ADJUSTED
from billing.answers.service import TOPICS
from billing.bank_terms.document import WAYS, Limit
from billing.bank_terms.words import limit_text
from billing.channels.counter import METHODS
from billing.charges.states import BILL_WORDS
from billing.complaints.states import KINDS as COMPLAINTS
from billing.complaints.states import OUTCOMES
from billing.mandates.words import MANDATE_WORDS, SCHEDULE_WORDS
from billing.payments.words import CHANNEL_WORDS, PAYMENT_WORDS, REFUND_WORDS
from billing.reasons import in_words
from billing.risk.words import figures
from billing.routing.sentences import fee_sentence
from billing.routing.terms import BankFee
from billing.rules import parse, sentence
from billing.splits.receivers import KINDS as RECEIVERS
from billing.wallets.kinds import MOVES
from billing.wallets.kinds import STATES as WALLET_WORDS
from tenants import kinds
from tenants.audit_words import Fact, plain, tell
from ui.errors import Invalid
from ui.formats import money, month_text
from ui.i18n import N_, gettext

ACTS = {
    "complaint.filed": N_("Complaint received"),
    "complaint.assigned": N_("Complaint given to somebody"),
    "complaint.answered": N_("Complaint decided"),
    "complaint.reopened": N_("Complaint opened again"),
    "complaint.refund_asked": N_("Refund of a complaint asked for"),
    "complaint.escalated": N_("Overdue complaint gone up"),
    "complaint.closed": N_("Complaint closed"),
    "complaint.withdrawn": N_("Complaint taken back"),
    "next_action.dismissed": N_("Suggestion dismissed"),
    "risk_alert.assigned": N_("Alert being looked into"),
    "risk_alert.confirmed": N_("Alert confirmed"),
    "risk_alert.false": N_("Alert cleared"),
    "risk_hold.released": N_("Waiting refund released"),
    "risk_hold.stopped": N_("Waiting refund stopped"),
    "risk_rule.changed": N_("Risk rule changed"),
    "payout_hold.placed": N_("Payouts put on hold"),
    "payout_hold.released": N_("Payouts let go"),
    "payout_hold.ended": N_("Channels pay out again"),
    "complaint_terms.changed": N_("Days to answer complaints changed"),
    "next_action.done": N_("Suggestion followed"),
    "bank_terms.asked": N_("Other ways to pay and fees asked for"),
    "bank_terms.in_force": N_("Ways to pay and fees put into force"),
    "bank_terms.refused": N_("Other ways to pay and fees refused"),
    "bank_terms.withdrawn": N_("Other ways to pay and fees taken back"),
    "break.assigned": N_("Break taken over"),
    "break.resolved": N_("Break resolved"),
    "payment.recorded": N_("Payment found on a statement recorded"),
    "line.suggestion_refused": N_("Suggested match refused"),
    "line.unmatched": N_("Match taken back"),
    "line.matched": N_("Line of a statement matched"),
    "source.changed": N_("Source of statements changed"),
    "receiver.added": N_("Receiver added"),
    "receiver.closed": N_("Receiver closed"),
    "receiver.opened": N_("Receiver opened again"),
    "share_return.retried": N_("Return of a share tried again"),
    "share_return.borne": N_("Return of a share borne by the institution"),
    "split_rule.drafted": N_("Split rule drafted"),
    "split_rule.activated": N_("Split rule put into force"),
    "split_rule.refused": N_("Split rule refused"),
    "share.retried": N_("Share tried again"),
    "share.kept": N_("Share kept by the institution"),
    "refund.resolved": N_("Stuck refund resolved"),
    "adjustment.applied": N_("Adjustment applied"),
    "adjustment.rejected": N_("Adjustment rejected"),
    "adjustment.requested": N_("Adjustment asked for"),
    "adjustment.reversed": N_("Adjustment reversed"),
    "bill.declined": N_("Item declined by the payer"),
    "fee_item.destination_changed": N_("Account of a fee changed"),
    "bill.lapsed": N_("Voluntary item lapsed unpaid"),
    "bill.disputed": N_("Bill disputed by the payer"),
    "bill.promised": N_("Payment promised by the payer"),
    "bill.reminded": N_("Reminder sent"),
    "bill.voided": N_("Bill voided"),
    "wallet.closed": N_("Stored money closed"),
    "bill_run.approval_withdrawn": N_("Approval of a bill run taken back"),
    "bill_run.approved": N_("Bill run approved"),
    "bill_run.cancelled": N_("Bill run cancelled"),
    "bill_run.charged_again": N_("Bill run begun that charges again what is still covered"),
    "bill_run.exceptions_accepted": N_("Exceptions of a bill run accepted"),
    "bill_run.exceptions_excluded": N_("Exceptions of a bill run left out"),
    "bill_run.issue_requested": N_("Issue of a bill run asked for"),
    "bill_run.issued": N_("Bill run issued"),
    "bill_run.voided": N_("Bills of a run taken back"),
    "bill_run.voiding_requested": N_("Taking back the bills of a run asked for"),
    "bill.issued": N_("Single bill issued"),
    "credit_note.written": N_("Credit note written"),
    "plan.active": N_("Instalment plan running again"),
    "plan.agreed": N_("Instalment plan agreed"),
    "plan.broken": N_("Instalment plan broken"),
    "plan.shortened": N_("Later instalments called off"),
    "plan.completed": N_("Instalment plan paid in full"),
    "credit.granted": N_("Credit given"),
    "credit.used": N_("Credit used for a bill"),
    "day.closed": N_("Day closed at the desk"),
    "dispute.acceptance_sent": N_("Dispute accepted at the payer's bank"),
    "dispute.accepted": N_("Dispute accepted"),
    "dispute.decided": N_("Answer to a dispute decided"),
    "dispute.decision_asked": N_("Decision about a dispute asked for"),
    "dispute.decision_refused": N_("Decision about a dispute refused"),
    "dispute.dropped": N_("Dispute dropped"),
    "dispute.evidence_due": N_("Dispute needs an answer"),
    "dispute.evidence_sent": N_("Evidence sent to the payer's bank"),
    "dispute.file_added": N_("File added to a dispute"),
    "dispute.lost": N_("Dispute lost"),
    "dispute.opened": N_("Dispute opened"),
    "dispute.refused": N_("Answer refused by the payer's bank"),
    "dispute.rejected": N_("Dispute rejected"),
    "dispute.submitted": N_("Dispute answered"),
    "dispute.withdrawn": N_("Dispute taken back"),
    "dispute.won": N_("Dispute won"),
    "fee.voluntary": N_("Declining a fee allowed or ended"),
    "fee_item.added": N_("Fee added"),
    "fee_item.renamed": N_("Fee renamed"),
    "fee_item.resumed": N_("Fee taken up again"),
    "fee_item.stopped": N_("Fee stopped"),
    "fee_rule.activated": N_("Fee rule put into force"),
    "fee_rule.rehearsed": N_("Fee rule rehearsed on a past run"),
    "card.detached": N_("Saved card forgotten"),
    "card.kept": N_("Card kept while paying"),
    "mandate.activated": N_("Automatic payment began"),
    "mandate.card_changed": N_("Card of an automatic payment changed"),
    "mandate.declined": N_("Automatic payment was not allowed"),
    "mandate.paused": N_("Automatic payment paused"),
    "mandate.requested": N_("Automatic payment asked for"),
    "mandate.resumed": N_("Automatic payment taken up again"),
    "mandate.revoked": N_("Automatic payment revoked at the bank"),
    "mandate.stopped": N_("Automatic payment stopped"),
    "payment.cancelled": N_("Payment stopped"),
    "payment.expired": N_("Payment ran out of time"),
    "payment.failed": N_("Payment did not go through"),
    "payment.succeeded": N_("Payment received"),
    "period.closed": N_("Month closed"),
    "period.closing_asked": N_("Closing of a month asked for"),
    "period.refused": N_("Closing or opening of a month refused"),
    "period.reopened": N_("Month opened again"),
    "period.reopening_asked": N_("Opening of a closed month asked for"),
    "promise.broken": N_("Promise not kept"),
    "promise.kept": N_("Promise kept"),
    "promise.withdrawn": N_("Promise taken back"),
    "proxy.accepted": N_("Leave to pay for somebody taken"),
    "proxy.ended": N_("Leave to pay for somebody ended"),
    "proxy.granted": N_("Somebody else was let pay"),
    "refund.approved": N_("Refund approved"),
    "refund.failed": N_("Refund failed"),
    "refund.found": N_("Refund found that was made elsewhere"),
    "refund.rejected": N_("Refund rejected"),
    "refund.requested": N_("Refund asked for"),
    "refund.succeeded": N_("Refund paid"),
    "run_setting.changed": N_("Checks of bill runs changed"),
    "settlement.added": N_("Settlement account added"),
    "settlement.changed": N_("Settlement account changed"),
    "standing_adjustment.approved": N_("Lasting adjustment approved"),
    "standing_adjustment.ended": N_("Lasting adjustment ended"),
    "standing_adjustment.rejected": N_("Lasting adjustment rejected"),
    "standing_adjustment.requested": N_("Lasting adjustment asked for"),
    "statement.read": N_("Statement read"),
    "suspense.applied": N_("Unassigned money put to a bill"),
    "suspense.assigned": N_("Unassigned money taken over"),
    "terms.changed": N_("Settings changed"),
    "work.assigned": N_("Work given to somebody"),
}


def _by_method(value: Any, currency: str) -> str:
    """Return what was counted or expected at the desk, by way of taking it."""
    amounts = {method: money(int(amount), currency) for method, amount in dict(value).items()}
    return plain(amounts, METHODS)


def _rule(value: Any, _currency: str) -> str:
    try:
        return " ".join(str(part) for part in sentence(parse(value)))
    except Invalid:  # written by an older version
        return ""


def _sum(label: str) -> str:
    """Return ``6200 SGD`` (minor units) as an amount."""
    amount, _, currency = label.partition(" ")
    return money(int(amount), currency) if amount.isdecimal() and currency else label


def _run(label: str) -> str:
    """Return ``community 2026-11`` as the scenario's name and the month."""
    scenario, _, month = label.partition(" ")
    year, _, number = month.partition("-")
    if scenario not in kinds.SCENARIOS or not (year.isdecimal() and number.isdecimal()):
        return label
    return f"{gettext(kinds.SCENARIOS[scenario].name)}, {month_text(date(int(year), int(number), 1))}"


def _fee(value: Any, currency: str) -> str:
    return str(fee_sentence(BankFee.model_validate(value), currency))


def _limits(value: Any, currency: str) -> str:
    spans = {way: limit_text(Limit.model_validate(each), currency) for way, each in value.items()}
    return "; ".join(f"{WAYS[way]}: {span}" for way, span in spans.items())


BILL_KINDS = {
    "periodic": N_("Bill of a run"),
    "one_off": N_("Single bill"),
    "opening": N_("Balance brought over"),
}
_REASONED = ("bill", "credit", "payment", "refund", "suspense", "wallet", "wallet_movement")
"""What is done for a reason that the product itself may have given: it is read in the reader's language."""
FACTS: dict[str, Fact] = {
    "complaint_terms.days": Fact(
        N_("Days to an answer, by what it is about"),
        show=lambda value, _: "; ".join(f"{gettext(COMPLAINTS[key].name)}: {n}" for key, n in value.items()),
    ),
    "closes_after": Fact(N_("Days until an answer counts as accepted")),
    "reopens_within": Fact(N_("Days in which it can be opened again")),
    "escalates_again": Fact(N_("Days between two steps up of what is overdue")),
    "complaint.kind": Fact(N_("About"), words={key: one.name for key, one in COMPLAINTS.items()}),
    "complaint.outcome": Fact(N_("Decision"), words=OUTCOMES),
    "complaint.due_at": Fact(N_("Answer by")),
    "complaint.level": Fact(N_("Steps up")),
    "complaint.refund_minor": Fact(N_("Refund")),
    "complaint.to": Fact(N_("Who works on it")),
    "approval_limit_minor": Fact(N_("Needs approval above")),
    "breaks": Fact(N_("Breaks")),
    "day": Fact(N_("Day")),
    "entries": Fact(N_("Exceptions")),
    "instalments": Fact(N_("Instalments")),
    "is_voluntary": Fact(N_("May be declined")),
    "jump_percent": Fact(N_("Changes looked at from, in percent")),
    "lines": Fact(N_("Lines")),
    "payment": Fact(N_("Payment")),
    "purpose": Fact(N_("What it shows")),
    "bank_terms.ways": Fact(N_("Ways to pay"), words=WAYS),
    "bank_terms.fee": Fact(N_("Channel fee"), show=_fee),
    "bank_terms.limits": Fact(N_("Limits"), show=_limits),
    "bank_terms.currency": Fact(N_("Currency of the amounts")),
    "bank_request.fee": Fact(N_("Channel fee"), show=_fee),
    "bank_request.is_default": Fact(N_("Follow the bank's own fee again")),
    "source": Fact(N_("Source")),
    "account": Fact(N_("Account number")),
    "amount_minor": Fact(N_("Amount")),
    "bank_code": Fact(N_("Bank code")),
    "bill": Fact(N_("Bill")),
    "bills": Fact(N_("Bills")),
    "bill_id": Fact(""),
    "ceiling_minor": Fact(N_("Ceiling")),
    "mask": Fact(N_("Taken from")),
    "bill_cap_minor": Fact(N_("At most for one bill")),
    "month_cap_minor": Fact(N_("At most in a month")),
    "until": Fact(N_("Until")),
    "word": Fact(""),
    "topic": Fact(N_("About"), words=TOPICS),
    "channel": Fact(N_("Channel"), words=CHANNEL_WORDS),
    "counted": Fact(N_("Counted"), show=_by_method),
    "document": Fact(N_("Rule"), show=_rule),
    "drafted_by": Fact(N_("Drafted by")),
    "effective_from": Fact(N_("In force from")),
    "error": Fact(N_("What went wrong")),
    "excess_minor": Fact(N_("Became the account's credit")),
    "expected": Fact(N_("Expected"), show=_by_method),
    "is_alone": Fact(N_("Decided by one person, as nobody else has the right")),
    "is_late": Fact(N_("Arrived late")),
    "note": Fact(N_("Note")),
    "owner": Fact(N_("Taken over by")),
    "rail_merchant": Fact(N_("Number at the bank's QR service")),
    "recipient": Fact(N_("Sent to")),
    "reference": Fact(N_("Reference")),
    "total_minor": Fact(N_("Total")),
    "unassigned_minor": Fact(N_("Unassigned")),
    "version": Fact(N_("Version")),
    "risk_rule.thresholds": Fact(N_("Thresholds"), show=figures),
    "adjustment.bill": Fact(N_("Bill")),
    "adjustment.kind": Fact(N_("Kind"), words={k: kind.name.message for k, kind in ADJUSTMENTS.items()}),
    "adjustment.status": Fact(N_("State"), words={k: words.message for k, words in ADJUSTED.items()}),
    "bill.status": Fact(N_("State"), words=BILL_WORDS),
    "bill.kind": Fact(N_("Kind"), words=BILL_KINDS),
    "bill.account_name": Fact(N_("Name")),
    "bill.account_number": Fact(N_("Account")),
    "fee_item.is_active": Fact(N_("Charged")),
    "fee_item.kind": Fact(
        N_("Kind"), words={"charge": N_("Charge on bills"), "late_fee": N_("Late-payment penalty")}
    ),
    "payment.status": Fact(N_("State"), words=PAYMENT_WORDS),
    "attempt.status": Fact(N_("State"), words=PAYMENT_WORDS),
    "fee_rule.status": Fact(
        N_("State"),
        words={"draft": N_("Draft"), "active": N_("In force")},
    ),
    "mandate.schedule": Fact(N_("When"), words=SCHEDULE_WORDS),
    "mandate.status": Fact(N_("State"), words=MANDATE_WORDS),
    "wallet.status": Fact(N_("State"), words=WALLET_WORDS),
    "wallet_movement.kind": Fact(N_("Kind"), words={key: one.name for key, one in MOVES.items()}),
    "receiver.kind": Fact(N_("Kind"), words={key: word.message for key, word in RECEIVERS.items()}),
    "split_rule.document": Fact(""),
    "refund.status": Fact(N_("State"), words=REFUND_WORDS),
    **{f"{kind}.reason": Fact(N_("Reason"), show=lambda said, _: in_words(str(said))) for kind in _REASONED},
    **{f"{kind}.note": Fact(N_("Note"), show=lambda said, _: in_words(str(said))) for kind in _REASONED},
}

tell(
    ACTS,
    FACTS,
    {"suspense": _sum, "credit": _sum, "bill_run": _run}
    | dict.fromkeys(("risk_rule", "risk_alert", "next_action"), gettext),
)
