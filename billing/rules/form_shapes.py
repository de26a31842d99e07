"""The shapes of amount that have a form: fields to data, and a part back to fields.

========  =======================================================================================
table     row_attribute, column_attribute (blank for one column), row.N, column.N, cell.N.M
          (a blank cell is not offered), table_label (or blank)
area      rate, area_attribute, minimum, plus_attribute, plus_key.N, plus_amount.N
fixed     fixed_amount
quantity  rate, quantity (``attribute:people`` or ``quantity:usage``), coefficient.N,
          coefficient_label.N
tiers     quantity, after (likewise, or blank), tier_up_to.N (the last blank), tier_rate.N
========  =======================================================================================
"""

from collections.abc import Callable
from typing import Any

from billing.rules.form_draft import Draft
from billing.rules.nodes import Attribute, Bounds, Fixed, Node, Quantity, Rate, Sum, Table, Tiers, text_of
from billing.rules.tables import grid_of

Data = dict[str, Any]
Fields = dict[str, str] | None


def read_table(draft: Draft) -> Data:
    """Return a table by one or two attributes."""
    by = [draft.read("row_attribute", "amount.by.0")]
    across = draft.read("column_attribute", "amount.by.1")
    columns = draft.numbers("column") if across else [0]
    rows: list[Data] = []
    for row in draft.numbers("row", "cell"):
        for column in columns:
            rows.append(_read_cell(draft, row, column if across else None, f"amount.rows.{len(rows)}"))
    label = draft.optional("table_label", "amount.label")
    return {"kind": "table", "by": [*by, across] if across else by, "rows": rows, "label": label}


def _read_cell(draft: Draft, row: int, column: int | None, path: str) -> Data:
    keys = [draft.key(f"row.{row}", f"{path}.keys.0")]
    if column is not None:
        keys.append(draft.key(f"column.{column}", f"{path}.keys.1"))
    return {"keys": keys, "amount": draft.optional(f"cell.{row}.{column or 0}", f"{path}.amount")}


def table_fields(node: Node) -> Fields:
    """Return a plain table's fields."""
    if not isinstance(node, Table) or len(node.by) > 2 or node.default is not None:  # noqa: PLR2004
        return None
    grid = grid_of(node)
    fields = {"row_attribute": node.by[0], "column_attribute": grid.column_name or ""}
    fields["table_label"] = node.label or ""
    fields |= {f"row.{index}": keys[0] for index, keys in enumerate(grid.row_keys)}
    if grid.column_name:
        fields |= {f"column.{index}": key for index, key in enumerate(grid.column_keys)}
    for row, cells in enumerate(grid.cells):
        fields |= {f"cell.{row}.{column}": _text(cell) for column, cell in enumerate(cells)}
    return fields


def read_area(draft: Draft) -> Data:
    """Return an area rate with a minimum, and what is added by an attribute."""
    place = "amount.parts.0" if draft.numbers("plus_key", "plus_amount") else "amount"
    name = draft.read("area_attribute", f"{place}.of.per.name", "area_sqm")
    price = draft.read("rate", f"{place}.of.rate")
    least = draft.optional("minimum", f"{place}.minimum.amount")
    rate = {"kind": "rate", "rate": price, "per": {"kind": "attribute", "name": name}}
    minimum = None if least is None else {"kind": "fixed", "amount": least}
    bounded = {"kind": "bounds", "of": rate, "minimum": minimum}
    return bounded if place == "amount" else {"kind": "sum", "parts": [bounded, _read_plus(draft)]}


def _read_plus(draft: Draft) -> Data:
    path = "amount.parts.1"
    rows = [
        {
            "keys": [draft.key(f"plus_key.{number}", f"{path}.rows.{index}.keys.0")],
            "amount": draft.optional(f"plus_amount.{number}", f"{path}.rows.{index}.amount"),
        }
        for index, number in enumerate(draft.numbers("plus_key", "plus_amount"))
    ]
    return {"kind": "table", "by": [draft.read("plus_attribute", f"{path}.by.0")], "rows": rows}


def area_fields(node: Node) -> Fields:
    """Return the fields of an area rate with a minimum."""
    match node:
        case Sum(label=None, parts=(Bounds() as bounded, Table(default=None, label=None, by=(_,)) as plus)):
            base = _bounded_fields(bounded)
            return None if base is None else base | _plus_fields(plus)
        case Bounds():
            base = _bounded_fields(node)
            return None if base is None else base | {"plus_attribute": ""}
        case _:
            return None


def _bounded_fields(node: Bounds) -> Fields:
    match node:
        case Bounds(
            label=None, maximum=None, of=Rate(label=None, per=Attribute() as area, coefficients=()) as rate
        ):
            if node.minimum is not None and not isinstance(node.minimum, Fixed):
                return None
            least = _text(node.minimum.amount) if node.minimum is not None else ""
            return {"rate": _text(rate.rate), "area_attribute": area.name, "minimum": least}
        case _:
            return None


def _plus_fields(table: Table) -> dict[str, str]:
    fields = {"plus_attribute": table.by[0]}
    for index, row in enumerate(table.rows):
        fields |= {f"plus_key.{index}": text_of(row.keys[0]), f"plus_amount.{index}": _text(row.amount)}
    return fields


def read_fixed(draft: Draft) -> Data:
    """Return the same amount for all."""
    return {"kind": "fixed", "amount": draft.read("fixed_amount", "amount.amount")}


def fixed_fields(node: Node) -> Fields:
    """Return a constant's field."""
    return {"fixed_amount": _text(node.amount)} if isinstance(node, Fixed) and not node.label else None


def read_quantity(draft: Draft) -> Data:
    """Return a rate for each unit of a quantity, with coefficients."""
    coefficients = []
    for index, number in enumerate(draft.numbers("coefficient", "coefficient_label")):
        path = f"amount.coefficients.{index}"
        label = draft.optional(f"coefficient_label.{number}", f"{path}.label")
        value = draft.read(f"coefficient.{number}", f"{path}.amount")
        coefficients.append({"kind": "fixed", "amount": value, "label": label})
    per = _read_operand(draft, "quantity", "amount.per")
    price = draft.read("rate", "amount.rate")
    return {"kind": "rate", "rate": price, "per": per, "coefficients": coefficients}


def quantity_fields(node: Node) -> Fields:
    """Return the fields of a rate with constant coefficients."""
    if not isinstance(node, Rate) or node.label or not isinstance(node.per, (Attribute, Quantity)):
        return None
    fields = {"rate": _text(node.rate), "quantity": _operand_text(node.per)}
    for index, factor in enumerate(node.coefficients):
        if not isinstance(factor, Fixed):
            return None
        fields |= {
            f"coefficient.{index}": _text(factor.amount),
            f"coefficient_label.{index}": factor.label or "",
        }
    return fields


def read_tiers(draft: Draft) -> Data:
    """Return marginal tiers, counted on from an earlier quantity if one is named."""
    tiers = [
        {
            "up_to": draft.optional(f"tier_up_to.{number}", f"amount.tiers.{index}.up_to"),
            "rate": draft.read(f"tier_rate.{number}", f"amount.tiers.{index}.rate"),
        }
        for index, number in enumerate(draft.numbers("tier_rate", "tier_up_to"))
    ]
    after = _read_operand(draft, "after", "amount.after") if draft.fields.get("after", "").strip() else None
    return {
        "kind": "tiers",
        "of": _read_operand(draft, "quantity", "amount.of"),
        "tiers": tiers,
        "after": after,
    }


def tiers_fields(node: Node) -> Fields:
    """Return the fields of tiers over a plain quantity."""
    match node:
        case Tiers(
            label=None, of=Attribute() | Quantity() as of, after=None | Attribute() | Quantity() as after
        ):
            fields = {"quantity": _operand_text(of), "after": "" if after is None else _operand_text(after)}
            for index, tier in enumerate(node.tiers):
                fields |= {f"tier_up_to.{index}": _text(tier.up_to), f"tier_rate.{index}": _text(tier.rate)}
            return fields
        case _:
            return None


def _read_operand(draft: Draft, field: str, path: str) -> Data:
    """Read ``attribute:people`` or ``quantity:usage``; a bare name is a quantity."""
    kind, _, name = draft.read(field, path).rpartition(":")
    draft.read(field, f"{path}.name")
    return {"kind": kind or "quantity", "name": name}


def _operand_text(operand: Attribute | Quantity) -> str:
    return f"{operand.kind}:{operand.name}"


def _text(value: Any) -> str:
    return "" if value is None else text_of(value)


AMOUNTS: dict[str, Callable[[Draft], Data]] = {
    "table": read_table,
    "area": read_area,
    "fixed": read_fixed,
    "quantity": read_quantity,
    "tiers": read_tiers,
}
FIELDS: dict[str, Callable[[Node], Fields]] = {
    "table": table_fields,
    "area": area_fields,
    "fixed": fixed_fields,
    "quantity": quantity_fields,
    "tiers": tiers_fields,
}
