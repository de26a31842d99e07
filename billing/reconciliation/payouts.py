"""Payouts: announced by the channel, made of lines, and found at the bank, alone or several in one credit."""

from collections.abc import Sequence
from uuid import UUID

from billing.models import Payout, StatementLine
from billing.reconciliation import booking
from billing.reconciliation.sources.contract import AnnouncedPayout
from billing.reconciliation.states import move
from tenants.days import today_at
from tenants.ids import new_id
from tenants.jobs import publish
from tenants.scope import execute, rows

_ANNOUNCE = """
insert into billing_payout (tenant_id, id, settlement_account_id, channel, reference, trace, currency, amount_minor,
  day_from, day_until, arrives_on, status)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
on conflict (tenant_id, settlement_account_id, channel, reference)
  do update set status = case when billing_payout.status = 'on_the_way' then excluded.status
                              else billing_payout.status end
returning id
"""
_MEMBERS = """
update billing_statement_line set payout_id = $4
 where tenant_id = $1 and settlement_account_id = $2 and line_key = any ($3::text[]) and channel = $5
   and payout_id is null and kind <> 'payout'
"""
_WHOLE_DAYS = """
update billing_statement set payout_id = $3
 where tenant_id = $1 and settlement_account_id = $2 and channel = $4 and payout_id is null and source = 'rail_trade'
   and day_from >= $5 and day_until <= $6
"""
_OF_DAY = """
select id from billing_payout where tenant_id = $1 and settlement_account_id = $2 and channel = $3
   and day_from <= $4 and day_until >= $4 order by created_at limit 1
"""


async def announce(
    tenant_id: UUID, account_id: UUID, channel: str, told: Sequence[AnnouncedPayout]
) -> list[UUID]:
    """Keep what the channel says it pays, once for each reference, tie its lines to it, and return their ids."""
    made = []
    for payout in told:
        found = await rows(
            _ANNOUNCE, tenant_id, new_id(), account_id, channel, payout.reference, payout.trace,
            payout.currency, payout.amount_minor, payout.day_from, payout.day_until, payout.arrives_on, payout.status,
        )  # fmt: skip
        payout_id = found[0]["id"]
        if payout.members:
            await execute(_MEMBERS, tenant_id, account_id, list(payout.members), payout_id, channel)
        if payout.whole_days:
            span = (payout.day_from, payout.day_until)
            await execute(_WHOLE_DAYS, tenant_id, account_id, payout_id, channel, *span)
        made.append(payout_id)
    if made:
        await publish("payout.announced", {"channel": channel})
    return made


async def of_day(tenant_id: UUID, account_id: UUID, channel: str, day: object) -> UUID | None:
    """Return the payout that takes a whole day's trades, where the channel has announced it already."""
    found = await rows(_OF_DAY, tenant_id, account_id, channel, day)
    return found[0]["id"] if found else None


async def receive(payouts: Sequence[Payout], line: StatementLine, how: str) -> None:
    """Tie payouts to the bank's credit and book them; the caller has locked all of them and checked the sum."""
    for payout in payouts:
        move(payout, "receive")
        payout.bank_line_id, payout.receipt_id, payout.received_on = line.id, new_id(), line.day
        await payout.save(update_fields=["status", "bank_line_id", "receipt_id", "received_on"])
        await booking.book_receipt(
            payout.tenant_id,
            payout.receipt_id,
            channel=payout.channel,
            currency=payout.currency,
            amount_minor=payout.amount_minor,
        )
    move(line, "match")
    line.matched_by, line.payout_id = how, payouts[0].id
    await line.save(update_fields=["status", "matched_by", "payout_id"])


async def release(line: StatementLine) -> None:
    """Take a bank credit's payouts back and book that; the caller has locked the line."""
    tied = (
        await Payout.filter(tenant_id=line.tenant_id, bank_line_id=line.id).select_for_update().order_by("id")
    )
    for payout in tied:
        move(payout, "release")
        assert payout.receipt_id is not None  # noqa: S101 - a received payout was booked
        await booking.book_release(
            payout.tenant_id,
            payout.receipt_id,
            channel=payout.channel,
            currency=payout.currency,
            amount_minor=payout.amount_minor,
        )
        payout.bank_line_id = payout.receipt_id = payout.received_on = None
        await payout.save(update_fields=["status", "bank_line_id", "receipt_id", "received_on"])


async def of_counter(  # noqa: PLR0917 - whose, which payment, how much, on which account
    tenant_id: UUID, account_id: UUID, attempt_id: UUID, number: str, currency: str, amount_minor: int
) -> Payout:
    """Return the payout that stands for one transfer taken at the desk, waiting for its credit."""
    known = await Payout.get_or_none(
        tenant_id=tenant_id, settlement_account_id=account_id, channel="counter", reference=number
    )
    if known is not None:
        return known
    day = await today_at(tenant_id)
    return await Payout.create(
        id=new_id(),
        tenant_id=tenant_id,
        settlement_account_id=account_id,
        channel="counter",
        reference=number,
        trace=str(attempt_id),
        currency=currency,
        amount_minor=amount_minor,
        day_from=day,
        day_until=day,
        arrives_on=day,
    )
