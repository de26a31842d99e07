"""Vendors with an app each, taken from registration to the catalogue by the product's own services.

The apps run already (``deploy.sandbox.apps``): each is given the keys that its vendor's console makes, and is measured
over HTTP as any other. Tengah Town installs them; its latest payments are told to the e-invoice.
"""

import asyncio
import json
import struct
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2

from deploy.errors import OperatorError
from deploy.seed import people as persons
from deploy.seed.app_offers import OFFERS, Offer, offer_of
from deploy.settings import Settings
from integrations.apps.catalogue import installing
from integrations.apps.catalogue.installing import Agreed
from integrations.apps.doors import vendor_actor
from integrations.apps.models import App, AppVersion, Vendor
from integrations.apps.scopes import claims_of
from integrations.apps.tenant_models import Installation
from integrations.apps.vendors import findings, review, services, versions
from integrations.apps.vendors.forms import VersionForm
from integrations.sign_in.people import Proven, person_of
from tenants import jobs
from tenants.actor import Actor
from tenants.kinds import SCENARIOS
from tenants.models import Tenant
from tenants.scope import open_scope, rows, tenant_scope, vendor_scope
from ui.forms import bind_values

TOLD = 12
"""How many of the latest payments the e-invoice hears of."""
NEXT = "people"
"""Whose vendor has begun a further version."""
SCHOOLS_ONLY = frozenset({"roster"})
"""What an app asks for that only a school has."""
LOOKS = 300
"""How often the product is asked whether it answers, where its apps do, with 0.1 s between."""


async def are_running(settings: Settings) -> bool:
    """Tell whether every app answers: ``cloud up`` runs them, the sandbox alone does not.

    The product may still be loading where they do. It is waited for, since an app is measured by whether it asks there
    whom it is to believe.

    Raises:
        OperatorError: the apps run, and the product does not.
    """
    async with httpx2.AsyncClient(trust_env=False, timeout=3) as client:
        apps = [await _answers(client, f"{url}/health") for url in settings.app_urls.values()]
        if not apps or not all(apps):
            return False
        for _ in range(LOOKS):
            if await _answers(client, f"{settings.public_url}/healthz"):
                return True
            await asyncio.sleep(0.1)
    raise OperatorError(
        f"The demonstration's apps run, but the product does not answer at {settings.public_url}."
    )


async def _answers(client: httpx2.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).is_success
    except httpx2.HTTPError:
        return False


async def open_shop(bank_id: UUID, issuer: str, operations: Actor, settings: Settings) -> dict[str, App]:
    """Take every vendor and its app into the catalogue, in the bank's open scope; return the apps by name."""
    return {one.about.name: await _list(one, bank_id, issuer, operations, settings) for one in OFFERS}


async def _list(one: Offer, bank_id: UUID, issuer: str, operations: Actor, settings: Settings) -> App:
    owner = await _owner(one, bank_id, issuer)
    vendor = await services.register(
        owner,
        slug=one.company.slug,
        website=f"https://{one.company.slug}.example",
        contact_email=one.company.email,
        contact_phone=one.company.phone,
        about=one.summary[0],
    )
    vendor = await services.decide(operations, vendor.id, "admitted")
    writer = _writer(owner, vendor)
    async with open_scope(vendor_scope(vendor.id)):
        app = await versions.create_app(writer, name=one.name[0], slug=one.about.name)
        await versions.save(writer, app.id, _form(one, settings.app_urls[one.about.name]))
        folder, has_key = settings.data_dir / "apps", one.protocol in _WITH_KEY
        await _hand_over(writer, app, folder, settings.public_url, has_key=has_key)
        version = await _measured(writer, app)
    await review.decide(operations, version.id, "listed")
    if one.about.name == NEXT:
        async with open_scope(vendor_scope(vendor.id)):
            await versions.next_version(writer, app.id)
    return await App.get(id=app.id)


async def _owner(one: Offer, bank_id: UUID, issuer: str) -> Actor:
    company = one.company
    claims = {"name": company.representative, "email": company.email, **company.mandate("authoriser")}
    proven = Proven(
        issuer, one.customer, "company", company.representative, email=company.email, claims=claims
    )
    person = (await person_of(proven)).person_id
    actor = persons.actor("payer", company.representative, person, company.email)
    return replace(actor, company=persons.company(company, bank_id))


def _writer(owner: Actor, vendor: Vendor) -> Actor:
    facts = {"id": str(vendor.id), "bank_id": str(vendor.bank_id), "slug": vendor.slug, "name": vendor.name}
    return vendor_actor(owner, facts, "owner")


_OF_OURS = {
    "redirect_uris": "callback",
    "backchannel_logout_uri": "logout",
    "frontchannel_logout_uri": "signed-out",
}
_PATHS = {
    "scim": _OF_OURS | {"scim_uri": "scim/v2"},
    "lti": {"redirect_uris": "start", "jwks_uri": "jwks"},
    "smart": _OF_OURS,
}
_WITH_KEY = {"lti"}


def _form(one: Offer, url: str) -> VersionForm:
    """Return the version as its vendor types it."""
    texts = {"name": one.name, "summary": one.summary, "about": one.text, "price": one.price}
    values: dict[str, list[Any]] = {f"{word}_{end}": [text] for word, pair in texts.items()
                                    for end, text in zip(("en", "zh"), pair, strict=True)}  # fmt: skip
    for n, (scope, (english, chinese)) in enumerate(one.reasons.items()):
        values |= {f"asks-{n}-scope": [scope], f"asks-{n}-en": [english], f"asks-{n}-zh": [chinese]}
    for n, (key, english, chinese) in enumerate(one.places):
        values |= {f"places-{n}-key": [key], f"places-{n}-en": [english], f"places-{n}-zh": [chinese]}
    paths = {
        "launch_uri": "launch",
        "webhook_uri": "webhooks",
        "health_uri": "health",
        "privacy_uri": "privacy",
    }
    values |= {name: [f"{url}/{path}"] for name, path in (paths | _PATHS.get(one.protocol, _OF_OURS)).items()}
    values |= {"scenarios": list(one.scenarios or SCENARIOS), "needs": list(one.needs)}
    values |= {"support_email": [one.company.email], "protocols": [one.protocol] if one.protocol else []}
    values |= {"auth_method": ["private_key_jwt"]} if one.protocol in _WITH_KEY else {}
    values |= {
        "frame_origins": [url] if one.is_framed else [],
        "min_level": [str(one.level)],
        "revision": ["1"],
    }
    return bind_values(values, VersionForm).ok


async def _hand_over(writer: Actor, app: App, folder: Path, issuer: str, *, has_key: bool) -> None:
    """Give the running app its keys, as its vendor pastes them from the console."""
    keys = {
        "issuer": issuer,
        "client_id": app.client_id,
        "test_client_id": app.test_client_id,
        "client_secret": "" if has_key else await versions.new_client_secret(writer, app.id),
        "webhook_secret": await versions.new_webhook_secret(writer, app.id),
    }
    await asyncio.to_thread(_write, folder, app.slug, json.dumps(keys))


def _write(folder: Path, name: str, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.json"
    file.touch(mode=0o600)
    file.write_text(text)


async def _measured(writer: Actor, app: App) -> AppVersion:
    """Measure the app over HTTP and submit it; a check that does not hold ends the seeding with its words."""
    colour, rows_ = offer_of(app.slug).icon
    await AppVersion.filter(app_id=app.id).update(icon=picture(colour, rows_), icon_type="image/png")
    version = await versions.open_version(writer, app.id)
    found = await findings.measure(await App.get(id=app.id), version)
    failed = [f"{one.check}: {one.note}" for one in found if one.is_needed and not one.is_met]
    if failed:
        raise OperatorError(
            f"The demonstration's app {app.slug} was measured and failed ({'; '.join(failed)})."
        )
    await versions.keep_findings(writer, app.id, version.revision, found)
    return await versions.submit(writer, app.id)


async def install(tenant: Tenant, chief: Actor, apps: dict[str, App]) -> None:
    """Install every app for all industries, and have the e-invoice hear of the latest payments."""
    async with open_scope(tenant_scope(tenant.id)):
        for one in OFFERS:
            if not one.scenarios:
                await agree(chief, one, apps[one.about.name].id, but=SCHOOLS_ONLY)
        latest = await rows(
            "select id from billing_payment where tenant_id = $1 and status = 'succeeded'"
            " order by succeeded_at desc, id limit $2",
            tenant.id,
            TOLD,
        )
        for payment in reversed(latest):
            await jobs.enqueue("apps.event", {"event": "payment.succeeded", "payment_id": str(payment["id"])})


async def agree(chief: Actor, one: Offer, app_id: UUID, *, but: frozenset[str] = frozenset()) -> Installation:
    """Install an app with all it asks for ``but`` some, in the tenant's open scope."""
    scopes = frozenset({"openid", *one.reasons}) - but
    agreed = Agreed(scopes, frozenset(claims_of(scopes)), one.roles, one.level)
    return await installing.install(chief, app_id, agreed)


def picture(colour: int, rows_: Sequence[str], scale: int = 12) -> bytes:
    """Return a PNG of white squares on a colour: an icon without any drawing program."""
    ground, white = colour.to_bytes(3), b"\xff\xff\xff"
    lines = b"".join(
        (b"\0" + b"".join((white if cell == "1" else ground) * scale for cell in row)) * scale
        for row in rows_
    )
    side = 8 * scale
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(lines, 9)),
        (b"IEND", b""),
    )
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
