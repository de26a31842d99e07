"""Classes as learning tools know them: where tools of the school are used, who is in a class, who teaches it (LTI)."""

from uuid import UUID

from integrations.apps.placing.records import Member, Record, RecordKind, add_record_kind
from scenarios.education.classes.queries import IS_IN, class_of
from tenants.actor import Actor
from tenants.scope import rows, tenant_id
from ui.errors import NotFound

KIND = "class"
_AGREED = """coalesce((select k.is_given from education_consent k where k.tenant_id = $1 and k.account_id = a.id
  and k.purpose = 'names' order by k.created_at desc, k.id desc limit 1), false)"""
"""Whether a guardian lets learning tools know the child's name."""
_MEMBERS = f"""
select a.id, a.name, '' email, true is_learner, {_AGREED} is_named from education_enrolment e
  join education_user u on u.tenant_id = $1 and u.id = e.user_id
  join tenants_account a on a.tenant_id = $1 and a.id = u.account_id
 where e.tenant_id = $1 and e.class_id = $2 and e.role = 'student' and {IS_IN}
union
select m.person_id, m.name, m.email, false, true from education_enrolment e
  join education_user u on u.tenant_id = $1 and u.id = e.user_id and u.email <> ''
  join tenants_membership m on m.tenant_id = $1 and lower(m.email) = lower(u.email) and m.ended_at is null
 where e.tenant_id = $1 and e.class_id = $2 and e.role = 'teacher' and {IS_IN}
 order by is_learner, name, id
"""
"""Pupils are their accounts; a teacher is the person whom the school has invited under the same address."""


async def _find(actor: Actor, class_id: UUID) -> Record | None:
    try:
        found = await class_of(actor, class_id)
    except NotFound:
        return None
    return Record(found.title, f"/classes/{found.id}")


async def _members(class_id: UUID) -> list[Member]:
    return [Member(**dict(one)) for one in await rows(_MEMBERS, tenant_id(), class_id)]


def register() -> None:
    """Let tools be used at classes; safe to call again."""
    add_record_kind(RecordKind(KIND, "classes.own", _find, _members))
