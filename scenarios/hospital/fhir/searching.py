"""Reading one resource and searching for many: one statement for a page, read on by a sealed link.

The link holds what was searched for and how far it has come, sealed, so that it shows nobody whose records they are.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from scenarios.hospital.fhir import all as everything
from scenarios.hospital.fhir import including
from scenarios.hospital.fhir.kinds import Kind, Row, Server, etag, instant, version_of, whole
from scenarios.hospital.fhir.params import Where, wrong
from tenants.ids import new_id
from tenants.runtime import runtime
from tenants.scope import rows, value
from ui.i18n import t

USUAL, MOST = 20, 100
MOST_PARAMS, MOST_INCLUDES = 30, 8
PAGE = "_page"
RESULT = ("_count", "_format", "_sort", "_include", "_summary", PAGE)
"""Parameters about the answer, beside those that narrow."""
Asked = Sequence[tuple[str, str]]
Allow = Callable[[Kind], UUID | None]
"""Returns whose resources of a kind the caller may read (``None``: everybody's), or refuses."""
Found = tuple[Row, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Order:
    """The column that a list is in the order of, and which way; the id decides between equals."""

    column: str = "at"
    is_down: bool = False

    @property
    def sql(self) -> str:
        """The order as SQL has it."""
        way = " desc" if self.is_down else ""
        return f"x.{self.column}{way}, x.id{way}"

    def after(self, where: Where, last: tuple[str, UUID]) -> str:
        """Return the condition of what comes after a row."""
        typed = f"{where.put(last[0])}::text::{'uuid' if self.column == 'id' else 'timestamptz'}"
        return f"(x.{self.column}, x.id) {'<' if self.is_down else '>'} ({typed}, {where.put(last[1])}::uuid)"


@dataclass(frozen=True, slots=True)
class Wish:
    """A search as it was read: what narrows, how many, in which order, with which others, and after which row."""

    asked: Asked
    count: int
    sort: str = ""
    includes: tuple[str, ...] = ()
    after: tuple[str, UUID] | None = None

    @property
    def query(self) -> list[tuple[str, str]]:
        """The search as an address."""
        sort = [("_sort", self.sort)] if self.sort else []
        return [
            *self.asked,
            ("_count", str(self.count)),
            *sort,
            *(("_include", one) for one in self.includes),
        ]


async def one(server: Server, kind: Kind, found: str, patient_id: UUID | None) -> Found | None:
    """Return one resource with its row; ``None`` where there is none that the caller may read."""
    listed = await page(server, kind, Wish([("_id", found)], 1), patient_id, limit=1)
    return listed[0] if listed else None


def _where(server: Server, kind: Kind, asked: Asked, patient_id: UUID | None) -> Where:
    where = Where(server)
    known = {param.name: param for param in kind.all_params}
    for name, text in asked:
        if name not in known:
            text_ = t("{kind} is not searched by {name} here.", kind=kind.name, name=name[:40])
            raise wrong("search.param", text_)
        where.add(known[name], text)
    if patient_id is not None and kind.of_patients:
        where.parts.append(f"x.patient_id = {where.put(patient_id)}::uuid")
    return where


async def page(server: Server, kind: Kind, wish: Wish, patient_id: UUID | None, *, limit: int) -> list[Found]:
    """Return up to ``limit`` resources, each with its row, in the order that is asked for."""
    where, order = _where(server, kind, wish.asked, patient_id), order_of(kind, wish.sort)
    if wish.after is not None:
        where.parts.append(order.after(where, wish.after))
    sql = f"select x.* from ({kind.rows}) x where {where.sql} order by {order.sql} limit {limit:d}"
    return await _told(server, kind, await rows(sql, *where.args))


async def _told(server: Server, kind: Kind, found: Sequence[Row]) -> list[Found]:
    more = await kind.more(server.tenant_id, found)
    return [(row, whole(kind, server, row, more.get(row["id"]))) for row in found]


def sorts_of(kind: Kind) -> dict[str, str]:
    """Return by which parameters a kind is sorted, each with its column: its dates, and its id."""
    dates = {
        param.name: param.columns.get("") or param.columns["from"]
        for param in kind.all_params
        if param.type == "date"
    }
    return {"_id": "id", **dates}


def order_of(kind: Kind, sort: str) -> Order:
    """Return the order that ``_sort`` names.

    Raises:
        Wrong: by something else than a date or the id, or by several.
    """
    if not sort:
        return Order()
    column = sorts_of(kind).get(sort.removeprefix("-"))
    if column is None:
        known = ", ".join(sorted(sorts_of(kind)))
        raise wrong(
            "search.sort", t("{kind} is sorted by one of these: {names}.", kind=kind.name, names=known)
        )
    return Order(column, sort.startswith("-"))


async def search(
    server: Server, kind: Kind, given: Asked, patient_id: UUID | None, allow: Allow
) -> tuple[list[tuple[Kind, list[Row]]], dict[str, Any]]:
    """Return a page of what is searched for as a Bundle, and all its rows by kind.

    Raises:
        Wrong: a parameter that this kind does not have, or a value that cannot be read.
        AppError: 403, where something is to be included that the caller may not read.
    """
    if len(given) > MOST_PARAMS:
        raise wrong("search.many", t("A search has at most {n} parameters.", n=MOST_PARAMS))
    if _is_count(given):
        return [], await _counted(server, kind, given, patient_id)
    wish = _wish(kind, given)
    found = await page(server, kind, wish, patient_id, limit=wish.count + 1)
    shown = found[: wish.count]
    others = await _included(server, kind, wish.includes, [row for row, _ in shown], allow)
    links = [_link("self", f"{server.base}/{kind.name}", wish.query)]
    if len(found) > wish.count:
        links.append(_link("next", f"{server.base}/{kind.name}", [(PAGE, _sealed(kind, wish, shown[-1][0]))]))
    read = [(kind, [row for row, _ in shown]), *((of, [row for row, _ in more]) for of, more in others)]
    entries = [_entry(server, kind, one, "match") for one in shown]
    entries += [_entry(server, of, one, "include") for of, more in others for one in more]
    return read, _bundle(links, entries)


async def _included(
    server: Server, kind: Kind, includes: Sequence[str], found: Sequence[Row], allow: Allow
) -> list[tuple[Kind, list[Found]]]:
    """Return what a page refers to, each resource once: what has been found is not told again."""
    known, here = everything.kinds(), {kind.name: {row["id"] for row in found}}
    return [
        (known[of], await told(server, known[of], sorted(ids - here.get(of, set())), allow(known[of])))
        for of, ids in including.wanted(kind, includes, found).items()
    ]


def _is_count(given: Asked) -> bool:
    return ("_summary", "count") in given or ("_count", "0") in given


async def _counted(server: Server, kind: Kind, given: Asked, patient_id: UUID | None) -> dict[str, Any]:
    """Return how many there are and none of them."""
    asked = [(name, text) for name, text in given if name not in RESULT]
    where = _where(server, kind, asked, patient_id)
    total = await value(f"select count(*) from ({kind.rows}) x where {where.sql}", *where.args)
    link = _link("self", f"{server.base}/{kind.name}", [*asked, ("_summary", "count")])
    return {**_bundle([link], []), "total": total}


def _wish(kind: Kind, given: Asked) -> Wish:
    """Return what narrows, how many are wanted, in which order, with which others, and after which."""
    about = {name: text for name, text in given if name in RESULT}
    if PAGE in about:
        return _opened(kind, about[PAGE])
    if "_summary" in about and about["_summary"] != "false":
        raise wrong("search.summary", t("_summary is count or false here."))
    includes = tuple(dict.fromkeys(text for name, text in given if name == "_include"))
    if len(includes) > MOST_INCLUDES:
        raise wrong("search.include", t("A search includes at most {n} others.", n=MOST_INCLUDES))
    asked = [(name, text) for name, text in given if name not in RESULT]
    return Wish(asked, _count(about.get("_count")), about.get("_sort", ""), includes)


def _count(text: str | None) -> int:
    if text is None:
        return USUAL
    if not (text.isascii() and text.isdecimal() and int(text[:6]) > 0):
        raise wrong("search.count", t("_count is a number from 0 to {most}.", most=MOST))
    return min(int(text[:6]), MOST)


def _sealed(kind: Kind, wish: Wish, last: Row) -> str:
    at = last[order_of(kind, wish.sort).column]
    at = at.isoformat() if isinstance(at, datetime) else str(at)
    told = [kind.name, list(wish.asked), wish.count, wish.sort, list(wish.includes), at, str(last["id"])]
    return runtime().encrypt("fhir-page", json.dumps(told)).decode()


def _opened(kind: Kind, sealed: str) -> Wish:
    try:
        name, asked, count, sort, includes, at, found = json.loads(
            runtime().decrypt("fhir-page", sealed.encode())
        )
    except ValueError:
        name = ""
    if name != kind.name:
        raise wrong("search.page", t("This link to a page is not one of ours."))
    return Wish([(one, text) for one, text in asked], count, sort, tuple(includes), (at, UUID(found)))


def _link(relation: str, address: str, query: Asked) -> dict[str, str]:
    return {"relation": relation, "url": f"{address}?{urlencode(list(query))}"}


def _entry(server: Server, kind: Kind, found: Found, mode: str) -> dict[str, Any]:
    row, told = found
    return {"fullUrl": f"{server.base}/{kind.name}/{row['id']}", "resource": told, "search": {"mode": mode}}


def _bundle(
    links: list[dict[str, str]], entries: list[dict[str, Any]], kind: str = "searchset"
) -> dict[str, Any]:
    return {
        "resourceType": "Bundle",
        "id": str(new_id()),
        "meta": {"lastUpdated": instant(datetime.now(UTC))},
        "type": kind,
        "link": links,
        **({"entry": entries} if entries else {}),
    }


async def told(server: Server, kind: Kind, ids: Sequence[UUID], patient_id: UUID | None) -> list[Found]:
    """Return these resources of a kind, as far as the caller may read them."""
    where = _where(server, kind, (), patient_id)
    where.parts.append(f"x.id = any ({where.put(list(ids))}::uuid[])")
    sql = f"select x.* from ({kind.rows}) x where {where.sql} order by x.at, x.id"
    return await _told(server, kind, await rows(sql, *where.args))


async def versions(
    server: Server, kind: Kind, found: str, patient_id: UUID | None, *, version: str = ""
) -> list[Found]:
    """Return the versions of a resource that are kept, the last first; of a kind that keeps none, the present one."""
    if not kind.kept:
        present = await one(server, kind, found, patient_id)
        return [present] if present and version in {"", version_of(present[0])} else []
    where = _where(server, kind, [("_id", found)], patient_id)
    sql = f"select x.* from ({kind.kept}) x where {where.sql} order by x.changed_at desc limit {MOST:d}"
    kept = await _told(server, kind, await rows(sql, *where.args))
    return [each for each in kept if version in {"", version_of(each[0])}]


def history(server: Server, kind: Kind, found: Sequence[Found]) -> dict[str, Any]:
    """Return versions as a Bundle; the first was made by a POST, later ones by a PUT of ours or of somebody's."""
    entries = [
        {
            "fullUrl": f"{server.base}/{kind.name}/{row['id']}",
            "resource": resource,
            "request": {
                "method": "PUT" if n < len(found) - 1 else "POST",
                "url": f"{kind.name}/{row['id']}" if n < len(found) - 1 else kind.name,
            },
            "response": {
                "status": "200" if n < len(found) - 1 else "201",
                "etag": etag(version_of(row)),
                "lastModified": instant(row["changed_at"]),
            },
        }
        for n, (row, resource) in enumerate(found)
    ]
    link = _link("self", f"{server.base}/{kind.name}/{found[0][0]['id']}/_history", [])
    return {**_bundle([link], entries, "history"), "total": len(entries)}
