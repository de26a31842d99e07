"""What a school writes down about a fee beside its rule: what it is for, and by whose word it costs that."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from billing.charges import fees
from billing.models import FeeItem
from scenarios.education.fees.templates import BASES, GROUPS, STARTS
from scenarios.education.models import SchoolFee
from tenants import audit
from tenants.actor import Actor
from tenants.models import Tenant
from tenants.scope import rows
from ui.errors import Invalid
from ui.i18n import t

_LIST = """
select i.id, i.key, i.names, i.is_voluntary, i.is_active, i.account_kinds,
       coalesce(f.fee_group, '') fee_group, coalesce(f.basis, 'school') basis, coalesce(f.authority, '') authority,
       coalesce(f.approval_number, '') approval_number, f.approved_on,
       coalesce((select account_mask from billing_settlement_account s where s.tenant_id = $1
                  and s.id = i.settlement_account_id),
                (select account_mask from billing_settlement_account s where s.tenant_id = $1
                    and s.currency = i.currency and s.status = 'active' order by created_at, id limit 1), '') account,
       exists (select 1 from billing_fee_rule r where r.tenant_id = $1 and r.fee_item_id = i.id
                and r.status = 'active') has_rule
  from billing_fee_item i left join education_fee f on f.tenant_id = $1 and f.fee_key = i.key
 where i.tenant_id = $1 and i.scenario = 'education' and i.kind = 'charge'
 order by i.is_active desc, i.position, i.key
"""


@dataclass(frozen=True, slots=True)
class Approval:
    """What is written down; an authority and a number wherever the price is not the school's own."""

    group: str
    basis: str
    authority: str = ""
    number: str = ""
    approved_on: date | None = None
    note: str = ""


async def provision(actor: Actor, tenant: Tenant) -> None:
    """Write down what the fees of a new school are for, in the approval's transaction."""
    del actor
    made = [
        SchoolFee(tenant_id=tenant.id, fee_key=start.template.key, group=start.group, basis=start.basis)
        for start in STARTS
    ]
    await SchoolFee.bulk_create(made)


async def listed(tenant_id: UUID) -> list[Any]:
    """Return every fee of the school with its approval and its account."""
    return await rows(_LIST, tenant_id)


async def facts_of(item: FeeItem) -> SchoolFee:
    """Return what is written down about a fee, not saved yet where nothing is."""
    found = await SchoolFee.get_or_none(tenant_id=item.tenant_id, fee_key=item.key)
    return found or SchoolFee(tenant_id=item.tenant_id, fee_key=item.key, group="activity", basis="school")


async def write_down(actor: Actor, item_id: UUID, approval: Approval) -> SchoolFee:
    """Keep what a fee is for and by whose word it costs that.

    Raises:
        NotFound: there is no such fee.
        Invalid: the authority or the number is missing where the price is not the school's own.
    """
    actor.require("school_fees.write")
    item = (await fees.get_item(actor, item_id)).item
    _check(approval)
    found = await facts_of(item)
    before = _shown(found)
    found.group, found.basis, found.authority = approval.group, approval.basis, approval.authority
    found.approval_number, found.approved_on, found.note = (
        approval.number,
        approval.approved_on,
        approval.note,
    )
    await found.save()
    await audit.record(
        actor,
        "fee.approval_kept",
        subject_kind="fee_item",
        subject_id=item.id,
        subject_label=item.names.get("en", item.key),
        before=before,
        after=_shown(found),
    )
    return found


def _check(approval: Approval) -> None:
    wrong: dict[str, Any] = {}
    if approval.group not in GROUPS:
        wrong["group"] = t("Choose what it is for.")
    if approval.basis not in BASES:
        wrong["basis"] = t("Choose who sets the price.")
    if approval.basis != "school":
        if not approval.authority:
            wrong["authority"] = t("Name the authority.")
        if not approval.number:
            wrong["number"] = t("Enter the number of the approval.")
    if wrong:
        raise Invalid("fee.approval", t("Something is missing."), fields=wrong)


def _shown(found: SchoolFee) -> dict[str, Any]:
    return {
        "group": found.group,
        "basis": found.basis,
        "authority": found.authority,
        "approval_number": found.approval_number,
        "approved_on": found.approved_on.isoformat() if found.approved_on else None,
    }
