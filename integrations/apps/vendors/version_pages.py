"""Describing a version, and measuring it: the app is called while no transaction is open."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from integrations.apps.doors import vendor_route
from integrations.apps.models import AppVersion
from integrations.apps.scopes import ABOUT, SCOPES
from integrations.apps.vendors import findings, versions
from integrations.apps.vendors.forms import AUTH_METHODS, NEEDS, PROFILES, PROTOCOLS, VersionForm
from integrations.apps.vendors.pages import root_of
from tenants import kinds, throttle
from tenants.actor import Actor
from tenants.http import WRITES, path_id
from tenants.scope import open_scope
from ui.errors import Invalid
from ui.flash import Flash
from ui.forms import Form, bind
from ui.i18n import gettext, t
from ui.render import redirect, respond

MEASURES = ("10/10 minutes",)
_PLAIN = (
    "scenarios", "needs", "launch_uri", "backchannel_logout_uri", "frontchannel_logout_uri", "webhook_uri",
    "health_uri", "privacy_uri", "support_email", "profile", "auth_method", "jwks_uri", "min_level", "protocols",
    "scim_uri", "revision",
)  # fmt: skip
_LISTS = ("redirect_uris", "post_logout_redirect_uris", "frame_origins")
SPARE_PLACES = 2


async def edit(request: Request, actor: Actor) -> Response:
    """Show the open version for changing."""
    found = await versions.open_version(actor, path_id(request))
    return await _form(request, actor, Form.blank(VersionForm, _values(found)), found)


def _values(found: AppVersion) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(found, name) for name in _PLAIN}
    values |= {name: "\n".join(getattr(found, name)) for name in _LISTS}
    for locale, ending in (("en", "en"), ("zh_CN", "zh")):
        values |= {f"{word}_{ending}": text for word, text in found.texts[locale].items()}
    reasons = {key: found.scopes.get(key, {}) for key in _askable()}
    values["asks"] = [
        {"scope": key, "en": reason.get("en", ""), "zh": reason.get("zh_CN", "")}
        for key, reason in reasons.items()
    ]
    values["places"] = [
        {"key": key, "en": names["en"], "zh": names["zh_CN"]} for key, names in found.places.items()
    ]
    return values


def _askable() -> list[str]:
    return [key for key, scope in SCOPES.items() if not scope.is_always]


async def _form(
    request: Request, actor: Actor, form: Form[VersionForm], found: AppVersion, status: int = 200
) -> Response:
    app_id = path_id(request)
    context = {
        "form": form,
        "version": found,
        "asks": [(f"asks-{n}", SCOPES[key], t(ABOUT[SCOPES[key].about])) for n, key in enumerate(_askable())],
        "places": form.rows("places", spare=SPARE_PLACES),
        "scenarios": [(key, gettext(scenario.name)) for key, scenario in kinds.SCENARIOS.items()],
        "needs": [(key, gettext(word)) for key, word in NEEDS.items()],
        "profiles": [(key, gettext(word)) for key, word in PROFILES.items()],
        "methods": [(key, gettext(word)) for key, word in AUTH_METHODS.items()],
        "protocols": [(key, gettext(word)) for key, word in PROTOCOLS.items()],
        "levels": [(1, gettext("Any")), (2, gettext("Strong")), (3, gettext("Strongest"))],
        "here": f"{root_of(actor)}/apps/{app_id}",
        "root": root_of(actor),
    }
    return await respond(request, "integrations/apps/vendors/version_form.html", context, status=status)


async def save(request: Request, actor: Actor) -> Response:
    """Keep what was typed."""
    app_id = path_id(request)
    form = await bind(request, VersionForm)
    if form.is_valid:
        try:
            await versions.save(actor, app_id, form.ok)
        except Invalid as error:
            form.fail_with(error)
        else:
            return redirect(
                request, f"{root_of(actor)}/apps/{app_id}", flash=t("The version is saved. Measure it.")
            )
    return await _form(request, actor, form, await versions.open_version(actor, app_id), status=422)


async def measure(request: Request, actor: Actor) -> Response:
    """Measure the open version: the app answers while nothing of ours is locked."""
    app_id = path_id(request)
    await throttle.spend("app-measure", str(app_id), MEASURES)
    async with open_scope(actor.scope()):
        app = await versions.get_app(actor, app_id)
        version = await versions.open_version(actor, app_id)
    found = await findings.measure(app, version)
    async with open_scope(actor.scope()):
        await versions.keep_findings(actor, app_id, version.revision, found)
    missed = sum(not one.is_met for one in found)
    done = Flash(t("Everything we measured holds."))
    if missed:
        done = Flash(t("{n} checks do not hold yet.", n=missed), "warning")
    return redirect(request, f"{root_of(actor)}/apps/{app_id}", flash=done)


ROUTES: list[BaseRoute] = [
    vendor_route("/apps/{id}/edit", edit, permission="vendor.write", name="vendor_version_form"),
    vendor_route(
        "/apps/{id}/edit", save, permission="vendor.write", methods=WRITES, name="vendor_version_save"
    ),
    vendor_route(
        "/apps/{id}/measuring",
        measure,
        permission="vendor.write",
        methods=WRITES,
        name="vendor_version_measure",
        is_transactional=False,
    ),
]
