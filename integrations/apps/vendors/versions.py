"""An app and its versions as the vendor writes them: drafted, measured, submitted."""

import asyncio
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from tortoise.exceptions import IntegrityError

from integrations.apps.clients import client_key, secret_hash
from integrations.apps.models import App, AppVersion, Vendor
from integrations.apps.vendors import services
from integrations.apps.vendors.findings import Finding
from integrations.apps.vendors.forms import VersionForm, asked, named_places
from integrations.apps.vendors.states import VERSION_MOVES, check
from integrations.apps.webhooks.signing import new_secret
from tenants.actor import Actor
from tenants.file_kinds import FileRefused, Kind, check_content
from tenants.ids import new_id
from tenants.runtime import runtime
from ui.errors import Conflict, Forbidden, Invalid, NotFound
from ui.fields import FieldError
from ui.i18n import t

OPEN = ("draft", "returned")
SECRET_GRACE = timedelta(hours=24)
ICON_PIXELS = 1024 * 1024
COPIED = (
    "texts", "icon", "icon_type", "scenarios", "needs", "scopes", "places", "launch_uri", "redirect_uris",
    "post_logout_redirect_uris", "backchannel_logout_uri", "frontchannel_logout_uri", "frame_origins",
    "webhook_uri", "health_uri", "privacy_uri", "support_email", "profile", "auth_method", "jwks", "jwks_uri",
    "min_level", "protocols", "scim_uri",
)  # fmt: skip
"""What a new version takes over from the one before."""


def require(actor: Actor, permission: str) -> None:
    """Raise ``Forbidden`` unless somebody of the vendor may do this."""
    if permission not in actor.permissions or actor.vendor_id is None:
        raise Forbidden("permission.missing", t("You do not have the right to do this."))


async def create_app(actor: Actor, *, name: str, slug: str) -> App:
    """Make an app with its two client ids and an empty first draft.

    Raises:
        Conflict: while the vendor is not admitted.
        Invalid: when the name in addresses is taken.
    """
    require(actor, "vendor.write")
    vendor = await Vendor.get(id=actor.vendor_id)
    if vendor.status != "admitted":
        raise Conflict("vendor.not_admitted", t("The bank has to admit the vendor first."))
    try:
        app = await _new_app(vendor, name, slug)
    except IntegrityError:
        text = t("This name is taken. Choose another.")
        raise Invalid("app.slug", text, fields={"slug": text}) from None
    await _new_version(actor, app, 1, _blank(name))
    await services.note(actor, vendor, "app.created", after={"name": name})
    return app


async def _new_app(vendor: Vendor, name: str, slug: str) -> App:
    live, test = f"app_{secrets.token_hex(12)}", f"test_{secrets.token_hex(12)}"
    return await App.create(
        id=new_id(),
        bank_id=vendor.bank_id,
        vendor_id=vendor.id,
        slug=slug,
        name=name,
        client_id=live,
        client_key=client_key(live),
        test_client_id=test,
        test_client_key=client_key(test),
        webhook_secret=runtime().encrypt("app-webhook", new_secret()),
    )


def _blank(name: str) -> dict[str, Any]:
    texts = {"name": name, "summary": "", "about": "", "price": ""}
    return {
        "texts": {"en": texts, "zh_CN": texts},
        "scenarios": [],
        "needs": [],
        "scopes": {"openid": {"en": "", "zh_CN": ""}},
        "places": {},
        "redirect_uris": [],
        "post_logout_redirect_uris": [],
        "frame_origins": [],
        "protocols": [],
    }


async def _new_version(actor: Actor, app: App, number: int, facts: dict[str, Any]) -> AppVersion:
    return await AppVersion.create(
        id=new_id(),
        bank_id=app.bank_id,
        vendor_id=app.vendor_id,
        app_id=app.id,
        number=number,
        created_by_name=actor.name,
        findings=[],
        **facts,
    )


async def get_app(actor: Actor, app_id: UUID) -> App:
    """Return one of the vendor's apps."""
    found = await App.get_or_none(vendor_id=actor.vendor_id, id=app_id)
    if found is None:
        raise NotFound("app.not_found", t("There is no such app."))
    return found


async def versions(app: App) -> list[AppVersion]:
    """Return an app's versions, newest first."""
    return await AppVersion.filter(app_id=app.id).order_by("-number")


async def next_version(actor: Actor, app_id: UUID) -> AppVersion:
    """Begin a new version as a copy of the last; while one is open there is no second."""
    require(actor, "vendor.write")
    app = await get_app(actor, app_id)
    last = (await versions(app))[0]
    if last.status in {*OPEN, "submitted"}:
        raise Conflict("version.open", t("Version {number} is still open.", number=last.number))
    return await _new_version(actor, app, last.number + 1, {name: getattr(last, name) for name in COPIED})


async def save(actor: Actor, app_id: UUID, form: VersionForm) -> AppVersion:
    """Keep what was typed in the open version; what had been measured is no longer true then."""
    require(actor, "vendor.write")
    found = await open_version(actor, app_id)
    if found.revision != form.revision:
        raise Conflict("version.changed", t("Somebody else changed this version in the meantime."))
    facts = _facts(form)
    if form.icon is not None:
        facts |= {"icon": await _icon(form), "icon_type": Kind.PNG.content_type}
    found.update_from_dict(facts | {"findings": [], "measured_at": None, "changed_at": datetime.now(UTC)})
    found.revision += 1
    await found.save()
    await App.filter(id=app_id).update(name=form.name_en)
    return found


def _facts(form: VersionForm) -> dict[str, Any]:
    plain = form.model_dump(exclude={"icon", "asks", "places", "revision", *_TEXTS})
    _check_front(form)
    try:
        return plain | {"scopes": asked(form), "places": named_places(form), "texts": _texts(form)}
    except FieldError as error:
        raise Invalid("version.invalid", error.text) from None


def _check_front(form: VersionForm) -> None:
    """Only what is the app's own is opened in a frame (OpenID Connect Front-Channel Logout 1.0, section 2)."""
    origins = {urlsplit(uri)[:2] for uri in form.redirect_uris}
    if form.frontchannel_logout_uri and urlsplit(form.frontchannel_logout_uri)[:2] not in origins:
        text = t("It has to be at the same place as an address that people come back to.")
        raise Invalid("version.frontchannel", text, fields={"frontchannel_logout_uri": text})


_WORDS = ("name", "summary", "about", "price")
_TEXTS = [f"{word}_{ending}" for word in _WORDS for ending in ("en", "zh")]


def _texts(form: VersionForm) -> dict[str, dict[str, str]]:
    endings = {"en": "en", "zh_CN": "zh"}
    return {
        locale: {word: getattr(form, f"{word}_{ending}") for word in _WORDS}
        for locale, ending in endings.items()
    }


async def _icon(form: VersionForm) -> bytes:
    assert form.icon is not None  # noqa: S101 - the caller looked
    data = await form.icon.read()
    try:
        await asyncio.to_thread(
            check_content, data, "icon.png", "image/png", kinds=frozenset({Kind.PNG}), pixels=ICON_PIXELS
        )
    except FileRefused as error:
        raise Invalid("version.icon", error.message, fields={"icon": error.message}) from None
    return data


async def open_version(actor: Actor, app_id: UUID) -> AppVersion:
    """Return the version that can be changed, locked."""
    await get_app(actor, app_id)
    found = await AppVersion.select_for_update().get_or_none(app_id=app_id, status__in=OPEN)
    if found is None:
        raise Conflict("version.closed", t("There is no open version. Begin a new one."))
    return found


async def keep_findings(actor: Actor, app_id: UUID, revision: int, found: list[Finding]) -> AppVersion:
    """Keep what was measured of the open version, unless it has changed since."""
    version = await open_version(actor, app_id)
    if version.revision != revision:
        raise Conflict("version.changed", t("Somebody else changed this version in the meantime."))
    version.findings, version.measured_at = [one.plain() for one in found], datetime.now(UTC)
    await version.save(update_fields=["findings", "measured_at"])
    return version


async def submit(actor: Actor, app_id: UUID) -> AppVersion:
    """Hand the open version to the bank; everything that must hold was measured and held."""
    require(actor, "vendor.write")
    found = await open_version(actor, app_id)
    check(VERSION_MOVES, found.status, "submitted")
    failed = [one for one in found.findings if one["is_needed"] and not one["is_met"]]
    if found.measured_at is None or failed:
        raise Invalid(
            "version.not_ready", t("Measure the version first; everything that is needed has to hold.")
        )
    found.status, found.submitted_at = "submitted", datetime.now(UTC)
    found.submitted_by, found.submitted_by_name = actor.person_id, actor.name
    await found.save(update_fields=["status", "submitted_at", "submitted_by", "submitted_by_name"])
    await _note(actor, found, "app_version.submitted")
    return found


async def withdraw(actor: Actor, app_id: UUID) -> AppVersion:
    """Take a version back from review to go on with it."""
    require(actor, "vendor.write")
    await get_app(actor, app_id)
    found = await AppVersion.select_for_update().get_or_none(app_id=app_id, status="submitted")
    if found is None:
        raise Conflict("version.not_submitted", t("This version is not in review."))
    found.status = "draft"
    await found.save(update_fields=["status"])
    await _note(actor, found, "app_version.withdrawn")
    return found


async def new_client_secret(actor: Actor, app_id: UUID) -> str:
    """Make a new client secret and return it, once; the former one is good for another day."""
    require(actor, "vendor.keys")
    actor.require_fresh()
    app = await get_app(actor, app_id)
    secret = secrets.token_urlsafe(32)
    app.former_secret_hash = app.secret_hash
    app.former_secret_until = datetime.now(UTC) + SECRET_GRACE if app.secret_hash else None
    app.secret_hash = bytes.fromhex(secret_hash(secret))
    await app.save(update_fields=["former_secret_hash", "former_secret_until", "secret_hash"])
    await _note_app(actor, app, "app.secret_made")
    return secret


async def new_webhook_secret(actor: Actor, app_id: UUID) -> str:
    """Make a new secret that webhooks are signed with and return it, once."""
    require(actor, "vendor.keys")
    actor.require_fresh()
    app = await get_app(actor, app_id)
    secret = new_secret()
    app.webhook_secret = runtime().encrypt("app-webhook", secret)
    await app.save(update_fields=["webhook_secret"])
    await _note_app(actor, app, "app.webhook_secret_made")
    return secret


async def _note(actor: Actor, version: AppVersion, act: str) -> None:
    vendor = await Vendor.get(id=version.vendor_id)
    await services.note(
        actor, vendor, act, after={"app": version.texts["en"]["name"], "version": version.number}
    )


async def _note_app(actor: Actor, app: App, act: str) -> None:
    await services.note(actor, await Vendor.get(id=app.vendor_id), act, after={"app": app.name})
