"""What the school's office does with classes: who teaches them, and what teachers see."""

from uuid import UUID

from scenarios.education.classes.queries import STAFF, class_of
from scenarios.education.models import SchoolClass
from tenants import audit
from tenants.actor import Actor
from tenants.scope import execute, rows
from ui.errors import Invalid, NotFound
from ui.i18n import t

_TEACHER = """
insert into education_user as u (tenant_id, sourced_id, name, email)
values ($1, 'local:staff:' || lower($3), $2, lower($3))
on conflict (tenant_id, sourced_id) do update set name = excluded.name
"""
_TEACHES = """
insert into education_enrolment as e (tenant_id, sourced_id, class_id, user_id, role, is_primary, begins_on)
select $1, 'local:teacher:' || ($2::uuid)::text || ':' || u.id, $2::uuid, u.id, 'teacher', true, day_of($1)
  from education_user u where u.tenant_id = $1 and u.sourced_id = 'local:staff:' || lower($3)
on conflict (tenant_id, sourced_id) do update set closed_on = null, ends_on = null
"""
_ENDS = """
update education_enrolment set ends_on = day_of($1) - 1, closed_on = day_of($1)
 where tenant_id = $1 and id = $2 and class_id = $3 and role = 'teacher' and closed_on is null
"""


async def add_teacher(actor: Actor, class_id: UUID, *, membership_id: UUID) -> SchoolClass:
    """Put a member of staff down as teacher of a class, so that they see it.

    Raises:
        Invalid: the school has no such member of staff.
    """
    actor.require("classes.write")
    found = await class_of(actor, class_id)
    known = {one["id"]: one for one in await rows(STAFF, actor.tenant_id)}
    if membership_id not in known:
        text = t("Choose somebody of your staff.")
        raise Invalid("class.teacher", text, fields={"teacher": text})
    name, address = known[membership_id]["name"], known[membership_id]["email"]
    await execute(_TEACHER, actor.tenant_id, name, address)
    await execute(_TEACHES, actor.tenant_id, found.id, address)
    await _record(actor, "class.teacher_added", found, name)
    return found


async def end_teacher(actor: Actor, class_id: UUID, enrolment_id: UUID) -> SchoolClass:
    """Take a class from a teacher; from now on they no longer see it."""
    actor.require("classes.write")
    found = await class_of(actor, class_id)
    if not await execute(_ENDS, actor.tenant_id, enrolment_id, found.id):
        raise NotFound("class.no_teacher", t("There is no such teacher in this class."))
    await _record(actor, "class.teacher_ended", found, "")
    return found


async def _record(actor: Actor, act: str, found: SchoolClass, name: str) -> None:
    await audit.record(
        actor,
        act,
        subject_kind="class",
        subject_id=found.id,
        subject_label=found.title,
        after={"name": name} if name else None,
    )
