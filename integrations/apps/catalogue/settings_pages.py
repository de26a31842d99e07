"""One installation: what it gets and since when, who sees it, how it fares, pausing and uninstalling."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from integrations.apps import clients
from integrations.apps.catalogue import installing, leaving, queries
from integrations.apps.catalogue.forms import AgreeForm, InstallForm, RolesForm
from integrations.apps.catalogue.pages import LEVELS, agreed_of, consent_words, roles_words, root_of
from integrations.apps.models import App, AppVersion
from integrations.apps.scopes import SCOPES
from integrations.apps.tenant_models import Installation
from integrations.apps.vendors.shown import asked, shown_version, words
from integrations.apps.vendors.states import INSTALLATION_WORDS, TONES
from integrations.apps.webhooks import stopping
from tenants.actor import Actor
from tenants.http import WRITES, path_id, tenant_route
from ui.errors import Invalid
from ui.forms import Form, bind
from ui.i18n import gettext, t
from ui.render import redirect, respond


async def settings(request: Request, actor: Actor) -> Response:
    """Show one installation with everything that can be changed about it."""
    found = await installing.get(actor, path_id(request))
    form = Form.blank(RolesForm, {"roles": found.roles, "min_level": found.min_level})
    return await _settings(request, actor, found, form)


async def _settings(
    request: Request, actor: Actor, found: Installation, form: Form[RolesForm], status: int = 200
) -> Response:
    app = await App.get(id=found.app_id)
    version = await AppVersion.get_or_none(id=found.version_id)
    newest = (
        None if found.is_test else await AppVersion.get_or_none(id=app.listed_version_id, status="listed")
    )
    reasons = version.scopes if version else {}
    context = {
        "installation": found,
        "name": words(version.texts, "name") if version else app.name,
        "version": version and shown_version(version),
        "status": t(INSTALLATION_WORDS[found.status]),
        "tone": TONES.get(found.status, "neutral"),
        "gets": _gets(found, reasons),
        "more": asked({key: newest.scopes[key] for key in newest.scopes if key not in reasons})
        if newest
        else [],
        "form": form,
        "roles": await queries.role_choices(actor, version),
        "levels": [(value, gettext(word)) for value, word in LEVELS],
        "consents": [_consent(one) for one in await queries.consents(actor, found.id)],
        "figures": await queries.figures(actor, found.id),
        "deletion": await queries.deletion(actor, found.id),
        "is_owed": leaving.is_owed(found),
        "root": root_of(actor),
        "here": f"{root_of(actor)}/{found.id}",
        "may_open": found.status == "active" and await _is_among(actor, found, app),
        "may_change": actor.may("apps.install") and found.status != "uninstalled",
    }
    return await respond(request, "integrations/apps/catalogue/settings.html", context, status=status)


async def _is_among(actor: Actor, found: Installation, app: App) -> bool:
    """Whether one of the reader's roles sees the app, as whoever opens it is asked."""
    client_id = app.client_of(is_test=found.is_test)
    granted = await clients.granted(client_id, found.tenant_id, person_id=actor.person_id)
    return granted is not None and bool(granted.person_roles)


def _gets(found: Installation, reasons: dict[str, Any]) -> list[Any]:
    """Return what it gets, with the claims that were agreed to alone."""
    return [
        {
            "label": one.label,
            "about": one.about,
            "reason": one.reason,
            "claims": _told(one.claims, found.claims),
        }
        for one in asked({key: reasons.get(key, {}) for key in found.scopes})
    ]


def _told(claims: Any, agreed: list[str]) -> list[Any]:
    return [claim for claim in claims if claim[0] in agreed]


def _consent(row: Any) -> dict[str, Any]:
    labels = [t(SCOPES[key].label) for key in row["scopes"] if key in SCOPES]
    title = t("Agreed: version {number}", number=row["number"] or "–") if labels else t("Taken back")
    return {
        "title": title,
        "at": row["created_at"],
        "by": row["person_name"],
        "text": " · ".join(str(label) for label in labels),
        "tone": "success" if labels else "danger",
        "href": "",
    }


async def agree_form(request: Request, actor: Actor) -> Response:
    """Show what the app asks for now, with what it gets ticked."""
    found = await installing.get(actor, path_id(request))
    first = {"scopes": found.scopes, "claims": found.claims}
    return await _agree(request, actor, found, Form.blank(AgreeForm, first))


async def _agree(
    request: Request, actor: Actor, found: Installation, form: Form[AgreeForm], status: int = 200
) -> Response:
    offer = await queries.offer_of(actor, found.app_id)
    context = {
        "form": form,
        "version": shown_version(offer.version),
        "before": set(found.scopes),
        "here": f"{root_of(actor)}/{found.id}",
        "root": root_of(actor),
    }
    return await respond(request, "integrations/apps/catalogue/agree.html", context, status=status)


async def agree(request: Request, actor: Actor) -> Response:
    """Change what the app gets."""
    found = await installing.get(actor, path_id(request))
    form = await bind(request, AgreeForm)
    form.words |= consent_words()
    if form.is_valid:
        given = InstallForm(scopes=form.ok.scopes, claims=form.ok.claims)
        try:
            await installing.agree_anew(actor, found.id, agreed_of(given))
        except Invalid as error:
            form.fail_with(error)
        else:
            return _back(request, actor, found, t("What it gets is agreed anew."))
    return await _agree(request, actor, found, form, status=422)


async def roles(request: Request, actor: Actor) -> Response:
    """Change who sees the app."""
    found = await installing.get(actor, path_id(request))
    form = await bind(request, RolesForm)
    form.words |= roles_words(await queries.role_names(actor, None))
    if form.is_valid:
        try:
            await installing.choose_roles(actor, found.id, frozenset(form.ok.roles), form.ok.min_level)
        except Invalid as error:
            form.fail_with(error)
        else:
            return _back(request, actor, found, t("Your changes are saved."))
    return await _settings(request, actor, found, form, status=422)


async def pause(request: Request, actor: Actor) -> Response:
    """Pause the app."""
    found = await leaving.pause(actor, path_id(request))
    return _back(request, actor, found, t("It is paused. Nobody can open it, and nothing reaches it."))


async def resume(request: Request, actor: Actor) -> Response:
    """Resume the app."""
    found = await leaving.resume(actor, path_id(request))
    return _back(request, actor, found, t("It can be opened again."))


async def leaving_page(request: Request, actor: Actor) -> Response:
    """Ask once more before uninstalling."""
    found = await installing.get(actor, path_id(request))
    app = await App.get(id=found.app_id)
    context = {
        "title": t("Uninstall {app}?", app=app.name),
        "lede": t(
            "Everybody is signed out of it at once, and nothing reaches it any more. After 48 hours it is told to"
            " delete what it has, and has to confirm that."
        ),
        "action": f"{root_of(actor)}/{found.id}/uninstalling",
        "label": t("Uninstall"),
        "tone": "danger",
        "cancel": f"{root_of(actor)}/{found.id}/settings",
    }
    return await respond(request, "ui/confirm.html", context)


async def uninstall(request: Request, actor: Actor) -> Response:
    """Uninstall the app."""
    found = await leaving.uninstall(actor, path_id(request))
    return _back(request, actor, found, t("It is uninstalled. Its access has ended."))


async def resume_webhooks(request: Request, actor: Actor) -> Response:
    """Go on telling the app what happens."""
    actor.require("apps.install")
    found = await installing.get(actor, path_id(request))
    app = await App.get(id=found.app_id)
    count = await stopping.resume(actor, found, app.name)
    return _back(request, actor, found, t("Sending goes on. {n} messages were waiting.", n=count))


def _back(request: Request, actor: Actor, found: Installation, words: Any) -> Response:
    return redirect(request, f"{root_of(actor)}/{found.id}/settings", flash=words)


READ, INSTALL = "apps.read", "apps.install"
ONE = "/apps/{id}"
ROUTES: list[BaseRoute] = [
    tenant_route(ONE + "/settings", settings, permission=READ, name="app_settings"),
    tenant_route(ONE + "/consent", agree_form, permission=INSTALL, name="app_agree_form"),
    tenant_route(ONE + "/consent", agree, permission=INSTALL, methods=WRITES, name="app_agree"),
    tenant_route(ONE + "/roles", roles, permission=INSTALL, methods=WRITES, name="app_roles"),
    tenant_route(ONE + "/pausing", pause, permission=INSTALL, methods=WRITES, name="app_pause"),
    tenant_route(ONE + "/resumption", resume, permission=INSTALL, methods=WRITES, name="app_resume"),
    tenant_route(ONE + "/uninstalling", leaving_page, permission=INSTALL, name="app_uninstall_form"),
    tenant_route(ONE + "/uninstalling", uninstall, permission=INSTALL, methods=WRITES, name="app_uninstall"),
    tenant_route(
        ONE + "/webhook-resumption",
        resume_webhooks,
        permission=INSTALL,
        methods=WRITES,
        name="app_resume_webhooks",
    ),
]
