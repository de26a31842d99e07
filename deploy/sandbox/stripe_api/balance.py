"""Balance transactions, application fees and payouts: what the channel reports about the money."""

from typing import Any

from deploy.sandbox.store import Doc, Row
from deploy.sandbox.stripe_api.events import emit
from deploy.sandbox.stripe_api.http import PLATFORM, Call, StripeError
from deploy.sandbox.stripe_api.objects import listing, put, save
from deploy.sandbox.stripe_api.schedules import is_manual
from deploy.sandbox.world import World, new_id

_SETTLE_SECONDS = 2 * 24 * 3600


def stripe_fee(amount: int) -> int:
    """Stripe's own fee on a charge: 2.9 % half up, plus 30 minor units."""
    return (amount * 29 + 500) // 1000 + 30


def record(
    world: World, account: str, kind: str, source: Doc, *, amount: int, fees: list[Doc] | None = None
) -> Doc:
    """A movement on an account's balance; `amount` is signed, before fees. Returns the transaction."""
    now = world.clock.seconds()
    fee = sum(part["amount"] for part in fees or [])
    instant = kind == "payout"
    return put(
        world,
        account,
        {
            "id": new_id("txn_"),
            "object": "balance_transaction",
            "amount": amount,
            "available_on": now if instant else now + _SETTLE_SECONDS,
            "balance_type": "payments",
            "created": now,
            "currency": source["currency"],
            "description": source.get("description"),
            "exchange_rate": None,
            "fee": fee,
            "fee_details": fees or [],
            "net": amount - fee,
            "reporting_category": "dispute" if source["object"] == "dispute" else kind,
            "source": source["id"],
            "status": "available" if instant else "pending",
            "type": kind,
        },
    )


def fee_part(kind: str, amount: int, currency: str) -> Doc:
    """One line of `fee_details`; kind is `stripe_fee` or `application_fee`."""
    names = {"stripe_fee": "Stripe processing fees", "application_fee": "Scenario Cloud application fee"}
    application = "ca_sandbox" if kind == "application_fee" else None
    return {
        "amount": amount,
        "application": application,
        "currency": currency,
        "description": names[kind],
        "type": kind,
    }


def application_fee(world: World, account: str, charge: Doc) -> Doc:
    """The platform's share of a charge on a connected account."""
    fee: Doc = {
        "id": new_id("fee_"),
        "object": "application_fee",
        "account": account,
        "amount": charge["application_fee_amount"],
        "amount_refunded": 0,
        "application": "ca_sandbox",
        "charge": charge["id"],
        "created": world.clock.seconds(),
        "currency": charge["currency"],
        "livemode": False,
        "refunded": False,
    }
    fee["balance_transaction"] = record(world, PLATFORM, "application_fee", fee, amount=fee["amount"])["id"]
    put(world, PLATFORM, fee)
    emit(world, PLATFORM, "application_fee.created", fee)
    return fee


def refund_application_fee(world: World, charge: Doc, amount: int) -> None:
    """Give back a part of the platform's share."""
    fee = world.store.get("fee", charge["application_fee"])
    if fee is None:
        return
    fee["amount_refunded"] += amount
    fee["refunded"] = fee["amount_refunded"] == fee["amount"]
    record(world, PLATFORM, "application_fee_refund", fee, amount=-amount)
    save(world, fee)
    emit(world, PLATFORM, "application_fee.refunded", fee)


def mature(world: World, account: str) -> list[Doc]:
    """All transactions of an account; those whose time has come are made available."""
    found = world.store.find("txn", account)
    now = world.clock.seconds()
    for item in found:
        if item["status"] == "pending" and item["available_on"] <= now:
            item["status"] = "available"
            save(world, item)
    return found


def list_transactions(call: Call) -> Doc:
    """`GET /v1/balance_transactions` by `payout`, `type`, `source`, `currency`, `created`."""
    mature(call.world, call.account)
    payout = call.text("payout")
    members = set(_members(call.world, payout)) if payout else set()
    keep = (lambda item: item["id"] in members) if payout else None
    return listing(call, "txn", "/v1/balance_transactions", by=("type", "source", "currency"), keep=keep)


def balance(call: Call) -> Doc:
    """`GET /v1/balance`: available and pending by currency; paid-out money is neither."""
    found = mature(call.world, call.account)
    sums: dict[str, dict[str, int]] = {"available": {}, "pending": {}}
    for item in found:
        side = sums[item["status"]]
        side[item["currency"]] = side.get(item["currency"], 0) + item["net"]
    body: dict[str, Any] = {k: [{"amount": a, "currency": c} for c, a in v.items()] for k, v in sums.items()}
    return {"object": "balance", "livemode": False, **body}


def create_payout(
    world: World, account: str, *, currency: str = "", is_early: bool = True, status: str = "paid"
) -> Doc:
    """Pay out what is not paid out yet in one currency. `is_early` takes pending money along.

    Raises StripeError when there is nothing to pay out, or the account's payouts wait for somebody (``manual``).
    """
    if is_manual(world, account):
        raise StripeError("Payouts of this account are manual.", code="payouts_not_allowed")
    done = _paid_out(world, account)
    now = world.clock.seconds()
    known = [t for t in mature(world, account) if t["created"] <= now]
    open_items = [t for t in known if t["id"] not in done and t["type"] != "payout"]
    currency = currency or (open_items[0]["currency"] if open_items else "")
    chosen = [t for t in open_items if t["currency"] == currency and (is_early or t["status"] == "available")]
    amount = sum(t["net"] for t in chosen)
    if amount <= 0:
        raise StripeError("There is nothing to pay out.", code="balance_insufficient")
    for item in chosen:
        item["status"] = "available"
        save(world, item)
    members = [t["id"] for t in chosen]
    return _pay_out(world, account, currency=currency, amount=amount, members=members, status=status)


def _pay_out(
    world: World, account: str, *, currency: str, amount: int, members: list[str], status: str
) -> Doc:
    now = world.clock.seconds()
    payout: Doc = {
        "id": new_id("po_"),
        "object": "payout",
        "amount": amount,
        "arrival_date": now,
        "automatic": True,
        "created": now,
        "currency": currency,
        "description": "STRIPE PAYOUT",
        "destination": "ba_sandbox",
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "reconciliation_status": "completed",
        "source_type": "card",
        "statement_descriptor": None,
        "status": "in_transit",
        "trace_id": {"status": "supported", "value": new_id("", 16)},
        "type": "bank_account",
    }
    own = record(world, account, "payout", payout, amount=-amount)
    payout["balance_transaction"] = own["id"]
    put(world, account, payout)
    world.store.put("stripe.payout", Row(payout["id"], {"members": [*members, own["id"]]}, account))
    emit(world, account, "payout.created", payout)
    return settle_payout(world, payout, status)


def record_other(world: World, body: Doc) -> Doc:
    """A movement of any `type` on an `account`'s balance: `{account, type, amount, currency, description?}`."""
    kind, amount = str(body["type"]), int(body["amount"])
    source = {"id": new_id("oth_"), "object": kind, "currency": str(body["currency"]).lower()}
    source["description"] = str(body.get("description", kind))
    return record(world, str(body["account"]), kind, source, amount=amount)


def settle_payout(world: World, payout: Doc, status: str) -> Doc:
    """Move a payout to `paid` or `failed`; `in_transit` leaves it."""
    if status in ("paid", "failed") and payout["status"] == "in_transit":
        payout["status"] = status
        save(world, payout)
        emit(world, world.store.parent("po", payout["id"]), f"payout.{status}", payout)
    return payout


def _members(world: World, payout: str) -> list[str]:
    kept = world.store.get("stripe.payout", payout)
    return list(kept["members"]) if kept else []


def _paid_out(world: World, account: str) -> set[str]:
    return {member for kept in world.store.find("stripe.payout", account) for member in kept["members"]}
