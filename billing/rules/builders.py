"""Short ways to write documents in Python: numbers as ``"63.50"``, facts by name.

A bare name where a part is wanted is an account's attribute; a bare number is a constant.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from billing.rules.currency import finest_step
from billing.rules.documents import Charge, LateFee
from billing.rules.nodes import (
    AllOf,
    AnyOf,
    Attribute,
    Balance,
    Blocks,
    Bounds,
    Case,
    Choose,
    Compare,
    Condition,
    Equals,
    Excess,
    Fixed,
    Higher,
    Key,
    Known,
    Line,
    Lower,
    Node,
    Not,
    OneOf,
    Operand,
    Percent,
    Product,
    Quantity,
    Rate,
    Row,
    Sum,
    Table,
    Tier,
    Tiers,
)
from billing.rules.numbers import plain_decimal
from billing.rules.terms import Discount, LateTerms, Rounding

Like = Any


def node(like: Like) -> Node:
    """Return a part as it is, a number as a constant, a name as an attribute."""
    if isinstance(like, str) and not like[:1].isdigit():
        return Attribute(name=like)
    return fixed(like) if isinstance(like, (str, int)) else like


def fixed(amount: str | int, label: str | None = None) -> Fixed:
    """Return a constant."""
    return Fixed(amount=plain_decimal(amount), label=label)


def attribute(name: str) -> Attribute:
    """Return a number kept on the account."""
    return Attribute(name=name)


def quantity(name: str) -> Quantity:
    """Return a number that belongs to the period."""
    return Quantity(name=name)


def balance(name: str) -> Balance:
    """Return an earlier balance."""
    return Balance(name=name)


def line(name: str) -> Line:
    """Return another line of the same bill."""
    return Line(name=name)


def rate(price: str, per: Like, *coefficients: Like, label: str | None = None) -> Rate:
    """Return ``price`` times ``per`` times all coefficients."""
    factors = tuple(node(one) for one in coefficients)
    return Rate(rate=plain_decimal(price), per=node(per), coefficients=factors, label=label)


def product(*factors: Like) -> Product:
    """Return all factors multiplied."""
    return Product(factors=tuple(node(one) for one in factors))


def total(*parts: Like) -> Sum:
    """Return all parts added."""
    return Sum(parts=tuple(node(one) for one in parts))


def percent(value: str, of: Like, over: Any = 1) -> Percent:
    """Return a percentage, a yearly one taken ``over`` 12, 360 or 365."""
    return Percent(percent=plain_decimal(value), of=node(of), over=over)


def bounds(of: Like, *, minimum: Like = None, maximum: Like = None) -> Bounds:
    """Return an amount within limits."""
    least, most = (None if limit is None else node(limit) for limit in (minimum, maximum))
    return Bounds(of=node(of), minimum=least, maximum=most)


def higher(*among: Like) -> Higher:
    """Return the highest."""
    return Higher(among=tuple(node(one) for one in among))


def lower(*among: Like) -> Lower:
    """Return the lowest."""
    return Lower(among=tuple(node(one) for one in among))


def excess(of: Like, over: Like) -> Excess:
    """Return by how much one is above the other."""
    return Excess(of=node(of), over=node(over))


def tiers(of: Like, *steps: tuple[str | None, str], after: Like = None) -> Tiers:
    """Return marginal tiers from ``(up to, rate)`` pairs, the last up to ``None``."""
    made = tuple(
        Tier(up_to=None if limit is None else plain_decimal(limit), rate=plain_decimal(price))
        for limit, price in steps
    )
    return Tiers(of=node(of), tiers=made, after=None if after is None else node(after))


def blocks(of: Like, size: str, price: str) -> Blocks:
    """Return ``price`` for every ``size`` units or part of them."""
    return Blocks(of=node(of), size=plain_decimal(size), price=plain_decimal(price))


def table(
    by: str | Sequence[str],
    cells: Mapping[Any, str | None],
    default: str | None = None,
    label: str | None = None,
) -> Table:
    """Return a table from ``{key: amount}`` or ``{(key, key): amount}``; None is "not offered"."""
    rows = tuple(
        Row(
            keys=key if isinstance(key, tuple) else (key,),
            amount=None if amount is None else plain_decimal(amount),
        )
        for key, amount in cells.items()
    )
    names = (by,) if isinstance(by, str) else tuple(by)
    return Table(
        by=names, rows=rows, default=None if default is None else plain_decimal(default), label=label
    )


def choose(*cases: tuple[Condition, Like], otherwise: Like = None) -> Choose:
    """Return the part of the first case that holds."""
    made = tuple(Case(when=when, then=node(then)) for when, then in cases)
    return Choose(cases=made, otherwise=None if otherwise is None else node(otherwise))


def eq(name: str, value: Key) -> Equals:
    """Return "the attribute is this"."""
    return Equals(attribute=name, value=value)


def one_of(name: str, *values: Key) -> OneOf:
    """Return "the attribute is one of these"."""
    return OneOf(attribute=name, values=values)


def compare(of: Operand | str, kind: Any, value: str | int) -> Compare:
    """Return a number from the facts against a constant; ``kind`` is ``ge``, ``gt``, ``le`` or ``lt``."""
    operand = Attribute(name=of) if isinstance(of, str) else of
    return Compare(kind=kind, of=operand, value=plain_decimal(value))


def known(of: Operand | str) -> Known:
    """Return "the fact is there"."""
    return Known(of=Attribute(name=of) if isinstance(of, str) else of)


def all_of(*conditions: Condition) -> AllOf:
    """Return "every one holds"."""
    return AllOf(all=conditions)


def any_of(*conditions: Condition) -> AnyOf:
    """Return "at least one holds"."""
    return AnyOf(any=conditions)


def negate(condition: Condition) -> Not:
    """Return "it does not hold"."""
    return Not(condition=condition)


def rounding(step: str = "0.01", mode: Any = "half_up") -> Rounding:
    """Return a rounding step."""
    return Rounding(mode=mode, step=plain_decimal(step))


def discount(
    label: str, value: Like, *, take: Any = "percent", of: Any = "rest", when: Condition | None = None
) -> Discount:
    """Return a discount of a percentage or an amount."""
    return Discount(label=label, take=take, value=node(value), of=of, when=when)


def late_terms(amount: Like, *, round_to: Rounding | None = None, **terms: Any) -> LateTerms:
    """Return late-fee terms, to go into a charge."""
    return LateTerms(amount=node(amount), rounding=round_to or rounding(), **terms)


def late_fee(currency: str, amount: Like, *, round_to: Rounding | None = None, **terms: Any) -> LateFee:
    """Return a late fee as a document of its own, rounded to the currency's smallest unit unless told otherwise."""
    round_to = round_to or rounding(finest_step(currency))
    return LateFee(currency=currency, amount=node(amount), rounding=round_to, **terms)


def charge(currency: str, amount: Like, *, round_to: Rounding | None = None, **terms: Any) -> Charge:
    """Return a charge, rounded as a late fee is; ``terms`` are the other members of ``Charge``."""
    round_to = round_to or rounding(finest_step(currency))
    return Charge(currency=currency, amount=node(amount), rounding=round_to, **terms)
