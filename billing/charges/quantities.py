"""Numbers of a month on their way into bills: who found them says how much, bill runs read them by name.

A rule reads ``quantity:water``; ``quantity:water_this_year`` is what earlier months of the same year come to, for tiers
that go by the year. An account without any row of a name has no such quantity, which a rule says by itself.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from tenants.scope import execute, row, value

PLACES = Decimal("0.000001")
YEAR = "_this_year"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_SUM = """, (select sum(q.amount) from billing_quantity q
   where q.account_id = a.id and q.period = $5 and q.name = '{name}') quantity_{name}"""
_EARLIER = """, (select coalesce(sum(q.amount), 0) from billing_quantity q
   where q.account_id = a.id and q.period >= date_trunc('year', $5::date)::date and q.period < $5
     and q.name = '{of}') quantity_{name}"""
_ANY = "select 1 from billing_quantity q where q.account_id = a.id and q.period = $5 and q.name in ({names}) offset 0"
_IS_BILLED = """
select exists (
  select 1 from billing_quantity q
    join billing_bill_line l on l.tenant_id = q.tenant_id and l.account_id = q.account_id and l.period = q.period
     and l.is_live and l.inputs ? ('quantity:' || q.name)
   where q.tenant_id = $1 and q.source_id = any ($2::uuid[]))
"""
_OPEN = """
select max(l.period) from billing_bill_line l
 where l.tenant_id = $1 and l.account_id = $2 and l.is_live and l.is_periodic and l.inputs ? ('quantity:' || $3)
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """So much for one account and month, found by one source."""

    account_id: UUID
    period: date
    amount: Decimal
    source_id: UUID


async def put(tenant_id: UUID, name: str, source_kind: str, entries: Iterable[Entry]) -> None:
    """Write down what was found, in the open scope; a source that is there already is refused by the database."""
    found = list(entries)
    await execute(
        "insert into billing_quantity (tenant_id, account_id, period, name, amount, source_kind, source_id)"
        " select $1, s.account, s.period, $2, s.amount, $3, s.source"
        " from unnest($4::uuid[], $5::date[], $6::numeric[], $7::uuid[]) s (account, period, amount, source)",
        tenant_id,
        name,
        source_kind,
        [one.account_id for one in found],
        [one.period for one in found],
        [one.amount.quantize(PLACES) for one in found],
        [one.source_id for one in found],
    )


async def is_billed(tenant_id: UUID, source_ids: Sequence[UUID]) -> bool:
    """Tell whether a bill that stands was worked out from any of these sources."""
    return bool(await value(_IS_BILLED, tenant_id, list(source_ids)))


async def take_back(tenant_id: UUID, source_ids: Sequence[UUID]) -> None:
    """Forget what these sources gave; the caller has made sure that nothing was billed by it."""
    await execute(
        "delete from billing_quantity where tenant_id = $1 and source_id = any ($2::uuid[])",
        tenant_id,
        list(source_ids),
    )


async def open_month(tenant_id: UUID, account_id: UUID, name: str, wanted: date) -> date:
    """Return the month that a number found late goes to: the wanted one, or the first that is not billed yet."""
    last: date | None = await value(_OPEN, tenant_id, account_id, name)
    if last is None or last < wanted:
        return wanted
    found = await row("select ($1::date + interval '1 month')::date following", last)
    assert found is not None  # noqa: S101 - a statement without a table has one row
    following: date = found["following"]
    return following


def names_of(keys: Sequence[str], known: Iterable[str]) -> list[str]:
    """Return the quantities that a rule reads and nobody else gives, safe to be written into a statement."""
    named = [key for key in keys if key.startswith("quantity:") and key not in set(known)]
    names = [key.removeprefix("quantity:") for key in named]
    if not all(_NAME.fullmatch(name) for name in names):
        raise ValueError("a quantity's name that no rule may contain")
    return names


def select_of(names: Iterable[str]) -> str:
    """Return further columns of a statement over accounts ``a`` whose ``$5`` is the month."""
    return "".join(
        _EARLIER.format(name=name, of=name.removesuffix(YEAR))
        if name.endswith(YEAR)
        else _SUM.format(name=name)
        for name in names
    )


def counted(names: Iterable[str]) -> str:
    """Return the condition that lets an account that has ended be charged what was found for it later."""
    listed = ", ".join(f"'{name}'" for name in names if not name.endswith(YEAR))
    return f" or exists ({_ANY.format(names=listed)})" if listed else ""
