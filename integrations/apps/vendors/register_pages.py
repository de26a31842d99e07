"""Becoming a vendor, and taking up an invitation to work for one."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from integrations.apps.doors import ROLES
from integrations.apps.vendors import people, services
from integrations.apps.vendors.forms import RegisterForm
from integrations.apps.vendors.states import TONES, VENDOR_WORDS
from integrations.sign_in.pages import plain
from tenants.actor import Actor
from tenants.http import WRITES, person_route
from ui.errors import Invalid
from ui.forms import Form, bind
from ui.i18n import t
from ui.render import redirect, respond


async def vendors(request: Request, actor: Actor) -> Response:
    """Show the vendors this person works for, and the way to become one."""
    assert actor.person_id is not None  # noqa: S101 - the door is for persons
    plain(request)
    found = await services.mine(actor.person_id)
    context = {
        "vendors": found,
        "can_register": bool(actor.company) and all(one["status"] == "refused" for one in found),
        "words": {key: t(word) for key, word in VENDOR_WORDS.items()},
        "tones": TONES,
        "company": actor.company,
    }
    return await respond(request, "integrations/apps/vendors/vendors.html", context)


async def register_form(request: Request, actor: Actor) -> Response:
    """Show what has to be said to become a vendor."""
    return await _form(request, actor, Form.blank(RegisterForm, {"contact_email": actor.email}))


async def _form(request: Request, actor: Actor, form: Form[RegisterForm], status: int = 200) -> Response:
    plain(request)
    context = {"form": form, "company": actor.company}
    return await respond(request, "integrations/apps/vendors/register.html", context, status=status)


async def register(request: Request, actor: Actor) -> Response:
    """Register the company that the person is signed in for."""
    form = await bind(request, RegisterForm)
    if form.is_valid:
        try:
            made = await services.register(actor, **form.ok.model_dump())
        except Invalid as error:
            form.fail_with(error)
        else:
            return redirect(request, f"/vendor/{made.slug}", flash=t("Registered. The bank looks at it now."))
    return await _form(request, actor, form, status=422)


async def invitation(request: Request, actor: Actor) -> Response:
    """Show an invitation to work for a vendor."""
    found, vendor = await people.look(request.path_params["token"])
    plain(request)
    context = {
        "vendor": vendor,
        "role": t(ROLES[found.role][0]),
        "is_theirs": (actor.company or {}).get("uscc") == vendor.uscc,
        "path": request.url.path,
    }
    return await respond(request, "integrations/apps/vendors/invitation.html", context)


async def accept(request: Request, actor: Actor) -> Response:
    """Take the invitation up."""
    vendor = await people.accept(actor, request.path_params["token"])
    return redirect(
        request, f"/vendor/{vendor.slug}", flash=t("Welcome. You now work for {tenant}.", tenant=vendor.name)
    )


ROUTES: list[BaseRoute] = [
    person_route("/vendors", vendors),
    person_route("/vendors/new", register_form, name="vendor_register_form"),
    person_route("/vendors", register, methods=WRITES, name="vendor_register"),
    person_route("/vendor-invitations/{token}", invitation, name="vendor_invitation"),
    person_route(
        "/vendor-invitations/{token}/acceptance", accept, methods=WRITES, name="vendor_invitation_accept"
    ),
]
