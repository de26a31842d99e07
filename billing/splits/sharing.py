"""Sharing a payment that has arrived: reckoned once, each share told to the channel once, booked when it is paid.

Committed first, told second, under our own number; a channel that stays silent is asked before anything is sent again.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from billing import ledger
from billing.channels import rail_shares
from billing.channels.contract import ChannelRefused, ChannelSilent, Destination
from billing.channels.rail_shares import ShareOutcome
from billing.ledger import Side
from billing.models import Attempt, Payment, Receiver, Share, ShareReturn, SplitRule
from billing.payments.orders import destination_of
from billing.splits.core import fees_of, split
from billing.splits.documents import read
from billing.splits.rules import in_force
from billing.splits.states import PENDING, move
from tenants import audit
from tenants.actor import Actor
from tenants.days import day_at, today
from tenants.jobs import enqueue, publish
from tenants.models import Tenant
from tenants.scope import execute, open_scope, rows, tenant_scope
from ui.errors import Conflict, NotFound
from ui.i18n import t

SPLIT_JOB, SHARE_JOB = "billing.split_payment", "billing.pay_share"
PAUSES = (15, 60, 300, 1800, 3600, 6 * 3600)
"""Seconds until a share without an answer is asked after again; the last one repeats."""
ERROR_MAX = 200

_BASES = """
select l.fee_item_id, sum(a.amount_minor)::bigint amount from billing_allocation a
  join billing_bill_line l on l.tenant_id = a.tenant_id and l.id = a.bill_line_id
 where a.tenant_id = $1 and a.payment_id = $2 group by l.fee_item_id having sum(a.amount_minor) > 0
 order by l.fee_item_id
"""


def share_ledger(receiver_id: UUID) -> str:
    """Return the ledger account of what a receiver holds."""
    return f"share:{receiver_id}"


async def split_payment(actor: Actor, payment_id: UUID) -> None:
    """Reckon the shares of a payment that has arrived through the rail. Opens its own scopes; again adds nothing."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        payment = await Payment.get(tenant_id=actor.tenant_id, id=payment_id)
        if payment.channel != "bank" or not await _rules(payment):
            return
        to = await destination_of(actor.tenant_id, payment.settlement_account_id)
        attempt = await Attempt.get(tenant_id=actor.tenant_id, payment_id=payment.id, status="succeeded")
    fee = await rail_shares.fee_of_order(to, attempt.id)
    async with open_scope(tenant_scope(actor.tenant_id)):
        payment = await Payment.filter(tenant_id=actor.tenant_id, id=payment_id).select_for_update().get()
        if payment.refunding_minor or payment.status == "disputed":
            pause = PAUSES[1] if payment.refunding_minor else PAUSES[-1]
            await enqueue(SPLIT_JOB, {"payment_id": str(payment_id)}, delay=timedelta(seconds=pause))
        elif payment.status in {"succeeded", "part_refunded"}:
            await _reckon(payment, fee)


async def _rules(payment: Payment) -> list[tuple[SplitRule, int]]:
    """Return the rules that hold for what the payment paid, each with the amount it is about."""
    bases = {r["fee_item_id"]: r["amount"] for r in await rows(_BASES, payment.tenant_id, payment.id)}
    zone = (await Tenant.get(id=payment.tenant_id)).timezone
    day = day_at(payment.succeeded_at, zone) if payment.succeeded_at else today(zone)
    found = await in_force(payment.tenant_id, bases, max(day, today(zone)))
    return [(rule, bases[item]) for item, rule in sorted(found.items())]


_ADD = """
insert into billing_share (tenant_id, payment_id, receiver_id, rule_id, currency, amount_minor)
values ($1, $2, $3, $4, $5, $6)
on conflict (tenant_id, payment_id, receiver_id, rule_id) where return_id is null do nothing returning id
"""


async def _reckon(payment: Payment, fee: int) -> None:
    """Write the shares; the channel's fee falls on each fee item in proportion, exactly."""
    found = await _rules(payment)
    parts = fees_of(fee, [amount for _, amount in found], int(payment.amount_minor))
    for (rule, amount), part in zip(found, parts, strict=True):
        document = read(rule.document)
        gross = split(amount, part, [each.claim() for each in document.parts])
        for each, due in zip(document.parts, gross, strict=True):
            if due:
                added = await rows(
                    _ADD, payment.tenant_id, payment.id, each.receiver, rule.id, payment.currency, due
                )
                await _send_soon(found["id"] for found in added)


async def _send_soon(share_ids: Iterable[UUID]) -> None:
    for share_id in share_ids:
        await enqueue(SHARE_JOB, {"share_id": str(share_id), "n": 0})


async def pay_share(actor: Actor, share_id: UUID, n: int) -> None:
    """Tell the channel to pay a share, or ask about one that was told. Opens its own scopes."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        share = await Share.filter(tenant_id=actor.tenant_id, id=share_id).select_for_update().get()
        is_first = share.status == "created"
        if is_first:
            move(share, "send")
            share.sent_at = datetime.now(UTC)
            await share.save(update_fields=["status", "sent_at"])
        elif share.status != "sent":
            return
        pause = timedelta(seconds=PAUSES[min(n, len(PAUSES) - 1)])
        await enqueue(SHARE_JOB, {"share_id": str(share_id), "n": n + 1}, delay=pause)
        to, order = await _order_of(share)
    try:
        outcome = await _told(to, order, is_first=is_first)
    except ChannelSilent:
        return
    except ChannelRefused as error:
        outcome = ShareOutcome("failed", error=str(error))
    async with open_scope(tenant_scope(actor.tenant_id)):
        await settle_share(actor, share_id, outcome)


async def _order_of(share: Share) -> tuple[Destination, dict[str, Any]]:
    payment = await Payment.get(tenant_id=share.tenant_id, id=share.payment_id)
    attempt = await Attempt.get(tenant_id=share.tenant_id, payment_id=payment.id, status="succeeded")
    receiver = await Receiver.get(tenant_id=share.tenant_id, id=share.receiver_id)
    to = await destination_of(share.tenant_id, payment.settlement_account_id)
    return to, {
        "number": number_of(share),
        "attempt_id": attempt.id,
        "receiver": receiver.rail_merchant,
        "amount_minor": share.amount_minor,
    }


def number_of(row: Share | ShareReturn) -> str:
    """Return our number of this try at the channel."""
    return f"{row.id}-{row.tries}" if row.tries else str(row.id)


async def _told(to: Destination, order: dict[str, Any], *, is_first: bool) -> ShareOutcome:
    if not is_first:
        known = await rail_shares.query_share(to, order["number"])
        if known.state != "absent":
            return known
    return await rail_shares.pay_share(to, **order)


async def settle_share(actor: Actor, share_id: UUID, outcome: ShareOutcome) -> Share:
    """Bring a share to what the channel says, in the open tenant scope; told again, nothing changes."""
    share = await Share.filter(tenant_id=actor.tenant_id, id=share_id).select_for_update().get()
    if share.status != "sent" or outcome.state not in {"done", "failed"}:
        return share
    move(share, "pay" if outcome.state == "done" else "fail")
    share.channel_reference, share.error = outcome.reference, outcome.error[:ERROR_MAX]
    share.ended_at = datetime.now(UTC)
    await share.save()
    if share.status == "paid":
        sides = [
            Side(share_ledger(share.receiver_id), share.amount_minor, share.currency),
            Side(ledger.clearing("bank"), -share.amount_minor, share.currency),
        ]
        await ledger.post(share.tenant_id, "share.paid", share.id, sides)
    await publish(f"share.{share.status}", {"share_id": str(share.id), "payment_id": str(share.payment_id)})
    return share


async def try_again(actor: Actor, share_id: UUID) -> Share:
    """Send a share once more that the channel refused, now that its receiver's account is mended."""
    share = await _failed(actor, share_id)
    move(share, "retry")
    share.tries += 1
    await share.save(update_fields=["status", "tries"])
    await _send_soon([share.id])
    await _record(actor, share, "share.retried")
    return share


async def share_anew(share: Share, amount_minor: int, return_id: UUID) -> None:
    """Pay a receiver again what came back for a refund that failed, or for a dispute that was won after all."""
    again = await Share.create(
        tenant_id=share.tenant_id,
        payment_id=share.payment_id,
        receiver_id=share.receiver_id,
        rule_id=share.rule_id,
        return_id=return_id,
        currency=share.currency,
        amount_minor=amount_minor,
    )
    await _send_soon([again.id])


async def keep(actor: Actor, share_id: UUID) -> Share:
    """Have the institution keep a share that the channel refused."""
    share = await _failed(actor, share_id)
    move(share, "keep")
    await share.save(update_fields=["status"])
    await _record(actor, share, "share.kept")
    return share


async def _failed(actor: Actor, share_id: UUID) -> Share:
    actor.require("splits.write")
    actor.require_fresh()
    share = await Share.filter(tenant_id=actor.tenant_id, id=share_id).select_for_update().get_or_none()
    if share is None:
        raise NotFound("share.not_found", t("There is no such share."))
    if share.status != "failed":
        raise Conflict("share.worked", t("This has been worked already."))
    return share


async def _record(actor: Actor, share: Share, act: str) -> None:
    await audit.record(
        actor,
        act,
        subject_kind="share",
        subject_id=share.id,
        subject_label=str(share.payment_id),
        after={"amount_minor": share.amount_minor, "currency": share.currency},
    )


async def drop_pending(tenant_id: UUID, payment_id: UUID) -> bool:
    """Keep back what was not told to the channel yet; ``False`` while something is on its way there."""
    await execute(
        "update billing_share set status = 'kept' where tenant_id = $1 and payment_id = $2 and status = 'created'",
        tenant_id,
        payment_id,
    )
    return not await Share.filter(tenant_id=tenant_id, payment_id=payment_id, status__in=PENDING).exists()
