"""Lists of groups by file: which column is which, a dry run that names what is wrong with each row, then the booking.

The file is kept encrypted until it is booked; what was refused can be downloaded, corrected and sent again.
"""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePath
from typing import Any
from uuid import UUID

from scenarios.tourism.agencies import booking
from scenarios.tourism.agencies.desk import Desk
from scenarios.tourism.kinds import VISITOR_KINDS
from scenarios.tourism.models import GroupList, Order, Product, Ticket
from scenarios.tourism.orders import agreed, people, placing, standing
from scenarios.tourism.orders.people import Buyer, Visitor
from scenarios.tourism.orders.states import LIVE
from scenarios.tourism.orders.wishes import MOST_TICKETS, Wish
from tenants.ids import new_id
from tenants.imports.rows import pack_problem, unpack_problem
from tenants.jsons import dumps
from tenants.tabular import (
    Columns,
    ConvertedRow,
    Field,
    Limits,
    Problem,
    Table,
    choice,
    choose_columns,
    convert_rows,
    known_names,
    match_columns,
    open_table,
    text,
)
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import LOCALES, N_, Text, gettext, t, use_locale

PURPOSE = "tourism lists"
MOST_BYTES, MOST_ROWS, SHOWN = 1024 * 1024, 2_000, 3
UPLOADED, CHECKED, BOOKED = "uploaded", "checked", "booked"
STATES = {UPLOADED: N_("Columns to match"), CHECKED: N_("Ready to book"), BOOKED: N_("Booked on account")}


@lru_cache(maxsize=1)
def fields() -> tuple[Field, ...]:
    """Return the columns that a list may have."""
    name = Field(
        "name",
        N_("Full name"),
        text(people.NAME_MAX),
        ("Name", "Visitor name", "名称", "游客姓名"),
        is_required=True,
    )
    document = Field(
        "document",
        N_("Identity card or passport number"),
        text(30),
        ("Document", "Document number", "ID", "Passport", "证件号", "证件号码", "身份证号"),
        is_required=True,
    )
    kind = Field("kind", N_("Visitor"), choice(_kinds()), ("Kind", "Type", "游客类型", "类型"))
    return name, document, kind


def _kinds() -> dict[str, Sequence[str]]:
    made: dict[str, list[str]] = {kind: [] for kind in VISITOR_KINDS}
    for locale in LOCALES:
        with use_locale(locale):
            for kind, name in VISITOR_KINDS.items():
                made[kind].append(gettext(name))
    return dict(made)


@dataclass(slots=True)
class Checked:
    """What a list comes to: its good rows by number, and those that cannot be booked, with what is wrong."""

    header: Sequence[str]
    good: dict[int, tuple[Visitor, str]] = field(default_factory=dict)
    bad: list[ConvertedRow] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How many rows it has."""
        return len(self.good) + len(self.bad)


@dataclass(frozen=True, slots=True)
class Visit:
    """What a list is for."""

    product: Product
    slot_id: UUID
    day: Any


async def keep(desk: Desk, visit: Visit, *, filename: str, content: bytes) -> GroupList:
    """Keep a file that can be read as a table.

    Raises:
        Invalid: it is too large, no table, or unsafe; the sentence says which (field ``file``).
    """
    try:
        table = _open(content, filename)
    except Invalid as wrong:
        raise Invalid(wrong.code, wrong.message, fields={"file": wrong.message}) from wrong
    found = match_columns(table.header, fields())
    return await GroupList.create(
        id=new_id(),
        tenant_id=desk.tenant.id,
        contract_id=desk.contract.id,
        account_id=desk.account.id,
        product_id=visit.product.id,
        slot_id=visit.slot_id,
        day=visit.day,
        filename=PurePath(filename).name[-200:],
        content=people.seal(PURPOSE, base64.b64encode(content).decode()),
        header=table.header,
        columns={key: table.header[place] for key, place in found.places.items()},
        status=CHECKED if found.is_complete else UPLOADED,
        by_name=desk.actor.name[:100],
    )


def _open(content: bytes, filename: str) -> Table:
    limits = Limits(size=MOST_BYTES, rows=MOST_ROWS, unpacked=20 * 1024 * 1024)
    return open_table(content, PurePath(filename).name, limits=limits, known=known_names(fields()))


def table_of(found: GroupList) -> Table:
    """Return the kept file as a table.

    Raises:
        Conflict: it has been booked and is not kept any longer.
    """
    if found.content is None:
        raise Conflict("list.booked", t("This list has been booked."))
    content = base64.b64decode(people.unseal(PURPOSE, found.content))
    return _open(content, found.filename)


async def list_of(desk: Desk, list_id: UUID) -> GroupList:
    """Return a list of the agency's.

    Raises:
        NotFound: there is none.
    """
    found = await GroupList.get_or_none(tenant_id=desk.tenant.id, id=list_id, account_id=desk.account.id)
    if found is None:
        raise NotFound("list.not_found", t("There is no such list."))
    return found


async def choose(found: GroupList, chosen: Mapping[str, str]) -> None:
    """Fix which column is which.

    Raises:
        Invalid: a needed column is missing, or two fields want the same one.
    """
    columns = choose_columns(table_of(found).header, fields(), chosen)
    if columns.missing:
        needed = t("Choose the column that holds this.")
        raise Invalid("list.columns", needed, fields={one.key: needed for one in columns.missing})
    found.columns = {key: columns.header[place] for key, place in columns.places.items()}
    found.status = CHECKED
    await found.save(update_fields=["columns", "status"])


async def check(desk: Desk, found: GroupList, product: Product) -> Checked:
    """Judge every row, as often as it is asked: the dry run."""
    table = table_of(found)
    columns = choose_columns(table.header, fields(), found.columns)
    checked = Checked(table.header)
    seen: dict[str, int] = {}
    for row in convert_rows(table.rows(), columns, fields()):
        one = _shaped(row, columns, seen, _sold(desk, product)) if row.is_good else None
        if one is None:
            checked.bad.append(row)
        else:
            checked.good[row.number] = one
    await _refuse_known(desk, found, checked, columns)
    checked.bad.sort(key=lambda row: row.number)
    return checked


def _sold(desk: Desk, product: Product) -> set[str]:
    minor = agreed.prices_of(desk.contract).minor
    return {kind for one, kind in minor if one == str(product.id)}


def _shaped(
    row: ConvertedRow, columns: Columns, seen: dict[str, int], sold: set[str]
) -> tuple[Visitor, str] | None:
    """Return the visitor of a row, or note on the row why it is none."""
    try:
        visitor = people.read_visitor(row.values["name"], row.values["document"], "row")
    except Invalid as wrong:
        _note(row, columns, "document", wrong.message)
        return None
    kind = row.values["kind"] or "adult"
    first = seen.setdefault(visitor.document, row.number)
    if first != row.number:
        _note(row, columns, "document", t("same as row {first}", first=first))
    elif kind not in sold:
        _note(row, columns, "kind", t("The contract has no price for such a visitor."))
    else:
        return visitor, kind
    return None


def _note(row: ConvertedRow, columns: Columns, key: str, reason: Text) -> None:
    place = columns.places.get(key)
    column = columns.header[place] if place is not None else ""
    row.problems.append(Problem(column, row.cells[place].strip() if place is not None else "", reason, key))


async def _refuse_known(desk: Desk, found: GroupList, checked: Checked, columns: Columns) -> None:
    """Take out rows for what only the database knows: blocked documents, and those that have a ticket."""
    keys = {
        people.document_key(desk.tenant.id, visitor.document): number
        for number, (visitor, _) in checked.good.items()
    }
    taken = await Ticket.filter(
        tenant_id=desk.tenant.id, site_id=desk.site.id, day=found.day, document_key__in=list(keys),
        status__in=LIVE,
    ).values_list("document_key", flat=True)  # fmt: skip
    blocked = await standing.blocks_of(desk.tenant.id, list(keys), desk.today)
    reasons = {bytes(key): t("has a ticket for this day already") for key in taken if key}
    reasons |= {bytes(one.document_key): t("may not buy tickets here at present") for one in blocked}
    if reasons:
        table = {row.number: row for row in convert_rows(table_of(found).rows(), columns, fields())}
        for key, reason in reasons.items():
            row = table[keys[key]]
            _note(row, columns, "document", reason)
            checked.bad.append(row)
            checked.good.pop(row.number)


async def book(desk: Desk, found: GroupList, buyer: Buyer) -> Order:
    """Book the good rows of a list, once; what was refused is kept to be downloaded.

    Raises:
        Conflict, Invalid, OverLimit, SoldOut: it cannot be booked; nothing has happened then.
    """
    found = await GroupList.filter(tenant_id=found.tenant_id, id=found.id).select_for_update().get()
    if found.status == BOOKED:
        return await Order.get(tenant_id=found.tenant_id, id=found.order_id)
    product = await Product.get(tenant_id=found.tenant_id, id=found.product_id)
    checked = await check(desk, found, product)
    if not checked.good:
        raise Conflict("list.nothing", t("No row of this list can be booked yet."))
    if len(checked.good) > MOST_TICKETS:
        text = t("At most {n} people fit in one order.", n=MOST_TICKETS)
        raise Conflict("list.too_many", text, advice=t("Split the list in two."))
    order = await booking.book(
        desk.actor, desk.contract, _asked(desk, found, checked, buyer), key=f"list {found.id}"
    )
    found.status, found.order_id, found.content = BOOKED, order.id, None
    found.refused = people.seal(PURPOSE, dumps([_packed(row) for row in checked.bad]))
    await found.save(update_fields=["status", "order_id", "content", "refused"])
    return order


def _asked(desk: Desk, found: GroupList, checked: Checked, buyer: Buyer) -> placing.Request:
    by_kind: dict[str, list[Visitor]] = {}
    for visitor, kind in checked.good.values():
        by_kind.setdefault(kind, []).append(visitor)
    return placing.Request(
        site_id=desk.site.id,
        day=found.day,
        slot_id=found.slot_id,
        wishes=[Wish(found.product_id, kind, len(some)) for kind, some in by_kind.items()],
        visitors=[one for some in by_kind.values() for one in some],
        buyer=buyer,
        channel=agreed.CHANNEL,
    )


def _packed(row: ConvertedRow) -> dict[str, Any]:
    return {
        "number": row.number,
        "cells": row.cells,
        "problems": [pack_problem(one) for one in row.problems],
    }


def refused_of(found: GroupList) -> Iterable[ConvertedRow]:
    """Return the rows of a booked list that were not booked."""
    for one in json.loads(people.unseal(PURPOSE, found.refused) or "[]"):
        problems = [unpack_problem(data) for data in one["problems"]]
        yield ConvertedRow(one["number"], {}, problems, one["cells"])


async def refused(desk: Desk, found: GroupList, product: Product) -> list[ConvertedRow]:
    """Return the rows that were, or would be, refused."""
    if found.status == BOOKED:
        return list(refused_of(found))
    return (await check(desk, found, product)).bad
