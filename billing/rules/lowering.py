"""What a document means, said in fewer words: both kinds become one core, which both evaluators work on.

A late fee is defined here as the tree of parts it stands for, so that its meaning is written once and neither
evaluator knows about late fees.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from billing.rules.facts import PERIOD_KEYS
from billing.rules.nodes import (
    AllOf,
    Attribute,
    Balance,
    Case,
    Choose,
    Compare,
    Condition,
    Equals,
    Excess,
    Fixed,
    Known,
    Line,
    Lower,
    Node,
    OneOf,
    Part,
    Product,
    Quantity,
    Table,
    walk,
)
from billing.rules.terms import Discount, LateTerms, Rounding

ARREARS, PRINCIPAL, CHARGED = (Balance(name=n) for n in ("arrears", "principal", "late_fee_charged"))
DAYS_LATE, MONTHS_LATE, MONTHS_SINCE = (
    Quantity(name=n) for n in ("days_late", "months_in_arrears", "months_since_late_fee")
)
NOTHING = Fixed(amount=Decimal(0))


@dataclass(frozen=True)
class Core:
    """A rule reduced to its order of working: eligible, amount, discounts, days, rounding."""

    currency: str
    amount: Node
    rounding: Rounding
    eligible: Condition | None = None
    discounts: tuple[Discount, ...] = ()
    is_by_day: bool = False

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Return the names of the facts that the rule reads, each once, in reading order."""
        pieces = [piece for piece in (self.eligible, self.amount, *self.discounts) if piece is not None]
        names = [name for piece in pieces for part, _ in walk(piece) for name in _reads(part)]
        return tuple(dict.fromkeys([*names, *(PERIOD_KEYS if self.is_by_day else ())]))


def _reads(part: Part) -> Iterator[str]:
    match part:
        case Table():
            yield from part.by
        case Equals() | OneOf():
            yield part.attribute
        case Attribute():
            yield part.name
        case Quantity() | Balance() | Line():
            yield f"{part.kind}:{part.name}"


def late_amount(terms: LateTerms) -> Node:
    """Return the amount that late-fee terms stand for.

    Nothing without arrears, before its first day or month, or too soon after the last one; otherwise the
    amount for each time, month or day, within the cap, less what was charged before.
    """
    refusals = tuple(Case(when=when, then=NOTHING) for when in _refusals(terms))
    return Choose(cases=refusals, otherwise=_charged_now(terms))


def _refusals(terms: LateTerms) -> Iterator[Condition]:
    yield Compare(kind="le", of=ARREARS, value=Decimal(0))
    if terms.after_days:
        yield Compare(kind="le", of=DAYS_LATE, value=Decimal(terms.after_days))
    if terms.after_months:
        yield Compare(kind="lt", of=MONTHS_LATE, value=Decimal(terms.after_months))
    if terms.at_most_once_months:
        soon = Compare(kind="lt", of=MONTHS_SINCE, value=Decimal(terms.at_most_once_months))
        yield AllOf(all=(Known(of=MONTHS_SINCE), soon))


def _charged_now(terms: LateTerms) -> Node:
    if terms.each == "time":
        return Lower(among=(terms.amount, Excess(of=PRINCIPAL, over=CHARGED))) if terms.cap else terms.amount
    total: Node = Product(factors=(terms.amount, _units(terms)))
    return Excess(of=Lower(among=(total, PRINCIPAL)) if terms.cap else total, over=CHARGED)


def _units(terms: LateTerms) -> Node:
    if terms.each == "day":
        return Excess(of=DAYS_LATE, over=Fixed(amount=Decimal(terms.after_days)))
    return Excess(of=MONTHS_LATE, over=Fixed(amount=Decimal(max(terms.after_months, 1) - 1)))
