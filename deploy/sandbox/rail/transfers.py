"""Transfers to a merchant: to its account with a reference, or to a virtual account; each is told to it, signed."""

from deploy.sandbox.rail import orders
from deploy.sandbox.rail.api import Call, RailError, notify
from deploy.sandbox.store import Doc, Row
from deploy.sandbox.world import World, iso, new_id

_NUMBER = 1_000_000


def open_account(call: Call) -> tuple[int, Doc]:
    """A virtual account by the merchant's own number; the same again gives the same account."""
    number = call.text("merchant_account_no", 64)
    alt = f"{call.merchant['id']}|{number}"
    known = call.world.store.by_alt("rail.virtual", alt)
    if known is None:
        serial = _NUMBER + call.world.store.count("rail.virtual") + 1
        known = {
            "account_number": f"{call.merchant['account_number'].replace(' ', '')[:12]}-{serial}",
            "merchant_account_no": number,
            "merchant": call.merchant["id"],
            "name": call.text("name", 120),
            "notify_url": call.text("notify_url", 500),
        }
        call.world.store.put("rail.virtual", Row(known["account_number"], known, call.merchant["id"], alt))
        return 201, _public(known)
    return 200, _public(known)


def _public(account: Doc) -> Doc:
    return {name: account[name] for name in ("account_number", "merchant_account_no", "name")}


def receive(world: World, body: Doc) -> Doc:
    """Somebody transfers money: ``to`` is a virtual account or a merchant's own number. Raises ValueError."""
    amount = body.get("amount_minor")
    if isinstance(amount, bool) or not isinstance(amount, int) or amount <= 0:
        raise ValueError("amount_minor is a positive whole number of minor units")
    virtual = world.store.get("rail.virtual", str(body.get("to", "")))
    merchant = world.store.get("rail.merchant", virtual["merchant"]) if virtual else _merchant(world, body)
    if merchant is None:
        raise ValueError("no such account")
    url = virtual["notify_url"] if virtual else str(merchant.get("notify_url", ""))
    order = _order(world, merchant, body, amount, url)
    orders.credit(world, order)
    data = _data(world, order, virtual, body)
    notify(world, "transfer.credited", url, merchant["id"], data)
    world.store.put("rail.transfer", Row(order["order_id"], data, merchant["id"]))
    return data


def currency_of(world: World, body: Doc) -> str:
    """Return the currency that a transfer says it is in, else that of the account it goes to."""
    if body.get("currency"):
        return str(body["currency"]).upper()
    virtual = world.store.get("rail.virtual", str(body.get("to", "")))
    merchant = world.store.get("rail.merchant", virtual["merchant"]) if virtual else _merchant(world, body)
    return str(merchant["currency"]) if merchant else "SGD"


def _merchant(world: World, body: Doc) -> Doc | None:
    wanted = str(body.get("to", "")).replace(" ", "")
    found = [m for m in world.store.find("rail.merchant") if m["account_number"].replace(" ", "") == wanted]
    return found[-1] if found and wanted else None


def _order(world: World, merchant: Doc, body: Doc, amount: int, url: str) -> Doc:
    key, now = new_id("trf_"), iso(world.clock.now())
    terms = {
        "merchant_order_no": key,
        "amount_minor": amount,
        "currency": str(body.get("currency") or merchant["currency"]),
        "description": str(body.get("reference", ""))[:127],
        "notify_url": url,
        "return_url": "",
        "expire_at": None,
    }
    order = {
        "order_id": key,
        "merchant": merchant["id"],
        "terms": terms,
        "expire_at": now,
        "status": "pending",
    }
    order |= {"created_at": now, "paid_at": None, "refunded_minor": 0, "transaction_no": None}
    return world.store.put("rail.order", Row(key, order, merchant["id"], f"{merchant['id']}|{key}"))


def _data(world: World, order: Doc, virtual: Doc | None, body: Doc) -> Doc:
    return orders.public(world, order) | {
        "transfer_id": order["order_id"],
        "account_number": virtual["account_number"] if virtual else "",
        "merchant_account_no": virtual["merchant_account_no"] if virtual else "",
        "reference": str(body.get("reference", ""))[:140],
        "payer_name": str(body.get("payer_name", ""))[:100],
    }


def query(call: Call) -> tuple[int, Doc]:
    """The latest transfers to the merchant, newest first: for a merchant that missed a notification."""
    found = call.world.store.find("rail.transfer", call.merchant["id"], newest=True, limit=200)
    return 200, {"transfers": found}


def one(call: Call) -> tuple[int, Doc]:
    """One transfer. Raises RailError 404."""
    found = call.world.store.get("rail.transfer", call.path["transfer"])
    if (
        found is None
        or call.world.store.parent("rail.transfer", call.path["transfer"]) != call.merchant["id"]
    ):
        raise RailError(404, "transfer_not_found", "There is no such transfer")
    return 200, found
