"""Numbers of bills: counted within a month, so that an institution's books have no gap."""

import random
from datetime import date
from uuid import UUID

from tenants.scope import row, value

BOOKS = 16
"""A month's held bills are counted in so many books beside the month's own, each without a gap."""
_NEXT = """
insert into billing_number_series (tenant_id, series, last_number) values ($1, $2, 1)
on conflict (tenant_id, series) do update set last_number = billing_number_series.last_number + 1
returning last_number
"""
_NEXT_OF_FREE = """
with free as (
  select id from billing_number_series where tenant_id = $1 and series = any ($2) order by series
   limit 1 for update skip locked)
update billing_number_series s set last_number = s.last_number + 1 from free
 where s.tenant_id = $1 and s.id = free.id returning s.series, s.last_number
"""


async def next_bill_number(tenant_id: UUID, period: date) -> str:
    """Return the next number of a month's bills; whoever asks next waits until this transaction has ended."""
    return await _next(tenant_id, f"{period:%Y%m}")


async def next_held_number(tenant_id: UUID, period: date) -> str:
    """Return the next number of a book that nobody else is counting in, so that a crowd does not queue for one.

    A quiet institution has one book; a new one is begun when all that there are are in use.
    """
    books = [f"{period:%Y%m}-{book:02d}" for book in range(1, BOOKS + 1)]
    free = await row(_NEXT_OF_FREE, tenant_id, books)
    if free is not None:
        return _number(free["series"], free["last_number"])
    return await _next(tenant_id, random.choice(books))  # noqa: S311 - spreads a crowd, guards nothing


async def _next(tenant_id: UUID, series: str) -> str:
    return _number(series, await value(_NEXT, tenant_id, series))


def _number(series: str, number: int) -> str:
    return f"{series}-{number:06d}"
