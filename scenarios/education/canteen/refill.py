"""A card that fills itself: below a level so much is taken by the family's autopay, up to so much in a month.

It stands on billing's mandate for the child's account: without one nothing is taken, and whoever gave it sets this.
Any guardian stops it at once. At most one top-up is under way, decided under the row's lock.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from billing.holds.ending import run_out
from billing.mandates.at_once import call_off, take_at_once
from billing.mandates.terms import MandateTerms
from billing.models import Mandate, Wallet
from billing.names import Sum
from billing.terms import terms_of
from billing.wallets.kinds import WALLET_KINDS
from billing.wallets.topping_up import top_up
from scenarios.education.canteen.terms import REFILL, WALLET
from scenarios.education.canteen.till import wallet_of
from scenarios.education.family.children import Child, must_attend, must_sign
from scenarios.education.family.telling import tell_guardians
from scenarios.education.models import SchoolRefill, SchoolRefillRun
from tenants import audit
from tenants.actor import Actor, system_actor
from tenants.days import today
from tenants.ids import new_id
from tenants.jobs import job, subscribe
from tenants.models import Account, Tenant
from tenants.scope import rows, value
from ui.errors import Conflict, Invalid
from ui.i18n import N_, Text, t

REFILL_JOB = "education.refill"
WORDS = {
    "no_mandate": N_("Your autopay for this child has ended or is paused."),
    "over_ceiling": N_("Your autopay takes less at once than this top-up."),
    "left": N_("The pupil has left the school."),
}
"""Why it has stopped by itself, in English msgids."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Below which level, how much is put on the card, and how much at most in a month; minor units."""

    level_minor: int
    amount_minor: int
    month_minor: int


async def mandate_of(child: Child) -> Mandate | None:
    """Return the autopay of a child's account that takes money now, in the open tenant scope."""
    return await Mandate.get_or_none(tenant_id=child.tenant_id, account_id=child.account_id, status="active")


async def set_up(actor: Actor, child: Child, wish: Wish) -> SchoolRefill:
    """Have the card filled from now on, in the open tenant scope; what was set before ends.

    Raises:
        Forbidden: the actor is no guardian.
        Conflict: the actor has no autopay for this child, or it has left the school.
        Invalid: the amounts make no sense; the field says which.
    """
    must_sign(child)
    must_attend(child)
    mandate = await mandate_of(child)
    if mandate is None or mandate.person_id != actor.person_id:
        text = t("Set up autopay for this child first. The card is filled by it.")
        raise Conflict("refill.no_mandate", text)
    _check(wish, mandate)
    before = await _active(child.tenant_id, child.account_id)
    if before is not None:
        await _stop(actor, before, "")
    made = await SchoolRefill.create(
        id=new_id(),
        tenant_id=child.tenant_id,
        account_id=child.account_id,
        person_id=actor.person_id,
        person_name=actor.name[:100],
        level_minor=wish.level_minor,
        amount_minor=wish.amount_minor,
        month_minor=wish.month_minor,
        status=REFILL.start,
    )
    await _record(actor, made, "refill.set_up")
    wallet = await wallet_of(child.tenant_id, child.account_id)
    await look(child.tenant_id, wallet.id)
    return made


def _check(wish: Wish, mandate: Mandate) -> None:
    kind, wrong = WALLET_KINDS[WALLET], {}
    if not 0 < wish.level_minor <= kind.most_minor:
        wrong["level_minor"] = t("Enter an amount above zero.")
    if not kind.least_minor <= wish.amount_minor <= kind.most_minor:
        wrong["refill_minor"] = t(
            "Enter an amount from {least} to {most}.",
            least=Sum(kind.least_minor, mandate.currency),
            most=Sum(kind.most_minor, mandate.currency),
        )
    elif wish.amount_minor > mandate.ceiling_minor:
        most = Sum(int(mandate.ceiling_minor), mandate.currency)
        wrong["refill_minor"] = t("Your autopay takes at most {most} at once.", most=most)
    if wish.month_minor < wish.amount_minor:
        wrong["month_minor"] = t("In a month it must be at least as much as once.")
    if wrong:
        raise Invalid("refill.wrong", next(iter(wrong.values())), fields=wrong)


async def stop(actor: Actor, child: Child) -> None:
    """Take nothing more by itself, at once, in the open tenant scope; twice is once.

    Raises:
        Forbidden: the actor is no guardian.
    """
    must_sign(child)
    found = await _active(child.tenant_id, child.account_id)
    if found is not None:
        await _stop(actor, found, "")


async def end_of_school(account: Account) -> None:
    """Take nothing more for a pupil who has left, in the open tenant scope: their card is paid out, not filled."""
    found = await _active(account.tenant_id, account.id)
    if found is not None:
        await _stop(system_actor(account.tenant_id), found, "left")


async def _active(tenant_id: UUID, account_id: UUID) -> SchoolRefill | None:
    query = SchoolRefill.filter(tenant_id=tenant_id, account_id=account_id, status="active")
    return await query.select_for_update().first()


async def _stop(actor: Actor, found: SchoolRefill, word: str) -> None:
    found.status, found.word = REFILL.after(found.status, "stop"), word
    found.ended_at, found.ended_by_name = datetime.now(UTC), actor.name[:100]
    await found.save(update_fields=["status", "word", "ended_at", "ended_by_name"])
    for bill_id in await rows(_OPEN, found.tenant_id, found.id):
        await call_off(found.tenant_id, bill_id["bill_id"])
        await run_out(found.tenant_id, bill_id["bill_id"])
    await _record(actor, found, "refill.stopped")


@job(REFILL_JOB)
async def refill(actor: Actor, payload: dict[str, Any]) -> None:
    """Look at a card from which something was taken."""
    assert actor.tenant_id is not None  # noqa: S101 - a job has a tenant
    if payload["kind"] == WALLET:
        await look(actor.tenant_id, UUID(payload["wallet_id"]))


subscribe(
    "wallet.moved",
    REFILL_JOB,
    where="exists (select 1 from education_refill where tenant_id = $1 and status = 'active')",
)


async def look(tenant_id: UUID, wallet_id: UUID) -> SchoolRefillRun | None:
    """Have a card filled if too little is on it, in the open tenant scope; ``None`` where nothing is to be done."""
    wallet = await Wallet.get(tenant_id=tenant_id, id=wallet_id)
    found = await _active(tenant_id, wallet.account_id)
    if found is None:
        return None
    account = await Account.get(tenant_id=tenant_id, id=wallet.account_id)
    if not account.is_active:
        await end_of_school(account)
        return None
    await wallet.refresh_from_db()
    if wallet.balance_minor >= found.level_minor:
        return None
    mandate = await _mandate(found)
    if mandate is None or await value(_UNDER_WAY, tenant_id, found.account_id):
        return None
    return await _take(found, wallet, mandate) if await _has_room(found, mandate) else None


_OPEN = """
select r.bill_id from education_refill_run r join billing_bill b on b.tenant_id = $1 and b.id = r.bill_id
 where r.tenant_id = $1 and r.refill_id = $2 and b.status in ('issued', 'part_paid')
"""
"""What a refill has asked for and not got yet: called off with it."""
_UNDER_WAY = """
select exists (select 1 from education_refill_run r
                 join education_refill f on f.tenant_id = $1 and f.id = r.refill_id and f.account_id = $2
                 join billing_bill b on b.tenant_id = $1 and b.id = r.bill_id
                where r.tenant_id = $1 and b.status in ('issued', 'part_paid'))
"""
_OF_MONTH = """
select coalesce(sum(r.amount_minor), 0)::bigint from education_refill_run r
  join education_refill f on f.tenant_id = $1 and f.id = r.refill_id and f.account_id = $2
  join billing_bill b on b.tenant_id = $1 and b.id = r.bill_id
 where r.tenant_id = $1 and r.month = $3 and b.status in ('issued', 'part_paid', 'paid')
"""


async def _mandate(found: SchoolRefill) -> Mandate | None:
    """Return the autopay that it stands on; without one, or one too small, it ends with a word to the family."""
    mandate = await Mandate.get_or_none(
        tenant_id=found.tenant_id, account_id=found.account_id, person_id=found.person_id, status="active"
    )
    word = "no_mandate" if mandate is None else ""
    if mandate is not None and mandate.ceiling_minor < found.amount_minor:
        word = "over_ceiling"
    if not word:
        return mandate
    actor = system_actor(found.tenant_id)
    await _stop(actor, found, word)
    await _tell(found, t("The canteen card is not filled by itself any more"), t(WORDS[word]))
    return None


async def _has_room(found: SchoolRefill, mandate: Mandate) -> bool:
    """Tell whether the month has room for another top-up; the family hears of the first that has not."""
    zone = (await Tenant.get(id=found.tenant_id)).timezone
    month = today(zone).replace(day=1)
    spent = await value(_OF_MONTH, found.tenant_id, found.account_id, month)
    if spent + found.amount_minor <= found.month_minor:
        return True
    if found.told_for != month:
        found.told_for = month
        await found.save(update_fields=["told_for"])
        most = Sum(int(found.month_minor), mandate.currency)
        text = t(
            "This month's {most} is used. Top it up yourself, or change it on the card's page.", most=most
        )
        await _tell(found, t("The canteen card is not filled again this month"), text)
    return False


async def _take(found: SchoolRefill, wallet: Wallet, mandate: Mandate) -> SchoolRefillRun:
    actor = system_actor(found.tenant_id)
    zone = (await Tenant.get(id=found.tenant_id)).timezone
    run_id = new_id()
    amount = int(found.amount_minor)
    lasts = await _lasts(found.tenant_id)
    asked = await top_up(actor, wallet_id=wallet.id, amount_minor=amount, key=f"refill-{run_id}", lasts=lasts)
    assert asked.bill_id is not None  # noqa: S101 - it has just been billed
    await take_at_once(mandate, asked.bill_id, amount)
    return await SchoolRefillRun.create(
        id=run_id,
        tenant_id=found.tenant_id,
        refill_id=found.id,
        bill_id=asked.bill_id,
        amount_minor=amount,
        month=today(zone).replace(day=1),
    )


async def _lasts(tenant_id: UUID) -> timedelta:
    """Return how long a top-up waits for its money: until autopay has tried it for the last time, and a day more."""
    terms = await terms_of(tenant_id, MandateTerms)
    return timedelta(days=terms.retry_days * terms.retry_count + 1)


async def _tell(found: SchoolRefill, subject: Text, body: Text) -> None:
    await tell_guardians(
        system_actor(found.tenant_id),
        found.tenant_id,
        found.account_id,
        template="school.refill",
        subject=subject,
        body=body,
    )


async def _record(actor: Actor, found: SchoolRefill, act: str) -> None:
    account = await Account.get(tenant_id=found.tenant_id, id=found.account_id)
    currency = (await Tenant.get(id=found.tenant_id)).currency
    await audit.record(
        actor.within(found.tenant_id),
        act,
        subject_kind="refill",
        subject_id=found.id,
        subject_label=account.number,
        after={
            "amount_minor": found.amount_minor,
            "month_cap_minor": found.month_minor,
            "currency": currency,
        },
    )
