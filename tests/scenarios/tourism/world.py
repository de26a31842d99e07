"""A palace museum with two half days, what it sells, and people who buy."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from billing.models import Bill, FeeItem, FeeRule, Hold
from billing.payments import settlement
from billing.payments.service import take_payment
from integrations.sign_in.codes import read_address
from scenarios.tourism import fees
from scenarios.tourism.calendar import slots
from scenarios.tourism.models import Order, Pool, Product, Site, Slot, SlotTemplate, Ticket
from scenarios.tourism.orders import people, placing, wishes
from scenarios.tourism.orders.people import Visitor
from scenarios.tourism.orders.wishes import Wish
from scenarios.tourism.scope import visitor
from scenarios.tourism.stock import pools as stock
from tenants.actor import Actor, system_actor
from tenants.days import today
from tenants.ids import new_id
from tenants.models import Tenant
from tenants.scope import open_scope, rows, tenant_scope
from tests import make

PRICES = {
    ("peak", "adult"): "60.00",
    ("low", "adult"): "40.00",
    ("peak", "child"): "0.00",
    ("low", "child"): "0.00",
}
TIERS = [
    {"hours": 24, "percent": 100, "strike": False},
    {"hours": 2, "percent": 50, "strike": False},
    {"hours": -4, "percent": 20, "strike": True},
]


@dataclass
class Palace:
    tenant: Tenant
    site: Site
    products: dict[str, Product]
    day: date

    @property
    def id(self) -> UUID:
        return self.tenant.id

    @property
    def guest(self) -> Actor:
        return visitor(self.tenant.id)

    @property
    def system(self) -> Actor:
        return system_actor(self.tenant.id)

    @property
    def root(self) -> str:
        return f"/visit/{self.site.word}"

    def scope(self):
        return open_scope(tenant_scope(self.tenant.id))


async def build(bank: make.Bank, *, day_cap: int = 100, half: int = 60, **site: Any) -> Palace:
    """A site that sells three days ahead and on the day, whatever time it is now."""
    tenant = await make.tenant(bank, "tourism", timezone="Asia/Shanghai", currency="CNY")
    async with open_scope(tenant_scope(tenant.id)):
        await settlement.provision_settlement(
            system_actor(tenant.id),
            tenant,
            bank_code="HRBRSGSG",
            account_name=tenant.name,
            account_number="0123 4567 8901",
            currency=tenant.currency,
        )
        found = await Site.get(tenant_id=tenant.id)
        given = {
            "day_cap": day_cap,
            "instant_cap": half,
            "opens_days": 30,
            "opens_minute": 0,
            "is_open": True,
        }
        found.update_from_dict(given | site)
        await found.save()
        await SlotTemplate.filter(tenant_id=tenant.id).update(capacity=half)
        products = await sell(tenant, found)
        day = today(tenant.timezone) + timedelta(days=3)
        await slots.make_days(found, day, 2)
    return Palace(tenant, found, products, day)


async def sell(tenant: Tenant, site: Site) -> dict[str, Product]:
    item = await FeeItem.get(tenant_id=tenant.id, key="admission")
    await FeeRule.create(
        tenant_id=tenant.id,
        fee_item_id=item.id,
        version=1,
        document=fees.by_season_and_visitor(tenant.currency, PRICES),
        effective_from=date(2020, 1, 1),
        status="active",
    )
    common = {"tenant_id": tenant.id, "site_id": site.id, "fee_item_id": item.id, "about": {}, "parts": []}
    kinds = {"visitor_kinds": ["adult", "child"], "refund_tiers": TIERS}

    async def one(key: str, **more: Any) -> Product:
        return await Product.create(
            **common, **kinds, key=key, names={"en": key.title(), "zh_CN": key}, **more
        )

    made = {
        "palace": await one("palace", kind="single", position=1),
        "named": await one("named", kind="single", real_name="each", is_transferable=True, position=2),
        "clocks": await one("clocks", kind="single", is_slotted=False, position=3),
        "group": await one("group", kind="group", least_people=10, position=4),
    }
    parts = [str(made["palace"].id), str(made["clocks"].id)]
    made["combo"] = await one("combo", kind="combo", position=5)
    await Product.filter(tenant_id=tenant.id, id=made["combo"].id).update(parts=parts)
    return made


async def slots_of(palace: Palace, day: date | None = None) -> list[Slot]:
    async with palace.scope():
        return await Slot.filter(tenant_id=palace.id, day=day or palace.day).order_by("starts_at")


async def places_of(palace: Palace, slot: Slot, channel: str, people: int) -> dict[UUID, int]:
    """The pools that so many people draw on, looked at as an order does; in the open scope."""
    visit = await wishes.visit_of(palace.id, palace.site.id, slot.day, slot.id, [], channel)
    return stock.of_visit(visit.free, people)


async def asked(
    palace: Palace,
    *wanted: tuple[str, str, int],
    visitors: tuple[Visitor, ...] = (),
    slot: Slot | None = None,
    contact: str = "ann@example.com",
    name: str = "Ann Tan",
    channel: str = "web",
) -> placing.Request:
    slot = slot or (await slots_of(palace))[0]
    return placing.Request(
        site_id=palace.site.id,
        day=slot.day,
        slot_id=slot.id,
        wishes=[
            Wish(palace.products[key].id, kind, quantity)
            for key, kind, quantity in wanted or (("palace", "adult", 1),)
        ],
        visitors=visitors,
        buyer=people.Buyer(name, read_address(contact)),
        channel=channel,
    )


async def place(palace: Palace, *wanted: tuple[str, str, int], **more: Any) -> Order:
    request = await asked(palace, *wanted, **more)
    async with palace.scope():
        return await placing.place(palace.guest, request, key=new_id().hex)


async def pay(palace: Palace, order: Order) -> Order:
    """Pay at the desk, in cash: one of the ways in which money comes."""
    assert order.bill_id is not None
    cashier = await make.staff(palace.tenant, "cashier")
    await take_payment(
        cashier, bills=[(order.bill_id, order.total_minor)], method="cash", key=new_id().hex,
        tendered_minor=order.total_minor,
    )  # fmt: skip
    return await fresh(palace, order)


async def bought(palace: Palace, *wanted: tuple[str, str, int], **more: Any) -> Order:
    order = await place(palace, *wanted, **more)
    return await pay(palace, order) if order.status == "held" else order


async def fresh(palace: Palace, order: Order) -> Order:
    async with palace.scope():
        return await Order.get(tenant_id=palace.id, id=order.id)


async def tickets(palace: Palace, order: Order) -> list[Ticket]:
    async with palace.scope():
        return await Ticket.filter(tenant_id=palace.id, order_id=order.id).order_by("created_at", "id")


async def hold_of(palace: Palace, order: Order) -> Hold:
    async with palace.scope():
        return await Hold.get(tenant_id=palace.id, bill_id=order.bill_id)


async def bill_of(palace: Palace, order: Order) -> Bill:
    async with palace.scope():
        return await Bill.get(tenant_id=palace.id, id=order.bill_id)


async def pools(palace: Palace, day: date | None = None) -> dict[str, tuple[int, int, int]]:
    """Each pool of a day as (capacity, held, sold), by its scope; slots in their order."""
    async with palace.scope():
        found = await rows(
            "select p.scope, p.capacity, p.held, p.sold from tourism_pool p"
            " left join tourism_slot s on s.tenant_id = p.tenant_id and s.id = p.slot_id"
            " where p.tenant_id = $1 and p.day = $2 order by p.scope, s.starts_at",
            palace.id,
            day or palace.day,
        )
    counts: dict[str, int] = {}
    made = {}
    for one in found:
        number = counts[one["scope"]] = counts.get(one["scope"], 0) + 1
        name = one["scope"] if one["scope"] == "day" else f"{one['scope']}{number}"
        made[name] = (one["capacity"], one["held"], one["sold"])
    return made


async def all_right(palace: Palace) -> bool:
    """Hold every counter to its count, and every pool to its capacity."""
    from scenarios.tourism.stock import checks  # noqa: PLC0415

    async with palace.scope():
        assert await checks.differences(palace.id) == []
        found = await Pool.filter(tenant_id=palace.id)
    assert all(one.held + one.sold <= one.capacity for one in found)
    return True


def link_in(text: str) -> str:
    found = re.search(r"http://cloud\.test(/tickets/\S+)", text)
    assert found, text
    return found[1]
