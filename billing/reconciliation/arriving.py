"""A statement on its way in: streamed into a table of the transaction alone, then written with its matches at once.

Row-level security refuses ``COPY`` into a tenant's table, so lines are copied into a temporary one. From there one
statement joins them with our side and writes them with what they were matched with: no line is written twice, and a
million cost little more than the copy and the join.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from typing import IO
from uuid import UUID

import asyncpg

from billing.reconciliation.bulk import SUMS, stage_trades
from billing.reconciliation.sources.contract import PAYMENT, REFUND, Document, Line
from billing.reconciliation.sources.rail import TradeFile
from tenants.scope import execute, raw, row

BATCH = 4_000
_NO_CODE = re.compile(r"[^A-Za-z]")
WORK_MEMORY = "256MB"
SAMPLE = 10
"""How closely staged lines are looked at for the plans: how many there are, and that each names another of ours."""
COLUMNS = (
    "id", "position", "kind", "occurred_at", "day", "currency", "amount_minor", "fee_minor", "reference",
    "channel_reference", "line_key", "text", "payout", "ours",
)  # fmt: skip
_TABLE = """
create temporary table if not exists arriving (
  id uuid, position int, kind text, occurred_at timestamptz, day date, currency text, amount_minor bigint,
  fee_minor bigint, reference text, channel_reference text, line_key text, text text, payout text, ours uuid
) on commit drop
"""
_LINE = (
    "tenant_id, id, statement_id, settlement_account_id, channel, position, kind, occurred_at, day, currency,"
    " amount_minor, fee_minor, reference, channel_reference, line_key, text, status, matched_by, attempt_id, refund_id"
)
_READ = (
    "$1, a.id, $2, $3, $4::text, a.position, a.kind, a.occurred_at, a.day, a.currency, a.amount_minor, a.fee_minor,"
    " a.reference, a.channel_reference, a.line_key, a.text"
)
_SAME = "a.currency = o.currency and a.occurred_at <= o.{at} + interval '24 hours'"
_PAYMENTS = f"""
insert into billing_statement_line ({_LINE})
select {_READ}, case when a.amount_minor = o.amount_minor and {_SAME.format(at="ended_at")}
         and ($5::int is null or a.fee_minor = (a.amount_minor * $5 + 5000) / 10000 + $6) then 'matched' else 'differs'
       end, 'reference', o.id, null
  from arriving a join billing_attempt o on o.tenant_id = $1 and o.id = a.ours and o.channel = $4::text
 where a.kind = 'payment' and o.status = 'succeeded'
"""
_REFUNDS = f"""
insert into billing_statement_line ({_LINE})
select {_READ}, case when -a.amount_minor = o.amount_minor and {_SAME.format(at="succeeded_at")} then 'matched'
       else 'differs' end, 'reference', null, o.id
  from arriving a join billing_refund o on o.tenant_id = $1 and o.id = a.ours
 where a.kind = 'refund' and o.status = 'succeeded' and exists (select 1 from billing_payment p
   where p.tenant_id = $1 and p.id = o.payment_id and p.channel = $4::text)
"""
_UNLESS_TAKEN = " on conflict (tenant_id, {0}) where {0} is not null do nothing"
_OTHERS = f"""
insert into billing_statement_line ({_LINE})
select {_READ}, case when $5 then 'provisional' when a.kind in ('payout', 'fee') then 'matched' else 'open' end,
       case when not $5 and a.kind in ('payout', 'fee') then a.kind else '' end, null, null
  from arriving a
 where not exists (select 1 from billing_statement_line l
                    where l.tenant_id = $1 and l.id = a.id)
"""

LINES_OF = (
    "l.id between (left({s}::text, 28) || '00000000')::uuid and (left({s}::text, 28) || 'ffffffff')::uuid"
    " and l.statement_id = {s}"
)
"""The lines of a statement, found by the primary key alone: their ids are the statement's, ended by the position."""


class Sums:
    """What the lines add up to, in the account's currency and without payouts."""

    def __init__(self, found: object) -> None:
        got = dict(found)  # type: ignore[call-overload]
        self.lines: int = got["lines"]
        self.in_minor: int = got["in_minor"]
        self.out_minor: int = got["out_minor"]
        self.fee_minor: int = got["fee_minor"]
        self.payments: int = got["payments"]
        self.refunds: int = got["refunds"]


async def stage(document: Document, file: IO[bytes], statement_id: UUID) -> Sums:
    """Copy every line into the transaction's own table and return the sums.

    Raises:
        StatementRefused: as the parser says; nothing has been written then.
    """
    await execute(f"set local work_mem = '{WORK_MEMORY}'")
    await execute(_TABLE)
    await execute("truncate arriving")
    quick = await stage_trades(document, file, statement_id) if isinstance(document, TradeFile) else None
    if quick is None:
        source = _chunks(document.lines(), str(statement_id)[:28])
        await raw().copy_to_table("arriving", source=source, columns=list(COLUMNS), format="text")
    await execute(f"set local default_statistics_target = {SAMPLE}")
    await execute("analyze arriving (kind, ours)")
    return Sums(quick or await row(SUMS, document.head.currency))


async def _chunks(lines: Iterator[Line], prefix: str) -> AsyncIterator[bytes]:
    """Yield the lines as text for COPY; parsing happens beside the loop, a batch at a time."""
    while chunk := await asyncio.to_thread(_chunk, lines, prefix):
        yield chunk


def _chunk(lines: Iterator[Line], prefix: str) -> bytes:
    return "".join([_copied(line, prefix) for line in islice(lines, BATCH)]).encode()


def _copied(line: Line, prefix: str) -> str:
    """Return one line of COPY's text. Ids are the statement's, ended by the position: they sort as the lines stand."""
    (position, kind, at, day, currency, amount, fee, reference, channel_reference, key, text, payout) = line
    if "\\" in text or "\\" in reference or "\\" in channel_reference or "\\" in key or "\\" in payout:
        text, reference = text.replace("\\", "\\\\"), reference.replace("\\", "\\\\")
        channel_reference, key = channel_reference.replace("\\", "\\\\"), key.replace("\\", "\\\\")
        payout = payout.replace("\\", "\\\\")
    code = currency[:3] if currency.isalpha() else _NO_CODE.sub("?", currency)[:3]
    ours = reference if (kind in {PAYMENT, REFUND}) and is_uuid(reference) else "\\N"
    return (
        f"{prefix}{position:08x}\t{position}\t{kind}\t{at.isoformat()}\t{day}\t{code}\t{amount}\t{fee}"
        f"\t{reference}\t{channel_reference}\t{key}\t{text}\t{payout}\t{ours}\n"
    )


is_uuid = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}").fullmatch


async def write(
    tenant_id: UUID,
    statement_id: UUID,
    account_id: UUID,
    channel: str,
    sums: Sums,
    *,
    fee: tuple[int | None, int],
    is_provisional: bool,
) -> int:
    """Write the staged lines with their matches by our reference and return how many found our side."""
    of = (tenant_id, statement_id, account_id, channel)
    matched = 0
    if sums.payments and not is_provisional:
        matched += await _write_matched(_PAYMENTS, "attempt_id", *of, *fee)
    if sums.refunds and not is_provisional:
        matched += await _write_matched(_REFUNDS, "refund_id", *of)
    if matched < sums.lines:
        await execute(_OTHERS, *of, is_provisional)
    return matched


async def _write_matched(statement: str, ours: str, *args: object) -> int:
    """Write the lines that name something of ours, the first for each, and return how many.

    Most files name everything once, so that is tried first: asking about every line whether it may stay is a second
    look at the index and a second log record. The unique index refuses where it is not so, nothing of the try remains,
    and each line is asked about.
    """
    try:
        async with raw().transaction():
            return await execute(statement, *args)
    except asyncpg.UniqueViolationError:
        return await execute(statement + _UNLESS_TAKEN.format(ours), *args)
