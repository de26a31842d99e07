"""Pupils who do not go up with their class: written down one by one before the year is closed, and done with it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from billing.lists import Listing
from scenarios.education.models import SchoolRollOver, SchoolYearException
from scenarios.education.year.leaving import pupil_of
from scenarios.education.year.outcomes import OUTCOMES, grade_after
from tenants import audit
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import Account
from tenants.scope import execute, rows, value
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import t

_HAS_CLASS = """exists (
  select 1 from education_user u
    join education_enrolment e on e.tenant_id = $1 and e.user_id = u.id and e.role = 'student' and e.closed_on is null
    join education_class c on c.tenant_id = $1 and c.id = e.class_id and c.kind = 'homeroom' and c.closed_on is null
   where u.tenant_id = $1 and u.account_id = a.id)"""
EXCEPTIONS = Listing(
    name="year_exceptions",
    filters=("outcome",),
    sorts={"name": "a.name", "place": "a.sort_key", "title": "x.title", "outcome": "x.outcome"},
    default_sort="place",
    sql="""
select x.id, x.account_id, a.name, a.number, a.place, a.attributes ->> 'grade' grade, x.outcome, x.title, x.by_name
  from education_year_exception x join tenants_account a on a.tenant_id = $1 and a.id = x.account_id
 where x.tenant_id = $1 and x.roll_over_id is null and a.is_active
   and ($2 = '' or a.number || ' ' || a.name || ' ' || a.place ilike $2) and ($3 = '' or x.outcome = $3)""",
)
PUPILS = Listing(
    name="year_pupils",
    sorts={"name": "a.name", "place": "a.sort_key"},
    default_sort="place",
    sql=f"""
select a.id, a.name, a.number, a.place, x.outcome
  from tenants_account a
  left join education_year_exception x on x.tenant_id = $1 and x.account_id = a.id and x.roll_over_id is null
 where a.tenant_id = $1 and a.scenario = 'education' and a.kind = 'student' and a.is_active and {_HAS_CLASS}
   and ($2 = '' or a.number || ' ' || a.name || ' ' || a.place ilike $2)""",
)
_WAITING = """
select x.id, x.account_id, x.outcome, x.title, a.number, a.name, a.place, a.attributes ->> 'grade' grade
  from education_year_exception x join tenants_account a on a.tenant_id = $1 and a.id = x.account_id
 where x.tenant_id = $1 and x.roll_over_id is null and a.is_active order by a.sort_key, a.number
"""


@dataclass(frozen=True, slots=True)
class Exempt:
    """A pupil who does not go up with their class; ``next_grade`` is empty for whoever leaves."""

    id: UUID
    account_id: UUID
    number: str
    name: str
    place: str
    grade: str
    outcome: str
    title: str
    next_grade: str


async def waiting(tenant_id: UUID) -> list[Exempt]:
    """Return the exceptions that the next closing will do, in the order of the classes."""
    return [_exempt(one) for one in await rows(_WAITING, tenant_id)]


async def of_pupil(account: Account) -> SchoolYearException | None:
    """Return what is written down for one pupil."""
    return await SchoolYearException.get_or_none(
        tenant_id=account.tenant_id, account_id=account.id, roll_over_id=None
    )


def _exempt(one: Any) -> Exempt:
    names = ("id", "account_id", "number", "name", "place", "grade", "outcome", "title")
    facts = {name: one[name] for name in names} | {"grade": one["grade"] or ""}
    return Exempt(**facts, next_grade=grade_after(facts["grade"], one["outcome"]))


async def keep(actor: Actor, account_id: UUID, *, outcome: str, title: str) -> SchoolYearException:
    """Write down what becomes of a pupil when the year is closed, instead of what was written before.

    Raises:
        NotFound: there is no such pupil.
        Conflict: the pupil is in no class that goes up, or has left.
        Invalid: no such outcome, no class, or no grade that far up.
    """
    actor.require("classes.write")
    account = await pupil_of(actor, account_id)
    if not account.is_active or not await _has_class(account):
        raise Conflict("year.no_class", t("{name} is in no class that goes up.", name=account.name))
    title = "" if outcome == "leave" else " ".join(title.split())[:60]
    _check(account, outcome, title)
    made = await _save(actor, account, outcome, title)
    await _record(actor, "year.exception_kept", account, {"outcome": outcome, "class": title})
    return made


async def _has_class(account: Account) -> bool:
    sql = f"select {_HAS_CLASS} from tenants_account a where a.tenant_id = $1 and a.id = $2"
    return bool(await value(sql, account.tenant_id, account.id))


def _check(account: Account, outcome: str, title: str) -> None:
    grade = str(account.attributes.get("grade") or "")
    wrong: dict[str, Any] = {}
    if outcome not in OUTCOMES:
        wrong["outcome"] = t("Choose what becomes of the pupil.")
    elif outcome != "leave" and not title:
        wrong["title"] = t("Say in which class the pupil is next year.")
    elif outcome != "leave" and not grade_after(grade, outcome):
        wrong["outcome"] = t("There is no grade that far up.")
    if wrong:
        raise Invalid("year.exception", t("Something is missing."), fields=wrong)


async def _save(actor: Actor, account: Account, outcome: str, title: str) -> SchoolYearException:
    await Account.filter(tenant_id=account.tenant_id, id=account.id).select_for_update().get()
    found = await of_pupil(account)
    if found is None:
        found = SchoolYearException(id=new_id(), tenant_id=account.tenant_id, account_id=account.id)
    found.outcome, found.title, found.by_name = outcome, title, actor.name[:100]
    await found.save()
    return found


async def drop(actor: Actor, account_id: UUID) -> Account:
    """Have a pupil go up with their class after all; ``NotFound`` where nothing else was written down."""
    actor.require("classes.write")
    account = await pupil_of(actor, account_id)
    found = await of_pupil(account)
    if found is None:
        raise NotFound("year.no_exception", t("{name} goes up with the class.", name=account.name))
    await found.delete()
    await _record(actor, "year.exception_dropped", account, None)
    return account


async def _record(actor: Actor, act: str, account: Account, facts: dict[str, Any] | None) -> None:
    await audit.record(
        actor,
        act,
        subject_kind="account",
        subject_id=account.id,
        subject_label=account.number,
        after=facts,
    )


_DONE = """
update education_year_exception set roll_over_id = $2 where tenant_id = $1 and roll_over_id is null
"""


async def done(actor: Actor, made: SchoolRollOver, exempt: list[Exempt]) -> None:
    """Note with which closing the exceptions were done, and on each pupil's page what has become of them."""
    assert actor.tenant_id is not None  # noqa: S101 - the year was closed by somebody of the school
    await execute(_DONE, actor.tenant_id, made.id)
    for one in exempt:
        await audit.record(
            actor,
            "year.exception_done",
            subject_kind="account",
            subject_id=one.account_id,
            subject_label=one.number,
            before={"class": one.place, "grade": one.grade},
            after={"outcome": one.outcome, "class": one.title, "grade": one.next_grade},
        )
