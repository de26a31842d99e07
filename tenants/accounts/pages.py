"""Accounts of a tenant: the list, one account with its holders, and what staff change about them."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tenants.accounts import adding, closing, forms, holder_pages, queries, services
from tenants.accounts.panels import panels_of
from tenants.actor import Actor
from tenants.audit_words import act_text
from tenants.http import WRITES, path_id, tenant_route
from tenants.kinds import SCENARIOS, AccountKind, Attribute, place_name
from tenants.models import Account, Holder
from ui.exports import export, wants_export
from ui.forms import Form, bind
from ui.i18n import gettext, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery

STATES = {"active": t("In use"), "closed": t("Closed")}


def _root(actor: Actor) -> str:
    return f"/t/{actor.place['slug']}/accounts"


def _columns(actor: Actor) -> tuple[Column, ...]:
    root, names = _root(actor), {kind.key: t(kind.name) for kind in queries.kinds_of(actor)}
    return (
        Column("number", t("Number"), sortable=True, is_main=True, href=lambda row: f"{root}/{row['id']}"),
        Column("kind", t("Kind"), sortable=True, words=names),
        Column("place", t(place_name(actor.place["scenarios"])), sortable=True),
        Column("holders", t("Holders")),
        Column(
            "confirmed",
            t("Confirmed"),
            format=lambda value, row: f"{value} / {row['held']}" if row["held"] else "",
            align="end",
        ),
        Column(
            "is_active",
            t("State"),
            format="badge",
            value=lambda row: "active" if row["is_active"] else "closed",
            tones={"active": "success"},
            words=STATES,
        ),
    )


async def accounts(request: Request, actor: Actor) -> Response:
    """List the institution's accounts."""
    columns = _columns(actor)
    query = TableQuery.parse(request, columns=columns, filters=("kind", "state"), default_sort="number")
    if wants_export(request):
        return await export(
            request, (*columns, *_attributes(actor, query)), queries.every(actor, query), "accounts"
        )
    context = {
        "page": Page.of(query, await queries.accounts(actor, query), await queries.count(actor, query)),
        "columns": columns,
        "kinds": [(kind.key, gettext(kind.plural)) for kind in queries.kinds_of(actor)],
        "states": list(STATES.items()),
        "may_import": actor.may("imports.write"),
        "may_write": actor.may("accounts.write") and any(kind.is_by_hand for kind in queries.kinds_of(actor)),
        "root": _root(actor),
    }
    return await respond(request, "tenants/accounts/accounts.html", context, block="list")


def _attributes(actor: Actor, query: TableQuery) -> list[Column]:
    """Return one more column for each attribute of the kinds listed, for an export."""
    wanted = [kind for kind in queries.kinds_of(actor) if query.get("kind") in {"", kind.key}]
    found = {one.key: one for kind in wanted for one in kind.attributes}
    return [_attribute(one) for one in found.values()]


def _attribute(one: Attribute) -> Column:
    return Column(
        one.key, t(one.label), value=lambda row: forms.words_of(one, row["attributes"].get(one.key))
    )


async def show(request: Request, actor: Actor) -> Response:
    """Show one account: what is known of it, who holds it, and what other parts of the house add."""
    found = await queries.account(actor, path_id(request))
    kind, root = queries.kind_of(found), f"{_root(actor)}/{path_id(request)}"
    relations = queries.relations_of(found)
    context = {
        "account": found,
        "kind": gettext(kind.name),
        "facts": [
            (gettext("Number"), found.number),
            (gettext(SCENARIOS[found.scenario].place_name), found.place or "–"),
            *forms.attribute_words(kind, found.attributes),
        ],
        "holders": [_holder(one, relations) for one in await queries.holders(actor, found.id)],
        "panels": await panels_of(actor, found),
        "story": [_act(one) for one in await queries.story(actor, found.id)],
        "may_write": actor.may("accounts.write"),
        "list_url": _root(actor),
        "root": root,
    }
    return await respond(request, "tenants/accounts/account.html", context)


def _holder(found: Holder, relations: Mapping[str, str]) -> dict[str, Any]:
    return {"row": found, "relation": gettext(relations.get(found.relation, found.relation))}


def _act(found: Mapping[str, Any]) -> dict[str, Any]:
    about = found["subject_label"].rpartition(", ")[0] if found["act"].startswith("holder.") else ""
    return {
        "title": act_text(found["act"]),
        "at": found["created_at"],
        "by": found["person_name"],
        "text": about,
        "tone": "neutral",
        "href": None,
    }


async def edit(request: Request, actor: Actor) -> Response:
    """Show the account for changing."""
    found = await queries.account(actor, path_id(request))
    kind = queries.kind_of(found)
    form = Form.blank(forms.account_form(kind), forms.account_values(found))
    return await _edit(request, actor, found, kind, form)


async def _edit(  # noqa: PLR0917 - all that one page shows
    request: Request, actor: Actor, found: Account, kind: AccountKind, form: Form[Any], status: int = 200
) -> Response:
    context = {
        "account": found,
        "kind": kind,
        "form": form,
        "options": forms.choices(kind),
        "list_url": _root(actor),
        "root": f"{_root(actor)}/{found.id}",
    }
    return await respond(request, "tenants/accounts/edit.html", context, status=status)


async def change(request: Request, actor: Actor) -> Response:
    """Keep what was changed."""
    found = await queries.account(actor, path_id(request))
    kind = queries.kind_of(found)
    form = await bind(request, forms.account_form(kind))
    if not form.is_valid:
        return await _edit(request, actor, found, kind, form, status=422)
    name: str = form.ok.name  # type: ignore[attr-defined]
    await services.change(actor, found.id, name=name, attributes=forms.attributes_in(kind, form.ok))
    return redirect(request, f"{_root(actor)}/{found.id}", flash=t("The account is changed."))


ROUTES: list[BaseRoute] = [
    tenant_route("/accounts", accounts, permission="accounts.read"),
    *adding.ROUTES,
    tenant_route("/accounts/{id}", show, permission="accounts.read", name="account"),
    tenant_route(
        "/accounts/{id}", change, permission="accounts.write", methods=WRITES, name="change_account"
    ),
    tenant_route("/accounts/{id}/edit", edit, permission="accounts.write", name="edit_account"),
    *closing.ROUTES,
    *holder_pages.ROUTES,
]
