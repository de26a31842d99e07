"""Consent for each purpose by itself: given by the patient, or signed at the desk, and withdrawn as easily."""

from datetime import UTC, datetime
from uuid import UUID

from scenarios.hospital.kinds import CONSENTS
from scenarios.hospital.models import CareConsent
from tenants import audit
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import Account
from tenants.scope import execute
from ui.errors import NotFound
from ui.i18n import t

_GIVE = """
insert into hospital_consent (tenant_id, id, account_id, purpose, way, given_by_name, given_at)
values ($1, $2, $3, $4, $5, $6, now()) on conflict do nothing
"""


async def has(tenant_id: UUID, account_id: UUID, purpose: str) -> bool:
    """Tell whether a patient has agreed to a purpose and not withdrawn it."""
    return await CareConsent.exists(
        tenant_id=tenant_id, account_id=account_id, purpose=purpose, withdrawn_at=None
    )


async def of(tenant_id: UUID, account_id: UUID) -> dict[str, CareConsent]:
    """Return a patient's live agreements by purpose."""
    found = await CareConsent.filter(tenant_id=tenant_id, account_id=account_id, withdrawn_at=None)
    return {one.purpose: one for one in found}


async def give(actor: Actor, *, account_id: UUID, purpose: str, way: str) -> None:
    """Note that a patient agrees to a purpose, in the hospital's scope; again it changes nothing.

    The caller has proved that the actor may speak for the patient, or has the signed paper in hand.
    """
    _must_be_known(purpose)
    made = new_id()
    await execute(_GIVE, actor.tenant_id, made, account_id, purpose, way, actor.name[:100])
    if await CareConsent.exists(tenant_id=actor.tenant_id, id=made):
        await _note(actor, account_id, "consent.given", purpose)


async def withdraw(actor: Actor, *, account_id: UUID, purpose: str) -> None:
    """End an agreement: from this moment on nothing is done for its purpose."""
    _must_be_known(purpose)
    count = await CareConsent.filter(
        tenant_id=actor.tenant_id, account_id=account_id, purpose=purpose, withdrawn_at=None
    ).update(withdrawn_at=datetime.now(UTC), withdrawn_by_name=actor.name[:100])
    if count:
        await _note(actor, account_id, "consent.withdrawn", purpose)


def _must_be_known(purpose: str) -> None:
    if purpose not in CONSENTS:
        raise NotFound("consent.purpose", t("There is no such purpose."))


async def _note(actor: Actor, account_id: UUID, act: str, purpose: str) -> None:
    account = await Account.get(tenant_id=actor.tenant_id, id=account_id)
    await audit.record(
        actor,
        act,
        subject_kind="account",
        subject_id=account.id,
        subject_label=account.number,
        after={"consent": purpose},
    )
