"""Who sees an order.

Whoever has its link sees what became of it; its tickets open to the browser that bought them, or to whoever reads the
one-time code that goes to the buyer's address.
"""

import base64
import time
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from scenarios.tourism.models import Order
from tenants import signed_links
from tenants.codes import same
from tenants.runtime import runtime
from ui.errors import NotFound
from ui.i18n import t

PURPOSE, SEEN = "tourism order", "tourism order opened"
KEPT_SECONDS = 30 * 24 * 3600
ROOT = "/tickets"


def path_of(order: Order) -> str:
    """Return the path of an order's page."""
    return f"{ROOT}/{token_of(order.tenant_id, order.id)}"


def url_of(order: Order) -> str:
    """Return the whole address of an order's page, as it is sent."""
    return runtime().public_url.rstrip("/") + path_of(order)


def token_of(tenant_id: UUID, order_id: UUID) -> str:
    """Return the signed token of an order."""
    return signed_links.token(PURPOSE, tenant_id, order_id)


def read(token: str) -> tuple[UUID, UUID]:
    """Return the institution and the order of a link.

    Raises:
        NotFound: it is not one of ours.
    """
    found = signed_links.read(PURPOSE, token)
    if found is None:
        raise NotFound("order.unknown", t("This link does not open an order. Check that it is complete."))
    return found


def is_open(request: Request, order: Order) -> bool:
    """Tell whether this browser has bought the order or has given its code."""
    stamp, _, seal = request.cookies.get(_cookie(order), "").partition(".")
    return (
        stamp.isascii() and stamp.isdigit() and int(stamp) > time.time() and same(seal, _seal(order, stamp))
    )


def open_for(response: Response, request: Request, order: Order) -> None:
    """Let this browser see the order's tickets for a month."""
    stamp = str(int(time.time()) + KEPT_SECONDS)
    response.set_cookie(
        _cookie(order),
        f"{stamp}.{_seal(order, stamp)}",
        max_age=KEPT_SECONDS,
        path=path_of(order),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )


def _cookie(order: Order) -> str:
    return f"order-{order.number}"


def _seal(order: Order, stamp: str) -> str:
    raw = runtime().sign(SEEN, order.tenant_id.bytes + order.id.bytes + stamp.encode())
    return base64.urlsafe_b64encode(raw[:24]).decode()
