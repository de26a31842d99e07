"""Facts and conditions as SQL, with the fault each can have: ``reading`` and ``conditions`` once more."""

from billing.rules.currency import decimals
from billing.rules.nodes import (
    AllOf,
    AnyOf,
    Attribute,
    Compare,
    Condition,
    Equals,
    Key,
    Known,
    Not,
    OneOf,
    Operand,
    Quantity,
    text_of,
)
from billing.rules.reading import LARGEST_QUANTITY, PLAIN_NUMBER, QUANTITY_PLACES
from billing.rules.sql_frame import Frame, Ratio, constant, text

_SIGNS = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}


class FactsSql:
    """Facts of the rows of a frame."""

    def __init__(self, frame: Frame, currency: str) -> None:
        self.frame = frame
        self._to_major = constant_shift(decimals(currency))
        self._numbers: dict[str, Ratio] = {}

    def column(self, operand: Operand) -> str:
        """Return the column that a fact was read into, as it came."""
        return self.frame.inputs[key_of(operand)]

    def number(self, operand: Operand) -> Ratio:
        """Return a fact as a number, NULL when it is missing or unusable."""
        key = key_of(operand)
        if key not in self._numbers:
            self._numbers[key] = self._checked(operand, self.column(operand))
        return self._numbers[key]

    def _checked(self, operand: Operand, column: str) -> Ratio:
        if isinstance(operand, Attribute):
            checked = f"CASE WHEN {column} ~ '^{PLAIN_NUMBER}$' THEN {column}::numeric END"
        elif isinstance(operand, Quantity):
            limits = f"{column} >= 0 AND {column} < {LARGEST_QUANTITY}"
            is_plain = f"{limits} AND {column} = trunc({column}, {QUANTITY_PLACES})"
            checked = f"CASE WHEN {is_plain} THEN {column} END"
        else:
            return Ratio(f"({column} * {self._to_major})", is_short=True)
        return Ratio(self.frame.let(checked, 0), level=1, is_short=True)

    def number_fault(self, operand: Operand) -> str:
        """Return the fault of a fact that is wanted as a number, NULL when there is none."""
        column = self.column(operand)
        missing = f"WHEN {column} IS NULL THEN {text(f'missing_{operand.kind}:{operand.name}')}"
        if not isinstance(operand, (Attribute, Quantity)):
            return f"CASE {missing} END"
        bad = f"WHEN {self.number(operand).sql} IS NULL THEN {text(f'bad_number:{operand.name}')}"
        return f"CASE {missing} {bad} END"

    def text_fault(self, name: str) -> str:
        """Return the fault of an attribute that is wanted as text."""
        return f"CASE WHEN {self.frame.inputs[name]} IS NULL THEN {text(f'missing_attribute:{name}')} END"

    def truth(self, condition: Condition) -> tuple[str, int]:
        """Return a condition as SQL, NULL when open, and the level from which it can stand."""
        match condition:
            case Not():
                inner, level = self.truth(condition.condition)
                return f"(NOT {inner})", level
            case AllOf():
                return self._several(condition.all, " AND ")
            case AnyOf():
                return self._several(condition.any, " OR ")
            case Compare():
                number = self.number(condition.of)
                return f"({number.sql} {_SIGNS[condition.kind]} {constant(condition.value)})", number.level
            case _:
                return self._simple(condition), 0

    def _simple(self, condition: Known | Equals | OneOf) -> str:
        if isinstance(condition, Known):
            return f"({self.column(condition.of)} IS NOT NULL)"
        values = (condition.value,) if isinstance(condition, Equals) else condition.values
        return self._among(condition.attribute, values)

    def _several(self, conditions: tuple[Condition, ...], word: str) -> tuple[str, int]:
        truths = [self.truth(condition) for condition in conditions]
        return f"({word.join(sql for sql, _ in truths)})", max(level for _, level in truths)

    def _among(self, name: str, values: tuple[Key, ...]) -> str:
        wanted = ", ".join(text(text_of(value)) for value in values)
        return f"({self.frame.inputs[name]} IN ({wanted}))"

    def truth_fault(self, condition: Condition) -> str:
        """Return the fault that leaves a condition open; asked only where the condition is NULL."""
        match condition:
            case Known():
                return "NULL"
            case Not():
                return self.truth_fault(condition.condition)
            case AllOf():
                return self._first_open(condition.all)
            case AnyOf():
                return self._first_open(condition.any)
            case Compare():
                return self.number_fault(condition.of)
            case Equals() | OneOf():
                return self.text_fault(condition.attribute)

    def _first_open(self, conditions: tuple[Condition, ...]) -> str:
        opens = (
            f"CASE WHEN {self.truth(one)[0]} IS NULL THEN {self.truth_fault(one)} END" for one in conditions
        )
        return f"COALESCE({', '.join(opens)})"


def key_of(operand: Operand) -> str:
    """Return the name that a fact has in a line's inputs."""
    return operand.name if isinstance(operand, Attribute) else f"{operand.kind}:{operand.name}"


def constant_shift(places: int) -> str:
    """Return 10 to the power of minus ``places`` as an SQL numeric."""
    return "0." + "0" * (places - 1) + "1" if places else "1.0"
