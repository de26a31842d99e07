"""The journal: every entry with its postings, as a page, as a file, or made in the background when it is long."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from billing.bulk import files
from billing.bulk.files import Maker
from billing.ledger import asking, reading
from billing.ledger.accounts import KINDS, kind_name, ledger_name
from billing.ledger.reading import Span
from billing.ledger.trial_pages import posting_columns
from tenants.actor import Actor
from tenants.days import today_of
from tenants.scope import tenant_id
from tenants.tasks import Progress
from ui.exports import export, wants_export, write
from ui.fields import Day
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond
from ui.tables import Page, TableQuery

AT_ONCE = 50_000
"""Postings that are sent while one waits; a longer journal is made in the background."""
KIND = "journal.file"


class Wanted(BaseModel):
    """Which part of the journal, and as what."""

    first: Annotated[Day, Field(title=N_("First day"), alias="from")]
    last: Annotated[Day, Field(title=N_("Last day"), alias="until")]
    kind: str = Field("", title=N_("What happened"))
    ledger: str = Field("", title=N_("Ledger account"))
    format: Literal["csv", "xlsx"] = Field("csv", title=N_("File"))


async def journal(request: Request, actor: Actor) -> Response:
    """Entries with their postings, the latest first, by day, kind and ledger account."""
    query, root = asking.parse(request, "kind", "ledger"), asking.root_of(actor)
    span = asking.span_of(actor, query, first=today_of(actor).replace(day=1))
    form = Form.blank(Wanted, query.filters)
    await _check_choice(form, span.kind, span.ledger)
    if form.errors:
        return await _page(request, actor, span, asking.shown(query, span), form)
    if wants_export(request) and not await _is_long(span):
        columns = posting_columns(root, await reading.names_of(tenant_id()), has_ledger=True)
        rows = reading.each_posting(tenant_id(), span)
        return await export(request, columns, rows, f"journal-{span.first}-{span.last}")
    return await _page(request, actor, span, asking.shown(query, span))


async def _is_long(span: Span) -> bool:
    return await reading.count_postings(tenant_id(), span, most=AT_ONCE + 1) > AT_ONCE


async def _page(
    request: Request, actor: Actor, span: Span, query: TableQuery, form: Form[Wanted] | None = None
) -> Response:
    names = await reading.names_of(tenant_id())
    if form:
        span = replace(span, kind="", ledger="")
    found = await reading.entries(tenant_id(), span, query.limit, query.offset)
    page = Page.of(query, found, await reading.count_entries(tenant_id(), span))
    more = {
        "page": page,
        "span": span,
        "kinds": asking.kinds(),
        "chart": await reading.chart_of(tenant_id()),
        "kind_name": kind_name,
        "source_path": reading.source_path,
        "ledger_name": lambda ledger: ledger_name(ledger, names),
        "most": AT_ONCE,
        "is_long": await _is_long(span),
        "form": form,
    }
    shown = asking.context(actor, "/journal", **more)
    status = 422 if form else 200
    return await respond(request, "billing/ledger/journal.html", shown, block="list", status=status)


async def make_file(request: Request, actor: Actor) -> Response:
    """Have a long journal written in the background."""
    form = await bind(request, Wanted)
    if form.is_valid:
        await _check(form)
    if not form.is_valid:
        sent = {name: str(form.value(name)) for name in ("from", "until", "kind", "ledger")}
        query = TableQuery(f"{asking.root_of(actor)}/ledger/journal", filters=sent)
        return await _page(request, actor, asking.span_of(actor, query, first=today_of(actor)), query, form)
    asked = form.ok
    span = Span(asked.first, asked.last, actor.place["timezone"], asked.kind, asked.ledger)
    total = await reading.count_postings(tenant_id(), span)
    payload = asked.model_dump(mode="json", by_alias=True) | {
        "zone": span.zone,
        "root": asking.root_of(actor),
    }
    task = await files.begin(actor, KIND, payload, total=total)
    return redirect(request, f"{asking.root_of(actor)}/tasks/{task.id}")


async def _check(form: Form[Wanted]) -> None:
    asked = form.ok
    if asked.last < asked.first:
        form.fail("until", t("The last day cannot be before the first."))
    await _check_choice(form, asked.kind, asked.ledger)


async def _check_choice(form: Form[Wanted], kind: str, ledger: str) -> None:
    """A name that nothing is booked under would give an empty file, which reads as if nothing had happened."""
    if kind and kind not in KINDS:
        form.fail("kind", t("Choose one of the options."))
    if ledger and ledger not in dict(await reading.chart_of(tenant_id())):
        form.fail("ledger", t("There is no such ledger account. Choose one from the list, or all of them."))


async def _make(actor: Actor, path: Path, asked: Mapping[str, Any], progress: Progress) -> str:
    del actor
    days = [date.fromisoformat(asked[name]) for name in ("from", "until")]
    span = Span(days[0], days[1], asked["zone"], asked["kind"], asked["ledger"])
    columns = posting_columns(asked["root"], await reading.names_of(tenant_id()), has_ledger=True)
    kind = "xlsx" if asked["format"] == "xlsx" else "csv"
    rows = files.counted(reading.each_posting(tenant_id(), span), progress)
    await write(path, columns, rows, kind, zone=span.zone)
    return f"journal-{span.first}-{span.last}.{kind}"


files.add_maker(Maker(KIND, "ledger.read", t("The journal"), _make))
