"""Reading imports: the list, and the rows about which there is something to say."""

import json
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tenants import texts
from tenants.actor import Actor
from tenants.imports.rows import unpack_problem
from tenants.imports.staging import REFUSED, WARNED
from tenants.models import Import
from tenants.scope import rows, value
from tenants.search import literal
from tenants.tabular import ConvertedRow
from ui.i18n import Text
from ui.tables import TableQuery

PIECE = 500
_PROBLEMS = """
 from tenants_import_row r cross join lateral jsonb_array_elements(r.problems) with ordinality p (problem, place)
where r.tenant_id = $1 and r.import_id = $2 and r.action = any ($3::text[])
  and ($4 = '' or p.problem ->> 'value' ilike $5 or p.problem ->> 'column' ilike $5 or r.number::text = $4)
"""


async def imports(actor: Actor, query: TableQuery) -> tuple[list[Import], int]:
    """Return one page of the tenant's imports and how many there are."""
    actor.require("imports.write")
    found = Import.filter(tenant_id=actor.tenant_id)
    if query.q:
        found = found.filter(filename__icontains=query.q)
    if query.get("state"):
        found = found.filter(state=query.get("state"))
    page = await found.order_by(query.sort or "-created_at", "-id").offset(query.offset).limit(query.limit)
    return page, await found.count()


async def latest(actor: Actor) -> datetime | None:
    """Return when an import was last applied in this tenant, ``None`` when none ever was."""
    last = await Import.filter(tenant_id=actor.tenant_id, state="applied").order_by("-applied_at").first()
    return last.applied_at if last else None


def _actions(query: TableQuery) -> list[str]:
    return [query.get("outcome")] if query.get("outcome") in {REFUSED, WARNED} else [REFUSED, WARNED]


async def problems(
    actor: Actor, import_id: UUID, query: TableQuery, *, most: int | None = None
) -> list[dict[str, Any]]:
    """Return one page (or the first ``most``) of what is wrong: row, column, value, reason, outcome."""
    like = f"%{literal(query.q)}%"
    found = await rows(
        f"select r.number, r.action, p.problem {_PROBLEMS} order by r.number, p.place offset $6 limit $7",
        actor.tenant_id,
        import_id,
        _actions(query),
        query.q,
        like,
        0 if most else query.offset,
        most or query.limit,
    )
    return [_problem(one["number"], one["action"], json.loads(one["problem"])) for one in found]


async def count_problems(actor: Actor, import_id: UUID, query: TableQuery) -> int:
    """Return how many there are."""
    like = f"%{literal(query.q)}%"
    counted = await value(
        f"select count(*) {_PROBLEMS}", actor.tenant_id, import_id, _actions(query), query.q, like
    )
    return int(counted)


def _problem(number: int, action: str, data: dict[str, Any]) -> dict[str, Any]:
    reason: Text = texts.unpack(data["reason"])
    return {
        "number": number,
        "column": data["column"],
        "key": data["key"],
        "value": data["value"],
        "reason": reason,
        "outcome": WARNED if action == WARNED or data["is_warning"] else REFUSED,
    }


async def rejected(actor: Actor, import_id: UUID) -> AsyncIterator[ConvertedRow]:
    """Yield the refused rows as they stood in the file, in its order."""
    after = 0
    while True:
        found = await rows(
            "select number, cells, problems from tenants_import_row where tenant_id = $1 and import_id = $2"
            " and action = $3 and number > $4 order by number limit $5",
            actor.tenant_id,
            import_id,
            REFUSED,
            after,
            PIECE,
        )
        for one in found:
            problems_ = [unpack_problem(data) for data in json.loads(one["problems"])]
            yield ConvertedRow(one["number"], {}, problems_, json.loads(one["cells"]))
        if len(found) < PIECE:
            return
        after = found[-1]["number"]


def samples(found: Import, labels: dict[str, str]) -> tuple[list[str], Sequence[Sequence[str]]]:
    """Return the first rows as they will be read: the names of the fields, and the cells that each takes."""
    header: list[str] = found.mapping.get("header", [])
    columns: dict[str, str] = found.mapping.get("columns", {})
    places = [
        (label, header.index(columns[key])) for key, label in labels.items() if columns.get(key) in header
    ]
    first = found.mapping.get("first", [])
    return [label for label, _ in places], [[cells[place] for _, place in places] for cells in first]
