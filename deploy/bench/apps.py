"""A vendor and its listed apps, to measure with."""

from collections.abc import Sequence
from typing import Any

from integrations.apps.clients import client_key
from integrations.apps.models import App, AppVersion, Vendor
from tenants.ids import new_id
from tenants.models import Tenant
from tenants.scope import bank_scope, open_scope

_EMPTY = ("redirect_uris", "post_logout_redirect_uris", "frame_origins", "protocols", "findings")


async def listed(at: Tenant, count: int, scopes: Sequence[str], **version: Any) -> list[App]:
    """Return apps of one vendor of the institution's bank; ``version`` are further columns of what was listed.

    ``secret_hash`` among them is the app's own.
    """
    common: dict[str, Any] = {"bank_id": at.bank_id}
    async with open_scope(bank_scope(at.bank_id)):
        vendor = await Vendor.create(
            **common, slug="bench", name="Bench", uscc=at.uscc, legal_representative="A. Person",
            website="https://app.example", contact_email="bench@example.com", status="admitted", created_by=new_id(),
        )  # fmt: skip
        common["vendor_id"] = vendor.id
        return [await _app(common, n, scopes, dict(version)) for n in range(count)]


async def _app(common: dict[str, Any], n: int, scopes: Sequence[str], version: dict[str, Any]) -> App:
    version_id, names = new_id(), (f"bench-{n}", f"bench-test-{n}")
    app = await App.create(
        **common, slug=names[0], name="Bench", status="listed", listed_version_id=version_id, client_id=names[0],
        client_key=client_key(names[0]), test_client_id=names[1], test_client_key=client_key(names[1]),
        webhook_secret=b"", secret_hash=version.pop("secret_hash", None),
    )  # fmt: skip
    facts: dict[str, Any] = {name: [] for name in _EMPTY} | {"scopes": {key: {} for key in scopes}} | version
    await AppVersion.create(
        **common, **facts, id=version_id, app_id=app.id, number=1, status="listed", texts={}, scenarios=["community"],
        needs=[], places={}, created_by_name="Bench",
    )  # fmt: skip
    return app
