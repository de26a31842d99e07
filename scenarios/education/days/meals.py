"""Meals not eaten, refunded by the school's rule: days known early enough, each at the bill's price of a school day.

What a bill charges for a month's meals, less discounts and aid, is shared over the month's school days (Monday to
Friday), or over the days attended that it was charged for; the days refunded together are rounded once, half up. The
refund is a credit note of the line: what is still owed comes off, what has been paid becomes the account's credit.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from billing.charges.periods import last_day
from billing.plans import credit_notes
from billing.reasons import standard, with_figures
from scenarios.education.models import SchoolLeave
from scenarios.education.terms import SchoolTerms
from tenants.actor import system_actor
from tenants.scope import rows
from ui.i18n import N_

SATURDAY = 5
NOT_EATEN = standard(N_("Meals not eaten: {days} of {of} school days"))
_LINES = """
select l.id, l.bill_id, l.period, l.amount_minor, l.adjusted_minor, b.number,
       l.amount_minor - coalesce((select sum(p.amount_minor) from billing_adjustment_part p where p.tenant_id = $1
         and p.bill_line_id = l.id and p.cause <> 'credit_note'), 0)::bigint price_minor,
       (l.inputs ->> 'quantity:days_attended')::numeric::int attended,
       (select taken_at from education_attendance d where d.tenant_id = $1 and d.month = l.period) taken_at
  from billing_bill_line l
  join billing_bill b on b.tenant_id = $1 and b.id = l.bill_id and b.status in ('issued', 'part_paid', 'paid')
  join billing_fee_item i on i.tenant_id = $1 and i.id = l.fee_item_id
  join education_fee f on f.tenant_id = $1 and f.fee_key = i.key and f.fee_group = 'canteen'
 where l.tenant_id = $1 and l.account_id = $2 and l.period = any ($3::date[]) and l.is_live
   and l.amount_minor > l.adjusted_minor
 order by l.period, l.id
"""


@dataclass(frozen=True, slots=True)
class Month:
    """The days of a leave that count in one month, and how many school days the month has."""

    first: date
    days: int
    of: int

    def share(self, amount_minor: int) -> int:
        """Return what of a month's charge these days come to; minor units."""
        exact = Decimal(amount_minor) * self.days / self.of
        return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


def school_days(first: date, last: date) -> list[date]:
    """Return the days from Monday to Friday, both ends included."""
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [day for day in days if day.weekday() < SATURDAY]


def counting(first: date, last: date, asked_on: date, terms: SchoolTerms) -> list[Month]:
    """Return the days that are refunded: those after the notice that the kitchen needs, if there are enough of them."""
    from_day = max(first, asked_on + timedelta(days=terms.meal_notice_days))
    days = school_days(from_day, last) if from_day <= last else []
    if len(days) < terms.meal_least_days:
        return []
    return [_month(month, days) for month in sorted({day.replace(day=1) for day in days})]


def _month(first: date, days: Iterable[date]) -> Month:
    count = sum(day.replace(day=1) == first for day in days)
    return Month(first, count, len(school_days(first, last_day(first))))


async def refund(leave: SchoolLeave, asked_on: date, terms: SchoolTerms) -> list[dict[str, Any]]:
    """Write the credit notes of an approved leave, in the open tenant scope, and return how each came about.

    Bills that the leave has been refunded on are left alone, and so are days attended that were taken without it.
    """
    months = {one.first: one for one in counting(leave.first_on, leave.last_on, asked_on, terms)}
    done = {one["bill"] for one in leave.meals}
    found = await rows(_LINES, leave.tenant_id, leave.account_id, list(months))
    open_ = [line for line in found if line["number"] not in done and not _knew(line, leave)]
    return [kept for line in open_ if (kept := await _credit(leave, line, months[line["period"]]))]


def _knew(line: Any, leave: SchoolLeave) -> bool:
    """Whether a line charges by days that were taken when the leave was known: they leave it out already."""
    taken, decided = line["taken_at"], leave.decided_at
    return bool(line["attended"] and taken and decided and decided <= taken)


async def _credit(leave: SchoolLeave, line: Any, month: Month) -> dict[str, Any] | None:
    month = replace(month, of=line["attended"]) if line["attended"] else month
    amount = min(month.share(line["price_minor"]), line["amount_minor"] - line["adjusted_minor"])
    if amount <= 0:
        return None
    await credit_notes.write(
        system_actor(leave.tenant_id),
        bill_id=UUID(str(line["bill_id"])),
        line_id=line["id"],
        amount_minor=amount,
        reason=with_figures(NOT_EATEN, days=month.days, of=month.of),
        key=f"leave-{leave.id}-{line['id']}",
    )
    return {
        "bill": line["number"],
        "month": month.first.isoformat(),
        "charged_minor": line["price_minor"],
        "days": month.days,
        "of": month.of,
        "refunded_minor": amount,
    }
