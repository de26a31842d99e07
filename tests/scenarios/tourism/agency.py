"""An agency with a contract, and somebody who books for it."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from billing.models import Wallet
from billing.wallets.topping_up import take_top_up
from integrations.sign_in.codes import read_address
from scenarios.tourism.agencies import booking, contracts
from scenarios.tourism.agencies.desk import Desk
from scenarios.tourism.agencies.standing import deposit_of
from scenarios.tourism.models import Contract, Order, Slot, Ticket
from scenarios.tourism.orders import people, placing
from scenarios.tourism.orders.people import Visitor
from scenarios.tourism.orders.wishes import Wish
from tenants.actor import Actor
from tenants.days import today
from tenants.ids import new_id
from tenants.models import Account, Person
from tests import make
from tests.scenarios.tourism import world
from tests.scenarios.tourism.world import Palace

USCC = "91350100M000100Y43"
COMPANY = {"bank_id": "b", "enterprise_id": "e", "name": "Sunrise Travel", "uscc": USCC}
TIERS = [{"hours": 24, "percent": 100, "strike": False}, {"hours": 0, "percent": 50, "strike": False}]


@dataclass
class Agency:
    palace: Palace
    contract: Contract
    account: Account
    person: Person
    manager: Actor

    @property
    def root(self) -> str:
        return f"/my/agencies/{self.account.id}"

    @property
    def clerk(self) -> Actor:
        return replace(make.payer(self.person), company=COMPANY, tenant_id=self.palace.id)

    def desk(self) -> Desk:
        return Desk(self.clerk, self.account, self.contract, self.palace.site, self.palace.tenant)


async def agency(palace: Palace, **terms: Any) -> Agency:
    """An agency that pays 30 for a grown-up and 5 for a student's place in a group, with a limit of 1,000."""
    account = await make.account(palace.tenant, kind="agency", name="Sunrise Travel", attributes={})
    who = await make.person("Fang Min")
    await make.holder(account, who, relation="agent")
    manager = await make.staff(palace.tenant, "agency_manager")
    facts = {
        "account_id": account.id, "site_id": palace.site.id, "uscc": USCC, "since": date(2020, 1, 1),
        "until": date(2099, 1, 1), "counts": "redeemed", "limit_minor": 100_000, "due_days": 15,
        "allotment": 0, "release_days": 1, "moves_hours": 24, "cancel_tiers": TIERS,
        "prices": [_price(palace, "palace", "adult", 3000), _price(palace, "named", "adult", 3500),
                   _price(palace, "group", "adult", 500)],
    }  # fmt: skip
    async with palace.scope():
        contract = await contracts.add(manager, facts | terms)
    return Agency(palace, contract, account, who, manager)


def _price(palace: Palace, key: str, kind: str, minor: int) -> dict[str, Any]:
    return {"product": str(palace.products[key].id), "kind": kind, "price_minor": minor}


def asked(
    palace: Palace, slot: Slot, *wanted: tuple[str, int], visitors: tuple[Visitor, ...] = ()
) -> placing.Request:
    return placing.Request(
        site_id=palace.site.id,
        day=slot.day,
        slot_id=slot.id,
        wishes=[Wish(palace.products[key].id, "adult", count) for key, count in wanted],
        visitors=visitors,
        buyer=people.Buyer("Guide", read_address("guide@example.com")),
        channel="agency",
    )


async def book(it: Agency, *wanted: tuple[str, int], slot: Slot | None = None, **more: Any) -> Order:
    slot = slot or (await world.slots_of(it.palace))[0]
    request = asked(it.palace, slot, *(wanted or (("palace", 2),)), **more)
    async with it.palace.scope():
        return await booking.book(it.clerk, it.contract, request, key=new_id().hex)


async def deposit(it: Agency, amount_minor: int) -> Wallet:
    """Take money for the agency's deposit at the desk."""
    cashier = await make.staff(it.palace.tenant, "cashier")
    async with it.palace.scope():
        wallet = await deposit_of(it.contract)
    await take_top_up(
        cashier, wallet_id=wallet.id, amount_minor=amount_minor, method="cash", key=new_id().hex,
        tendered_minor=amount_minor,
    )  # fmt: skip
    async with it.palace.scope():
        return await Wallet.get(tenant_id=it.palace.id, id=wallet.id)


async def last_month(it: Agency, order: Order, *, used: int) -> date:
    """Have been there: move a booking's tickets into the month before, with so many let in; return its month."""
    day = today(it.palace.tenant.timezone).replace(day=1) - timedelta(days=3)
    moment = datetime(day.year, day.month, day.day, 8, tzinfo=UTC)
    async with it.palace.scope():
        await Ticket.filter(tenant_id=it.palace.id, order_id=order.id).update(
            day=day, valid_from=moment, begins_at=moment, valid_until=moment + timedelta(hours=4)
        )
        for ticket in await Ticket.filter(tenant_id=it.palace.id, order_id=order.id):
            let_in = min(ticket.people, used)
            used -= let_in
            ticket.used, ticket.status = let_in, "used" if let_in else "no_show"
            await ticket.save()
    return day.replace(day=1)
