"""An order as a channel is told it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from billing.channels.contract import Destination, Item, Order
from tenants.ids import new_id


def order(**more: Any) -> Order:
    now = datetime.now(UTC)
    values: dict[str, Any] = {
        "tenant_id": new_id(),
        "payment_id": new_id(),
        "attempt_id": new_id(),
        "number": "P1",
        "amount_minor": 5000,
        "currency": "SGD",
        "items": (Item("Bill", 5000),),
        "destination": Destination(id=new_id(), stripe_account="acct_1"),
        "created_at": now,
        "expires_at": now + timedelta(minutes=30),
        "return_url": "http://cloud.test/r",
        "cancel_url": "http://cloud.test/c",
        "locale": "en",
    }
    return Order(**(values | more))
