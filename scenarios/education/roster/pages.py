"""Pages of OneRoster bundles: brought along, looked at, brought in."""

from typing import Annotated, Any

from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.lists import Listing, list_page
from scenarios.education.here import root_of, school
from scenarios.education.models import RosterBundle
from scenarios.education.roster import services
from scenarios.education.roster.findings import unpacked
from scenarios.education.roster.specs import FILES
from tenants.actor import Actor
from tenants.http import WRITES, path_id, tenant_route
from ui.errors import Conflict, Invalid
from ui.exports import export, wants_export
from ui.fields import Upload
from ui.flash import Flash
from ui.forms import Form, bind
from ui.i18n import N_, Text, gettext, t
from ui.render import redirect, respond
from ui.settings import MEBIBYTE
from ui.shell import Tone
from ui.tables import Column, Page, TableQuery

STATE_WORDS: dict[str, Text] = {key: t(words) for key, words in services.STATES.items()}
STATE_TONES: dict[str, Tone] = {"applied": "success", "refused": "danger", "checked": "info"}
FILE_WORDS = {name: file.title for name, file in FILES.items()} | {
    "accounts": N_("Pupils with an account"),
    "holders": N_("Guardians"),
}
OUTCOMES: dict[str, Text] = {"refused": t("Not brought in"), "warned": t("Brought in, please look")}
BUNDLES = Listing(
    name="rosters",
    sorts={"created_at": "created_at"},
    default_sort="-created_at",
    sql="select id, filename, state, created_by_name, created_at, applied_at from education_bundle"
    " where tenant_id = $1 and ($2 = '' or filename ilike $2)",
)


class BundleForm(BaseModel):
    """A bundle to bring along."""

    file: Annotated[UploadFile, Upload(20 * MEBIBYTE, endings=(".zip",))] = Field(title=N_("ZIP file"))


class ApplyForm(BaseModel):
    """That it is meant when much ends."""

    closes_many: bool = Field(False, title=N_("Yes, all of this has ended"))


def _columns(actor: Actor) -> tuple[Column, ...]:
    root = f"{root_of(actor)}/rosters"
    return (
        Column("filename", t("File"), is_main=True, href=lambda row: f"{root}/{row['id']}"),
        Column("state", t("State"), format="badge", words=STATE_WORDS, tones=STATE_TONES),
        Column("created_by_name", t("By")),
        Column("created_at", t("Brought along"), format="datetime", sortable=True),
        Column("applied_at", t("Brought in"), format="datetime"),
    )


PROBLEMS = (
    Column("file", t("File"), is_main=True),
    Column("row", t("Row"), format="number"),
    Column("column", t("Column")),
    Column("value", t("Value")),
    Column("reason", t("What is wrong")),
    Column(
        "outcome",
        t("Outcome"),
        format="badge",
        words=OUTCOMES,
        tones={"refused": "danger", "warned": "warning"},
    ),
)
COUNTS = (
    Column("name", t("What"), is_main=True),
    Column("mode", t("File"), words={"bulk": t("Everything"), "delta": t("Changes only")}),
    Column("rows", t("Rows"), format="number"),
    Column("added", t("Added"), format="number"),
    Column("changed", t("Changed"), format="number"),
    Column("closed", t("Ended"), format="number"),
)


async def index(request: Request, actor: Actor) -> Response:
    """List the bundles, the latest first, with a form for the next one."""
    school(actor)
    context = {"root": root_of(actor), "form": Form.blank(BundleForm)}
    return await list_page(request, actor, BUNDLES, _columns(actor), "education/rosters.html", context)


async def create(request: Request, actor: Actor) -> Response:
    """Read a bundle and go to what was found."""
    school(actor)
    form = await bind(request, BundleForm)
    if form.is_valid:
        file = form.ok.file
        try:
            bundle = await services.upload(actor, filename=file.filename or "", content=await file.read())
        except Invalid as error:
            form.fail_with(error)
        else:
            there = f"tasks/{bundle.task_id}" if bundle.task_id else f"rosters/{bundle.id}"
            return redirect(request, f"{root_of(actor)}/{there}")
    query = BUNDLES.query(request, _columns(actor))
    assert actor.tenant_id is not None  # noqa: S101 - the door has led here
    found = await BUNDLES.read(actor.tenant_id, query, query.limit, query.offset)
    context = {
        "page": Page.of(query, found),
        "columns": _columns(actor),
        "root": root_of(actor),
        "form": form,
    }
    return await respond(request, "education/rosters.html", context, status=422)


async def show(request: Request, actor: Actor) -> Response:
    """Show what a bundle would do, or has done, and everything that is wrong with it."""
    school(actor)
    bundle = await services.get(actor, path_id(request))
    problems = [unpacked(one) for one in bundle.problems]
    if wants_export(request):
        return await export(request, PROBLEMS, problems, "roster-problems")
    query = TableQuery.parse(request)
    context = {
        "bundle": bundle,
        "state": STATE_WORDS[bundle.state],
        "tone": STATE_TONES.get(bundle.state, "neutral"),
        "counts": _counts(bundle),
        "count_columns": COUNTS,
        "page": Page.of(query, problems[query.offset : query.offset + query.limit], len(problems)),
        "columns": PROBLEMS,
        "refused": sum(one["outcome"] == "refused" for one in problems),
        "changes": sum(
            one.get(key, 0) for one in bundle.counts.values() for key in ("added", "changed", "closed")
        ),
        "form": Form.blank(ApplyForm),
        "root": root_of(actor),
    }
    return await respond(request, "education/roster.html", context, block="list")


def _counts(bundle: RosterBundle) -> list[dict[str, Any]]:
    none = {"rows": None, "added": 0, "changed": 0, "closed": 0}
    return [
        {**none, **bundle.counts[key], "name": gettext(title), "mode": bundle.modes.get(key, "")}
        for key, title in FILE_WORDS.items()
        if key in bundle.counts
    ]


async def apply(request: Request, actor: Actor) -> Response:
    """Have it brought in."""
    school(actor)
    form = await bind(request, ApplyForm)
    bundle = await services.get(actor, path_id(request))
    try:
        bundle = await services.apply(actor, bundle.id, closes_many=form.ok.closes_many)
    except Conflict as error:
        return redirect(
            request, f"{root_of(actor)}/rosters/{bundle.id}", flash=Flash(error.message, tone="warning")
        )
    return redirect(request, f"{root_of(actor)}/tasks/{bundle.task_id}")


ROUTES: list[BaseRoute] = [
    tenant_route("/rosters", index, permission="classes.write", name="rosters"),
    tenant_route("/rosters", create, permission="classes.write", methods=WRITES, name="add_roster"),
    tenant_route("/rosters/{id}", show, permission="classes.write", name="roster"),
    tenant_route(
        "/rosters/{id}/application", apply, permission="classes.write", methods=WRITES, name="apply_roster"
    ),
]
