"""Classes as learning tools know them: where tools of the school are used, who is in a class, who teaches it (LTI).

A family opens what was placed at a class from the child's own page. The pupil works as a learner. So does a guardian
for a pupil who has no sign-in of their own, as young children have none: the child sits beside them. Where the pupil
signs in, the guardian looks on. For a child under 14 a guardian has agreed first.
"""

from uuid import UUID

from integrations.apps.placing.records import (
    Member,
    Record,
    RecordKind,
    Visitor,
    Visitors,
    add_record_kind,
)
from scenarios.education.classes.queries import IS_IN, class_of
from scenarios.education.family import consents
from scenarios.education.family.children import child_of, must_sign
from scenarios.education.kinds import SCENARIO_KEY
from tenants.actor import Actor
from tenants.scope import open_scope, person_scope, row, rows, tenant_id, tenant_scope
from ui.errors import NotFound
from ui.i18n import N_, t

KIND, FAMILY_ROLE = "class", "family"
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


_CLASSES = f"""
select c.id, c.title from education_enrolment e join education_user u on u.tenant_id = $1 and u.id = e.user_id
  join education_class c on c.tenant_id = $1 and c.id = e.class_id
 where e.tenant_id = $1 and u.account_id = $2 and e.role = 'student' and {IS_IN} order by c.sort_key, c.id
"""
_SIGNS_IN = """
select 1 from tenants_holder where tenant_id = $1 and account_id = $2 and relation = 'student'
   and confirmed_at is not null and lasts(until, day_of(tenant_id)) limit 1
"""


async def _find(actor: Actor, class_id: UUID) -> Record | None:
    try:
        found = await class_of(actor, class_id)
    except NotFound:
        return None
    return Record(found.title, f"/classes/{found.id}")


async def _members(class_id: UUID) -> list[Member]:
    return [Member(**dict(one)) for one in await rows(_MEMBERS, tenant_id(), class_id)]


async def classes_of(account_id: UUID) -> dict[UUID, str]:
    """Return the classes that a pupil is in now, with their titles, in the school's open scope."""
    return {one["id"]: one["title"] for one in await rows(_CLASSES, tenant_id(), account_id)}


async def _admit(actor: Actor, class_id: UUID, account_id: UUID) -> Visitor:
    """Return how somebody of the family opens tools at a class for a pupil.

    Raises:
        NotFound: for a child that is not theirs, or not in this class.
        Forbidden: for relatives who may not sign for the child.
        Conflict: before a guardian has agreed, for a child under 14.
    """
    assert actor.person_id is not None  # noqa: S101 - signed in
    async with open_scope(person_scope(actor.person_id)):
        child = await child_of(actor, account_id)
    is_pupil = "student" in child.relations
    if not is_pupil:
        must_sign(child)
    async with open_scope(tenant_scope(child.tenant_id)):
        found = await classes_of(account_id)
        if class_id not in found:
            raise NotFound("class.not_found", t("There is no such class, or it is not yours to see."))
        await consents.must_allow(child.tenant_id, account_id, consents.TOOLS, child.timezone)
        is_named = await consents.holds(child.tenant_id, account_id, consents.NAMES)
        signs_in = await row(_SIGNS_IN, child.tenant_id, account_id) is not None
    return Visitor(account_id, found[class_id], is_pupil or not signs_in, child.name if is_named else "")


VISITORS = Visitors(FAMILY_ROLE, N_("Pupils and their guardians, at home"), SCENARIO_KEY, _admit)


def register() -> None:
    """Let tools be used at classes; safe to call again."""
    add_record_kind(RecordKind(KIND, "classes.own", _find, _members, visitors=VISITORS))
