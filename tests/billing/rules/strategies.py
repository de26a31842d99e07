"""Any rule and any account: documents of every kind of part, and facts that fit, miss or are malformed."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from billing.rules import Facts, Period

TEXTS = ("kind", "size", "is_reduced")
NUMBERS = ("area_sqm", "people")
QUANTITIES = ("usage", "months", "used_this_year")
BALANCES = ("arrears", "principal")
LINES = ("water", "rent")
LATE = ("days_late", "months_in_arrears", "months_since_late_fee")
VALUES: dict[str, list[Any]] = {
    "kind": ["a", "b", "c'; --"],
    "size": [1, 2, "x\\"],
    "is_reduced": [True, False],
}
STEPS = {
    "SGD": ["0.01", "0.05", "0.1", "1"],
    "JPY": ["1", "10"],
    "KWD": ["0.001", "0.005", "0.05", "0.1", "1"],
}

decimals = st.decimals(0, 10_000, places=4).map(lambda value: format(value.normalize(), "f"))
prices = st.one_of(
    st.sampled_from(["0", "0.5", "1", "63.50", "0.00000001", "0.3333", "999999999999"]), decimals, decimals
)
sizes = st.sampled_from(["0.1", "1", "3", "7.5", "10"])


def part(kind: str, **members: Any) -> st.SearchStrategy[dict[str, Any]]:
    fixed = {
        key: value if isinstance(value, st.SearchStrategy) else st.just(value)
        for key, value in members.items()
    }
    return st.fixed_dictionaries({"kind": st.just(kind), **fixed})


operands = st.one_of(
    part("attribute", name=st.sampled_from(NUMBERS)),
    part("quantity", name=st.sampled_from(QUANTITIES)),
    part("balance", name=st.sampled_from(BALANCES)),
    part("line", name=st.sampled_from(LINES)),
)


@st.composite
def tables(draw: st.DrawFn) -> dict[str, Any]:
    by = draw(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=3, unique=True))
    keys = st.tuples(*(st.sampled_from(VALUES[name]) for name in by))
    chosen = draw(st.lists(keys, min_size=1, max_size=6, unique_by=str))
    rows = [{"keys": list(key), "amount": draw(st.none() | prices)} for key in chosen]
    default = draw(st.none() | prices)
    return {"kind": "table", "by": by, "rows": rows, "default": default}


def equal_or_one_of(name: str) -> st.SearchStrategy[dict[str, Any]]:
    value = st.sampled_from(VALUES[name])
    return part("eq", attribute=name, value=value) | part(
        "in", attribute=name, values=st.lists(value, min_size=1)
    )


comparisons = st.builds(
    lambda kind, of, value: {"kind": kind, "of": of, "value": value},
    st.sampled_from(["ge", "gt", "le", "lt"]),
    operands,
    st.sampled_from(["0", "1", "10", "100.5"]),
)
conditions = st.recursive(
    st.one_of(st.sampled_from(TEXTS).flatmap(equal_or_one_of), comparisons, part("known", of=operands)),
    lambda inner: st.one_of(
        part("and", all=st.lists(inner, min_size=1, max_size=3)),
        part("or", any=st.lists(inner, min_size=1, max_size=3)),
        part("not", condition=inner),
    ),
    max_leaves=4,
)


@st.composite
def tier_lists(draw: st.DrawFn) -> list[dict[str, Any]]:
    limits = sorted(
        draw(st.sets(st.sampled_from(["5", "10.5", "33", "100", "2000"]), max_size=4)), key=Decimal
    )
    return [{"up_to": limit, "rate": draw(prices)} for limit in [*limits, None]]


def larger(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    several = st.lists(inner, min_size=2, max_size=3)
    cases = st.lists(st.fixed_dictionaries({"when": conditions, "then": inner}), min_size=1, max_size=3)
    return st.one_of(
        part("rate", rate=prices, per=inner, coefficients=st.lists(inner, max_size=2)),
        part("product", factors=several),
        part("sum", parts=several),
        part("percent", percent=prices, of=inner, over=st.sampled_from([1, 12, 365])),
        part("bounds", of=inner, minimum=st.none() | inner, maximum=st.none() | inner),
        part("higher", among=several),
        part("lower", among=several),
        part("excess", of=inner, over=inner),
        part("tiers", of=inner, tiers=tier_lists(), after=st.none() | inner),
        part("blocks", of=inner, size=sizes, price=prices),
        part("choose", cases=cases, otherwise=st.none() | inner),
    )


nodes = st.recursive(st.one_of(part("fixed", amount=prices), operands, tables()), larger, max_leaves=6)


@st.composite
def roundings(draw: st.DrawFn, currency: str) -> dict[str, Any]:
    mode = draw(st.sampled_from(["half_up", "half_even", "up", "down"]))
    return {"mode": mode, "step": draw(st.sampled_from(STEPS[currency]))}


discounts = st.fixed_dictionaries(
    {
        "label": st.just("Aid"),
        "take": st.sampled_from(["percent", "amount"]),
        "value": st.one_of(part("fixed", amount=prices), operands),
        "of": st.sampled_from(["rest", "full"]),
        "when": st.none() | conditions,
    }
)


@st.composite
def charges(draw: st.DrawFn) -> dict[str, Any]:
    currency = draw(st.sampled_from(sorted(STEPS)))
    return {
        "kind": "charge",
        "currency": currency,
        "proration": draw(st.sampled_from(["none", "by_day"])),
        "amount": draw(nodes),
        "eligible": draw(st.none() | conditions),
        "discounts": draw(st.lists(discounts, max_size=2)),
        "rounding": draw(roundings(currency)),
    }


@st.composite
def late_fees(draw: st.DrawFn) -> dict[str, Any]:
    currency = draw(st.sampled_from(sorted(STEPS)))
    return {
        "kind": "late_fee",
        "currency": currency,
        "amount": draw(nodes),
        "each": draw(st.sampled_from(["time", "month", "day"])),
        "after_days": draw(st.sampled_from([0, 30])),
        "after_months": draw(st.sampled_from([0, 2])),
        "cap": draw(st.sampled_from([None, "principal"])),
        "at_most_once_months": draw(st.sampled_from([None, 6])),
        "eligible": draw(st.none() | conditions),
        "rounding": draw(roundings(currency)),
    }


documents = st.one_of(charges(), charges(), late_fees())
absent = st.sampled_from([None, ""])
numbers = st.one_of(
    st.decimals(0, 3000, places=2),
    st.integers(0, 50),
    decimals,
    st.sampled_from(["abc", "-1", "1e3", "1.", " 5", "0.1234567", "9999999999999", "12\n", "٣"]),
    absent,
)
quantities = st.one_of(
    st.none(),
    st.decimals(0, 5000, places=3),
    st.integers(0, 40),
    st.sampled_from([Decimal("-0.5"), Decimal(10**12), Decimal("0.1234567"), Decimal("12.500000000")]),
)
minor = st.none() | st.integers(-10_000, 10_000_000) | st.sampled_from([0, 1, -1])
spans = st.dates(date(2024, 1, 1), date(2028, 1, 1)).flatmap(
    lambda first: st.integers(0, 400).map(lambda days: Period(first, first + timedelta(days=days)))
)


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    """An account of which anything may be absent or malformed."""
    texts = {name: draw(st.sampled_from([*VALUES[name], "other", None])) for name in TEXTS}
    period = draw(st.none() | spans | spans)
    days = st.none() if period is None else st.none() | st.integers(-20, 420)
    first = date(2024, 1, 1) if period is None else period.first
    start, stop = (None if n is None else first + timedelta(days=n) for n in (draw(days), draw(days)))
    return Facts(
        attributes={**texts, **{name: draw(numbers) for name in NUMBERS}},
        quantities={name: draw(quantities) for name in (*QUANTITIES, *LATE)},
        balances={name: draw(minor) for name in (*BALANCES, "late_fee_charged")},
        lines={name: draw(minor) for name in LINES},
        period=period,
        active_from=start,
        active_to=stop,
    )


@st.composite
def whole_facts(draw: st.DrawFn) -> Facts:
    """An account of which everything is known and well formed."""
    period = draw(spans)
    known = st.decimals(0, 3000, places=2)
    return Facts(
        attributes={
            **{name: draw(st.sampled_from(VALUES[name])) for name in TEXTS},
            **{name: draw(known) for name in NUMBERS},
        },
        quantities={name: draw(known) for name in (*QUANTITIES, *LATE)},
        balances={name: draw(st.integers(0, 10_000_000)) for name in (*BALANCES, "late_fee_charged")},
        lines={name: draw(st.integers(0, 10_000_000)) for name in LINES},
        period=period,
        active_from=period.first + timedelta(days=draw(st.integers(-10, 10))),
    )


accounts = st.one_of(facts(), whole_facts())
