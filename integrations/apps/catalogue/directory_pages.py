"""What an app has to do with the staff: what it was told, what it noted, its token, the newcomers' role."""

from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from integrations.apps.catalogue import installing, queries
from integrations.apps.catalogue.pages import root_of
from integrations.apps.models import App
from integrations.apps.scim import push, server, tokens
from integrations.apps.scim.models import ScimToken
from integrations.apps.scim.people import base_of
from integrations.apps.tenant_models import Installation
from tenants.actor import Actor
from tenants.http import WRITES, path_id, tenant_route
from tenants.scope import rows
from ui.errors import Invalid
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond
from ui.tables import Column

MOST = 500
_NOTED = f"""
select coalesce(e.facts ->> 'displayName', e.facts -> 'name' ->> 'formatted', e.facts ->> 'userName') as name,
       e.facts ->> 'userName' user_name, e.changed_at,
       case when e.removed_at is not null or not e.is_active then 'gone'
            when coalesce(e.person_id, i.accepted_by) is not null then 'here'
            when i.id is not null and i.revoked_at is null and i.expires_at > now() then 'invited'
            else 'noted' end state
  from integrations_directory_entry e
  left join tenants_invitation i on i.tenant_id = e.tenant_id and i.id = e.invitation_id
 where e.tenant_id = $1 and e.installation_id = $2 order by e.changed_at desc, e.id limit {MOST}
"""
WORDS = {"gone": t("Let go"), "here": t("Works here"), "invited": t("Is invited"), "noted": t("Noted alone")}
TONES: dict[str, Any] = {"here": "success", "invited": "info", "gone": "neutral", "noted": "warning"}


class EntryForm(BaseModel):
    """What staff are invited as whom the app adds."""

    entry_role: str = Field("", title=N_("Role that newcomers are invited to"))


async def show(request: Request, actor: Actor) -> Response:
    """Show how the app is kept in step, and what it noted."""
    found = await installing.get(actor, path_id(request))
    return await _show(request, actor, found, Form.blank(EntryForm, {"entry_role": found.entry_role}))


async def _show(
    request: Request,
    actor: Actor,
    found: Installation,
    form: Form[EntryForm],
    *,
    token: str = "",
    status: int = 200,
) -> Response:
    app = await App.get(id=found.app_id)
    held = await ScimToken.get_or_none(tenant_id=found.tenant_id, installation_id=found.id, ended_at=None)
    writes = server.WRITE in found.scopes
    context = {
        "app": app,
        "address": base_of(found.id),
        "reads": server.READ in found.scopes,
        "writes": writes,
        "token": token,
        "held": held,
        "figures": await push.figures(found) if await push.target_of(found) else None,
        "form": form,
        "roles": [(one["key"], gettext(one["name"])) for one in await _entry_roles(actor)] if writes else [],
        "noted": await rows(_NOTED, found.tenant_id, found.id) if writes else [],
        "columns": _columns(),
        "root": root_of(actor),
        "here": f"{root_of(actor)}/{found.id}",
        "may_change": actor.may("apps.install") and found.status != "uninstalled",
    }
    return await respond(request, "integrations/apps/catalogue/directory.html", context, status=status)


def _columns() -> tuple[Column, ...]:
    return (
        Column("name", t("Full name"), is_main=True),
        Column("user_name", t("Address")),
        Column("state", t("State"), format="badge", words=WORDS, tones=TONES),
        Column("changed_at", t("Since"), format="datetime"),
    )


async def _entry_roles(actor: Actor) -> list[Any]:
    """Return the roles that newcomers may be invited to: none that lets people in itself."""
    chiefs = await rows(
        "select key from tenants_role where tenant_id = $1 and 'people.write' = any (permissions)",
        actor.tenant_id,
    )
    barred = {one["key"] for one in chiefs}
    return [one for one in await queries.roles(actor) if one["key"] not in barred]


async def choose(request: Request, actor: Actor) -> Response:
    """Choose what newcomers are invited to."""
    found = await installing.get(actor, path_id(request))
    form = await bind(request, EntryForm)
    if form.is_valid:
        try:
            await _choose(actor, found, form.ok.entry_role)
        except Invalid as error:
            form.fail_with(error)
        else:
            return redirect(
                request, f"{root_of(actor)}/{found.id}/directory", flash=t("Your changes are saved.")
            )
    return await _show(request, actor, found, form, status=422)


async def _choose(actor: Actor, found: Installation, role: str) -> None:
    actor.require("apps.install")
    actor.require_fresh()
    if role and role not in {one["key"] for one in await _entry_roles(actor)}:
        text = t("Choose a role that does not let people in itself.")
        raise Invalid("app.entry_role", text, fields={"entry_role": text})
    before, found.entry_role = found.entry_role, role
    await found.save(update_fields=["entry_role"])
    app = await App.get(id=found.app_id)
    facts = ({"entry_role": before}, {"entry_role": role})
    await installing.note(actor, found, "app.entry_role_chosen", app.name, before=facts[0], after=facts[1])


async def make_token(request: Request, actor: Actor) -> Response:
    """Make a token and show it this once."""
    found = await installing.get(actor, path_id(request))
    token = await tokens.make(actor, found, await App.get(id=found.app_id))
    form = Form.blank(EntryForm, {"entry_role": found.entry_role})
    response = await _show(request, actor, found, form, token=token)
    response.headers["Cache-Control"] = "no-store"
    return response


async def end_token(request: Request, actor: Actor) -> Response:
    """End the token."""
    found = await installing.get(actor, path_id(request))
    await tokens.end(actor, found, await App.get(id=found.app_id))
    return redirect(request, f"{root_of(actor)}/{found.id}/directory", flash=t("The token is ended."))


INSTALL = "apps.install"
ONE = "/apps/{id}/directory"
ROUTES: list[BaseRoute] = [
    tenant_route(ONE, show, permission="apps.read", name="app_directory"),
    tenant_route(ONE, choose, permission=INSTALL, methods=WRITES, name="app_entry_role"),
    tenant_route(ONE + "/tokens", make_token, permission=INSTALL, methods=WRITES, name="app_scim_token"),
    tenant_route(
        ONE + "/token-ending", end_token, permission=INSTALL, methods=WRITES, name="app_scim_token_ending"
    ),
]
