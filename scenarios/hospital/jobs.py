"""Background work of a hospital: shells over the services, and the hour by which its calendar goes on."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from billing.daily import every_day
from scenarios.hospital import blocks, calendar, holding, stopping, waiting  # noqa: F401 - holds are registered
from scenarios.hospital.days import HOUR, at, local
from scenarios.hospital.his.connecting import his_of
from scenarios.hospital.inpatient import syncing, telling
from scenarios.hospital.kinds import SCENARIO_KEY
from scenarios.hospital.orders import matching, posting, returning, service, tonight
from tenants.actor import Actor
from tenants.days import today
from tenants.jobs import enqueue, job, subscribe
from tenants.models import Tenant
from tenants.scope import open_scope, tenant_scope, value

HOURLY_JOB, STAYS_JOB, MATCH_JOB = "hospital.hourly", "hospital.stays", "hospital.match_night"
TONIGHT_JOB = "hospital.tonight"
NIGHT, DAYS_BACK = 1, 2
"""The hour at which yesterday is matched, and how many days are looked at then: a statement may come a day late."""
_WAITS = (
    "select exists (select 1 from tenants_outbox where tenant_id = $1 and job = $2 and done_at is null"
    " and failed_at is null and due_at > now() + interval '5 minutes')"
)


@job(waiting.OFFER_JOB)
async def offer_number(actor: Actor, payload: dict[str, Any]) -> None:
    """Offer what nobody took up to the next who waits."""
    await waiting.offer_next(actor, UUID(payload["session_id"]))


@job(stopping.CLEAR_JOB, is_transactional=False)
async def clear_appointment(actor: Actor, payload: dict[str, Any]) -> None:
    """Rebook or refund one appointment of a stopped session."""
    instead = payload["instead_id"]
    await stopping.clear(
        actor,
        appointment_id=UUID(payload["appointment_id"]),
        instead_id=UUID(instead) if instead else None,
    )


@job(service.POST_JOB, is_transactional=False)
async def post_payment(actor: Actor, payload: dict[str, Any]) -> None:
    """Tell the hospital's system of one payment."""
    await posting.push(actor, UUID(payload["basket_id"]))


@job(posting.CLEAR_JOB, is_transactional=False)
async def clear_posting(actor: Actor, payload: dict[str, Any]) -> None:
    """See to it that nothing of a posting stands whose money has gone back."""
    await posting.clear(actor, UUID(payload["basket_id"]))


@job(returning.RETURN_JOB, is_transactional=False)
async def return_orders(actor: Actor, payload: dict[str, Any]) -> None:
    """Have the hospital's system take single orders back, and send their money after."""
    await returning.work(actor, UUID(payload["return_id"]))


@job(STAYS_JOB, is_transactional=False)
async def keep_up_with_stays(actor: Actor, payload: dict[str, Any]) -> None:
    """Ask the hospital's system who lies where and what each day cost; who is silent is asked again in an hour."""
    del payload
    await syncing.keep_up(actor)


@job(telling.NOTE_JOB)
async def note_deposit(actor: Actor, payload: dict[str, Any]) -> None:
    """Write down what a stay's deposit has got or given back."""
    await telling.note(actor, payload)


subscribe("wallet.moved", telling.NOTE_JOB, where=telling.IN_HOSPITALS)


@job(telling.TELL_JOB, is_transactional=False)
async def tell_deposit(actor: Actor, payload: dict[str, Any]) -> None:
    """Tell the hospital's system of one deposit."""
    await telling.tell(actor, UUID(payload["posting_id"]))


@job(HOURLY_JOB)
async def hourly(actor: Actor, payload: dict[str, Any]) -> None:
    """Make the sessions that come into sight, note who did not come, and go on in an hour."""
    del payload
    await begin(actor)
    await calendar.make_sessions(await Tenant.get(id=actor.tenant_id))
    await blocks.note_missed(actor)
    await enqueue(STAYS_JOB, {})
    tenant = await Tenant.get(id=actor.tenant_id)
    await at_hour(tenant.timezone, NIGHT, MATCH_JOB)
    await at_hour(tenant.timezone, tonight.HOUR, TONIGHT_JOB)


async def at_hour(zone: str, hour: int, job_name: str) -> None:
    """Have a job run at an hour by the hospital's clocks, where that is within the hour to come."""
    now = datetime.now(UTC)
    due = at(local(now, zone).date(), hour * HOUR, zone)
    due = due if due > now else at(local(now, zone).date() + timedelta(days=1), hour * HOUR, zone)
    if due - now <= timedelta(hours=1):
        await enqueue(job_name, {}, delay=due - now)


@job(TONIGHT_JOB, is_transactional=False)
async def collect_tonight(actor: Actor, payload: dict[str, Any]) -> None:
    """Take by mandate what was treated first."""
    del payload
    await tonight.collect(actor)


@job(MATCH_JOB, is_transactional=False)
async def match_night(actor: Actor, payload: dict[str, Any]) -> None:
    """Match the last days with the hospital's system; one that is silent has the job tried again."""
    del payload
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        tenant, his = await Tenant.get(id=actor.tenant_id), await his_of(actor.tenant_id)
    if his is None:
        return
    for back in range(DAYS_BACK, 0, -1):
        await matching.match_day(actor, today(tenant.timezone) - timedelta(days=back))


async def begin(actor: Actor) -> None:
    """Have the chain of hours begin in the open tenant scope, unless it runs; safe to call often."""
    if not await value(_WAITS, actor.tenant_id, HOURLY_JOB):
        await enqueue(HOURLY_JOB, {}, delay=timedelta(hours=1))


@every_day
async def keep_hours_going(actor: Actor) -> None:
    """Begin the chain again where it has been lost."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        if SCENARIO_KEY in (await Tenant.get(id=actor.tenant_id)).scenarios:
            await begin(actor)
