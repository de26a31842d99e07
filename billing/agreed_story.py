"""What was agreed about a bill, for its story: reminders, answers, credit that was put to it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from billing.names import Day, Sum
from tenants.scope import rows
from ui.i18n import N_, Text, t
from ui.shell import Tone

_FOUND = """
select 'reminder' kind, created_at at, sent_by_name by_name, recipient word, is_final flag, null::date promised_on,
       null::bigint amount_minor, '' currency
  from billing_reminder where tenant_id = $1 and bill_id = $2
union all
select a.kind, a.created_at, a.person_name, a.status, false, a.promised_on, a.amount_minor, b.currency
  from billing_answer a join billing_bill b on b.tenant_id = a.tenant_id and b.id = a.bill_id
 where a.tenant_id = $1 and a.bill_id = $2
union all
select 'ended ' || kind, closed_at, closed_by_name, status, false, promised_on, null, ''
  from billing_answer where tenant_id = $1 and bill_id = $2 and closed_at is not null and kind <> 'decline'
union all
select 'credit', created_at, used_by_name, '', false, null, amount_minor, currency
  from billing_credit_use where tenant_id = $1 and bill_id = $2
limit 200
"""
_ENDS: dict[str, tuple[str, Tone]] = {
    "accepted": (N_("The dispute of the bill was accepted"), "success"),
    "rejected": (N_("The dispute of the bill was rejected"), "danger"),
    "withdrawn": (N_("The payer took it back"), "neutral"),
    "kept": (N_("The promise was kept"), "success"),
    "broken": (N_("The promise was not kept"), "danger"),
}


@dataclass(frozen=True, slots=True)
class Agreed:
    """One moment that was agreed on."""

    title: Text
    at: datetime
    by: str
    text: str | Text
    tone: Tone


async def agreed_of(tenant_id: UUID, bill_id: UUID) -> list[Agreed]:
    """Return what was agreed about a bill, in no particular order."""
    return [_agreed(found) for found in await rows(_FOUND, tenant_id, bill_id)]


def _agreed(found: Any) -> Agreed:
    title, text, tone = _words(found)
    return Agreed(title, found["at"], found["by_name"], text, tone)


def _words(found: Any) -> tuple[Text, str | Text, Tone]:
    kind = found["kind"]
    if kind.startswith("ended "):
        words, tone = _ENDS.get(found["word"], (N_("It was closed"), "neutral"))
        return t(words), "", tone
    if kind == "reminder":
        to: str | Text = t("Sent to {recipient}", recipient=found["word"]) if found["word"] else ""
        return t("Last notice sent") if found["flag"] else t("Reminder sent"), to, "warning"
    if kind == "promise":
        return t("Promised to be paid by {day}", day=Day(found["promised_on"])), "", "info"
    if kind == "dispute":
        return t("Disputed"), "", "warning"
    amount = Sum(found["amount_minor"], found["currency"])
    if kind == "decline":
        return t("An item of {amount} was declined", amount=amount), "", "info"
    return t("{amount} paid from credit", amount=amount), "", "success"
