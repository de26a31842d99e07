"""Leases: somebody rents a unit from one day to another, and pays for it what the lease says.

Who owes is an account, so whoever rents and pays gets one of their own, charged for the lease's days and by the lease's
fees; the owner's is not charged for these (``billing.charges.pauses``). What meters and pools count for these days goes
the same way. Neither sees what the other owes. In the unit itself whoever rents is a guest: repairs and visitors.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from billing.charges import pauses
from billing.charges.pauses import LONG_AGO, Pause
from billing.charges.quantities import YEAR, names_of
from billing.charges.run_sql import ARREARS_FACTS, month_facts
from billing.charges.runs import rule_in_force
from billing.models import ChargePause, FeeItem
from billing.plans import credit_notes
from billing.rules import parse
from scenarios.community.common import nothing, refused, tenant_of
from scenarios.community.estate import handover
from scenarios.community.estate.models import Lease
from tenants import audit
from tenants.accounts import queries
from tenants.accounts.forms import HolderForm
from tenants.accounts.services import add_holder
from tenants.actor import Actor
from tenants.days import today_at
from tenants.ids import new_id
from tenants.models import Account, Holder, Tenant
from tenants.scope import execute, rows
from ui.errors import Conflict
from ui.formats import date_text
from ui.i18n import N_, gettext, t, use_locale
from ui.marks import define

RENTED_FROM = define(N_("(rented from {day})"))
"""Behind the number of the account by which somebody pays for what they rent."""
LONGEST_AHEAD = timedelta(days=366)
RENTER_SEES = ["repairs", "visitors"]
_LEASES = """
select l.id, l.renter, l.first_on, l.last_on, l.payer_id, l.fee_item_ids, l.begun_by_name, a.number payer
  from community_lease l join community_unit u on u.tenant_id = $1 and u.id = l.unit_id and u.account_id = $2
  left join tenants_account a on a.tenant_id = $1 and a.id = l.payer_id
 where l.tenant_id = $1 order by l.first_on desc
"""
_OVERLAPS = """
select 1 from community_lease where tenant_id = $1 and unit_id = $2 and id is distinct from $5
   and first_on <= coalesce($4, 'infinity'::date) and (last_on is null or last_on >= $3) limit 1
"""
_CHARGED = """
select l.id, l.bill_id, l.period, l.amount_minor, l.amount_minor - l.adjusted_minor creditable_minor, l.inputs,
       r.document
  from billing_bill_line l
  join billing_bill b on b.tenant_id = l.tenant_id and b.id = l.bill_id
   and b.status in ('issued', 'part_paid', 'paid')
  join billing_fee_rule r on r.tenant_id = l.tenant_id and r.id = l.fee_rule_id
 where l.tenant_id = $1 and l.account_id = $2 and l.is_live and l.is_periodic and l.fee_item_id = any ($3::uuid[])
   and (l.period + interval '1 month')::date - 1 >= $4 and l.period <= coalesce($5, 'infinity'::date)
 order by l.period, l.position, l.id
"""


@dataclass(frozen=True, slots=True)
class LeaseTerms:
    """Who rents from when to when, and which fees they pay; none where the owner pays all."""

    first_on: date
    last_on: date | None
    renter: HolderForm
    fee_item_ids: Sequence[UUID] = ()


async def fees_of(account: Account) -> list[FeeItem]:
    """Return the fees of which a lease may say who pays."""
    found = await FeeItem.filter(tenant_id=account.tenant_id, kind="charge", is_active=True).order_by(
        "position", "key"
    )
    return [one for one in found if account.kind in one.account_kinds]


async def leases_of(tenant_id: UUID, account_id: UUID) -> list[dict[str, Any]]:
    """Return the leases of the unit that an account stands for, the latest first."""
    return [
        {**dict(one), "fee_item_ids": json.loads(one["fee_item_ids"])}
        for one in await rows(_LEASES, tenant_id, account_id)
    ]


async def begin(actor: Actor, account_id: UUID, terms: LeaseTerms) -> Lease:
    """Write a lease down; what the owner was charged for its days already comes back as credit notes.

    Raises:
        Invalid: the days cannot be, or another lease has some of them (fields ``first_on``, ``last_on``).
        Conflict: the unit has no door here, is closed, or is in a bill run that is not issued.
        StepUp: the sign-in is not fresh and strong; it changes who owes.
    """
    actor.require("accounts.write")
    actor.require_fresh()
    owner = await queries.account(actor, account_id, lock=True)
    unit = await handover.unit_of(owner)
    await _check(owner, unit["id"], terms)
    known = {one.id for one in await fees_of(owner)}
    paid = [one for one in terms.fee_item_ids if one in known]
    lease = Lease(
        id=new_id(),
        tenant_id=owner.tenant_id,
        unit_id=unit["id"],
        account_id=owner.id,
        renter=terms.renter.name,
        first_on=terms.first_on,
        last_on=terms.last_on,
        fee_item_ids=[str(one) for one in paid],
        counted=await _counted(owner.tenant_id, paid, terms.first_on),
        begun_by_name=actor.name[:100],
    )
    lease.payer_id = await _payer(actor, owner, lease, terms.renter) if paid else None
    await lease.save(force_create=True)
    await _let_in(owner, lease, terms.renter)
    if paid:
        await _pause(lease, paid)
        await _give_back(actor, owner, Pause(lease.first_on, lease.last_on, paid))
    await _record(actor, "lease.begun", owner, lease)
    return lease


async def _check(owner: Account, unit_id: UUID, terms: LeaseTerms) -> None:
    now = await today_at(owner.tenant_id)
    if not now - handover.LONGEST_AGO <= terms.first_on <= now + LONGEST_AHEAD:
        raise refused("lease.first", "first_on", t("Choose a day within a year from today."))
    await _check_end(owner.tenant_id, unit_id, terms.first_on, terms.last_on, None)


async def _check_end(
    tenant_id: UUID, unit_id: UUID, first_on: date, last_on: date | None, own: UUID | None
) -> None:
    if last_on is not None and last_on < first_on:
        raise refused("lease.last", "last_on", t("The last day cannot be before the first."))
    if not pauses.one_span(first_on, last_on):
        text = t("A lease within one month has to begin on its first day or to end on its last.")
        raise refused("lease.last", "last_on", text)
    if await rows(_OVERLAPS, tenant_id, unit_id, first_on, last_on, own):
        raise refused(
            "lease.days", "first_on", t("Another lease has some of these days. End that one first.")
        )


async def _counted(tenant_id: UUID, paid: Sequence[UUID], day: date) -> list[str]:
    """Return the numbers of a month that the fees go by, in the rules of the lease's first month."""
    found: set[str] = set()
    for item in paid:
        rule = await rule_in_force(tenant_id, item, day.replace(day=1))
        if rule is not None:
            keys = parse(rule.document).core.keys
            found.update(
                name.removesuffix(YEAR) for name in names_of(keys, {*month_facts("", ""), *ARREARS_FACTS})
            )
    return sorted(found)


async def _payer(actor: Actor, owner: Account, lease: Lease, renter: HolderForm) -> UUID:
    """Make the account of whoever rents and pays."""
    tenant = await Tenant.get(id=owner.tenant_id)
    with use_locale(tenant.locale):
        words = gettext(RENTED_FROM, day=lease.first_on.isoformat())
    number = handover.marked(owner.number, words)
    made = await handover.account_like(owner, number, f"{owner.name}, {renter.name}")
    if lease.last_on:
        await execute(
            "update tenants_account set closed_on = $3 where tenant_id = $1 and id = $2",
            made.tenant_id, made.id, lease.last_on,
        )  # fmt: skip
    await add_holder(
        actor, made.id, renter.model_copy(update={"since": lease.first_on, "relation": "resident"})
    )
    return made.id


async def _let_in(owner: Account, lease: Lease, renter: HolderForm) -> None:
    """Let whoever rents report repairs and expect visitors in the unit; whoever holds it themselves needs no leave."""
    known = await Holder.get_or_none(
        tenant_id=owner.tenant_id, account_id=owner.id, relation="resident", name=renter.name
    )
    if known is None:
        await Holder.create(
            id=new_id(),
            tenant_id=owner.tenant_id,
            account_id=owner.id,
            relation="resident",
            name=renter.name,
            email=renter.email or "",
            phone=renter.phone or "",
            until=lease.last_on,
            is_default_payer=False,
            sees=RENTER_SEES,
        )
    elif known.sees is not None:
        await Holder.filter(tenant_id=owner.tenant_id, id=known.id).update(until=lease.last_on)


async def _pause(lease: Lease, paid: Sequence[UUID]) -> None:
    """Have the owner not charged for the lease's days by its fees, and whoever rents by nothing else."""
    assert lease.payer_id is not None  # noqa: S101 - whoever pays has an account
    before = lease.first_on - timedelta(days=1)
    await pauses.write(
        lease.tenant_id, lease.account_id, lease.id, Pause(lease.first_on, lease.last_on, paid)
    )
    await pauses.write(
        lease.tenant_id,
        lease.payer_id,
        lease.id,
        Pause(LONG_AGO, before, (), is_all_but=True),
        Pause(lease.first_on, None, paid, is_all_but=True),
    )


async def _give_back(actor: Actor, owner: Account, pause: Pause) -> None:
    """Credit the owner what they were charged for days that somebody else pays now."""
    tenant = await Tenant.get(id=owner.tenant_id)
    with use_locale(tenant.locale):
        reason = gettext("Paid by whoever rents from {day} on.", day=date_text(pause.first_on))
    charged = await rows(
        _CHARGED, owner.tenant_id, owner.id, list(pause.fee_item_ids), pause.first_on, pause.last_on
    )
    for line in charged:
        known = {**dict(line), "document": json.loads(line["document"])}
        amount = min(pauses.too_much(known, json.loads(line["inputs"]), pause), line["creditable_minor"])
        if amount > 0:
            await credit_notes.write(
                actor,
                bill_id=line["bill_id"],
                line_id=line["id"],
                amount_minor=amount,
                reason=reason,
                key=f"lease-{line['id']}",
            )


async def end(actor: Actor, account_id: UUID, lease_id: UUID, *, last_on: date) -> Lease:
    """Give a lease its last day; from the next on the owner is charged again, and what was charged beyond comes back.

    Raises:
        NotFound: the unit has no such lease.
        Invalid: the day is before the first, or leaves the owner two spans within one month (field ``last_on``).
        Conflict: the lease has ended, or a bill run with the unit is not issued.
    """
    actor.require("accounts.write")
    actor.require_fresh()
    owner = await queries.account(actor, account_id, lock=True)
    unit = await handover.unit_of(owner)
    lease = await Lease.get_or_none(tenant_id=owner.tenant_id, unit_id=unit["id"], id=lease_id)
    if lease is None:
        raise nothing()
    now = await today_at(owner.tenant_id)
    if lease.last_on is not None and lease.last_on < min(now, last_on):
        raise Conflict("lease.ended", t("This lease has ended already."))
    await _check_end(lease.tenant_id, lease.unit_id, lease.first_on, last_on, lease.id)
    await Lease.filter(tenant_id=lease.tenant_id, id=lease.id).update(last_on=last_on)
    lease.last_on = last_on
    await _close(actor, owner, lease)
    await _record(actor, "lease.ended", owner, lease)
    return lease


async def _close(actor: Actor, owner: Account, lease: Lease) -> None:
    """Charge each side for its days alone, and let whoever rented into the unit no more."""
    await ChargePause.filter(
        tenant_id=lease.tenant_id, account_id=owner.id, source_id=lease.id
    ).update(last_on=lease.last_on)  # fmt: skip
    now = await today_at(lease.tenant_id)
    assert lease.last_on is not None  # noqa: S101 - it has just been given
    await Holder.filter(
        tenant_id=lease.tenant_id, account_id=owner.id, name=lease.renter, relation="resident", sees__isnull=False
    ).update(until=lease.last_on)  # fmt: skip
    if lease.payer_id is None:
        return
    payer = await Account.get(tenant_id=lease.tenant_id, id=lease.payer_id)
    await execute(
        "update tenants_account set closed_on = $3, updated_at = now() where tenant_id = $1 and id = $2",
        lease.tenant_id, payer.id, lease.last_on,
    )  # fmt: skip
    await execute(
        "update tenants_holder set until = $3 where tenant_id = $1 and account_id = $2 and until is null"
        " and (since is null or since <= $3)",
        lease.tenant_id, payer.id, max(lease.last_on, now),
    )  # fmt: skip
    await handover.settle(actor, payer, lease.last_on)


async def _record(actor: Actor, act: str, owner: Account, lease: Lease) -> None:
    await audit.record(
        actor,
        act,
        subject_kind="account",
        subject_id=owner.id,
        subject_label=f"{owner.number}, {lease.renter}",
        after={
            "first_on": lease.first_on.isoformat(),
            "last_on": lease.last_on.isoformat() if lease.last_on else None,
            "fees": len(lease.fee_item_ids),
        },
    )


async def choose_payer(actor: Actor, account_id: UUID, holder_id: UUID) -> Holder:
    """Say to which of an account's holders its bills and reminders go.

    Raises:
        NotFound: there is no such holder, or they no longer hold it.
    """
    actor.require("accounts.write")
    account = await queries.account(actor, account_id, lock=True)
    chosen = await queries.holder(actor, account.id, holder_id)
    if chosen.sees is not None or (chosen.until and chosen.until < await today_at(tenant_of(actor))):
        raise nothing()
    await Holder.filter(tenant_id=account.tenant_id, account_id=account.id).update(is_default_payer=False)
    await Holder.filter(tenant_id=account.tenant_id, id=chosen.id).update(is_default_payer=True)
    await audit.record(
        actor,
        "payer.chosen",
        subject_kind="account",
        subject_id=account.id,
        subject_label=account.number,
        after={"payer": chosen.name},
    )
    return chosen
