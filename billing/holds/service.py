"""Placing a hold. What becomes of it is in ``keeping``, ``ending``, ``late`` and ``refunding``."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from billing import pay_links
from billing.holds.keeping import END_JOB, keep
from billing.holds.kinds import HOLD_KINDS
from billing.idempotency import Answer, once
from billing.models import Hold
from billing.payments.states import PAYABLE
from billing.plans.single import Charge, asked
from billing.plans.single import write as issue_bill
from billing.trial.opening import must_take
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.jobs import enqueue
from tenants.models import Tenant
from tenants.together import together, write
from ui.errors import Conflict, Invalid
from ui.i18n import t

LONGEST = timedelta(days=90)
_HOLD = """
insert into billing_hold (tenant_id, id, kind, subject_id, account_id, bill_id, until, status)
values ($1, $2, $3, $4, $5, $6, $7, 'held')
"""


async def place(
    actor: Actor,
    *,
    kind: str,
    subject_id: UUID,
    account_id: UUID,
    charges: Sequence[Charge],
    until: datetime,
    reference: str = "",
    key: str | None,
    bill_id: UUID | None = None,
    tenant: Tenant | None = None,
) -> Hold:
    """Issue the bill of something that the caller takes in this very transaction, and keep it until ``until``.

    Once for each ``key``; without one, whoever calls has seen to it that it happens once. ``bill_id`` names the bill
    where it has a name already, ``tenant`` is given by whoever has read it. Needs no right and no fresh sign-in of its
    own: whoever calls has asked for what booking takes. The bill is not in the payer's arrears, is paid whole, and is
    voided when nobody pays it in time.

    Raises:
        KeyError: the kind is not registered.
        Invalid: the lines or the moment are wrong.
        NotFound: there is no such account.
        Conflict: this subject is being held already; the key was used otherwise; nobody can pay here now.
    """
    HOLD_KINDS[kind]
    body = {
        "kind": kind,
        "subject": str(subject_id),
        "account": str(account_id),
        "until": until.isoformat(),
        "reference": reference,
        "lines": asked(charges),
    }
    named = _Named(kind, subject_id, account_id, until, bill_id or new_id(), reference)
    placed: list[Hold] = []

    async def do() -> Answer:
        _check(until)
        await _must_be_free(actor, kind, subject_id)
        placed.append(await _place(actor, named, charges, tenant or await Tenant.get(id=actor.tenant_id)))
        return {"hold_id": str(placed[0].id)}

    if key is None:
        _check(until)
        return await _place(actor, named, charges, tenant or await Tenant.get(id=actor.tenant_id))
    answer = await once(actor, key=key, act="hold.place", body=body, do=do)
    return placed[0] if placed else await Hold.get(tenant_id=actor.tenant_id, id=UUID(answer["hold_id"]))


def _check(until: datetime) -> None:
    now = datetime.now(UTC)
    if not now < until <= now + LONGEST:
        text = t("Choose a moment from now on, within {n} days.", n=LONGEST.days)
        raise Invalid("hold.until", text, fields={"until": text})


async def _must_be_free(actor: Actor, kind: str, subject_id: UUID) -> None:
    query = Hold.filter(tenant_id=actor.tenant_id, kind=kind, subject_id=subject_id, status="held")
    if await query.exists():
        raise Conflict("hold.held", t("This is being paid for already."))


@dataclass(frozen=True, slots=True)
class _Named:
    """What is held, for whom, until when, and its bill."""

    kind: str
    subject_id: UUID
    account_id: UUID
    until: datetime
    bill_id: UUID
    reference: str


async def _place(actor: Actor, named: _Named, charges: Sequence[Charge], tenant: Tenant) -> Hold:
    must_take(tenant)
    due_on = named.until.astimezone(ZoneInfo(tenant.timezone)).date()
    hold = Hold(
        id=new_id(),
        tenant_id=tenant.id,
        kind=named.kind,
        subject_id=named.subject_id,
        account_id=named.account_id,
        bill_id=named.bill_id,
        until=named.until,
        status="held",
        why="",
        is_told=True,
    )
    async with together():
        bill = await issue_bill(
            actor, named.account_id, charges, due_on, named.reference, named.until, tenant=tenant, bill_id=named.bill_id
        )  # fmt: skip
        await write(
            _HOLD,
            hold.tenant_id,
            hold.id,
            hold.kind,
            hold.subject_id,
            hold.account_id,
            hold.bill_id,
            hold.until,
        )
        left = max(timedelta(), named.until - datetime.now(UTC))
        await enqueue(END_JOB, {"hold_id": str(hold.id), "n": 0}, delay=left)
    hold._saved_in_db = True  # noqa: SLF001 - written above
    if bill.status not in PAYABLE:
        await keep(hold)
    return hold


def pay_path(hold: Hold) -> str:
    """Return the path at which anybody who has it may pay, without signing in."""
    return pay_links.make(hold.tenant_id, hold.bill_id)


def checkout_path(hold: Hold, *, is_signed_in: bool) -> str:
    """Return where paying begins: choosing how, for somebody who has signed in or for a guest."""
    return f"/my/checkout?bill={hold.bill_id}" if is_signed_in else guest_path(hold.tenant_id, hold.bill_id)


def guest_path(tenant_id: UUID, bill_id: UUID) -> str:
    """Return where paying begins for somebody who has not signed in, of what a bill holds."""
    return f"{pay_links.make(tenant_id, bill_id)}/checkout"
