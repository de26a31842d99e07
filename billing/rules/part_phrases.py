"""Parts of an amount as phrases in plain words, whole within a sentence."""

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
    Tier,
    Tiers,
)
from billing.rules.phrases import condition_words
from billing.rules.tables import Grid, grid_of
from billing.rules.words import TIMES, figure, joined, line_words, money, name_words, value_words
from ui.i18n import N_, Text, t

_LISTS = (Table, Tiers, Choose)
_NEED_BRACKETS = (*_LISTS, Bounds, Higher, Lower)
SEMICOLON = t(N_("; "))
BOUNDS = {
    (True, False): N_("{of}, at least {minimum}"),
    (False, True): N_("{of}, at most {maximum}"),
    (True, True): N_("{of}, at least {minimum}, at most {maximum}"),
    (False, False): N_("{of}"),
}


def part_words(node: Node, currency: str) -> object:
    """Return a part as a phrase, with the institution's own name for it after it."""
    words = _WORDS[type(node)](node, currency)
    if not node.label:
        return words
    pattern = N_("{name}, {value}") if isinstance(node, _LISTS) else N_("{value} ({name})")
    return t(pattern, value=words, name=node.label)


def _inner(node: Node, currency: str) -> object:
    """Return a part inside another, in brackets unless it is a single word or figure."""
    words = part_words(node, currency)
    is_single = isinstance(node, (Fixed, Attribute, Quantity, Balance, Line)) or node.label
    return words if is_single else t("({phrase})", phrase=words)


def _fixed(node: Fixed, currency: str) -> object:
    return figure(node.amount) if node.label else money(node.amount, currency)


def _named(node: Attribute | Quantity | Balance, _currency: str) -> object:
    return name_words(node.name)


def _line(node: Line, _currency: str) -> Text:
    return t("the bill's line {name}", name=line_words(node.name))


def factor_words(node: Node, currency: str) -> object:
    """Return a constant as a bare number: what money is multiplied by is not money."""
    return figure(node.amount) if isinstance(node, Fixed) and not node.label else _inner(node, currency)


def _rate(node: Rate, currency: str) -> object:
    factors = (factor_words(factor, currency) for factor in (node.per, *node.coefficients))
    return joined((money(node.rate, currency), *factors), f" {TIMES} ")


def _product(node: Product, currency: str) -> object:
    return joined((factor_words(factor, currency) for factor in node.factors), f" {TIMES} ")


def _sum(node: Sum, currency: str) -> object:
    return joined((_inner(part, currency) for part in node.parts), " + ")


def _percent(node: Percent, currency: str) -> Text:
    shown = {"percent": figure(node.percent), "of": _inner(node.of, currency)}
    if node.over == 1:
        return t("{percent} % of {of}", **shown)
    return t("1/{over} of {percent} % a year of {of}", over=node.over, **shown)


def _bounds(node: Bounds, currency: str) -> Text:
    least, most = node.minimum, node.maximum
    return t(
        BOUNDS[least is not None, most is not None],
        of=_inner(node.of, currency) if isinstance(node.of, Table) else part_words(node.of, currency),
        minimum=_inner(least, currency) if least is not None else "",
        maximum=_inner(most, currency) if most is not None else "",
    )


def _higher(node: Higher, currency: str) -> Text:
    return t("the higher of {values}", values=_alternatives(node.among, currency))


def _lower(node: Lower, currency: str) -> Text:
    return t("the lower of {values}", values=_alternatives(node.among, currency))


def _alternatives(among: tuple[Node, ...], currency: str) -> object:
    parts = (
        _inner(one, currency) if isinstance(one, _NEED_BRACKETS) else part_words(one, currency)
        for one in among
    )
    return joined(parts, t(" or "))


def _excess(node: Excess, currency: str) -> Text:
    return t("{of} above {over}", of=factor_words(node.of, currency), over=factor_words(node.over, currency))


def _tiers(node: Tiers, currency: str) -> Text:
    tiers = joined((_tier(tier, len(node.tiers), currency) for tier in node.tiers), SEMICOLON)
    if node.after is None:
        return t("for each unit of {of}: {tiers}", of=_inner(node.of, currency), tiers=tiers)
    after = _inner(node.after, currency)
    text = N_("for each unit of {of}, counted on from {after}: {tiers}")
    return t(text, of=_inner(node.of, currency), after=after, tiers=tiers)


def _tier(tier: Tier, count: int, currency: str) -> object:
    price = money(tier.rate, currency)
    if tier.up_to is not None:
        return t("{price} up to {limit}", price=price, limit=figure(tier.up_to))
    return t("{price} beyond that", price=price) if count > 1 else price


def _blocks(node: Blocks, currency: str) -> Text:
    shown = {"price": money(node.price, currency), "size": figure(node.size), "of": _inner(node.of, currency)}
    return t("{price} for every {size} of {of} or part of it", **shown)


def _table(node: Table, currency: str) -> Text:
    grid = grid_of(node)
    rows = [_row(grid, index, currency) for index in range(len(grid.row_keys))]
    if node.default is not None:
        rows.append(t("every other: {price}", price=money(node.default, currency)))
    by = joined((name_words(name) for name in node.by), t(N_(" and ")))
    return t("by {by}: {rows}", by=by, rows=joined(rows, SEMICOLON))


def _row(grid: Grid, index: int, currency: str) -> Text:
    names = joined(
        value_words(name, key) for name, key in zip(grid.row_names, grid.row_keys[index], strict=True)
    )
    cells = []
    for key, amount in zip(grid.column_keys, grid.cells[index], strict=True):
        column = value_words(grid.column_name, key) if grid.column_name else ""
        cells.append(_cell(amount, column, currency))
    return t("{row}: {prices}", row=names, prices=joined(cells))


def _cell(amount: Decimal | None, column: object, currency: str) -> object:
    if amount is None:
        return t("{column} not offered", column=column) if column else t("not offered")
    price = money(amount, currency)
    return t("{price} {column}", price=price, column=column) if column else price


def _choose(node: Choose, currency: str) -> object:
    cases: list[object] = [
        t("{then} if {condition}", then=_inner(case.then, currency), condition=condition_words(case.when))
        for case in node.cases
    ]
    if node.otherwise is not None:
        cases.append(t("otherwise {otherwise}", otherwise=_inner(node.otherwise, currency)))
    return joined(cases, SEMICOLON)


_WORDS: dict[type, Callable[[Any, str], object]] = {
    Fixed: _fixed,
    Attribute: _named,
    Quantity: _named,
    Balance: _named,
    Line: _line,
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
