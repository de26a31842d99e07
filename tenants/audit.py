"""The trail of acts that change rights, money or configuration: append-only, read by those they touch."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from tenants.actor import Actor
from tenants.ids import new_id
from tenants.scope import execute
from tenants.together import write

_RECORD = """
insert into tenants_audit (tenant_id, bank_id, act, person_id, person_name, subject_kind, subject_id, subject_label,
    before, after, ip, request_id, id)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""


async def record(
    actor: Actor,
    act: str,
    *,
    subject_kind: str,
    subject_id: UUID | None,
    subject_label: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    tenant_id: UUID | None = None,
    bank_id: UUID | None = None,
) -> None:
    """Write one audit row in the open transaction.

    ``act`` is a past-tense event name (``bill_run.issued``). ``tenant_id`` is given by bank staff whose act
    touches a tenant, ``bank_id`` by others whose act is the bank's concern; inside a tenant it is the actor's own.
    Values must be JSON; secrets never belong here.
    """
    await write(
        _RECORD,
        tenant_id or (actor.tenant_id if actor.kind != "bank" else None),
        bank_id or (actor.bank_id if actor.kind == "bank" else None),
        act,
        actor.person_id,
        actor.name[:100],
        subject_kind,
        subject_id,
        subject_label[:200],
        None if before is None else json.dumps(before, ensure_ascii=False),
        None if after is None else json.dumps(after, ensure_ascii=False),
        actor.ip,
        actor.request_id,
        new_id(),
    )


_RECORD_EACH = """
insert into tenants_audit (tenant_id, id, act, person_id, person_name, subject_kind, subject_id, subject_label, after,
    ip, request_id)
select $1, s.own, $2, $3, $4, $5, s.id, s.label, $8::jsonb, $9, $10
  from unnest($6::uuid[], $7::text[], $11::uuid[]) s (id, label, own)
"""


async def record_each(
    actor: Actor,
    act: str,
    *,
    subject_kind: str,
    subjects: Mapping[UUID, str],
    after: dict[str, Any] | None = None,
) -> None:
    """Write the same act about many subjects (their labels by id) of the actor's tenant, in one statement."""
    await execute(
        _RECORD_EACH,
        actor.tenant_id,
        act,
        actor.person_id,
        actor.name[:100],
        subject_kind,
        list(subjects),
        [label[:200] for label in subjects.values()],
        None if after is None else json.dumps(after, ensure_ascii=False),
        actor.ip,
        actor.request_id,
        [new_id() for _ in subjects],
    )
