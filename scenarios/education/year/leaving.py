"""One pupil leaves: what was charged for days to come goes back by the school's rule, and the canteen's money too.

A line of a group that is refunded by days (``SchoolTerms.refund_groups``) is shared over the days it is for: a month,
or the term it was billed for. Days after the last one come back as a credit note, rounded once, half up; books once
handed out and trips are not refunded. A bill that is paid in instalments goes by them instead: those due after the last
day are called off, those before stay as they are.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from billing.charges.periods import last_day, months_after
from billing.models import Wallet
from billing.plans import credit_notes
from billing.plans.stopping import stop_after
from billing.reasons import with_figures
from billing.terms import terms_of
from billing.wallets.paying_out import pay_out, returnable_minor
from scenarios.education.canteen import refill
from scenarios.education.families import rank_siblings
from scenarios.education.terms import SchoolTerms
from scenarios.education.year import farewell
from tenants.accounts import services as accounts
from tenants.actor import Actor, system_actor
from tenants.ids import new_id
from tenants.models import Account
from tenants.scope import execute, rows
from ui.errors import Conflict, NotFound
from ui.i18n import t

_LINES = """
select l.id, l.bill_id, l.names, l.period, l.currency, l.amount_minor - l.adjusted_minor left_minor, b.number,
       f.fee_group, coalesce(r.document ->> 'period', 'month') span,
       (select min(s.ends_on) from education_session s
         where s.tenant_id = $1 and s.kind = 'term' and s.closed_on is null
           and l.period between date_trunc('month', s.starts_on)::date and s.ends_on) term_end
  from billing_bill_line l
  join billing_bill b on b.tenant_id = $1 and b.id = l.bill_id and b.status in ('issued', 'part_paid', 'paid')
  join billing_fee_item i on i.tenant_id = $1 and i.id = l.fee_item_id
  join education_fee f on f.tenant_id = $1 and f.fee_key = i.key and f.fee_group = any ($3::text[])
  left join billing_fee_rule r on r.tenant_id = $1 and r.id = l.fee_rule_id
 where l.tenant_id = $1 and l.account_id = $2 and l.is_live and l.is_periodic and l.amount_minor > l.adjusted_minor
   and not exists (select 1 from billing_plan_bill q where q.tenant_id = $1 and q.bill_id = l.bill_id and q.is_live)
 order by l.period, l.id
"""


@dataclass(frozen=True, slots=True)
class Back:
    """What comes back of one line, with how it was worked out; minor units."""

    line_id: UUID
    bill_id: UUID
    number: str
    names: Any
    currency: str
    left_minor: int
    days: int
    of: int
    amount_minor: int


async def preview(account: Account, last_on: date) -> list[Back]:
    """Return what would come back if a pupil's last day were this one."""
    terms = await terms_of(account.tenant_id, SchoolTerms)
    found = await rows(_LINES, account.tenant_id, account.id, list(terms.refund_groups))
    backs = [_back(one, last_on, terms) for one in found]
    return [one for one in backs if one.amount_minor > 0]


def _back(line: Any, last_on: date, terms: SchoolTerms) -> Back:
    first = line["period"]
    if line["span"] == "term":
        end = line["term_end"] or months_after(first, terms.term_months) - timedelta(days=1)
    else:
        end = last_day(first)
    of = (end - first).days + 1
    days = max(0, min(of, (end - last_on).days))
    exact = Decimal(line["left_minor"]) * days / of
    amount = int(exact.quantize(Decimal(1), ROUND_HALF_UP))
    return Back(
        line["id"],
        line["bill_id"],
        line["number"],
        line["names"],
        line["currency"],
        line["left_minor"],
        days,
        of,
        amount,
    )


async def leave(actor: Actor, account_id: UUID, *, last_on: date) -> list[Back]:
    """End a pupil's time at the school, with everything that comes back; asking again changes nothing more.

    Raises:
        NotFound: there is no such pupil.
        Conflict: the pupil has left already.
        Invalid: the last day is still to come.
        Forbidden, StepUp: writing credit notes takes the right to it and a fresh sign-in.
    """
    actor.require("credit_notes.write")
    actor.require("classes.write")
    actor.require_fresh()
    account = await pupil_of(actor, account_id)
    if not account.is_active:
        raise Conflict("pupil.left", t("{name} has left already.", name=account.name))
    found = await preview(account, last_on)
    card_minor = await farewell.on_card(account)
    await accounts.close(actor, account.id, on=last_on)
    for one in found:
        await credit_notes.write(
            system_actor(account.tenant_id),
            bill_id=one.bill_id,
            line_id=one.line_id,
            amount_minor=one.amount_minor,
            reason=with_figures(farewell.DAYS_TO_COME, days=one.days, of=one.of),
            key=f"leaving-{one.line_id}-{last_on}",
        )
    await stop_after(system_actor(account.tenant_id), account, last_on, reason=farewell.NOT_DUE_YET)
    await empty_card(account)
    await farewell.give_up_places(account, last_on)
    await execute(_ENROLMENTS, account.tenant_id, account.id, last_on)
    await execute(_USER, account.tenant_id, account.id, last_on)
    await rank_siblings(account.tenant_id)
    credited_minor = sum(one.amount_minor for one in found)
    await farewell.tell(account, last_on, credited_minor=credited_minor, card_minor=card_minor)
    return found


_ENROLMENTS = """
update education_enrolment e set closed_on = $3, ends_on = $3 from education_user u
 where e.tenant_id = $1 and u.tenant_id = $1 and u.account_id = $2 and e.user_id = u.id and e.closed_on is null
"""
_USER = (
    "update education_user set closed_on = $3 where tenant_id = $1 and account_id = $2 and closed_on is null"
)


async def empty_card(account: Account) -> None:
    """Pay what is left on the canteen's card back to where it came from, and have nothing fill it again.

    What cannot go back by itself, since its payment can be refunded no more, stays on the card for the office. Twice
    is once: the card is locked, and nothing is left on it.
    """
    await refill.end_of_school(account)
    wallet = await Wallet.get_or_none(tenant_id=account.tenant_id, account_id=account.id, kind="canteen")
    amount = await returnable_minor(account.tenant_id, wallet.id) if wallet is not None else 0
    if wallet is not None and amount:
        await pay_out(
            system_actor(account.tenant_id),
            wallet_id=wallet.id,
            amount_minor=amount,
            reason=farewell.ENDED,
            key=f"leaving-{new_id()}",
            is_policy=True,
        )


async def pupil_of(actor: Actor, account_id: UUID) -> Account:
    """Return a pupil of the school; ``NotFound`` for any other account."""
    found = await Account.get_or_none(
        tenant_id=actor.tenant_id, id=account_id, scenario="education", kind="student"
    )
    if found is None:
        raise NotFound("account.not_found", t("There is no such account."))
    return found
