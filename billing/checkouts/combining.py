"""One order at the bank's rail for several institutions: prepared in each, sent once, all or nothing.

Each institution's payment, parts and attempt are committed in its own scope before the rail is called, each with the
job that asks what became of it; so a crash anywhere leaves only attempts that find out by themselves. The rail keeps
the sub-orders by our attempts' ids: news of one are handled as those of any order.
"""

import json
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from billing.channels import CHANNELS, bank
from billing.channels.bank import order_body, order_outcome, signature
from billing.channels.contract import ChannelRefused, ChannelSilent, Order, Outcome
from billing.models import Attempt
from billing.payments.orders import order_of
from billing.payments.settling import lose, settle
from billing.payments.starting import Will, claim, prepare
from tenants.actor import Actor
from tenants.scope import open_scope, tenant_scope
from ui.errors import AppError, Conflict
from ui.i18n import t

Attempts = Sequence[tuple[UUID, UUID]]
"""The attempt of each account of an institution, with its tenant."""


async def prepare_all(actor: Actor, wills: Sequence[tuple[UUID, Will]]) -> Attempts:
    """Commit every institution's payment; when one cannot be, let go of those that were and say why.

    Raises:
        AppError: what ``prepare`` raises for one of them.
    """
    made: list[tuple[UUID, UUID]] = []
    for tenant_id, will in sorted(wills, key=lambda each: each[0]):
        try:
            made.append((tenant_id, await prepare(actor.within(tenant_id), will)))
        except AppError:
            await _let_go(actor, made)
            raise
    return made


async def _let_go(actor: Actor, made: Attempts) -> None:
    """End attempts that were never sent; nobody can have paid them, and nobody sends them any more."""
    for tenant_id, attempt_id in made:
        inside = actor.within(tenant_id)
        async with open_scope(tenant_scope(tenant_id)):
            found = Attempt.filter(tenant_id=tenant_id, id=attempt_id, status="created", sent_at=None)
            if await found.select_for_update().first() is not None:
                await settle(inside, attempt_id, Outcome(state="cancelled"))


async def send_all(actor: Actor, attempts: Attempts, combined_no: UUID) -> None:
    """Send the prepared attempts as one order unless that has been done; silence leaves all of them unknown.

    Raises:
        Conflict: the rail refused; nothing was taken.
    """
    claims = [await claim(actor.within(tenant), attempt) for tenant, attempt in sorted(attempts)]
    if not all(claims):
        return
    orders = [await _order(tenant, attempt) for tenant, attempt in sorted(attempts)]
    is_again = any(found[0]["sent_at"] is not None for found in claims)
    try:
        outcomes = await _call(orders, combined_no, is_again=is_again)
    except ChannelSilent as error:
        await _lose_all(actor, attempts, str(error))
        return
    except ChannelRefused as error:
        await _settle_all(
            actor, {o.attempt_id: Outcome(state="failed", error=str(error)) for o in orders}, attempts
        )
        text = t(
            "Your bank could not start this payment, and nothing was taken. Pay the institutions one by one."
        )
        raise Conflict("channel.refused", text) from error
    await _settle_all(actor, outcomes, attempts)


async def _order(tenant_id: UUID, attempt_id: UUID) -> Order:
    async with open_scope(tenant_scope(tenant_id)):
        return await order_of(tenant_id, attempt_id)


async def _call(orders: Sequence[Order], combined_no: UUID, *, is_again: bool) -> dict[UUID, Outcome]:
    if is_again:
        known = {order.attempt_id: await CHANNELS[bank.BankChannel.key].query(order) for order in orders}
        if all(outcome.state != "absent" for outcome in known.values()):
            return known
    lead = orders[0]
    body = {
        "combined_no": str(combined_no),
        "expire_at": min(order.expires_at for order in orders).isoformat(),
        "return_url": lead.return_url,
        "sub_orders": [_signed(order) for order in orders],
    }
    answer = await bank.call(lead.destination, "POST", "/combined-orders", body)
    return {UUID(each["merchant_order_no"]): order_outcome(each) for each in answer["sub_orders"]}


def _signed(order: Order) -> dict[str, Any]:
    """Return one institution's part, signed with its own key: nobody is charged for by another one's word."""
    text = json.dumps(order_body(order), ensure_ascii=False, separators=(",", ":"))
    now, nonce = str(int(time.time())), secrets.token_hex(16)
    to = order.destination
    return {
        "merchant": to.rail_merchant,
        "order": text,
        "timestamp": now,
        "nonce": nonce,
        "signature": signature(to.rail_secret, now, nonce, text),
    }


async def _settle_all(actor: Actor, outcomes: Mapping[UUID, Outcome], attempts: Attempts) -> None:
    for tenant_id, attempt_id in sorted(attempts):
        async with open_scope(tenant_scope(tenant_id)):
            await settle(actor.within(tenant_id), attempt_id, outcomes[attempt_id])


async def _lose_all(actor: Actor, attempts: Attempts, error: str) -> None:
    for tenant_id, attempt_id in sorted(attempts):
        async with open_scope(tenant_scope(tenant_id)):
            await lose(actor.within(tenant_id), attempt_id, error)
