"""What makes a tenant ready on its first day: each package adds its part to one transaction."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tenants.actor import Actor, system_actor
from tenants.models import Role, Tenant
from tenants.permissions import RoleSpec, roles_of

Provisioner = Callable[[Actor, Tenant], Awaitable[None]]
_provisioners: list[tuple[str, Provisioner]] = []
_samplers: dict[str, Provisioner] = {}


@dataclass(frozen=True, slots=True)
class Settlement:
    """The bank account an institution's money goes to, as the bank has checked it."""

    bank_code: str
    account_name: str
    account_number: str = field(repr=False)
    currency: str


Settler = Callable[[Actor, Tenant, Settlement], Awaitable[None]]
_settlers: list[Settler] = []


def add_settler(settler: Settler) -> None:
    """Have ``settler(actor, tenant, settlement)`` keep the settlement account of new tenants."""
    if settler not in _settlers:
        _settlers.append(settler)


def add_provisioner(provisioner: Provisioner, *, scenario: str = "") -> None:
    """Have ``provisioner(actor, tenant)`` run for new tenants (of one scenario, where named)."""
    if (scenario, provisioner) not in _provisioners:
        _provisioners.append((scenario, provisioner))


def add_sampler(sampler: Provisioner, *, scenario: str) -> None:
    """Have ``sampler(actor, tenant)`` show what a scenario is like where things are only tried out."""
    _samplers[scenario] = sampler


async def fill(tenant: Tenant) -> None:
    """Fill a tenant in which things are only tried out with its scenarios' samples, in its open scope."""
    for scenario in tenant.scenarios:
        if sampler := _samplers.get(scenario):
            await sampler(system_actor(tenant.id), tenant)


async def provision(actor: Actor, tenant: Tenant, settlement: Settlement | None = None) -> None:
    """Fill a new tenant in the open transaction and tenant scope: roles, the account, then every package's part."""
    await Role.bulk_create([_role(tenant, spec) for spec in roles_of(tenant.scenarios)])
    if settlement:
        for settler in _settlers:
            await settler(actor, tenant, settlement)
    for scenario, provisioner in _provisioners:
        if not scenario or scenario in tenant.scenarios:
            await provisioner(actor, tenant)


def _role(tenant: Tenant, spec: RoleSpec) -> Role:
    return Role(
        tenant_id=tenant.id,
        key=spec.key,
        name=spec.name,
        permissions=sorted(spec.permissions),
        refund_limit_minor=spec.refund_limit_minor,
        adjustment_limit_minor=spec.adjustment_limit_minor,
    )
