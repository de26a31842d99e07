"""Where channels report: verified, kept and handled in one transaction, answered 200; or kept for later, and 200."""

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import stripe
import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute

from billing.channels import bank
from billing.models import SettlementAccount
from billing.payments import inbox
from billing.payments.inbox import Incoming
from billing.payments.notes import is_unnamed
from billing.payments.orders import as_destination
from billing.runtime import channel_settings
from tenants.http import WRITES, public_route
from tenants.scope import open_scope, queue_scope, tenant_scope, value
from ui.errors import Forbidden, Invalid
from ui.i18n import t

log = structlog.get_logger(__name__)
ID_MAX = 200
FORGED = t("The signature is missing, wrong or too old.")
UNREADABLE = t("This message cannot be read.")


async def stripe_webhook(request: Request) -> Response:
    """Take an event of a connected account."""
    body = await request.body()
    try:
        stripe.WebhookSignature.verify_header(
            body,
            request.headers.get("stripe-signature"),
            channel_settings().stripe_webhook_secret,
            tolerance=bank.TOLERANCE_SECONDS,
        )
    except (stripe.SignatureVerificationError, UnicodeDecodeError):
        log.warning("webhook.forged", source="stripe")
        raise Forbidden("webhook.forged", FORGED) from None
    event = _json(body)
    message = _incoming("stripe", event, "id", "type")
    return await _take(replace(message, tenant_id=await _owner(event)))


async def _owner(event: dict[str, Any]) -> UUID | None:
    """Return whose account an event is about that carries no ids of ours (of a dispute, of a saved card)."""
    try:
        if not is_unnamed(str(event.get("type")), event):
            return None
    except (LookupError, TypeError, AttributeError):
        return None
    async with open_scope(queue_scope()):
        found: UUID | None = await value("select tenant_of_stripe($1)", str(event.get("account") or ""))
    return found


async def bank_webhook(request: Request) -> Response:
    """Take a notification of the rail about one institution's orders and refunds."""
    body = (await request.body()).decode("utf-8", "replace")
    tenant_id, secret, merchant = await _merchant(request)
    headers = {name: request.headers.get(name, "") for name in _HEADERS}
    if not secret or not bank.is_signed(body, headers, merchant=merchant, secret=secret):
        log.warning("webhook.forged", source="bank", tenant_id=str(tenant_id))
        raise Forbidden("webhook.forged", FORGED)
    event = _json(body.encode()) | {"merchant": merchant}
    return await _take(_incoming("bank", event, "event_id", "event_type", tenant_id))


_HEADERS = ("rail-merchant", "rail-timestamp", "rail-nonce", "rail-signature")


async def _merchant(request: Request) -> tuple[UUID, str, str]:
    """Return whose message this must be, as the address says; the signature then proves it."""
    try:
        tenant_id = UUID(request.path_params["tenant"])
        settlement_id = UUID(request.path_params["account"])
    except ValueError:
        raise Forbidden("webhook.forged", FORGED) from None
    async with open_scope(tenant_scope(tenant_id)):
        account = await SettlementAccount.get_or_none(tenant_id=tenant_id, id=settlement_id)
    if account is None:
        raise Forbidden("webhook.forged", FORGED)
    to = as_destination(account)
    return tenant_id, to.rail_secret, to.rail_merchant


def _json(body: bytes) -> dict[str, Any]:
    try:
        event = json.loads(body)
    except ValueError:
        event = None
    if not isinstance(event, dict):
        raise Invalid("webhook.unreadable", UNREADABLE)
    return dict(_kept(event)) if b"\\u" in body else event


def _kept(found: Any) -> Any:
    """Return what PostgreSQL can keep: JSON names null characters and halves of pairs, which a payer may have typed."""
    if isinstance(found, str):
        return found.encode("utf-8", "ignore").decode().replace("\x00", "")
    if isinstance(found, dict):
        return {_kept(name): _kept(value) for name, value in found.items()}
    return [_kept(value) for value in found] if isinstance(found, list) else found


def _incoming(
    source: str, event: dict[str, Any], id_name: str, kind_name: str, tenant_id: UUID | None = None
) -> Incoming:
    event_id, kind = event.get(id_name), event.get(kind_name)
    if not isinstance(event_id, str) or not isinstance(kind, str) or not 0 < len(event_id) <= ID_MAX:
        raise Invalid("webhook.unreadable", UNREADABLE)
    scoped = f"{tenant_id}:{event_id}" if tenant_id else event_id
    return Incoming(source, scoped, kind, event, tenant_id)


async def _take(message: Incoming) -> Response:
    await inbox.receive(message)
    return PlainTextResponse("ok")


ROUTES: list[BaseRoute] = [
    public_route(
        "/webhooks/stripe",
        stripe_webhook,
        methods=WRITES,
        reason="Stripe has no session here; every message is verified by its signature",
    ),
    public_route(
        "/webhooks/bank/{tenant}/{account}",
        bank_webhook,
        methods=WRITES,
        reason="the bank's rail has no session here; every message is verified by the merchant's key",
    ),
]
