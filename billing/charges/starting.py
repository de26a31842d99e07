"""The first bills: all drafted fees read on one page, and those that are right put into force together."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.charges import fees
from billing.charges.fee_words import read_rule, root_of
from billing.charges.fees import Listed
from billing.names import localized
from tenants.actor import Actor
from tenants.days import today
from tenants.http import WRITES, tenant_route
from tenants.models import Tenant
from tenants.scope import open_scope, tenant_id
from ui.errors import Conflict, Invalid
from ui.fields import Month
from ui.forms import Form, bind
from ui.i18n import N_, ngettext, t
from ui.render import redirect, respond


class StartForm(BaseModel):
    """Which fees, and from which month."""

    effective_from: Annotated[Month, Field(title=N_("In force from"))]
    fees: list[UUID] = Field([], title=N_("Fees that are right as they stand"))


async def _drafts(actor: Actor) -> list[Listed]:
    return [one for one in await fees.list_items(actor) if one.draft is not None and one.item.is_active]


async def show(request: Request, actor: Actor) -> Response:
    """Show every drafted fee as sentences, none of them chosen."""
    tenant = await Tenant.get(id=tenant_id())
    month = f"{today(tenant.timezone):%Y-%m}"
    return await _page(request, actor, Form.blank(StartForm, {"effective_from": month}))


async def _page(request: Request, actor: Actor, form: Form[StartForm], status: int = 200) -> Response:
    context: dict[str, Any] = {
        "form": form,
        "drafts": [(one.item, localized(one.item.names), _read(one)) for one in await _drafts(actor)],
        "chosen": set(form.chosen("fees")),
        "root": root_of(request),
    }
    return await respond(request, "billing/charges/fees_start.html", context, status=status)


def _read(listed: Listed) -> list[str]:
    read = read_rule(listed.item, listed.draft)
    return read.sentences if read else []


async def start(request: Request, actor: Actor) -> Response:
    """Put the chosen fees into force, all of them or none."""
    form = await bind(request, StartForm)
    if form.is_valid and not form.ok.fees:
        form.fail("fees", t("Choose at least one fee."))
    if form.is_valid:
        try:
            async with open_scope(actor.scope()):
                for item_id in form.ok.fees:
                    await fees.activate(actor, item_id, effective_from=form.ok.effective_from)
            flash = ngettext(
                "{n} fee is in force. Bill runs charge by it.",
                "{n} fees are in force. Bill runs charge by them.",
                len(form.ok.fees),
            )
            return redirect(request, f"{root_of(request)}/fees", flash=flash)
        except (Invalid, Conflict) as refused:
            form.fail_with(refused)
    return await _page(request, actor, form, 422)


ROUTES: list[BaseRoute] = [
    tenant_route("/fees/start", show, permission="fees.activate", name="start_fees"),
    tenant_route(
        "/fees/start", start, permission="fees.activate", methods=WRITES, name="put_fees_into_force"
    ),
]
