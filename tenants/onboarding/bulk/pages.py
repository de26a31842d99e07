"""Bringing in many institutions from one file: upload, what is wrong, the second person's decision, progress."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tenants.actor import Actor
from tenants.banks.reach import bank_of
from tenants.http import WRITES, bank_route, path_id
from tenants.models import BulkFile
from tenants.onboarding import queries
from tenants.onboarding.bulk import services, table
from tenants.onboarding.checklist import CURRENCIES, TIMEZONES
from tenants.scope import rows, value
from tenants.tabular import rejected_csv
from ui.errors import Invalid
from ui.exports import export, wants_export
from ui.fields import Upload
from ui.formats import zone_text
from ui.forms import Form, bind
from ui.i18n import N_, current_locale, gettext, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery

WORDS = {
    "checking": t("Being checked"),
    "checked": t("To be decided"),
    "applying": t("Being taken on"),
    "applied": t("Taken on"),
    "dropped": t("Dropped"),
}
TONES: dict[str, Any] = {"checked": "warning", "applying": "info", "applied": "success"}
ROW_WORDS = {"good": t("Good"), "wrong": t("Refused"), "live": t("Live"), "failed": t("Failed")}
ROW_TONES: dict[str, Any] = {"good": "info", "wrong": "danger", "failed": "danger", "live": "success"}


class UploadForm(BaseModel):
    """A file of institutions and what they have in common."""

    file: Annotated[UploadFile, Upload(endings=(".csv", ".xlsx"))] = Field(title=N_("File"))
    branch_id: UUID = Field(title=N_("Branch"))
    currency: str = Field(title=N_("Currency"))
    timezone: str = Field(title=N_("Time zone"))
    locale: str = Field(title=N_("Language of messages"))


async def listed(request: Request, actor: Actor) -> Response:
    """Show the files so far, and the form for another one."""
    form = Form.blank(UploadForm, {"currency": "SGD", "timezone": "Asia/Singapore", "locale": "en"})
    return await _listed(request, actor, form)


async def upload(request: Request, actor: Actor) -> Response:
    """Take a file."""
    form = await bind(request, UploadForm)
    if form.is_valid:
        given = form.ok
        terms = given.model_dump(exclude={"file"})
        try:
            made = await services.upload(
                actor, content=await given.file.read(), filename=given.file.filename or "", **terms
            )
        except Invalid as error:
            form.fail("file", error.message)
        else:
            return redirect(request, f"{_root(actor)}/{made.id}", flash=t("Every row is being looked at."))
    return await _listed(request, actor, form, status=422)


async def _listed(request: Request, actor: Actor, form: Form[UploadForm], status: int = 200) -> Response:
    branches = await queries.branches(actor)
    found = (
        await BulkFile.filter(bank_id=bank_of(actor), branch_id__in=[b.id for b in branches])
        .order_by("-id")
        .limit(100)
    )
    context = {
        "files": [(one, WORDS[one.status], TONES.get(one.status, "neutral")) for one in found],
        "form": form,
        "branches": [(str(b.id), b.name) for b in branches],
        "currencies": [(code, code) for code in CURRENCIES],
        "timezones": [(zone, zone_text(zone)) for zone in TIMEZONES],
        "locales": [("en", "English"), ("zh_CN", "中文")],
        "columns": [(gettext(field.label), str(field.kind.hint)) for field in table.fields()],
        "root": _root(actor),
        "may_write": actor.may("applications.write"),
    }
    return await respond(request, "tenants/bulk/files.html", context, status=status)


async def show(request: Request, actor: Actor) -> Response:
    """Show one file: how far it is, and its rows."""
    found = await services.get(actor, path_id(request))
    columns = (
        Column("number", t("Row"), format="number"),
        Column("name", t("Institution"), is_main=True),
        Column("uscc", t("Credit code"), format="code"),
        Column("problems", t("What is wrong")),
        Column("status", t("State"), format="badge", words=ROW_WORDS, tones=ROW_TONES),
    )
    query = TableQuery.parse(request, filters=("status",))
    source = "from tenants_bulk_row where bulk_id = $1 and ($2 = '' or status = $2)"
    select = (
        "select number, facts->>'legal_name' name, facts->>'uscc' uscc, status,"
        f" (select string_agg(one ->> $5, ' ') from jsonb_array_elements(problems) one) problems {source}"
        " order by (status in ('wrong', 'failed')) desc, number limit $3 offset $4"
    )
    args, locale = (found.id, query.get("status")), current_locale()
    if wants_export(request):
        listed = await rows(select, *args, table.MOST_ROWS, 0, locale)
        return await export(request, columns, listed, "institutions")
    total = int(await value(f"select count(*) {source}", *args))
    context = {
        "file": found,
        "page": Page.of(query, await rows(select, *args, query.limit, query.offset, locale), total),
        "columns": columns,
        "statuses": list(ROW_WORDS.items()),
        "numbers": await services.progress(found),
        "status_word": WORDS[found.status],
        "tone": TONES.get(found.status, "neutral"),
        "may_decide": actor.may("applications.decide") and found.uploaded_by != actor.person_id,
        "may_drop": actor.may("applications.write"),
        "root": _root(actor),
    }
    return await respond(request, "tenants/bulk/file.html", context, block="list")


async def refused(request: Request, actor: Actor) -> Response:
    """Hand the refused rows back as they were, each with why, to be mended and brought in again."""
    found = await services.get(actor, path_id(request))
    header, kept, why = await services.refused(found)
    headers = {"Content-Disposition": 'attachment; filename="refused.csv"', "Cache-Control": "no-store"}
    body = b"".join(rejected_csv(header, kept, lambda row: why[row.number]))
    return Response(body, headers=headers, media_type="text/csv; charset=utf-8")


async def approve(request: Request, actor: Actor) -> Response:
    """Have the good rows taken on."""
    found = await services.approve(actor, path_id(request))
    return redirect(request, f"{_root(actor)}/{found.id}", flash=t("The institutions are being taken on."))


async def drop(request: Request, actor: Actor) -> Response:
    """Let the file go no further."""
    found = await services.drop(actor, path_id(request))
    return redirect(request, f"{_root(actor)}/{found.id}", flash=t("The file is dropped."))


def _root(actor: Actor) -> str:
    return f"/bank/{actor.place['slug']}/bulk"


ROUTES: list[BaseRoute] = [
    bank_route("/bulk", listed, permission="bank.read", name="bulk_files"),
    bank_route("/bulk", upload, permission="applications.write", methods=WRITES, name="bulk_upload"),
    bank_route("/bulk/{id}", show, permission="bank.read", name="bulk_file"),
    bank_route("/bulk/{id}/rejected", refused, permission="applications.write", name="bulk_refused"),
    bank_route(
        "/bulk/{id}/approval", approve, permission="applications.decide", methods=WRITES, name="bulk_approve"
    ),
    bank_route(
        "/bulk/{id}/dropping", drop, permission="applications.write", methods=WRITES, name="bulk_drop"
    ),
]
