"""Debit mandates: authorised by the payer on the bank's page, debited by the merchant, revoked by either."""

from deploy.sandbox.rail import orders
from deploy.sandbox.rail.api import Call, RailError, notify
from deploy.sandbox.store import Doc, Row
from deploy.sandbox.world import World, iso, new_id

ACCOUNTS = {"salary": 10**12, "empty": 0}
"""The payer's accounts at the play bank, with what is on them in minor units: one always has enough, one never."""
DELAY = 0.2
"""Seconds until a debit's end is known."""


def create(call: Call) -> tuple[int, Doc]:
    """A mandate by the merchant's own number, to be authorised; the same again gives the same mandate."""
    number = call.text("merchant_mandate_no", 64)
    alt = f"{call.merchant['id']}|{number}"
    known = call.world.store.by_alt("rail.mandate", alt)
    if known is not None:
        return 200, public(call.world, known)
    mandate = {
        "mandate_id": new_id("mdt_"),
        "merchant_mandate_no": number,
        "merchant": call.merchant["id"],
        "ceiling_minor": _ceiling(call),
        "currency": call.text("currency", 3),
        "description": call.text("description", 127),
        "notify_url": call.text("notify_url", 500, required=False),
        "return_url": call.text("return_url", 1000, required=False),
        "status": "pending",
        "account": "",
        "account_mask": "",
        "created_at": iso(call.world.clock.now()),
    }
    call.world.store.put("rail.mandate", Row(mandate["mandate_id"], mandate, call.merchant["id"], alt))
    return 201, public(call.world, mandate)


def _ceiling(call: Call) -> int:
    value = call.body.get("ceiling_minor")
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise RailError(422, "invalid_amount", "ceiling_minor is a positive whole number of minor units")
    return value


def public(world: World, mandate: Doc) -> Doc:
    """A mandate as the merchant sees it."""
    hidden = ("notify_url", "return_url", "merchant", "account")
    kept = {name: value for name, value in mandate.items() if name not in hidden}
    return kept | {"authorise_url": world.url(f"/rail/authorise/{mandate['mandate_id']}")}


def find(call: Call) -> Doc:
    """The merchant's mandate, by id in the path or by its own number. Raises RailError 404."""
    store, number = call.world.store, call.query.get("merchant_mandate_no", "")
    key = call.path.get("mandate") or call.body.get("mandate_id")
    found = (
        store.get("rail.mandate", str(key))
        if key
        else store.by_alt("rail.mandate", f"{call.merchant['id']}|{number}")
    )
    if found is None or found["merchant"] != call.merchant["id"]:
        raise RailError(404, "mandate_not_found", "There is no such mandate")
    return found


def query(call: Call) -> tuple[int, Doc]:
    """What became of a mandate."""
    return 200, public(call.world, find(call))


def revoke(call: Call) -> tuple[int, Doc]:
    """The merchant lets go of a mandate. Twice is the same as once."""
    mandate = find(call)
    if mandate["status"] in ("pending", "active"):
        move(call.world, mandate, "revoked", is_told=False)
    return 200, public(call.world, mandate)


def authorise(world: World, mandate: Doc, act: str, account: str) -> None:
    """What the payer does on the bank's page: authorise with an account, refuse, or revoke later."""
    if act == "authorise" and mandate["status"] == "pending":
        mandate |= {"account": account if account in ACCOUNTS else "salary"}
        mandate["account_mask"] = "**** 8813" if mandate["account"] == "salary" else "**** 0071"
        move(world, mandate, "active")
    elif act == "refuse" and mandate["status"] == "pending":
        move(world, mandate, "refused")
    elif act == "revoke" and mandate["status"] == "active":
        move(world, mandate, "revoked")


def move(world: World, mandate: Doc, status: str, *, is_told: bool = True) -> None:
    """Change a mandate's state and tell the merchant."""
    mandate["status"] = status
    world.store.save("rail.mandate", mandate["mandate_id"], mandate)
    if is_told:
        url, merchant = mandate["notify_url"], mandate["merchant"]
        notify(world, f"mandate.{status}", url, merchant, public(world, mandate))


def debit(call: Call) -> tuple[int, Doc]:
    """Take an amount under a mandate: an order that nobody has to confirm. Its end is told, and can be asked."""
    mandate = find(call)
    number = call.text("merchant_order_no", 64)
    known = call.world.store.by_alt("rail.order", f"{call.merchant['id']}|{number}")
    if known is not None:
        return 200, orders.public(call.world, known)
    if mandate["status"] != "active":
        raise RailError(409, "mandate_not_active", f"The mandate is {mandate['status']}")
    if call.amount() > mandate["ceiling_minor"]:
        raise RailError(409, "over_ceiling", f"A debit takes at most {mandate['ceiling_minor']}")
    status, order = orders.create(call)
    kept = call.world.store.get("rail.order", order["order_id"]) or {}
    kept["mandate"] = mandate["mandate_id"]
    orders.process(call.world, kept)
    due = call.world.clock.epoch() + DELAY
    call.world.agenda.later("rail.debit", due, {"order": order["order_id"]})
    return status, orders.public(call.world, kept)


def finish(world: World, args: Doc) -> None:
    """The bank has looked at the payer's account: the money moves, or there is not enough."""
    order = world.store.get("rail.order", args["order"])
    if order is None or order["status"] != "processing":
        return
    mandate = world.store.get("rail.mandate", order["mandate"]) or {}
    is_refused = world.faults.take("rail", "debit", ("debit_refuse",)) is not None
    has_enough = ACCOUNTS.get(mandate.get("account", ""), 0) >= order["terms"]["amount_minor"]
    if mandate.get("status") != "active":
        orders.refuse(world, order, "mandate_revoked")
    elif is_refused or not has_enough:
        orders.refuse(world, order, "insufficient_funds")
    else:
        orders.succeed(world, order)
