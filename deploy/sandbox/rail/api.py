"""What every rail call shares: the signature, the error shape, the faults."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from deploy.sandbox import signing
from deploy.sandbox.delivery import Message
from deploy.sandbox.faults import guarded
from deploy.sandbox.store import Doc, Row
from deploy.sandbox.world import World, iso, new_id, world_of

_MAX_AMOUNT = 10**13
_HEADERS = ("rail-merchant", "rail-timestamp", "rail-nonce", "rail-signature")


class RailError(Exception):
    """A refused call: status, stable code, words for people."""

    def __init__(self, status: int, code: str, message: str) -> None:
        """Say what is wrong."""
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass(frozen=True, slots=True)
class Call:
    """A verified call of a merchant."""

    world: World
    merchant: Doc
    body: Doc
    path: dict[str, str]
    query: dict[str, str] = field(default_factory=dict)

    def text(self, name: str, limit: int, *, required: bool = True) -> str:
        """A string of the body, at most `limit` characters."""
        value = self.body.get(name)
        if value is None and not required:
            return ""
        if not isinstance(value, str) or not value.strip() or len(value) > limit:
            raise RailError(422, "invalid_field", f"{name} is a text of 1 to {limit} characters")
        return value

    def amount(self) -> int:
        """A positive whole number of minor units."""
        value = self.body.get("amount_minor")
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < _MAX_AMOUNT:
            raise RailError(422, "invalid_amount", "amount_minor is a positive whole number of minor units")
        return value


Handler = Callable[[Call], tuple[int, Doc] | Response]


def endpoint(operation: str, handler: Handler) -> Callable[[Request], Any]:
    """A signed operation: verified, done in one transaction, answered as JSON."""

    async def run(request: Request) -> Response:
        text = (await request.body()).decode("utf-8", "replace")
        try:
            call = _verified(request, text)
            with call.world.store.transaction():
                answer = handler(call)
        except RailError as error:
            return JSONResponse({"error": error.code, "message": error.message}, error.status)
        return answer if isinstance(answer, Response) else JSONResponse(answer[1], answer[0])

    return guarded("rail", operation, run)


def _verified(request: Request, text: str) -> Call:
    world = world_of(request)
    merchant_id, timestamp, nonce, signature = (request.headers.get(name, "") for name in _HEADERS)
    merchant = world.store.get("rail.merchant", merchant_id)
    secret = merchant["secret"] if merchant else "-"
    right = signing.rail_verified(text, secret, timestamp=timestamp, nonce=nonce, signature=signature)
    if merchant is None or not right:
        raise RailError(
            401, "bad_signature", "Unknown merchant, wrong signature, or a clock over 5 minutes off"
        )
    _refuse_replay(world, merchant_id, nonce)
    return Call(world, merchant, _json(text), dict(request.path_params), dict(request.query_params))


def _refuse_replay(world: World, merchant: str, nonce: str) -> None:
    key = f"{merchant}|{nonce}"
    if not nonce or world.store.get("rail.nonce", key) is not None:
        raise RailError(401, "replayed_nonce", "Every request carries a nonce of its own")
    world.store.put("rail.nonce", Row(key, {}))


def _json(text: str) -> Doc:
    try:
        body = json.loads(text) if text else {}
    except ValueError as error:
        raise RailError(400, "invalid_json", "The body is not JSON") from error
    if not isinstance(body, dict):
        raise RailError(400, "invalid_json", "The body is a JSON object")
    return body


def moment(text: str, name: str) -> datetime:
    """A point in time with its zone. Raises RailError."""
    try:
        value = datetime.fromisoformat(text)
    except ValueError as error:
        raise RailError(422, "invalid_field", f"{name} is an ISO 8601 time") from error
    if value.tzinfo is None:
        raise RailError(422, "invalid_field", f"{name} needs a zone")
    return value


def notify(world: World, event: str, url: str, merchant_id: str, data: Doc) -> None:
    """Send the merchant a signed notification, again and again until 200."""
    merchant = world.store.get("rail.merchant", merchant_id)
    if not url or merchant is None:
        return
    body = {
        "event_id": new_id("rev_"),
        "event_type": event,
        "created_at": iso(world.clock.now()),
        "data": data,
    }
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    keys = {"secret": merchant["secret"], "merchant": merchant_id}
    subject = str(data.get("order_id", ""))
    world.deliveries.send(Message("rail", event, url, text, "application/json", "rail", keys, subject))


def put_merchant(world: World, body: Doc) -> Doc:
    """Open or change a merchant account; the secret is made when none is given. Raises ValueError."""
    known = {"id", "name", "account_number", "secret", "currency", "fee_bps", "notify_url", "is_closed"}
    if not body.get("name") or set(body) - known:
        raise ValueError(f"name is required; fields are {', '.join(sorted(known))}")
    key = str(body.get("id") or new_id("mch_", 12))
    old = world.store.get("rail.merchant", key) or {
        "secret": new_id("rsk_", 40),
        "currency": "CNY",
        "fee_bps": 38,
    }
    merchant = {"account_number": key, **old, **body, "id": key}
    return world.store.put("rail.merchant", Row(key, merchant))
