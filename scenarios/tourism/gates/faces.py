"""Whether it is the holder who comes with a pass: compared by picture where there is a camera, doubted by a keeper."""

import base64
import binascii
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from scenarios.tourism.gates.door import at_gate
from scenarios.tourism.gates.scanning import Asked, Station, judge_again
from scenarios.tourism.models import PassHolder, Redemption, Ticket
from scenarios.tourism.orders.codes import PREFIX, read_code
from scenarios.tourism.passes.likeness import likeness
from scenarios.tourism.passes.services import REGISTERED, STOPPED, holder_of, photo_of
from ui.errors import NotFound
from ui.i18n import t

MOST_FACE = 400_000
"""Characters of a picture as a turnstile sends it (``face``, base64 of a JPEG)."""


async def compared(key: str, asked: Asked, sent: Any) -> Asked:
    """Return the scan with what comparing the pictures came to, where the gate took one and the code is a pass's.

    The comparison is a call outside, so no transaction is open meanwhile. An unsure one leaves it to the keeper.
    """
    face = _face(sent)
    if not face or not asked.code.startswith(PREFIX):
        return asked
    async with at_gate(key) as station:
        read = read_code(station.tenant_id, asked.code)
        holder = await _registered(station, read.ticket_id) if read else None
    if holder is None:
        return asked
    found = await likeness().compare(photo_of(holder).content, face)
    return replace(asked, is_other=found == "different")


def _face(sent: Any) -> bytes:
    text = sent.get("face") if isinstance(sent, dict) else None
    if not isinstance(text, str) or len(text) > MOST_FACE:
        return b""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


async def _registered(station: Station, ticket_id: UUID) -> PassHolder | None:
    holder = await holder_of(station.tenant_id, ticket_id)
    return holder if holder is not None and holder.status == REGISTERED else None


async def doubt(station: Station, nonce: str) -> None:
    """Annul what a device has let in with a pass, and stop the pass until staff have looked at it.

    Raises:
        NotFound: the device has made no such scan of a pass.
    """
    scan = await Redemption.get_or_none(
        tenant_id=station.tenant_id, device_id=station.device_id, nonce=nonce, ticket_id__isnull=False
    )
    ticket = await Ticket.get_or_none(tenant_id=station.tenant_id, id=scan.ticket_id) if scan else None
    holder = await _registered(station, ticket.id) if ticket and ticket.kind == "pass" else None
    if scan is None or ticket is None or holder is None:
        raise NotFound("scan.not_found", t("There is no such scan of a pass at this device."))
    scan.verdict, scan.settled_reason = "annulled", "other_person"
    scan.settled_by_name, scan.settled_at = station.gate[:100], datetime.now(UTC)
    await scan.save(update_fields=["verdict", "settled_reason", "settled_by_name", "settled_at"])
    await judge_again(station.tenant_id, ticket.id)
    holder.status, holder.reason, holder.by_name = STOPPED, "other_person", station.gate[:100]
    holder.decided_at = datetime.now(UTC)
    await holder.save(update_fields=["status", "reason", "by_name", "decided_at"])
    await Ticket.filter(tenant_id=station.tenant_id, id=ticket.id).update(changed_at=datetime.now(UTC))
