"""Giving work to somebody: any number of items at once, each recorded."""

from collections.abc import Iterable
from uuid import UUID

from billing.worklist.registry import Kind, kind_of
from tenants import audit
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import Membership
from tenants.scope import execute, rows
from ui.errors import Invalid
from ui.i18n import t

MOST_AT_ONCE = 200


async def assign(actor: Actor, *, items: Iterable[str], person_id: UUID | None) -> int:
    """Give waiting items (``kind:id``) to a member of staff, or to nobody; return how many changed hands.

    Items that are done meanwhile, or that this person may not work on, are passed over.

    Raises:
        Invalid: nothing or too much was chosen, or the person does not work here or may not do this work.
    """
    actor.require("worklist.write")
    wanted = _by_kind(actor, items)
    name = await _name(actor, person_id, [kind for kind, _ in wanted]) if person_id else ""
    count = 0
    for kind, ids in wanted:
        for found in await rows(
            f"select id, title from ({kind.sql}) w where id = any ($2)", actor.tenant_id, ids
        ):
            await _give(actor, kind, found["id"], person_id, name)
            await _record(actor, kind, found["id"], kind.titled(found["title"]), name)
            count += 1
    return count


def _by_kind(actor: Actor, items: Iterable[str]) -> list[tuple[Kind, list[UUID]]]:
    wanted: dict[str, list[UUID]] = {}
    for item in dict.fromkeys(items):
        key, _, digits = item.partition(":")
        kind = kind_of(key)
        try:
            item_id = UUID(digits)
        except ValueError:
            continue
        if kind is not None and actor.may(kind.permission):
            wanted.setdefault(key, []).append(item_id)
    total = sum(len(ids) for ids in wanted.values())
    if not 0 < total <= MOST_AT_ONCE:
        text = t("Choose between one and {n} lines of the list.", n=MOST_AT_ONCE)
        raise Invalid("work.nothing", text, fields={"item": text})
    return [(kind, wanted[key]) for key in wanted if (kind := kind_of(key)) is not None]


_MEMBER = """
select m.name, coalesce(array_agg(distinct p) filter (where p is not null), '{}') permissions
  from tenants_membership m join tenants_role r on r.tenant_id = m.tenant_id and r.id = m.role_id
  left join lateral unnest(r.permissions) p on true
 where m.tenant_id = $1 and m.person_id = $2 and m.ended_at is null group by m.name
"""


async def _name(actor: Actor, person_id: UUID, kinds: list[Kind]) -> str:
    found = await rows(_MEMBER, actor.tenant_id, person_id)
    if not found:
        text = t("Choose somebody who works here.")
        raise Invalid("work.owner", text, fields={"owner": text})
    held = {permission for each in found for permission in each["permissions"]}
    lacking = next((kind for kind in kinds if kind.permission not in held), None)
    if lacking is not None:
        text = t(
            "{name} does not have the right to work on: {kind}.", name=found[0]["name"], kind=t(lacking.name)
        )
        raise Invalid("work.right", text, fields={"owner": text})
    return str(found[0]["name"])


_GIVE = """
insert into billing_work_owner (tenant_id, id, kind, item_id, owner_id, owner_name, assigned_by_name, assigned_at)
values ($1, $2, $3, $4, $5, $6, $7, now())
on conflict (tenant_id, kind, item_id) do update set owner_id = excluded.owner_id,
  owner_name = excluded.owner_name, assigned_by_name = excluded.assigned_by_name, assigned_at = excluded.assigned_at
"""


async def _give(actor: Actor, kind: Kind, item_id: UUID, person_id: UUID | None, name: str) -> None:
    if person_id is None:
        await execute(
            "delete from billing_work_owner where tenant_id = $1 and kind = $2 and item_id = $3",
            actor.tenant_id,
            kind.key,
            item_id,
        )
        return
    await execute(
        _GIVE, actor.tenant_id, new_id(), kind.key, item_id, person_id, name[:100], actor.name[:100]
    )


async def _record(actor: Actor, kind: Kind, item_id: UUID, title: str, name: str) -> None:
    await audit.record(
        actor,
        "work.assigned",
        subject_kind=kind.key,
        subject_id=item_id,
        subject_label=title,
        after={"owner": name},
    )


async def colleagues(actor: Actor) -> list[tuple[str, str]]:
    """Return who works here, as (id, name), for a form's choice."""
    found = await Membership.filter(tenant_id=actor.tenant_id, ended_at=None).order_by("name").limit(500)
    return list({str(each.person_id): each.name for each in found}.items())
