"""Going home: what insurance bears is asked, the rest is taken from the deposit, and what is left goes back.

Everything is appended. A settlement can be reversed and made again, and the insurer may decide again afterwards; the
sum of a stay's rows is what holds. The insurer is asked under a key of the round, so that asking twice claims once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from billing.models import Bill, FeeItem
from billing.names import Sum
from billing.plans.single import Charge, issue_for
from billing.reasons import about, standard
from billing.wallets.moving import lock as lock_wallet
from billing.wallets.paying_out import pay_out, returnable_minor
from billing.wallets.service import pay_bill
from scenarios.hospital import consents
from scenarios.hospital.his.contract import HisRefused, HisSilent
from scenarios.hospital.his.linking import number_of
from scenarios.hospital.his.wards import Claimed, Shares, Wards, wards_of
from scenarios.hospital.inpatient import admission, deposits, listing
from scenarios.hospital.models import Stay, StaySettlement
from scenarios.hospital.rights import STAYS_SETTLE
from scenarios.hospital.tariff import INPATIENT
from scenarios.hospital.words import tell as tell_family
from tenants.actor import Actor
from tenants.days import today_at
from tenants.ids import new_id
from tenants.scope import execute, open_scope, rows, tenant_scope
from ui.errors import Conflict, Unavailable
from ui.i18n import N_, t

LEFT_OVER = standard(N_("Left of the deposit"))
_CHARGES = """
select c.id, c.his_id, c.amount_minor from hospital_stay_charge c
 where c.tenant_id = $1 and c.stay_id = $2 and not exists (select 1 from hospital_billed_charge b
    where b.tenant_id = $1 and b.charge_id = c.id and b.is_live) order by c.his_id, c.step
"""
_BILL = """
insert into hospital_billed_charge (tenant_id, charge_id, settlement_id, stay_id)
select $1, c, $2, $3 from unnest($4::uuid[]) c
"""
_SUM = """
select coalesce(sum(total_minor), 0)::bigint total_minor, coalesce(sum(insurer_minor), 0)::bigint insurer_minor,
       coalesce(sum(patient_minor), 0)::bigint patient_minor
  from hospital_settlement where tenant_id = $1 and stay_id = $2 and kind <> 'presettle'
"""


@dataclass(frozen=True, slots=True)
class Work:
    """A stay that is to be settled, with its charges that stand in no live settlement and whoever answers for it."""

    stay: Stay
    patient: str
    charges: Sequence[Any]
    his: Wards | None
    has_agreed: bool
    """Whether the patient has agreed that the insurer is told; without that, nobody is asked."""

    @property
    def total_minor(self) -> int:
        """What it all cost."""
        return sum(one["amount_minor"] for one in self.charges)

    def claimed(self, key: str, *, is_final: bool) -> Claimed:
        """Return what the insurer is asked."""
        ids = list(dict.fromkeys(one["his_id"] for one in self.charges))
        return Claimed(key, self.stay.his_id, self.patient, ids, self.total_minor, is_final)


async def held(stay: Stay) -> dict[str, int]:
    """Return what holds of a stay now: its total, and what insurance and patient bear of it."""
    return dict((await rows(_SUM, stay.tenant_id, stay.id))[0])


async def presettle(actor: Actor, stay_id: UUID) -> StaySettlement:
    """Have the insured share worked out beforehand, of what stands in the list now. Outside of any scope.

    Raises:
        Unavailable: the hospital's system does not answer.
        Conflict: nothing was charged, or the system refuses.
    """
    actor.require(STAYS_SETTLE)
    work = await work_of(actor, stay_id)
    if not work.total_minor:
        raise Conflict("stay.nothing", t("Nothing was charged yet."))
    shares = await _ask(work, f"{stay_id}:before:{new_id()}", is_final=False)
    async with open_scope(tenant_scope(work.stay.tenant_id)):
        stay = await admission.locked(actor, stay_id)
        made = await write(actor, stay, "presettle", shares)
        await admission.note(actor, stay, "stay.presettled", facts_of(made))
        return made


async def discharge(actor: Actor, *, stay_id: UUID, seen_left_minor: int) -> StaySettlement:
    """Settle a stay whose patient goes home: exactly once, whoever asks how often. Outside of any scope.

    ``seen_left_minor`` is what the person who settles saw as left of the deposit before insurance.

    Raises:
        Conflict: charges are not finished, something has changed since it was seen, or it was settled already.
        Unavailable: the hospital's system does not answer; nothing has happened, and it can be asked again.
        StepUp: the sign-in is not fresh and strong.
    """
    actor.require(STAYS_SETTLE)
    actor.require_fresh()
    work = await work_of(actor, stay_id)
    _must_be_ready(work, seen_left_minor, await _left(work.stay))
    shares = await _ask(work, key_of(work.stay), is_final=True)
    try:
        async with open_scope(tenant_scope(work.stay.tenant_id)):
            return await _settle(actor, stay_id, shares)
    except Conflict:
        await _withdraw_unless_settled(work, shares)
        raise


def key_of(stay: Stay) -> str:
    """Return what names a stay's claim of this round for ever."""
    return f"{stay.id}:{stay.round}"


async def _left(stay: Stay) -> int:
    async with open_scope(tenant_scope(stay.tenant_id)):
        found = await deposits.held_of(stay)
        return found.deposited_minor - found.charged_minor


def _must_be_ready(work: Work, seen: int, left: int) -> None:
    """The gate: nobody goes home settled while the system has charges that it has not finished."""
    if work.stay.status != "leaving":
        raise Conflict("stay.state", t("This stay has gone on meanwhile. Please look again."))
    if work.stay.unbilled:
        text = t(
            "{n} charges are not finished at the hospital's system. Settle when they are.",
            n=work.stay.unbilled,
        )
        raise Conflict("stay.unbilled", text)
    if seen != left:
        raise Conflict(
            "stay.changed", t("The list has changed since you opened the page. Please look again.")
        )


async def work_of(actor: Actor, stay_id: UUID) -> Work:
    """Ask for the list once more, so that what is settled is what the system has now."""
    assert actor.tenant_id is not None  # noqa: S101 - callers are inside a hospital
    async with open_scope(tenant_scope(actor.tenant_id)):
        stay, his = await admission.locked(actor, stay_id), await wards_of(actor.tenant_id)
    if his is not None and stay.his_id and not await listing.bring_in(actor, stay):
        raise silent()
    async with open_scope(tenant_scope(actor.tenant_id)):
        stay = await admission.locked(actor, stay_id)
        charges = await rows(_CHARGES, stay.tenant_id, stay.id)
        patient = await number_of(await admission.patient_of(stay))
        has_agreed = await consents.has(stay.tenant_id, stay.account_id, "insurance")
        return Work(stay, patient, charges, his if stay.his_id else None, has_agreed)


def silent() -> Unavailable:
    """Return what is said while the hospital's system does not answer."""
    advice = t("Nothing was settled. Try again in a few minutes.")
    return Unavailable("his.silent", t("The hospital's system does not answer just now."), advice=advice)


async def _ask(work: Work, key: str, *, is_final: bool) -> Shares:
    """Return what insurance bears; without a system, charges or the patient's consent, it bears nothing."""
    if work.his is None or not work.total_minor or not work.has_agreed:
        return Shares("", key, work.total_minor, 0)
    try:
        found = await work.his.claim(work.claimed(key, is_final=is_final))
    except HisSilent as error:
        raise silent() from error
    except HisRefused as error:
        text = t("The hospital's system refuses: {words}", words=str(error)[:100])
        raise Conflict("stay.refused", text) from error
    if found.total_minor != work.total_minor:
        await work.his.withdraw(found)
        raise Conflict(
            "stay.total",
            t(
                "The hospital's system has another total: {theirs} instead of {ours}.",
                theirs=Sum(found.total_minor, work.stay.currency),
                ours=Sum(work.total_minor, work.stay.currency),
            ),
        )
    return found


async def _withdraw_unless_settled(work: Work, shares: Shares) -> None:
    """A claim that led to no settlement of ours is taken back, or a later one would find it there."""
    async with open_scope(tenant_scope(work.stay.tenant_id)):
        is_ours = await StaySettlement.exists(
            tenant_id=work.stay.tenant_id, stay_id=work.stay.id, kind="settle", his_id=shares.id
        )
    if work.his is not None and shares.id and not is_ours:
        await work.his.withdraw(shares)


async def _settle(actor: Actor, stay_id: UUID, shares: Shares) -> StaySettlement:
    stay = await admission.locked(actor, stay_id)
    charges = await rows(_CHARGES, stay.tenant_id, stay.id)
    if sum(one["amount_minor"] for one in charges) != shares.total_minor:
        raise Conflict(
            "stay.changed", t("The list has changed since you opened the page. Please look again.")
        )
    due_on = await _due_on(stay)
    stay = await admission.step(actor, stay, "discharge", ended_at=datetime.now(UTC))
    bill = await bill_for(actor, stay, shares.patient_minor, due_on, "settle")
    made = await write(actor, stay, "settle", shares, bill)
    await execute(_BILL, stay.tenant_id, made.id, stay.id, [one["id"] for one in charges])
    await give_back_rest(actor, stay, made)
    await admission.note(actor, stay, "stay.settled", facts_of(made))
    await _tell(actor, stay)
    return made


async def _due_on(stay: Stay) -> date:
    """What is lacking is due today, or when the credit that covers it ends."""
    now = await today_at(stay.tenant_id)
    lent = await deposits.held_of(stay)
    return max(now, lent.lent_until) if lent.lent_minor and not lent.is_uncovered else now


async def bill_for(actor: Actor, stay: Stay, amount: int, due_on: date, why: str) -> Bill | None:
    """Bill what the patient bears and pay it from the deposit as far as that reaches; the rest stays on the bill."""
    if amount <= 0:
        return None
    item = await FeeItem.get(tenant_id=stay.tenant_id, scenario="hospital", key=INPATIENT)
    key = f"{stay.id}:{stay.round}:{why}"
    bill = await issue_for(
        actor,
        account_id=stay.account_id,
        charges=[Charge(amount, fee_item_id=item.id)],
        due_on=due_on,
        reference=await _reference(stay),
        key=key,
    )
    wallet = await lock_wallet(stay.tenant_id, stay.wallet_id)
    if part := min(wallet.balance_minor, bill.left_minor):
        await pay_bill(actor, wallet_id=wallet.id, bill_id=bill.id, amount_minor=part, key=f"{key}:pay")
    return bill


async def _reference(stay: Stay) -> str:
    """Return what stands on the bill: the stay's number, and which of its bills it is from the second on."""
    before = await StaySettlement.filter(
        tenant_id=stay.tenant_id, stay_id=stay.id, bill_id__not_isnull=True
    ).count()
    return f"{stay.reference}-{before + 1}" if before else stay.reference


async def give_back_rest(actor: Actor, stay: Stay, because: StaySettlement) -> None:
    """Send what is left of the deposit to where it came from; what cannot go back stays, for somebody to look at."""
    if left := await returnable_minor(stay.tenant_id, stay.wallet_id):
        reason = about(LEFT_OVER, stay.reference)
        await pay_out(
            actor,
            wallet_id=stay.wallet_id,
            amount_minor=left,
            reason=reason,
            key=f"stay-rest:{because.id}",
            is_policy=True,
        )


async def write(  # noqa: PLR0917 - what was decided about which stay
    actor: Actor, stay: Stay, kind: str, shares: Shares, bill: Bill | None = None, note: str = ""
) -> StaySettlement:
    """Append what was decided about a stay."""
    return await StaySettlement.create(
        id=new_id(),
        tenant_id=stay.tenant_id,
        stay_id=stay.id,
        account_id=stay.account_id,
        kind=kind,
        round=stay.round,
        his_id=shares.id,
        total_minor=shares.total_minor,
        insurer_minor=shares.insurer_minor,
        patient_minor=shares.patient_minor,
        currency=stay.currency,
        bill_id=bill.id if bill else None,
        by_name=actor.name[:100],
        note=note[:200],
    )


def facts_of(made: StaySettlement) -> dict[str, Any]:
    """Return what stands of a settlement in the trail."""
    return {
        "total_minor": made.total_minor,
        "insurer_minor": made.insurer_minor,
        "patient_minor": made.patient_minor,
        "currency": made.currency,
    }


async def _tell(actor: Actor, stay: Stay) -> None:
    subject = t("A stay in hospital is settled")
    body = t(
        "Stay {reference} is settled. What is left of the deposit goes back to where it came from. Open My visits to"
        " see it.",
        reference=stay.reference,
    )
    await tell_family(actor, stay.account_id, "stays.settled", subject, body, purposes=deposits.TOLD)
