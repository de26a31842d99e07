"""Homes of the demonstration: whom residents have let in, and a unit whose renter pays from next month on."""

from uuid import UUID

from billing.charges.periods import months_after, today
from scenarios.community.estate import leases
from scenarios.community.estate.leases import LeaseTerms
from tenants.accounts import guests
from tenants.accounts.forms import HolderForm
from tenants.accounts.guests import Guest
from tenants.actor import Actor
from tenants.models import Account, Tenant

_LET = 5
"""The place in the estate's order of the unit that is let."""


async def live_in(
    tenant: Tenant, chief: Actor, residents: list[tuple[Actor, UUID]], units: list[tuple[UUID, str]]
) -> None:
    """Invite somebody into each home of the story, and let one unit."""
    for who, unit in residents:
        guest = Guest("Wei Jie", "wei.jie@example.com", "family", ["bills", "repairs", "visitors"])
        await guests.invite(who, tenant.id, unit, guest)
    renter = HolderForm(name="Cho Min", relation="resident", email="cho.min@example.com")
    account = await Account.get(tenant_id=tenant.id, id=units[_LET][0])
    fees = [one.id for one in await leases.fees_of(account)]
    await leases.begin(
        chief, account.id, LeaseTerms(months_after(today(tenant.timezone), 1), None, renter, fees)
    )
