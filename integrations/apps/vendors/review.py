"""The bank's side: versions are listed or returned, and whatever turns out badly is suspended at once."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from integrations.apps.models import App, AppVersion, Vendor
from integrations.apps.vendors import letters, services
from integrations.apps.vendors.states import VERSION_MOVES, check
from integrations.provider.ending import end_grants
from tenants.actor import Actor
from tenants.banks.reach import bank_of
from tenants.scope import rows, value
from tenants.search import containing
from ui.errors import Conflict, NotFound
from ui.i18n import t
from ui.tables import TableQuery

_VERSIONS = """
from integrations_app_version v join integrations_app a on a.id = v.app_id
  join integrations_vendor d on d.id = v.vendor_id
 where v.bank_id = $1 and v.status not in ('draft', 'replaced')
   and ($2 = '' or v.status = $2) and ($3 = '' or a.name ilike $3 or d.name ilike $3)
"""
_OWED = """
select a.name app, x.name tenant, i.uninstalled_at, i.delete_after from integrations_installation i
  join integrations_app a on a.id = i.app_id join tenants_tenant x on x.id = i.tenant_id
 where i.vendor_id = $1 and i.status = 'uninstalled' and i.deleted_at is null and i.delete_after < now()
 order by i.delete_after, i.id limit 100
"""
_ORDERS = {"submitted_at": "v.submitted_at", "name": "a.name", "vendor": "d.name", "status": "v.status"}


async def get(actor: Actor, version_id: UUID, *, is_locked: bool = False) -> AppVersion:
    """Return a version that was handed to the actor's bank; drafts are the vendor's own affair."""
    asked = AppVersion.select_for_update() if is_locked else AppVersion
    found = await asked.get_or_none(bank_id=bank_of(actor), id=version_id)
    if found is None or (found.status == "draft" and found.submitted_at is None):
        raise NotFound("version.not_found", t("There is no such version."))
    return found


async def decide(actor: Actor, version_id: UUID, becomes: str, *, reasons: str = "") -> AppVersion:
    """List, return, suspend or resume a version. Suspending ends what the app holds everywhere, at once.

    Raises:
        Conflict: when its state does not lead there, or its vendor is not admitted.
        Invalid: for a return or suspension without reasons.
    """
    actor.require("apps.review")
    actor.require_fresh()
    found = await get(actor, version_id, is_locked=True)
    check(VERSION_MOVES, found.status, becomes)
    services.need_reasons(becomes, reasons)
    vendor = await Vendor.get(bank_id=found.bank_id, id=found.vendor_id)
    was = found.status
    if becomes == "listed":
        await _list(found, vendor)
    found.status, found.reasons, found.decided_by_name = becomes, reasons, actor.name
    found.decided_at = datetime.now(UTC)
    await found.save(update_fields=["status", "reasons", "decided_by_name", "decided_at"])
    await App.filter(id=found.app_id, listed_version_id=found.id).update(
        status="suspended" if becomes == "suspended" else "listed"
    )
    await _note(actor, vendor, found, was)
    if becomes == "suspended":
        await end_grants("suspended", app_id=found.app_id)
    await letters.about_version(vendor, found, "resumed" if was == "suspended" else becomes)
    return found


async def _list(version: AppVersion, vendor: Vendor) -> None:
    if vendor.status != "admitted":
        raise Conflict("vendor.not_admitted", t("The bank has to admit the vendor first."))
    await (
        AppVersion.filter(app_id=version.app_id, status__in=("listed", "suspended"))
        .exclude(id=version.id)
        .update(status="replaced")
    )
    await App.filter(id=version.app_id).update(status="listed", listed_version_id=version.id)


async def _note(actor: Actor, vendor: Vendor, version: AppVersion, was: str) -> None:
    act = "resumed" if was == "suspended" else version.status
    facts = {"app": version.texts["en"]["name"], "version": version.number, "status": version.status}
    after = facts | ({"reasons": version.reasons} if version.reasons else {})
    await services.note(actor, vendor, f"app_version.{act}", before={"status": was}, after=after)


async def listing(actor: Actor, query: TableQuery, most: int | None = None) -> list[Any]:
    """Return versions handed to the bank, with their app and vendor."""
    order = query.sort.removeprefix("-")
    direction = "desc" if query.sort.startswith("-") else "asc"
    return await rows(
        "select v.id, v.number, v.status, v.submitted_at, v.decided_by_name, a.name, d.name vendor, d.id vendor_id"
        f"{_VERSIONS} order by (v.status = 'submitted') desc, {_ORDERS.get(order, 'v.submitted_at')} {direction}"
        " nulls last, v.id limit $4 offset $5",
        *_given(actor, query),
        most or query.limit,
        0 if most else query.offset,
    )


async def count(actor: Actor, query: TableQuery) -> int:
    """Return how many versions the list holds."""
    return int(await value(f"select count(*){_VERSIONS}", *_given(actor, query)))


def _given(actor: Actor, query: TableQuery) -> tuple[UUID, str, str]:
    return bank_of(actor), query.get("status"), containing(query.q) if query.q else ""


async def owed(vendor: Vendor) -> list[Any]:
    """Return the bank's institutions in which an app of the vendor has not confirmed that it deleted what it had."""
    return await rows(_OWED, vendor.id)


async def installs(app_id: UUID) -> int:
    """Return in how many institutions an app is in use, as the open scope may count."""
    return int(
        await value(
            "select count(*) from integrations_installation"
            " where app_id = $1 and status <> 'uninstalled' and not is_test",
            app_id,
        )
    )
