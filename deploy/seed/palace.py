"""A palace museum: half-day slots under a cap of 10,080 a day and 5,600 at once, a season of visits, gates of today.

What visitors bought in the past is written set by set; what is still to come is sold by the product itself.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from billing.models import FeeItem, FeeRule, Receiver, SplitRule
from billing.payments.service import take_payment
from billing.payments.settlement import CONNECT_JOB
from deploy.seed import agencies, guests, holders, institutions
from deploy.seed.cast import Employee, Institution, join
from deploy.seed.work import work_off
from integrations.sign_in.codes import Address
from scenarios.tourism import fees
from scenarios.tourism.calendar import slots
from scenarios.tourism.models import Gate, Order, Product, Site, Slot, SlotTemplate, Ticket
from scenarios.tourism.orders import people, placing, refunding
from scenarios.tourism.orders.people import Buyer, Visitor
from scenarios.tourism.orders.wishes import Wish
from scenarios.tourism.scope import visitor, word_hash
from tenants import uscc
from tenants.days import today
from tenants.ids import new_id
from tenants.models import Account, Tenant
from tenants.scope import bank_scope, execute, open_scope, tenant_scope, value

if TYPE_CHECKING:
    from deploy.seed.stage import Play
    from tenants.actor import Actor
    from tenants.models import Bank

PALACE = Institution(
    "palace-museum",
    "Harbour Palace Museum Ltd.",
    "Palace Museum",
    uscc.make("91350100MA2XPALA0"),
    "Shen Yiming",
    "Shen Yiming",
    "office@palace-museum.example",
    "+65 6555 0900",
    scenario="tourism",
)
STAFF = (
    Employee("op-palace-director", "沈一鸣 Shen Yiming", PALACE, "administrator"),
    Employee("op-palace-planner", "Devi Pillai", PALACE, "planner"),
    Employee("op-palace-clerk", "Koh Mei Xian", PALACE, "ticket_clerk"),
    Employee("op-palace-agencies", "Lim Jia Hui", PALACE, "agency_manager"),
    Employee("op-palace-gates", "Rahim bin Osman", PALACE, "gate_supervisor"),
)
join(STAFF)
DAY_CAP, AT_ONCE, SEASON = 10_080, 5_600, 60
BOATS = "mch_moat_boats"
GATES = (("Meridian Gate", "entry"), ("East Gate", "both"), ("Gate of Spirit", "exit"))
TIERS = [
    {"hours": 8, "percent": 100, "strike": False},
    {"hours": -11, "percent": 100, "strike": True},
]
"""Free until midnight before the morning; on the day until the evening it is held against the visitor."""
PRICES = {
    "admission": {("peak", "adult"): "60.00", ("peak", "senior"): "30.00", ("peak", "child"): "0.00"}
    | {("low", "adult"): "40.00", ("low", "senior"): "20.00", ("low", "child"): "0.00"},
    "group_admission": {("peak", "student"): "0.00", ("low", "student"): "0.00"},
    "annual_pass": {("peak", "adult"): "300.00", ("low", "adult"): "300.00"},
}
_SEASON = """
insert into tourism_order (tenant_id, id, created_at, number, site_id, slot_id, day, account_id, channel, status,
    currency, total_minor, people, pools, name, contact, contact_kind, contact_hint, locale, paid_at)
select $1, new_id(), s.starts_at - interval '3 days',
       'S' || to_char(s.day, 'YYMMDD') || chr(64 + h.half) || lpad(n::text, 2, '0'),
       s.site_id, s.id, s.day, $2, case when n % 3 = 0 then 'desk' else 'web' end, 'paid', $3, 0,
       120 + (n * 37 + extract(doy from s.day)::int * 11) % 81,
       jsonb_build_object(d.id::text, 120 + (n * 37 + extract(doy from s.day)::int * 11) % 81,
                          p.id::text, 120 + (n * 37 + extract(doy from s.day)::int * 11) % 81),
       $4, $5, 'email', 's***@schools.example', 'en', s.starts_at - interval '3 days'
  from tourism_slot s
  join tourism_pool d on d.tenant_id = $1 and d.site_id = s.site_id and d.day = s.day and d.scope = 'day'
  join tourism_pool p on p.tenant_id = $1 and p.slot_id = s.id and p.scope = 'slot'
  cross join lateral (select case when extract(hour from s.starts_at at time zone $8) < 11 then 1 else 2 end half) h
  cross join generate_series(1, $9) n
 where s.tenant_id = $1 and s.day between $6 and $7 and s.status = 'open' and (s.day < $7 or h.half = 1)
"""
_TICKETS = """
insert into tourism_ticket (tenant_id, id, created_at, order_id, site_id, product_id, bought_id, slot_id, number, day,
    valid_from, valid_until, begins_at, kind, visitor_kind, people, places, price_minor, policy, status, uses,
    used, inside, used_on)
select $1, new_id(), o.created_at, o.id, o.site_id, $2, $2, o.slot_id, o.number, o.day,
       s.starts_at - interval '30 minutes', s.ends_at, s.starts_at, 'group', 'student', o.people, o.people, 0, '[]',
       case when m.is_missing then 'no_show' else 'used' end, 1, case when m.is_missing then 0 else o.people end,
       case when o.day = $3 and not m.is_missing then o.people else 0 end,
       case when m.is_missing then null else o.day end
  from tourism_order o join tourism_slot s on s.tenant_id = $1 and s.id = o.slot_id
  cross join lateral (select o.day < $3 and right(o.number, 2) = '07' is_missing) m
 where o.tenant_id = $1 and o.number like 'S%' and o.contract_id is null
"""
_POOLS = """
update tourism_pool p set sold = s.people from (
  select key::uuid id, sum(value::int) people from tourism_order o, jsonb_each_text(o.pools)
   where o.tenant_id = $1 and o.number ~ '^[SV]' group by 1) s
 where p.tenant_id = $1 and p.id = s.id
"""
_SCANS = """
insert into tourism_redemption (tenant_id, id, site_id, gate_id, device_id, ticket_id, nonce, direction, mode, people,
    day, scanned_at, received_at, has_let_in, verdict)
select $1, new_id(), t.site_id, g.gate_id, g.id, t.id, t.number || w.way, w.way,
       case when right(t.number, 2) = '11' then 'offline' else 'online' end, t.used, t.day, w.moment, w.moment,
       true, 'accepted'
  from tourism_ticket t
  cross join lateral (select right(t.number, 2)::int n) k
  join lateral (values
    ('entry', case when t.day = $2 then $3::timestamptz - (20 + k.n * 9) * interval '1 minute'
                   else t.begins_at + k.n * interval '6 minutes' end),
    ('exit', t.valid_until - k.n * interval '3 minutes')) w (way, moment) on true
  join lateral (select d.id, d.gate_id from tourism_device d
                  join tourism_gate g on g.tenant_id = $1 and g.id = d.gate_id
                 where d.tenant_id = $1 and g.way in ('both', w.way)
                 order by md5(d.id::text || t.number) limit 1) g on true
 where t.tenant_id = $1 and t.number ~ '^[SV]' and t.used > 0 and (t.day < $2 or w.way = 'entry')
"""
_DEVICES = """
insert into tourism_device (tenant_id, id, gate_id, name, key_hash, added_by_name)
select tenant_id, new_id(), id, name || ' 1', sha256(id::text::bytea), 'Rahim bin Osman'
  from tourism_gate where tenant_id = $1
"""


async def write(play: Play) -> str:
    """Write the chapter; each part is found again by what it has left."""
    tenant = await _founded(play)
    await work_off(tenant.id, CONNECT_JOB)
    manager, clerk = await play.staff(tenant, "agency_manager"), await play.staff(tenant, "ticket_clerk")
    await plan(tenant, manager, play.outside.issuer)
    await _boats(tenant, play)
    came = await remember(tenant, play.bank, clerk)
    sold = await sell(tenant, clerk)
    await agencies.settle(tenant, manager, clerk)
    sold += await _more(tenant, play.outside.issuer, clerk)
    return f"A palace museum: a season in which {came:,} people came, and {sold} orders for what is to come"


async def _founded(play: Play) -> Tenant:
    founded = await play.founded()
    async with open_scope(bank_scope(play.bank.id)):
        tenant = await Tenant.get_or_none(slug=PALACE.slug)
        if tenant is None:
            tenant = await institutions.found_one(founded, PALACE, play.outside.issuer)
            await institutions.age(play.bank, [tenant])
    return tenant


async def _more(tenant: Tenant, issuer: str, clerk: Actor) -> int:
    async with open_scope(tenant_scope(tenant.id)):
        site = await Site.get(tenant_id=tenant.id)
    await holders.write(tenant, site, clerk, _pay)
    return await agencies.book(tenant, site, issuer)


async def plan(tenant: Tenant, manager: Actor, issuer: str) -> None:
    """Give the museum its caps, prices, products, slots and gates, and a season of days; once."""
    async with open_scope(tenant_scope(tenant.id)):
        site = await Site.get(tenant_id=tenant.id)
        if site.is_open:
            return
        site.update_from_dict(_site())
        await site.save()
        await SlotTemplate.filter(tenant_id=tenant.id).update(
            capacity=AT_ONCE, since=today(tenant.timezone) - timedelta(days=SEASON)
        )
        for key, prices in PRICES.items():
            await _price(tenant, key, prices)
        await _products(tenant, site)
        for name, way in GATES:
            await Gate.create(tenant_id=tenant.id, site_id=site.id, name=name, way=way, products=[])
        await execute(_DEVICES, tenant.id)
        await slots.make_days(site, today(tenant.timezone) - timedelta(days=SEASON), SEASON + slots.AHEAD)
        await agencies.sign(tenant, site, manager, issuer)


def _site() -> dict[str, Any]:
    return {
        "word": "palace",
        "word_hash": word_hash("palace"),
        "names": {"en": "Harbour Palace Museum", "zh_CN": "海港宫博物院"},
        "about": {
            "en": "Halls, courtyards and nine thousand rooms. Tickets for half a day; bring your document.",
            "zh_CN": "殿宇、庭院与九千间房。分上下午场预约，请携带证件。",
        },
        "day_cap": DAY_CAP,
        "instant_cap": AT_ONCE,
        "seasons": [{"key": "peak", "from": "04-01", "until": "10-31"}],
        "opens_days": 14,
        "opens_minute": 1200,
        "hold_minutes": 15,
        "is_open": True,
    }


async def _price(tenant: Tenant, key: str, prices: fees.Prices) -> None:
    item = await FeeItem.get(tenant_id=tenant.id, key=key)
    await FeeRule.create(
        tenant_id=tenant.id,
        fee_item_id=item.id,
        version=1,
        document=fees.by_season_and_visitor(tenant.currency, prices),
        effective_from=today(tenant.timezone).replace(day=1) - timedelta(days=365),
        status="active",
        created_by_name="Devi Pillai",
        activated_by_name="Shen Yiming",
        activated_at=datetime.now(UTC),
    )


async def _products(tenant: Tenant, site: Site) -> None:
    items = {one.key: one.id for one in await FeeItem.filter(tenant_id=tenant.id)}
    everyone = ["adult", "senior", "child"]

    async def one(key: str, fee: str, en: str, zh: str, kinds: list[str], **more: Any) -> Product:
        facts = {"about": {}, "parts": [], "refund_tiers": TIERS} | more
        return await Product.create(
            tenant_id=tenant.id, site_id=site.id, fee_item_id=items[fee], key=key,
            names={"en": en, "zh_CN": zh}, visitor_kinds=kinds, **facts,
        )  # fmt: skip

    palace = await one(
        "palace", "admission", "Palace", "宫殿", everyone, kind="single", real_name="each", position=1,
        is_transferable=True,
    )  # fmt: skip
    clocks = await one(
        "clocks", "admission", "Clock gallery", "钟表馆", ["adult"], kind="single", is_slotted=False,
        is_on_sale=False, position=9,
    )  # fmt: skip
    await one(
        "palace_clocks", "admission", "Palace and clock gallery", "宫殿与钟表馆联票", ["adult"], kind="combo",
        parts=[str(palace.id), str(clocks.id)], position=2,
    )  # fmt: skip
    await one(
        "school", "group_admission", "School visit", "学校团队", ["student"], kind="group", least_people=10,
        real_name="lead", refund_tiers=[], position=3,
    )  # fmt: skip
    await one(
        "year", "annual_pass", "Annual pass", "年卡", ["adult"], kind="pass", real_name="each", is_slotted=False,
        valid_days=365, uses_per_day=1, refund_tiers=[], position=4,
    )  # fmt: skip


async def _boats(tenant: Tenant, play: Play) -> None:
    """A merchant on site: boats on the palace moat, sold in the same checkout, of which nine tenths are theirs."""
    await play.outside.tell("merchants", {"id": BOATS, "name": "Moat Boats", "currency": tenant.currency})
    async with open_scope(tenant_scope(tenant.id)):
        if await Receiver.exists(tenant_id=tenant.id, rail_merchant=BOATS):
            return
        site = await Site.get(tenant_id=tenant.id)
        item = await FeeItem.create(
            tenant_id=tenant.id, scenario="tourism", key="boats", kind="charge", is_active=True, position=9,
            names={"en": "Boat trip", "zh_CN": "游船"}, account_kinds=["visitor"], currency=tenant.currency,
        )  # fmt: skip
        await _price(tenant, "boats", {("peak", "adult"): "20.00", ("low", "adult"): "20.00"})
        owner = await Receiver.create(
            tenant_id=tenant.id, name="Moat Boats", kind="merchant", rail_merchant=BOATS
        )
        await SplitRule.create(
            tenant_id=tenant.id, fee_item_id=item.id, version=1, status="active",
            effective_from=today(tenant.timezone) - timedelta(days=SEASON),
            created_by_name="Devi Pillai", decided_by_name="Shen Yiming", decided_at=datetime.now(UTC),
            document={"parts": [{"receiver": str(owner.id), "kind": "percent", "rate": 9000}]},
        )  # fmt: skip
        await Product.create(
            tenant_id=tenant.id, site_id=site.id, fee_item_id=item.id, key="boat", kind="extra", position=5,
            names={"en": "Boat on the moat", "zh_CN": "护城河游船"}, about={}, visitor_kinds=["adult"], parts=[],
            refund_tiers=TIERS, is_slotted=False, receiver_id=owner.id,
        )  # fmt: skip


async def remember(tenant: Tenant, bank: Bank, clerk: Actor) -> int:
    """Write a season of visits with their scans, and this morning's; return how many people came."""
    async with open_scope(tenant_scope(tenant.id)):
        if not await Order.exists(tenant_id=tenant.id, channel="desk"):
            await _remember(tenant, bank, clerk)
        return int(await value("select sum(used) from tourism_ticket where tenant_id = $1", tenant.id))


async def _remember(tenant: Tenant, bank: Bank, clerk: Actor) -> None:
    buyer = Buyer("Schools' office", Address("email", "schools@schools.example"))
    scenario, kind, number, called = people.account_of(tenant.id, buyer)
    account = await Account.create(
        id=new_id(), tenant_id=tenant.id, scenario=scenario, kind=kind, number=number, name=called, sort_key=number,
        attributes={},
    )  # fmt: skip
    now, school = today(tenant.timezone), await Product.get(tenant_id=tenant.id, key="school")
    name, contact = people.seal(people.NAMES, buyer.name), people.seal(people.CONTACTS, buyer.address.value)
    await execute(
        _SEASON, tenant.id, account.id, tenant.currency, name, contact,
        now - timedelta(days=SEASON), now, tenant.timezone, 30,
    )  # fmt: skip
    await execute(_TICKETS, tenant.id, school.id, now)
    await guests.remember(tenant, bank, clerk, now)
    await agencies.remember(tenant, now - timedelta(days=SEASON), now - timedelta(days=1))
    await execute(_POOLS, tenant.id)
    await execute(_SCANS, tenant.id, now, datetime.now(UTC))


VISITORS = (
    ("Ong Wei Ling", "wei.ling@mail.example", "E1234567A", 2),
    ("陈晓 Chen Xiao", "chen.xiao@mail.example", "G12345678", 1),
    ("Priya Nair", "priya@mail.example", "K7654321B", 3),
    ("Lucas Meyer", "lucas@mail.example", "C01X00T47", 1),
)


async def sell(tenant: Tenant, clerk: Actor) -> int:
    """Sell what is to come by the product itself: paid at the desk, one given back, one that waits for its money."""
    async with open_scope(tenant_scope(tenant.id)):
        site = await Site.get(tenant_id=tenant.id)
        day = today(tenant.timezone) + timedelta(days=2)
        coming = await Slot.filter(tenant_id=tenant.id, day=day).order_by("starts_at")
    sold = [await _order(tenant, site, coming[n % 2], *one) for n, one in enumerate(VISITORS)]
    for order in sold[:-1]:
        await _pay(clerk, order)
    async with open_scope(tenant_scope(tenant.id)):
        first = (
            await Ticket.filter(tenant_id=tenant.id, order_id=sold[0].id).order_by("created_at", "id").first()
        )
        assert first is not None  # noqa: S101 - sold above
        await refunding.give_back(
            visitor(tenant.id),
            sold[0].id,
            [first.id],
            seen_minor=first.price_minor,
            key=f"seed back {sold[0].id}",
        )
    return len(sold)


async def _order(  # noqa: PLR0917 - who comes, how many, when
    tenant: Tenant, site: Site, slot: Slot, name: str, contact: str, document: str, count: int
) -> Order:
    async with open_scope(tenant_scope(tenant.id)):
        palace = await Product.get(tenant_id=tenant.id, key="palace")
        asked = placing.Request(
            site_id=site.id,
            day=slot.day,
            slot_id=slot.id,
            wishes=[Wish(palace.id, "adult", count)],
            visitors=[Visitor(name if n == 0 else f"{name} {n + 1}", f"{document}{n}") for n in range(count)],
            buyer=Buyer(name, Address("email", contact)),
        )
        return await placing.place(visitor(tenant.id), asked, key=f"seed {contact}")


async def _pay(clerk: Actor, order: Order) -> None:
    assert order.bill_id is not None  # noqa: S101 - it costs something
    bills: list[tuple[UUID, int]] = [(order.bill_id, order.total_minor)]
    await take_payment(
        clerk, bills=bills, method="cash", key=f"seed {order.id}", tendered_minor=order.total_minor
    )
