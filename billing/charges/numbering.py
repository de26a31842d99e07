"""Numbers of bills: counted within a month, so that an institution's books have no gap."""

import random
from datetime import date

BOOKS = 16
"""A month's held bills are counted in so many books beside the month's own, each without a gap."""
NUMBERED = """
free as (
  select s.id from billing_number_series s, {subject}
   where s.tenant_id = $1 and s.series = any ({books}::text[]) order by s.series limit 1 for update of s skip locked
), counted as (
  update billing_number_series s set last_number = s.last_number + 1 from free
   where s.tenant_id = $1 and s.id = free.id returning s.series, s.last_number
), begun as (
  insert into billing_number_series (tenant_id, series, last_number)
  select $1, ({books}::text[])[{book}::int], 1 from {subject} where not exists (select 1 from counted)
  on conflict (tenant_id, series) do update set last_number = billing_number_series.last_number + 1
  returning series, last_number
), numbered as (
  select series || '-' || lpad(last_number::text, greatest(6, length(last_number::text)), '0') number
    from (select * from counted union all select * from begun) n
)
"""
"""The part of a statement that counts a bill for each row of ``subject`` (one at most), as ``numbered (number)``.

``books`` are the series that it may be counted in: the first that nobody else is counting in just now, or else the one
at the place ``book``, once whoever counts there has ended.
"""


def books_of(period: date) -> tuple[list[str], int]:
    """Return the one series of a month's bills: whoever comes next waits until this transaction has ended."""
    return [f"{period:%Y%m}"], 1


def held_books_of(period: date) -> tuple[list[str], int]:
    """Return the books of a month's held bills, so that a crowd does not queue for one, and the one to wait for.

    A quiet institution has one book; a new one is begun when all that there are are in use.
    """
    books = [f"{period:%Y%m}-{book:02d}" for book in range(1, BOOKS + 1)]
    return books, random.randint(1, BOOKS)  # noqa: S311 - spreads a crowd, guards nothing
