"""A unit passes to another owner, on any day: each side owes for its own days and sees its own span.

Who owes is an account, so a new owner gets a new one under the same number. The old one keeps its bills, its arrears
and its history under a number that says until when, is charged up to its last day, and nothing after it. What it was
charged for later days comes back as credit notes. Nothing that belongs to either can therefore show to the other.
"""

import json
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from billing.charges.periods import last_day
from billing.plans import credit_notes
from billing.rules import Facts, Outcome, evaluate, parse
from scenarios.community.common import refused
from scenarios.community.estate.paying import follow
from scenarios.community.votes import proxies
from tenants import audit
from tenants.accounts import queries
from tenants.accounts.forms import HolderForm
from tenants.accounts.services import add_holder
from tenants.actor import Actor
from tenants.days import today_at
from tenants.ids import new_id
from tenants.models import Account, Holder, Tenant
from tenants.scope import execute, row, rows, value
from ui.errors import Conflict
from ui.formats import date_text
from ui.i18n import N_, gettext, t, use_locale
from ui.marks import define

UNTIL = define(N_("(until {day})"))
"""Behind the number of a unit that passed on."""
LONGEST_NUMBER = 60
LONGEST_NAME = 200
_HEAD = 20
LONGEST_AGO = timedelta(days=366)
_STAYING = ("resident",)
"""Relations that go on under the new owner: a lease is not ended by a sale."""
_DRAFT = (
    "select exists (select 1 from billing_bill where tenant_id = $1 and account_id = $2 and status = 'draft')"
)
_COPY = """
insert into tenants_account (tenant_id, id, scenario, kind, number, name, place, sort_key, attributes)
select tenant_id, $3, scenario, kind, $4, coalesce($5, name), place, sort_key, attributes
  from tenants_account where tenant_id = $1 and id = $2
"""
_LATER = """
select l.id, l.bill_id, l.period, l.amount_minor, l.amount_minor - l.adjusted_minor creditable_minor, l.inputs,
       r.document
  from billing_bill_line l
  join billing_bill b on b.tenant_id = l.tenant_id and b.id = l.bill_id
   and b.status in ('issued', 'part_paid', 'paid')
  left join billing_fee_rule r on r.tenant_id = l.tenant_id and r.id = l.fee_rule_id
 where l.tenant_id = $1 and l.account_id = $2 and l.is_live and l.is_periodic
   and (l.period + interval '1 month')::date - 1 > $3
 order by l.period, l.position, l.id
"""


async def hand_over(actor: Actor, account_id: UUID, *, on: date, holder: HolderForm) -> Account:
    """Let a unit pass to a new owner whose first day is ``on``, and return their account.

    Raises:
        Invalid: the day is to come, too long ago, or within an earlier owner's time (field ``on``).
        Conflict: the unit has no door here, has passed on already, or is in a bill run that is not issued.
        StepUp: the sign-in is not fresh and strong; it changes rights and money.
    """
    actor.require("accounts.write")
    actor.require_fresh()
    old = await queries.account(actor, account_id, lock=True)
    unit = await unit_of(old)
    await check_day(old, unit["id"], on)
    until = on - timedelta(days=1)
    staying = await end_holders(old, until)
    number = old.number
    await retire(old, until)
    new = await account_like(old, number)
    await execute("update community_unit set account_id = $3 where tenant_id = $1 and id = $2",
                  old.tenant_id, unit["id"], new.id)  # fmt: skip
    await write_tenure(actor, old, unit["id"], until)
    await add_holder(actor, new.id, holder.model_copy(update={"since": on}))
    await go_on(new, staying, on)
    await follow(old, new, on)
    await proxies.follow(old.tenant_id, [old.id], new.id)
    credited = await settle(actor, old, until)
    await _record(actor, new, on, credited)
    return new


async def unit_of(old: Account) -> Mapping[str, Any]:
    """Return the door of an account that may change hands, locked.

    Raises:
        Conflict: it has none here, is closed, has passed on, or is in a bill run that is not issued.
    """
    found = await row(
        "select id from community_unit where tenant_id = $1 and account_id = $2 for update",
        old.tenant_id,
        old.id,
    )
    if found is None or not old.is_active or old.closed_on:
        raise Conflict("unit.passed", t("This unit has no door here, is closed, or has passed on already."))
    await must_be_issued(old)
    return dict(found)


async def must_be_issued(account: Account) -> None:
    """Refuse what would change days that a bill run is just about to charge; ``Conflict``."""
    if await value(_DRAFT, account.tenant_id, account.id):
        text = t("A bill run with this unit is not issued yet. Issue or cancel it first, then come back.")
        raise Conflict("unit.drafted", text)


async def write_tenure(actor: Actor, old: Account, unit_id: UUID, until: date) -> None:
    """Write an account's time with a unit into the unit's history."""
    await execute(
        "insert into community_tenure (tenant_id, unit_id, account_id, until, handed_over_by_name)"
        " values ($1, $2, $3, $4, $5)",
        old.tenant_id, unit_id, old.id, until, actor.name[:100],
    )  # fmt: skip


async def check_day(old: Account, unit_id: UUID, on: date) -> None:
    """Refuse a day on which a unit cannot pass on; ``Invalid`` (field ``on``)."""
    now = await today_at(old.tenant_id)
    if not now - LONGEST_AGO <= on <= now:
        raise refused("unit.day", "on", t("Choose today or a day of the last twelve months."))
    latest = await value(
        "select max(until) from community_tenure where tenant_id = $1 and unit_id = $2",
        old.tenant_id,
        unit_id,
    )
    begun = await value(
        "select min(since) from tenants_holder where tenant_id = $1 and account_id = $2 and relation = 'owner'",
        old.tenant_id,
        old.id,
    )
    if (latest and on <= latest + timedelta(days=1)) or (begun and on <= begun):
        raise refused("unit.day", "on", t("The owner before has not had a day yet. Choose a later one."))


async def end_holders(old: Account, until: date) -> list[Holder]:
    """End everybody's part with the old owner's last day; return those who stay on."""
    held = await Holder.filter(tenant_id=old.tenant_id, account_id=old.id).order_by("created_at", "id")
    going = [one for one in held if one.until is None or one.until > until]
    for one in going:
        before = one.since is not None and one.since > until
        await Holder.filter(tenant_id=old.tenant_id, id=one.id).update(until=one.since if before else until)
    return [one for one in going if one.relation in _STAYING]


async def retire(old: Account, until: date) -> None:
    """Let an account end with a day, and its number be free for another."""
    tenant = await Tenant.get(id=old.tenant_id)
    with use_locale(tenant.locale):
        number = retired(old.number, until)
    await execute(
        "update tenants_account set number = $3, closed_on = $4, updated_at = now() where tenant_id = $1 and id = $2",
        old.tenant_id, old.id, number, until,
    )  # fmt: skip


def retired(number: str, until: date) -> str:
    """Return what a number becomes that another account takes: it says until when, in plain words."""
    return marked(number, gettext(UNTIL, day=until.isoformat()))


def marked(number: str, words: str) -> str:
    """Return a number with words after it, as long as one may be; an address is told apart by its end, the door."""
    suffix = f" {words}"
    room = LONGEST_NUMBER - len(suffix)
    short = number if len(number) <= room else f"{number[:_HEAD]}…{number[_HEAD + 1 - room :]}"
    return short + suffix


async def account_like(old: Account, number: str, name: str | None = None) -> Account:
    """Make an account that is in all but number, name and holders what another is."""
    new = new_id()
    await execute(_COPY, old.tenant_id, old.id, new, number, name[:LONGEST_NAME] if name else None)
    return await Account.get(tenant_id=old.tenant_id, id=new)


async def go_on(new: Account, staying: list[Holder], on: date) -> None:
    """Let residents go on holding the unit's account: the same person, from the new owner's first day."""
    for one in staying:
        await Holder.create(
            id=new_id(),
            tenant_id=new.tenant_id,
            account_id=new.id,
            person_id=one.person_id,
            relation=one.relation,
            name=one.name,
            email=one.email,
            phone=one.phone,
            since=on,
            is_default_payer=one.is_default_payer,
            sees=one.sees,
            invited_by=one.invited_by,
            confirmed_at=one.confirmed_at,
        )


async def settle(actor: Actor, old: Account, until: date) -> int:
    """Credit the old account what it was charged for days that are no longer its own; minor units."""
    tenant = await Tenant.get(id=old.tenant_id)
    with use_locale(tenant.locale):
        reason = gettext("Handed over: the last day was {day}.", day=date_text(until))
    credited = 0
    for line in await rows(_LATER, old.tenant_id, old.id, until):
        amount = min(_too_much(line, until), line["creditable_minor"])
        if amount > 0:
            await credit_notes.write(
                actor,
                bill_id=line["bill_id"],
                line_id=line["id"],
                amount_minor=amount,
                reason=reason,
                key=f"handover-{line['id']}",
            )
            credited += amount
    return credited


def _too_much(line: Any, until: date) -> int:
    """Return what a line charges for days after ``until``, by the rule and the inputs that it keeps."""
    charged: int = line["amount_minor"]
    if line["period"] > until:
        return charged
    if line["document"] is None:
        return 0
    inputs = {**json.loads(line["inputs"]), "active:to": until.isoformat()}
    inputs.setdefault("period:first", line["period"].isoformat())
    inputs.setdefault("period:last", last_day(line["period"]).isoformat())
    outcome = evaluate(parse(json.loads(line["document"])), Facts.from_inputs(inputs))
    return charged - outcome.amount_minor if isinstance(outcome, Outcome) else 0


async def _record(actor: Actor, new: Account, on: date, credited: int) -> None:
    await audit.record(
        actor,
        "unit.handed_over",
        subject_kind="account",
        subject_id=new.id,
        subject_label=new.number,
        after={"since": on.isoformat(), "credited_minor": credited},
    )


async def earlier_owners(tenant_id: UUID, account_id: UUID) -> list[Any]:
    """Return the unit's earlier accounts, the latest first, for staff."""
    return await rows(
        "select e.account_id, e.until, a.number, (select string_agg(h.name, ', ' order by h.created_at)"
        "   from tenants_holder h where h.tenant_id = $1 and h.account_id = a.id and h.relation = 'owner') names"
        "  from community_unit u join community_tenure e on e.tenant_id = $1 and e.unit_id = u.id"
        "  join tenants_account a on a.tenant_id = $1 and a.id = e.account_id"
        " where u.tenant_id = $1 and u.account_id = $2 order by e.until desc",
        tenant_id,
        account_id,
    )
