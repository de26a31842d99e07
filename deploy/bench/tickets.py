"""Tickets of one hot slot: orders, whole checkouts on the web, and redemptions at a gate, each beside its bare SQL.

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
from urllib.parse import urlencode
from uuid import UUID

import asyncpg
from starlette.types import ASGIApp, Message

from billing.models import FeeItem, FeeRule
from deploy import app as product
from deploy import logs
from deploy.bench.scratch import scratch, tenant
from deploy.database import credentials
from deploy.settings import Settings
from integrations.sign_in.codes import Address
from scenarios.tourism import fees
from scenarios.tourism.calendar import slots
from scenarios.tourism.models import Device, Gate, Product, Site, Slot, SlotTemplate, Ticket
from scenarios.tourism.orders import codes, placing
from scenarios.tourism.orders.people import Buyer
from scenarios.tourism.orders.wishes import Wish
from scenarios.tourism.scope import visitor
from scenarios.tourism.stock import checks
from tenants import throttle
from tenants.codes import hash_token, new_token
from tenants.ids import new_id
from tenants.models import Tenant
from tenants.scope import open_scope, tenant_scope, value

DEFAULTS: Mapping[str, int] = {"orders": 400, "checkouts": 150, "redemptions": 1000, "at_once": 8}
AIMS = {"orders": 150, "checkouts": 60, "redemptions": 600}
ROOM = 1_000_000
_KEY = re.compile(r'name="key" value="([^"]+)"')
_BARE_ORDER = """
with o as (insert into bare_order (note) values ('x') returning id)
insert into bare_ticket (order_id) select id from o
"""
_BARE_POOLS = "update bare_pool set held = held + 1 where id = any ($1) and held + 1 <= capacity"
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
            await _must_be_exact(world, options["orders"] + options["checkouts"])
        finally:
            await bare.close()
    return _report(found, options)


def _report(found: Mapping[str, tuple[float, float]], options: Mapping[str, int]) -> dict[str, Any]:
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
        "is_met": all(found[name][0] >= aim for name, aim in AIMS.items()),
        "rates": rates,
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
        await _call(app, "GET", day)
        await _call(app, "GET", slot)
        _, page = await _call(app, "GET", f"{slot}/order", query=query)
        key = _KEY.search(page.decode())
        if key is None:
            raise RuntimeError("the order's page has no key")
        sent = {"key": key[1], f"q-{world.product.id}-adult": "1", "name": "Bench", "is_agreed": "1"}
        status, _ = await _call(
            app, "POST", f"{slot}/order", form=sent | {"contact": f"c{number}@example.com"}
        )
        if status != 303:  # noqa: PLR2004 - on to paying
            raise RuntimeError(f"the order was answered {status}")

    return work


async def _redemptions(
    world: World, app: ASGIApp, bare: asyncpg.Pool, options: Mapping[str, int]
) -> tuple[float, float]:
    count = options["redemptions"]
    tickets = await _tickets(world, count)
    headers = {"authorization": f"Bearer {world.key}", "content-type": "application/json"}

    async def ours(number: int) -> None:
        body = {"scans": [{"nonce": f"n{number}", "code": tickets[number]}]}
        _, answer = await _call(app, "POST", "/gate/scans", body=json.dumps(body).encode(), headers=headers)
        if json.loads(answer)["told"][0]["verdict"] != "accepted":
            raise RuntimeError(f"a good ticket was refused: {answer.decode()}")

    async def floor(number: int) -> None:
        async with bare.acquire() as connection, connection.transaction():
            await connection.fetchval("select used from bare_ticket where id = $1 for update", number + 1)
            await connection.execute(
                "insert into bare_scan (ticket_id, nonce) values ($1, $2)", number + 1, f"n{number}"
            )
            await connection.execute("update bare_ticket set used = used + 1 where id = $1", number + 1)

    return await _pair(ours, floor, count, options)


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
        day = (datetime.now(UTC) + timedelta(days=3)).date()
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


async def _tickets(world: World, count: int) -> Sequence[str]:
    """Return the codes of tickets that are good now, written at once beside the order that has them."""
    now = datetime.now(UTC)
    async with open_scope(tenant_scope(world.tenant.id)):
        order_id: UUID = await value(
            "select id from tourism_order where tenant_id = $1 limit 1", world.tenant.id
        )
        made = [
            Ticket(
                id=new_id(), tenant_id=world.tenant.id, order_id=order_id, site_id=world.site.id,
                product_id=world.product.id, bought_id=world.product.id, number=f"X{number}", day=world.day,
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


async def _call(  # noqa: PLR0917 - one request
    app: ASGIApp,
    method: str,
    path: str,
    query: str = "",
    form: Mapping[str, str] | None = None,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> tuple[int, bytes]:
    """Call the application as a server would, and return the status and the body."""
    told = {"host": "bench", "accept": "text/html", **(headers or {})}
    if form is not None:
        body, told = urlencode(form).encode(), told | {"content-type": "application/x-www-form-urlencoded"}
    told["content-length"] = str(len(body))
    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": query.encode(),
        "headers": [(name.encode(), text.encode()) for name, text in told.items()], "scheme": "http",
        "server": ("bench", 80), "client": ("127.0.0.1", 1), "http_version": "1.1", "root_path": "",
    }  # fmt: skip
    status, parts = 0, list[bytes]()

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        parts.append(message.get("body", b""))

    await app(scope, receive, send)
    return status, b"".join(parts)
