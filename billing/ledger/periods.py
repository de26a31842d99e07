"""Closing months: asked by one, agreed by another; from then on PostgreSQL refuses entries of that time.

Months close in their order and open again in the opposite one, so that what is locked is always everything before one
moment. Money that comes late books today, in the month that is open.
"""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from billing.ledger.reading import balances_at, midnight
from billing.ledger.states import PERIOD
from billing.models import Period
from tenants import audit
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.scope import execute, value
from ui.errors import Conflict, Invalid, NotFound
from ui.formats import month_text
from ui.i18n import Text, t

MARGIN = timedelta(hours=1)
"""How long after its end a month can be closed: no transaction is open for that long."""
WAIT_MS = 3000
_EARLIEST = "select min(occurred_at) from billing_entry where tenant_id = $1"
_LOCK = "select pg_advisory_xact_lock(hashtextextended('period ' || $1::text, 0))"


def month_after(month: date) -> date:
    """Return the first day of the next month."""
    return (month + timedelta(days=32)).replace(day=1)


def month_before(month: date) -> date:
    """Return the first day of the month before."""
    return (month - timedelta(days=1)).replace(day=1)


async def first_month(tenant_id: UUID, zone: str) -> date | None:
    """Return the month of the earliest entry; ``None`` while nothing is booked."""
    earliest = await value(_EARLIEST, tenant_id)
    return month_of(earliest, zone) if earliest else None


def month_of(moment: datetime, zone: str) -> date:
    """Return the first day of the month that a moment lies in, in the tenant's zone."""
    return moment.astimezone(ZoneInfo(zone)).date().replace(day=1)


async def ask_closing(actor: Actor, month: date) -> Period:
    """Ask for a month to be closed; another person has to agree.

    Raises:
        Invalid: it is not over yet, a month before it is open, or it is closed or asked for already.
    """
    actor.require("periods.close")
    zone, month = actor.place["timezone"], month.replace(day=1)
    ends_at = midnight(month_after(month), zone)
    await _require_closable(actor, month, ends_at)
    found = await Period.get_or_none(tenant_id=actor.tenant_id, month=month)
    if found is None:
        found = Period(id=new_id(), tenant_id=actor.tenant_id, month=month, totals=[])
    elif found.status != "open":
        raise _refused("period.asked", t("This month is closed already, or somebody has asked for it."))
    found.starts_at, found.ends_at, found.status = midnight(month, zone), ends_at, "closing"
    _ask(found, actor, "")
    await found.save()
    await _note(actor, found, "period.closing_asked")
    return found


async def _require_closable(actor: Actor, month: date, ends_at: datetime) -> None:
    assert actor.tenant_id is not None  # noqa: S101 - the right was checked in a tenant
    if datetime.now(UTC) < ends_at + MARGIN:
        raise _refused(
            "period.not_over",
            t("This month can be closed from an hour after its end. Choose an earlier one."),
        )
    first = await first_month(actor.tenant_id, actor.place["timezone"])
    if first is None or month < first:
        raise _refused("period.empty", t("Nothing was booked until the end of that month."))
    before = month_before(month)
    if before >= first and not await Period.exists(
        tenant_id=actor.tenant_id, month=before, is_locked=True, status="closed"
    ):
        raise _refused(
            "period.order",
            t("Months are closed in their order: close {month} first.", month=month_text(before)),
        )


async def ask_reopening(actor: Actor, period_id: UUID, reason: str) -> Period:
    """Ask for the last closed month to be opened again, with a reason; another person has to agree.

    Raises:
        Invalid: there is no reason, or a later month is closed.
    """
    actor.require("periods.close")
    found = await get(actor, period_id)
    if not PERIOD.can(found.status, "ask_reopening"):
        raise Conflict("period.state", t("Somebody has changed this month in the meantime."))
    if not reason.strip():
        text = t("Say why, so that the other person can decide.")
        raise Invalid("period.reason", text, fields={"reason": text})
    later = await Period.filter(tenant_id=actor.tenant_id, month__gt=found.month, status__not="open").first()
    if later:
        words = t(
            "Months are opened in the opposite order: open {month} first.", month=month_text(later.month)
        )
        raise Invalid("period.order", words, fields={"reason": words})
    found.status = PERIOD.after(found.status, "ask_reopening")
    _ask(found, actor, reason.strip())
    await found.save()
    await _note(actor, found, "period.reopening_asked")
    return found


async def approve(actor: Actor, period_id: UUID) -> Period:
    """Close or open the month as somebody else has asked.

    Raises:
        Conflict: it waits for nobody, or for somebody else.
    """
    actor.require_fresh()
    found = await _to_decide(actor, period_id)
    if found.status == "closing":
        await _close(found)
    else:
        found.status, found.is_locked = PERIOD.after(found.status, "reopen"), False
    await _decide(actor, found, "period.closed" if found.is_locked else "period.reopened", found.reason)
    return found


async def reject(actor: Actor, period_id: UUID, reason: str) -> Period:
    """Leave the month as it is, with a reason."""
    if not reason.strip():
        text = t("Say why, so that whoever asked understands.")
        raise Invalid("period.reason", text, fields={"reason": text})
    found = await _to_decide(actor, period_id)
    edge = "keep_open" if found.status == "closing" else "keep_closed"
    found.status = PERIOD.after(found.status, edge)
    await _decide(actor, found, "period.refused", reason.strip())
    return found


async def _close(found: Period) -> None:
    """Lock the month, once whoever books into the past right now has finished, and keep its balances.

    Raises:
        Conflict: such a booking takes longer than anybody should wait.
    """
    await execute(f"set local lock_timeout = {WAIT_MS}")
    try:
        await value(_LOCK, str(found.tenant_id))
    except asyncpg.LockNotAvailableError:
        words = t("Somebody is booking into that time just now. Try again in a minute.")
        raise Conflict("period.busy", words) from None
    await execute("set local lock_timeout = 0")
    totals = await balances_at(found.tenant_id, found.ends_at)
    found.totals = [[ledger, currency, minor] for (ledger, currency), minor in sorted(totals.items())]
    found.status, found.is_locked = PERIOD.after(found.status, "close"), True
    found.closed_at = datetime.now(UTC)


async def get(actor: Actor, period_id: UUID) -> Period:
    """Return a month that somebody has asked to close; ``NotFound`` for any other."""
    found = await Period.get_or_none(tenant_id=actor.tenant_id, id=period_id)
    if found is None:
        raise NotFound("period.not_found", t("There is no such month."))
    return found


async def _to_decide(actor: Actor, period_id: UUID) -> Period:
    actor.require("periods.close")
    asked = Period.filter(tenant_id=actor.tenant_id, id=period_id).select_for_update()
    found = await asked.get_or_none() or await get(actor, period_id)
    if found.status not in {"closing", "reopening"}:
        raise Conflict("period.state", t("This month waits for no decision any more."))
    if actor.person_id is None or found.asked_by == actor.person_id:
        raise Conflict("period.own", t("You asked for this yourself. Another person has to decide."))
    return found


def _ask(found: Period, actor: Actor, reason: str) -> None:
    found.asked_by, found.asked_by_name, found.asked_at = actor.person_id, actor.name[:100], datetime.now(UTC)
    found.reason = reason


async def _decide(actor: Actor, found: Period, act: str, reason: str) -> None:
    found.decided_by, found.decided_by_name = actor.person_id, actor.name[:100]
    found.decided_at, found.reason = datetime.now(UTC), reason
    await found.save()
    await _note(actor, found, act)


async def _note(actor: Actor, found: Period, act: str) -> None:
    await audit.record(
        actor,
        act,
        subject_kind="period",
        subject_id=found.id,
        subject_label=f"{found.month:%Y-%m}",
        after={"reason": found.reason} if found.reason else None,
    )


def _refused(code: str, text: Text) -> Invalid:
    return Invalid(code, text, fields={"month": text})
