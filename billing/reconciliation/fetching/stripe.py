"""Stripe's balance of one connected account since the last time, through its own SDK, one JSON object a line."""

import json
import tempfile
from collections.abc import AsyncIterator, Collection
from typing import IO, Any, cast

from billing.channels.stripe_client import RETRIES, answers, client
from billing.reconciliation.sources.stripe_balance import END, HEAD, PAYOUTS, TRANSACTION

SPOOLED = 8_000_000
PAGE = 100
PAYOUT_LOOK_BACK = 14 * 24 * 3600
"""Seconds for which a payout may still change after it was made."""


async def balance(account: str, since: int, until: int, known: Collection[str]) -> tuple[IO[bytes], int]:
    """Return what moved on the balance after ``since`` up to ``until`` (Unix seconds), and how much that is.

    ``known`` are payouts that need not be told again.

    Raises:
        ChannelSilent, ChannelRefused: as Stripe answers.
    """
    file = tempfile.SpooledTemporaryFile(max_size=SPOOLED)  # noqa: SIM115 - the caller reads it
    head = {"object": HEAD, "account": account, "from": since, "until": until}
    _write(file, head | {"reference": f"{account} {since}-{until}"})
    count = net = told = 0
    async with answers():
        async for transaction in _transactions(account, {"gt": since, "lte": until}):
            _write(file, transaction)
            count, net = count + 1, net + transaction["net"]
        async for payout in _payouts(account, since - PAYOUT_LOOK_BACK, until):
            if payout["id"] not in known or payout["status"] in {"failed", "canceled"}:
                _write(file, payout)
                told += 1
    _write(file, {"object": END, "count": count, "net": net})
    file.seek(0)
    return cast("IO[bytes]", file), count + told


def _write(file: "tempfile.SpooledTemporaryFile[bytes]", value: dict[str, Any]) -> None:
    file.write(json.dumps(value, ensure_ascii=False, sort_keys=True).encode() + b"\n")


def _options(account: str) -> Any:
    return {"stripe_account": account, "max_network_retries": RETRIES}


async def _transactions(account: str, created: dict[str, int]) -> AsyncIterator[dict[str, Any]]:
    params = {"created": created, "limit": PAGE, "expand": ["data.source"]}
    page = await client().v1.balance_transactions.list_async(cast("Any", params), _options(account))
    async for found in page.auto_paging_iter():
        yield _transaction(found.to_dict())


def _transaction(found: dict[str, Any]) -> dict[str, Any]:
    source = found.get("source") or {}
    expanded = source if isinstance(source, dict) else {"id": source}
    metadata = expanded.get("metadata") or {}
    kept = ("id", "amount", "fee", "net", "currency", "type", "reporting_category", "created")
    return {
        "object": TRANSACTION,
        **{name: found[name] for name in kept},
        "description": found.get("description") or "",
        "source": {
            "id": expanded.get("id") or found["id"],
            "payment_intent": expanded.get("payment_intent") or ""
            if expanded.get("object") == "charge"
            else "",
            "attempt_id": metadata.get("attempt_id", ""),
            "refund_id": metadata.get("refund_id", ""),
        },
    }


async def _payouts(account: str, since: int, until: int) -> AsyncIterator[dict[str, Any]]:
    params = {"created": {"gt": since, "lte": until}, "limit": PAGE}
    page = await client().v1.payouts.list_async(cast("Any", params), _options(account))
    async for found in page.auto_paging_iter():
        payout = found.to_dict()
        yield {
            "object": PAYOUTS,
            **{
                name: payout[name]
                for name in ("id", "amount", "currency", "created", "arrival_date", "status")
            },
            "trace": str((payout.get("trace_id") or {}).get("value") or ""),
            "members": [key async for key in _members(account, payout)],
        }


async def _members(account: str, payout: dict[str, Any]) -> AsyncIterator[str]:
    """Yield the transactions that a payout pays; one made by hand cannot be itemised and has none."""
    page = await client().v1.balance_transactions.list_async(
        cast("Any", {"payout": payout["id"], "limit": PAGE}), _options(account)
    )
    async for found in page.auto_paging_iter():
        if found.id != payout.get("balance_transaction"):
            yield found.id
