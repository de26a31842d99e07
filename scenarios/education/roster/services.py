"""A bundle from its upload to the tables: checking → checked → applying → applied, or refused."""

import asyncio
import hashlib
from datetime import UTC, date, datetime
from pathlib import PurePath
from typing import Any
from uuid import UUID

from scenarios.education.models import RosterBundle
from scenarios.education.roster import checking, reading, writing
from scenarios.education.roster.checking import FAMILY_ROLES, Known
from scenarios.education.roster.reading import Parsed
from scenarios.education.roster.specs import FILES
from scenarios.education.roster.writing import Counts
from tenants import audit, tasks
from tenants.actor import Actor
from tenants.days import today, today_at
from tenants.ids import new_id
from tenants.imports.services import limits
from tenants.jobs import job, publish
from tenants.jsons import dumps
from tenants.models import Tenant
from tenants.scope import execute, open_scope, rows
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import N_, t

APPLY_JOB, CHECK_JOB = "education.apply_roster", "education.check_roster"
RIGHT = "classes.write"
PART_ROWS = 2_000
MANY_SHARE, MANY_LEAST = 5, 10
"""A bulk file that ends more than one in ``MANY_SHARE`` and more than ``MANY_LEAST`` of what stands is asked about."""
STATES = {
    "checking": N_("Being checked"),
    "checked": N_("Ready to bring in"),
    "applying": N_("Being brought in"),
    "applied": N_("Brought in"),
    "refused": N_("Nothing in it can be brought in"),
}
tasks.name_kind("roster.check", N_("Checking the roster"))
tasks.name_kind("roster.apply", N_("Bringing in the roster"))
_TABLES = {
    "orgs": "education_org",
    "academicSessions": "education_session",
    "courses": "education_course",
    "classes": "education_class",
    "users": "education_user",
    "roles": "education_role",
    "enrollments": "education_enrolment",
}
_PUT = """
insert into education_bundle_part (tenant_id, bundle_id, file, records)
select $1, $2, file, records from unnest($3::text[], $4::jsonb[]) part (file, records)
"""
_BY_ROLE = """
select distinct u.sourced_id from education_role r join education_user u on u.tenant_id = $1 and u.id = r.user_id
 where r.tenant_id = $1 and r.role = any ($2::text[])
"""


class _UndoneError(Exception):
    """Carries what a dry run has counted out of its savepoint."""

    def __init__(self, counts: Counts) -> None:
        super().__init__()
        self.counts = counts


async def upload(actor: Actor, *, filename: str, content: bytes) -> RosterBundle:
    """Read a bundle and have it tried dry in the background.

    Raises:
        Invalid: it is no bundle that can be read; the sentence says why (field ``file``).
    """
    actor.require(RIGHT)
    most = limits()
    if len(content) > most.size:
        text = t("The file is larger than we read. Ask your system for a delta, or for one school.")
        raise Invalid("roster.large", text, fields={"file": text})
    parsed = await asyncio.to_thread(reading.read, content, most_unpacked=most.unpacked)
    tenant = await Tenant.get(id=actor.tenant_id)
    seen = {file: [one["sourced_id"] for one in found] for file, found in parsed.records.items()}
    seen = {file: ids + parsed.refused_ids.get(file, []) for file, ids in seen.items()}
    checking.check(parsed, await _known(tenant.id), today(tenant.timezone))
    bundle = await _keep(actor, PurePath(filename).name[:200], content, parsed)
    await _put(bundle, parsed, seen)
    if bundle.state == "checking":
        await _begin(actor, bundle, "roster.check", CHECK_JOB)
    return bundle


async def _known(tenant_id: UUID) -> Known:
    ids = {
        file: frozenset(
            one["sourced_id"]
            for one in await rows(f"select sourced_id from {table} where tenant_id = $1", tenant_id)
        )
        for file, table in _TABLES.items()
    }
    family = await rows(_BY_ROLE, tenant_id, sorted(FAMILY_ROLES))
    students = await rows(_BY_ROLE, tenant_id, ["student"])
    return Known(
        ids, frozenset(one["sourced_id"] for one in family), frozenset(one["sourced_id"] for one in students)
    )


async def _keep(actor: Actor, filename: str, content: bytes, parsed: Parsed) -> RosterBundle:
    files = {
        file: {"rows": len(found) + len(parsed.findings.refused.get(file, ())), "good": len(found)}
        for file, found in parsed.records.items()
    }
    has_any = any(parsed.records.values())
    return await RosterBundle.create(
        id=new_id(),
        tenant_id=actor.tenant_id,
        filename=filename,
        sha256=hashlib.sha256(content).hexdigest(),
        state="checking" if has_any else "refused",
        modes={file: mode for file, mode in parsed.modes.items() if file in parsed.records},
        counts=files,
        problems=parsed.findings.packed(),
        created_by=actor.person_id,
        created_by_name=actor.name[:100],
    )


async def _put(bundle: RosterBundle, parsed: Parsed, seen: dict[str, list[str]]) -> None:
    kept: dict[str, list[Any]] = {**parsed.records, **{f"seen:{file}": ids for file, ids in seen.items()}}
    parts = [
        (file, found[start : start + PART_ROWS])
        for file, found in kept.items()
        for start in range(0, len(found), PART_ROWS)
    ]
    await execute(
        _PUT, bundle.tenant_id, bundle.id, [file for file, _ in parts], [dumps(found) for _, found in parts]
    )


async def _begin(actor: Actor, bundle: RosterBundle, kind: str, name: str) -> None:
    payload = {"bundle_id": str(bundle.id)}
    task = await tasks.start(actor, kind=kind, subject_id=bundle.id, job=name, payload=payload)
    bundle.task_id = task.id
    await bundle.save(update_fields=["task_id", "state"])


async def get(actor: Actor, bundle_id: UUID, *, lock: bool = False) -> RosterBundle:
    """Return a bundle of the actor's school; ``NotFound`` when there is none."""
    actor.require(RIGHT)
    query = RosterBundle.filter(tenant_id=actor.tenant_id, id=bundle_id)
    found = await (query.select_for_update() if lock else query).first()
    if found is None:
        raise NotFound("roster.not_found", t("There is no such roster, or it is not yours to see."))
    return found


async def apply(actor: Actor, bundle_id: UUID, *, closes_many: bool = False) -> RosterBundle:
    """Have a checked bundle brought in; asking twice changes nothing.

    Raises:
        Conflict: it has not been checked yet, or nobody has said that it may close so much.
    """
    bundle = await get(actor, bundle_id, lock=True)
    if bundle.state in {"applying", "applied"}:
        return bundle
    if bundle.state != "checked":
        raise Conflict("roster.not_checked", t("There is nothing to bring in from this roster yet."))
    if bundle.closes_many and not closes_many:
        raise Conflict(
            "roster.closes_many", t("This roster ends much of what stands here. Say that this is meant.")
        )
    bundle.state = "applying"
    await _begin(actor, bundle, "roster.apply", APPLY_JOB)
    return bundle


@job(CHECK_JOB)
async def check_roster(actor: Actor, payload: dict[str, Any]) -> None:
    """Bring the bundle in and take it back, to say what it would do."""
    bundle = await get(actor, UUID(payload["bundle_id"]), lock=True)
    if bundle.state != "checking":
        return
    task_id = UUID(payload["task_id"])
    async with tasks.shown(task_id):
        counts = await _tried(actor, bundle)
        bundle.closes_many = any(_closes_many(one) for one in counts.values())
        await _note(bundle, counts, "checked", task_id)


async def _tried(actor: Actor, bundle: RosterBundle) -> Counts:
    """Return what bringing it in would do, having done it in a savepoint that is undone."""
    try:
        async with open_scope(actor.scope()):
            counts = await writing.write(bundle.tenant_id, bundle.id, bundle.modes, await _now(bundle))
            raise _UndoneError(counts)  # noqa: TRY301 - an error is how a savepoint is undone
    except _UndoneError as done:
        return done.counts


def _closes_many(counts: dict[str, int]) -> bool:
    closed, stood = counts.get("closed", 0), counts.get("stood", 0)
    return closed > MANY_LEAST and closed * MANY_SHARE > stood


@job(APPLY_JOB)
async def apply_roster(actor: Actor, payload: dict[str, Any]) -> None:
    """Bring the bundle in, all of it or nothing."""
    bundle = await get(actor, UUID(payload["bundle_id"]), lock=True)
    if bundle.state != "applying":
        return
    task_id = UUID(payload["task_id"])
    async with tasks.shown(task_id):
        counts = await writing.write(bundle.tenant_id, bundle.id, bundle.modes, await _now(bundle))
        bundle.applied_at = datetime.now(UTC)
        await _note(bundle, counts, "applied", task_id)
        await publish("roster.applied", {"bundle_id": str(bundle.id)})
        await audit.record(
            actor,
            "roster.applied",
            subject_kind="roster",
            subject_id=bundle.id,
            subject_label=bundle.filename,
            after={"asked_by": bundle.created_by_name, **_totals(counts)},
        )


def _totals(counts: Counts) -> dict[str, int]:
    found = {key: sum(one.get(key, 0) for one in counts.values()) for key in ("added", "changed", "closed")}
    return found | {"accounts": counts["accounts"]["added"]}


async def _now(bundle: RosterBundle) -> date:
    return await today_at(bundle.tenant_id)


async def _note(bundle: RosterBundle, counts: Counts, state: str, task_id: UUID) -> None:
    bundle.counts = {
        file: {**bundle.counts.get(file, {}), **counts.get(file, {})} for file in {**bundle.counts, **counts}
    }
    bundle.state = state
    await bundle.save()
    tenant = await Tenant.get(id=bundle.tenant_id)
    await tasks.finish(task_id, url=f"/t/{tenant.slug}/rosters/{bundle.id}")


assert set(_TABLES) <= set(FILES)  # noqa: S101 - every file that others point into is known
