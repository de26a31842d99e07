"""Reading and writing Stripe objects: one store kind per id prefix, lists with cursors, `expand`."""

from collections.abc import Callable
from typing import Any

from deploy.sandbox.store import Doc, Row
from deploy.sandbox.stripe_api.http import Call, StripeError, missing, whole
from deploy.sandbox.world import World

NAMES = {
    "acct": "account",
    "cs": "checkout.session",
    "pi": "payment_intent",
    "ch": "charge",
    "re": "refund",
    "txn": "balance_transaction",
    "po": "payout",
    "dp": "dispute",
    "evt": "event",
    "fee": "application_fee",
    "li": "item",
    "file": "file_upload",
    "cus": "customer",
    "pm": "payment_method",
    "seti": "setup_intent",
}
_MAX_PAGE = 100
_MAX_PAIRS, _MAX_KEY, _MAX_VALUE = 50, 40, 500
_MAX_DEPTH = 4
Keep = Callable[[Doc], bool]


def put(world: World, account: str, obj: Doc, *, alt: str = "") -> Doc:
    """Add or replace an object on an account."""
    return world.store.put(_kind(obj["id"]), Row(obj["id"], obj, account, alt))


def save(world: World, obj: Doc) -> Doc:
    """Write back an object that was changed."""
    world.store.save(_kind(obj["id"]), obj["id"], obj)
    return obj


def load(world: World, account: str, prefix: str, key: str, param: str = "id") -> Doc:
    """An object that belongs to this account. Raises StripeError 404."""
    obj = world.store.get(prefix, key)
    if obj is None or owner(world, prefix, key) != account:
        raise missing(NAMES[prefix], key, param)
    return obj


def owner(world: World, prefix: str, key: str) -> str:
    """The account that an object belongs to."""
    return world.store.parent(prefix, key)


def get_one(call: Call, prefix: str) -> Doc:
    """Answer a retrieve call."""
    return expanded(call, load(call.world, call.account, prefix, call.path["id"]))


def listing(call: Call, prefix: str, url: str, *, by: tuple[str, ...] = (), keep: Keep | None = None) -> Doc:
    """A page of objects, newest first, by the named fields, by `keep`, by `created`, and cursors."""
    found = [o for o in call.world.store.find(prefix, call.account, newest=True) if keep is None or keep(o)]
    for name in by:
        wanted = call.params.get(name)
        found = [obj for obj in found if wanted is None or obj.get(name) == wanted]
    return page_of(call, [obj for obj in found if _in_time(call, obj)], url)


def page_of(call: Call, found: list[Doc], url: str) -> Doc:
    """The page that `limit`, `starting_after` and `ending_before` ask for."""
    limit = call.whole("limit") or 10
    if not 1 <= limit <= _MAX_PAGE:
        raise StripeError(
            "Invalid integer: limit is 1 to 100", code="parameter_invalid_integer", param="limit"
        )
    start, end = 0, len(found)
    ids = [obj["id"] for obj in found]
    if after := call.text("starting_after"):
        start = _place(ids, after, "starting_after") + 1
    if before := call.text("ending_before"):
        end = _place(ids, before, "ending_before")
        start = max(start, end - limit)
    part = found[start : min(end, start + limit)]
    more = start > 0 if before else start + limit < len(found)
    expand = [path.removeprefix("data.") for path in _paths(call) if path.startswith("data.")]
    data = [_expand_all(call.world, obj, expand) for obj in part]
    return {"object": "list", "data": data, "has_more": more, "url": url}


def expanded(call: Call, obj: Doc) -> Doc:
    """The object with what `expand[]` names in place of ids."""
    return _expand_all(call.world, obj, _paths(call))


def metadata(params: Any) -> dict[str, str]:
    """Metadata of a request. Raises StripeError beyond Stripe's limits."""
    found = params or {}
    if (
        not isinstance(found, dict)
        or len(found) > _MAX_PAIRS
        or not all(_fits(*pair) for pair in found.items())
    ):
        text = "Metadata has at most 50 keys of 40 and values of 500 characters."
        raise StripeError(text, param="metadata")
    return {str(k): str(v) for k, v in found.items()}


def _fits(key: str, value: Any) -> bool:
    return len(key) <= _MAX_KEY and isinstance(value, str) and len(value) <= _MAX_VALUE


def _paths(call: Call) -> list[str]:
    paths = call.params.get("expand") or []
    if not isinstance(paths, list) or any(len(p.split(".")) > _MAX_DEPTH + 1 for p in paths):
        raise StripeError("You cannot expand more than 4 levels of a property", param="expand")
    return paths


def _expand_all(world: World, obj: Doc, paths: list[str]) -> Doc:
    for path in paths:
        obj = _expand(world, obj, path.split("."))
    return obj


def _expand(world: World, obj: Doc, parts: list[str]) -> Doc:
    name, rest = parts[0], parts[1:]
    if name not in obj and not (name == "refunds" and obj["object"] == "charge"):
        raise StripeError(f"This property cannot be expanded ({name}).", param="expand")
    value = obj.get(name)
    if name == "refunds":
        value = _refunds(world, obj)
    elif isinstance(value, str):
        value = world.store.get(_kind(value), value) or value
    if rest and isinstance(value, dict):
        value = _expand(world, value, rest)
    return {**obj, name: value}


def _refunds(world: World, charge: Doc) -> Doc:
    account = owner(world, "ch", charge["id"])
    data = [r for r in world.store.find("re", account, newest=True) if r["charge"] == charge["id"]]
    return {"object": "list", "data": data, "has_more": False, "url": f"/v1/charges/{charge['id']}/refunds"}


def _place(ids: list[str], key: str, param: str) -> int:
    if key not in ids:
        raise missing("object", key, param)
    return ids.index(key)


def _in_time(call: Call, obj: Doc) -> bool:
    asked = call.params.get("created")
    if asked is None:
        return True
    limits = asked if isinstance(asked, dict) else {"gte": asked, "lte": asked}
    tests = {"gt": int.__gt__, "gte": int.__ge__, "lt": int.__lt__, "lte": int.__le__}
    if set(limits) - set(tests):
        raise StripeError("Received unknown parameter: created", code="parameter_unknown", param="created")
    return all(tests[k](obj["created"], whole(v, "created") or 0) for k, v in limits.items())


def _kind(key: str) -> str:
    return key.split("_", maxsplit=1)[0]
