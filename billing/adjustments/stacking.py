"""How lasting adjustments stack on one line, to the minor unit: in Python for people and in SQL for runs.

A test holds the two together. By kind (discount, aid, waiver), then by the day they begin, then by number. Each takes
its percentage of what the ones before it have left, rounded half up to the minor unit, or its amount, and never more
than is left.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from billing.adjustments.kinds import KINDS, STANDING


@dataclass(frozen=True, slots=True)
class Standing:
    """A lasting adjustment as it meets a line; one of ``percent`` and ``amount_minor`` is set."""

    kind: str
    effective_from: date
    number: str
    percent: Decimal | None = None
    amount_minor: int | None = None

    @property
    def place(self) -> tuple[int, date, str]:
        """Return where it stands in the order."""
        return KINDS[self.kind].order, self.effective_from, self.number


def stack(left_minor: int, found: Iterable[Standing]) -> list[tuple[Standing, int]]:
    """Return what each takes off a line of which ``left_minor`` is left, in their order."""
    taken = []
    for one in sorted(found, key=lambda standing: standing.place):
        off = min(_off(one, left_minor), left_minor)
        left_minor -= off
        taken.append((one, off))
    return taken


def _off(one: Standing, left_minor: int) -> int:
    if one.percent is None:
        return one.amount_minor or 0
    return int((left_minor * one.percent / 100).quantize(Decimal(1), ROUND_HALF_UP))


ORDER = f"array_position(array[{', '.join(repr(kind) for kind in STANDING)}], s.kind::text)"
STACKED = f"""
standing as materialized (
  select s.id, s.kind, s.reason, s.percent, s.amount_minor, s.account_id, s.decided_by_name, l.id line_id,
         l.place line_place, l.bill_id, b.place bill_place, l.currency,
         greatest(l.amount_minor - l.paid_minor - l.adjusted_minor, 0) owed,
         row_number() over (partition by l.id order by {ORDER}, s.effective_from, s.number collate "C") rank
    from (select id, account_id, ctid place from billing_bill where run_id = $2
           union all
          select b.id, b.account_id, b.place from unnest($3::uuid[]) chosen (id) cross join lateral (
            select id, account_id, ctid place from billing_bill where id = chosen.id offset 0) b) b
    cross join lateral (select *, ctid place from billing_bill_line where bill_id = b.id offset 0) l
    cross join lateral (select kind from billing_fee_item where id = l.fee_item_id offset 0) i
    cross join lateral (
      select * from billing_standing_adjustment
       where account_id = b.account_id and (status = 'approved') is true offset 0) s
   where i.kind = 'charge' and s.currency = l.currency and s.effective_from <= l.period
     and lasts(s.effective_until, l.period)
     and (s.fee_item_id is null or s.fee_item_id = l.fee_item_id)
), stacked as (
  select s.id, s.line_id, s.line_place, s.bill_id, s.bill_place, s.rank, off.taken, s.owed - off.taken left_minor
    from standing s, lateral (
      select least(s.owed, coalesce(s.amount_minor, round(s.owed * s.percent / 100)))::bigint taken) off
   where s.rank = 1
  union all
  select s.id, s.line_id, s.line_place, s.bill_id, s.bill_place, s.rank, off.taken, before.left_minor - off.taken
    from stacked before join standing s on s.line_id = before.line_id and s.rank = before.rank + 1, lateral (
      select least(before.left_minor,
                   coalesce(s.amount_minor, round(before.left_minor * s.percent / 100)))::bigint taken) off
)"""
"""Two tables for a ``with recursive``: what stands for each line, and what each takes off it; ``$2`` is the run or
``$3`` the bills it is for, of which one is null.

Lines and adjustments are looked up bill by bill (``lateral``, ``offset 0``): joined as they stand, PostgreSQL began
where it knew least, and held every line of the institution against every adjustment in the same currency."""
