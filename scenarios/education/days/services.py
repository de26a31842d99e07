"""Asking for leave, and deciding about it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from billing.lists import Listing
from billing.terms import terms_of
from scenarios.education.classes.queries import IS_IN, teaches
from scenarios.education.days import meals
from scenarios.education.days.states import CAUSES, LEAVE
from scenarios.education.family.children import Child, must_attend, must_sign
from scenarios.education.models import SchoolLeave
from scenarios.education.terms import SchoolTerms
from tenants import audit
from tenants.actor import Actor
from tenants.days import today
from tenants.ids import new_id
from tenants.models import Account, Tenant
from tenants.scope import value
from ui.errors import Conflict, Forbidden, Invalid, NotFound
from ui.i18n import t

LONGEST = timedelta(days=120)
BACK = timedelta(days=7)
REASON_MAX = 1000
LEAVES = Listing(
    name="leaves",
    filters=("status",),
    sorts={"first_on": "l.first_on", "name": "a.sort_key", "created_at": "l.created_at"},
    default_sort="-created_at",
    sql="""
select l.id, l.first_on, l.last_on, l.cause, l.reason, l.status, l.asked_by_name, l.created_at, l.decided_by_name,
       l.meals_minor, a.id account_id, a.name, a.place, (select currency from tenants_tenant where id = $1) currency
  from education_leave l join tenants_account a on a.tenant_id = $1 and a.id = l.account_id
 where l.tenant_id = $1 and ($2 = '' or a.number || ' ' || a.name || ' ' || a.place ilike $2)
   and ($3 = '' or l.status = $3)""",
)
_MINE = f"""
 exists (select 1 from education_user u
           join education_enrolment e on e.tenant_id = $1 and e.user_id = u.id and e.role = 'student' and {IS_IN}
           join education_class c on c.tenant_id = $1 and c.id = e.class_id
          where u.tenant_id = $1 and u.account_id = {{account}} and {{teaches}})
"""


async def ask(  # noqa: PLR0917 - when, why, for whom
    actor: Actor, child: Child, first_on: date, last_on: date, cause: str, reason: str
) -> SchoolLeave:
    """Ask for leave of a child, in the open tenant scope.

    Raises:
        Forbidden: the actor is neither guardian nor parent.
        Invalid: the days or the cause are wrong.
        Conflict: leave was asked for on one of these days already, or the child has left the school.
    """
    must_sign(child)
    must_attend(child)
    _check(first_on, last_on, today(child.timezone), cause, reason)
    if await value(_OVERLAPS, child.tenant_id, child.account_id, first_on, last_on):
        raise Conflict("leave.twice", t("Leave was asked for on some of these days already."))
    return await SchoolLeave.create(
        id=new_id(),
        tenant_id=child.tenant_id,
        account_id=child.account_id,
        first_on=first_on,
        last_on=last_on,
        cause=cause,
        reason=reason.strip(),
        status=LEAVE.start,
        asked_by=actor.person_id,
        asked_by_name=actor.name[:100],
        meals=[],
    )


_OVERLAPS = """
select exists (select 1 from education_leave where tenant_id = $1 and account_id = $2
                and status in ('requested', 'approved') and first_on <= $4 and last_on >= $3)
"""


def _check(first_on: date, last_on: date, now: date, cause: str, reason: str) -> None:
    wrong: dict[str, Any] = {}
    if not now - BACK <= first_on <= now + LONGEST:
        wrong["first_on"] = t("Choose a day from a week ago on, within four months.")
    if not first_on <= last_on <= first_on + LONGEST:
        wrong["last_on"] = t("The last day is on or after the first.")
    if cause not in CAUSES:
        wrong["cause"] = t("Choose why.")
    if len(reason) > REASON_MAX:
        wrong["reason"] = t("Keep it to {n} characters.", n=REASON_MAX)
    if wrong:
        raise Invalid("leave.wrong", t("Something is missing."), fields=wrong)


def leaves_for(actor: Actor) -> Listing:
    """Return the list of leaves that the actor decides about: all, or those of the classes they teach."""
    if actor.may("classes.read"):
        return LEAVES
    person = f"'{actor.person_id}'::uuid" if actor.person_id else "null"
    return replace(
        LEAVES, sql=f"{LEAVES.sql} and {_MINE.format(account='l.account_id', teaches=teaches(person))}"
    )


async def get(actor: Actor, leave_id: UUID, *, lock: bool = False) -> SchoolLeave:
    """Return a leave that the actor may decide about; ``NotFound`` for any other."""
    actor.require("leave.decide")
    query = SchoolLeave.filter(tenant_id=actor.tenant_id, id=leave_id)
    found = await (query.select_for_update() if lock else query).first()
    if found is not None and not actor.may("classes.read"):
        mine = _MINE.format(account="$2", teaches=teaches("$3"))
        is_mine = await value(f"select {mine}", actor.tenant_id, found.account_id, actor.person_id)
        found = found if is_mine else None
    if found is None:
        raise NotFound("leave.not_found", t("There is no such leave, or it is not yours to see."))
    return found


async def decide(actor: Actor, leave_id: UUID, *, is_approved: bool, answer: str) -> SchoolLeave:
    """Agree to a leave, with its meals refunded by rule, or refuse it with a reason.

    Raises:
        NotFound: it is not of a class that the actor teaches.
        Invalid: refused without a reason.
        Conflict: it has been decided or taken back.
    """
    leave = await get(actor, leave_id, lock=True)
    edge = "approve" if is_approved else "refuse"
    if not is_approved and not answer.strip():
        text = t("Say why; the family reads it.")
        raise Invalid("leave.no_reason", text, fields={"answer": text})
    if not LEAVE.can(leave.status, edge):
        raise Conflict("leave.decided", t("This has been decided already, or was taken back."))
    leave.status, leave.answer = LEAVE.after(leave.status, edge), answer.strip()[:REASON_MAX]
    leave.decided_by_name, leave.decided_at = actor.name[:100], datetime.now(UTC)
    if is_approved:
        tenant = await Tenant.get(id=leave.tenant_id)
        terms = await terms_of(leave.tenant_id, SchoolTerms)
        leave.meals = await meals.refund(leave, day_of(leave, tenant.timezone), terms)
        leave.meals_minor = sum(one["refunded_minor"] for one in leave.meals)
    await leave.save()
    await _record(actor, leave)
    return leave


def day_of(leave: SchoolLeave, zone: str) -> date:
    """Return the day on which a leave was asked for, where the school is."""
    return leave.created_at.astimezone(ZoneInfo(zone)).date()


async def take_back(actor: Actor, child: Child, leave_id: UUID) -> None:
    """Take a leave back that has not been decided, in the open tenant scope.

    Raises:
        NotFound: the child has no such leave.
        Conflict: it has been decided.
    """
    if not child.may_sign:
        raise Forbidden("child.not_guardian", t("Only a guardian or parent may sign this."))
    query = SchoolLeave.filter(tenant_id=child.tenant_id, account_id=child.account_id, id=leave_id)
    found = await query.select_for_update().first()
    if found is None:
        raise NotFound("leave.not_found", t("There is no such leave, or it is not yours to see."))
    if not LEAVE.can(found.status, "cancel"):
        raise Conflict("leave.decided", t("This has been decided already, or was taken back."))
    found.status = LEAVE.after(found.status, "cancel")
    await found.save(update_fields=["status"])
    await _record(actor.within(child.tenant_id), found)


async def _record(actor: Actor, leave: SchoolLeave) -> None:
    account = await Account.get(tenant_id=leave.tenant_id, id=leave.account_id)
    await audit.record(
        actor,
        f"leave.{leave.status}",
        subject_kind="leave",
        subject_id=leave.id,
        subject_label=account.number,
        after={
            "first_on": leave.first_on.isoformat(),
            "last_on": leave.last_on.isoformat(),
            "meals_minor": leave.meals_minor,
            "currency": (await Tenant.get(id=leave.tenant_id)).currency,
        },
    )
