"""The bank behind an institution on the pages of those who pay it: its name, colour and logo."""

from typing import Any
from uuid import UUID

from starlette.requests import Request

from tenants.navigation import bank_of_payer
from tenants.scope import row

_PLACE = (
    "select t.slug, t.name, t.short_name, t.timezone, t.currency, b.slug bank_slug, b.name bank_name,"
    " b.name_en bank_name_en, b.accent bank_accent, b.logo_key bank_logo"
    " from tenants_tenant t join tenants_bank b on b.id = t.bank_id where t.id = $1"
)


async def place_of(tenant_id: UUID) -> dict[str, Any] | None:
    """Return the institution and its bank as its payers see them, in the open scope."""
    found = await row(_PLACE, tenant_id)
    return dict(found) if found else None


async def show_bank(request: Request, tenant_id: UUID) -> None:
    """Put the page of one institution's bill, payment or receipt into its bank's colours."""
    if place := await place_of(tenant_id):
        request.state.shell = bank_of_payer(request.state.shell, place)
