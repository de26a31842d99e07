"""A bill's story, newest first: issued, reminded, each try to pay it, what came of it, credited, voided."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from billing.adjustments.queries import of_bill
from billing.adjustments.words import KIND_WORDS
from billing.agreed_story import agreed_of
from billing.channels import channel_name
from billing.models import Bill
from billing.names import Sum
from tenants.actor import Actor
from tenants.scope import rows
from ui.i18n import N_, Text, t
from ui.shell import Tone

_LONGEST = 200
_ACTS = """
select act, created_at at, person_name, after from tenants_audit
 where tenant_id = $1 and subject_kind = 'bill' and subject_id = $2 order by created_at desc limit 200
"""
_RUN = "select issued_by_name from billing_bill_run where tenant_id = $1 and id = $2"
_PAYMENTS = """
select p.id, p.number, p.channel, p.status, p.created_at, p.succeeded_at, p.payer_name, p.taken_by_name,
       part.amount_minor, p.currency
  from billing_payment_part part join billing_payment p on p.tenant_id = $1 and p.id = part.payment_id
 where part.tenant_id = $1 and part.bill_id = $2 order by p.created_at desc limit 200
"""
_GIVEN_BACK = """
select a.created_at at, sum(-a.amount_minor)::bigint amount_minor, r.number, r.reason, p.currency, p.id payment_id
  from billing_allocation a join billing_refund r on r.tenant_id = $1 and r.id = a.refund_id
  join billing_payment p on p.tenant_id = $1 and p.id = a.payment_id
 where a.tenant_id = $1 and a.bill_id = $2 group by a.created_at, r.number, r.reason, p.currency, p.id
 limit 200
"""
_CREDITED = """
select created_at at, number, amount_minor, currency, reason, written_by_name from billing_credit_note
 where tenant_id = $1 and bill_id = $2 order by created_at desc limit 200
"""
_TRIED: dict[str, tuple[str, Tone]] = {
    "succeeded": (N_("{amount} paid"), "success"),
    "part_refunded": (N_("{amount} paid"), "success"),
    "refunded": (N_("{amount} paid"), "success"),
    "disputed": (N_("{amount} paid, now disputed"), "warning"),
    "charged_back": (N_("{amount} paid, then taken back by the payer's bank"), "danger"),
    "failed": (N_("A payment of {amount} did not go through"), "danger"),
    "cancelled": (N_("A payment of {amount} was stopped"), "neutral"),
    "expired": (N_("A payment of {amount} ran out of time"), "neutral"),
    "unknown": (N_("A payment of {amount} is being checked"), "warning"),
}
_RIGHTS = {"payments": "payments.read", "adjustments": "adjustments.read"}
"""What it takes to follow a link, by the place it leads to."""
_UNDERWAY = N_("A payment of {amount} is under way")


@dataclass(frozen=True, slots=True)
class Event:
    """One moment of the story, as the timeline draws it."""

    title: Text
    at: datetime
    by: str = ""
    text: str | Text = ""
    tone: Tone = "neutral"
    href: str = ""


async def story(bill: Bill, root: str, actor: Actor) -> list[Event]:
    """Return what happened to a bill, newest first.

    ``root`` is the console's address, for links; they lead only where ``actor`` may go.
    """
    acts = await rows(_ACTS, bill.tenant_id, bill.id)
    payments = await rows(_PAYMENTS, bill.tenant_id, bill.id)
    back = await rows(_GIVEN_BACK, bill.tenant_id, bill.id)
    adjusted = await of_bill(bill.tenant_id, bill.id)
    events = [
        *await _issued(bill, acts),
        *(event for act in acts for event in _act(act)),
        *(Event(a.title, a.at, a.by, a.text, a.tone) for a in await agreed_of(bill.tenant_id, bill.id)),
        *(_payment(payment, root) for payment in payments),
        *(_refund(refund, root) for refund in back),
        *(event for one in adjusted for event in _adjusted(one, root)),
        *(_credited(note) for note in await rows(_CREDITED, bill.tenant_id, bill.id)),
    ]
    closed = tuple(f"{root}/{place}/" for place, right in _RIGHTS.items() if not actor.may(right))
    open_ = [replace(one, href="") if one.href.startswith(closed) else one for one in events]
    return sorted(open_, key=lambda event: event.at, reverse=True)[:_LONGEST]


async def _issued(bill: Bill, acts: Sequence[Any]) -> list[Event]:
    if bill.issued_at is None:
        return []
    found = await rows(_RUN, bill.tenant_id, bill.run_id) if bill.run_id else []
    alone = (act["person_name"] for act in acts if act["act"] == "bill.issued")
    by = found[0]["issued_by_name"] if found else next(alone, "")
    amount = Sum(bill.total_minor, bill.currency)
    return [Event(t("Issued: {amount}", amount=amount), bill.issued_at, by=by, tone="info")]


def _act(act: Any) -> Iterator[Event]:
    after = json.loads(act["after"]) if act["after"] else {}
    if act["act"] == "bill.voided":
        reason = after.get("reason", "")
        yield Event(t("Voided"), act["at"], by=act["person_name"], text=reason, tone="danger")


def _payment(found: Any, root: str) -> Event:
    words, tone = _TRIED.get(found["status"], (_UNDERWAY, "info"))
    return Event(
        t(words, amount=Sum(found["amount_minor"], found["currency"])),
        found["succeeded_at"] or found["created_at"],
        by=found["taken_by_name"] or found["payer_name"],
        text=channel_name(found["channel"]),
        tone=tone,
        href=f"{root}/payments/{found['id']}",
    )


def _adjusted(found: Any, root: str) -> Iterator[Event]:
    amount, href = Sum(found["amount_minor"], found["currency"]), f"{root}/adjustments/{found['id']}"
    shown = {"kind": KIND_WORDS[found["kind"]], "amount": amount}
    if found["applied_at"]:
        title = t("{kind}: {amount} let off", **shown)
        yield Event(title, found["applied_at"], found["by_name"], found["reason"], "success", href)
    if found["reversed_at"]:
        title = t("{kind} of {amount} reversed", **shown)
        by, why = found["reversed_by_name"], found["reversal_reason"]
        yield Event(title, found["reversed_at"], by, why, "warning", href)


def _credited(found: Any) -> Event:
    shown = {"number": found["number"], "amount": Sum(found["amount_minor"], found["currency"])}
    title = t("Credit note {number}: {amount}", **shown)
    return Event(title, found["at"], found["written_by_name"], found["reason"], "success")


def _refund(found: Any, root: str) -> Event:
    amount = Sum(found["amount_minor"], found["currency"])
    return Event(
        t("{amount} refunded", amount=amount),
        found["at"],
        text=found["reason"],
        tone="warning",
        href=f"{root}/payments/{found['payment_id']}",
    )
