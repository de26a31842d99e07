"""Whose children somebody acts for: proved in the person's own scope before anything is done at a school."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from scenarios.education.kinds import FAMILY
from tenants.actor import Actor
from tenants.scope import rows
from ui.errors import Conflict, Forbidden, NotFound
from ui.i18n import t

_CHILDREN = """
select a.id account_id, a.tenant_id, a.name, a.number, a.place, a.attributes ->> 'grade' grade, t.short_name school,
       t.timezone, t.currency, t.contact_phone, t.status standing, t.takes_payments, t.word_to_payers, a.is_active,
       array_agg(distinct h.relation) relations
  from tenants_holder h
  join tenants_account a on a.tenant_id = h.tenant_id and a.id = h.account_id and a.scenario = 'education'
       and a.kind = 'student'
  join tenants_tenant t on t.id = h.tenant_id
 where h.person_id = $1 and h.confirmed_at is not null and lasts(h.until, day_of(h.tenant_id))
   and ($2::uuid is null or a.id = $2)
 group by a.id, a.tenant_id, t.id order by t.short_name, a.sort_key, a.number limit 50
"""


@dataclass(frozen=True, slots=True)
class Child:
    """A pupil as somebody of the family sees them."""

    account_id: UUID
    tenant_id: UUID
    name: str
    number: str
    place: str
    grade: str
    school: str
    timezone: str
    currency: str
    contact_phone: str
    standing: str
    takes_payments: bool
    word_to_payers: str
    is_active: bool
    relations: tuple[str, ...]

    @property
    def may_sign(self) -> bool:
        """Whether the reader is a guardian or parent, who may sign for the child."""
        return any(relation in FAMILY for relation in self.relations)

    @property
    def relation(self) -> str:
        """The relation in which the reader signs."""
        return next((one for one in self.relations if one in FAMILY), self.relations[0])


async def children_of(actor: Actor) -> list[Child]:
    """Return the children of the actor at every school, in the open person scope."""
    return [_child(one) for one in await rows(_CHILDREN, actor.person_id, None)]


async def child_of(actor: Actor, account_id: UUID) -> Child:
    """Return one child of the actor's, in the open person scope; ``NotFound`` for anybody else's."""
    found = await rows(_CHILDREN, actor.person_id, account_id)
    if not found:
        raise NotFound("child.not_found", t("There is no such child, or it is not yours to see."))
    return _child(found[0])


def _child(found: object) -> Child:
    facts = dict(found)  # type: ignore[call-overload]
    return Child(**{**facts, "grade": facts["grade"] or "", "relations": tuple(facts["relations"])})


def must_sign(child: Child) -> None:
    """Refuse what only a guardian or parent may do."""
    if not child.may_sign:
        raise Forbidden("child.not_guardian", t("Only a guardian or parent may sign this."))


def must_attend(child: Child) -> None:
    """Refuse what is only for pupils of the school, once a child has left it."""
    if not child.is_active:
        raise Conflict("child.left", t("{name} has left the school.", name=child.name))


def age_on(born_on: date | None, day: date) -> int | None:
    """Return how old somebody is on a day; ``None`` where nobody knows."""
    if born_on is None:
        return None
    return day.year - born_on.year - ((day.month, day.day) < (born_on.month, born_on.day))
