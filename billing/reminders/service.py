"""One mechanism for all reminders: the day's plan, one bill by hand, all overdue ones by hand."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from billing.charges.bill_list import Selection
from billing.daily import every_day
from billing.models import ReminderStop
from billing.reminders.claiming import (
    BEGIN,
    CATCH_UP_DAYS,
    HOLDER,
    MAY,
    OF_INSTALMENT,
    WANTS,
    Place,
    claim,
    claim_all,
)
from billing.reminders.plan import ReminderTerms, Step, may_send_at
from billing.reminders.sending import send
from billing.terms import terms_of
from tenants.actor import Actor
from tenants.days import today
from tenants.models import Holder, Tenant
from tenants.planning import renew_statistics
from tenants.scope import execute, open_scope, tenant_scope, value
from ui.errors import NotFound
from ui.i18n import t
from ui.tables import TableQuery

QUIET_DAYS = 3
"""Nobody is reminded of one bill twice within so many days by hand."""
NOT_RECENT = f"(b.reminded_at is null or b.reminded_at < now() - interval '{QUIET_DAYS} days')"


@every_day
async def remind_by_plan(actor: Actor) -> None:
    """Send what the plan has for today, batch by batch, each a transaction of its own."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        tenant = await Tenant.get(id=actor.tenant_id)
        terms = await terms_of(tenant.id, ReminderTerms)
    if not terms.is_on:
        return
    for step in sorted(terms.steps, key=lambda each: each.offset_days, reverse=True):
        await claim_all(partial(_one_batch, tenant, terms, step))


async def _one_batch(
    tenant: Tenant, terms: ReminderTerms, step: Step, status: str, after: Place
) -> Sequence[Any]:
    """Claim and write one batch of a step. A later step that went out makes an earlier one needless."""
    await renew_statistics("billing_reminder")
    async with open_scope(tenant_scope(tenant.id)):
        due = f"b.due_on between $2::date - $3::int - {CATCH_UP_DAYS - 1} and $2::date - $3::int"
        later = (
            "not exists (select 1 from billing_reminder o where o.bill_id = b.id"
            f" and o.step like 'day%' || {OF_INSTALMENT} and o.offset_days > $3::int offset 0)"
        )
        args = [tenant.id, today(tenant.timezone), step.offset_days]
        claimed = await claim(
            f"b.tenant_id = $1 and {due} and {later}",
            args,
            step=step.key,
            offset_days=step.offset_days,
            is_final=step.is_final,
            has_email=terms.has_email,
            has_sms=terms.has_sms,
            by="",
            status=status,
            after=after,
        )
        at = may_send_at(datetime.now(UTC), tenant.timezone, terms)
        await send(tenant, claimed, at=at, is_final=step.is_final, is_late=step.offset_days > 0)
    return claimed


async def remind_now(  # noqa: PLR0917 - who, and of which bills
    actor: Actor,
    tenant: Tenant,
    where: str,
    args: list[Any],
    limit: int,
    status: str,
    after: Place = BEGIN,
) -> list[Any]:
    """Remind by hand of the next bills of a state that ``where`` selects, in the open tenant scope; return them."""
    terms, now = await terms_of(tenant.id, ReminderTerms), today(tenant.timezone)
    claimed = await claim(
        f"{where} and {NOT_RECENT}",
        args,
        step=f"hand {datetime.now(UTC):%y%m%d%H%M%S%f}",
        offset_days=0,
        is_final=False,
        has_email=True,
        has_sms=True,
        by=actor.name[:100],
        limit=limit,
        status=status,
        after=after,
    )
    at = may_send_at(datetime.now(UTC), tenant.timezone, terms)
    for is_late in (True, False):
        part = [bill for bill in claimed if (bill["due_on"] < now) is is_late]
        await send(tenant, part, at=at, is_final=False, is_late=is_late)
    return claimed


async def count_by_hand(where: str, args: list[Any]) -> int:
    """Return how many bills a reminder by hand would go out for."""
    sql = f"select count(*) from billing_bill b {HOLDER} where {where} and {NOT_RECENT} and {MAY} and {WANTS}"
    return int(await value(sql, *args))


def overdue(tenant: Tenant, q: str, filters: Mapping[str, Any]) -> Selection:
    """Return the overdue bills among those a list shows."""
    query = TableQuery(path="", q=q, filters={**filters, "overdue": "yes"})
    return Selection(tenant.id, today(tenant.timezone), query)


async def set_stop(tenant_id: UUID, holder_id: UUID, *, is_stopped: bool) -> None:
    """Have a holder get no reminders any more, or get them again, in the open tenant scope.

    Raises:
        NotFound: there is no such holder any more.
    """
    if not await Holder.exists(tenant_id=tenant_id, id=holder_id):
        raise NotFound("reminder.unknown", t("This link is not complete. Copy all of it from the message."))
    if is_stopped:
        await execute(
            "insert into billing_reminder_stop (tenant_id, holder_id) values ($1, $2)"
            " on conflict (tenant_id, holder_id) do nothing",
            tenant_id,
            holder_id,
        )
    else:
        await ReminderStop.filter(tenant_id=tenant_id, holder_id=holder_id).delete()
