"""Every view of a patient by staff is written down: who, whom, when. What was seen is not."""

from uuid import UUID

from tenants import audit
from tenants.actor import Actor


async def note_view(actor: Actor, act: str, kind: str, subject_id: UUID, label: str) -> None:
    """Write a view into the trail, in the transaction that reads."""
    await audit.record(actor, act, subject_kind=kind, subject_id=subject_id, subject_label=label)
