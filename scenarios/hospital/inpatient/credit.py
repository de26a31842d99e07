"""Credit of a stay: one person asks, another agrees, up to the hospital's most, until a day."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from tortoise.exceptions import IntegrityError

from billing.names import Sum
from billing.terms import terms_of
from scenarios.hospital.inpatient import admission
from scenarios.hospital.inpatient.states import CREDIT
from scenarios.hospital.inpatient.terms import StayTerms
from scenarios.hospital.models import Stay, StayCredit
from scenarios.hospital.rights import STAYS_CREDIT, STAYS_WORK
from tenants.actor import Actor
from tenants.days import today
from tenants.ids import new_id
from tenants.models import Tenant
from tenants.scope import open_scope, tenant_scope, value
from ui.errors import Conflict, Forbidden, Invalid, NotFound
from ui.i18n import t

REASON_MAX = 300
DONE = {"approve": "approved", "refuse": "refused", "end": "ended"}
_LENT = """
select coalesce(sum(amount_minor), 0)::bigint from hospital_stay_credit
 where tenant_id = $1 and stay_id = $2 and status = 'approved' and until >= day_of(tenant_id)
"""


async def ask(actor: Actor, *, stay_id: UUID, amount_minor: int, until: date, reason: str) -> StayCredit:
    """Ask that a stay may go below its deposit by so much, until a day.

    Raises:
        Invalid: more or longer than the hospital lends, or no reason; the field says which.
        Conflict: the stay has ended, or something is asked already.
    """
    actor.require(STAYS_WORK)
    stay = await admission.locked(actor, stay_id)
    admission.must_be_live(stay)
    await _check(stay, amount_minor, until)
    if not 0 < len(reason.strip()) <= REASON_MAX:
        text = t("Say why, in at most {n} characters.", n=REASON_MAX)
        raise Invalid("credit.reason", text, fields={"reason": text})
    made = StayCredit(
        id=new_id(),
        tenant_id=stay.tenant_id,
        stay_id=stay.id,
        account_id=stay.account_id,
        amount_minor=amount_minor,
        currency=stay.currency,
        until=until,
        reason=reason.strip(),
        status=CREDIT.start,
        asked_by=actor.person_id,
        asked_by_name=actor.name[:100],
    )
    try:
        async with open_scope(tenant_scope(stay.tenant_id)):
            await made.save(force_create=True)
    except IntegrityError as error:
        raise Conflict("credit.asked", t("Credit is asked for this stay already.")) from error
    await admission.note(actor, stay, "stay_credit.asked", _facts(made))
    return made


async def _check(stay: Stay, amount: int, until: date) -> None:
    terms = await terms_of(stay.tenant_id, StayTerms)
    zone = (await Tenant.get(id=stay.tenant_id)).timezone
    most = terms.credit_most_minor - int(await value(_LENT, stay.tenant_id, stay.id))
    if not 0 < amount <= most:
        text = t("The hospital lends at most {amount} to one stay.", amount=Sum(max(most, 0), stay.currency))
        raise Invalid("credit.amount", text, fields={"amount": text})
    if not today(zone) <= until <= today(zone) + timedelta(days=terms.credit_days):
        text = t("Choose a day from today on, within {n} days.", n=terms.credit_days)
        raise Invalid("credit.until", text, fields={"until": text})


async def decide(actor: Actor, *, credit_id: UUID, is_agreed: bool) -> StayCredit:
    """Agree to credit that somebody else has asked for, or refuse it.

    Raises:
        Forbidden: the actor asked for it themselves.
        Conflict: it was decided already, or the hospital lends less by now.
        StepUp: the sign-in is not fresh and strong.
    """
    actor.require(STAYS_CREDIT)
    actor.require_fresh()
    found, stay = await _locked(actor, credit_id)
    edge = "approve" if is_agreed else "refuse"
    if found.asked_by is not None and found.asked_by == actor.person_id:
        raise Forbidden("credit.own", t("You asked for this yourself. Another person has to decide."))
    if not CREDIT.can(found.status, edge):
        raise Conflict("credit.decided", t("This was decided already."))
    if is_agreed:
        await _check(stay, found.amount_minor, found.until)
    return await _move(actor, stay, found, edge)


async def end(actor: Actor, *, credit_id: UUID) -> StayCredit:
    """Take credit back before its day."""
    actor.require(STAYS_CREDIT)
    actor.require_fresh()
    found, stay = await _locked(actor, credit_id)
    if not CREDIT.can(found.status, "end"):
        raise Conflict("credit.decided", t("This was decided already."))
    return await _move(actor, stay, found, "end")


async def _locked(actor: Actor, credit_id: UUID) -> tuple[StayCredit, Stay]:
    """Return the credit with its stay, the stay locked first as everywhere."""
    found = await StayCredit.get_or_none(tenant_id=actor.tenant_id, id=credit_id)
    if found is None:
        raise NotFound("credit.not_found", t("There is no such credit."))
    stay = await admission.locked(actor, found.stay_id)
    return await StayCredit.filter(tenant_id=stay.tenant_id, id=credit_id).select_for_update().get(), stay


async def _move(actor: Actor, stay: Stay, found: StayCredit, edge: str) -> StayCredit:
    found.status = CREDIT.after(found.status, edge)
    found.decided_by, found.decided_by_name = actor.person_id, actor.name[:100]
    found.decided_at = datetime.now(UTC)
    await found.save(update_fields=["status", "decided_by", "decided_by_name", "decided_at"])
    await admission.note(actor, stay, f"stay_credit.{DONE[edge]}", _facts(found))
    return found


def _facts(credit: StayCredit) -> dict[str, Any]:
    return {
        "amount_minor": credit.amount_minor,
        "currency": credit.currency,
        "until": credit.until.isoformat(),
    }
