"""The door of the public pages: the site's institution is found by its word, and its pages carry its name."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps

from starlette.requests import Request
from starlette.responses import Response

from billing.names import localized
from scenarios.tourism.models import Site
from scenarios.tourism.scope import site_scope, visitor
from tenants.actor import Actor
from tenants.http import client_ip
from tenants.models import Tenant
from tenants.scope import row
from ui.i18n import t
from ui.shell import NavItem, Shell

REASON = "visitors look at a site and buy its tickets without signing in"
ROOT = "/visit/{site}"
_ACCENT = "select b.accent from tenants_bank b join tenants_tenant t on t.bank_id = b.id where t.id = $1"


@dataclass(frozen=True, slots=True)
class Shop:
    """A site as its visitors come to it."""

    site: Site
    tenant: Tenant
    actor: Actor

    @property
    def root(self) -> str:
        """Below which its pages are."""
        return f"/visit/{self.site.word}"

    @property
    def zone(self) -> str:
        """The zone its days are in."""
        return self.tenant.timezone


Handler = Callable[[Request, Shop], Awaitable[Response]]


def in_shop(handler: Handler, *, is_inside: bool = True) -> Callable[[Request], Awaitable[Response]]:
    """Return the public endpoint of a site's page; ``is_inside`` keeps the institution's scope open around it."""

    @wraps(handler)
    async def endpoint(request: Request) -> Response:
        async with site_scope(request.path_params["site"]) as opened:
            shop = Shop(opened.site, opened.tenant, visitor(opened.tenant.id, ip=client_ip(request)))
            request.state.shell = _shell(shop, opened.accent)
            if is_inside:
                return await handler(request, shop)
        return await handler(request, shop)

    return endpoint


async def shop_of(request: Request, site: Site) -> Shop:
    """Return a site of the open scope as its visitors come to it."""
    tenant = await Tenant.get(id=site.tenant_id)
    return Shop(site, tenant, visitor(tenant.id, ip=client_ip(request)))


async def shell_of(shop: Shop) -> Shell:
    """Return the surroundings of a site's public pages."""
    found = await row(_ACCENT, shop.tenant.id)
    return _shell(shop, found["accent"] if found else "")


def _shell(shop: Shop, accent: str) -> Shell:
    return Shell(
        face="payer",
        title=localized(shop.site.names),
        brand=shop.tenant.name,
        accent=accent.lstrip("#"),
        home=shop.root,
        zone=shop.zone,
        footer=[
            NavItem(t("People on site now"), f"{shop.root}/now"),
            NavItem(t("Appeal against a block"), f"{shop.root}/appeal"),
        ],
    )
