"""Whoever no longer holds an account pays nothing for it, nor by anybody else: what they agreed to for it ends."""

from typing import Any

from billing.mandates import life, proxies
from billing.mandates.conditions import holds
from billing.mandates.states import LIVE
from tenants.actor import Actor
from tenants.scope import open_scope, rows, tenant_scope

_MANDATES = (
    "select x.id from billing_mandate x where x.tenant_id = $1 and x.status = any ($2::text[])"
    f" and not {holds('x', 'x.person_id')} order by x.id"
)
_PROXIES = (
    "select x.id from billing_proxy x where x.tenant_id = $1 and x.ended_at is null"
    f" and not {holds('x', 'x.granted_by')} order by x.id"
)


async def end_of_former(actor: Actor) -> int:
    """End the mandates of former holders, and the leave to pay that they gave; return how many. Opens own scopes."""
    mandates, given = await _found(actor, _MANDATES, list(LIVE)), await _found(actor, _PROXIES)
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    for mandate_id in mandates:
        async with open_scope(tenant_scope(actor.tenant_id)):
            await life.stop(actor, mandate_id=mandate_id, word="moved_out")
    for proxy_id in given:
        async with open_scope(tenant_scope(actor.tenant_id)):
            await proxies.end(actor, tenant_id=actor.tenant_id, proxy_id=proxy_id)
    return len(mandates) + len(given)


async def _found(actor: Actor, statement: str, *more: Any) -> list[Any]:
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        return [each["id"] for each in await rows(statement, actor.tenant_id, *more)]
