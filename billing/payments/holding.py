"""Who is just paying a bill. One live attempt holds a bill; the next one continues it, replaces it, or waits."""

import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from billing.channels.contract import Outcome
from billing.payments.allocating import Parts
from billing.payments.asking import ask, withdraw
from billing.payments.settling import settle
from billing.payments.states import LIVE
from tenants.actor import Actor
from tenants.models import Tenant
from tenants.scope import open_scope, rows, tenant_scope
from ui.errors import Conflict
from ui.formats import datetime_text
from ui.i18n import t

log = structlog.get_logger(__name__)
ROUNDS = 3
HOLD_INDEX = "billing_payment_part_bill_id_key"
LAST_MOMENT = timedelta(minutes=1)
"""An attempt about to run out is replaced rather than continued."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A live attempt on bills that somebody wants to pay now."""

    payment_id: UUID
    attempt_id: UUID
    person_id: UUID | None
    link_bill_id: UUID | None
    channel: str
    status: str
    expires_at: datetime
    parts: Parts
    checkout_id: UUID | None = None
    is_saving: bool = False
    """Whether the card that pays is kept: an address at the channel that is made with it, or without."""
    has_address: bool = True
    """Whether its payer was ever told where to pay; without that nobody can have paid it."""

    def is_of(self, actor: Actor) -> bool:
        """Tell whether this actor began it; bearers of one pay-link count as one."""
        if actor.kind == "link":
            return self.person_id is None and self.link_bill_id == actor.bill_id
        return self.person_id is not None and self.person_id == actor.person_id

    def fits(self, want: "Want") -> bool:
        """Tell whether it is exactly the payment that is wanted, with time left to make it."""
        is_in_time = self.expires_at - datetime.now(UTC) > LAST_MOMENT
        is_same = Want(self.parts, self.channel, self.checkout_id, self.is_saving) == want
        return is_same and is_in_time and self.status in LIVE


@dataclass(frozen=True, slots=True)
class Want:
    """What somebody wants to pay now, as far as a payment that was begun before may be just that."""

    parts: Parts
    channel: str
    checkout_id: UUID | None = None
    is_saving: bool = False


_HOLDS = """
with held as materialized (
  select distinct payment_id from billing_payment_part
   where tenant_id = $1 and bill_id = any ($2::uuid[]) and is_live)
select p.id payment_id, p.person_id, p.link_bill_id, p.checkout_id, a.id attempt_id, a.status,
       coalesce(nullif(p.method, ''), p.channel) channel, a.redirect_url || a.qr_content <> '' has_address,
       coalesce(a.request ? 'saver', false) is_saving, a.expires_at, q.parts
  from held
  cross join lateral (select * from billing_payment where tenant_id = $1 and id = held.payment_id) p
  cross join lateral (select * from billing_attempt where tenant_id = $1 and payment_id = held.payment_id) a
  cross join lateral (select jsonb_object_agg(bill_id, amount_minor) parts from billing_payment_part
                       where tenant_id = $1 and payment_id = held.payment_id) q
 order by a.created_at
"""


async def holds(tenant_id: UUID, bill_ids: Iterable[UUID]) -> list[Hold]:
    """Return the live attempts on these bills, in the open tenant scope."""
    return [_hold(found) for found in await rows(_HOLDS, tenant_id, list(bill_ids))]


def _hold(found: Any) -> Hold:
    parts = {UUID(bill): amount for bill, amount in json.loads(found["parts"]).items()}
    return Hold(**{**dict(found), "parts": parts})


async def when_free(actor: Actor, want: Want, commit: Callable[[], Awaitable[UUID]]) -> UUID:
    """Return the attempt to go on with: the actor's own that fits, or what ``commit`` makes once the way is clear.

    The unique index decides who holds a bill; whoever loses that race looks again.

    Raises:
        Conflict: see ``clear_way``; or the bill was taken again and again.
    """
    for _ in range(ROUNDS):
        own = await clear_way(actor, want)
        if own is not None:
            return own.attempt_id
        try:
            return await commit()
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name != HOLD_INDEX:
                raise
            log.info("payment.race", tenant_id=str(actor.tenant_id))
    raise Conflict("bill.held", t("Somebody is just paying this bill. Please try again in a minute."))


async def clear_way(actor: Actor, want: Want) -> Hold | None:
    """Make the bills free to be paid, or return the actor's own attempt that is just what is wanted.

    An attempt of the same payer (for staff at the counter, anybody's) is withdrawn at its channel, which is asked
    first: it may have been paid. Opens its own scopes, since it talks to the outside.

    Raises:
        Conflict: somebody else is paying, or the channel cannot say yet what became of the last try.
    """
    assert actor.tenant_id is not None  # noqa: S101 - the caller has brought the actor inside
    async with open_scope(tenant_scope(actor.tenant_id)):
        held = await holds(actor.tenant_id, want.parts)
        zone = (await Tenant.get(id=actor.tenant_id)).timezone
    own = next((hold for hold in held if hold.is_of(actor) and hold.fits(want)), None)
    if own is not None and len(held) == 1 and actor.kind != "staff":
        return own
    for hold in held:
        if actor.kind != "staff" and not hold.is_of(actor):
            raise _busy(hold, zone)
        await _end(actor, hold, want.channel)
    return None


def _busy(hold: Hold, zone: str) -> Conflict:
    until = datetime_text(hold.expires_at, zone)
    return Conflict(
        "bill.held",
        t(
            "Somebody is just paying this bill. If they do not finish, you can pay it from {until}.",
            until=until,
        ),
    )


async def _abandon(actor: Actor, hold: Hold) -> None:
    """Let go of a try whose channel never answered, so that another channel can be used at once.

    Nobody was told where to pay it. It is looked at again later; money that comes all the same waits unassigned.
    """
    assert actor.tenant_id is not None  # noqa: S101 - the caller has brought the actor inside
    async with open_scope(tenant_scope(actor.tenant_id)):
        await settle(actor, hold.attempt_id, Outcome(state="cancelled", error="abandoned: no answer"))


async def _end(actor: Actor, hold: Hold, channel: str) -> None:
    if await ask(actor, hold.attempt_id) not in LIVE:
        return
    status = await withdraw(actor, hold.attempt_id)
    if status == "processing":
        raise Conflict(
            "payment.under_way",
            t("A payment for this bill is on its way. It usually arrives within minutes; do not pay twice."),
        )
    if (
        status == "unknown"
        and not hold.has_address
        and hold.channel.split(".")[0] != channel.split(".", maxsplit=1)[0]
    ):
        await _abandon(actor, hold)
        return
    if status in LIVE:
        raise Conflict(
            "payment.unknown",
            t(
                "An earlier try to pay this bill is still being checked, so nothing new was started."
                " Please try again in two minutes."
            ),
        )
