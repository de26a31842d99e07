"""Moving out: the last day, what is still to be charged until then on one bill, and everything that is open.

What the account was charged for later days comes back as credit notes. The bill is one like any other: paid at the
desk, online, in parts, reminded of. No door, no meter and no lift hears of it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from billing.charges.final import charges_until
from billing.credit.queries import free_credit
from billing.models import Bill
from billing.names import localized
from billing.plans import single
from scenarios.community.common import nothing, refused, tenant_of
from scenarios.community.estate import handover
from scenarios.community.estate.leases import fees_of
from scenarios.community.leaving import deposits
from scenarios.community.leaving.models import MoveOut
from tenants import audit
from tenants.accounts import queries
from tenants.actor import Actor
from tenants.days import today, today_at
from tenants.ids import new_id
from tenants.models import Account, Holder, Tenant
from tenants.notices import IN_APP, notify
from tenants.scope import execute, open_scope, rows, tenant_scope
from ui.errors import Conflict
from ui.i18n import t

PAY_WITHIN = timedelta(days=14)
_LINES = """
select l.names, l.period, l.amount_minor from billing_bill_line l
 where l.tenant_id = $1 and l.bill_id = $2 order by l.period, l.position, l.id
"""
_CREDITED = """
select n.number, n.reason, n.amount_minor, b.number bill from billing_credit_note n
  join billing_bill b on b.tenant_id = $1 and b.id = n.bill_id
 where n.tenant_id = $1 and n.account_id = $2 and n.created_at >= $3::timestamptz order by n.created_at, n.id
"""
_READ = """
select distinct on (m.id) m.kind, m.serial, r.read_on, r.value from community_meter m
  join community_reading r on r.tenant_id = $1 and r.meter_id = m.id and r.status = 'accepted' and r.read_on <= $3
 where m.tenant_id = $1 and m.unit_id in (
   select u.id from community_unit u where u.tenant_id = $1 and u.account_id = $2
   union select e.unit_id from community_tenure e where e.tenant_id = $1 and e.account_id = $2
   union select l.unit_id from community_lease l where l.tenant_id = $1 and l.payer_id = $2)
 order by m.id, r.read_on desc
"""
_OPEN = """
select b.id, b.number, b.period, b.due_on, b.total_minor - b.paid_minor - b.adjusted_minor left_minor
  from billing_bill b where b.tenant_id = $1 and b.account_id = $2 and b.status in ('issued', 'part_paid')
   and b.held_until is null order by b.due_on, b.number
"""


@dataclass(frozen=True, slots=True)
class MoveTerms:
    """The last day, and where whoever leaves is reached."""

    last_on: date
    address: str = ""


@dataclass(frozen=True, slots=True)
class MoveStatement:
    """Everything that stands at the end; minor units of one currency."""

    account: Account
    last_on: date
    address: str
    currency: str
    bill: Bill | None
    lines: Sequence[dict[str, Any]]
    credited: Sequence[Any]
    readings: Sequence[Any]
    deposits: Sequence[dict[str, Any]]
    open: Sequence[Any]
    credit_minor: int

    @property
    def owed_minor(self) -> int:
        """What is to be paid of all open bills."""
        return sum(one["left_minor"] for one in self.open)

    @property
    def held_minor(self) -> int:
        """What is held as deposits, and comes back."""
        return sum(one["amount_minor"] for one in self.deposits if one["status"] == "held")


async def move_out(actor: Actor, account_id: UUID, terms: MoveTerms) -> MoveOut:
    """Give an account its last day and bill what is missing until then; an account that has ended keeps its day.

    Raises:
        Invalid: the day is to come, or too long ago (field ``last_on``).
        Conflict: it has moved out already, or is in a bill run that is not issued.
        StepUp: the sign-in is not fresh and strong.
    """
    for right in ("accounts.write", "bills.single", "credit_notes.write"):
        actor.require(right)
    actor.require_fresh()
    account = await queries.account(actor, account_id, lock=True)
    await _check(account, terms)
    tenant = await Tenant.get(id=account.tenant_id)
    now = today(tenant.timezone)
    if account.closed_on is None:
        await _close(account, terms.last_on)
        await handover.settle(actor, account, terms.last_on)
    last_on = account.closed_on or terms.last_on
    await _let_see(account, last_on, now)
    made = MoveOut(
        id=new_id(),
        tenant_id=account.tenant_id,
        account_id=account.id,
        last_on=last_on,
        address=terms.address.strip(),
        by_name=actor.name[:100],
    )
    made.bill_id = await _bill(actor, account, made, now + PAY_WITHIN)
    await made.save(force_create=True)
    await _tell(actor, account, made)
    return made


async def _check(account: Account, terms: MoveTerms) -> None:
    if await MoveOut.exists(tenant_id=account.tenant_id, account_id=account.id):
        raise Conflict("move.twice", t("This account has moved out already."))
    await handover.must_be_issued(account)
    now = await today_at(account.tenant_id)
    if account.closed_on is None and not now - handover.LONGEST_AGO <= terms.last_on <= now:
        raise refused("move.day", "last_on", t("Choose today or a day of the last twelve months."))


async def _close(account: Account, last_on: date) -> None:
    await execute(
        "update tenants_account set closed_on = $3, updated_at = now() where tenant_id = $1 and id = $2",
        account.tenant_id, account.id, last_on,
    )  # fmt: skip


async def _let_see(account: Account, last_on: date, now: date) -> None:
    """Let whoever held it at the end see and pay what is billed now; guests see nothing any more."""
    await execute(
        "delete from tenants_holder where tenant_id = $1 and account_id = $2 and sees is not null",
        account.tenant_id, account.id,
    )  # fmt: skip
    await execute(
        "update tenants_holder set until = $4 where tenant_id = $1 and account_id = $2"
        " and lasts(until, $3) and (since is null or since <= $4)",
        account.tenant_id, account.id, last_on, max(last_on, now),
    )  # fmt: skip


async def _bill(actor: Actor, account: Account, made: MoveOut, due_on: date) -> UUID | None:
    charges = await charges_until(account, await fees_of(account), made.last_on)
    if not charges:
        return None
    bill = await single.issue_for(
        actor,
        account_id=account.id,
        charges=charges,
        due_on=due_on,
        reference=account.number[:40],
        key=f"move-out-{account.id}",
    )
    return bill.id


async def _tell(actor: Actor, account: Account, made: MoveOut) -> None:
    """Write it into the trail, and tell whoever held the account where the statement is."""
    await audit.record(
        actor,
        "account.moved_out",
        subject_kind="account",
        subject_id=account.id,
        subject_label=account.number,
        after={"until": made.last_on.isoformat()},
    )
    for holder in await Holder.filter(
        tenant_id=account.tenant_id, account_id=account.id, person_id__isnull=False, sees__isnull=True
    ):
        await notify(
            actor,
            template="account.moved_out",
            channel=IN_APP,
            recipient="",
            subject=t("Your move-out statement of {account}", account=account.name),
            body=t("You find it beside your bills, with what is still to be paid and what comes back."),
            person_id=holder.person_id,
            account_id=account.id,
        )


class _UndoneError(Exception):
    """Raised to take a preview back, with what it has shown."""

    def __init__(self, found: MoveStatement) -> None:
        super().__init__()
        self.found = found


async def preview(actor: Actor, account_id: UUID, terms: MoveTerms) -> MoveStatement:
    """Return what moving out would come to: done, read and taken back, so that it is the same to the cent.

    Raises:
        Invalid, Conflict: as for ``move_out``.
    """
    try:
        async with open_scope(tenant_scope(tenant_of(actor))):
            await _show_and_undo(actor, account_id, terms)
    except _UndoneError as undone:
        return undone.found
    raise RuntimeError("a preview has been kept")


async def _show_and_undo(actor: Actor, account_id: UUID, terms: MoveTerms) -> None:
    raise _UndoneError(await statement_of(await move_out(actor, account_id, terms)))


async def statement_of(made: MoveOut) -> MoveStatement:
    """Return the statement of somebody who has moved out, in the institution's scope."""
    key = (made.tenant_id, made.account_id)
    account = await Account.get(tenant_id=made.tenant_id, id=made.account_id)
    tenant = await Tenant.get(id=made.tenant_id)
    lines = await rows(_LINES, made.tenant_id, made.bill_id) if made.bill_id else []
    return MoveStatement(
        account=account,
        last_on=made.last_on,
        address=made.address,
        currency=tenant.currency,
        bill=await Bill.get(tenant_id=made.tenant_id, id=made.bill_id) if made.bill_id else None,
        lines=[{**dict(one), "name": localized(json.loads(one["names"]))} for one in lines],
        credited=await rows(_CREDITED, *key, made.last_on),
        readings=await rows(_READ, *key, made.last_on),
        deposits=await deposits.of_account(*key),
        open=await rows(_OPEN, *key),
        credit_minor=await free_credit(*key, tenant.currency),
    )


async def of_account(tenant_id: UUID, account_id: UUID) -> MoveOut | None:
    """Return how an account moved out, if it has, in any scope that sees it."""
    return await MoveOut.get_or_none(tenant_id=tenant_id, account_id=account_id)


async def seen(move_id: UUID) -> MoveOut:
    """Return a move that the open scope sees; ``NotFound`` when there is none."""
    found = await MoveOut.get_or_none(id=move_id)
    if found is None:
        raise nothing()
    return found
