"""Payments that were made before anybody looked: a demonstration's past, many at a time.

Each is made and paid by the same code as any other, with the clock standing at the moment it was paid.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from deploy.sandbox.rail import orders
from deploy.sandbox.rail.api import Call as RailCall
from deploy.sandbox.rail.api import RailError
from deploy.sandbox.store import Doc
from deploy.sandbox.stripe_api import balance, checkout, hosted
from deploy.sandbox.stripe_api.http import Call as StripeCall
from deploy.sandbox.stripe_api.http import StripeError
from deploy.sandbox.world import World

_MOST = 20_000


def rail(world: World, body: Doc, _path: dict[str, str]) -> Doc:
    """`merchant` and `orders`, each as the merchant would make it with `paid_at`; those known stay as they are.

    Raises:
        ValueError: an order that the rail would refuse.
        LookupError: no such merchant.
    """
    merchant = world.store.get("rail.merchant", str(body.get("merchant")))
    if merchant is None:
        raise LookupError("no such merchant")
    with world.store.transaction(), _past(world) as stand_at:
        return {"orders": [_rail_order(world, merchant, asked, stand_at) for asked in _asked(body, "orders")]}


def _rail_order(world: World, merchant: Doc, asked: Doc, stand_at: Any) -> Doc:
    stand_at(asked.pop("paid_at"))
    try:
        return orders.paid_before(RailCall(world, merchant, asked, {}))
    except RailError as error:
        raise ValueError(error.message) from error


def stripe(world: World, body: Doc, _path: dict[str, str]) -> Doc:
    """`account` and `sessions`, each with the parameters of a Checkout Session and `paid_at`; always new ones.

    Raises:
        ValueError: a time that is none.
        StripeError: a session that Stripe would refuse.
    """
    account = str(body.get("account"))
    if world.store.get("acct", account) is None:
        raise LookupError("no such account")
    with world.store.transaction(), _past(world) as stand_at:
        return {"sessions": [_session(world, account, asked, stand_at) for asked in _asked(body, "sessions")]}


def _session(world: World, account: str, asked: Doc, stand_at: Any) -> Doc:
    stand_at(asked.pop("paid_at"))
    session = checkout.create(StripeCall(world, account, asked, {}))
    paid = hosted.force(world, session)
    return {"id": paid["id"], "payment_intent": paid["payment_intent"]}


def payouts(world: World, body: Doc, _path: dict[str, str]) -> Doc:
    """`account` and `at`: moments at which its balance was paid out; those with nothing to pay out are passed over."""
    account, made = str(body.get("account")), []
    moments = body.get("at")
    if world.store.get("acct", account) is None or not isinstance(moments, list):
        raise LookupError("no such account")
    with _past(world) as stand_at:
        for moment in sorted(moments):
            stand_at(moment)
            with suppress(StripeError):
                made.append(balance.create_payout(world, account)["id"])
    return {"payouts": made}


def _asked(body: Doc, name: str) -> list[Doc]:
    asked = body.get(name)
    if not isinstance(asked, list) or len(asked) > _MOST or not all(isinstance(one, dict) for one in asked):
        raise ValueError(f"{name} is a list of at most {_MOST} objects")
    return [dict(one) for one in asked]


@contextmanager
def _past(world: World) -> Iterator[Any]:
    """Give what sets the clock to a moment; afterwards it goes on as before."""
    before = world.clock.offset
    real = datetime.now(UTC).timestamp()

    def stand_at(moment: str) -> None:
        world.clock.offset = datetime.fromisoformat(moment).timestamp() - real

    try:
        yield stand_at
    finally:
        world.clock.offset = before
