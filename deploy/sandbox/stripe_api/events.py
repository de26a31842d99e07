"""Events: recorded for every change, and sent signed to the endpoints that want them."""

import copy
import fnmatch
import json

from deploy.sandbox.delivery import Message
from deploy.sandbox.store import Doc, Row
from deploy.sandbox.stripe_api.http import API_VERSION, PLATFORM, Call, request_facts
from deploy.sandbox.stripe_api.objects import listing, put
from deploy.sandbox.world import World, new_id


def emit(world: World, account: str, kind: str, obj: Doc) -> Doc:
    """Record that something happened to `obj`, and queue it for every matching endpoint."""
    targets = [e for e in world.store.find("stripe.endpoint") if _wants(e, account, kind)]
    event: Doc = {
        "id": new_id("evt_"),
        "object": "event",
        "api_version": API_VERSION,
        "created": world.clock.seconds(),
        "data": {"object": copy.deepcopy(obj)},
        "livemode": False,
        "pending_webhooks": len(targets),
        "request": request_facts.get() or {"id": None, "idempotency_key": None},
        "type": kind,
    }
    if account != PLATFORM:
        event["account"] = account
    put(world, account, event)
    for target in targets:
        _queue(world, target, event)
    return event


def _wants(target: Doc, account: str, kind: str) -> bool:
    right_side = target["connect"] is None or target["connect"] == (account != PLATFORM)
    return right_side and any(fnmatch.fnmatchcase(kind, pattern) for pattern in target["events"])


def _queue(world: World, target: Doc, event: Doc) -> None:
    keys, body = {"secret": target["secret"]}, json.dumps(event, indent=2)
    subject = str(event["data"]["object"].get("id", ""))
    world.deliveries.send(
        Message(
            "stripe",
            event["type"],
            target["url"],
            body,
            "application/json; charset=utf-8",
            "stripe",
            keys,
            subject,
        )
    )


def put_endpoint(world: World, body: Doc) -> Doc:
    """Add or change a webhook endpoint by its url. `connect` true: connected accounts' events only. ValueError."""
    if not str(body.get("url", "")).startswith(("http://", "https://")):
        raise ValueError("url is required")
    if set(body) - {"url", "secret", "connect", "events"}:
        raise ValueError("fields are url, secret, connect, events")
    old = world.store.get("stripe.endpoint", body["url"]) or {"secret": new_id("whsec_", 32)}
    target = {"connect": None, "events": ["*"], **old, **body}
    return world.store.put("stripe.endpoint", Row(body["url"], target))


def list_events(call: Call) -> Doc:
    """`GET /v1/events` with `type`, `types[]` and `created`."""
    types = call.params.get("types")
    wanted = types if isinstance(types, list) else None

    def _keep(event: Doc) -> bool:
        return wanted is None or event["type"] in wanted

    return listing(call, "evt", "/v1/events", by=("type",), keep=_keep)
