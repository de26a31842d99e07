"""How an institution wants its bill runs checked, and who has to agree to one."""

from dataclasses import dataclass
from uuid import UUID

from billing.models import BillRun, RunSetting
from tenants import audit
from tenants.actor import Actor
from tenants.scope import row, value
from ui.errors import Invalid
from ui.i18n import t

LEAST_JUMP, MOST_JUMP, USUAL_JUMP = 1, 1000, 50
_APPROVERS = """
select count(distinct m.person_id) from tenants_membership m
  join tenants_role r on r.tenant_id = m.tenant_id and r.id = m.role_id
 where m.tenant_id = $1 and m.ended_at is null and 'runs.approve' = any (r.permissions)
"""
_SAVE = """
insert into billing_run_setting (tenant_id, jump_percent, approval_limit_minor) values ($1, $2, $3)
on conflict (tenant_id) do update
   set jump_percent = excluded.jump_percent, approval_limit_minor = excluded.approval_limit_minor
"""


@dataclass(frozen=True, slots=True)
class Checks:
    """What a run is held against: a change by more than so many per cent, and the largest total for one person."""

    jump_percent: int = USUAL_JUMP
    approval_limit_minor: int | None = None


async def checks_of(tenant_id: UUID) -> Checks:
    """Return the tenant's own checks, or the usual ones."""
    found = await RunSetting.get_or_none(tenant_id=tenant_id)
    return Checks(found.jump_percent, found.approval_limit_minor) if found else Checks()


async def save(actor: Actor, checks: Checks) -> None:
    """Set how runs are checked from now on; those that are drafted keep what they were drafted with.

    Raises:
        Invalid: the percentage or the limit makes no sense, at its field.
    """
    actor.require("settings.write")
    actor.require_fresh()
    assert actor.tenant_id is not None  # noqa: S101 - the door has led here
    if not LEAST_JUMP <= checks.jump_percent <= MOST_JUMP:
        text = t("Choose between {least} and {most} per cent.", least=LEAST_JUMP, most=MOST_JUMP)
        raise Invalid("run.jump", text, fields={"jump_percent": text})
    before = await checks_of(actor.tenant_id)
    await row(_SAVE, actor.tenant_id, checks.jump_percent, checks.approval_limit_minor)
    await audit.record(
        actor,
        "run_setting.changed",
        subject_kind="tenant",
        subject_id=actor.tenant_id,
        subject_label=actor.name,
        before=_facts(before),
        after=_facts(checks),
    )


def _facts(checks: Checks) -> dict[str, int | None]:
    return {"jump_percent": checks.jump_percent, "approval_limit_minor": checks.approval_limit_minor}


async def needs_another(run: BillRun) -> bool:
    """Tell whether somebody other than its drafter has to approve a run.

    So it is above the tenant's limit, and wherever two people have the right, for then there is another one.
    """
    limit = (await checks_of(run.tenant_id)).approval_limit_minor
    if limit is not None and run.total_minor > limit:
        return True
    approvers: int = await value(_APPROVERS, run.tenant_id)
    return approvers > 1


async def may_approve(actor: Actor, run: BillRun) -> bool:
    """Tell whether this actor may approve this run."""
    if not actor.may("runs.approve"):
        return False
    return actor.kind == "system" or actor.person_id != run.created_by or not await needs_another(run)
