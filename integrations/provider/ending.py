"""The one way in which what an app was given ends, whyever: its grants, and with them every token, at once.

One statement ends the grants of all tenants and writes, for each app and session, the job that tells the app.
"""

from collections.abc import Sequence
from uuid import UUID

from tenants import jobs, sessions
from tenants.scope import open_scope, queue_scope, rows

JOB = "provider.logout"
_END = """
with ended as (
  update integrations_grant set ended_at = now(), end_reason = $2 where ended_at is null and {condition}
  returning tenant_id, client_id, subject, sid
)
insert into tenants_outbox (tenant_id, id, job, payload, due_at, request_id)
select tenant_id, new_id(), $3, jsonb_build_object('client_id', client_id, 'subject', subject, 'sid', sid), now(), ''
  from (select distinct * from ended) each
returning tenant_id, id
"""


async def end_grants(
    reason: str,
    *,
    installation_id: UUID | None = None,
    app_id: UUID | None = None,
    vendor_id: UUID | None = None,
) -> int:
    """End what an installation, an app or a vendor's apps were given, as part of the caller's transaction.

    ``reason`` is kept with each grant. How many apps will be told is returned; the tokens are worth nothing from the
    commit on, and the apps are told by the worker, again and again until they have taken it.
    """
    named = {"installation_id": installation_id, "app_id": app_id, "vendor_id": vendor_id}
    ((column, found),) = [(name, value) for name, value in named.items() if value is not None]
    return await _end(f"{column} = $1", found, reason)


async def end_of_person(tenant_id: UUID, person_id: UUID, client_id: str) -> int:
    """End what an app was given about somebody who may no longer open it in this tenant."""
    condition = "person_id = $1 and tenant_id = $4 and client_id = $5"
    return await _end(condition, person_id, "no role", tenant_id, client_id)


async def end_of_sessions(session_ids: Sequence[UUID]) -> None:
    """End what apps were given in these sessions, in every tenant."""
    await _end("session_id = any ($1)", list(session_ids), "signed out")


async def end_of_sid(client_id: str, sid: str) -> int:
    """End what one app was given in one session, as the app names it."""
    return await _end("sid = $1 and client_id = $4", sid, "signed out", client_id)


async def _end(condition: str, found: object, reason: str, *further: object) -> int:
    async with open_scope(queue_scope()):
        told = await rows(_END.format(condition=condition), found, reason, JOB, *further)
        for job in told:
            jobs.offer_after_commit(job["tenant_id"], job["id"], JOB)
        return len(told)


sessions.when_ended(end_of_sessions)
