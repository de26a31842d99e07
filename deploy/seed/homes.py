"""Homes of the demonstration: whom residents have let in, and a unit whose renter pays from next month on."""

from datetime import UTC, datetime
from uuid import UUID

from billing.charges.periods import months_after
from scenarios.community.estate import handover, leases
from scenarios.community.estate.leases import LeaseTerms
from scenarios.community.leaving import deposits, moving_out
from scenarios.community.leaving.deposits import DepositTerms
from scenarios.community.leaving.moving_out import MoveTerms
from scenarios.community.prepaid import service as prepaid
from tenants.accounts import guests
from tenants.accounts.forms import HolderForm
from tenants.accounts.guests import Guest
from tenants.actor import Actor
from tenants.days import today
from tenants.models import Account, Holder, Tenant
from tenants.scope import value

_LET, _LEFT = 5, 9
"""Places in the estate's order: of the unit that is let, and of the one that was left."""
_ONE_LEFT = """
select a.id from community_unit u join tenants_account a on a.tenant_id = $1 and a.id = u.account_id
 where u.tenant_id = $1 order by a.sort_key offset $2 limit 1
"""


async def live_in(
    tenant: Tenant, chief: Actor, residents: list[tuple[Actor, UUID]], units: list[tuple[UUID, str]]
) -> None:
    """Invite somebody into each home of the story, let one unit, and ask for deposits."""
    for who, unit in residents:
        guest = Guest("Wei Jie", "wei.jie@example.com", "family", ["bills", "repairs", "visitors"])
        await guests.invite(who, tenant.id, unit, guest)
    renter = HolderForm(name="Cho Min", relation="resident", email="cho.min@example.com")
    account = await Account.get(tenant_id=tenant.id, id=units[_LET][0])
    fees = [one.id for one in await leases.fees_of(account)]
    await leases.begin(
        chief, account.id, LeaseTerms(months_after(today(tenant.timezone), 1), None, renter, fees)
    )
    for number, (who, unit) in enumerate(residents[:2]):
        kind = ("access_card", "fit_out")[number]
        terms = DepositTerms(kind, (5_000, 80_000)[number], ("Card 1042", "New kitchen")[number])
        await deposits.ask(chief, unit, terms, key=f"demonstration-{who.person_id}")
    await prepaid.begin(chief, residents[0][1], "water", warn_minor=2_000)


async def leave(tenant: Tenant, chief: Actor, who: Actor) -> None:
    """Let a resident have sold another unit last month, with the statement of what was left to settle.

    It comes before this month's pools and votes, for these are the new owner's.
    """
    now, unit = today(tenant.timezone), await value(_ONE_LEFT, tenant.id, _LEFT)
    await Holder.filter(tenant_id=tenant.id, account_id=unit).delete()
    await Holder.create(
        tenant_id=tenant.id,
        account_id=unit,
        person_id=who.person_id,
        relation="owner",
        name=who.name,
        confirmed_at=datetime.now(UTC),
    )
    buyer = HolderForm(name="Lau Siew Peng", relation="owner", email="siew.peng@example.com")
    await handover.hand_over(chief, unit, on=months_after(now, -1).replace(day=17), holder=buyer)
    await moving_out.move_out(chief, unit, MoveTerms(now, "Blk 8 Telok Blangah Cres #11-20"))
