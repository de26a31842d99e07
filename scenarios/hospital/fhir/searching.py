"""Reading one resource and searching for many: one statement for a page, read on by a sealed link.

The link holds what was searched for and how far it has come, sealed, so that it shows nobody whose records they are.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from scenarios.hospital.fhir.kinds import Kind, Row, Server, instant, whole
from scenarios.hospital.fhir.params import Where, wrong
from tenants.ids import new_id
from tenants.runtime import runtime
from tenants.scope import rows
from ui.i18n import t

USUAL, MOST = 20, 100
MOST_PARAMS = 30
PAGE = "_page"
RESULT = ("_count", "_format", PAGE)
"""Parameters about the answer, beside those that narrow."""
Asked = Sequence[tuple[str, str]]


async def one(
    server: Server, kind: Kind, found: str, patient_id: UUID | None
) -> tuple[Row, dict[str, Any]] | None:
    """Return one resource with its row; ``None`` where there is none that the caller may read."""
    listed = await page(server, kind, [("_id", found)], patient_id, limit=1, after=None)
    return listed[0] if listed else None


async def page(
    server: Server,
    kind: Kind,
    asked: Asked,
    patient_id: UUID | None,
    *,
    limit: int,
    after: tuple[datetime, UUID] | None,
) -> list[tuple[Row, dict[str, Any]]]:
    """Return up to ``limit`` resources, each with its row, in the order of time and id."""
    where = Where(server)
    known = {param.name: param for param in kind.all_params}
    for name, text in asked:
        if name not in known:
            text_ = t("{kind} is not searched by {name} here.", kind=kind.name, name=name[:40])
            raise wrong("search.param", text_)
        where.add(known[name], text)
    if patient_id is not None and kind.of_patients:
        where.parts.append(f"x.patient_id = {where.put(patient_id)}::uuid")
    if after is not None:
        where.parts.append(
            f"(x.at, x.id) > ({where.put(after[0])}::timestamptz, {where.put(after[1])}::uuid)"
        )
    found = await rows(
        f"select x.* from ({kind.rows}) x where {where.sql} order by x.at, x.id limit {limit:d}", *where.args
    )
    more = await kind.more(server.tenant_id, found)
    return [(row, whole(kind, server, row, more.get(row["id"]))) for row in found]


async def search(
    server: Server, kind: Kind, given: Asked, patient_id: UUID | None
) -> tuple[list[Row], dict[str, Any]]:
    """Return a page of what is searched for as a Bundle, and its rows.

    Raises:
        Wrong: a parameter that this kind does not have, or a value that cannot be read.
    """
    if len(given) > MOST_PARAMS:
        raise wrong("search.many", t("A search has at most {n} parameters.", n=MOST_PARAMS))
    asked, count, after = _asked(kind, given)
    found = await page(server, kind, asked, patient_id, limit=count + 1, after=after)
    shown = found[:count]
    links = [_link("self", f"{server.base}/{kind.name}", [*asked, ("_count", str(count))])]
    if len(found) > count:
        last = shown[-1][0]
        sealed = _sealed(kind, asked, count, last)
        links.append(_link("next", f"{server.base}/{kind.name}", [(PAGE, sealed)]))
    return [row for row, _ in shown], _bundle(server, kind, links, shown)


def _asked(kind: Kind, given: Asked) -> tuple[Asked, int, tuple[datetime, UUID] | None]:
    """Return what narrows, how many are wanted, and after which."""
    about = {name: text for name, text in given if name in RESULT}
    if PAGE in about:
        return _opened(kind, about[PAGE])
    return [(name, text) for name, text in given if name not in RESULT], _count(about.get("_count")), None


def _count(text: str | None) -> int:
    if text is None:
        return USUAL
    if not (text.isascii() and text.isdecimal() and int(text[:6]) > 0):
        raise wrong("search.count", t("_count is a number from 1 to {most}.", most=MOST))
    return min(int(text[:6]), MOST)


def _sealed(kind: Kind, asked: Asked, count: int, last: Row) -> str:
    told = [kind.name, list(asked), count, last["at"].isoformat(), str(last["id"])]
    return runtime().encrypt("fhir-page", json.dumps(told)).decode()


def _opened(kind: Kind, sealed: str) -> tuple[Asked, int, tuple[datetime, UUID]]:
    try:
        name, asked, count, at, found = json.loads(runtime().decrypt("fhir-page", sealed.encode()))
    except ValueError:
        name = ""
    if name != kind.name:
        raise wrong("search.page", t("This link to a page is not one of ours."))
    return [(one, text) for one, text in asked], count, (datetime.fromisoformat(at), UUID(found))


def _link(relation: str, address: str, query: Asked) -> dict[str, str]:
    return {"relation": relation, "url": f"{address}?{urlencode(list(query))}"}


def _bundle(
    server: Server, kind: Kind, links: list[dict[str, str]], shown: Sequence[tuple[Row, Mapping[str, Any]]]
) -> dict[str, Any]:
    entries = [
        {"fullUrl": f"{server.base}/{kind.name}/{row['id']}", "resource": told, "search": {"mode": "match"}}
        for row, told in shown
    ]
    return {
        "resourceType": "Bundle",
        "id": str(new_id()),
        "meta": {"lastUpdated": instant(datetime.now(UTC))},
        "type": "searchset",
        "link": links,
        **({"entry": entries} if entries else {}),
    }
