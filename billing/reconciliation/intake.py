"""Taking a statement in: once for its bytes, whole or not at all, matched and checked in the same transaction."""

import hashlib
from dataclasses import dataclass
from typing import IO
from uuid import UUID

from billing.models import Payout, SettlementAccount, Statement, StatementSource
from billing.reconciliation import arriving, booking, finding, payouts, suggesting
from billing.reconciliation.accounts import expected_of, one_at_a_time
from billing.reconciliation.credits import match_credits
from billing.reconciliation.matching import rematch, replace_provisional
from billing.reconciliation.sources.contract import Head, Parser
from tenants import audit
from tenants.actor import Actor
from tenants.ids import new_id

CHUNK = 1 << 20
CHANNELS = ("stripe", "bank")
"""Channels whose lines are held against payments; ``account`` is the settlement account itself."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a file: its statement, whether it was new, lines that found our side, breaks raised."""

    statement: Statement
    is_new: bool
    matched: int = 0
    breaks: int = 0


def digest(file: IO[bytes]) -> str:
    """Return the SHA-256 of a file in hexadecimal, leaving it at its start."""
    file.seek(0)
    found = hashlib.sha256()
    while chunk := file.read(CHUNK):
        found.update(chunk)
    file.seek(0)
    return found.hexdigest()


async def take_in(
    actor: Actor,
    account: SettlementAccount,
    parser: Parser,
    file: IO[bytes],
    *,
    filename: str,
    storage_key: str = "",
) -> Taken:
    """Read a file into the open tenant scope, match it and raise its breaks; the same bytes again add nothing.

    Raises:
        StatementRefused: with the row or element; nothing of the file is kept.
    """
    actor.require("reconciliation.work")
    await one_at_a_time(account.id)
    sha256 = digest(file)
    known = await Statement.get_or_none(
        tenant_id=account.tenant_id, settlement_account_id=account.id, sha256=sha256
    )
    if known is not None:
        return Taken(known, is_new=False)
    statement_id, document = new_id(), parser.open(file, await expected_of(account))
    sums = await arriving.stage(document, file, statement_id)
    head = document.head
    fee = await agreed_fee(account, head.channel)
    matched = await arriving.write(
        account.tenant_id,
        statement_id,
        account.id,
        head.channel,
        sums,
        fee=fee,
        is_provisional=head.is_provisional,
    )
    made = await _keep(actor, account, head, sums, statement_id, (filename, storage_key, sha256))
    matched += await follow_up(account, made, head, fee)
    breaks = await _find(account, made, head, fee)
    await audit.record(
        actor,
        "statement.read",
        subject_kind="statement",
        subject_id=made.id,
        subject_label=filename[:100],
        after={"lines": sums.lines, "source": head.source, "sha256": sha256, "breaks": breaks},
    )
    return Taken(made, is_new=True, matched=matched, breaks=breaks)


async def look_again(account: SettlementAccount) -> None:
    """Match what our side has learnt since the last statement, and clear the breaks that this ends."""
    await one_at_a_time(account.id)
    for channel in CHANNELS:
        await rematch(account.tenant_id, account.id, channel, fee=await agreed_fee(account, channel))
    await finding.clear(account.tenant_id, account.id)


async def agreed_fee(account: SettlementAccount, channel: str) -> tuple[int | None, int]:
    """Return the agreed fee of a channel's payments: parts of ten thousand (none: not held) and minor units."""
    kind = {"stripe": "stripe", "bank": "rail"}.get(channel, "")
    found = await StatementSource.get_or_none(
        tenant_id=account.tenant_id, settlement_account_id=account.id, kind=kind
    )
    return (found.fee_bps, found.fee_fixed_minor) if found else (None, 0)


async def _keep(  # noqa: PLR0917 - all that a statement says of itself
    actor: Actor,
    account: SettlementAccount,
    head: Head,
    sums: arriving.Sums,
    statement_id: UUID,
    kept: tuple[str, str, str],
) -> Statement:
    payout = None
    if head.source == "rail_trade":
        payout = await payouts.of_day(account.tenant_id, account.id, head.channel, head.day_from)
    made = await Statement.create(
        id=statement_id,
        tenant_id=account.tenant_id,
        settlement_account_id=account.id,
        source=head.source,
        channel=head.channel,
        reference=head.reference,
        day_from=head.day_from,
        day_until=head.day_until,
        covers_from=head.covers_from,
        covers_until=head.covers_until,
        zone=head.zone,
        currency=head.currency,
        filename=kept[0][:200],
        storage_key=kept[1],
        sha256=kept[2],
        line_count=sums.lines,
        in_minor=sums.in_minor,
        out_minor=sums.out_minor,
        fee_minor=sums.fee_minor,
        opening_minor=head.opening_minor,
        closing_minor=head.closing_minor,
        is_provisional=head.is_provisional,
        payout_id=payout,
        read_by=actor.person_id,
        read_by_name=actor.name[:100],
    )
    if head.channel in CHANNELS and not head.is_provisional:
        await booking.book_fees(
            account.tenant_id,
            made.id,
            channel=head.channel,
            currency=head.currency,
            amount_minor=sums.fee_minor,
        )
    return made


async def follow_up(
    account: SettlementAccount, made: Statement, head: Head, fee: tuple[int | None, int]
) -> int:
    """Match what the new statement makes possible beyond its own references; return how many lines."""
    tenant_id = account.tenant_id
    await payouts.announce(tenant_id, account.id, head.channel, head.payouts)
    if head.is_provisional:
        return 0
    found = 0
    if made.channel in CHANNELS:
        found += await rematch(tenant_id, account.id, made.channel, fee=fee)
    else:
        await replace_provisional(tenant_id, account.id, made.channel)
    return found + await match_credits(tenant_id, account.id)


async def _find(account: SettlementAccount, made: Statement, head: Head, fee: tuple[int | None, int]) -> int:
    if made.is_provisional:
        return 0
    tenant_id, breaks = account.tenant_id, 0
    await finding.clear(tenant_id, account.id)
    if made.channel in CHANNELS:
        breaks += await finding.find_in_channel(tenant_id, account.id, made.channel, fee=fee)
        if head.is_complete and head.source != "rail_fund":
            span = (made.covers_from, made.covers_until)
            breaks += await finding.find_missing(
                tenant_id, account.id, made.channel, span=span, zone=made.zone
            )
    breaks += await finding.find_at_bank(tenant_id, account.id)
    breaks += await finding.check_payouts(tenant_id, account.id, await _whole(made, head))
    await finding.clear(tenant_id, account.id)
    await suggesting.suggest(tenant_id, account.id, made.channel)
    return breaks


async def _whole(made: Statement, head: Head) -> list[UUID]:
    """Return the payouts whose lines are all here now: those itemised in this file, or of its day."""
    of = {"tenant_id": made.tenant_id, "settlement_account_id": made.settlement_account_id}
    named = [payout.reference for payout in head.payouts if not payout.whole_days]
    itemised = await Payout.filter(**of, channel=made.channel, reference__in=named) if named else []
    whole = await Payout.filter(
        **of,
        channel=made.channel,
        day_from=made.day_from,
        day_until=made.day_until,
        reference__not_in=named or [""],
    )
    days = await Statement.filter(**of, payout_id__in=[payout.id for payout in whole]) if whole else []
    return [*(payout.id for payout in itemised), *{day.payout_id for day in days if day.payout_id}]
