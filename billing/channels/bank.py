"""The bank's own QR rail: an order that the payer confirms in their bank app, paid to the tenant's own account.

Every message is signed both ways with HMAC-SHA-256 over ``{timestamp}.{nonce}.{body}`` and the merchant's secret
(headers ``Rail-Merchant``, ``Rail-Timestamp``, ``Rail-Nonce``, ``Rail-Signature``). The rail keys orders and refunds
by our own numbers, so sending again answers with the same one.
"""

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx

from billing.channels.contract import (
    Capabilities,
    ChannelRefused,
    ChannelSilent,
    Destination,
    Order,
    Outcome,
    RefundOrder,
    RefundOutcome,
    RefundState,
    State,
)
from billing.channels.wire import rail_client
from billing.runtime import channel_settings
from tenants.runtime import runtime
from ui.i18n import t

TOLERANCE_SECONDS = 300
DESCRIPTION_MAX = 127
NOT_FOUND = 404
CONFLICT = 409
SERVER_ERROR = 500
TOO_MANY = 429
_STATES: dict[str, State] = {
    "pending": "pending",
    "processing": "processing",
    "succeeded": "succeeded",
    "failed": "failed",
    "closed": "cancelled",
    "expired": "expired",
}


def signed_headers(body: str, *, merchant: str, secret: str) -> dict[str, str]:
    """Return the four headers of a message sent now."""
    now, nonce = str(int(time.time())), secrets.token_hex(16)
    return {
        "Rail-Merchant": merchant,
        "Rail-Timestamp": now,
        "Rail-Nonce": nonce,
        "Rail-Signature": signature(secret, now, nonce, body),
    }


def is_signed(body: str, headers: Mapping[str, str], *, merchant: str, secret: str) -> bool:
    """Tell whether a message comes from the rail, to this merchant, within five minutes; in constant time."""
    stamp, nonce = headers.get("rail-timestamp", ""), headers.get("rail-nonce", "")
    right = hmac.compare_digest(
        signature(secret, stamp, nonce, body).encode(), headers.get("rail-signature", "").encode()
    )
    is_ours = hmac.compare_digest(merchant.encode(), headers.get("rail-merchant", "").encode())
    is_number = stamp.isascii() and stamp.isdigit()
    return right and is_ours and is_number and abs(time.time() - int(stamp)) <= TOLERANCE_SECONDS


def signature(secret: str, timestamp: str, nonce: str, body: str) -> str:
    """Return the HMAC-SHA-256 that proves who sends a message, in hexadecimal."""
    return hmac.new(secret.encode(), f"{timestamp}.{nonce}.{body}".encode(), hashlib.sha256).hexdigest()


class BankChannel:
    """QR payment in the payer's bank app."""

    key = "bank"
    name = t("Bank app (QR code)")
    capabilities = Capabilities(
        refund_window=timedelta(days=365), lifetime=timedelta(minutes=30), has_qr=True, is_recurring=True
    )

    def is_open_to(self, destination: Destination) -> bool:
        """Tell whether the rail is set and the institution is a merchant there."""
        return bool(channel_settings().rail_url and destination.rail_merchant and destination.rail_secret)

    async def start(self, order: Order) -> Outcome:
        """Make the order."""
        if order.mandate:
            body = order_body(order) | {"mandate_id": order.mandate}
            return order_outcome(await call(order.destination, "POST", "/debits", body))
        return order_outcome(await call(order.destination, "POST", "/orders", order_body(order)))

    async def query(self, order: Order) -> Outcome:
        """Ask by our own number."""
        path = f"/orders?merchant_order_no={order.attempt_id}"
        try:
            return order_outcome(await call(order.destination, "GET", path))
        except NotFound:
            return Outcome(state="absent")

    async def cancel(self, order: Order) -> Outcome:
        """Close the order; one that was paid in the meantime says so instead."""
        known = await self.query(order)
        if known.state != "pending":
            return known
        try:
            return order_outcome(
                await call(order.destination, "POST", f"/orders/{known.reference}/close", {})
            )
        except ChannelRefused:
            return await self.query(order)

    async def refund(self, order: RefundOrder) -> RefundOutcome:
        """Ask for money back under our own number."""
        body = {
            "merchant_order_no": str(order.order.attempt_id),
            **({"order_id": order.order.reference} if order.order.reference else {}),
            "merchant_refund_no": str(order.refund_id),
            "amount_minor": order.amount_minor,
            "notify_url": notify_url(order.tenant_id, order.order.destination.id),
        }
        return refund_outcome(await call(order.order.destination, "POST", "/refunds", body))

    async def query_refund(self, order: RefundOrder) -> RefundOutcome:
        """Ask by our own number."""
        path = f"/refunds?merchant_refund_no={order.refund_id}"
        try:
            return refund_outcome(await call(order.order.destination, "GET", path))
        except NotFound:
            return RefundOutcome(state="absent")


class NotFound(ChannelRefused):
    """The rail has no such order or refund."""


def order_body(order: Order) -> dict[str, Any]:
    """Return an order as the rail wants it."""
    return {
        "merchant_order_no": str(order.attempt_id),
        "amount_minor": order.amount_minor,
        "currency": order.currency,
        "description": " · ".join(item.name for item in order.items)[:DESCRIPTION_MAX],
        "notify_url": notify_url(order.tenant_id, order.destination.id),
        **({"return_url": order.return_url} if order.return_url else {}),
        "expire_at": order.expires_at.isoformat(),
    }


def notify_url(tenant_id: UUID, settlement_id: UUID) -> str:
    """Return where the rail reports on this institution's orders and refunds."""
    return f"{runtime().public_url.rstrip('/')}/webhooks/bank/{tenant_id}/{settlement_id}"


async def call(to: Destination, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Send one signed message to the rail as this merchant and return its answer.

    Raises:
        ChannelSilent, ChannelRefused: as every call of a channel.
    """
    settings = channel_settings()
    text = "" if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    headers = signed_headers(text, merchant=to.rail_merchant, secret=to.rail_secret)
    try:
        async with rail_client() as rail:
            answer = await rail.request(
                method,
                settings.rail_url.rstrip("/") + path,
                content=text.encode(),
                headers=headers | {"Content-Type": "application/json"},
            )
    except httpx.HTTPError as error:
        raise ChannelSilent(f"{type(error).__name__}: {error}") from error
    return _read(answer)


def _read(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError as error:
        raise ChannelSilent(f"{answer.status_code}, not JSON") from error
    if answer.is_success and isinstance(body, dict):
        return body
    words = (
        f"{body.get('error', answer.status_code)}: {body.get('message', '')}"
        if isinstance(body, dict)
        else ""
    )
    if answer.status_code >= SERVER_ERROR or answer.status_code == TOO_MANY:
        raise ChannelSilent(words)
    raise NotFound(words) if answer.status_code == NOT_FOUND else ChannelRefused(words)


def order_outcome(order: Mapping[str, Any]) -> Outcome:
    """Return what an order says; a paid one is paid, whatever became of it before."""
    state = "succeeded" if order.get("paid_at") else _STATES.get(str(order["status"]), "processing")
    return Outcome(
        state=state,
        reference=str(order["order_id"]),
        channel_payment=str(order.get("transaction_no") or ""),
        amount_minor=int(order["amount_minor"]),
        currency=str(order["currency"]),
        redirect_url=str(order.get("cashier_url") or ""),
        qr_content=str(order.get("code_url") or ""),
        error=str(order.get("reason") or "declined") if state == "failed" else "",
    )


def refund_outcome(refund: Mapping[str, Any]) -> RefundOutcome:
    """Return what a refund says."""
    states: dict[str, RefundState] = {"succeeded": "succeeded", "failed": "failed"}
    return RefundOutcome(
        state=states.get(str(refund["status"]), "pending"), reference=str(refund["refund_id"])
    )
