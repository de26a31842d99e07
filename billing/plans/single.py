"""Single bills and opening balances: what one account owes outside of any run, issued at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from billing.adjustments.issuing import apply_standing
from billing.idempotency import Answer, once
from billing.models import Bill, FeeItem
from billing.plans.items import SINGLE, item_named
from billing.plans.writing import Head, Line, Worked, insert
from tenants import audit
from tenants.actor import Actor
from tenants.days import today
from tenants.ids import new_id
from tenants.jobs import publish
from tenants.models import Account, Tenant
from tenants.together import together
from ui.errors import Invalid, NotFound
from ui.i18n import t

MOST_LINES = 20
LONGEST_NAME = 100
MOST_MINOR = 10**13
LATEST_DUE = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Charge:
    """One line: a fee of the institution, or anything else by a name; minor units.

    ``names`` is the name by locale where it is known in several, instead of ``name``. With ``worked`` the line is the
    fee's own for its period, of which there is one, so that no run charges it again.
    """

    amount_minor: int
    name: str = ""
    fee_item_id: UUID | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    worked: Worked | None = None

    @property
    def words(self) -> dict[str, str]:
        """What the line is called, by locale; empty leaves it to the fee."""
        name = self.name.strip()
        return dict(self.names) or ({"en": name, "zh_CN": name} if name else {})


async def issue(
    actor: Actor, *, account_id: UUID, charges: Sequence[Charge], due_on: date, reference: str = "", key: str
) -> Bill:
    """Issue one bill with these lines, once for each ``key``.

    Raises:
        Invalid: no line, an amount or a name that is wrong, or a due day out of reach; the field says which.
        NotFound: there is no such account, or it is closed.
        StepUp: the sign-in is not fresh and strong; issuing is a money act.
    """
    actor.require("bills.single")
    actor.require_fresh()
    return await issue_for(
        actor, account_id=account_id, charges=charges, due_on=due_on, reference=reference, key=key
    )


async def issue_for(
    actor: Actor, *, account_id: UUID, charges: Sequence[Charge], due_on: date, reference: str = "", key: str
) -> Bill:
    """Issue one bill that something else has decided about: an order, an approved application.

    For other packages and jobs, in the open tenant scope, once for each ``key``: whoever calls has asked for the right
    to whatever leads to the bill, so that none of its own is asked for here, nor a fresh sign-in.

    Raises:
        Invalid, NotFound: as for ``issue``.
    """
    body = {
        "account": str(account_id),
        "due_on": due_on.isoformat(),
        "reference": reference,
        "lines": asked(charges),
    }

    async def do() -> Answer:
        await _must_be_charged(actor, charges)
        return {"bill_id": str((await write(actor, account_id, charges, due_on, reference)).id)}

    answer = await once(actor, key=key, act="bill.single", body=body, do=do)
    return await Bill.get(tenant_id=actor.tenant_id, id=UUID(answer["bill_id"]))


def asked(charges: Sequence[Charge]) -> list[list[Any]]:
    """Return the lines as an idempotency key's body keeps them."""
    return [[one.amount_minor, one.words, str(one.fee_item_id or "")] for one in charges]


async def write(  # noqa: PLR0917 - whom, for what, by when
    actor: Actor,
    account_id: UUID,
    charges: Sequence[Charge],
    due_on: date,
    reference: str,
    held_until: datetime | None = None,
    *,
    has_standing: bool = True,
    tenant: Tenant | None = None,
    bill_id: UUID | None = None,
) -> Bill:
    """Write, book and announce a bill, in the transaction of whoever has seen to it that this happens once.

    ``has_standing`` lets the account's lasting adjustments take something off it; ``tenant`` is given by whoever has
    read it by now, ``bill_id`` by whoever has named the bill already.

    Raises:
        Invalid, NotFound: as for ``issue``.
    """
    tenant = tenant or await Tenant.get(id=actor.tenant_id)
    now = today(tenant.timezone)
    _check(charges, due_on, now)
    head = Head(
        tenant.id, account_id, now.replace(day=1), due_on, tenant.currency, reference.strip(), held_until,
        bill_id or new_id(),
    )  # fmt: skip
    made = await insert(head, [await _line(tenant, one) for one in charges])
    if made is None:
        raise await _missing(tenant.id, account_id)
    bill, is_any_standing = made
    is_less = has_standing and is_any_standing
    if is_less and await apply_standing(tenant.id, at=datetime.now(UTC), bill_ids=[bill.id]):
        await bill.refresh_from_db(fields=["status", "adjusted_minor"])
    async with together():
        await _record(actor, bill)
        await publish("bills.issued", {"bill_id": str(bill.id), "period": bill.period.isoformat()})
    return bill


async def _missing(tenant_id: UUID, account_id: UUID) -> NotFound:
    """Return what keeps a bill from being written: there is no such account, or else no such fee."""
    if await Account.filter(tenant_id=tenant_id, id=account_id, is_active=True).exists():
        return _no_fee()
    return NotFound("account.not_found", t("There is no such account, or it is closed."))


def _check(charges: Sequence[Charge], due_on: date, now: date) -> None:
    if not 0 < len(charges) <= MOST_LINES:
        text = t("Enter between one and {n} lines.", n=MOST_LINES)
        raise Invalid("bill.lines", text, fields={"lines": text})
    for place, one in enumerate(charges):
        if not 0 < one.amount_minor <= MOST_MINOR:
            text = t("Enter an amount above zero.")
            raise Invalid("bill.amount", text, fields={f"lines-{place}-amount_minor": text})
        if one.fee_item_id is None and not _is_named(one):
            text = t("Choose a fee, or say in at most {n} characters what it is for.", n=LONGEST_NAME)
            raise Invalid("bill.name", text, fields={f"lines-{place}-name": text})
    if not now <= due_on <= now + LATEST_DUE:
        text = t("Choose a day from today on, within a year.")
        raise Invalid("bill.due_on", text, fields={"due_on": text})


def _is_named(charge: Charge) -> bool:
    return bool(charge.words) and all(0 < len(name) <= LONGEST_NAME for name in charge.words.values())


async def _line(tenant: Tenant, charge: Charge) -> Line:
    item_id = charge.fee_item_id or (await item_named(tenant, SINGLE)).id
    return Line(item_id, charge.amount_minor, charge.words, charge.worked)


def _no_fee() -> NotFound:
    return NotFound("fee.not_found", t("There is no such fee."))


async def _must_be_charged(actor: Actor, charges: Sequence[Charge]) -> None:
    """Refuse fees that the institution charges no more."""
    wanted = {one.fee_item_id for one in charges if one.fee_item_id is not None}
    found = FeeItem.filter(tenant_id=actor.tenant_id, id__in=list(wanted), is_active=True)
    if await found.count() != len(wanted):
        raise _no_fee()


async def _record(actor: Actor, bill: Bill) -> None:
    await audit.record(
        actor,
        "bill.issued",
        subject_kind="bill",
        subject_id=bill.id,
        subject_label=bill.number,
        after={"total_minor": bill.total_minor, "currency": bill.currency, "reference": bill.reference},
    )
