"""Tokens with which an app reads while nobody has it open, for each installation by itself."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from integrations.apps import clients
from integrations.apps.api.entry import ALONE, SECONDS, Refused, issue, prove
from tenants import throttle
from tenants.scope import open_scope, row, vendor_scope
from ui.errors import Invalid
from ui.i18n import t

TRIES = ("60/minute",)


async def installation_token(request: Request) -> Response:
    """Give an app that proves itself a token for one installation that agreed to it."""
    app = await prove(request)
    await throttle.spend("api-token", app.client_id, TRIES)
    form = await request.form(max_files=0, max_fields=10)
    try:
        installation_id = UUID(str(form.get("installation") or ""))
    except ValueError:
        raise Invalid("api.installation", t("Name the installation.")) from None
    async with open_scope(vendor_scope(app.vendor_id)):
        found = await row(
            "select tenant_id from integrations_installation where vendor_id = $1 and id = $2 and app_id = $3",
            app.vendor_id,
            installation_id,
            app.app_id,
        )
    granted = await clients.granted(app.client_id, found["tenant_id"]) if found else None
    if granted is None or granted.installation_id != installation_id or ALONE not in granted.scopes:
        raise Refused(
            "api.not_granted", t("This installation does not let the app read by itself."), status=403
        )
    told = {
        "access_token": issue(granted),
        "token_type": "Bearer",
        "expires_in": SECONDS,
        "scope": " ".join(sorted(granted.scopes)),
    }
    return JSONResponse(told, headers={"Cache-Control": "no-store"})
