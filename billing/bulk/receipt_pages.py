"""The receipts of a day or a selection of payments as one file."""

from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from billing.bulk import papers
from billing.payments import staff_queries as queries
from tenants.actor import Actor
from ui.errors import Invalid
from ui.forms import Form, bind
from ui.i18n import N_, current_locale
from ui.render import redirect, respond
from ui.tables import TableQuery

LANGUAGES = (("en", "English"), ("zh_CN", "中文"))


class Wanted(BaseModel):
    """As what, and in which language."""

    format: str = Field("pdf", title=N_("File"))
    locale: str = Field("en", title=N_("Language"))


async def ask(request: Request, actor: Actor) -> Response:
    """Show how many receipts were chosen, and ask as what they are wanted."""
    count = await _count(request, actor)
    kind = "pdf" if count <= papers.MOST["pdf"] else "zip"
    form = Form.blank(Wanted, {"format": kind, "locale": current_locale()})
    return await _page(request, actor, form, count)


async def _count(request: Request, actor: Actor) -> int:
    return await queries.count_receipts(actor, _query(request), papers.MOST["zip"] + 1)


async def _page(
    request: Request, actor: Actor, form: Form[Wanted], count: int, status: int = 200
) -> Response:
    root = f"/t/{actor.place['slug']}"
    context: dict[str, Any] = {
        "form": form,
        "count": count,
        "formats": papers.FORMATS,
        "languages": LANGUAGES,
        "root": root,
        "action": f"{root}/payments/receipts/files?{request.url.query}",
        "back": f"{root}/payments?{request.url.query}",
    }
    return await respond(request, "billing/bulk/receipts.html", context, status=status)


def _query(request: Request) -> TableQuery:
    return TableQuery.parse(request, filters=queries.PAYMENT_FILTERS)


async def make(request: Request, actor: Actor) -> Response:
    """Have the file made."""
    form = await bind(request, Wanted)
    if form.is_valid:
        ids = await queries.receipt_ids(actor, _query(request), papers.MOST["zip"] + 1)
        try:
            task = await papers.begin_receipts(actor, ids, kind=form.ok.format, locale=form.ok.locale)
        except Invalid as refused:
            form.fail_with(refused)
        else:
            return redirect(request, f"/t/{actor.place['slug']}/tasks/{task.id}")
    return await _page(request, actor, form, await _count(request, actor), status=422)
