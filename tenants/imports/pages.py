"""Imports: upload, match columns, look at the dry run, import, and find every import again."""

from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, Field, create_model
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute

from tenants import task_pages, tasks, texts
from tenants.actor import Actor
from tenants.http import WRITES, path_id, tenant_route
from tenants.imports import blank_tables, queries, services
from tenants.imports.services import STATES, Match
from tenants.imports.staging import REFUSED, WARNED
from tenants.kinds import ImportSpec
from tenants.models import Import
from tenants.runtime import runtime
from tenants.tabular import rejected_csv, rejected_xlsx
from ui.errors import Conflict, Invalid, NotFound
from ui.exports import export, wants_export
from ui.fields import Upload
from ui.formats import filesize
from ui.forms import Form, bind, bind_values
from ui.i18n import N_, Text, gettext, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TONES: dict[str, Any] = {
    "uploaded": "warning",
    "checking": "info",
    "checked": "warning",
    "applying": "info",
    "applied": "success",
    "refused": "danger",
}
WORDS = {key: t(word) for key, word in STATES.items()}
OUTCOMES = {REFUSED: t("Refused"), WARNED: t("Accepted, but look")}
FIELD = "field_"
LONGEST_SHOWN = 60


class UploadForm(BaseModel):
    """A file and what it holds."""

    kind: str = Field(title=N_("What it holds"))
    file: Annotated[UploadFile, Upload(most_bytes=1 << 40, endings=(".csv", ".xlsx", ".txt"))] = Field(
        title=N_("File")
    )


def _root(actor: Actor) -> str:
    return f"/t/{actor.place['slug']}/imports"


def _columns(actor: Actor) -> tuple[Column, ...]:
    names = {spec.kind: t(spec.name) for spec in services.specs(actor)}
    root = _root(actor)
    made = (
        Column("filename", t("File"), is_main=True, href=lambda row: f"{root}/{row.id}"),
        Column("kind", t("What it holds"), words=names),
        Column("rows", t("Rows"), format="number", value=lambda row: row.counts.get("rows")),
        Column("added", t("New rows"), format="number", value=lambda row: row.counts.get("added")),
        Column("refused", t("Refused"), format="number", value=lambda row: row.counts.get(REFUSED)),
        Column("created_by_name", t("By")),
        Column("created_at", t("Uploaded"), format="datetime", sortable=True),
        Column("state", t("State"), format="badge", tones=TONES, words=WORDS),
    )
    return tuple(column for column in made if column.key != "kind" or len(names) > 1)


async def imports(request: Request, actor: Actor) -> Response:
    """List the institution's imports, newest first."""
    columns = _columns(actor)
    query = TableQuery.parse(request, columns=columns, filters=("state",), default_sort="-created_at")
    found, total = await queries.imports(actor, query)
    if wants_export(request):
        return await export(request, columns, found, "imports")
    context = {
        "page": Page.of(query, found, total),
        "columns": columns,
        "states": list(WORDS.items()),
        "root": _root(actor),
    }
    return await respond(request, "tenants/imports/imports.html", context, block="list")


async def new(request: Request, actor: Actor) -> Response:
    """Show where to choose a file, and what it may hold."""
    offered = services.specs(actor)
    return await _new(request, actor, Form.blank(UploadForm, {"kind": offered[0].kind if offered else ""}))


async def _new(request: Request, actor: Actor, form: Form[UploadForm], status: int = 200) -> Response:
    offered = services.specs(actor)
    context = {
        "form": form,
        "specs": [(spec, gettext(spec.name), blank_tables.explained(spec)) for spec in offered],
        "guide": (
            Column("0", t("Column"), value=lambda row: row[0]),
            Column("1", t("Needed"), value=lambda row: row[1]),
            Column("2", t("What it takes"), value=lambda row: row[2]),
        ),
        "most": filesize(runtime().upload_max_bytes),
        "root": _root(actor),
    }
    return await respond(request, "tenants/imports/new.html", context, status=status)


async def upload(request: Request, actor: Actor) -> Response:
    """Keep the file and go on to its columns."""
    form = await bind(request, UploadForm)
    if form.is_valid:
        file = form.ok.file
        try:
            found = await services.upload(
                actor,
                kind=form.ok.kind,
                filename=file.filename or "",
                content=await file.read(),
                declared_type=file.content_type or "",
            )
        except Invalid as error:
            form.fail_with(error)
        else:
            return redirect(request, f"{_root(actor)}/{found.id}/columns")
    return await _new(request, actor, form, status=422)


async def blank_table(request: Request, actor: Actor) -> Response:
    """Send an empty table with examples, to be filled in."""
    kind = request.query_params.get("kind", "")
    spec = next((one for one in services.specs(actor) if one.kind == kind), None)
    if spec is None:
        raise NotFound("import.kind_unknown", t("This kind of table can no longer be imported."))
    if request.query_params.get("as") == "xlsx":
        return _file(blank_tables.template_xlsx(spec), f"{kind}.xlsx", XLSX)
    return _file(blank_tables.template_csv(spec), f"{kind}.csv", "text/csv; charset=utf-8")


def _file(content: bytes, name: str, media_type: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, headers=headers, media_type=media_type)


def _mapping_form(spec: ImportSpec) -> type[BaseModel]:
    """Return the form that asks for each field's column, with the fields' own labels."""
    fields: dict[str, Any] = {}
    for one in spec.fields:
        needed = (str, Field(title=one.label))
        fields[FIELD + one.key] = needed if one.is_required else (str | None, Field(None, title=one.label))
    return create_model("MappingForm", sheet=(str | None, None), **fields)


async def columns(request: Request, actor: Actor) -> Response:
    """Show which column is taken for which field, to be confirmed."""
    found = await services.get(actor, path_id(request))
    _still_open(found)
    spec = services.spec_named(found.kind)
    try:
        match = await services.match(actor, found, request.query_params.get("sheet") or None)
    except Invalid as error:
        raise Conflict(error.code, error.message, advice=t("Upload the file again.")) from error
    proposed = {FIELD + key: name for key, name in match.proposed.items()}
    form = Form.blank(_mapping_form(spec), {"sheet": match.sheet, **proposed})
    return await _show_columns(request, actor, found, match, form)


def _still_open(found: Import) -> None:
    if found.state not in services.OPEN:
        raise Conflict("import.not_open", t("This import has moved on. Look at it again."))


async def _show_columns(  # noqa: PLR0917 - all that one page shows
    request: Request, actor: Actor, found: Import, match: Match, form: Form[Any], status: int = 200
) -> Response:
    spec = services.spec_named(found.kind)
    main = [one for one in spec.fields if one.is_required or form.value(FIELD + one.key)]
    context = {
        "found": found,
        "form": form,
        "match": match,
        "groups": (main, [one for one in spec.fields if one not in main]),
        "options": [(name, name) for name in match.found.header],
        "hints": _hints(match, form, spec),
        "unused": [name for name in match.found.header if name not in match.proposed.values()],
        "same": await services.same_file(found),
        "root": _root(actor),
    }
    return await respond(request, "tenants/imports/columns.html", context, status=status)


def _hints(match: Match, form: Form[Any], spec: ImportSpec) -> Mapping[str, Text | str]:
    """Return what stands in the chosen column, or that the name is only similar."""
    hints: dict[str, Text | str] = {}
    for one in spec.fields:
        name = form.value(FIELD + one.key)
        place = match.found.header.index(name) if name in match.found.header else None
        seen = (
            next((row[place] for row in match.first if row[place].strip()), "") if place is not None else ""
        )
        if one.key in match.similar:
            hints[one.key] = t("The name is only similar. Please check that it is the right column.")
        else:
            hints[one.key] = t("For example: {value}", value=seen[:60]) if seen else str(one.kind.hint)
    return hints


async def choose(request: Request, actor: Actor) -> Response:
    """Keep which column is which and have the file checked."""
    found = await services.get(actor, path_id(request))
    spec = services.spec_named(found.kind)
    sent = await request.form()
    values = {name: [str(value)] for name, value in sent.multi_items() if isinstance(value, str)}
    form = bind_values(values, _mapping_form(spec))
    chosen = {one.key: str(form.value(FIELD + one.key)) for one in spec.fields}
    if form.is_valid:
        try:
            begun = await services.choose(actor, found.id, chosen=chosen, sheet=str(form.value("sheet")))
        except Invalid as error:
            for key, text in error.fields.items():
                form.fail(FIELD + key, text)
            if not error.fields:
                form.fail_with(error)
        else:
            return redirect(request, f"/t/{actor.place['slug']}/tasks/{begun.task_id}")
    match = await services.match(actor, found, str(form.value("sheet")) or None)
    return await _show_columns(request, actor, found, match, form, status=422)


def _shortened(value: str, _row: Any) -> str:
    return value if len(value) <= LONGEST_SHOWN else f"{value[: LONGEST_SHOWN - 1]}…"


def _read(reason: Text, _row: Any) -> str:
    return str(reason)


def problem_columns(labels: Mapping[str, str]) -> tuple[Column, ...]:
    """Return how problems are listed; a column that the file lacks is called as the field that it would fill."""
    return (
        Column("number", t("Row"), format="number"),
        Column(
            "column",
            t("Column"),
            is_main=True,
            format=lambda value, row: str(value or labels.get(row["key"], "")),
        ),
        Column("value", t("Value"), format=_shortened),
        Column("reason", t("What is wrong"), format=_read),
        Column(
            "outcome",
            t("Outcome"),
            format="badge",
            tones={REFUSED: "danger", WARNED: "warning"},
            words=OUTCOMES,
        ),
    )


async def show(request: Request, actor: Actor) -> Response:
    """Show an import where it stands: its dry run, or what it has done."""
    found = await services.get(actor, path_id(request))
    if found.state == "uploaded":
        return redirect(request, f"{_root(actor)}/{found.id}/columns")
    query = TableQuery.parse(request, filters=("outcome",))
    labels = {one.key: gettext(one.label) for one in services.spec_named(found.kind).fields}
    columns = problem_columns(labels)
    if wants_export(request):
        return await export(request, columns, _problems(actor, found, query), "problems")
    heads, samples = queries.samples(found, labels)
    context = {
        "found": found,
        "spec_name": gettext(services.spec_named(found.kind).name),
        "words": WORDS,
        "tones": TONES,
        "counts": {REFUSED: 0, WARNED: 0, **found.counts},
        "page": Page.of(
            query,
            await queries.problems(actor, found.id, query),
            await queries.count_problems(actor, found.id, query),
        ),
        "columns": columns,
        "outcomes": list(OUTCOMES.items()),
        "sample_columns": [_cell(place, head) for place, head in enumerate(heads)],
        "samples": samples,
        "same": await services.same_file(found),
        "reason": await _reason(actor, found),
        "task_url": f"/t/{actor.place['slug']}/tasks/{found.task_id}",
        "root": _root(actor),
    }
    return await respond(request, "tenants/imports/import.html", context, block="list")


def _cell(place: int, head: str) -> Column:
    return Column(str(place), head, value=lambda row: row[place])


async def _reason(actor: Actor, found: Import) -> Text | str:
    """Return why the file could not be read, where that is so."""
    if found.state != "refused" or found.task_id is None:
        return ""
    return texts.loads((await tasks.get(actor, found.task_id)).error)


async def _problems(actor: Actor, found: Import, query: TableQuery) -> AsyncIterator[Any]:
    for one in await queries.problems(actor, found.id, query, most=200_000):
        yield one


async def rejected(request: Request, actor: Actor) -> Response:
    """Send the refused rows as they stood in the file, with what is wrong beside each."""
    found = await services.get(actor, path_id(request))
    header = found.mapping.get("header", [])
    listed = [row async for row in queries.rejected(actor, found.id)]
    if request.query_params.get("as") == "xlsx":
        return _file(rejected_xlsx(header, listed), "rejected.xlsx", XLSX)
    headers = {"Content-Disposition": 'attachment; filename="rejected.csv"', "Cache-Control": "no-store"}
    return StreamingResponse(
        iter(list(rejected_csv(header, listed))), headers=headers, media_type="text/csv; charset=utf-8"
    )


async def apply(request: Request, actor: Actor) -> Response:
    """Have the good rows imported."""
    found = await services.apply(actor, path_id(request))
    if found.state == "applied":
        return redirect(request, f"{_root(actor)}/{found.id}")
    return redirect(request, f"/t/{actor.place['slug']}/tasks/{found.task_id}")


ROUTES: list[BaseRoute] = [
    *task_pages.ROUTES,
    tenant_route("/imports", imports, permission="imports.write"),
    tenant_route("/imports", upload, permission="imports.write", methods=WRITES, name="upload_import"),
    tenant_route("/imports/new", new, permission="imports.write", name="new_import"),
    tenant_route("/imports/blank", blank_table, permission="imports.write"),
    tenant_route("/imports/{id}", show, permission="imports.write", name="import"),
    tenant_route("/imports/{id}/columns", columns, permission="imports.write", name="import_columns"),
    tenant_route(
        "/imports/{id}/columns", choose, permission="imports.write", methods=WRITES, name="choose_columns"
    ),
    tenant_route("/imports/{id}/rejected", rejected, permission="imports.write", name="import_rejected"),
    tenant_route(
        "/imports/{id}/application", apply, permission="imports.write", methods=WRITES, name="apply_import"
    ),
]
