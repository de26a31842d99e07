"""Vendors, listed apps and installations for tests, as their services leave them."""

from datetime import UTC, datetime
from typing import Any

import httpx2

from integrations.apps.clients import client_key, secret_hash
from integrations.apps.models import App, AppVersion, Vendor, VendorMember
from integrations.apps.scopes import claims_of
from integrations.apps.tenant_models import AppConsent, Installation
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import Person, Tenant
from tenants.runtime import runtime
from tenants.scope import bank_scope, open_scope, tenant_scope, vendor_scope
from tenants.uscc import make as make_uscc
from tests import make

SECRET = "app-secret-of-the-tests"
WEBHOOK_SECRET = "whsec_dGVzdC1vbmx5LXdlYmhvb2stc2VjcmV0LTAxMjM0NTY3"


async def vendor(bank: make.Bank, *, owner: Person | None = None, **given: Any) -> Vendor:
    """A vendor that the bank has admitted, with an owner."""
    n, vendor_id = make.serial(), new_id()
    who = owner or await make.person("Vera Ng")
    values = {
        "slug": f"vendor-{n}-{vendor_id.hex[-6:]}",
        "name": f"Vendor {n} Ltd",
        "uscc": make_uscc(f"91350100K{n:08d}"),
        "legal_representative": "Ng Vera",
        "website": "https://vendor.example",
        "contact_email": "hello@vendor.example",
        "status": "admitted",
        "created_by": who.id,
    } | given
    async with open_scope(vendor_scope(vendor_id)):
        await VendorMember.create(
            bank_id=bank.id,
            vendor_id=vendor_id,
            person_id=who.id,
            role="owner",
            name=who.name,
            email="v@x.example",
        )
        async with open_scope(bank_scope(bank.id)):
            return await Vendor.create(id=vendor_id, bank_id=bank.id, **values)


async def listed(vendor: Vendor, **given: Any) -> App:
    """An app of the vendor with one listed version; ``given`` are the version's facts."""
    app_id, version_id = new_id(), new_id()
    client_id, test_client_id = f"app_{app_id.hex}", f"test_{app_id.hex}"
    async with open_scope(vendor_scope(vendor.id)):
        app = await App.create(
            id=app_id,
            bank_id=vendor.bank_id,
            vendor_id=vendor.id,
            slug=f"app-{app_id.hex[-8:]}",
            name="E-invoice",
            status="listed",
            listed_version_id=version_id,
            client_id=client_id,
            client_key=client_key(client_id),
            test_client_id=test_client_id,
            test_client_key=client_key(test_client_id),
            secret_hash=bytes.fromhex(secret_hash(SECRET)),
            webhook_secret=runtime().encrypt("app-webhook", WEBHOOK_SECRET),
        )
        await AppVersion.create(id=version_id, app_id=app.id, **_version(vendor) | given)
    return app


def _version(vendor: Vendor) -> dict[str, Any]:
    return {
        "bank_id": vendor.bank_id,
        "vendor_id": vendor.id,
        "number": 1,
        "status": "listed",
        "texts": {
            "en": {"name": "E-invoice", "summary": "Invoices", "about": "Issues invoices.", "price": "Free"},
            "zh_CN": {"name": "电子发票", "summary": "开票", "about": "开具发票。", "price": "免费"},
        },
        "scenarios": ["community"],
        "needs": ["invoice"],
        "scopes": {
            scope: {"en": f"Because of {scope}", "zh_CN": f"因为 {scope}"}
            for scope in ("openid", "profile", "email", "tenant", "payments", "offline_access")
        },
        "launch_uri": "https://app.example/launch",
        "redirect_uris": ["https://app.example/callback"],
        "post_logout_redirect_uris": ["https://app.example/bye"],
        "backchannel_logout_uri": "https://app.example/logout",
        "frame_origins": ["https://app.example"],
        "webhook_uri": "https://app.example/webhooks",
        "health_uri": "https://app.example/health",
        "places": {},
        "protocols": ["oidc"],
        "findings": [],
        "created_by_name": "Vera Ng",
    }


async def install(
    tenant: Tenant,
    app: App,
    *,
    scopes: tuple[str, ...] = ("openid", "profile", "email", "tenant", "payments", "offline_access"),
    claims: list[str] | None = None,
    roles: tuple[str, ...] = ("administrator", "finance"),
    by: Actor | None = None,
    **given: Any,
) -> Installation:
    """The app installed in the tenant with a recorded consent to these scopes."""
    told = list(claims_of(scopes)) if claims is None else claims
    async with open_scope(tenant_scope(tenant.id)):
        made = await Installation.create(
            tenant_id=tenant.id,
            vendor_id=app.vendor_id,
            app_id=app.id,
            version_id=app.listed_version_id or new_id(),
            scopes=list(scopes),
            claims=told,
            roles=list(roles),
            installed_by=by.person_id if by else None,
            installed_by_name=by.name if by else "Mei Lim",
            **given,
        )
        await AppConsent.create(
            tenant_id=tenant.id,
            installation_id=made.id,
            version_id=made.version_id,
            vendor_id=app.vendor_id,
            scopes=list(scopes),
            claims=told,
            reasons={},
            person_name=made.installed_by_name,
            level=3,
        )
    return made


async def sandbox(client: httpx2.AsyncClient, app: App, scenario: str) -> tuple[Tenant, Actor]:
    """A sandbox of a scenario as the app's vendor opens it, the app a draft again; and whoever runs it, signed in."""
    async with open_scope(vendor_scope(app.vendor_id)):
        await App.filter(id=app.id).update(status="draft", listed_version_id=None)
        await AppVersion.filter(app_id=app.id).update(status="draft")
        vendor = await Vendor.get(id=app.vendor_id)
    await make.sign_in(client, vendor.created_by)
    who = Actor("payer", "Vera Ng", person_id=vendor.created_by, level=3, auth_time=datetime.now(UTC))
    opened = await client.post(f"/vendor/{vendor.slug}/sandboxes", data={"scenario": scenario})
    assert opened.status_code == 303, opened.text
    async with open_scope(vendor_scope(vendor.id)):
        fresh = await Vendor.get(id=vendor.id)
    async with open_scope(tenant_scope(fresh.sandbox_tenant_ids[-1])):
        return await Tenant.get(id=fresh.sandbox_tenant_ids[-1]), who


async def installed(
    client: httpx2.AsyncClient, tenant: Tenant, app: App, *, roles: list[str]
) -> Installation:
    """The app installed by whoever is signed in, on the form, with all that it asks for."""
    async with open_scope(tenant_scope(tenant.id)):
        version = await AppVersion.get(app_id=app.id)
    asked = list(version.scopes)
    form = {"scopes": asked, "claims": list(claims_of(asked)), "roles": roles, "min_level": "1"}
    answer = await client.post(f"/t/{tenant.slug}/apps/catalogue/{app.id}/installation", data=form)
    assert answer.status_code == 303, answer.text
    async with open_scope(tenant_scope(tenant.id)):
        return await Installation.get(tenant_id=tenant.id, app_id=app.id)
