"""What makes a tenant ready on its first day: each package adds its part to one transaction."""

from collections.abc import Awaitable, Callable

from tenants.actor import Actor
from tenants.models import Role, Tenant
from tenants.permissions import TENANT_ROLES

Provisioner = Callable[[Actor, Tenant], Awaitable[None]]
_provisioners: list[tuple[str, Provisioner]] = []


def add_provisioner(provisioner: Provisioner, *, scenario: str = "") -> None:
    """Have ``provisioner(actor, tenant)`` run for new tenants (of one scenario, where named)."""
    if (scenario, provisioner) not in _provisioners:
        _provisioners.append((scenario, provisioner))


async def provision(actor: Actor, tenant: Tenant) -> None:
    """Fill a new tenant in the open transaction and tenant scope: roles first, then every package's part."""
    for spec in TENANT_ROLES:
        await Role.create(
            tenant_id=tenant.id,
            key=spec.key,
            name=spec.name,
            permissions=sorted(spec.permissions),
            refund_limit_minor=spec.refund_limit_minor,
        )
    for scenario, provisioner in _provisioners:
        if not scenario or scenario in tenant.scenarios:
            await provisioner(actor, tenant)
