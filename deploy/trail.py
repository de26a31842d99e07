"""Recomputing the audit trail from its rows: ``cloud verify audit``."""

from collections import Counter
from typing import Any

from deploy import composition
from deploy.database import connected
from deploy.settings import Settings
from scenarios import registry
from tenants.models import Bank, Tenant
from tenants.scope import Scope, bank_scope, open_scope, queue_scope, rows
from tenants.sealing.checking import Fault, Report, check_links, check_place, latest_link
from tenants.sealing.places import Place

SHOWN = 20
"""Faults that are listed; all are counted."""
_PERSONS = (
    "select distinct person_id from tenants_audit where tenant_id is null and bank_id is null and person_id is not null"
    " union select place_id from tenants_audit_seal where place_kind = 'person'"
)


async def audit(settings: Settings) -> dict[str, Any]:
    """Hold every row of the trail beside its seals, and every bank's chain of seals; return what differs.

    ``waiting`` rows are too young to be sealed.
    """
    counts, faults = Counter[str](), list[dict[str, Any]]()
    composition.compose(settings, registry.load())
    async with connected(settings.database_url.get_secret_value(), pool=2):
        async with open_scope(Scope()):
            banks = await Bank.all().order_by("slug")
        for bank in banks:
            faults += await _bank(bank, counts)
        async with open_scope(queue_scope()):
            persons = await rows(_PERSONS)
        for one in persons:
            faults += _named("a person", (await _place(Place("person", one["person_id"]), counts)).faults)
    kept = {name: counts[name] for name in ("places", "seals", "rows", "waiting", "links")}
    return {"is_right": not faults, **kept, "faults": len(faults), "shown": faults[:SHOWN]}


async def _bank(bank: Bank, counts: Counter[str]) -> list[dict[str, Any]]:
    async with open_scope(bank_scope(bank.id)):
        tenants = await Tenant.filter(bank_id=bank.id).order_by("slug")
        latest = await latest_link(bank.id)
    own = await _place(Place("bank", bank.id), counts)
    faults, sealed = _named(bank.slug, own.faults), set(own.hashes)
    for tenant in tenants:
        found = await _place(Place("tenant", tenant.id), counts)
        faults += _named(tenant.slug, found.faults)
        sealed |= set(found.hashes)
    async with open_scope(bank_scope(bank.id)):
        links, missing = await check_links(bank.id, sealed, latest)
    counts["links"] += links
    return faults + _named(bank.slug, missing)


async def _place(place: Place, counts: Counter[str]) -> Report:
    found = await check_place(place)
    counts["places"] += 1
    for name in ("seals", "rows", "waiting"):
        counts[name] += getattr(found, name)
    return found


def _named(place: str, found: list[Fault]) -> list[dict[str, Any]]:
    return [{"place": place, "check": one.check, "subject": one.subject} for one in found]
