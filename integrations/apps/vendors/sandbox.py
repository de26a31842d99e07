"""Institutions in which a vendor tries its drafts, one for each scenario; whoever opens one is its administrator.

A scenario's samples stand in each: a learning tool is launched at a class there, a tool for patients at a patient.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from integrations.apps.models import Vendor
from integrations.apps.vendors import letters, queries
from tenants import audit, kinds
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import Branch, Membership, Role, Tenant
from tenants.provisioning import fill, provision
from tenants.scope import bank_scope, open_scope, tenant_scope
from ui.errors import Conflict
from ui.i18n import gettext, t, use_locale

MOST_SLUG = 60


@dataclass(frozen=True, slots=True)
class Runner:
    """Who runs a sandbox, and as whom its pages know them."""

    person_id: UUID
    name: str
    email: str


async def first(actor: Actor, vendor: Vendor) -> Tenant:
    """Make the sandbox that a vendor starts with, in the open bank scope; whoever registered the vendor runs it."""
    runner = Runner(vendor.created_by, vendor.name[:100], vendor.contact_email)
    return await _make(actor, vendor, next(iter(kinds.SCENARIOS)), runner)


async def open_one(actor: Actor, scenario: str) -> Tenant:
    """Open a vendor's sandbox of a scenario that one of its apps is for, in the vendor's open scope.

    Raises:
        Conflict: when the vendor may not offer apps now, has such a sandbox, or no app of it is for the scenario.
    """
    actor.require("vendor.write")
    assert actor.person_id is not None  # noqa: S101 - signed in
    vendor = await Vendor.select_for_update().get(id=actor.vendor_id)
    if vendor.status != "admitted" or scenario not in await queries.openable(vendor):
        raise Conflict("vendor.sandbox", t("This has changed in the meantime. Open the page again."))
    runner = Runner(actor.person_id, actor.name[:100], actor.email or vendor.contact_email)
    async with open_scope(bank_scope(vendor.bank_id)):
        made = await _make(actor, vendor, scenario, runner)
    vendor.sandbox_tenant_ids = [*vendor.sandbox_tenant_ids, made.id]
    await vendor.save(update_fields=["sandbox_tenant_ids"])
    await audit.record(
        actor,
        "vendor.sandbox_opened",
        subject_kind="vendor",
        subject_id=vendor.id,
        subject_label=vendor.name,
        after={"scenarios": [scenario]},
        bank_id=vendor.bank_id,
    )
    return made


async def _make(actor: Actor, vendor: Vendor, scenario: str, runner: Runner) -> Tenant:
    branch = await Branch.filter(bank_id=vendor.bank_id).order_by("code").first()
    assert branch is not None  # noqa: S101 - a bank without a branch has no staff who could admit
    locale = await letters.locale_of(vendor)
    ending = f"-sandbox-{scenario}"
    tenant = await Tenant.create(
        id=new_id(),
        bank_id=vendor.bank_id,
        branch_id=branch.id,
        slug=vendor.slug[: MOST_SLUG - len(ending)] + ending,
        name=_called(vendor, scenario, locale, 200),
        short_name=_called(vendor, scenario, locale, 60),
        kind="company",
        uscc=vendor.uscc,
        legal_representative=vendor.legal_representative,
        contact_name=vendor.name[:100],
        contact_email=vendor.contact_email,
        contact_phone=vendor.contact_phone,
        scenarios=[scenario],
        currency="CNY",
        timezone="Asia/Shanghai",
        locale=locale,
        status="live",
        live_at=datetime.now(UTC),
        is_sandbox=True,
    )
    async with open_scope(tenant_scope(tenant.id)):
        await provision(actor, tenant)
        await _let_in(tenant, runner)
        await fill(tenant)
    return tenant


def _called(vendor: Vendor, scenario: str, locale: str, longest: int) -> str:
    with use_locale(locale):
        ending = gettext(" ({scenario}, sandbox)", scenario=gettext(kinds.SCENARIOS[scenario].name))
    return vendor.name[: longest - len(ending)] + ending


async def _let_in(tenant: Tenant, runner: Runner) -> None:
    role = await Role.get(tenant_id=tenant.id, key="administrator")
    await Membership.create(
        tenant_id=tenant.id,
        person_id=runner.person_id,
        role_id=role.id,
        name=runner.name,
        email=runner.email,
    )
