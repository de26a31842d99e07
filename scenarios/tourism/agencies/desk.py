"""Who books for an agency: invited by the site, in by the agency's own company login, and sees its own alone."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import wraps
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from billing.names import localized
from scenarios.tourism.models import Contract, Order, Site
from tenants.actor import Actor
from tenants.days import today
from tenants.http import path_id
from tenants.models import Account, Tenant
from tenants.scope import open_scope, person_scope, rows, tenant_scope
from ui.errors import Forbidden, NotFound
from ui.i18n import t
from ui.shell import shell_of

_MINE = """
select a.id, a.tenant_id, a.name, a.number, n.short_name site
  from tenants_holder h
  join tenants_account a on a.tenant_id = h.tenant_id and a.id = h.account_id and a.scenario = 'tourism'
       and a.kind = 'agency'
  join tenants_tenant n on n.id = h.tenant_id
 where h.person_id = $1 and h.confirmed_at is not null and lasts(h.until, day_of(h.tenant_id))
   and ($2::uuid is null or a.id = $2)
 group by a.id, a.tenant_id, n.id order by n.short_name, a.number limit 50
"""


@dataclass(frozen=True, slots=True)
class Desk:
    """An agency's desk: who sits there, for which agency, at which site."""

    actor: Actor
    account: Account
    contract: Contract
    site: Site
    tenant: Tenant

    @property
    def root(self) -> str:
        """Below which its pages are."""
        return f"/my/agencies/{self.account.id}"

    @property
    def site_name(self) -> str:
        """The site's name in the reader's language."""
        return localized(self.site.names)

    @property
    def today(self) -> date:
        """The day it is at the site."""
        return today(self.tenant.timezone)


Handler = Callable[[Request, Desk], Awaitable[Response]]


async def agencies_of(actor: Actor, account_id: UUID | None = None) -> list[Any]:
    """Return the agencies that the actor books for, in the open person scope."""
    return await rows(_MINE, actor.person_id, account_id)


@asynccontextmanager
async def at_desk(request: Request, actor: Actor) -> AsyncIterator[Desk]:
    """Run the block inside the agency's institution, once it is sure that the actor books for this agency.

    Raises:
        NotFound: the agency is not the actor's, or has no contract.
        Forbidden: the actor has not signed in with the company login of the agency.
    """
    assert actor.person_id is not None  # noqa: S101 - the door has led here
    async with open_scope(person_scope(actor.person_id)):
        found = await agencies_of(actor, path_id(request, "agency"))
    if not found:
        raise NotFound("agency.not_found", t("There is no such agency, or you do not book for it."))
    async with open_scope(tenant_scope(found[0]["tenant_id"])):
        yield await _desk(actor, found[0]["tenant_id"], found[0]["id"])


async def _desk(actor: Actor, tenant_id: UUID, account_id: UUID) -> Desk:
    contracts = await Contract.filter(tenant_id=tenant_id, account_id=account_id).order_by("-created_at")
    contract = next((one for one in contracts if one.status == "active"), None) or next(iter(contracts), None)
    if contract is None:
        raise NotFound("agency.no_contract", t("There is no contract with this agency yet."))
    account = await Account.get(tenant_id=tenant_id, id=account_id)
    if (actor.company or {}).get("uscc") != contract.uscc:
        text = t("Sign in with the company login of {agency} to book for it.", agency=account.name)
        raise Forbidden("agency.login", text)
    site = await Site.get(tenant_id=tenant_id, id=contract.site_id)
    return Desk(actor.within(tenant_id), account, contract, site, await Tenant.get(id=tenant_id))


def desk_page(handler: Handler) -> Callable[[Request, Actor], Awaitable[Response]]:
    """Return the endpoint of a page at an agency's desk, its institution's scope open around it."""

    @wraps(handler)
    async def endpoint(request: Request, actor: Actor) -> Response:
        async with at_desk(request, actor) as desk:
            request.state.shell = replace(shell_of(request), zone=desk.tenant.timezone)
            return await handler(request, desk)

    return endpoint


async def booking_of(desk: Desk, order_id: UUID) -> Order:
    """Return a booking of the agency's.

    Raises:
        NotFound: there is none.
    """
    found = await Order.get_or_none(
        tenant_id=desk.tenant.id, id=order_id, account_id=desk.account.id, channel="agency"
    )
    if found is None or found.contract_id is None:
        raise NotFound("order.not_found", t("There is no such order."))
    return found
