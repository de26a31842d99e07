"""Shops of the neighbourhood in the demonstration: a promotion, a shared fee, baskets, and what became of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from billing.payments.service import take_payment
from billing.splits import receivers, rules
from billing.splits.documents import Part, SplitDocument
from deploy.seed.outside import Outside
from scenarios.community.merchants import baskets as to_be
from scenarios.community.merchants import buying, promotions, selling, service
from scenarios.community.merchants.buying import Wish
from scenarios.community.merchants.models import NeighbourShop, ShopOrder, ShopProduct
from scenarios.community.merchants.promotions import Terms
from scenarios.community.merchants.service import Goods
from tenants.actor import Actor
from tenants.days import today
from tenants.models import Tenant
from tenants.scope import open_scope, rows, tenant_scope

_KOPI = "nbr-kopi-corner"
_BUYERS = """
select h.person_id, h.name, a.id from tenants_holder h
  join tenants_account a on a.tenant_id = $1 and a.id = h.account_id
  join community_unit u on u.tenant_id = $1 and u.account_id = a.id
 where h.tenant_id = $1 and h.person_id is not null and h.confirmed_at is not null and h.sees is null
   and h.relation = 'owner' and lasts(h.until, day_of($1)) order by h.created_at, a.number limit 2
"""
Baskets = tuple[tuple[int, tuple[tuple[int, int], ...]], ...]
_PAID: Baskets = ((0, ((0, 2), (3, 1), (5, 1))), (1, ((1, 4), (2, 2))), (1, ((4, 1),)))
"""Who buys, and how many of the goods of which shop."""
_NAMES = {"en": "Weekend breakfast", "zh_CN": "周末早餐"}


_SHOPS = (
    ("Kopi Corner", "咖啡角", "Kaya toast set", "咖椰吐司套餐", 580),
    ("Fresh Basket", "鲜蔬篮", "Vegetable box", "蔬菜箱", 1_890),
    ("Book Nook", "书角", "Storybook", "故事书", 1_250),
    ("Handy Mo", "莫师傅五金", "LED lamp", "LED 灯泡", 690),
    ("Golden Wok", "金锅小馆", "Family dinner", "家庭晚餐", 4_800),
    ("Bloom", "花开", "Orchid", "兰花", 2_600),
)
"""Six shops, each with one of its goods: names in two languages, and the price."""


async def open_shops(chief: Actor, keeper: Actor) -> None:
    """Six shops, the first with a shopkeeper of its own; one sells to a group."""
    ends = datetime.now(UTC) + timedelta(days=6)
    for number, (english, chinese, goods, goods_chinese, price) in enumerate(_SHOPS):
        shop = await service.add_shop(
            chief, english=english, chinese=chinese, about="", keeper=(chief if number else keeper).person_id
        )
        names = {"en": goods, "zh_CN": goods_chinese}
        minimum = 10 if number == 1 else 0
        await service.offer(chief, shop.id, Goods(names, price, 40, minimum, ends if minimum else None))


async def trade(tenant: Tenant, outside: Outside, finance: Actor, chief: Actor, cashier: Actor) -> None:
    """Sell to two residents: three baskets that were paid, one that waits; told once."""
    async with open_scope(tenant_scope(tenant.id)):
        shops = await NeighbourShop.filter(tenant_id=tenant.id).order_by("created_at", "id")
        found = [dict(one) for one in await rows(_BUYERS, tenant.id)]
        if not shops or len(found) < 2 or await ShopOrder.exists(tenant_id=tenant.id):  # noqa: PLR2004
            return
        sold = await ShopProduct.filter(tenant_id=tenant.id)
    goods = [next(one for one in sold if one.shop_id == shop.id) for shop in shops]
    await _share(tenant, outside, finance, chief, shops[0])
    await _promote(tenant, chief, shops[0], goods[0])
    baskets = [await _buy(tenant, cashier, found[who], goods, wanted) for who, wanted in _PAID]
    await _buy(tenant, None, found[0], goods, ((2, 1),))
    await _go_on(tenant, chief, found[0], baskets)
    await _mean_to(tenant, found[0], goods)


async def _share(tenant: Tenant, outside: Outside, finance: Actor, chief: Actor, shop: NeighbourShop) -> None:
    """The first shop gets nine tenths of what is paid for its goods; the estate keeps the rest."""
    await outside.tell("merchants", {"id": _KOPI, "name": shop.names["en"], "currency": tenant.currency})
    async with open_scope(finance.scope()):
        made = await receivers.add(finance, name=shop.names["en"], kind="merchant", rail_merchant=_KOPI)
        part = Part(receiver=made.id, kind="percent", rate=9_000)
        rule = await rules.draft(finance, fee_item_id=shop.fee_item_id, document=SplitDocument(parts=(part,)))
    async with open_scope(chief.scope()):
        await rules.activate(chief, rule.id, effective_from=today(tenant.timezone))


async def _promote(tenant: Tenant, chief: Actor, shop: NeighbourShop, product: ShopProduct) -> None:
    now = datetime.now(UTC)
    async with open_scope(tenant_scope(tenant.id)):
        terms = Terms(
            _NAMES, "percent", 10, now - timedelta(days=1), now + timedelta(days=20), 1_000, product.id
        )
        await promotions.promote(chief, shop.id, terms)


async def _buy(
    tenant: Tenant, cashier: Actor | None, who: dict[str, Any], goods: list[ShopProduct], wanted: Any
) -> list[ShopOrder]:
    """Order a basket, and pay it at the desk where there is a cashier."""
    buyer = Actor(kind="payer", name=who["name"], person_id=who["person_id"], tenant_id=tenant.id)
    wish = Wish({goods[n].id: count for n, count in wanted}, who["id"], "pickup", f"demonstration-{wanted}")
    async with open_scope(tenant_scope(tenant.id)):
        made, hold = await buying.buy(buyer, tenant.id, wish)
    if cashier is not None:
        total = sum(one.total_minor for one in made)
        await take_payment(
            cashier, bills=[(hold.bill_id, total)], method="cash", key=f"demonstration-{hold.id}"
        )
    return made


async def _go_on(tenant: Tenant, chief: Actor, buyer: dict[str, Any], baskets: list[list[ShopOrder]]) -> None:
    """One is fetched and rated, one is given back, the others wait to be fulfilled."""
    fetched, back = baskets[0][0], baskets[2][0]
    async with open_scope(tenant_scope(tenant.id)):
        await selling.fulfil(chief, fetched.id)
        who = Actor(kind="payer", name=buyer["name"], person_id=buyer["person_id"], tenant_id=tenant.id)
        await selling.rate(who, await ShopOrder.get(tenant_id=tenant.id, id=fetched.id), rating=5)
    async with open_scope(tenant_scope(tenant.id)):
        await selling.give_back(chief, back.id, reason="The kitchen is closed today.")


async def _mean_to(tenant: Tenant, who: dict[str, Any], goods: list[ShopProduct]) -> None:
    """Leave something of two shops in a basket that is not ordered yet."""
    buyer = Actor(kind="payer", name=who["name"], person_id=who["person_id"], tenant_id=tenant.id)
    async with open_scope(tenant_scope(tenant.id)):
        for product in (goods[0], goods[5]):
            await to_be.put(buyer, tenant.id, who["id"], product.id, quantity=2)
