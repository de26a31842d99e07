"""One pupil goes into another class in the middle of a year: from today on, with the fees of its grade."""

from typing import Any
from uuid import UUID

from scenarios.education.importing import added
from scenarios.education.models import SchoolClass
from scenarios.education.year.leaving import pupil_of
from scenarios.education.year.proposing import ORDER, place_of
from tenants import audit
from tenants.actor import Actor
from tenants.models import Account
from tenants.scope import rows
from ui.errors import Conflict, Invalid
from ui.i18n import t

_ROOMS = """
select c.id, c.title, c.grades, (select count(*) from education_enrolment e
         where e.tenant_id = $1 and e.class_id = c.id and e.role = 'student' and e.closed_on is null)::int pupils
  from education_class c
 where c.tenant_id = $1 and c.kind = 'homeroom' and c.closed_on is null and lower(c.title) <> lower($2)
 order by split_part(c.grades, ',', 1) <> $3, c.sort_key, c.title
"""


async def rooms_for(account: Account) -> list[Any]:
    """Return the home classes that a pupil is not in, those of their own grade first."""
    grade = str(account.attributes.get("grade") or "")
    return await rows(_ROOMS, account.tenant_id, account.place, grade)


async def move(actor: Actor, account_id: UUID, *, class_id: UUID) -> SchoolClass:
    """Put a pupil into another home class from today on; the next bills go by its grade, issued ones stay.

    Raises:
        NotFound: there is no such pupil.
        Conflict: the pupil has left, or is in this class.
        Invalid: the school has no such class now.
    """
    actor.require("classes.write")
    account = await pupil_of(actor, account_id)
    account = await Account.filter(tenant_id=account.tenant_id, id=account.id).select_for_update().get()
    if not account.is_active:
        raise Conflict("pupil.left", t("{name} has left already.", name=account.name))
    room = await _room(account, class_id)
    before = _facts(account)
    account.place = room.title
    account.attributes = account.attributes | _grade_of(room)
    await account.save(update_fields=["place", "attributes"])
    await added(account)
    await audit.record(
        actor,
        "pupil.moved",
        subject_kind="account",
        subject_id=account.id,
        subject_label=account.number,
        before=before,
        after=_facts(account),
    )
    return room


async def _room(account: Account, class_id: UUID) -> SchoolClass:
    room = await SchoolClass.get_or_none(
        tenant_id=account.tenant_id, id=class_id, kind="homeroom", closed_on=None
    )
    if room is None:
        text = t("Choose one of the classes.")
        raise Invalid("pupil.class", text, fields={"room": text})
    if room.title.lower() == account.place.lower():
        raise Conflict(
            "pupil.same_class",
            t("{name} is in {class_title} already.", name=account.name, class_title=room.title),
        )
    return room


def _grade_of(room: SchoolClass) -> dict[str, str]:
    """Return the grade that a class gives its pupils; one of several grades, or of none, leaves them theirs."""
    place = place_of(room.grades) if "," not in room.grades else -1
    return {"grade": ORDER[place]} if place >= 0 else {}


def _facts(account: Account) -> dict[str, str]:
    return {"class": account.place, "grade": str(account.attributes.get("grade") or "")}
