"""What somebody of the bank opens inside an institution, noted before it is shown."""

from tenants import audit
from tenants.actor import Actor


async def note_look(actor: Actor, address: str) -> None:
    """Write into the trail, in the institution's open scope, what is opened through a support access."""
    await audit.record(
        actor,
        "support.looked",
        subject_kind="support_access",
        subject_id=actor.support_id,
        subject_label=address,
    )
