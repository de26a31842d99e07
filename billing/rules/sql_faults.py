"""Why a row has no amount, as SQL: asked only where the amount is NULL, in the order Python would meet it."""

from billing.rules.nodes import Attribute, Balance, Choose, Fixed, Line, Node, Quantity, Table, inner
from billing.rules.sql_facts import FactsSql
from billing.rules.sql_frame import text
from billing.rules.sql_parts import lookup

NONE = "NULL::text"


def first(faults: list[str]) -> str:
    """Return the first of some faults that a row has."""
    found = [fault for fault in faults if fault != NONE]
    if len(found) < 2:  # noqa: PLR2004 - one needs no choice
        return found[0] if found else NONE
    return f"COALESCE({', '.join(found)})"


def fault_of(node: Node, facts: FactsSql) -> str:
    """Return a part's fault, NULL for a row on which it has a value."""
    match node:
        case Fixed():
            return NONE
        case Attribute() | Quantity() | Balance() | Line():
            return facts.number_fault(node)
        case Table():
            return _table(node, facts)
        case Choose():
            return _choose(node, facts)
        case _:
            return first([fault_of(part, facts) for part in inner(node)])


def _table(node: Table, facts: FactsSql) -> str:
    missing = [facts.text_fault(name) for name in node.by]
    columns = [facts.frame.inputs[name] for name in node.by]
    names = ",".join(node.by)
    not_offered, no_row = text(f"not_offered:{names}"), text(f"no_row:{names}")
    cells = {keys: not_offered if amount is None else NONE for keys, amount in node.cells.items()}
    return first([*missing, lookup(columns, cells, no_row if node.default is None else NONE)])


def _choose(node: Choose, facts: FactsSql) -> str:
    chosen = "'no_case'" if node.otherwise is None else fault_of(node.otherwise, facts)
    for case in reversed(node.cases):
        truth, _ = facts.truth(case.when)
        then = fault_of(case.then, facts)
        chosen = f"CASE {truth} WHEN true THEN {then} WHEN false THEN {chosen} ELSE {facts.truth_fault(case.when)} END"
    return chosen
