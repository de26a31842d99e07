"""The trail of acts that change rights, money or configuration: append-only, read by those they touch."""

from typing import Any
from uuid import UUID

from tenants.actor import Actor
from tenants.models import Audit


async def record(
    actor: Actor,
    act: str,
    *,
    subject_kind: str,
    subject_id: UUID | None,
    subject_label: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    tenant_id: UUID | None = None,
) -> None:
    """Write one audit row in the open transaction.

    ``act`` is a past-tense event name (``bill_run.issued``). ``tenant_id`` is given by bank staff whose act
    touches a tenant; inside a tenant it is the actor's own. Values must be JSON; secrets never belong here.
    """
    await Audit.create(
        tenant_id=tenant_id or (actor.tenant_id if actor.kind != "bank" else None),
        bank_id=actor.bank_id if actor.kind == "bank" else None,
        act=act,
        person_id=actor.person_id,
        person_name=actor.name[:100],
        subject_kind=subject_kind,
        subject_id=subject_id,
        subject_label=subject_label[:200],
        before=before,
        after=after,
        ip=actor.ip,
        request_id=actor.request_id,
    )
