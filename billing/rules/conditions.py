"""Conditions over facts, in the three-valued logic of SQL.

A condition on a fact that is not there is neither true nor false. ``and`` and ``or`` still decide when the
rest suffices ("a citizen or 65 and over" holds for a citizen of unknown age); when the answer hangs on the
missing fact, the account is an exception that names it.
"""

import operator
from collections.abc import Callable, Iterable
from fractions import Fraction

from billing.rules.nodes import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    Equals,
    Known,
    Not,
    OneOf,
    Operand,
    text_of,
    texts,
)
from billing.rules.reading import Fault, Reader

Truth = bool | Fault
_COMPARISONS: dict[str, Callable[[Fraction, Fraction], bool]] = {
    "ge": operator.ge,
    "gt": operator.gt,
    "le": operator.le,
    "lt": operator.lt,
}


def holds(condition: Condition, reader: Reader) -> Truth:
    """Return whether the condition holds, or the fault of the fact that leaves it open."""
    match condition:
        case AllOf():
            return _first(False, condition.all, reader)
        case AnyOf():
            return _first(True, condition.any, reader)
        case Not():
            inner = holds(condition.condition, reader)
            return inner if isinstance(inner, Fault) else not inner
        case Known():
            return reader.is_known(condition.of)
        case _:
            return _leaf(condition, reader)


def _first(decisive: bool, conditions: Iterable[Condition], reader: Reader) -> Truth:
    fault: Fault | None = None
    for condition in conditions:
        truth = holds(condition, reader)
        if truth is decisive:
            return decisive
        if fault is None and isinstance(truth, Fault):
            fault = truth
    return not decisive if fault is None else fault


def _leaf(condition: Equals | OneOf | Compare, reader: Reader) -> Truth:
    try:
        if isinstance(condition, Compare):
            return _compare(condition.kind, condition.of, Fraction(condition.value), reader)
        value = reader.text(condition.attribute)
    except Fault as fault:
        return fault
    wanted = texts(condition.values) if isinstance(condition, OneOf) else (text_of(condition.value),)
    return value in wanted


def _compare(kind: str, operand: Operand, value: Fraction, reader: Reader) -> bool:
    return _COMPARISONS[kind](reader.number(operand), value)
