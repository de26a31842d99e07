"""The vendor's console: its apps, one app with its versions and keys, its people."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from integrations.apps.doors import ROLES, vendor_route
from integrations.apps.models import App, AppVersion, Vendor
from integrations.apps.vendors import people, queries, sandbox, services, versions
from integrations.apps.vendors.forms import ContactForm, NewAppForm
from integrations.apps.vendors.shown import shown_app, shown_version
from integrations.apps.vendors.states import TONES, VENDOR_WORDS, VERSION_WORDS
from tenants.actor import Actor
from tenants.http import WRITES, path_id
from tenants.kinds import SCENARIOS
from tenants.onboarding.forms import Email
from ui import charts, formats
from ui.errors import AppError, Invalid
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond


class InviteForm(BaseModel):
    """A colleague to invite."""

    name: str = Field(title=N_("Full name"), max_length=100)
    email: Email = Field(title=N_("E-mail"))
    role: str = Field(title=N_("Role"))


class SandboxForm(BaseModel):
    """Of which scenario a sandbox is."""

    scenario: str = Field(title=N_("Industry"), max_length=40)


def root_of(actor: Actor) -> str:
    """Return where the vendor's console is."""
    return f"/vendor/{actor.place['slug']}"


async def overview(request: Request, actor: Actor) -> Response:
    """Show the vendor's apps and how they fare, and what comes next."""
    vendor = await Vendor.get(id=actor.vendor_id)
    apps = await queries.apps(vendor.id)
    context = {
        "vendor": vendor,
        "status": t(VENDOR_WORDS[vendor.status]),
        "tone": TONES[vendor.status],
        "apps": [shown_app(row) for row in apps],
        "sandboxes": await queries.sandboxes(vendor),
        "openable": [(key, gettext(SCENARIOS[key].name)) for key in await queries.openable(vendor)],
        "root": root_of(actor),
        "may_write": actor.may("vendor.write") and vendor.status == "admitted",
        "is_refused": vendor.status == "refused",
        "tasks": _tasks(actor, vendor, apps),
    }
    return await respond(request, "integrations/apps/vendors/overview.html", context)


def _tasks(actor: Actor, vendor: Vendor, apps: list[Any]) -> list[dict[str, Any]]:
    root = root_of(actor)
    return [
        {
            "title": t("The bank admits the company"),
            "text": t("Its people look at who you are. They write to {email}.", email=vendor.contact_email),
            "href": "",
            "is_done": vendor.status != "registered",
        },
        {
            "title": t("Make an app"),
            "text": t("It gets client ids, keys and a first version to fill in."),
            "href": f"{root}/apps/new" if vendor.status == "admitted" else "",
            "is_done": bool(apps),
        },
        {
            "title": t("Submit a version"),
            "text": t("We measure it; then a reviewer of the bank lists it or says what is missing."),
            "href": f"{root}/apps/{apps[0]['id']}" if apps else "",
            "is_done": any(app["listed_version_id"] for app in apps),
        },
    ]


async def open_sandbox(request: Request, actor: Actor) -> Response:
    """Open a sandbox of one scenario, with its samples."""
    form = await bind(request, SandboxForm)
    if not form.is_valid:
        raise AppError("vendor.sandbox", next(iter(form.errors.values())), status=422)
    made = await sandbox.open_one(actor, form.ok.scenario)
    return redirect(request, root_of(actor), flash=t("{name} is open.", name=made.short_name))


async def new_app(request: Request, actor: Actor) -> Response:
    """Show the form for a new app."""
    return await _new_app(request, actor, Form.blank(NewAppForm))


async def _new_app(request: Request, actor: Actor, form: Form[NewAppForm], status: int = 200) -> Response:
    context = {"form": form, "root": root_of(actor)}
    return await respond(request, "integrations/apps/vendors/new_app.html", context, status=status)


async def create_app(request: Request, actor: Actor) -> Response:
    """Make an app and go on to describing it."""
    form = await bind(request, NewAppForm)
    if form.is_valid:
        try:
            app = await versions.create_app(actor, **form.ok.model_dump())
        except Invalid as error:
            form.fail_with(error)
        else:
            return redirect(
                request, f"{root_of(actor)}/apps/{app.id}/edit", flash=t("The app is made. Describe it.")
            )
    return await _new_app(request, actor, form, status=422)


async def show_app(request: Request, actor: Actor) -> Response:
    """Show one app: its newest version with what was measured, its history, its keys."""
    app = await versions.get_app(actor, path_id(request))
    found = await versions.versions(app)
    return await respond(request, "integrations/apps/vendors/app.html", await _app_context(actor, app, found))


async def _app_context(actor: Actor, app: App, found: list[AppVersion]) -> dict[str, Any]:
    newest = found[0]
    return {
        "app": app,
        "version": shown_version(newest),
        "versions": found,
        "words": {key: t(word) for key, word in VERSION_WORDS.items()},
        "tones": TONES,
        "here": f"{root_of(actor)}/apps/{app.id}",
        "root": root_of(actor),
        "is_open": newest.status in versions.OPEN,
        "may_write": actor.may("vendor.write"),
        "may_keys": actor.may("vendor.keys"),
        "can_submit": newest.measured_at is not None
        and all(one["is_met"] or not one["is_needed"] for one in newest.findings),
        "figures": await queries.figures(app.id),
        "chart": _chart(await queries.launches_by_day(app.id)),
        "secret": None,
    }


def _chart(days: Sequence[Any]) -> charts.Chart:
    return charts.stacked(
        gettext("Day"),
        [formats.date_text(each["day"]) for each in days],
        [
            charts.Series(gettext("Times opened"), [each["launches"] for each in days]),
            charts.Series(gettext("Did not answer"), [each["failures"] for each in days]),
        ],
        short=[formats.short_day(each["day"]) for each in days],
    )


async def submit(request: Request, actor: Actor) -> Response:
    """Hand the open version to the bank."""
    return await _act(request, actor, versions.submit, t("The bank reviews it now."))


async def withdraw(request: Request, actor: Actor) -> Response:
    """Take a version back from review."""
    return await _act(request, actor, versions.withdraw, t("The version is a draft again."))


async def next_version(request: Request, actor: Actor) -> Response:
    """Begin the next version."""
    return await _act(request, actor, versions.next_version, t("A new version is open."))


async def _act(request: Request, actor: Actor, act: Any, done: Any) -> Response:
    app_id = path_id(request)
    await act(actor, app_id)
    return redirect(request, f"{root_of(actor)}/apps/{app_id}", flash=done)


async def client_secret(request: Request, actor: Actor) -> Response:
    """Make a new client secret and show it this once."""
    return await _secret(request, actor, await versions.new_client_secret(actor, path_id(request)))


async def webhook_secret(request: Request, actor: Actor) -> Response:
    """Make a new webhook secret and show it this once."""
    return await _secret(request, actor, await versions.new_webhook_secret(actor, path_id(request)))


async def _secret(request: Request, actor: Actor, secret: str) -> Response:
    app = await versions.get_app(actor, path_id(request))
    context = await _app_context(actor, app, await versions.versions(app))
    return await respond(request, "integrations/apps/vendors/app.html", context | {"secret": secret})


async def colleagues(request: Request, actor: Actor) -> Response:
    """Show who works for the vendor, and how the vendor is reached."""
    return await _people(request, actor, Form.blank(InviteForm))


async def _people(
    request: Request,
    actor: Actor,
    form: Form[InviteForm],
    status: int = 200,
    contact: Form[ContactForm] | None = None,
) -> Response:
    vendor = await Vendor.get(id=actor.vendor_id)
    kept = {name: getattr(vendor, name) for name in ContactForm.model_fields}
    context = {
        "members": await people.members(actor),
        "roles": [(key, gettext(role[0])) for key, role in ROLES.items()],
        "role_words": {key: t(role[0]) for key, role in ROLES.items()},
        "form": form,
        "contact": contact or Form.blank(ContactForm, kept),
        "vendor": vendor,
        "root": root_of(actor),
        "may_write": actor.may("vendor.people"),
        "me": actor.person_id,
    }
    return await respond(request, "integrations/apps/vendors/people.html", context, status=status)


async def invite(request: Request, actor: Actor) -> Response:
    """Invite a colleague."""
    form = await bind(request, InviteForm)
    if form.is_valid:
        try:
            await people.invite(actor, **form.ok.model_dump())
        except Invalid as error:
            form.fail_with(error)
        else:
            return redirect(request, f"{root_of(actor)}/people", flash=t("Invited. The link is on its way."))
    return await _people(request, actor, form, status=422)


async def end_member(request: Request, actor: Actor) -> Response:
    """Take somebody off."""
    found = await people.end(actor, path_id(request))
    return redirect(
        request, f"{root_of(actor)}/people", flash=t("{name} no longer has this role.", name=found.name)
    )


async def change_contact(request: Request, actor: Actor) -> Response:
    """Change how the vendor is reached."""
    form = await bind(request, ContactForm)
    if not form.is_valid:
        return await _people(request, actor, Form.blank(InviteForm), 422, form)
    await services.change(actor, **form.ok.model_dump())
    return redirect(request, f"{root_of(actor)}/people", flash=t("Your changes are saved."))


READ, WRITE, KEYS, PEOPLE = "vendor.read", "vendor.write", "vendor.keys", "vendor.people"
ONE = "/apps/{id}"
ROUTES: list[BaseRoute] = [
    vendor_route("", overview, permission=READ, name="vendor_overview"),
    vendor_route("/sandboxes", open_sandbox, permission=WRITE, methods=WRITES, name="vendor_sandbox_open"),
    vendor_route("/apps/new", new_app, permission=WRITE, name="vendor_app_form"),
    vendor_route("/apps", create_app, permission=WRITE, methods=WRITES, name="vendor_app_create"),
    vendor_route(ONE, show_app, permission=READ, name="vendor_app"),
    vendor_route(ONE + "/submission", submit, permission=WRITE, methods=WRITES, name="vendor_app_submit"),
    vendor_route(ONE + "/withdrawal", withdraw, permission=WRITE, methods=WRITES, name="vendor_app_withdraw"),
    vendor_route(ONE + "/versions", next_version, permission=WRITE, methods=WRITES, name="vendor_app_next"),
    vendor_route(ONE + "/secrets", client_secret, permission=KEYS, methods=WRITES, name="vendor_app_secret"),
    vendor_route(
        ONE + "/webhook-secrets", webhook_secret, permission=KEYS, methods=WRITES, name="vendor_hook_secret"
    ),
    vendor_route("/people", colleagues, permission=READ, name="vendor_people"),
    vendor_route("/people", invite, permission=PEOPLE, methods=WRITES, name="vendor_invite"),
    vendor_route(
        "/people/{id}/ending", end_member, permission=PEOPLE, methods=WRITES, name="vendor_member_end"
    ),
    vendor_route("/contact", change_contact, permission=PEOPLE, methods=WRITES, name="vendor_contact"),
]
