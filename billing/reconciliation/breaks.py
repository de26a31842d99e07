"""What people do with breaks: take them, end them with a resolution and a reason, and the acts that put money right."""

from datetime import UTC, datetime
from uuid import UUID

from billing.models import Break, StatementLine
from billing.reconciliation import booking
from billing.reconciliation.states import BY_HAND, WORKED, move
from tenants import audit
from tenants.actor import Actor
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import t

REASON_MAX = 500


def reason_of(text: str) -> str:
    """Return a reason as it is kept; ``Invalid`` when there is none."""
    reason = text.strip()
    if not reason or len(reason) > REASON_MAX:
        words = t("Say why, in at most {n} characters.", n=REASON_MAX)
        raise Invalid("break.reason", words, fields={"reason": words})
    return reason


async def locked(actor: Actor, break_id: UUID) -> Break:
    """Return a break that is still worked, locked.

    Raises:
        NotFound, Conflict: there is none, or it has ended.
    """
    actor.require("reconciliation.work")
    found = await Break.filter(tenant_id=actor.tenant_id, id=break_id).select_for_update().first()
    if found is None:
        raise NotFound("break.not_found", t("There is no such break."))
    if found.status not in WORKED:
        raise Conflict("break.ended", t("This break has ended already."))
    return found


async def assign(actor: Actor, *, break_id: UUID, is_mine: bool) -> None:
    """Make the actor a break's owner, or give it back to nobody."""
    found = await locked(actor, break_id)
    before = found.owner_name
    if is_mine and found.status == "open":
        move(found, "take")
    elif not is_mine and found.status == "working":
        move(found, "release")
    found.owner_id, found.owner_name = (actor.person_id, actor.name[:100]) if is_mine else (None, "")
    await found.save(update_fields=["status", "owner_id", "owner_name"])
    await record(actor, found, "break.assigned", {"owner": found.owner_name}, {"owner": before})


async def resolve(actor: Actor, *, break_id: UUID, resolution: str, reason: str) -> None:
    """End a break by words: it is accepted, corrected elsewhere, or claimed. A difference on its line is accepted.

    Raises:
        Invalid: no such resolution, or no reason.
        Conflict: it has ended already.
    """
    if resolution not in BY_HAND:
        words = t("Choose how it ends.")
        raise Invalid("break.resolution", words, fields={"resolution": words})
    why = reason_of(reason)
    found = await locked(actor, break_id)
    await end(actor, found, resolution, why)
    await _settle_line(found)


async def end(actor: Actor, found: Break, resolution: str, reason: str) -> None:
    """Write down how a locked break ended, and by whom."""
    move(found, "resolve")
    found.resolution, found.reason = resolution, reason
    found.closed_at, found.closed_by, found.closed_by_name = (
        datetime.now(UTC),
        actor.person_id,
        actor.name[:100],
    )
    await found.save(
        update_fields=["status", "resolution", "reason", "closed_at", "closed_by", "closed_by_name"]
    )
    await record(actor, found, "break.resolved", {"resolution": resolution, "reason": reason})


async def _settle_line(found: Break) -> None:
    """Accept a difference once nothing else is open on its line; a line without our side counts as explained."""
    if found.line_id is None:
        return
    others = await Break.filter(
        tenant_id=found.tenant_id, line_id=found.line_id, status__in=list(WORKED)
    ).count()
    line = await StatementLine.filter(tenant_id=found.tenant_id, id=found.line_id).select_for_update().get()
    if others or line.status not in {"open", "differs"}:
        return
    move(line, "accept" if line.status == "differs" else "explain")
    line.matched_by = line.matched_by or "person"
    await line.save(update_fields=["status", "matched_by"])


async def book_charge(actor: Actor, *, break_id: UUID, reason: str) -> None:
    """Book a debit at the bank as its charge.

    Raises:
        Conflict: it has ended already, or is no debit of the settlement account.
    """
    actor.require_fresh()
    why = reason_of(reason)
    found = await locked(actor, break_id)
    line = await loose_line(found)
    if line.channel != "account" or line.amount_minor >= 0:
        raise Conflict("break.no_charge", t("Only what the bank took can be booked as its charge."))
    await booking.book_charge(
        line.tenant_id, line.id, currency=line.currency, amount_minor=-line.amount_minor
    )
    move(line, "explain")
    line.matched_by = "charge"
    await line.save(update_fields=["status", "matched_by"])
    await end(actor, found, "charge", why)


async def loose_line(found: Break) -> StatementLine:
    """Return the break's line, locked and still open; ``Conflict`` when it is not."""
    line = await StatementLine.filter(tenant_id=found.tenant_id, id=found.line_id).select_for_update().first()
    if line is None or line.status != "open":
        raise Conflict("line.not_open", t("This line has found its other side already."))
    return line


async def record(
    actor: Actor, found: Break, act: str, after: dict[str, object], before: dict[str, object] | None = None
) -> None:
    """Write an act on a break into the audit trail."""
    amount = found.found_minor if found.found_minor is not None else found.expected_minor
    await audit.record(
        actor,
        act,
        subject_kind="break",
        subject_id=found.id,
        subject_label=f"{amount or 0} {found.currency}",
        before=before,
        after=after,
    )
