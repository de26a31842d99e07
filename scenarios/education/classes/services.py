"""What the school's office does with classes: who teaches them, and what teachers see."""

from uuid import UUID

from scenarios.education.classes.queries import STAFF, class_of
from scenarios.education.models import SchoolClass
from tenants import audit
from tenants.actor import Actor
from tenants.scope import execute, rows, value
from ui.errors import Invalid, NotFound
from ui.i18n import t

_TEACHER = """
insert into education_user as u (tenant_id, sourced_id, name, email)
values ($1, 'local:staff:' || lower($3), $2, lower($3))
on conflict (tenant_id, sourced_id) do update set name = excluded.name returning id
"""
_NAME = "select name from education_user where tenant_id = $1 and id = $2"
_TEACHES = """
insert into education_enrolment as e (tenant_id, sourced_id, class_id, user_id, role, is_primary, begins_on)
values ($1, 'local:teacher:' || ($2::uuid)::text || ':' || ($3::uuid)::text, $2::uuid, $3::uuid, 'teacher', true,
        day_of($1))
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
    teacher = await teacher_of(actor, membership_id)
    await execute(_TEACHES, actor.tenant_id, found.id, teacher)
    await _record(actor, "class.teacher_added", found, await _name_of(actor, teacher))
    return found


async def teacher_of(actor: Actor, membership_id: UUID) -> UUID:
    """Return the roster's person for a member of staff, written down now if they were not.

    Raises:
        Invalid: the school has no such member of staff.
    """
    known = {one["id"]: one for one in await rows(STAFF, actor.tenant_id)}
    if membership_id not in known:
        text = t("Choose somebody of your staff.")
        raise Invalid("class.teacher", text, fields={"teacher": text})
    one = known[membership_id]
    return UUID(str(await value(_TEACHER, actor.tenant_id, one["name"], one["email"])))


async def _name_of(actor: Actor, user_id: UUID) -> str:
    return str(await value(_NAME, actor.tenant_id, user_id))


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
