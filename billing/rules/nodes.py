"""The parts an amount is made of: each is a number, computed from the facts and from smaller parts.

Every part is plain data with a ``kind``. There is no loop, no call and no text that is executed; a part
refers only to facts and to the parts inside it, so an amount is always found in one finite walk. No part
divides by anything but a constant, so no part can fail other than by a fact that is missing or malformed.
"""

from collections.abc import Iterator
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from billing.rules.numbers import Name, Number, Words, plain_key


class Part(BaseModel):
    """What all pieces of a document share: nothing unknown is accepted and nothing changes once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Labelled(Part):
    """A part of an amount; its label is the institution's own name for it in steps and sentences."""

    label: Words | None = None


class Fixed(Labelled):
    """A constant, in the currency's major unit when it is an amount."""

    kind: Literal["fixed"] = "fixed"
    amount: Number


class Attribute(Labelled):
    """A number kept on the account: an area, a number of people."""

    kind: Literal["attribute"] = "attribute"
    name: Name


class Quantity(Labelled):
    """A number that belongs to this period: usage, months, days late."""

    kind: Literal["quantity"] = "quantity"
    name: Name


class Balance(Labelled):
    """An earlier balance in the currency's major unit: ``arrears``, ``principal``. May be negative."""

    kind: Literal["balance"] = "balance"
    name: Name


class Line(Labelled):
    """The amount of another line of the same bill, by the code of its fee item."""

    kind: Literal["line"] = "line"
    name: Name


Operand = Annotated[Attribute | Quantity | Balance | Line, Field(discriminator="kind")]
Key = Annotated[
    bool | int | str,
    PlainValidator(plain_key),
    WithJsonSchema({"type": ["string", "integer", "boolean"]}),
]


class Rate(Labelled):
    """A price for each unit of a quantity, times any coefficients."""

    kind: Literal["rate"] = "rate"
    rate: Number
    per: "Node"
    coefficients: tuple["Node", ...] = ()


class Product(Labelled):
    """All factors multiplied."""

    kind: Literal["product"] = "product"
    factors: tuple["Node", ...] = Field(min_length=1)


class Sum(Labelled):
    """All parts added."""

    kind: Literal["sum"] = "sum"
    parts: tuple["Node", ...] = Field(min_length=1)


class Percent(Labelled):
    """A percentage of another amount; a yearly percentage is taken ``over`` 12 months or 360 or 365 days."""

    kind: Literal["percent"] = "percent"
    percent: Number
    of: "Node"
    over: Literal[1, 12, 360, 365] = 1


class Bounds(Labelled):
    """An amount that is at least ``minimum`` and at most ``maximum``; the maximum wins if they cross."""

    kind: Literal["bounds"] = "bounds"
    of: "Node"
    minimum: "Node | None" = None
    maximum: "Node | None" = None


class Higher(Labelled):
    """The highest of several amounts."""

    kind: Literal["higher"] = "higher"
    among: tuple["Node", ...] = Field(min_length=2)


class Lower(Labelled):
    """The lowest of several amounts."""

    kind: Literal["lower"] = "lower"
    among: tuple["Node", ...] = Field(min_length=2)


class Excess(Labelled):
    """By how much one number is over another; zero when it is not."""

    kind: Literal["excess"] = "excess"
    of: "Node"
    over: "Node"


class Tier(Part):
    """The rate for the units up to a threshold; the last tier is open."""

    up_to: Number | None = None
    rate: Number


class Tiers(Labelled):
    """Each unit at the rate of the tier it falls in.

    ``after`` is what was already used in a longer span (the year): tiers then continue where it left off, so
    the twelve months of a year together cost what the year's usage costs at once.
    """

    kind: Literal["tiers"] = "tiers"
    of: "Node"
    tiers: tuple[Tier, ...] = Field(min_length=1, max_length=50)
    after: "Node | None" = None

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        floor, last = Decimal(0), len(self.tiers) - 1
        for index, tier in enumerate(self.tiers):
            path = {"path": f"tiers.{index}.up_to"}
            if (tier.up_to is None) != (index == last):
                raise PydanticCustomError(
                    "rule_tiers_open", "the last tier, and only it, has no upper limit", path
                )
            if tier.up_to is not None and tier.up_to <= floor:
                raise PydanticCustomError("rule_tiers_order", "each tier ends above the one before", path)
            floor = floor if tier.up_to is None else tier.up_to
        return self


class Blocks(Labelled):
    """A price for every ``size`` units or part of them."""

    kind: Literal["blocks"] = "blocks"
    of: "Node"
    size: Annotated[Number, Field(gt=0)]
    price: Number


class Row(Part):
    """One cell of a table; a null amount means that this combination is not offered."""

    keys: tuple[Key, ...] = Field(min_length=1, max_length=4)
    amount: Number | None


class Table(Labelled):
    """An amount looked up by one or several attributes, compared as text."""

    kind: Literal["table"] = "table"
    by: tuple[Name, ...] = Field(min_length=1, max_length=4)
    rows: tuple[Row, ...] = Field(min_length=1, max_length=2000)
    default: Number | None = None

    @model_validator(mode="after")
    def _every_cell_once(self) -> Self:
        if len(set(self.by)) != len(self.by):
            raise PydanticCustomError("rule_table_by", "each attribute is used once")
        seen: set[tuple[str, ...]] = set()
        for index, row in enumerate(self.rows):
            path = {"path": f"rows.{index}.keys.0"}
            if len(row.keys) != len(self.by):
                raise PydanticCustomError(
                    "rule_table_keys", "each row has one value for each attribute", path
                )
            if texts(row.keys) in seen:
                raise PydanticCustomError("rule_table_twice", "the same row appears twice", path)
            seen.add(texts(row.keys))
        return self

    @cached_property
    def cells(self) -> dict[tuple[str, ...], Decimal | None]:
        """Return the amounts by the texts of their keys."""
        return {texts(row.keys): row.amount for row in self.rows}


class Case(Part):
    """What applies when a condition holds."""

    when: "Condition"
    then: "Node"


class Choose(Labelled):
    """The first case whose condition holds, else ``otherwise``; without one, an exception."""

    kind: Literal["choose"] = "choose"
    cases: tuple[Case, ...] = Field(min_length=1, max_length=50)
    otherwise: "Node | None" = None


Node = Annotated[
    Fixed | Attribute | Quantity | Balance | Line | Rate | Product | Sum | Percent | Bounds | Higher | Lower
    | Excess | Tiers | Blocks | Table | Choose,
    Field(discriminator="kind"),
]  # fmt: skip


class Equals(Part):
    """The attribute has this value, compared as text."""

    kind: Literal["eq"] = "eq"
    attribute: Name
    value: Key


class OneOf(Part):
    """The attribute has one of these values, compared as text."""

    kind: Literal["in"] = "in"
    attribute: Name
    values: tuple[Key, ...] = Field(min_length=1, max_length=500)


class Compare(Part):
    """A number from the facts against a constant."""

    kind: Literal["ge", "gt", "le", "lt"]
    of: Operand
    value: Number


class Known(Part):
    """The fact is there at all."""

    kind: Literal["known"] = "known"
    of: Operand


class AllOf(Part):
    """Every condition holds."""

    kind: Literal["and"] = "and"
    all: tuple["Condition", ...] = Field(min_length=1)


class AnyOf(Part):
    """At least one condition holds."""

    kind: Literal["or"] = "or"
    any: tuple["Condition", ...] = Field(min_length=1)


class Not(Part):
    """The condition does not hold."""

    kind: Literal["not"] = "not"
    condition: "Condition"


Condition = Annotated[
    Equals | OneOf | Compare | Known | AllOf | AnyOf | Not,
    Field(discriminator="kind"),
]


def text_of(value: object) -> str:
    """Return a key or an attribute's value as PostgreSQL's ``->>`` gives it: the form all matching uses.

    Raises:
        TypeError: for a float, which has lost its digits, and for anything that is no single value.
    """
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case Decimal():
            return format(value, "f")
    raise TypeError(
        f"an attribute is a text, a whole number, a decimal or a boolean, not {type(value).__name__}"
    )


def texts(keys: tuple[Key, ...]) -> tuple[str, ...]:
    """Return the keys of a row as the texts they are matched by."""
    return tuple(text_of(key) for key in keys)


def inner(node: Labelled) -> Iterator["Node"]:
    """Yield the parts directly inside ``node`` in the order in which they are worked out: that of its fields."""
    for value in node.__dict__.values():
        for child in value if isinstance(value, tuple) else (value,):
            if isinstance(child, Labelled):
                yield child  # type: ignore[misc]


def walk(part: BaseModel, depth: int = 1) -> Iterator[tuple[Part, int]]:
    """Yield every piece inside ``part``, itself first, in reading order, with its depth."""
    if isinstance(part, Part):
        yield part, depth
    for value in part.__dict__.values():
        for child in value if isinstance(value, tuple) else (value,):
            if isinstance(child, BaseModel):
                yield from walk(child, depth + 1)


for _model in (
    Rate,
    Product,
    Sum,
    Percent,
    Bounds,
    Higher,
    Lower,
    Excess,
    Tiers,
    Blocks,
    Case,
    Choose,
    AllOf,
    AnyOf,
    Not,
):
    _model.model_rebuild()
