"""Pages of fees: what is charged, by which rule, since when; and how the next rule is written."""

from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.charges import destination_pages, draft_pages, fees
from billing.charges.fee_words import LONGEST_RULE, read_rule, root_of
from billing.charges.naming import named
from billing.models import FeeItem
from billing.names import localized
from tenants.actor import Actor
from tenants.http import WRITES, path_id, tenant_route
from tenants.kinds import SCENARIOS
from tenants.models import Tenant
from ui.errors import Invalid
from ui.exports import export, wants_export
from ui.formats import cut, listed
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery

__all__ = ["ROUTES", "root_of"]
MOST_FEES = 100


class FeeNames(BaseModel):
    """What a fee is called."""

    name_en: str = Field(title=N_("Name in English"), max_length=60)
    name_zh: str | None = Field(None, title=N_("Name in Chinese"), max_length=60)

    @property
    def names(self) -> dict[str, str]:
        """The names by locale."""
        return {"en": self.name_en, **({"zh_CN": self.name_zh} if self.name_zh else {})}


class NewFee(FeeNames):
    """A fee to add."""

    scenario: str = Field(title=N_("Scenario"))
    kind: str = Field(title=N_("What it is"))
    account_kinds: list[str] = Field(title=N_("Who is charged"))


COLUMNS = (
    Column("name", t("Fee"), is_main=True, href=lambda row: row["href"]),
    Column("kinds", t("Who is charged")),
    Column("rule", t("Rule in force")),
    Column("since", t("Since"), format="month"),
    Column(
        "state",
        t("State"),
        format="badge",
        words={
            "active": t("Charged"),
            "draft": t("Draft waiting"),
            "no_rule": t("No rule yet"),
            "stopped": t("Stopped"),
        },
        tones={"active": "success", "draft": "info", "no_rule": "warning"},
    ),
)


async def index(request: Request, actor: Actor) -> Response:
    """List the fees with the rule in force."""
    root = root_of(request)
    rows = [_row(one, root) for one in await fees.list_items(actor)]
    if wants_export(request):
        return await export(request, COLUMNS, rows, "fees")
    query = TableQuery.parse(request, per=MOST_FEES)
    page = Page(
        rows[query.offset : query.offset + query.per], query, len(rows), len(rows) > query.offset + query.per
    )
    waits = any(row["state"] == "draft" for row in rows)
    context = {
        "page": page,
        "columns": COLUMNS,
        "root": root,
        "actor": actor,
        "may_start": waits and actor.may("fees.activate"),
        "is_new": waits and not any(row["rule"] for row in rows),
    }
    return await respond(request, "billing/charges/fees.html", context, block="list")


def _row(listed: fees.Listed, root: str) -> dict[str, Any]:
    item, current = listed.item, read_rule(listed.item, listed.current)
    state = "active" if current else "no_rule"
    return {
        "name": localized(item.names),
        "href": f"{root}/fees/{item.id}",
        "kinds": _kind_words(item),
        "rule": cut(current.sentences[0], LONGEST_RULE) if current else "",
        "since": current.rule.effective_from if current else None,
        "state": "stopped" if not item.is_active else "draft" if listed.draft else state,
    }


def _kind_words(item: FeeItem) -> str:
    return listed(gettext(kind.plural) for kind in fees.kinds_of(item))


async def _new_context(actor: Actor, form: Form[NewFee], root: str) -> dict[str, Any]:
    tenant = await Tenant.get(id=actor.tenant_id)
    kinds = [(k.key, gettext(k.plural)) for s in tenant.scenarios for k in SCENARIOS[s].account_kinds]
    scenarios = [(s, gettext(SCENARIOS[s].name)) for s in tenant.scenarios]
    return {"form": form, "kinds": kinds, "scenarios": scenarios, "root": root}


async def new(request: Request, actor: Actor) -> Response:
    """Show the form for a fee to add."""
    form = Form.blank(NewFee, {"kind": "charge"})
    return await respond(
        request, "billing/charges/fee_new.html", await _new_context(actor, form, root_of(request))
    )


async def create(request: Request, actor: Actor) -> Response:
    """Add a fee and go on to its rule."""
    form = await bind(request, NewFee)
    if form.is_valid:
        try:
            item = await fees.add_item(
                actor,
                scenario=form.ok.scenario,
                names=form.ok.names,
                kind=form.ok.kind,
                account_kinds=form.ok.account_kinds,
            )
            return redirect(
                request,
                f"{root_of(request)}/fees/{item.id}/draft",
                flash=t("The fee is added. Now write its rule."),
            )
        except Invalid as error:
            form.fail_with(error)
    context = await _new_context(actor, form, root_of(request))
    return await respond(request, "billing/charges/fee_new.html", context, status=422)


async def show(request: Request, actor: Actor) -> Response:
    """Show one fee: the rule in force, the next, the draft, and all versions."""
    listed = await fees.get_item(actor, path_id(request))
    accounts = await fees.destinations(actor, listed.item)
    paid_to = destination_pages.meant(listed.item, accounts) if len(accounts) > 1 else None
    context = {
        "listed": listed,
        "paid_to": paid_to.text if paid_to else "",
        "item": listed.item,
        "name": localized(listed.item.names),
        "kinds": _kind_words(listed.item),
        "current": read_rule(listed.item, listed.current),
        "coming": read_rule(listed.item, listed.coming),
        "draft": read_rule(listed.item, listed.draft),
        "versions": await fees.versions(actor, listed.item.id),
        "root": root_of(request),
        "fee_url": f"{root_of(request)}/fees/{listed.item.id}",
        "actor": actor,
    }
    return await respond(request, "billing/charges/fee.html", context)


async def version(request: Request, actor: Actor) -> Response:
    """Show one version as it was put into force."""
    listed = await fees.get_item(actor, path_id(request))
    rule = await fees.version(actor, listed.item.id, path_id(request, "rule"))
    context = {
        "item": listed.item,
        "name": localized(listed.item.names),
        "read": read_rule(listed.item, rule),
    }
    return await respond(request, "billing/charges/fee_version.html", {**context, "root": root_of(request)})


async def edit_names(request: Request, actor: Actor) -> Response:
    """Show the form for a fee's names."""
    listed = await fees.get_item(actor, path_id(request))
    names = listed.item.names
    form = Form.blank(FeeNames, {"name_en": names.get("en", ""), "name_zh": names.get("zh_CN", "")})
    context = {"form": form, "item": listed.item, "name": localized(names), "root": root_of(request)}
    return await respond(request, "billing/charges/fee_names.html", context)


async def save_names(request: Request, actor: Actor) -> Response:
    """Rename a fee."""
    listed = await fees.get_item(actor, path_id(request))
    form = await bind(request, FeeNames)
    if form.is_valid:
        await fees.rename_item(actor, listed.item.id, names=form.ok.names)
        return redirect(request, f"{root_of(request)}/fees/{listed.item.id}", flash=t("The name is changed."))
    name = localized(listed.item.names)
    context = {"form": form, "item": listed.item, "name": name, "root": root_of(request)}
    return await respond(request, "billing/charges/fee_names.html", context, status=422)


async def stop(request: Request, actor: Actor) -> Response:
    """Stop charging a fee in new bill runs."""
    item = await fees.set_active(actor, path_id(request), is_active=False)
    return redirect(
        request, f"{root_of(request)}/fees/{item.id}", flash=t("New bill runs leave this fee out.")
    )


async def resume(request: Request, actor: Actor) -> Response:
    """Take a fee up again."""
    item = await fees.set_active(actor, path_id(request), is_active=True)
    return redirect(request, f"{root_of(request)}/fees/{item.id}", flash=t("New bill runs include this fee."))


ROUTES: list[BaseRoute] = [
    tenant_route("/fees", named(index), permission="fees.read", name="fees"),
    tenant_route("/fees", create, permission="fees.write", methods=WRITES, name="fee_create"),
    tenant_route("/fees/new", new, permission="fees.write", name="fee_new"),
    tenant_route("/fees/{id}", named(show), permission="fees.read", name="fee"),
    tenant_route("/fees/{id}/names", edit_names, permission="fees.write", name="fee_names"),
    tenant_route("/fees/{id}/names", save_names, permission="fees.write", methods=WRITES, name="fee_rename"),
    tenant_route("/fees/{id}/stopping", stop, permission="fees.activate", methods=WRITES, name="fee_stop"),
    tenant_route(
        "/fees/{id}/resuming", resume, permission="fees.activate", methods=WRITES, name="fee_resume"
    ),
    tenant_route("/fees/{id}/versions/{rule}", named(version), permission="fees.read", name="fee_version"),
    *draft_pages.ROUTES,
]
