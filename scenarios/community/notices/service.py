"""Writing, publishing and withdrawing notices, and noting who has read them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from scenarios.community.common import nothing, refused, spoken, tenant_of
from scenarios.community.kinds import RELATIONS, SCENARIO_KEY
from scenarios.community.notices.models import EstateNotice
from tenants import audit
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.scope import execute, rows, value
from ui.errors import Conflict
from ui.i18n import t

LONGEST_TITLE, LONGEST_BODY = 150, 8000
_AUDIENCE = """
  from tenants_holder h
  join tenants_account a on a.tenant_id = $1 and a.id = h.account_id and a.scenario = $2
  left join community_unit u on u.tenant_id = $1 and u.account_id = a.id
 where h.tenant_id = $1 and lasts(h.until, day_of(h.tenant_id))
   and ($3::text[] = '{}' or u.building_id::text = any ($3::text[]))
   and ($4::text[] = '{}' or h.relation = any ($4::text[]))
"""
_REACH = f"select count(distinct coalesce(h.person_id, h.id)) {_AUDIENCE}"
_READ = """
insert into community_notice_reading (tenant_id, notice_id, person_id, person_name) values ($1, $2, $3, $4)
on conflict do nothing
"""
_READERS = """
select r.person_name, r.created_at,
       (select string_agg(distinct a.number, ', ') from tenants_holder h
          join tenants_account a on a.tenant_id = $1 and a.id = h.account_id
         where h.tenant_id = $1 and h.person_id = r.person_id) units
  from community_notice_reading r where r.tenant_id = $1 and r.notice_id = $2 order by r.created_at desc limit $3
"""


@dataclass(frozen=True, slots=True)
class Words:
    """What a notice says, to whom, until when."""

    titles: Mapping[str, str]
    bodies: Mapping[str, str]
    buildings: Sequence[UUID] = ()
    relations: Sequence[str] = ()
    until: date | None = None


async def write(actor: Actor, words: Words, *, notice_id: UUID | None = None) -> EstateNotice:
    """Write a notice, or change one that is not published yet.

    Raises:
        Invalid: it has no title or text in any language, or a role that nobody has here (field).
        Conflict: it is published; withdraw it and write another.
    """
    actor.require("notices.write")
    titles = spoken(words.titles)
    bodies = spoken(words.bodies)
    if not titles or not bodies:
        raise refused("notice.words", "title_en", t("Write a title and a text, in one language at least."))
    if not set(words.relations) <= RELATIONS.keys():
        raise refused("notice.relations", "relations", t("Choose roles that there are."))
    facts: dict[str, Any] = {
        "titles": titles,
        "bodies": bodies,
        "buildings": [str(one) for one in words.buildings],
        "relations": list(words.relations),
        "until": words.until,
        "by_name": actor.name[:100],
    }
    if notice_id is None:
        return await EstateNotice.create(id=new_id(), tenant_id=tenant_of(actor), **facts)
    found = await get(actor, notice_id)
    if found.status != "draft":
        raise Conflict("notice.published", t("This notice is published. Withdraw it and write another."))
    await EstateNotice.filter(tenant_id=found.tenant_id, id=found.id).update(**facts)
    return await get(actor, notice_id)


async def get(actor: Actor, notice_id: UUID) -> EstateNotice:
    """Return a notice of the institution; ``NotFound`` when there is none."""
    found = await EstateNotice.get_or_none(tenant_id=tenant_of(actor), id=notice_id)
    if found is None:
        raise nothing()
    return found


async def publish(actor: Actor, notice_id: UUID) -> EstateNotice:
    """Show a notice to whom it is for, from now on."""
    actor.require("notices.write")
    found = await get(actor, notice_id)
    if found.status != "draft":
        raise Conflict("notice.published", t("This notice is published already, or was withdrawn."))
    reach = await value(_REACH, found.tenant_id, SCENARIO_KEY, found.buildings, found.relations)
    await EstateNotice.filter(tenant_id=found.tenant_id, id=found.id).update(
        status="published", published_at=datetime.now(UTC), reach=reach
    )
    await _record(actor, "notice.published", found)
    return await get(actor, notice_id)


async def withdraw(actor: Actor, notice_id: UUID) -> EstateNotice:
    """Show a notice to nobody any more; who has read it stays known."""
    actor.require("notices.write")
    found = await get(actor, notice_id)
    if found.status == "published":
        await EstateNotice.filter(tenant_id=found.tenant_id, id=found.id).update(status="withdrawn")
        await _record(actor, "notice.withdrawn", found)
    return await get(actor, notice_id)


async def _record(actor: Actor, act: str, found: EstateNotice) -> None:
    title = found.titles.get("en") or next(iter(found.titles.values()))
    await audit.record(actor, act, subject_kind="notice", subject_id=found.id, subject_label=title)


async def read(actor: Actor, found: EstateNotice) -> None:
    """Note that somebody has opened a notice that they may see, in the institution's scope; once."""
    await execute(_READ, found.tenant_id, found.id, actor.person_id, actor.name[:100])


async def readers(found: EstateNotice, *, most: int = 200) -> list[Any]:
    """Return who has read a notice, the latest first."""
    return await rows(_READERS, found.tenant_id, found.id, most)
