"""The trial balance, and one ledger account with its postings."""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from billing.ledger import asking, reading
from billing.ledger.accounts import KINDS, NATURES, is_known_ledger, kind_name, ledger_name
from billing.ledger.reading import Line, Span
from tenants.actor import Actor
from tenants.days import today_of
from tenants.scope import tenant_id
from ui.errors import NotFound
from ui.exports import export, wants_export
from ui.i18n import Text, t
from ui.render import respond
from ui.tables import Column, Page, Total

SIDES = (
    Column("debit_minor", t("Debit side"), format="amount"),
    Column("credit_minor", t("Credit side"), format="amount"),
)


def _nature(value: Any, row: Line) -> str:
    del value
    return str(NATURES[row.nature]) if row.nature else ""


def _columns(root: str, days: str) -> tuple[Column, ...]:
    return (
        Column(
            "name",
            t("Ledger account"),
            is_main=True,
            href=lambda row: f"{root}/ledger/accounts/{row.ledger}{days}",
        ),
        Column("ledger", t("Code"), format="code"),
        Column("nature", t("Kind"), format=_nature, value=lambda _: ""),
        Column("opening_minor", t("At the beginning"), format="amount"),
        *SIDES,
        Column("closing_minor", t("At the end"), format="amount"),
    )


async def trial_balance(request: Request, actor: Actor) -> Response:
    """Every ledger account with what it stood at, what moved and what it stands at, or that as a file."""
    query, root = asking.parse(request), asking.root_of(actor)
    span = asking.span_of(actor, query, first=today_of(actor).replace(month=1, day=1))
    by_currency = await reading.trial(tenant_id(), span.start, span.end)
    columns = _columns(root, f"?from={span.first}&until={span.last}")
    if wants_export(request):
        lines = [line for found in by_currency.values() for line in found]
        return await export(request, columns, lines, f"trial-balance-{span.last}")
    more = {"query": asking.shown(query, span), "span": span, "columns": columns}
    tables = [(currency, lines, *_foot(currency, lines)) for currency, lines in by_currency.items()]
    context = asking.context(actor, "", tables=tables, **more)
    return await respond(request, "billing/ledger/trial.html", context)


_FIGURES = ("opening_minor", "debit_minor", "credit_minor", "closing_minor")


def _foot(currency: str, lines: Sequence[Line]) -> tuple[list[Total], bool]:
    """Return what each kind of account and all of them come to, and whether the books balance."""
    groups = [(words, [line for line in lines if line.nature == kind]) for kind, words in NATURES.items()]
    whole = (t("All accounts together"), list(lines))
    totals = [Total(words, {**_sums(some), "currency": currency}) for words, some in (*groups, whole) if some]
    return totals, totals[-1].sums["closing_minor"] == 0


def _sums(lines: Sequence[Line]) -> dict[str, int]:
    return {name: sum(getattr(line, name) for line in lines) for name in _FIGURES}


def posting_columns(root: str, names: dict[str, Text | str], *, has_ledger: bool) -> tuple[Column, ...]:
    """Return the columns of postings, for a page and its file; the journal's also says which belong together."""
    return (
        Column("occurred_at", t("When"), format="datetime"),
        Column(
            "kind",
            t("What happened"),
            is_main=True,
            words={kind.key: kind.name for kind in KINDS.values()},
            href=lambda row: root + path if (path := reading.source_path(row)) else None,
        ),
        *(_ledger_columns(names) if has_ledger else ()),
        Column(
            "account_number",
            t("Account"),
            href=lambda row: f"{root}/ledger/statements/{row['account_id']}" if row["account_id"] else None,
        ),
        Column(
            "bill_number",
            t("Bill"),
            format="id",
            href=lambda row: f"{root}/bills/{row['bill_id']}" if row["bill_id"] else None,
        ),
        *SIDES,
        Column("currency", t("Currency")),
    )


def _ledger_columns(names: dict[str, Text | str]) -> tuple[Column, ...]:
    return (
        Column("entry_id", t("Journal entry")),
        Column("ledger", t("Ledger account"), format=lambda v, _: str(ledger_name(v, names))),
        Column("code", t("Code"), value=lambda row: row["ledger"]),
    )


async def account(request: Request, actor: Actor) -> Response:
    """One ledger account: its postings by day and kind, the latest first, or all of them as a file."""
    ledger = request.path_params["ledger"]
    if not is_known_ledger(ledger):
        raise NotFound("ledger.not_found", t("There is no such ledger account."))
    query, root = asking.parse(request, "kind"), asking.root_of(actor)
    span = asking.span_of(actor, query, first=today_of(actor).replace(day=1), ledger=ledger)
    names = await reading.names_of(tenant_id())
    columns = posting_columns(root, names, has_ledger=False)
    if wants_export(request):
        return await export(request, columns, reading.each_posting(tenant_id(), span), _file(ledger, span))
    total = await reading.count_postings(tenant_id(), span)
    is_few = total <= reading.FEW
    found = await reading.postings(tenant_id(), span, query.limit, query.offset, is_few=is_few)
    page = Page.of(asking.shown(query, span), found, total)
    stood = await reading.trial(tenant_id(), span.start, span.end, ledger)
    balances = {currency: line for currency, (line,) in stood.items()}
    more = {
        "ledger": ledger,
        "name": ledger_name(ledger, names),
        "balances": balances,
        "kinds": asking.kinds(),
    }
    context = asking.context(actor, "", page=page, columns=columns, span=span, **more)
    return await respond(request, "billing/ledger/account.html", context, block="list")


def _file(ledger: str, span: Span) -> str:
    return f"{ledger.replace(':', '-')}-{span.first}-{span.last}"


__all__ = ["account", "kind_name", "posting_columns", "trial_balance"]
