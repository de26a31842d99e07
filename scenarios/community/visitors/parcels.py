"""Parcels: taken in, their receivers told, given out against the code."""

import secrets
from datetime import UTC, datetime
from uuid import UUID

from scenarios.community.common import nothing, refused, tenant_of
from scenarios.community.visitors.models import Parcel
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import Account, Holder
from tenants.notices import notify
from tenants.scope import value
from ui.errors import Conflict
from ui.i18n import t

_NUMBER = (
    "select coalesce(max(substring(number from 3)::int), 0) + 1 from community_parcel where tenant_id = $1"
)


async def take_in(actor: Actor, account_id: UUID, *, carrier: str, note: str) -> Parcel:
    """Take a parcel in for a unit, and tell who lives there."""
    actor.require("gate.work")
    tenant_id = tenant_of(actor)
    account = await Account.get_or_none(tenant_id=tenant_id, id=account_id)
    if account is None:
        raise nothing()
    await value("select pg_advisory_xact_lock(hashtextextended($1, 0))", f"parcel:{tenant_id}")
    made = await Parcel.create(
        id=new_id(),
        tenant_id=tenant_id,
        account_id=account_id,
        number=f"P-{await value(_NUMBER, tenant_id):05d}",
        code=f"{secrets.randbelow(10**6):06d}",
        carrier=carrier.strip(),
        note=note.strip(),
        taken_by_name=actor.name[:100],
    )
    held = await Holder.filter(
        tenant_id=tenant_id, account_id=account_id, until=None, person_id__isnull=False
    )
    for one in held:
        await notify(
            actor,
            template="community.parcel",
            channel="in_app",
            recipient=one.name,
            subject=t("A parcel waits for you: {number}", number=made.number),
            body=t(
                "Fetch it at the desk with the code {code}. {carrier}", code=made.code, carrier=made.carrier
            ),
            person_id=one.person_id,
            account_id=account_id,
        )
    return made


async def give_out(actor: Actor, parcel_id: UUID, *, code: str, to: str) -> Parcel:
    """Give a parcel to who says its code.

    Raises:
        Invalid: the code is another one (field ``code``).
        Conflict: it has been fetched already.
    """
    actor.require("gate.work")
    found = await Parcel.select_for_update().get_or_none(tenant_id=tenant_of(actor), id=parcel_id)
    if found is None:
        raise nothing()
    if found.collected_at:
        raise Conflict("parcel.gone", t("This parcel has been fetched already."))
    if not secrets.compare_digest(code.strip().encode(), found.code.encode()):
        raise refused("parcel.code", "code", t("This is not the code of this parcel."))
    found.collected_at, found.collected_by = datetime.now(UTC), to.strip()
    await Parcel.filter(tenant_id=found.tenant_id, id=found.id).update(
        collected_at=found.collected_at, collected_by=found.collected_by
    )
    return found
