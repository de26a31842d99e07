"""Pages of a school's fees: what each is for, whose price it is, and where the money goes."""

import json
from typing import Annotated, Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.charges import fees
from billing.models import FeeItem
from billing.names import localized
from scenarios.education.fees import services
from scenarios.education.fees.services import Approval
from scenarios.education.fees.templates import BASES, GROUPS
from scenarios.education.here import root_of, school
from tenants.actor import Actor
from tenants.http import WRITES, path_id, tenant_route
from ui.errors import Invalid
from ui.exports import export, wants_export
from ui.fields import Day
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t, texts
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery

MOST = 200


class ApprovalForm(BaseModel):
    """What is written down about a fee."""

    group: str = Field(title=N_("What it is for"))
    basis: str = Field(title=N_("Who sets the price"))
    authority: str = Field("", title=N_("Authority"), max_length=200)
    number: str = Field("", title=N_("Number of the approval"), max_length=100)
    approved_on: Annotated[Day | None, Field(title=N_("Approved on"))] = None
    note: str = Field("", title=N_("Note"), max_length=1000)


def _columns(actor: Actor) -> tuple[Column, ...]:
    place = "school-fees" if actor.may("school_fees.write") else "fees"
    root = f"{root_of(actor)}/{place}"
    return (
        Column("name", t("Fee"), is_main=True, href=lambda row: f"{root}/{row['id']}"),
        Column("group", t("What it is for"), words=texts(GROUPS)),
        Column(
            "is_voluntary",
            t("Duty"),
            format="badge",
            value=lambda row: "voluntary" if row["is_voluntary"] else "mandatory",
            words={"voluntary": t("Voluntary"), "mandatory": t("Mandatory")},
            tones={"voluntary": "info"},
        ),
        Column("basis", t("Price"), words=texts(BASES)),
        Column("authority", t("Authority")),
        Column("approval_number", t("Approval")),
        Column("account", t("Paid to")),
    )


async def index(request: Request, actor: Actor) -> Response:
    """List the school's fees."""
    tenant_id = school(actor)
    found = [
        {**dict(one), "name": localized(json.loads(one["names"])), "group": one["fee_group"]}
        for one in await services.listed(tenant_id)
    ]
    columns = _columns(actor)
    if wants_export(request):
        return await export(request, columns, found, "school-fees")
    query = TableQuery.parse(request, per=MOST)
    context = {
        "page": Page.of(query, found, len(found)),
        "columns": columns,
        "root": root_of(actor),
        "actor": actor,
    }
    return await respond(request, "education/fees.html", context, block="list")


async def show(request: Request, actor: Actor) -> Response:
    """Show a fee for changing what is written down about it."""
    school(actor)
    item = (await fees.get_item(actor, path_id(request))).item
    return await _page(request, actor, item, await _approval(item))


async def _approval(item: FeeItem) -> Form[ApprovalForm]:
    found = await services.facts_of(item)
    values = {
        "group": found.group,
        "basis": found.basis,
        "authority": found.authority,
        "number": found.approval_number,
        "approved_on": found.approved_on.isoformat() if found.approved_on else "",
        "note": found.note,
    }
    return Form.blank(ApprovalForm, values)


async def _page(
    request: Request, actor: Actor, item: FeeItem, form: Form[Any], status: int = 200
) -> Response:
    context = {
        "item": item,
        "name": localized(item.names),
        "form": form,
        "groups": [(key, gettext(words)) for key, words in GROUPS.items()],
        "bases": [(key, gettext(words)) for key, words in BASES.items()],
        "actor": actor,
        "root": root_of(actor),
    }
    return await respond(request, "education/fee.html", context, status=status)


async def change(request: Request, actor: Actor) -> Response:
    """Keep what a fee is for and whose price it is."""
    school(actor)
    item = (await fees.get_item(actor, path_id(request))).item
    form = await bind(request, ApprovalForm)
    if form.is_valid:
        try:
            await services.write_down(actor, item.id, Approval(**form.ok.model_dump()))
            return redirect(request, f"{root_of(actor)}/school-fees", flash=t("Written down."))
        except Invalid as error:
            form.fail_with(error)
    return await _page(request, actor, item, form, status=422)


ROUTES: list[BaseRoute] = [
    tenant_route("/school-fees", index, permission="fees.read", name="school_fees"),
    tenant_route("/school-fees/{id}", show, permission="school_fees.write", name="school_fee"),
    tenant_route(
        "/school-fees/{id}", change, permission="school_fees.write", methods=WRITES, name="change_school_fee"
    ),
]
