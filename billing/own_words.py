"""What billing keeps about a person, in words: what each kind of row is called, and the facts in which codes stand.

What the audit trail says of the same facts is in ``acts.py``; what it has no words for is said here.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from billing.adjustments.words import KIND_WORDS as ADJUSTMENTS
from billing.adjustments.words import STATE_WORDS as ADJUSTED
from billing.answers import words as answers
from billing.channels.counter import METHODS
from billing.complaints.states import SIDES
from billing.complaints.states import STATE_WORDS as COMPLAINED
from billing.holds.states import WHYS
from billing.mandates.words import DEBIT_WORDS
from billing.plans.states import PLAN_WORDS
from billing.rules.words import KNOWN
from billing.wallets.kinds import wallet_names
from tenants.audit_words import Fact, plain
from tenants.privacy.everything import about_nobody
from tenants.privacy.words import tell_tables
from ui.formats import listed, money, number
from ui.i18n import N_, gettext

_DECIDED = ("billing_adjustment", "billing_refund", "billing_standing_adjustment")
_DECISION = {
    "evidence": Fact(N_("Evidence")),
    "requested_by_name": Fact(N_("Asked by")),
    "decision_reason": Fact(N_("Reason of the decision")),
}
REFUND_WAYS = {"channel": N_("As it was paid"), "transfer": N_("Bank transfer")}
HOLDS = {"held": N_("Waits for the payment"), "kept": N_("Paid for"), "let_go": N_("Let go")}
TOP_UPS = {"asked": N_("To be paid"), "paid": N_("Paid"), "let_go": N_("Not paid in time")}
CAUSES = {"credit_note": N_("Credit note"), "adjustment": N_("Adjustment")}


def _purpose(value: Any, _currency: str) -> str:
    return plain(value, wallet_names())


def _inputs(value: Mapping[str, Any], currency: str) -> str:
    """Return what a line was worked out from: attributes as accounts have them, quantities and balances by name."""
    return listed(_input(key, one, currency) for key, one in value.items())


def _input(key: str, value: Any, currency: str) -> str:
    group, _, name = key.rpartition(":")
    if not group:
        return plain({key: value}, None, currency)
    label = gettext(KNOWN[name]) if name in KNOWN else name
    figure = number(Decimal(str(value))) if group == "quantity" else money(int(value), currency)
    return f"{label} {figure}"


def _year(value: Any, _currency: str) -> str:
    return str(value)


about_nobody(
    "billing_bank_seal", "billing_complaint_terms", "billing_fee_item", "billing_fee_rule", "billing_terms"
)
tell_tables(
    {
        "billing_adjustment": N_("Discounts and corrections that were asked for"),
        "billing_adjustment_part": N_("Discounts and corrections"),
        "billing_allocation": N_("What your payments paid"),
        "billing_answer": N_("Your answers to bills"),
        "billing_answer_note": N_("Messages about your answers"),
        "billing_attempt": N_("Tries to pay"),
        "billing_bill": N_("Bills"),
        "billing_bill_line": N_("Lines of your bills"),
        "billing_checkout": N_("Payments to several institutions"),
        "billing_complaint": N_("Complaints"),
        "billing_complaint_message": N_("Messages about your complaints"),
        "billing_credit": N_("Credit"),
        "billing_credit_note": N_("Credit notes"),
        "billing_credit_use": N_("Credit that was used"),
        "billing_debit": N_("Automatic payments"),
        "billing_hold": N_("What is kept for you"),
        "billing_instalment": N_("Instalments"),
        "billing_instalment_plan": N_("Instalment plans"),
        "billing_mandate": N_("Permissions to debit"),
        "billing_payment": N_("Payments"),
        "billing_payment_part": N_("Parts of payments"),
        "billing_plan_bill": N_("Bills in instalment plans"),
        "billing_proxy": N_("Who pays for whom"),
        "billing_receipt": N_("Receipts"),
        "billing_refund": N_("Refunds"),
        "billing_reminder_stop": N_("Reminders you have stopped"),
        "billing_saved_card": N_("Kept cards"),
        "billing_standing_adjustment": N_("Lasting discounts"),
        "billing_virtual_account": N_("Account numbers to transfer to"),
        "billing_wallet": N_("Stored money"),
        "billing_wallet_movement": N_("Movements of stored money"),
        "billing_wallet_top_up": N_("Top-ups"),
    },
    {
        **{f"{table}.{name}": fact for table in _DECIDED for name, fact in _DECISION.items()},
        "billing_adjustment.applied_at": Fact(N_("In force since")),
        "billing_adjustment.reversal_reason": Fact(N_("Why it was taken back")),
        "billing_adjustment.reversed_at": Fact(N_("Taken back on")),
        "billing_adjustment.reversed_by_name": Fact(N_("Taken back by")),
        "billing_standing_adjustment.kind": Fact(N_("Kind"), words=ADJUSTMENTS),
        "billing_standing_adjustment.status": Fact(N_("State"), words=ADJUSTED),
        "billing_standing_adjustment.effective_until": Fact(N_("Until")),
        "billing_answer.kind": Fact(N_("Kind"), words=answers.KIND_WORDS),
        "billing_answer.status": Fact(N_("State"), words=answers.STATE_WORDS),
        "billing_answer.outcome": Fact(N_("Outcome"), words=answers.OUTCOME_WORDS),
        "billing_answer.promised_on": Fact(N_("Promised for")),
        "billing_answer.owner_name": Fact(N_("Who works on it")),
        "billing_answer.closed_by_name": Fact(N_("Closed by")),
        "billing_answer_note.is_staff": Fact(N_("From the office")),
        "billing_answer_note.name": Fact(N_("Full name")),
        "billing_instalment_plan.agreed_by_name": Fact(N_("Agreed by")),
        "billing_instalment_plan.remainder": Fact(""),
        "billing_instalment_plan.status": Fact(N_("State"), words=PLAN_WORDS),
        "billing_refund.channel_reference": Fact(""),
        "billing_refund.paid_by_name": Fact(N_("Paid out by")),
        "billing_refund.resolution": Fact(""),
        "billing_refund.resolved_at": Fact(""),
        "billing_refund.resolved_by_name": Fact(""),
        "billing_refund.transfer_reference": Fact(N_("Reference")),
        "billing_refund.way": Fact(N_("Way back"), words=REFUND_WAYS),
        "billing_adjustment_part.cause": Fact(N_("Reason"), words=CAUSES),
        "billing_bill.closed_reason": Fact(N_("Why it was closed")),
        "billing_bill.held_until": Fact(N_("Kept for you until")),
        "billing_bill_line.inputs": Fact(N_("Worked out from"), show=_inputs),
        "billing_checkout.is_combined": Fact(N_("For several institutions at once")),
        "billing_checkout.parts": Fact(""),
        "billing_complaint.by": Fact(N_("Who complains"), words=SIDES),
        "billing_complaint.contact": Fact(N_("E-mail or phone")),
        "billing_complaint.assigned_to_name": Fact(N_("Who works on it")),
        "billing_complaint.escalation": Fact(N_("Steps up")),
        "billing_complaint.escalated_at": Fact(N_("Passed up on")),
        "billing_complaint.number_about": Fact(N_("Number it is about")),
        "billing_complaint.reopened": Fact(N_("Times opened again")),
        "billing_complaint.status": Fact(N_("State"), words=COMPLAINED),
        "billing_complaint.summary": Fact(N_("In one line")),
        "billing_complaint_message.name": Fact(N_("Full name")),
        "billing_complaint_message.side": Fact(N_("Who writes"), words=SIDES),
        "billing_credit.is_frozen": Fact(N_("Kept back by a dispute")),
        "billing_credit.left_minor": Fact(N_("Still left")),
        "billing_credit.lost_at": Fact(""),
        "billing_credit.lost_minor": Fact(N_("Taken back by the payer's bank")),
        "billing_credit_use.used_by_name": Fact(N_("Used by")),
        "billing_credit_note.written_by_name": Fact(N_("Written by")),
        "billing_debit.status": Fact(N_("State"), words=DEBIT_WORDS),
        "billing_hold.kind": Fact(""),
        "billing_hold.status": Fact(N_("State"), words=HOLDS),
        "billing_hold.why": Fact(N_("Reason"), words=WHYS),
        "billing_mandate.instrument": Fact(""),
        "billing_mandate.reference": Fact(""),
        "billing_payment.counter_method": Fact(N_("Paid at the desk by"), words=METHODS),
        "billing_payment.counter_reference": Fact(N_("Number of the slip")),
        "billing_payment.taken_by_name": Fact(N_("Taken by")),
        "billing_payment.tendered_minor": Fact(N_("Handed over at the desk")),
        "billing_saved_card.brand": Fact(N_("Card"), words={"visa": "Visa", "mastercard": "Mastercard"}),
        "billing_saved_card.detached_at": Fact(N_("Removed on")),
        "billing_saved_card.exp_month": Fact(N_("Good until the month")),
        "billing_saved_card.exp_year": Fact(N_("Good until the year"), show=_year),
        "billing_saved_card.last4": Fact(N_("Last digits")),
        "billing_saved_card.method": Fact(""),
        "billing_wallet.kind": Fact(N_("What for"), show=_purpose),
        "billing_wallet_top_up.status": Fact(N_("State"), words=TOP_UPS),
    },
)
