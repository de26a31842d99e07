"""Statements and their lines: uploaded, previewed, listed, looked at one by one, matched by hand."""

from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from billing.lists import uuid_of
from billing.models import Statement
from billing.names import Day
from billing.reconciliation import accounts, hands, keeping, queries, uploads, words
from billing.reconciliation.common import (
    FILED,
    STATEMENT_FILED,
    Reason,
    line_columns,
    root_of,
    statement_columns,
    tabs,
    take_over,
)
from billing.reconciliation.overview_pages import account_of
from billing.reconciliation.sources.contract import Line
from billing.reconciliation.sources.table import FIELDS
from billing.reconciliation.suggesting import REASONS
from tenants.actor import Actor
from tenants.http import path_id
from ui.errors import Conflict, Invalid, NotFound
from ui.exports import export, wants_export
from ui.flash import Flash
from ui.formats import listed
from ui.forms import Form, bind
from ui.i18n import Text, gettext, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery

FIELD = "field_"


async def statements(request: Request, actor: Actor) -> Response:
    """Every statement that was read; or the list as a file."""
    root = root_of(actor)
    columns = statement_columns(root)
    query = TableQuery.parse(request, columns=columns, filters=queries.STATEMENT_FILTERS)
    if wants_export(request):
        every, *_ = await queries.statements(actor, query, limit=queries.MOST, offset=0)
        return await export(request, (*columns, *STATEMENT_FILED), every, "statements")
    found, total, totals = await queries.statements(actor, query, limit=query.limit, offset=query.offset)
    context = {
        "tabs": tabs(actor, "/statements"),
        "root": root,
        "page": Page.of(query, found, total, totals),
        "columns": columns,
        "channels": list(words.CHANNELS.items()),
        "may_work": actor.may("reconciliation.work"),
    }
    return await respond(request, "billing/reconciliation/statements.html", context, block="list")


async def _statement(request: Request, actor: Actor) -> Statement:
    found = await Statement.get_or_none(tenant_id=actor.tenant_id, id=path_id(request))
    if found is None:
        raise NotFound("statement.not_found", t("There is no such statement."))
    return found


async def statement(request: Request, actor: Actor) -> Response:
    """One statement: what it says of itself, and its lines."""
    found, root = await _statement(request, actor), root_of(actor)
    columns = line_columns(root)
    query = TableQuery.parse(request, columns=columns, filters=("status", "kind"))
    query = TableQuery(**{**_as_dict(query), "filters": {**query.filters, "statement": str(found.id)}})
    lines, total, totals = await queries.lines(actor, query, limit=query.limit, offset=query.offset)
    context = {
        "found": found,
        "root": root,
        "page": Page.of(query, lines, total, totals),
        "columns": columns,
        "states": [*words.LINE_WORDS.items()],
        "name": statement_name(found),
        "account": await accounts.account(actor, found.settlement_account_id),
    }
    return await respond(request, "billing/reconciliation/statement.html", context, block="list")


def statement_name(found: Statement) -> Text:
    """Return a statement as people know it: what kind it is, and of which days."""
    kind, first, last = words.FILES.get(found.source, found.source), found.day_from, found.day_until
    if first == last:
        return t("{kind}, {day}", kind=kind, day=Day(first))
    return t("{kind}, {first} to {last}", kind=kind, first=Day(first), last=Day(last))


def _as_dict(query: TableQuery) -> dict[str, Any]:
    return {name: getattr(query, name) for name in query.__slots__}


async def original(request: Request, actor: Actor) -> Response:
    """Send the file as it was read, held against its hash."""
    found = await _statement(request, actor)
    assert actor.tenant_id is not None  # noqa: S101 - staff are inside a tenant
    try:
        content = keeping.read_whole(actor.tenant_id, found.storage_key)
    except FileNotFoundError:
        raise NotFound("statement.no_file", t("The file itself was not kept.")) from None
    headers = {
        "Content-Disposition": f'attachment; filename="{found.sha256[:12]}.txt"',
        "Cache-Control": "no-store",
        "Content-Security-Policy": "sandbox",
    }
    return Response(content, headers=headers, media_type="application/octet-stream")


async def lines(request: Request, actor: Actor) -> Response:
    """Lines of all statements, by state, kind, channel and day; or as a file."""
    root = root_of(actor)
    columns = line_columns(root)
    query = TableQuery.parse(request, columns=columns, filters=queries.LINE_FILTERS)
    if wants_export(request):
        every, *_ = await queries.lines(actor, query, limit=queries.MOST, offset=0)
        return await export(request, (*columns, *FILED), every, "lines")
    found, total, totals = await queries.lines(actor, query, limit=query.limit, offset=query.offset)
    context = {
        "tabs": tabs(actor, "/lines"),
        "root": root,
        "page": Page.of(query, found, total, totals),
        "columns": columns,
        "states": [("loose", t("Not matched, or different")), *words.LINE_WORDS.items()],
        "kinds": list(words.LINE_KINDS.items()),
        "channels": list(words.CHANNELS.items()),
    }
    return await respond(request, "billing/reconciliation/lines.html", context, block="list")


async def line(request: Request, actor: Actor) -> Response:
    """One line: what it says, what it was matched with, what it might be."""
    return await _line_page(request, actor, Form.blank(Reason))


async def _line_page(request: Request, actor: Actor, form: Form[Reason], status: int = 200) -> Response:
    found = await queries.line(actor, path_id(request))
    if found is None:
        raise NotFound("line.not_found", t("There is no such line."))
    is_booked = found["matched_by"] in {"charge", "found", "payout", "fee"}
    context = {
        "line": found,
        "root": root_of(actor),
        "staff": f"/t/{actor.place['slug']}",
        "form": form,
        "states": words.LINE_WORDS,
        "tones": words.LINE_TONES,
        "kinds": words.LINE_KINDS,
        "channels": words.CHANNELS,
        "how": words.HOW,
        "suggestions": [
            {**one, "why": listed(gettext(REASONS[key]) for key in one["reasons"])}
            for one in await queries.suggestions(actor, found["id"])
        ],
        "acts": [{"title": gettext(words.ACTS.get(a["act"], a["act"])), "at": a["at"], "by": a["person_name"],
                  "text": a["after"].get("reason", ""), "tone": "neutral", "href": None}
                 for a in await queries.acts_on(actor, found["id"])],
        "may_work": actor.may("reconciliation.work"),
        "may_release": found["status"] in {"matched", "differs", "explained"} and not is_booked,
    }  # fmt: skip
    return await respond(request, "billing/reconciliation/line.html", context, status=status)


async def match(request: Request, actor: Actor) -> Response:
    """Tie a line to what has the number typed."""
    return await _act(request, actor, "match")


async def release(request: Request, actor: Actor) -> Response:
    """Take a match back."""
    return await _act(request, actor, "release")


async def _act(request: Request, actor: Actor, act: str) -> Response:
    form, line_id = await bind(request, Reason), path_id(request)
    if await queries.line(actor, line_id) is None:
        raise NotFound("line.not_found", t("There is no such line."))
    if form.is_valid:
        try:
            if act == "match":
                await hands.match(actor, line_id=line_id, number=form.ok.number, reason=form.ok.reason)
            else:
                await hands.unmatch(actor, line_id=line_id, reason=form.ok.reason)
        except (Invalid, Conflict) as refused:
            take_over(form, refused)
        else:
            text = t("The line is matched.") if act == "match" else t("The match is taken back.")
            return redirect(request, f"{root_of(actor)}/lines/{line_id}", flash=text)
    return await _line_page(request, actor, form, 422)


async def confirmation(request: Request, actor: Actor) -> Response:
    """Say that a suggestion is right."""
    return await _decide(request, actor, is_right=True)


async def refusal(request: Request, actor: Actor) -> Response:
    """Say that a suggestion is wrong."""
    return await _decide(request, actor, is_right=False)


async def _decide(request: Request, actor: Actor, *, is_right: bool) -> Response:
    sent = await request.form()
    back = f"{root_of(actor)}/lines/{uuid_of(str(sent.get('line', ''))) or ''}"
    try:
        if is_right:
            await hands.confirm(actor, suggestion_id=path_id(request))
        else:
            await hands.refuse(actor, suggestion_id=path_id(request))
    except (Invalid, Conflict) as refused:
        return redirect(request, back, flash=Flash(refused.message, tone="warning"))
    text = t("The line is matched.") if is_right else t("It will not be suggested again.")
    return redirect(request, back, flash=text)


async def new(request: Request, actor: Actor) -> Response:
    """Show where to choose a statement's file."""
    return await _new(request, actor)


async def _new(request: Request, actor: Actor, error: Any = None, status: int = 200) -> Response:
    account, every = await account_of(actor, request.query_params.get("account", ""))
    context = {
        "root": root_of(actor),
        "accounts": [(str(one.id), f"{one.account_mask} · {one.currency}") for one in every],
        "account": str(account.id) if account else "",
        "error": error,
        "channels": [(key, word) for key, word in words.CHANNELS.items() if key != "counter"],
    }
    return await respond(request, "billing/reconciliation/upload.html", context, status=status)


async def preview(request: Request, actor: Actor) -> Response:
    """Read the chosen file without writing anything, and show what it holds or why it cannot be read."""
    sent = await request.form()
    account, _ = await account_of(actor, str(sent.get("account", "")))
    file = sent.get("file")
    if account is None:
        raise NotFound("settlement.not_found", t("There is no such account."))
    try:
        key, filename = str(sent.get("key", "")), str(sent.get("filename", ""))[:200]
        if isinstance(file, UploadFile) and file.filename:
            key, filename = await uploads.upload(actor, await file.read()), file.filename[:200]
        content = await uploads.content_of(actor, key)
        settings, columns = await _settings(account, content, filename, dict(sent))
        found = (
            await uploads.preview(actor, account, content, filename, settings)
            if settings is not None
            else None
        )
    except Invalid as refused:
        return await _new(request, actor, refused.message, 422)
    context = {
        "root": root_of(actor), "account": account, "key": key, "filename": filename, "found": found,
        "settings": settings or {}, "table": columns, "fields": FIELDS, "files": words.FILES, "field": FIELD,
        "columns": _preview_columns(), "problem_columns": _PROBLEMS, "kinds": words.LINE_KINDS,
        "channels": [(name, word) for name, word in words.CHANNELS.items() if name != "counter"],
    }  # fmt: skip
    return await respond(request, "billing/reconciliation/preview.html", context)


async def _settings(
    account: Any, content: bytes, filename: str, sent: dict[str, Any]
) -> tuple[dict[str, Any] | None, list[str]]:
    """Return how the file is to be read (nothing while a table's columns are not chosen), and a table's columns."""
    if uploads.recognise(content, filename) != "table":
        return {}, []
    header, proposed = await uploads.mapping_of(account, content, filename)
    chosen = {f.key: str(sent.get(FIELD + f.key, "")) for f in FIELDS if sent.get(FIELD + f.key)}
    is_chosen = any(name.startswith(FIELD) for name in sent)
    return {
        "columns": chosen if is_chosen else proposed,
        "channel": str(sent.get("channel") or "account"),
    }, header


def _preview_columns() -> tuple[Column, ...]:
    return (
        Column("position", t("Row"), format="number"),
        Column("day", t("Day"), format="date"),
        Column("kind", t("Kind"), words=words.LINE_KINDS),
        Column("text", t("Text"), is_main=True, value=_shown),
        Column("reference", t("Our reference"), format="code"),
        Column("fee_minor", t("Channel fee"), format="amount"),
        Column("amount_minor", t("Amount"), format="money"),
    )


def _shown(line: Line) -> str:
    return line.text or line.channel_reference


_PROBLEMS = (
    Column("0", t("Row"), format="number", value=lambda row: row[0]),
    Column("1", t("What is wrong"), is_main=True, value=lambda row: str(row[1])),
)


async def take_in(request: Request, actor: Actor) -> Response:
    """Have a previewed file read in the background."""
    sent = await request.form()
    account, _ = await account_of(actor, str(sent.get("account", "")))
    if account is None:
        raise NotFound("settlement.not_found", t("There is no such account."))
    key, filename = str(sent.get("key", "")), str(sent.get("filename", ""))[:200]
    try:
        content = await uploads.content_of(actor, key)
        settings, _ = await _settings(account, content, filename, dict(sent))
        task_id = await uploads.begin(actor, account, key, filename, settings or {})
    except Invalid as refused:
        return await _new(request, actor, refused.message, 422)
    return redirect(request, f"/t/{actor.place['slug']}/tasks/{task_id}")
