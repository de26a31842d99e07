"""One bill with its lines and its entry in the ledger, written in one statement.

What sells in a crowd issues a bill for each sale, and a round trip for each row would be what the crowd waits for.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from billing import ledger
from billing.charges.numbering import NUMBERED, books_of, held_books_of
from billing.models import Bill
from billing.payments.states import PAYABLE
from tenants.ids import new_id
from tenants.scope import row

_NUMBERED = NUMBERED.format(subject="account", books="$10", book="$11")
_WRITE = f"""
with asked as (
  select * from unnest($12::uuid[], $13::bigint[], $14::jsonb[], $15::uuid[], $16::date[], $17::jsonb[])
    with ordinality s (fee_item_id, amount_minor, names, fee_rule_id, period, inputs, place)
), items as (
  select a.*, i.names of_item, case when i.kind = 'stored' then 'top_up:' else 'income:' end || i.key credited
    from asked a join billing_fee_item i on i.tenant_id = $1 and i.id = a.fee_item_id and i.currency = $6
), account as (
  select a.* from tenants_account a where a.tenant_id = $1 and a.id = $2 and a.is_active
     and (select count(*) from items) = cardinality($12::uuid[])
), {_NUMBERED}, bill as (
  insert into billing_bill (tenant_id, id, account_id, kind, reference, scenario, number, period, due_on, currency,
                            total_minor, status, account_number, account_name, place, issued_at, held_until)
  select $1, $3, a.id, 'one_off', $7, a.scenario, n.number, $4, $5, $6, (select sum(amount_minor) from asked), $8,
         a.number, a.name, a.place, $18, $9
    from account a, numbered n returning *
), line as (
  insert into billing_bill_line (tenant_id, id, bill_id, account_id, fee_item_id, fee_rule_id, period, currency,
                                 amount_minor, names, inputs, position, is_periodic)
  select $1, new_id(), b.id, b.account_id, i.fee_item_id, i.fee_rule_id, coalesce(i.period, b.period), b.currency,
         i.amount_minor, coalesce(i.names, i.of_item), coalesce(i.inputs, '{{}}'), i.place - 1, i.period is not null
    from bill b, items i
), entry as (
  insert into billing_entry (tenant_id, id, kind, source_id)
  select $1, $19, 'bill.issued', b.id from bill b returning id
), posting as (
  insert into billing_posting (tenant_id, entry_id, ledger, currency, amount_minor, account_id, bill_id)
  select $1, e.id, s.ledger, b.currency, s.amount_minor, b.account_id, b.id
    from entry e, bill b, lateral (
      select '{ledger.RECEIVABLE}' ledger, b.total_minor amount_minor
      union all select i.credited, -i.amount_minor from items i) s
)
select b.*, exists (
  select 1 from billing_standing_adjustment where tenant_id = $1 and status = 'approved') has_standing from bill b
"""


@dataclass(frozen=True, slots=True)
class Worked:
    """How a line came about that is what its fee comes to in a period: the rule's version, and what it read."""

    period: date
    fee_rule_id: UUID
    inputs: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One line to be written; ``worked`` where it is the fee's own for a period."""

    fee_item_id: UUID
    amount_minor: int
    words: Mapping[str, str]
    worked: Worked | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """What a bill says beside its lines. A bill that is held until some moment is counted in books of its own."""

    tenant_id: UUID
    account_id: UUID
    period: date
    due_on: date
    currency: str
    reference: str
    held_until: datetime | None
    bill_id: UUID


async def insert(head: Head, lines: Sequence[Line]) -> tuple[Bill, bool] | None:
    """Write and book a bill, and return it with whether the institution has lasting adjustments.

    Nothing is written, and nothing returned, where there is no such account that is active, or no such fee.
    """
    books, book = held_books_of(head.period) if head.held_until else books_of(head.period)
    worked = [one.worked for one in lines]
    found = await row(
        _WRITE, head.tenant_id, head.account_id, head.bill_id, head.period, head.due_on, head.currency, head.reference,
        PAYABLE[0], head.held_until, books, book,
        [one.fee_item_id for one in lines], [one.amount_minor for one in lines],
        [_json(one.words) if one.words else None for one in lines],
        [one and one.fee_rule_id for one in worked], [one and one.period for one in worked],
        [_json(one.inputs) if one else None for one in worked],
        datetime.now(UTC), new_id(),
    )  # fmt: skip
    if found is None:
        return None
    return Bill._init_from_db(**dict(found)), found["has_standing"]  # noqa: SLF001 - a row, however it was read


def _json(data: Mapping[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False)
