"""The settlement report: a month by day and by payout, one payout down to each bill, as page, file and print."""

from calendar import monthrange
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from billing.models import PayoutHold
from billing.reconciliation import settlement, words
from billing.reconciliation.common import root_of, tabs
from billing.reconciliation.overview_pages import account_of, month_of
from tenants.actor import Actor
from tenants.http import path_id
from ui.exports import export, wants_export
from ui.formats import date_text
from ui.i18n import gettext, t
from ui.render import respond
from ui.shell import Shell
from ui.tables import Column, Page, TableQuery, added

_SUMS = ("gross_minor", "refund_minor", "fee_minor")


def _money_columns() -> tuple[Column, ...]:
    return (
        Column("gross_minor", t("Gross"), format="amount"),
        Column("refund_minor", t("Refunds"), format="amount"),
        Column("fee_minor", t("Channel fees"), format="amount"),
    )


def _day_columns() -> tuple[Column, ...]:
    return (
        Column("day", t("Day"), format="date", is_main=True),
        Column("channel", t("Channel"), words=words.CHANNELS),
        Column("line_count", t("Lines"), format="number"),
        *_money_columns(),
        Column("net_minor", t("Net"), format="money"),
    )


def _received(value: Any, row: Any) -> str:
    return date_text(value) if value else gettext("Expected {day}", day=date_text(row["arrives_on"]))


def _payout_columns(root: str, *, is_file: bool = False) -> tuple[Column, ...]:
    return (
        Column(
            "reference",
            t("Payout"),
            format="code",
            is_main=True,
            href=lambda row: f"{root}/payouts/{row['id']}",
        ),
        Column("channel", t("Channel"), words=words.CHANNELS),
        Column("day_until", t("For the day"), format="date"),
        Column("received_on", t("Received on"), format="date" if is_file else _received),
        *_money_columns(),
        Column("amount_minor", t("Amount settled"), format="money"),
        Column("status", t("State"), format="badge", words=words.PAYOUT_WORDS, tones=words.PAYOUT_TONES),
    )


def _printed(request: Request, actor: Actor) -> bool:
    """Turn the page into one for paper where the address asks for it."""
    if not request.query_params.get("print"):
        return False
    place = actor.place
    request.state.shell = Shell(face="print", title=place["short_name"], zone=place["timezone"])
    return True


async def report(request: Request, actor: Actor) -> Response:
    """A month: by day, and by payout; either as a file."""
    zone, params, root = actor.place["timezone"], request.query_params, root_of(actor)
    account, every = await account_of(actor, params.get("account", ""))
    month = month_of(params.get("month", ""), zone)
    last = month.replace(day=monthrange(month.year, month.month)[1])
    days = await settlement.days(actor, account.id, month, last) if account else []
    paid = await settlement.payouts(actor, account.id, month, last) if account else []
    if wants_export(request):
        by_day = params.get("by") == "day"
        columns, found = (_day_columns(), days) if by_day else (_payout_columns(root, is_file=True), paid)
        return await export(request, columns, found, f"settlement-{month:%Y-%m}")
    is_printed = _printed(request, actor)
    sums = {name: sum(day[name] for day in days) for name in (*_SUMS, "net_minor")}
    currency = account.currency if account else actor.place["currency"]
    context = {
        "tabs": tabs(actor, "/settlement"),
        "root": root,
        "account": account,
        "accounts": [(str(one.id), f"{one.account_mask} · {one.currency}") for one in every],
        "month": f"{month:%Y-%m}",
        "month_day": month,
        "days": days,
        "payouts": paid,
        "day_columns": _day_columns(),
        "payout_columns": [one for one in _payout_columns(root) if not (is_printed and one.key == "status")],
        "sums": sums,
        "payout_totals": added(paid, (*_SUMS, "amount_minor"), currency, t("Total")),
        "day_totals": added(days, ("line_count", *_SUMS, "net_minor"), currency, t("Total")),
        "currency": currency,
        "is_printed": is_printed,
        "staff": f"/t/{actor.place['slug']}",
        "on_hold": await PayoutHold.filter(tenant_id=actor.tenant_id).exclude(status="released").first(),
        "institution": actor.place["name"] if "name" in actor.place else actor.place["short_name"],
    }
    return await respond(request, "billing/reconciliation/settlement.html", context)


def _bill_columns(staff: str) -> tuple[Column, ...]:
    return (
        Column("bill_number", t("Bill"), is_main=True, value=_named, href=lambda row: _bill_url(staff, row)),
        Column("account_number", t("Account"), format="name"),
        Column("payment_number", t("Payment"), format="id", href=lambda row: _payment_url(staff, row)),
        Column("kind", t("Kind"), words=words.LINE_KINDS),
        Column("occurred_at", t("When"), format="datetime"),
        Column("fee_minor", t("Channel fee"), format="amount"),
        Column("amount_minor", t("Amount"), format="money"),
    )


def _named(row: Any) -> str:
    return str(row["bill_number"] or row["text"] or "–")


def _bill_url(staff: str, row: Any) -> str | None:
    return f"{staff}/bills/{row['bill_id']}" if row["bill_id"] else None


def _payment_url(staff: str, row: Any) -> str | None:
    return f"{staff}/payments/{row['payment_id']}" if row["payment_id"] else None


async def payout(request: Request, actor: Actor) -> Response:
    """One payout: what it is made of, and every bill it pays; or as a file."""
    found = await settlement.payout(actor, path_id(request))
    columns = _bill_columns(f"/t/{actor.place['slug']}")
    query = TableQuery.parse(request)
    if wants_export(request):
        every, _ = await settlement.bills(actor, found, limit=settlement.MOST, offset=0)
        return await export(request, columns, every, f"payout-{found['day_until']}")
    is_printed = _printed(request, actor)
    limit, offset = (settlement.MOST, 0) if is_printed else (query.limit, query.offset)
    rows, total = await settlement.bills(actor, found, limit=limit, offset=offset)
    context = {
        "found": found,
        "root": root_of(actor),
        "page": Page.of(query, rows, total),
        "rows": rows,
        "columns": columns,
        "channels": words.CHANNELS,
        "words": words.PAYOUT_WORDS,
        "tones": words.PAYOUT_TONES,
        "is_printed": is_printed,
    }
    return await respond(request, "billing/reconciliation/payout.html", context, block="list")
