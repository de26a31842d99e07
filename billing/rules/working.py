"""The value of each kind of part, worked out exactly, with a step noted for each that does something."""

from collections.abc import Callable
from fractions import Fraction
from math import prod
from typing import Any

from billing.rules.conditions import holds
from billing.rules.nodes import (
    Attribute,
    Balance,
    Blocks,
    Bounds,
    Choose,
    Excess,
    Fixed,
    Higher,
    Line,
    Lower,
    Node,
    Percent,
    Product,
    Quantity,
    Rate,
    Sum,
    Table,
    Tiers,
)
from billing.rules.outcome import Step
from billing.rules.phrases import condition_words
from billing.rules.reading import Fault, Reader
from billing.rules.words import (
    TIMES,
    Joined,
    decimal_of,
    figure,
    joined,
    line_words,
    money,
    name_words,
    value_words,
)
from ui.i18n import Text, t


class Working:
    """One account's way through a rule."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.steps: list[Step] = []

    def value(self, node: Node) -> Fraction:
        """Return the exact value of a part.

        Raises:
            Fault: a fact that it needs is missing or unusable, or the tariff has no price.
        """
        return _VALUES[type(node)](self, node)

    def note(self, text: Text, value: Fraction, label: str | None = None) -> Fraction:
        """Add a step that arrives at ``value``, and return the value."""
        shown = t("{label}: {working}", label=label, working=text) if label else text
        self.steps.append(Step(shown, decimal_of(value)))
        return value

    def money(self, value: Fraction) -> object:
        """Return an amount in the rule's currency for a step."""
        return money(value, self.reader.currency)


def _fixed(_work: Working, node: Fixed) -> Fraction:
    return Fraction(node.amount)


def _operand(work: Working, node: Attribute | Quantity | Balance | Line) -> Fraction:
    return work.reader.number(node)


def _term(node: Node, value: Fraction) -> object:
    """Return a number within a working, with the name of what it is where it has one."""
    if node.label:
        return t("{value} ({name})", value=figure(value), name=node.label)
    if isinstance(node, Line):
        return t("{value} ({name})", value=figure(value), name=line_words(node.name))
    if isinstance(node, (Attribute, Quantity, Balance)):
        return t("{value} ({name})", value=figure(value), name=name_words(node.name))
    return figure(value)


def _terms(nodes: tuple[Node, ...], values: list[Fraction], sign: str) -> Joined:
    return joined((_term(node, value) for node, value in zip(nodes, values, strict=True)), f" {sign} ")


def _rate(work: Working, node: Rate) -> Fraction:
    factors = (node.per, *node.coefficients)
    values = [work.value(factor) for factor in factors]
    result = Fraction(node.rate) * prod(values)
    working = joined((figure(node.rate), _terms(factors, values, TIMES)), f" {TIMES} ")
    return work.note(t("{working} = {value}", working=working, value=figure(result)), result, node.label)


def _product(work: Working, node: Product) -> Fraction:
    values = [work.value(factor) for factor in node.factors]
    result = prod(values, start=Fraction(1))
    working = _terms(node.factors, values, TIMES)
    return work.note(t("{working} = {value}", working=working, value=figure(result)), result, node.label)


def _sum(work: Working, node: Sum) -> Fraction:
    values = [work.value(part) for part in node.parts]
    result = sum(values, Fraction(0))
    working = _terms(node.parts, values, "+")
    return work.note(t("{working} = {value}", working=working, value=figure(result)), result, node.label)


def _percent(work: Working, node: Percent) -> Fraction:
    base = work.value(node.of)
    result = base * Fraction(node.percent) / (100 * node.over)
    shown = {"percent": figure(node.percent), "of": _term(node.of, base), "value": figure(result)}
    if node.over == 1:
        return work.note(t("{percent} % of {of} = {value}", **shown), result, node.label)
    share = t("{percent} % a year of {of}, 1/{over} of it = {value}", over=node.over, **shown)
    return work.note(share, result, node.label)


def _bounds(work: Working, node: Bounds) -> Fraction:
    result = work.value(node.of)
    if node.minimum is not None and (least := work.value(node.minimum)) > result:
        result = work.note(t("at least {value}", value=work.money(least)), least, node.label)
    if node.maximum is not None and (most := work.value(node.maximum)) < result:
        result = work.note(t("at most {value}", value=work.money(most)), most, node.label)
    return result


def _higher(work: Working, node: Higher) -> Fraction:
    values = [work.value(part) for part in node.among]
    text = t("the highest of {values}", values=joined(figure(value) for value in values))
    return work.note(text, max(values), node.label)


def _lower(work: Working, node: Lower) -> Fraction:
    values = [work.value(part) for part in node.among]
    text = t("the lowest of {values}", values=joined(figure(value) for value in values))
    return work.note(text, min(values), node.label)


def _excess(work: Working, node: Excess) -> Fraction:
    of, over = work.value(node.of), work.value(node.over)
    result = max(of - over, Fraction(0))
    shown = {"of": _term(node.of, of), "over": _term(node.over, over), "value": figure(result)}
    return work.note(t("{of} above {over} = {value}", **shown), result, node.label)


def _tiers(work: Working, node: Tiers) -> Fraction:
    amount = max(work.value(node.of), Fraction(0))
    start = Fraction(0) if node.after is None else max(work.value(node.after), Fraction(0))
    result, floor, pieces = Fraction(0), Fraction(0), []
    for tier in node.tiers:
        ceiling = start + amount if tier.up_to is None else min(Fraction(tier.up_to), start + amount)
        units = max(ceiling - max(floor, start), Fraction(0))
        floor = ceiling if tier.up_to is None else Fraction(tier.up_to)
        result += units * Fraction(tier.rate)
        if units:
            pieces.append(joined((figure(units), figure(tier.rate)), f" {TIMES} "))
    working = joined(pieces or [figure(amount)], " + ")
    return work.note(
        t("by tiers: {working} = {value}", working=working, value=figure(result)), result, node.label
    )


def _blocks(work: Working, node: Blocks) -> Fraction:
    amount = max(work.value(node.of), Fraction(0))
    count = -((-amount) // Fraction(node.size))
    result = count * Fraction(node.price)
    shown = {"amount": _term(node.of, amount), "size": figure(node.size), "price": figure(node.price)}
    text = t(
        "{amount} is {count} blocks of {size} or part of one, at {price} = {value}",
        count=count,
        value=figure(result),
        **shown,
    )
    return work.note(text, result, node.label)


def _table(work: Working, node: Table) -> Fraction:
    keys = tuple(work.reader.text(name) for name in node.by)
    amount = node.cells.get(keys, node.default)
    if amount is None:
        raise Fault("not_offered" if keys in node.cells else "no_row", ",".join(node.by))
    shown = joined(value_words(name, key) for name, key in zip(node.by, keys, strict=True))
    text = t("{keys}: {value}", keys=shown, value=work.money(Fraction(amount)))
    return work.note(text, Fraction(amount), node.label)


def _choose(work: Working, node: Choose) -> Fraction:
    for case in node.cases:
        truth = holds(case.when, work.reader)
        if isinstance(truth, Fault):
            raise truth
        if truth:
            value = work.value(case.then)
            text = t(
                "because {condition}: {value}", condition=condition_words(case.when), value=figure(value)
            )
            return work.note(text, value, node.label)
    if node.otherwise is None:
        raise Fault("no_case")
    return work.value(node.otherwise)


_VALUES: dict[type, Callable[[Working, Any], Fraction]] = {
    Fixed: _fixed,
    Attribute: _operand,
    Quantity: _operand,
    Balance: _operand,
    Line: _operand,
    Rate: _rate,
    Product: _product,
    Sum: _sum,
    Percent: _percent,
    Bounds: _bounds,
    Higher: _higher,
    Lower: _lower,
    Excess: _excess,
    Tiers: _tiers,
    Blocks: _blocks,
    Table: _table,
    Choose: _choose,
}
