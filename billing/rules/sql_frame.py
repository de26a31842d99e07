"""The scaffolding of a compiled rule: exact numbers as SQL, and named columns in layers of subqueries.

A number is a numerator in SQL over a denominator known when compiling, so that nothing is divided before the
rule's rounding. NULL stands for "an exception": it passes through arithmetic by itself. Where an expression is
needed more than once it becomes a column of the next layer, which keeps the statement's length in proportion to
the document's.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from math import lcm

_TYPES = {"quantity": "numeric", "balance": "bigint", "line": "bigint", "period": "date", "active": "date"}


@dataclass(frozen=True, slots=True)
class Source:
    """The rows that a rule is applied to.

    ``relation`` is a FROM item with one row per account; ``keep`` are columns to carry through to the result;
    ``attributes`` is its jsonb column. ``columns`` says in which SQL expression each other fact is found, by the
    name it has in a line's inputs: ``quantity:usage``, ``balance:arrears`` (minor units), ``line:water`` (minor
    units), ``period:first``, ``period:last``, ``active:from``, ``active:to``. A fact that is not listed is
    missing for every account. All of this is written by programmers; nothing of it comes from a document.
    """

    relation: str
    keep: tuple[str, ...] = ("account_id",)
    attributes: str = "attributes"
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ratio:
    """``sql / denominator``, available from layer ``level``; ``is_short`` when it may be repeated."""

    sql: str
    denominator: int = 1
    level: int = 0
    is_short: bool = False
    is_sure: bool = False

    def over(self, denominator: int) -> str:
        """Return the numerator for a larger common denominator."""
        factor = denominator // self.denominator
        return self.sql if factor == 1 else f"({self.sql} * {factor})"


class Frame:
    """Collects the columns of each layer and puts the statement together."""

    def __init__(self, source: Source, keys: Iterable[str]) -> None:
        self.source = source
        self.inputs = {key: f"_i{index}" for index, key in enumerate(keys)}
        self.layers: list[list[str]] = [[f"{self._read(key)} AS {name}" for key, name in self.inputs.items()]]
        self._count = 0

    def let(self, sql: str, level: int) -> str:
        """Name an expression that uses columns up to ``level``; it is a column of the next one."""
        self._count += 1
        name = f"_v{self._count}"
        while len(self.layers) <= level + 1:
            self.layers.append([])
        self.layers[level + 1].append(f"{sql} AS {name}")
        return name

    def short(self, number: Ratio) -> Ratio:
        """Return the number in a form that may be written several times."""
        if number.is_short:
            return number
        name = self.let(number.sql, number.level)
        return Ratio(name, number.denominator, number.level + 1, is_short=True)

    def statement(self, result: str) -> str:
        """Return the whole SELECT; ``OFFSET 0`` keeps the planner from writing a layer's columns out again."""
        kept = ", ".join(self.source.keep)
        first = ", ".join([*self.source.keep, *self.layers[0]])
        sql = f"SELECT {first} FROM {self.source.relation} OFFSET 0"
        for level, columns in enumerate(self.layers[1:], start=1):
            sql = f"SELECT _l{level}.*, {', '.join(columns)} FROM (\n{sql}\n) _l{level} OFFSET 0"
        return f"SELECT {kept}, {result} FROM (\n{sql}\n) _rule"

    def _read(self, key: str) -> str:
        group, _, name = key.rpartition(":")
        if not group:
            return f"NULLIF({self.source.attributes} ->> {text(name)}, '')"
        return f"({self.source.columns.get(key, 'NULL')})::{_TYPES[group]}"


def common(numbers: Iterable[Ratio]) -> tuple[int, int]:
    """Return the common denominator and the highest level of some numbers."""
    numbers = list(numbers)
    return lcm(*(number.denominator for number in numbers)), max(number.level for number in numbers)


def constant(value: Decimal) -> str:
    """Return a decimal that is not negative as an SQL constant; the point makes it numeric, never an integer."""
    plain = format(value, "f")
    return plain if "." in plain else f"{plain}.0"


def text(value: str) -> str:
    """Return a text as an SQL constant, under ``standard_conforming_strings``."""
    return "'" + value.replace("'", "''") + "'"
