"""Receivers: who may get a part of what is paid, and what each of them has got."""

from dataclasses import dataclass
from uuid import UUID

from billing.models import Receiver
from tenants import audit
from tenants.actor import Actor
from tenants.scope import rows
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import t

KINDS = {"merchant": t("Merchant"), "partner": t("Partner")}
MOST = 500


@dataclass(frozen=True, slots=True)
class Holding:
    """What a receiver has of one currency, in minor units: paid to them, come back, and what they hold now."""

    currency: str
    count: int
    paid_minor: int
    returned_minor: int

    @property
    def net_minor(self) -> int:
        """What they hold now."""
        return self.paid_minor - self.returned_minor


async def every(actor: Actor) -> list[Receiver]:
    """Return the receivers of this institution, those open first, by name."""
    actor.require("splits.read")
    return await Receiver.filter(tenant_id=actor.tenant_id).order_by("status", "name").limit(MOST)


async def get(actor: Actor, receiver_id: UUID, *, lock: bool = False) -> Receiver:
    """Return one receiver of this institution.

    Raises:
        NotFound: there is none.
    """
    actor.require("splits.read")
    found = Receiver.filter(tenant_id=actor.tenant_id, id=receiver_id)
    receiver = await (found.select_for_update() if lock else found).get_or_none()
    if receiver is None:
        raise NotFound("receiver.not_found", t("There is no such receiver."))
    return receiver


async def add(actor: Actor, *, name: str, kind: str, rail_merchant: str) -> Receiver:
    """Add a receiver with their own account at the bank's rail.

    Raises:
        Invalid: a field is missing, or the kind is not known.
        Conflict: another receiver has this name, or this account.
        StepUp: the sign-in is not fresh and strong.
    """
    actor.require("splits.write")
    name, merchant = name.strip(), rail_merchant.strip()
    fields = {
        "name": t("Enter the receiver's name.") if not name else None,
        "rail_merchant": None if merchant else t("Enter the number of their account at the bank's rail."),
        "kind": None if kind in KINDS else t("Choose what they are."),
    }
    wrong = {field: text for field, text in fields.items() if text is not None}
    if wrong:
        raise Invalid("receiver.fields", next(iter(wrong.values())), fields=wrong)
    await _must_be_new(actor, name, merchant)
    actor.require_fresh()
    receiver = await Receiver.create(
        tenant_id=actor.tenant_id, name=name[:120], kind=kind, rail_merchant=merchant[:60]
    )
    await _record(actor, receiver, "receiver.added", {"kind": kind, "rail_merchant": merchant})
    return receiver


async def _must_be_new(actor: Actor, name: str, merchant: str) -> None:
    """Refuse a receiver whose name or account another one has: two of a kind could not be told apart."""
    for field, given, text in (
        ("name", {"name": name[:120]}, t("There is a receiver of this name already.")),
        ("rail_merchant", {"rail_merchant": merchant[:60]}, t("Another receiver has this account already.")),
    ):
        if await Receiver.filter(tenant_id=actor.tenant_id, **given).exists():
            raise Conflict("receiver.known", text, fields={field: text})


async def close(actor: Actor, receiver_id: UUID, *, is_closed: bool) -> Receiver:
    """Have nothing more shared with a receiver, or take it up again; what they hold can still come back."""
    actor.require("splits.write")
    actor.require_fresh()
    receiver = await get(actor, receiver_id, lock=True)
    receiver.status = "closed" if is_closed else "active"
    await receiver.save(update_fields=["status"])
    await _record(actor, receiver, "receiver.closed" if is_closed else "receiver.opened", {})
    return receiver


_HOLDINGS = """
select s.currency, count(*) count, sum(s.amount_minor)::bigint paid_minor,
       coalesce(sum(r.amount_minor), 0)::bigint returned_minor
  from billing_share s left join lateral (
       select sum(amount_minor)::bigint amount_minor from billing_share_return b
        where b.tenant_id = s.tenant_id and b.share_id = s.id and b.status in ('returned', 'undone')) r on true
 where s.tenant_id = $1 and s.receiver_id = $2 and s.status = 'paid' group by s.currency order by s.currency
"""


async def holdings(actor: Actor, receiver_id: UUID) -> list[Holding]:
    """Return what a receiver has got and given back, by currency."""
    actor.require("splits.read")
    return [Holding(**dict(found)) for found in await rows(_HOLDINGS, actor.tenant_id, receiver_id)]


async def _record(actor: Actor, receiver: Receiver, act: str, after: dict[str, str]) -> None:
    await audit.record(
        actor,
        act,
        subject_kind="receiver",
        subject_id=receiver.id,
        subject_label=receiver.name,
        after=after,
    )
