"""An app as an offer: the listed version as it was read; taken, it leads to what the administrator agrees to."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from integrations.apps.models import App, AppVersion, Vendor
from integrations.apps.scopes import SCOPES
from integrations.apps.vendors.forms import NEEDS
from integrations.apps.vendors.shown import words
from tenants.actor import Actor
from tenants.banks.reach import bank_of
from tenants.offers.kinds import Begun, Content, Line, OfferKind, Result, add_kind
from ui.errors import Conflict, Invalid
from ui.formats import listed
from ui.i18n import N_, gettext, t


async def sources(actor: Actor) -> Sequence[tuple[str, str]]:
    """Return the bank's listed apps."""
    found = await App.filter(bank_id=bank_of(actor), status="listed").order_by("name")
    return [(str(one.id), one.name) for one in found]


async def begin(actor: Actor, source: str) -> Begun:
    """Begin with the listed version of an app.

    Raises:
        Invalid: the bank lists no such app.
    """
    found = await App.filter(bank_id=bank_of(actor), status="listed")
    app = next((one for one in found if str(one.id) == source), None)
    if app is None:
        text = t("Choose from the list.")
        raise Invalid("offer.source", text, fields={"source": text})
    return Begun(app.slug, "", await _content(app), app.id)


async def renew(actor: Actor, begun: Begun) -> Begun:
    """Begin the next version with what is listed now; a copy of the union's stays as it was taken."""
    app = await App.get_or_none(id=begun.subject_id, bank_id=bank_of(actor))
    return Begun(begun.key, begun.scenario, await _content(app) if app else begun.content, begun.subject_id)


async def _content(app: App) -> dict[str, Any]:
    version = await AppVersion.get_or_none(id=app.listed_version_id, status="listed")
    vendor = await Vendor.get_or_none(id=app.vendor_id, status="admitted")
    if version is None or vendor is None:
        raise Conflict("offer.app", t("This app is not listed any more."))
    return {
        "app_id": str(app.id),
        "vendor_id": str(vendor.id),
        "version": version.number,
        "texts": version.texts,
        "vendor": vendor.name,
        "scopes": sorted(version.scopes),
        "needs": list(version.needs),
        "min_level": version.min_level,
    }


def lines(content: Content) -> list[Line]:
    """Read an app back."""
    return [
        Line("app", gettext("App"), words(content["texts"], "name")),
        Line("about", gettext("What it does"), words(content["texts"], "summary")),
        Line("vendor", gettext("Vendor"), content["vendor"]),
        Line("version", gettext("Version of the app"), str(content["version"])),
        Line("scopes", gettext("What it asks for"), _asked(content["scopes"])),
        Line(
            "needs",
            gettext("Good for"),
            listed(gettext(NEEDS[key]) for key in content["needs"] if key in NEEDS),
        ),
    ]


def _asked(scopes: Sequence[str]) -> str:
    return listed(gettext(SCOPES[key].label) for key in scopes if key in SCOPES) or "–"


async def apply(actor: Actor, content: Content, before: Result) -> Result:
    """Note which app was taken; installing it takes the administrator's consent, claim by claim, on its own page.

    Raises:
        Conflict: it is not listed any more, or its vendor is not admitted.
    """
    del actor, before
    app = await App.get_or_none(id=UUID(content["app_id"]), status="listed")
    if app is None or not await Vendor.exists(id=app.vendor_id, status="admitted"):
        raise Conflict("offer.app", t("This app is not listed any more."))
    return {"app_id": content["app_id"]}


def leads(result: Mapping[str, Any]) -> tuple[str, str]:
    """Lead to the app's page in the catalogue."""
    return f"/apps/catalogue/{result['app_id']}", gettext("To the app, and to installing it")


def register() -> None:
    """Let apps be offered; safe to call again."""
    add_kind(
        OfferKind(
            "app",
            N_("App"),
            N_("Taken, it stands in the catalogue; installing it asks for consent as always."),
            "apps.install",
            sources,
            begin,
            renew,
            lines,
            apply,
            leads,
        )
    )


register()
