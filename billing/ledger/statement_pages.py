"""An account's statement: everything that changed what it owes, with what it owed after it, on screen and paper."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from billing.charges.printing import address_of, issuer_of
from billing.ledger import asking
from billing.ledger.accounts import KINDS, kind_name
from billing.ledger.reading import Span
from billing.receipts.statement import StatementDocument, StatementLine, render_statement
from tenants.actor import Actor
from tenants.days import today_of
from tenants.http import path_id
from tenants.models import Account, Tenant
from tenants.scope import rows
from ui.errors import NotFound
from ui.exports import export, wants_export
from ui.formats import datetime_text, use_zone
from ui.i18n import LOCALES, current_locale, t, use_locale
from ui.render import respond
from ui.tables import Column

MOST = 2000
_MOVEMENTS = """
with moved as (
  select p.id, e.occurred_at, e.kind, p.bill_id, b.number bill_number, p.currency, p.amount_minor,
         sum(p.amount_minor) over (partition by p.currency order by e.occurred_at, p.id)::bigint balance_minor
    from billing_posting p
    join billing_entry e on e.tenant_id = p.tenant_id and e.id = p.entry_id
    left join billing_bill b on b.tenant_id = p.tenant_id and b.id = p.bill_id
   where p.tenant_id = $1 and p.account_id = $2 and p.ledger = 'receivable' and e.occurred_at < $4
)
select * from moved where occurred_at >= $3 order by currency, occurred_at desc, id desc limit $5
"""
_BEFORE = """
select p.currency, sum(p.amount_minor)::bigint minor from billing_posting p
  join billing_entry e on e.tenant_id = p.tenant_id and e.id = p.entry_id
 where p.tenant_id = $1 and p.account_id = $2 and p.ledger = 'receivable' and e.occurred_at < $3 group by 1
"""


@dataclass(frozen=True, slots=True)
class Statement:
    """What an account owed at the beginning and end of a span, by currency, and the movements between."""

    account: Account
    span: Span
    opening: dict[str, int]
    closing: dict[str, int]
    movements: Sequence[dict[str, Any]]
    is_cut: bool


async def read(tenant_id: UUID, account: Account, span: Span) -> Statement:
    """Return an account's statement in the open tenant scope, its ``MOST`` latest movements at most."""
    opening = {r["currency"]: r["minor"] for r in await rows(_BEFORE, tenant_id, account.id, span.start)}
    closing = {r["currency"]: r["minor"] for r in await rows(_BEFORE, tenant_id, account.id, span.end)}
    found = await rows(_MOVEMENTS, tenant_id, account.id, span.start, span.end, MOST + 1)
    return Statement(account, span, opening, closing, [_sides(r) for r in found[:MOST]], len(found) > MOST)


def _sides(movement: Any) -> dict[str, Any]:
    minor = movement["amount_minor"]
    return {**dict(movement), "charged_minor": max(minor, 0) or None, "paid_minor": max(-minor, 0) or None}


MOVEMENTS = (
    Column("occurred_at", t("When"), format="datetime"),
    Column("kind", t("What happened"), is_main=True, words={kind.key: kind.name for kind in KINDS.values()}),
    Column("bill_number", t("Bill"), format="id"),
    Column("charged_minor", t("Billed"), format="money"),
    Column("paid_minor", t("Paid or let off"), format="money"),
    Column("balance_minor", t("Owed after it"), format="money"),
)
"""An account's movements as its holder reads them."""


def _columns(root: str) -> tuple[Column, ...]:
    return (
        Column("occurred_at", t("When"), format="datetime"),
        Column(
            "kind", t("What happened"), is_main=True, words={kind.key: kind.name for kind in KINDS.values()}
        ),
        Column(
            "bill_number",
            t("Bill"),
            format="id",
            href=lambda row: f"{root}/bills/{row['bill_id']}" if row["bill_id"] else None,
        ),
        Column("charged_minor", t("Billed"), format="amount"),
        Column("paid_minor", t("Paid or let off"), format="amount"),
        Column("balance_minor", t("Owed after it"), format="amount"),
    )


async def _asked(request: Request, actor: Actor) -> tuple[Statement, Any]:
    account = await Account.get_or_none(tenant_id=actor.tenant_id, id=path_id(request))
    if account is None:
        raise NotFound("account.not_found", t("There is no such account."))
    query = asking.parse(request)
    today = today_of(actor)
    span = asking.span_of(actor, query, first=today.replace(year=today.year - 1, day=1))
    return await read(account.tenant_id, account, span), asking.shown(query, span)


async def statement(request: Request, actor: Actor) -> Response:
    """One account's statement by day, or as a file."""
    found, query = await _asked(request, actor)
    columns, account, span = _columns(asking.root_of(actor)), found.account, found.span
    if wants_export(request):
        name = f"statement-{account.number}-{span.first}-{span.last}"
        return await export(request, columns, reversed(found.movements), name)
    currencies = sorted({*found.opening, *found.closing}) or [actor.place["currency"]]
    more = {"statement": found, "query": query, "columns": columns, "currencies": currencies, "span": span}
    return await respond(request, "billing/ledger/statement.html", asking.context(actor, "statement", **more))


async def pdf(request: Request, actor: Actor) -> Response:
    """One account's statement on paper, in the language asked for."""
    found, _ = await _asked(request, actor)
    asked = request.query_params.get("lang", "")
    locale = asked if asked in LOCALES else current_locale()
    with use_locale(locale), use_zone(found.span.zone):
        documents = await documents_of(found, await Tenant.get(id=actor.tenant_id))
    content = await asyncio.to_thread(render_statement, documents, locale)
    name = f"statement-{found.span.first}-{found.span.last}.pdf"
    headers = {"Content-Disposition": f'inline; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type="application/pdf", headers=headers)


async def documents_of(found: Statement, tenant: Tenant) -> list[StatementDocument]:
    """Return a statement as it is printed, one part for each currency, in the open tenant scope."""
    issuer = await issuer_of(tenant)
    account, span = found.account, found.span
    return [
        StatementDocument(
            issuer=issuer,
            account=account.number,
            address=address_of(account.name, account.place),
            first=span.first,
            last=span.last,
            currency=currency,
            opening_minor=found.opening.get(currency, 0),
            closing_minor=found.closing.get(currency, 0),
            lines=tuple(_line(each) for each in reversed(found.movements) if each["currency"] == currency),
        )
        for currency in sorted({*found.opening, *found.closing}) or [tenant.currency]
    ]


def _line(movement: dict[str, Any]) -> StatementLine:
    return StatementLine(
        when=datetime_text(movement["occurred_at"]),
        what=kind_name(movement["kind"]),
        bill=movement["bill_number"] or "",
        amount_minor=movement["amount_minor"],
        balance_minor=movement["balance_minor"],
    )
