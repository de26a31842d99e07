"""How far somebody of a bank sees: their branches, and all below them."""

from uuid import UUID

from tenants.actor import Actor
from tenants.scope import value
from ui.errors import Forbidden
from ui.i18n import t


def bank_of(actor: Actor) -> UUID:
    """Return the bank whose staff is acting."""
    if actor.kind != "bank" or actor.bank_id is None:
        raise Forbidden("permission.missing", t("You do not have the right to do this."))
    return actor.bank_id


async def is_union(bank_id: UUID) -> bool:
    """Tell whether other banks belong to this one."""
    return bool(await value("select exists (select 1 from tenants_bank where union_id = $1)", bank_id))


async def sees_branch(actor: Actor, branch_id: UUID) -> bool:
    """Tell whether the actor's branches (and all below them) include this one; no branch means the whole bank."""
    if not actor.branches:
        return True
    found = await value(
        "with recursive below as (select id from tenants_branch where id = any ($1::uuid[])"
        " union all select b.id from tenants_branch b join below on b.parent_id = below.id)"
        " select exists (select 1 from below where id = $2)",
        list(actor.branches),
        branch_id,
    )
    return bool(found)
