"""The day's match of three: what is paid here, what stands in the hospital's system, what the bank's side has.

Every payment and deposit of ours stands in the system and every posting there is paid here; where billing's
reconciliation has a break of a payment's money with the channel or the bank, the payment is named here too. It runs by
itself each night.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from scenarios.hospital.days import at
from scenarios.hospital.his.connecting import his_of
from scenarios.hospital.his.contract import His, HisRefused, HisSilent, Posted
from scenarios.hospital.inpatient import telling
from scenarios.hospital.models import DepositPosting, HisBreak, OrderBasket
from scenarios.hospital.orders.posting import push_again
from scenarios.hospital.rights import WORK
from tenants import audit
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import Tenant
from tenants.scope import execute, open_scope, rows, tenant_scope
from ui.errors import Conflict, Invalid, NotFound, Unavailable
from ui.i18n import t

LATE = timedelta(minutes=30)
"""Paid so shortly before midnight, a payment may stand in the next day."""
REASON_MAX = 500
AGAIN = ("paid_not_posted", "refund_one_side", "cut_off")
"""Differences that telling the system again may mend."""
_ADD = """
insert into hospital_his_break (tenant_id, id, day, kind, key, ours_minor, theirs_minor, currency)
values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (tenant_id, key, kind) do nothing
"""
_CLEARED = """
update hospital_his_break set status = 'cleared', closed_at = now() where tenant_id = $1 and status = 'open'
   and day = $2 and not (key || ' ' || kind) = any ($3)
"""
_KEEP = """
insert into hospital_his_day (tenant_id, id, day, ours_minor, theirs_minor, bank_minor, waiting_minor, currency,
    open_count, matched_at, matched_by_name)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, now(), $10)
on conflict (tenant_id, day) do update set ours_minor = excluded.ours_minor, theirs_minor = excluded.theirs_minor,
    bank_minor = excluded.bank_minor, waiting_minor = excluded.waiting_minor, open_count = excluded.open_count,
    matched_at = excluded.matched_at, matched_by_name = excluded.matched_by_name
"""
_BANK = """
select b.id, coalesce(sum(a.amount_minor), 0)::bigint paid_minor,
       coalesce(sum(a.amount_minor) filter (where p.channel in ('counter', 'wallet') or l.id is not null), 0)::bigint
         seen_minor,
       bool_or(k.id is not null) is_broken, max(k.found_minor)::bigint found_minor
  from unnest($2::uuid[], $3::uuid[]) b (id, bill_id)
  join billing_allocation a on a.tenant_id = $1 and a.bill_id = b.bill_id
  join billing_payment p on p.tenant_id = $1 and p.id = a.payment_id
  left join lateral (select s.id from billing_attempt t join billing_statement_line s on s.tenant_id = $1
     and s.attempt_id = t.id and s.status in ('matched', 'differs', 'explained')
     where t.tenant_id = $1 and t.payment_id = p.id limit 1) l on true
  left join lateral (select x.id, x.found_minor from billing_attempt t join billing_break x on x.tenant_id = $1
     and x.status in ('open', 'working') and (x.subject_id = t.id or exists (select 1 from billing_statement_line s
        where s.tenant_id = $1 and s.id = x.subject_id and s.attempt_id = t.id))
     where t.tenant_id = $1 and t.payment_id = p.id limit 1) k on true
 group by b.id
"""
_DEPOSITS = """
select p.movement_id id, p.amount_minor, p.status, p.moved_at paid_at, u.bill_id,
       r.status = 'succeeded' has_gone
  from hospital_deposit_posting p join billing_wallet_movement m on m.tenant_id = $1 and m.id = p.movement_id
  left join billing_wallet_top_up u on u.tenant_id = $1 and u.id = m.source_id and m.kind = 'top_up'
  left join billing_refund r on r.tenant_id = $1 and r.id = m.source_id and m.kind = 'pay_out'
 where p.tenant_id = $1 and p.moved_at >= $2 and p.moved_at < $3
"""


class Paid(NamedTuple):
    """A deposit as the match sees it, like a basket; ``seen_minor`` is what of it the bank's side is known to have."""

    id: UUID
    amount_minor: int
    paid_at: datetime
    bill_id: UUID | None
    seen_minor: int
    status: str = "posted"
    returned_minor: int = 0


Ours = Sequence[OrderBasket | Paid]


class Difference(NamedTuple):
    """One payment or posting that has no counterpart of the same amount."""

    kind: str
    key: str
    ours_minor: int | None
    theirs_minor: int | None


class Banked(NamedTuple):
    """What the bank's side has of a payment: ``seen_minor`` stands in a statement, or was in hand at once.

    ``is_broken`` says that reconciliation has an open break of it, with ``found_minor`` on the other side.
    """

    paid_minor: int
    seen_minor: int
    is_broken: bool
    found_minor: int | None


async def match_day(actor: Actor, day: date) -> int:
    """Compare a day; return how many differences it has now. Outside of any scope.

    Raises:
        Unavailable: the system does not answer.
    """
    assert actor.tenant_id is not None  # noqa: S101 - the caller is inside a hospital
    async with open_scope(tenant_scope(actor.tenant_id)):
        tenant, his = await Tenant.get(id=actor.tenant_id), await his_of(actor.tenant_id)
    if his is None:
        raise Unavailable("his.none", t("The hospital's system is not connected."))
    try:
        today, tomorrow = await _theirs(his, day), await _theirs(his, day + timedelta(days=1))
    except (HisSilent, HisRefused) as error:
        raise Unavailable("his.silent", t("The hospital's system does not answer just now.")) from error
    async with open_scope(tenant_scope(tenant.id)):
        return await _match(actor, tenant, day, today, tomorrow)


async def _theirs(his: His, day: date) -> list[Posted]:
    return [*await his.postings(day), *await his.deposits_of(day)]


async def _match(
    actor: Actor, tenant: Tenant, day: date, today: Sequence[Posted], tomorrow: Sequence[Posted]
) -> int:
    first, last = at(day, 0, tenant.timezone), at(day + timedelta(days=1), 0, tenant.timezone)
    baskets = await OrderBasket.filter(tenant_id=tenant.id, paid_at__gte=first, paid_at__lt=last)
    ours: Ours = [*baskets, *await _deposits(tenant.id, first, last)]
    theirs = [*today, *tomorrow]
    known = await _known(tenant.id, theirs)
    banked = await _banked(tenant.id, ours)
    found = [*differences(ours, theirs, known, ends_at=last), *at_the_bank(ours, banked)]
    for one in found:
        await execute(_ADD, tenant.id, new_id(), day, one.kind, one.key, one.ours_minor, one.theirs_minor,
                      tenant.currency)  # fmt: skip
    await execute(_CLEARED, tenant.id, day, [f"{one.key} {one.kind}" for one in found])
    await _keep(actor, tenant, day, ours, today, banked)
    return len(found)


async def _deposits(tenant_id: UUID, first: datetime, last: datetime) -> list[Paid]:
    """Return what came into deposits that day, and went out of them; of what went back, the bank has what is paid."""
    return [
        Paid(
            one["id"],
            one["amount_minor"],
            one["paid_at"],
            one["bill_id"],
            0 if one["bill_id"] or one["has_gone"] is False else one["amount_minor"],
        )
        for one in await rows(_DEPOSITS, tenant_id, first, last)
    ]


async def _banked(tenant_id: UUID, ours: Ours) -> dict[UUID, Banked]:
    ids = [one.id for one in ours]
    found = await rows(_BANK, tenant_id, ids, [one.bill_id for one in ours])
    return {each["id"]: Banked(*list(each)[1:]) for each in found}


async def _known(tenant_id: UUID, theirs: Sequence[Posted]) -> set[str]:
    ids = [key for key in map(_as_id, theirs) if key]
    baskets = await OrderBasket.filter(tenant_id=tenant_id, id__in=ids)
    deposits = await DepositPosting.filter(tenant_id=tenant_id, movement_id__in=ids)
    return {str(one.id) for one in baskets} | {str(one.movement_id) for one in deposits}


def _as_id(posted: Posted) -> UUID | None:
    try:
        return UUID(posted.key)
    except ValueError:
        return None


async def _keep(  # noqa: PLR0917 - the three sides of a day
    actor: Actor,
    tenant: Tenant,
    day: date,
    ours: Ours,
    theirs: Sequence[Posted],
    banked: Mapping[UUID, Banked],
) -> None:
    standing = [one for one in ours if one.status != "refunded"]
    total = sum(_kept(one) for one in standing)
    bank = sum(banked[one.id].seen_minor for one in standing if one.id in banked)
    bank += sum(one.seen_minor for one in standing if isinstance(one, Paid))
    await execute(
        _KEEP,
        tenant.id,
        new_id(),
        day,
        total,
        sum(one.amount_minor for one in theirs if not one.is_cancelled),
        bank,
        total - bank,
        tenant.currency,
        await HisBreak.filter(tenant_id=tenant.id, day=day, status="open").count(),
        actor.name[:100],
    )


def differences(
    ours: Ours, theirs: Sequence[Posted], known: set[str], *, ends_at: datetime
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
    basket: OrderBasket | Paid, standing: Mapping[str, Sequence[Posted]], ends_at: datetime
) -> Iterator[Difference]:
    key, amount = str(basket.id), _kept(basket)
    there = sum(one.amount_minor for one in standing.get(key, ()))
    if basket.status == "refunded":
        if there:
            yield Difference("posted_not_paid", key, 0, there)
    elif there and there != amount:
        yield Difference("amount_differs", key, amount, there)
    elif amount and not there:
        is_late = basket.paid_at is not None and ends_at - basket.paid_at <= LATE
        taken_back = "refund_one_side" if key in standing else "paid_not_posted"
        yield Difference("cut_off" if is_late else taken_back, key, amount, None)


def _kept(basket: OrderBasket | Paid) -> int:
    """Return what is left of a payment once single orders have been given back."""
    return int(basket.amount_minor) - int(basket.returned_minor or 0)


def at_the_bank(ours: Ours, banked: Mapping[UUID, Banked]) -> Iterator[Difference]:
    """Yield the payments of whose money the channel or the bank says something else, or nothing in its statement."""
    for basket in ours:
        side = banked.get(basket.id)
        if side is not None and side.is_broken:
            yield Difference("bank_differs", str(basket.id), side.paid_minor, side.found_minor)


async def mend(actor: Actor, break_id: UUID) -> int:
    """Tell the system again of what it lacks, or have it take back what nobody has paid; return what is left open.

    Outside of any scope.

    Raises:
        Unavailable: the system does not answer.
        Conflict: it is closed, or of a kind that only words can close.
    """
    actor.require(WORK)
    assert actor.tenant_id is not None  # noqa: S101 - the caller is inside a hospital
    async with open_scope(tenant_scope(actor.tenant_id)):
        found, his = await _open(actor, break_id), await his_of(actor.tenant_id)
    if his is None:
        raise Unavailable("his.none", t("The hospital's system is not connected."))
    try:
        await _mend(actor, his, found)
    except HisSilent as error:
        raise Unavailable("his.silent", t("The hospital's system does not answer just now.")) from error
    except HisRefused as error:
        text = t("The hospital's system refuses: {words}", words=str(error)[:100])
        raise Conflict("break.refused", text) from error
    async with open_scope(tenant_scope(actor.tenant_id)):
        await _note(actor, found, "his_break.mended", {})
    return await match_day(actor, found.day)


async def _mend(actor: Actor, his: His, found: HisBreak) -> None:
    if found.kind == "posted_not_paid":
        for one in await his.query(found.key):
            await his.reverse(one)
        for one in await his.deposits(found.key):
            await his.take_back(one)
    elif found.kind not in AGAIN:
        raise Conflict("break.words", t("This difference can only be closed with a reason."))
    elif not await telling.tell_moved(actor, UUID(found.key)):
        await push_again(actor, UUID(found.key))


async def _open(actor: Actor, break_id: UUID) -> HisBreak:
    found = await HisBreak.filter(tenant_id=actor.tenant_id, id=break_id).select_for_update().get_or_none()
    if found is None:
        raise NotFound("break.not_found", t("There is no such difference."))
    if found.status != "open":
        raise Conflict("break.closed", t("This difference is closed already."))
    return found


async def close(actor: Actor, *, break_id: UUID, reason: str) -> HisBreak:
    """Close a difference with a reason.

    Raises:
        Invalid: no reason was given.
        Conflict: it is closed already.
    """
    actor.require(WORK)
    found = await _open(actor, break_id)
    if not 0 < len(reason.strip()) <= REASON_MAX:
        text = t("Say why, in at most {n} characters.", n=REASON_MAX)
        raise Invalid("break.reason", text, fields={"reason": text})
    found.status, found.reason = "closed", reason.strip()
    found.closed_at, found.closed_by_name = datetime.now(UTC), actor.name[:100]
    await found.save(update_fields=["status", "reason", "closed_at", "closed_by_name"])
    await _note(actor, found, "his_break.closed", {"reason": found.reason})
    await execute(
        "update hospital_his_day set open_count = greatest(open_count - 1, 0) where tenant_id = $1 and day = $2",
        found.tenant_id,
        found.day,
    )
    return found


async def _note(actor: Actor, found: HisBreak, act: str, after: Mapping[str, Any]) -> None:
    await audit.record(
        actor,
        act,
        subject_kind="his_break",
        subject_id=found.id,
        subject_label=found.kind,
        after=dict(after),
    )
