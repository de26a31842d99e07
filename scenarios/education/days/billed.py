"""Leave that was agreed to before its month was billed: its meals go back as soon as the bills are out."""

from datetime import date
from typing import Any

from billing.charges.periods import last_day
from billing.terms import terms_of
from scenarios.education.days import meals
from scenarios.education.days.services import day_of
from scenarios.education.models import SchoolLeave
from scenarios.education.terms import SchoolTerms
from tenants.actor import Actor
from tenants.jobs import job, subscribe
from tenants.models import Tenant
from ui.i18n import use_locale

BILLED_JOB = "education.refund_meals_of_bills"
_HAS_LEAVE = "exists (select 1 from education_leave where tenant_id = $1 and status = 'approved')"


@job(BILLED_JOB)
async def refund_meals_of_bills(actor: Actor, payload: dict[str, Any]) -> None:
    """Refund what bills of a month have just charged for days of a leave; twice is once, bill by bill."""
    month = date.fromisoformat(payload["period"])
    tenant = await Tenant.get(id=actor.tenant_id)
    terms = await terms_of(tenant.id, SchoolTerms)
    approved = SchoolLeave.filter(
        tenant_id=tenant.id, status="approved", first_on__lte=last_day(month), last_on__gte=month
    )
    with use_locale(tenant.locale):
        for leave in await approved.order_by("id").select_for_update():
            await _refund(leave, tenant.timezone, terms)


async def _refund(leave: SchoolLeave, zone: str, terms: SchoolTerms) -> None:
    if found := await meals.refund(leave, day_of(leave, zone), terms):
        leave.meals = [*leave.meals, *found]
        leave.meals_minor = sum(one["refunded_minor"] for one in leave.meals)
        await leave.save(update_fields=["meals", "meals_minor"])


subscribe("bills.issued", BILLED_JOB, where=_HAS_LEAVE)
