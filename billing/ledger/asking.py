"""What the ledger's pages have in common: their tabs, and the days and kinds that an address asks for."""

from datetime import date
from typing import Any

from starlette.requests import Request

from billing.ledger.accounts import KINDS
from billing.ledger.reading import Span
from tenants.actor import Actor
from tenants.days import day_named, today_of
from ui.i18n import N_, Text, t
from ui.shell import NavItem
from ui.tables import TableQuery

_TABS = (
    ("", N_("Trial balance")),
    ("/journal", N_("Journal")),
    ("/periods", N_("Months and closing")),
    ("/seals", N_("Seals")),
)
DAYS = ("from", "until")


def root_of(actor: Actor) -> str:
    """Return the tenant's address."""
    return f"/t/{actor.place['slug']}"


def tabs(actor: Actor, current: str) -> list[NavItem]:
    """Return the ledger's pages."""
    root = f"{root_of(actor)}/ledger"
    return [NavItem(label=t(label), href=root + path, is_current=path == current) for path, label in _TABS]


def span_of(actor: Actor, query: TableQuery, *, first: date, ledger: str = "") -> Span:
    """Return the days, kind and ledger account that are asked for; from ``first`` until today where nothing is said."""
    last = day_named(query.get("until")) or today_of(actor)
    begin = day_named(query.get("from")) or min(first, last)
    return Span(begin, last, actor.place["timezone"], query.get("kind"), ledger or query.get("ledger"))


def shown(query: TableQuery, span: Span) -> TableQuery:
    """Return the query with the days that are meant where none are said, so that the fields show them."""
    filters = {**query.filters, "from": span.first.isoformat(), "until": span.last.isoformat()}
    return TableQuery(query.path, query.q, filters, query.sort, query.page, query.per, query.default_sort)


def kinds() -> list[tuple[str, Text | str]]:
    """Return every kind of entry, for a choice."""
    return [(kind.key, kind.name) for kind in KINDS.values()]


def parse(request: Request, *names: str) -> TableQuery:
    """Return what the address asks for."""
    return TableQuery.parse(request, filters=(*DAYS, *names))


def context(actor: Actor, current: str, **more: Any) -> dict[str, Any]:
    """Return what every page of the ledger is drawn from."""
    return {"tabs": tabs(actor, current), "root": root_of(actor), "currency": actor.place["currency"], **more}
