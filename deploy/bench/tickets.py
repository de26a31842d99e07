"""Tickets of one hot slot: orders, whole checkouts on the web, and redemptions at a gate, each beside its bare SQL.

Beside them: how long one verdict takes at the server when nothing else runs, how many statements an order and a verdict
are, and the calendar of a year with six slots a day.

One process does the work, as one web process would, the application being called as a server would call it. Orders and
checkouts cost something, so that each has a held bill with its entry in the ledger. Afterwards the pools must hold
exactly what was ordered, and the same checks that run every day find nothing.
"""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from starlette.types import ASGIApp

from billing.models import FeeItem, FeeRule
from deploy import app as product
from deploy import logs
from deploy.bench.calling import call
from deploy.bench.scratch import scratch, tenant
from deploy.database import credentials
from deploy.settings import Settings
from integrations.sign_in.codes import Address
from scenarios.tourism import fees
from scenarios.tourism.calendar import slots
from scenarios.tourism.gates import scanning
from scenarios.tourism.gates.door import at_gate
from scenarios.tourism.models import Device, Gate, Product, Site, Slot, SlotTemplate, Ticket
from scenarios.tourism.orders import codes, placing
from scenarios.tourism.orders.people import Buyer
from scenarios.tourism.orders.wishes import Wish
from scenarios.tourism.scope import visitor
from scenarios.tourism.shop.availability import days_left
from scenarios.tourism.stock import checks
from tenants import throttle
from tenants.codes import hash_token, new_token
from tenants.days import today
from tenants.ids import new_id
from tenants.models import Tenant
from tenants.scope import open_scope, raw, tenant_scope, value

DEFAULTS: Mapping[str, int] = {
    "orders": 400, "checkouts": 150, "redemptions": 1000, "verdicts": 300, "pages": 300, "days": 365, "at_once": 8,
}  # fmt: skip
VERDICT_MS = 50
SLOTS = 6
AIMS = {"orders": 150, "checkouts": 60, "redemptions": 600}
ROOM = 1_000_000
_KEY = re.compile(r'name="key" value="([^"]+)"')
_BARE_ORDER = """
with o as (insert into bare_order (note) values ('x') returning id)
insert into bare_ticket (order_id) select id from o
"""
_BARE_POOLS = """
with locked as materialized (select id from bare_pool where id = any ($1) order by id for update)
update bare_pool p set held = held + 1 from locked l where p.id = l.id and held + 1 <= capacity
"""
"""Locked in one order, as ours are: a plain update takes them as they lie, and two of those can wait for each other."""
_BARE = """
create table bare_order (id bigserial primary key, note text);
create table bare_ticket (id bigserial primary key, order_id bigint, used int not null default 0);
create table bare_scan (id bigserial primary key, ticket_id bigint, nonce text unique);
create table bare_pool (id int primary key, held int not null, capacity int not null check (held <= capacity));
insert into bare_pool values (1, 0, 1000000000), (2, 0, 1000000000), (3, 0, 1000000000);
"""


@dataclass(frozen=True, slots=True)
class World:
    """A site with one day, what it sells, and a device at its gate."""

    tenant: Tenant
    site: Site
    slot: Slot
    product: Product
    day: date
    key: str

    def asked(self, number: int) -> placing.Request:
        """Return an order for one adult."""
        return placing.Request(
            site_id=self.site.id,
            day=self.day,
            slot_id=self.slot.id,
            wishes=[Wish(self.product.id, "adult", 1)],
            visitors=(),
            buyer=Buyer("Bench", Address("email", f"b{number}@example.com")),
        )


async def measure(options: Mapping[str, int]) -> dict[str, Any]:
    """Return orders a second, with checkouts and redemptions beside it, each with its floor."""
    async with scratch() as settings:
        logs.configure(settings)
        world = await _world(await tenant(1, "tourism"))
        app = product.create(settings, has_lifespan=False)
        bare = await _bare(settings)
        try:
            found = {
                "orders": await _pair(_orders(world), _bare_orders(bare), options["orders"], options),
                "checkouts": await _pair(
                    _checkouts(world, app), _bare_orders(bare), options["checkouts"], options
                ),
                "redemptions": await _redemptions(world, app, bare, options),
            }
            beside = {
                "verdict_ms": await _verdicts(world, app, options["verdicts"]),
                "statements": await _statements(world),
                "calendar": await _calendar(world, app, options),
            }
            await _must_be_exact(world, options["orders"] + options["checkouts"] + 1)
        finally:
            await bare.close()
    return _report(found, beside, options)


def _report(
    found: Mapping[str, tuple[float, float]], beside: Mapping[str, Any], options: Mapping[str, int]
) -> dict[str, Any]:
    ours, floor = found["orders"]
    rates = {
        name: {"figure": round(a, 1), "floor": round(b, 1), "ratio": round(a / b, 3), "aim": AIMS[name]}
        for name, (a, b) in found.items()
    }
    return {
        "figure": round(ours, 1),
        "unit": "orders/s",
        "floor": round(floor, 1),
        "ratio": round(ours / floor, 3),
        "aim": ", ".join(f"{name} >= {aim}/s" for name, aim in AIMS.items()),
        "is_met": all(found[name][0] >= aim for name, aim in AIMS.items())
        and beside["verdict_ms"]["p99"] < VERDICT_MS,
        "rates": rates,
        **beside,
        "is_stock_exact": True,
        **options,
    }


Work = Callable[[int], Awaitable[None]]


async def _pair(ours: Work, bare: Work, count: int, options: Mapping[str, int]) -> tuple[float, float]:
    return await _rate(ours, count, options["at_once"]), await _rate(bare, count, options["at_once"])


async def _rate(work: Work, count: int, at_once: int) -> float:
    """Return how often a second the work is done, so many at once."""
    numbers = iter(range(count))

    async def worker() -> None:
        for number in numbers:
            await work(number)

    begun = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(at_once)))
    return count / (time.perf_counter() - begun)


def _orders(world: World) -> Work:
    actor = visitor(world.tenant.id)

    async def work(number: int) -> None:
        async with open_scope(tenant_scope(world.tenant.id)):
            await placing.place(actor, world.asked(number), key=f"order-{number}")

    return work


def _checkouts(world: World, app: ASGIApp) -> Work:
    """The four requests of a visitor: the day, the time, the order with its terms, and sending it."""
    day = f"/visit/{world.site.word}/{world.day.isoformat()}"
    slot = f"{day}/{world.slot.id}"
    query = f"q-{world.product.id}-adult=1"

    async def work(number: int) -> None:
        throttle.forget()
        await call(app, "GET", day)
        await call(app, "GET", slot)
        _, page = await call(app, "GET", f"{slot}/order", query=query)
        key = _KEY.search(page.decode())
        if key is None:
            raise RuntimeError("the order's page has no key")
        sent = {"key": key[1], f"q-{world.product.id}-adult": "1", "name": "Bench", "is_agreed": "1"}
        status, _ = await call(
            app, "POST", f"{slot}/order", form=sent | {"contact": f"c{number}@example.com"}
        )
        if status != 303:  # noqa: PLR2004 - on to paying
            raise RuntimeError(f"the order was answered {status}")

    return work


async def _redemptions(
    world: World, app: ASGIApp, bare: asyncpg.Pool, options: Mapping[str, int]
) -> tuple[float, float]:
    count = options["redemptions"]
    tickets = await _tickets(world, count, "X")
    headers = {"authorization": f"Bearer {world.key}", "content-type": "application/json"}

    async def ours(number: int) -> None:
        await _redeem(app, headers, f"n{number}", tickets[number])

    async def floor(number: int) -> None:
        async with bare.acquire() as connection, connection.transaction():
            await connection.fetchval("select used from bare_ticket where id = $1 for update", number + 1)
            await connection.execute(
                "insert into bare_scan (ticket_id, nonce) values ($1, $2)", number + 1, f"n{number}"
            )
            await connection.execute("update bare_ticket set used = used + 1 where id = $1", number + 1)

    return await _pair(ours, floor, count, options)


async def _redeem(app: ASGIApp, headers: Mapping[str, str], nonce: str, code: str) -> None:
    body = json.dumps({"scans": [{"nonce": nonce, "code": code}]}).encode()
    _, answer = await call(app, "POST", "/gate/scans", body=body, headers=headers)
    if json.loads(answer)["told"][0]["verdict"] != "accepted":
        raise RuntimeError(f"a good ticket was refused: {answer.decode()}")


async def _verdicts(world: World, app: ASGIApp, count: int) -> dict[str, float]:
    """Return how long a verdict takes at the server, in milliseconds: one after the other, nothing else running."""
    headers = {"authorization": f"Bearer {world.key}", "content-type": "application/json"}
    taken = []
    for number, code in enumerate(await _tickets(world, count, "V")):
        begun = time.perf_counter()
        await _redeem(app, headers, f"v{number}", code)
        taken.append((time.perf_counter() - begun) * 1000)
    taken.sort()
    return {"p50": round(taken[count // 2], 1), "p99": round(taken[count * 99 // 100], 1), "aim": VERDICT_MS}


async def _statements(world: World) -> dict[str, int]:
    """Return how many statements an order and a verdict are, each in its one transaction."""
    (code,) = await _tickets(world, 1, "C")
    async with at_gate(world.key) as station:
        pass

    async def order() -> None:
        await placing.place(visitor(world.tenant.id), world.asked(10**9), key="counted")

    async def verdict() -> None:
        await scanning.scan(station, scanning.Asked("counted", code))

    return {"order": await _counted(world, order), "verdict": await _counted(world, verdict)}


async def _counted(world: World, work: Callable[[], Awaitable[None]]) -> int:
    seen: list[str] = []
    async with open_scope(tenant_scope(world.tenant.id)):
        logger: Callable[[Any], None] = lambda record: seen.append(record.query)  # noqa: E731
        raw().add_query_logger(logger)
        try:
            await work()
        finally:
            raw().remove_query_logger(logger)
    return len(seen)


async def _calendar(world: World, app: ASGIApp, options: Mapping[str, int]) -> dict[str, float]:
    """Return months of the calendar a second with six slots a day for a year, beside the statement that reads one."""
    first = world.day + timedelta(days=1)
    async with open_scope(tenant_scope(world.tenant.id)):
        site = await Site.get(tenant_id=world.tenant.id)
        await Site.filter(tenant_id=site.tenant_id).update(opens_days=365)
        for n in range(SLOTS - 2):
            await SlotTemplate.create(
                tenant_id=site.tenant_id, site_id=site.id, names={"en": f"Slot {n}"}, weekdays=[*range(1, 8)],
                start_minute=600 + n, end_minute=900 + n, capacity=ROOM, allotments={}, since=date(2020, 1, 1),
            )  # fmt: skip
        await slots.make_days(site, first, options["days"])
    months = [f"{first + timedelta(days=30 * n):%Y-%m}" for n in range(max(options["days"] // 31, 1))]
    zone = world.tenant.timezone

    async def ours(number: int) -> None:
        query = f"month={months[number % len(months)]}"
        await call(app, "GET", f"/visit/{world.site.word}", query=query)

    async def floor(number: int) -> None:
        begin = date.fromisoformat(f"{months[number % len(months)]}-01")
        async with open_scope(tenant_scope(world.tenant.id)):
            await days_left(site, zone, begin, begin + timedelta(days=30))

    figure, least = await _pair(ours, floor, options["pages"], options)
    return {"figure": round(figure, 1), "floor": round(least, 1), "ratio": round(figure / least, 3)}


def _bare_orders(bare: asyncpg.Pool) -> Work:
    async def work(number: int) -> None:
        del number
        async with bare.acquire() as connection, connection.transaction():
            await connection.execute(_BARE_ORDER)
            await connection.execute(_BARE_POOLS, [1, 2, 3])

    return work


async def _bare(settings: Settings) -> asyncpg.Pool:
    url = settings.database_superuser_url.get_secret_value()
    pool = await asyncpg.create_pool(**credentials(url), min_size=1, max_size=8)
    assert pool is not None  # noqa: S101 - awaited above
    await pool.execute(_BARE)
    return pool


async def _world(made: Tenant) -> World:
    async with open_scope(tenant_scope(made.id)):
        site = await Site.get(tenant_id=made.id)
        site.update_from_dict(
            {"day_cap": ROOM, "instant_cap": ROOM, "opens_days": 30, "opens_minute": 0, "is_open": True}
        )
        await site.save()
        await SlotTemplate.filter(tenant_id=made.id).update(capacity=ROOM, allotments={"web": ROOM})
        day = today(made.timezone) + timedelta(days=3)
        await slots.make_days(site, day)
        slot = await Slot.filter(tenant_id=made.id, day=day).order_by("starts_at").first()
        assert slot is not None  # noqa: S101 - made above
        key = new_token()
        gate = await Gate.create(tenant_id=made.id, site_id=site.id, name="North", products=[])
        await Device.create(
            tenant_id=made.id, gate_id=gate.id, name="North", key_hash=hash_token(key), added_by_name="Bench"
        )
        return World(made, site, slot, await _product(site, made.currency), day, key)


async def _product(site: Site, currency: str) -> Product:
    item = await FeeItem.get(tenant_id=site.tenant_id, key="admission")
    await FeeRule.create(
        tenant_id=site.tenant_id,
        fee_item_id=item.id,
        version=1,
        document=fees.by_season_and_visitor(currency, {("low", "adult"): "40.00"}),
        effective_from=date(2020, 1, 1),
        status="active",
    )
    return await Product.create(
        tenant_id=site.tenant_id, site_id=site.id, fee_item_id=item.id, key="palace", kind="single",
        names={"en": "Palace"}, about={}, visitor_kinds=["adult"], parts=[], refund_tiers=[],
    )  # fmt: skip


async def _tickets(world: World, count: int, letter: str) -> Sequence[str]:
    """Return the codes of tickets that are good now, written at once beside the order that has them."""
    now = datetime.now(UTC)
    async with open_scope(tenant_scope(world.tenant.id)):
        order_id: UUID = await value(
            "select id from tourism_order where tenant_id = $1 limit 1", world.tenant.id
        )
        made = [
            Ticket(
                id=new_id(), tenant_id=world.tenant.id, order_id=order_id, site_id=world.site.id,
                product_id=world.product.id, bought_id=world.product.id, number=f"{letter}{number}", day=world.day,
                valid_from=now - timedelta(hours=1), valid_until=now + timedelta(hours=9), begins_at=now,
                kind="single", visitor_kind="adult", people=1, places=0, price_minor=0, policy=[], status="issued",
                serial=1, uses=1, uses_per_day=0,
            )
            for number in range(count)
        ]  # fmt: skip
        await Ticket.bulk_create(made)
    return [codes.code_of(one) for one in made]


async def _must_be_exact(world: World, count: int) -> None:
    async with open_scope(tenant_scope(world.tenant.id)):
        wrong = await checks.differences(world.tenant.id)
        held = await value(
            "select held from tourism_pool where tenant_id = $1 and scope = 'day' and held > 0",
            world.tenant.id,
        )
    if wrong or held != count:
        raise RuntimeError(f"the pools hold {held} of {count}: {wrong}")
