"""The institution in which a vendor tries its drafts: made when it is admitted, run by the vendor's owner."""

from datetime import UTC, datetime

from integrations.apps.models import Vendor
from integrations.apps.vendors import letters
from tenants import kinds
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import Branch, Membership, Role, Tenant
from tenants.provisioning import provision
from tenants.scope import open_scope, tenant_scope


async def make(actor: Actor, vendor: Vendor) -> Tenant:
    """Make the vendor's sandbox in the open bank scope; whoever registered the vendor is its administrator."""
    branch = await Branch.filter(bank_id=vendor.bank_id).order_by("code").first()
    assert branch is not None  # noqa: S101 - a bank without a branch has no staff who could admit
    tenant = await Tenant.create(
        id=new_id(),
        bank_id=vendor.bank_id,
        branch_id=branch.id,
        slug=f"{vendor.slug[:52]}-sandbox",
        name=f"{vendor.name} (sandbox)"[:200],
        short_name=f"{vendor.name[:48]} sandbox",
        kind="company",
        uscc=vendor.uscc,
        legal_representative=vendor.legal_representative,
        contact_name=vendor.name[:100],
        contact_email=vendor.contact_email,
        contact_phone=vendor.contact_phone,
        scenarios=list(kinds.SCENARIOS)[:1],
        currency="CNY",
        timezone="Asia/Shanghai",
        locale=await letters.locale_of(vendor),
        status="live",
        live_at=datetime.now(UTC),
    )
    async with open_scope(tenant_scope(tenant.id)):
        await provision(actor, tenant)
        role = await Role.get(tenant_id=tenant.id, key="administrator")
        await Membership.create(
            tenant_id=tenant.id,
            person_id=vendor.created_by,
            role_id=role.id,
            name=vendor.name[:100],
            email=vendor.contact_email,
        )
    return tenant
