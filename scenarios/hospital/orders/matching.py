"""The day's match: every payment of ours stands in the hospital's system, and every posting there is paid here."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from scenarios.hospital.days import at
from scenarios.hospital.his.connecting import his_of
from scenarios.hospital.his.contract import HisRefused, HisSilent, Posted
from scenarios.hospital.models import HisBreak, OrderBasket
from scenarios.hospital.rights import WORK
from tenants import audit
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import Tenant
from tenants.scope import execute, open_scope, tenant_scope
from ui.errors import Conflict, Invalid, NotFound, Unavailable
from ui.i18n import t

LATE = timedelta(minutes=30)
"""Paid so shortly before midnight, a payment may stand in the next day."""
REASON_MAX = 500
_ADD = """
insert into hospital_his_break (tenant_id, id, day, kind, key, ours_minor, theirs_minor, currency)
values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (tenant_id, key, kind) do nothing
"""
_CLEARED = """
update hospital_his_break set status = 'cleared', closed_at = now() where tenant_id = $1 and status = 'open'
   and day = $2 and not (key || ' ' || kind) = any ($3)
"""


class Difference(NamedTuple):
    """One payment or posting that has no counterpart of the same amount."""

    kind: str
    key: str
    ours_minor: int | None
    theirs_minor: int | None


async def match_day(actor: Actor, day: date) -> int:
    """Compare a day with the hospital's system; return how many differences it has now. Outside of any scope.

    Raises:
        Unavailable: the system does not answer.
    """
    assert actor.tenant_id is not None  # noqa: S101 - the caller is inside a hospital
    async with open_scope(tenant_scope(actor.tenant_id)):
        tenant, his = await Tenant.get(id=actor.tenant_id), await his_of(actor.tenant_id)
    if his is None:
        raise Unavailable("his.none", t("The hospital's system is not connected."))
    try:
        theirs = [*await his.postings(day), *await his.postings(day + timedelta(days=1))]
    except (HisSilent, HisRefused) as error:
        raise Unavailable("his.silent", t("The hospital's system does not answer just now.")) from error
    first, last = at(day, 0, tenant.timezone), at(day + timedelta(days=1), 0, tenant.timezone)
    async with open_scope(tenant_scope(tenant.id)):
        ours = await OrderBasket.filter(tenant_id=tenant.id, paid_at__gte=first, paid_at__lt=last)
        known = {
            str(one.id)
            for one in await OrderBasket.filter(
                tenant_id=tenant.id, id__in=[key for key in map(_as_id, theirs) if key]
            )
        }
        found = list(differences(ours, theirs, known, ends_at=last))
        for one in found:
            await execute(_ADD, tenant.id, new_id(), day, one.kind, one.key, one.ours_minor, one.theirs_minor,
                          tenant.currency)  # fmt: skip
        await execute(_CLEARED, tenant.id, day, [f"{one.key} {one.kind}" for one in found])
    return len(found)


def _as_id(posted: Posted) -> UUID | None:
    try:
        return UUID(posted.key)
    except ValueError:
        return None


def differences(
    ours: Sequence[OrderBasket], theirs: Sequence[Posted], known: set[str], *, ends_at: datetime
) -> Iterator[Difference]:
    """Yield what differs between our payments of a day and the postings of it and the next day."""
    standing: dict[str, list[Posted]] = {}
    for one in theirs:
        standing.setdefault(one.key, [])
        if not one.is_cancelled:
            standing[one.key].append(one)
    for basket in ours:
        yield from _of_basket(basket, standing, ends_at)
    for key, found in standing.items():
        if found and key not in known:
            yield Difference("posted_not_paid", key, None, sum(one.amount_minor for one in found))


def _of_basket(
    basket: OrderBasket, standing: Mapping[str, Sequence[Posted]], ends_at: datetime
) -> Iterator[Difference]:
    key, amount = str(basket.id), int(basket.amount_minor)
    there = sum(one.amount_minor for one in standing.get(key, ()))
    if basket.status == "refunded":
        if there:
            yield Difference("posted_not_paid", key, 0, there)
    elif there and there != amount:
        yield Difference("amount_differs", key, amount, there)
    elif not there:
        is_late = basket.paid_at is not None and ends_at - basket.paid_at <= LATE
        taken_back = "refund_one_side" if key in standing else "paid_not_posted"
        yield Difference("cut_off" if is_late else taken_back, key, amount, None)


async def close(actor: Actor, *, break_id: UUID, reason: str) -> HisBreak:
    """Close a difference with a reason.

    Raises:
        Invalid: no reason was given.
        Conflict: it is closed already.
    """
    actor.require(WORK)
    found = await HisBreak.filter(tenant_id=actor.tenant_id, id=break_id).select_for_update().get_or_none()
    if found is None:
        raise NotFound("break.not_found", t("There is no such difference."))
    if not 0 < len(reason.strip()) <= REASON_MAX:
        text = t("Say why, in at most {n} characters.", n=REASON_MAX)
        raise Invalid("break.reason", text, fields={"reason": text})
    if found.status != "open":
        raise Conflict("break.closed", t("This difference is closed already."))
    found.status, found.reason = "closed", reason.strip()
    found.closed_at, found.closed_by_name = datetime.now(UTC), actor.name[:100]
    await found.save(update_fields=["status", "reason", "closed_at", "closed_by_name"])
    facts: dict[str, Any] = {"reason": found.reason}
    await audit.record(
        actor,
        "his_break.closed",
        subject_kind="his_break",
        subject_id=found.id,
        subject_label=found.kind,
        after=facts,
    )
    return found
