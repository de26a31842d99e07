"""Every institution's day also removes what its time is over for, and looks at it from outside once a week.

Whoever is erased leaves no address with payments.
"""

from uuid import UUID

from billing.daily import every_day
from tenants.actor import Actor
from tenants.privacy.outside import look_once_a_week
from tenants.privacy.requests import add_eraser
from tenants.privacy.retention import keep_to_rules
from tenants.scope import execute, open_scope, tenant_id, tenant_scope


async def once_a_day(actor: Actor) -> None:
    """Keep to the retention rules in one institution, and see that nobody else sees it."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        await keep_to_rules()
        await look_once_a_week()


async def erase_from_payments(person_id: UUID) -> int:
    """Take the address for receipts and the mark of the device off a person's payments; the payments stay."""
    return await execute(
        "update billing_payment set payer_email = '', device_mark = null where tenant_id = $1 and person_id = $2"
        " and (payer_email <> '' or device_mark is not null)",
        tenant_id(),
        person_id,
    )


async def erase_from_complaints(person_id: UUID) -> int:
    """Take the address off a person's complaints."""
    return await execute(
        "update billing_complaint set contact = '' where tenant_id = $1 and person_id = $2 and contact <> ''",
        tenant_id(),
        person_id,
    )


add_eraser("addresses and devices of payments", erase_from_payments)
add_eraser("addresses of complaints", erase_from_complaints)
every_day(once_a_day)
