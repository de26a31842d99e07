"""Agreeing with another school of the same bank to count each other's pupils as brothers and sisters.

What one school learns of the other is one number: a pupil's place among brothers and sisters. Neither sees a name, an
address, a class or how many pupils the other has; who belongs together is worked out by ``families.rank_siblings`` in
memory, from the addresses that both schools have of the same guardian.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from scenarios.education.families import RANK_JOB
from scenarios.education.kinds import SCENARIO_KEY
from scenarios.education.models import SchoolPartner
from scenarios.education.partners.states import LIVE, PARTNER
from tenants import audit, uscc
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.jobs import enqueue
from tenants.models import Tenant
from tenants.scope import bank_scope, execute, open_scope, tenant_scope
from tenants.throttle import spend
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import t

TRIES = ("20/day",)
"""Schools that one may ask after, so that nobody finds out who the bank's customers are."""


async def ask(actor: Actor, code: str) -> SchoolPartner:
    """Ask the school of this credit code, in the open tenant scope; it answers on its own page.

    Raises:
        Invalid: no such school at the bank, or one's own.
        Conflict: something is asked or agreed between the two already.
    """
    actor.require("fees.activate")
    own = await Tenant.get(id=actor.tenant_id)
    await spend("school-partner", str(own.id), TRIES)
    other = await _school(own, code)
    await _lock(own.id, other.id)
    if await SchoolPartner.exists(tenant_id=own.id, partner_id=other.id, status__in=list(LIVE)):
        raise Conflict("partner.known", t("Something is asked or agreed between the two schools already."))
    ours = await _write(actor, own, other, PARTNER.start)
    async with open_scope(tenant_scope(other.id)):
        await _write(actor, other, own, "waiting")
    return ours


async def _school(own: Tenant, code: str) -> Tenant:
    text = t(
        "Your bank has no other school of this credit code here. Ask the school for it, and look at it again."
    )
    wrong = Invalid("partner.unknown", text, fields={"code": text})
    code = uscc.normalise(code)
    if uscc.reason_against(code):
        raise wrong
    async with open_scope(bank_scope(own.bank_id)):
        found = await Tenant.get_or_none(bank_id=own.bank_id, uscc=code, status="live")
    if found is None or found.id == own.id or SCENARIO_KEY not in found.scenarios:
        raise wrong
    return found


async def _write(actor: Actor, of: Tenant, partner: Tenant, status: str) -> SchoolPartner:
    made = await SchoolPartner.create(
        id=new_id(),
        tenant_id=of.id,
        partner_id=partner.id,
        partner_name=partner.short_name[:200],
        status=status,
        moved_by_name=actor.name[:100],
        moved_at=datetime.now(UTC),
    )
    await _record(actor, made, "partner.asked")
    return made


async def answer(actor: Actor, partner_id: UUID, edge: str) -> SchoolPartner:
    """Agree to what the other school asks, refuse it, take back what was asked, or end it; twice is once.

    Raises:
        NotFound: nothing of this id is between this school and another.
        Conflict: it cannot be done any more, or it is for the other school to do.
    """
    actor.require("fees.activate")
    found = await SchoolPartner.get_or_none(tenant_id=actor.tenant_id, id=partner_id)
    if found is None:
        raise NotFound("partner.not_found", t("There is no such agreement with another school."))
    await _lock(found.tenant_id, found.partner_id)
    await found.refresh_from_db()
    if edge not in PARTNER.edges or found.status == PARTNER.edges[edge].target:
        return found
    if not _may(found, edge):
        raise Conflict("partner.over", t("This cannot be done any more. Look at the page again."))
    await _move(actor, found, edge)
    async with open_scope(tenant_scope(found.partner_id)):
        other = await SchoolPartner.get(
            tenant_id=found.partner_id, partner_id=found.tenant_id, status__in=list(LIVE)
        )
        await _move(actor, other, edge)
        await enqueue(RANK_JOB, {})
    await enqueue(RANK_JOB, {})
    return found


def _may(found: SchoolPartner, edge: str) -> bool:
    """Tell whether it is this school's to do: who was asked answers, who asked takes back, either ends."""
    whose: dict[str, Callable[[str], bool]] = {
        "agree": lambda status: status == "waiting",
        "refuse": lambda status: status == "waiting",
        "take_back": lambda status: status == "asked",
        "end": lambda status: status == "agreed",
    }
    return whose[edge](found.status)


async def _move(actor: Actor, row: SchoolPartner, edge: str) -> None:
    row.status = PARTNER.after(row.status, edge)
    row.moved_by_name, row.moved_at = actor.name[:100], datetime.now(UTC)
    await row.save(update_fields=["status", "moved_by_name", "moved_at"])
    await _record(actor, row, f"partner.{row.status}")


async def _lock(one: UUID, other: UUID) -> None:
    """Let one of two schools change things between them at a time."""
    key = "school partners " + " ".join(sorted((str(one), str(other))))
    await execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", key)


async def _record(actor: Actor, row: SchoolPartner, act: str) -> None:
    """Write it into the trail of the school whose row it is; the other one's people are not named there."""
    is_own = actor.tenant_id == row.tenant_id
    by = actor if is_own else Actor(kind="system", name=row.partner_name, tenant_id=row.tenant_id)
    await audit.record(by, act, subject_kind="partner", subject_id=row.id, subject_label=row.partner_name)
