"""Lasting adjustments take off a line what Python and SQL both say, in one order, and never more than is left."""

from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.adjustments.kinds import KINDS
from billing.adjustments.kinds import STANDING as KINDS_STANDING
from billing.adjustments.stacking import STACKED, Standing, stack
from tests.billing.rules.conftest import Query, encoded, query

__all__ = ["query"]

percents = st.decimals(Decimal("0.0001"), 100, places=4).map(lambda value: (value, None))
amounts = st.integers(1, 20_000).map(lambda value: (None, value))
standings = st.lists(
    st.tuples(
        st.sampled_from(KINDS_STANDING), st.dates(date(2025, 1, 1), date(2025, 12, 31)), percents | amounts
    ),
    max_size=5,
).map(
    lambda found: [
        Standing(kind, start, f"L{number}", *value) for number, (kind, start, value) in enumerate(found)
    ]
)

TABLES = """
create temp table billing_bill (tenant_id int, id int, run_id int, account_id int);
create temp table billing_bill_line (tenant_id int, id int, bill_id int, fee_item_id int, period date, currency text,
                                     amount_minor bigint, paid_minor bigint, adjusted_minor bigint);
create temp table billing_fee_item (tenant_id int, id int, kind text);
create temp table billing_standing_adjustment (tenant_id int, id int, account_id int, kind text, status text,
  currency text, effective_from date, effective_until date, fee_item_id int, percent numeric, amount_minor bigint,
  number text, reason text, decided_by_name text);
insert into billing_fee_item values (1, 1, 'charge');
"""
FILL = """
with gone as (delete from billing_bill), lines as (delete from billing_bill_line),
     rest as (delete from billing_standing_adjustment) select 1
"""
BILLS = "insert into billing_bill select 1, n, 1, n from generate_series(1, $1::int) n"
LINES = (
    "insert into billing_bill_line select 1, n, n, 1, '2026-01-01', 'SGD', owed, 0, 0"
    " from unnest($1::bigint[]) with ordinality s (owed, n)"
)
STANDINGS = """
insert into billing_standing_adjustment
select 1, id, account, kind, 'approved', 'SGD', start, null, null, percent, amount, number, '', ''
  from jsonb_to_recordset($1::jsonb) s (id int, account int, kind text, start date, percent numeric, amount bigint,
                                        number text)
"""
TAKEN = f"with recursive {STACKED} select line_id, rank, taken from stacked order by line_id, rank"
TAKEN = TAKEN.replace("$1", "1").replace("$2", "1").replace("$3::uuid[]", "null::int[]")


@settings(
    max_examples=60,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.tuples(st.integers(0, 30_000), standings), min_size=1, max_size=12))
def test_python_and_sql_stack_alike(query: Query, bills: list[tuple[int, list[Standing]]]) -> None:
    if not query("select 1 from pg_class where relname = 'billing_standing_adjustment'"):
        for statement in TABLES.strip().split(";\n"):
            query(statement)
    query(FILL)
    query(BILLS, len(bills))
    query(LINES, [owed for owed, _ in bills])
    query(STANDINGS, encoded(list(_rows(bills))))
    found = [(row["line_id"], row["taken"]) for row in query(TAKEN)]
    expected = [(line, off) for line, (owed, own) in enumerate(bills, start=1) for _, off in stack(owed, own)]
    assert found == expected


def _rows(bills: list[tuple[int, list[Standing]]]) -> Any:
    serial = 0
    for account, (_, own) in enumerate(bills, start=1):
        for one in own:
            serial += 1
            yield {
                "id": serial,
                "account": account,
                "kind": one.kind,
                "start": one.effective_from,
                "percent": one.percent,
                "amount": one.amount_minor,
                "number": one.number,
            }


@given(st.integers(0, 30_000), standings)
def test_never_below_zero_and_in_the_order_of_kinds(left: int, found: list[Standing]) -> None:
    taken = stack(left, found)
    assert 0 <= sum(off for _, off in taken) <= left
    assert all(off >= 0 for _, off in taken)
    assert [one.place for one, _ in taken] == sorted(one.place for one in found)


def test_an_example_by_hand() -> None:
    """100.00: a discount of 10 % leaves 90.00, aid of 33.3333 % takes 30.00 of it, a waiver of 70.00 all the rest."""
    spring = date(2026, 3, 1)
    found = [
        Standing("waiver", spring, "L3", amount_minor=7000),
        Standing("aid", spring, "L2", percent=Decimal("33.3333")),
        Standing("discount", spring, "L1", percent=Decimal(10)),
    ]
    assert [(one.number, off) for one, off in stack(10_000, found)] == [
        ("L1", 1000),
        ("L2", 3000),
        ("L3", 6000),
    ]
    assert [KINDS[key].order for key in KINDS] == sorted(kind.order for kind in KINDS.values())
