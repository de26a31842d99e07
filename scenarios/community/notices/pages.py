"""Pages of notices: writing, publishing, who has read them, print for the lift; and reading them at home."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.names import localized
from scenarios.community.common import (
    LANGUAGES,
    MOST_EXPORTED,
    buildings_of,
    estate_route,
    named,
    nothing,
    resident_route,
    root_of,
    tenant_of,
)
from scenarios.community.kinds import RELATIONS
from scenarios.community.notices import service
from scenarios.community.notices.models import EstateNotice
from scenarios.community.notices.service import Words
from tenants.actor import Actor
from tenants.http import WRITES, path_id
from tenants.models import Tenant
from tenants.runtime import runtime
from tenants.scope import open_scope, rows, tenant_scope, value
from tenants.search import containing
from ui.errors import Conflict, Invalid
from ui.exports import export, wants_export
from ui.fields import Day
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond
from ui.shell import Tone
from ui.tables import Column, Page, TableQuery

STATES = {"draft": t("Draft"), "published": t("On show"), "withdrawn": t("Withdrawn")}
TONES: dict[str, Tone] = {"draft": "neutral", "published": "success", "withdrawn": "warning"}
_LIST = """
  from community_notice n
 where n.tenant_id = $1 and ($2 = '' or n.titles::text ilike $2) and ($3 = '' or n.status = $3)
"""
_ROWS = f"""
select n.id, n.titles, n.status, n.published_at, n.created_at, n.until, n.reach, n.by_name,
       (select count(*) from community_notice_reading r where r.tenant_id = $1 and r.notice_id = n.id) readers {_LIST}
"""


class NoticeForm(BaseModel):
    """A notice as it is written."""

    title_en: str = Field("", title=N_("Title in English"), max_length=service.LONGEST_TITLE)
    body_en: str = Field("", title=N_("Text of the notice in English"), max_length=service.LONGEST_BODY)
    title_zh_CN: str = Field("", title=N_("Title in Chinese"), max_length=service.LONGEST_TITLE)  # noqa: N815
    body_zh_CN: str = Field("", title=N_("Text of the notice in Chinese"), max_length=service.LONGEST_BODY)  # noqa: N815
    buildings: list[UUID] = Field([], title=N_("For the buildings"))
    relations: list[str] = Field([], title=N_("For"))
    until: Day | None = Field(None, title=N_("Shown until"))


def _columns(root: str) -> tuple[Column, ...]:
    return (
        Column("title", t("Notice"), is_main=True, href=lambda one: f"{root}/notices/{one['id']}"),
        Column("status", t("State"), format="badge", tones=TONES, words=STATES),
        Column("published_at", t("Published"), format="datetime", sortable=True),
        Column("until", t("Shown until"), format="date"),
        Column("readers", t("Have read it"), format="number", sortable=True),
        Column("reach", t("Of"), format="number"),
        Column("by_name", t("By")),
    )


async def index(request: Request, actor: Actor) -> Response:
    """List the notices."""
    root, tenant_id = root_of(actor), tenant_of(actor)
    columns = _columns(root)
    query = TableQuery.parse(request, columns=columns, filters=("status",), default_sort="-published_at")
    sort = query.sort or "-published_at"
    way = "desc nulls first" if sort.startswith("-") else "nulls last"
    args = (tenant_id, containing(query.q), query.filters.get("status", ""))
    is_file = wants_export(request)
    found = await rows(
        f"{_ROWS} order by {sort.removeprefix('-')} {way}, n.created_at desc offset $4 limit $5",
        *args,
        0 if is_file else query.offset,
        MOST_EXPORTED if is_file else query.limit,
    )
    listed = named(found, "titles", "title")
    if is_file:
        return await export(request, columns, listed, "notices")
    context = {
        "root": root,
        "page": Page.of(query, listed, int(await value(f"select count(*) {_LIST}", *args))),
        "columns": columns,
        "states": [(key, str(words)) for key, words in STATES.items()],
        "may_write": actor.may("notices.write"),
    }
    return await respond(request, "community/notices/notices.html", context, block="list")


async def new(request: Request, actor: Actor) -> Response:
    """Ask what a notice says."""
    return await _write(request, actor, Form.blank(NoticeForm))


async def _write(
    request: Request,
    actor: Actor,
    form: Form[NoticeForm],
    *,
    found: EstateNotice | None = None,
    status: int = 200,
) -> Response:
    context = {
        "root": root_of(actor),
        "form": form,
        "notice": found,
        "buildings": await buildings_of(tenant_of(actor)),
        "relations": [(key, gettext(words)) for key, words in RELATIONS.items()],
    }
    return await respond(request, "community/notices/write.html", context, status=status)


def _words(said: NoticeForm) -> Words:
    return Words(
        {key: getattr(said, f"title_{key}") for key in LANGUAGES},
        {key: getattr(said, f"body_{key}") for key in LANGUAGES},
        said.buildings,
        said.relations,
        said.until,
    )


async def create(request: Request, actor: Actor) -> Response:
    """Write a notice."""
    form = await bind(request, NoticeForm)
    if form.is_valid:
        try:
            made = await service.write(actor, _words(form.ok))
            return redirect(
                request, f"{root_of(actor)}/notices/{made.id}", flash=t("Saved. Nobody sees it yet.")
            )
        except Invalid as error:
            form.fail_with(error)
    return await _write(request, actor, form, status=422)


async def edit(request: Request, actor: Actor) -> Response:
    """Show a draft to be changed."""
    found = await service.get(actor, path_id(request))
    values: dict[str, Any] = {f"title_{key}": found.titles.get(key, "") for key in LANGUAGES}
    values |= {f"body_{key}": found.bodies.get(key, "") for key in LANGUAGES}
    values |= {"buildings": found.buildings, "relations": found.relations}
    values["until"] = found.until.isoformat() if found.until else ""
    return await _write(request, actor, Form.blank(NoticeForm, values), found=found)


async def change(request: Request, actor: Actor) -> Response:
    """Change a draft."""
    found = await service.get(actor, path_id(request))
    form = await bind(request, NoticeForm)
    if form.is_valid:
        try:
            await service.write(actor, _words(form.ok), notice_id=found.id)
            return redirect(request, f"{root_of(actor)}/notices/{found.id}", flash=t("Saved."))
        except Invalid as error:
            form.fail_with(error)
        except Conflict as error:
            form.fail("", error.message)
    return await _write(request, actor, form, found=found, status=422)


READERS = (
    Column("person_name", t("Full name"), is_main=True),
    Column("units", t("Units")),
    Column("created_at", t("Read"), format="datetime"),
)


async def show(request: Request, actor: Actor) -> Response:
    """Show a notice and who has read it."""
    found = await service.get(actor, path_id(request))
    if wants_export(request):
        return await export(request, READERS, await service.readers(found, most=MOST_EXPORTED), "readers")
    codes = dict(await buildings_of(found.tenant_id))
    readers = await service.readers(found)
    context = {
        "root": root_of(actor),
        "notice": found,
        "texts": [
            (found.titles.get(key, ""), found.bodies.get(key, "")) for key in LANGUAGES if key in found.bodies
        ],
        "state": {"words": STATES[found.status], "tone": TONES[found.status]},
        "buildings": [codes[one] for one in found.buildings if one in codes],
        "relations": [gettext(RELATIONS[one]) for one in found.relations],
        "readers": readers,
        "columns": READERS,
        "may_write": actor.may("notices.write"),
    }
    return await respond(request, "community/notices/notice.html", context)


async def publish(request: Request, actor: Actor) -> Response:
    """Show a notice to whom it is for."""
    found = await service.publish(actor, path_id(request))
    return redirect(request, f"{root_of(actor)}/notices/{found.id}", flash=t("Published."))


async def withdraw(request: Request, actor: Actor) -> Response:
    """Show a notice to nobody any more."""
    found = await service.withdraw(actor, path_id(request))
    return redirect(request, f"{root_of(actor)}/notices/{found.id}", flash=t("Withdrawn."))


async def paper(request: Request, actor: Actor) -> Response:
    """Show a notice as it hangs in the lift: large, in its languages, with a code that leads to it."""
    found = await service.get(actor, path_id(request))
    request.state.shell = replace(request.state.shell, face="print")
    context = {
        "notice": found,
        "texts": [
            (found.titles.get(key, ""), found.bodies.get(key, "")) for key in LANGUAGES if key in found.bodies
        ],
        "url": f"{runtime().public_url.rstrip('/')}/my/notices/{found.id}",
        "tenant": await Tenant.get(id=found.tenant_id),
    }
    return await respond(request, "community/notices/paper.html", context)


async def mine(request: Request, actor: Actor) -> Response:
    """Show somebody a notice that is for them, and note that they have read it."""
    found = await EstateNotice.get_or_none(id=path_id(request))
    if found is None:
        raise nothing()
    async with open_scope(tenant_scope(found.tenant_id)):
        await service.read(actor, found)
    context = {
        "notice": found,
        "title": localized(found.titles),
        "body": localized(found.bodies),
        "tenant": await Tenant.get(id=found.tenant_id),
    }
    return await respond(request, "community/notices/mine.html", context)


ROUTES: list[BaseRoute] = [
    estate_route("/notices", index, permission="accounts.read", name="estate_notices"),
    estate_route("/notices/new", new, permission="notices.write", name="estate_notice_new"),
    estate_route("/notices", create, permission="notices.write", methods=WRITES, name="estate_notice_create"),
    estate_route("/notices/{id}", show, permission="accounts.read", name="estate_notice"),
    estate_route("/notices/{id}/editing", edit, permission="notices.write", name="estate_notice_edit"),
    estate_route(
        "/notices/{id}/editing",
        change,
        permission="notices.write",
        methods=WRITES,
        name="estate_notice_change",
    ),
    estate_route(
        "/notices/{id}/publication",
        publish,
        permission="notices.write",
        methods=WRITES,
        name="estate_notice_publish",
    ),
    estate_route(
        "/notices/{id}/withdrawal",
        withdraw,
        permission="notices.write",
        methods=WRITES,
        name="estate_notice_withdraw",
    ),
    estate_route("/notices/{id}/paper", paper, permission="accounts.read", name="estate_notice_paper"),
    resident_route("/my/notices/{id}", mine, name="my_notice"),
]
