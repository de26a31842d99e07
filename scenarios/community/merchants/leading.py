"""From an order to its payment, whether one thing was ordered or a whole basket."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from billing.holds.service import checkout_path
from billing.models import Hold
from tenants.scope import open_scope, tenant_scope
from ui.errors import Conflict, Invalid
from ui.flash import Flash
from ui.forms import Form
from ui.i18n import t
from ui.render import redirect


async def to_checkout(
    request: Request, form: Form[Any], tenant_id: UUID, order: Callable[[], Awaitable[tuple[Any, Hold]]]
) -> Response | None:
    """Order, in the institution's scope, and lead on to paying it; ``None`` when the form says why it cannot be."""
    try:
        async with open_scope(tenant_scope(tenant_id)):
            _, hold = await order()
    except Invalid as error:
        form.fail_with(error)
    except Conflict as error:
        form.fail("", error.message)
    else:
        flash = Flash(t("It is kept for you for {n} minutes. Pay to have it.", n=30), tone="info")
        return redirect(request, checkout_path(hold, is_signed_in=True), flash=flash)
    return None
