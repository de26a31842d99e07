"""The value of each kind of part as SQL: ``working`` once more, for many rows at once."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

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
    walk,
)
from billing.rules.sql_facts import FactsSql
from billing.rules.sql_frame import Frame, Ratio, common, constant, text


class PartsSql:
    """Compiles parts, each once."""

    def __init__(self, frame: Frame, facts: FactsSql) -> None:
        self.frame, self.facts = frame, facts
        self._done: dict[int, Ratio] = {}

    def value(self, node: Node) -> Ratio:
        """Return a part's value; NULL for a row that is an exception."""
        if id(node) not in self._done:
            self._done[id(node)] = _VALUES[type(node)](self, node)
        return self._done[id(node)]

    def short(self, node: Node) -> Ratio:
        """Return a part's value in a form that may be written several times."""
        self._done[id(node)] = self.frame.short(self.value(node))
        return self._done[id(node)]

    def not_negative(self, node: Node) -> Ratio:
        """Return a part's value, zero where it is below; only balances and lines can be."""
        if not any(isinstance(part, (Balance, Line)) for part, _ in walk(node)):
            return self.short(node)
        value = self.short(node)
        clamped = f"CASE WHEN {value.sql} > 0 THEN {value.sql} WHEN {value.sql} <= 0 THEN 0 END"
        return self.frame.short(Ratio(clamped, value.denominator, value.level))


def _fixed(_sql: PartsSql, node: Fixed) -> Ratio:
    return Ratio(constant(node.amount), is_short=True, is_sure=True)


def _operand(sql: PartsSql, node: Attribute | Quantity | Balance | Line) -> Ratio:
    return sql.facts.number(node)


def _times(factors: list[Ratio]) -> Ratio:
    denominator = 1
    for factor in factors:
        denominator *= factor.denominator
    sql = f"({' * '.join(factor.sql for factor in factors)})"
    is_sure = all(factor.is_sure for factor in factors)
    return Ratio(sql, denominator, max(factor.level for factor in factors), is_sure=is_sure)


def _rate(sql: PartsSql, node: Rate) -> Ratio:
    price = Ratio(constant(node.rate), is_sure=True)
    return _times([price, *(sql.value(factor) for factor in (node.per, *node.coefficients))])


def _product(sql: PartsSql, node: Product) -> Ratio:
    return _times([sql.value(factor) for factor in node.factors])


def _sum(sql: PartsSql, node: Sum) -> Ratio:
    parts = [sql.value(part) for part in node.parts]
    denominator, level = common(parts)
    return Ratio(f"({' + '.join(part.over(denominator) for part in parts)})", denominator, level)


def _percent(sql: PartsSql, node: Percent) -> Ratio:
    base = sql.value(node.of)
    share = constant(node.percent.scaleb(-2))
    return Ratio(f"({base.sql} * {share})", base.denominator * node.over, base.level, is_sure=base.is_sure)


def _extreme(function: str, numbers: list[Ratio]) -> Ratio:
    """GREATEST and LEAST pass over NULL, so a NULL among the numbers is asked for first."""
    denominator, level = common(numbers)
    chosen = f"{function}({', '.join(number.over(denominator) for number in numbers)})"
    doubtful = [f"{number.sql} IS NOT NULL" for number in numbers if not number.is_sure]
    guarded = f"CASE WHEN {' AND '.join(doubtful)} THEN {chosen} END" if doubtful else chosen
    return Ratio(guarded, denominator, level, is_sure=not doubtful)


def _bounds(sql: PartsSql, node: Bounds) -> Ratio:
    value = sql.short(node.of)
    if node.minimum is not None:
        value = sql.frame.short(_extreme("GREATEST", [value, sql.short(node.minimum)]))
    if node.maximum is not None:
        value = _extreme("LEAST", [value, sql.short(node.maximum)])
    return value


def _higher(sql: PartsSql, node: Higher) -> Ratio:
    return _extreme("GREATEST", [sql.short(part) for part in node.among])


def _lower(sql: PartsSql, node: Lower) -> Ratio:
    return _extreme("LEAST", [sql.short(part) for part in node.among])


def _excess(sql: PartsSql, node: Excess) -> Ratio:
    numbers = [sql.short(node.of), sql.short(node.over)]
    denominator, level = common(numbers)
    of, over = (number.over(denominator) for number in numbers)
    return Ratio(
        f"CASE WHEN {of} > {over} THEN {of} - {over} WHEN {of} <= {over} THEN 0 END", denominator, level
    )


def _tiers(sql: PartsSql, node: Tiers) -> Ratio:
    """The cost of everything used so far in the longer span, less the cost of what was used before."""
    amount = sql.not_negative(node.of)
    if node.after is None:
        return Ratio(_cumulative(node, amount), amount.denominator, amount.level)
    before = sql.not_negative(node.after)
    denominator, level = common([amount, before])
    both = f"({amount.over(denominator)} + {before.over(denominator)})"
    through = sql.frame.short(Ratio(both, denominator, level))
    cost = f"({_cumulative(node, through)} - {_cumulative(node, _scaled(before, denominator))})"
    return Ratio(cost, denominator, through.level)


def _scaled(number: Ratio, denominator: int) -> Ratio:
    return Ratio(number.over(denominator), denominator, number.level, is_short=True)


def _cumulative(node: Tiers, used: Ratio) -> str:
    """Cost of ``used`` units from nothing: one comparison per tier, with the full tiers below added up."""
    branches: list[str] = []
    cost = floor = Decimal(0)
    for tier in node.tiers:
        worth = f"{constant(cost * used.denominator)} + ({used.sql} - {floor * used.denominator:f}) * {tier.rate:f}"
        if tier.up_to is None:
            return f"(CASE {' '.join(branches)} ELSE {worth} END)" if branches else f"({worth})"
        branches.append(f"WHEN {used.sql} <= {tier.up_to * used.denominator:f} THEN {worth}")
        cost, floor = cost + (tier.up_to - floor) * tier.rate, tier.up_to
    raise AssertionError("the last tier is open, by the document's own check")


def _blocks(sql: PartsSql, node: Blocks) -> Ratio:
    amount = sql.not_negative(node.of)
    size = constant(node.size * amount.denominator)
    part = f"CASE WHEN mod({amount.sql}, {size}) > 0 THEN 1 ELSE 0 END"
    return Ratio(f"((div({amount.sql}, {size}) + {part}) * {constant(node.price)})", level=amount.level)


def _table(sql: PartsSql, node: Table) -> Ratio:
    columns = [sql.frame.inputs[name] for name in node.by]
    default = None if node.default is None else constant(node.default)
    cells = {
        keys: "NULL::numeric" if amount is None else constant(amount) for keys, amount in node.cells.items()
    }
    looked_up = lookup(columns, cells, default)
    if default is not None:
        looked_up = f"CASE WHEN {' AND '.join(f'{one} IS NOT NULL' for one in columns)} THEN {looked_up} END"
    return Ratio(looked_up)


def lookup(columns: list[str], cells: dict[tuple[str, ...], str], default: str | None) -> str:
    """Return nested CASEs, one level for each key, that find a cell."""
    if not columns:
        return cells[()]
    branches: dict[str, dict[tuple[str, ...], str]] = {}
    for (first, *rest), cell in cells.items():
        branches.setdefault(first, {})[tuple(rest)] = cell
    whens = (
        f"WHEN {text(key)} THEN {lookup(columns[1:], inner, default)}" for key, inner in branches.items()
    )
    otherwise = "" if default is None else f" ELSE {default}"
    return f"CASE {columns[0]} {' '.join(whens)}{otherwise} END"


def _choose(sql: PartsSql, node: Choose) -> Ratio:
    results = [sql.value(case.then) for case in node.cases]
    otherwise = None if node.otherwise is None else sql.value(node.otherwise)
    denominator, level = common([*results, *([] if otherwise is None else [otherwise])])
    chosen = "NULL" if otherwise is None else otherwise.over(denominator)
    for case, result in zip(reversed(node.cases), reversed(results), strict=True):
        truth, truth_level = sql.facts.truth(case.when)
        chosen = f"CASE {truth} WHEN true THEN {result.over(denominator)} WHEN false THEN {chosen} END"
        level = max(level, truth_level)
    return Ratio(chosen, denominator, level)


_VALUES: dict[type, Callable[[PartsSql, Any], Ratio]] = {
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
