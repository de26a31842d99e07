"""Days for which somebody else is charged: a lease says that who rents pays, from one day to another.

Rules by day charge an account for its own days alone. What does not go by days is charged to whoever pays on the first
day of the period. What was counted (meters, shared costs) goes to whoever it was counted for, so that no pause holds it
back. Late fees follow what is owed, and no pause either.

An account's own days in one period are one span: whoever writes pauses sees to that (``one_span``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from billing.charges.periods import last_day
from billing.models import ChargePause
from billing.rules import Facts, Outcome, evaluate, parse
from billing.rules.documents import Charge
from tenants.ids import new_id

LONG_AGO = date(1900, 1, 1)
_MONTH = ("quantity:months", "quantity:days")
"""Quantities that a month has by itself, which nobody counts."""
_OF = """billing_charge_pause p where p.account_id = {account} and (p.fee_item_ids ? ($4::uuid)::text) <> p.is_all_but
   and p.first_on <= $6"""
_ON_FIRST = "p.first_on <= $5 and (p.last_on is null or p.last_on >= $5)"


def active_from(since: str) -> str:
    """Return the first day of a source account's own days in a run's month, beside the day its holder moved in."""
    of = _OF.format(account="source.account_id")
    return f"greatest({since}, (select max(coalesce(p.last_on, $6)) + 1 from {of} and {_ON_FIRST}))"


def active_to(closed: str) -> str:
    """Return the last day of a source account's own days in a run's month."""
    of = _OF.format(account="source.account_id")
    return f"least({closed}, (select min(p.first_on) - 1 from {of} and p.first_on > $5))"


def is_charged(counted: str) -> str:
    """Return the condition on account ``a`` for rules that do not go by days; ``counted`` lets what was found pass."""
    return f" and (not exists (select 1 from {_OF.format(account='a.id')} and {_ON_FIRST} offset 0){counted})"


@dataclass(frozen=True, slots=True)
class Pause:
    """Which days, and which fee items; ``is_all_but`` for all the others."""

    first_on: date
    last_on: date | None
    fee_item_ids: Sequence[UUID] = ()
    is_all_but: bool = False


async def write(tenant_id: UUID, account_id: UUID, source_id: UUID, *pauses: Pause) -> None:
    """Write pauses of an account down, in the open scope."""
    for one in pauses:
        await ChargePause.create(
            id=new_id(),
            tenant_id=tenant_id,
            account_id=account_id,
            first_on=one.first_on,
            last_on=one.last_on,
            fee_item_ids=[str(item) for item in one.fee_item_ids],
            is_all_but=one.is_all_but,
            source_id=source_id,
        )


def one_span(first_on: date, last_on: date | None) -> bool:
    """Tell whether a pause leaves at most one span of own days in each month."""
    if last_on is None or (first_on.year, first_on.month) != (last_on.year, last_on.month):
        return True
    return first_on.day == 1 or last_on == last_day(last_on.replace(day=1))


def too_much(line: Mapping[str, Any], inputs: Mapping[str, Any], pause: Pause) -> int:
    """Return how much of a line that was charged falls into a pause, by the rule and the inputs that it keeps.

    ``line`` has ``amount_minor``, ``period`` and the rule's ``document``; ``inputs`` are the line's own.
    """
    charged: int = line["amount_minor"]
    first, last = line["period"], last_day(line["period"])
    until = pause.last_on or date.max
    if pause.first_on > last or until < first or line["document"] is None:
        return 0
    document = parse(line["document"])
    if not isinstance(document, Charge) or any(
        key not in _MONTH for key in inputs if key.startswith("quantity:")
    ):
        return 0
    if pause.first_on <= first and until >= last:
        return charged
    if not document.core.is_by_day:
        return charged if pause.first_on <= first else 0
    left = evaluate(document, Facts.from_inputs(_within({**inputs}, first, last, pause)))
    return charged - (left.amount_minor if isinstance(left, Outcome) else 0)


def _within(inputs: dict[str, Any], first: date, last: date, pause: Pause) -> dict[str, Any]:
    """Return a line's inputs with the account's own days alone."""
    inputs.setdefault("period:first", first.isoformat())
    inputs.setdefault("period:last", last.isoformat())
    if pause.first_on > first:
        before = (pause.first_on - timedelta(days=1)).isoformat()
        return {**inputs, "active:to": min(inputs.get("active:to") or before, before)}
    after = ((pause.last_on or last) + timedelta(days=1)).isoformat()
    return {**inputs, "active:from": max(inputs.get("active:from") or after, after)}
