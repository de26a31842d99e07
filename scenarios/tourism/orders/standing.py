"""Strikes and blocks: who has not come, or gave back too late, too often, may not buy for a while."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from scenarios.tourism.models import Block
from scenarios.tourism.orders.people import document_key
from tenants.days import today_at
from ui.errors import Conflict
from ui.formats import date_text
from ui.i18n import N_, t

BLOCK_REASONS = {
    "no_show": N_("Days were booked and nobody came, several times"),
    "lent": N_("An annual pass was lent to somebody else"),
    "staff": N_("Decided by the site"),
}


class Blocked(Conflict):
    """A visitor may not buy; says why and how to appeal."""


async def must_be_welcome(tenant_id: UUID, documents: Sequence[str]) -> None:
    """Refuse an order that names somebody who is blocked.

    Raises:
        Blocked: one of the documents is, with the reason, the day it ends and the way to appeal.
    """
    keys = [document_key(tenant_id, one) for one in documents]
    found = await block_of(tenant_id, keys, await today_at(tenant_id)) if keys else None
    if found is None:
        return
    raise Blocked(
        "visitor.blocked",
        t(
            "One of these documents cannot buy tickets here until {day}: {reason}.",
            day=date_text(found.until, "long"),
            reason=t(BLOCK_REASONS[found.reason]),
        ),
        advice=t("If you think this is wrong, use “Appeal against a block” at the foot of this page."),
    )


async def block_of(tenant_id: UUID, keys: Sequence[bytes], day: date) -> Block | None:
    """Return a block of one of these documents that holds on a day."""
    return next(iter(await blocks_of(tenant_id, keys, day)), None)


async def blocks_of(tenant_id: UUID, keys: Sequence[bytes], day: date) -> list[Block]:
    """Return all blocks of these documents that hold on a day."""
    return await Block.filter(
        tenant_id=tenant_id, document_key__in=keys, lifted_at=None, since__lte=day, until__gte=day
    )
