"""The open API as apps use it, nine reads to one write, beside bare asyncpg answering the same in one statement each.

One process does the work, as one web process would, the application being called as a server would call it; the
database has the other core. Each call shows the token of one of many installations, so that none is throttled.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message

from billing.models import Bill, BillLine, FeeItem
from deploy import app as product
from deploy import logs, services
from deploy.bench.scratch import scratch, tenant
from deploy.database import connected, credentials
from deploy.errors import OperatorError
from deploy.open_resources import BILLS
from deploy.settings import Settings
from integrations.apps.api import entry
from integrations.apps.api.facts import ACCOUNTS
from integrations.apps.clients import client_key, granted
from integrations.apps.models import App, AppVersion, Vendor
from integrations.apps.tenant_models import Installation
from tenants.ids import new_id
from tenants.models import Account, Tenant
from tenants.scope import bank_scope, open_scope, tenant_scope

DEFAULTS: Mapping[str, int] = {
    "requests": 4000,
    "at_once": 16,
    "rounds": 3,
    "accounts": 200,
    "installations": 40,
}
AIM = 2315
SCOPES = ["openid", "tenant", "bills", "accounts", "documents", "offline_access"]
CLAIMS = ["tenant", "tenant_name", "tenant_scenarios"]
PDF = b"%PDF-1.4\n" + b"%" * 2000 + b"\n%%EOF\n"
EDGE = "bench"
_TENANT = "select id, short_name, scenarios from tenants_tenant where id = $1"
_DOCUMENT = """
insert into integrations_app_document (tenant_id, id, installation_id, vendor_id, subject_kind, subject_id, kind,
  number, title, filename, content_type, size, sha256, storage_key)
values ($1, new_id(), $2, $3, 'bill', $4, 'invoice', $5, 'Invoice', 'invoice.pdf', 'application/pdf', 1, '', $5)
returning id
"""


@dataclass(frozen=True)
class World:
    """An institution with bills, and the apps that are installed there with their tokens."""

    tenant: Tenant
    bills: Sequence[Bill]
    accounts: Sequence[Account]
    installations: Sequence[Installation]
    tokens: Sequence[str]


@dataclass(frozen=True)
class Call:
    """One request of the mix; ``body`` makes it a write."""

    path: str
    body: bytes = b""
    lane: int = 0


async def measure(options: Mapping[str, int]) -> dict[str, Any]:
    """Return requests a second, with bare asyncpg's as the floor; rounds alternate so that noise hits both."""
    async with scratch() as settings:
        services.start_redis(settings.data_dir)  # calls are counted there
        try:
            world = await _world(await tenant(1), options)
            ours, floor, waits = await _rounds(settings, world, options)
        finally:
            services.stop_redis(settings.data_dir)
    return {
        "figure": round(ours, 1),
        "unit": "requests/s",
        "floor": round(floor, 1),
        "ratio": round(ours / floor, 3),
        "aim": f"figure >= {AIM}",
        "is_met": ours >= AIM,
        "median_ms": round(sorted(waits)[len(waits) // 2] * 1000, 2),
        **options,
    }


async def _rounds(
    settings: Settings, world: World, options: Mapping[str, int]
) -> tuple[float, float, list[float]]:
    logs.configure(settings)
    ours = product.create(settings, scenarios=[], has_lifespan=False)
    waits, spent = list[float](), [0.0, 0.0]
    where = credentials(settings.database_superuser_url.get_secret_value()) | {"database": "cloud"}
    async with asyncpg.create_pool(**where, min_size=4, max_size=options["at_once"]) as pool:
        bare = _bare(pool, world)
        async with connected(settings.database_url.get_secret_value(), pool=options["at_once"]):
            for number in range(options["rounds"] + 1):
                count = (
                    options["requests"] if number else options["at_once"] * 10
                )  # the first is for getting warm
                for which, app in enumerate((ours, bare)):
                    calls = _mix(world, count, f"{number}-{which}")
                    kept = waits if number and not which else []
                    seconds = await _all(_asking(app, world), calls, options["at_once"], kept)
                    spent[which] += seconds if number else 0
    total = options["requests"] * options["rounds"]
    return total / spent[0], total / spent[1], waits


def _mix(world: World, count: int, stretch: str) -> list[Call]:
    """Return the calls of a stretch: of ten, four lists and five single things are read, and one paper is added."""
    return [_call(world, n, stretch) for n in range(count)]


def _call(world: World, n: int, stretch: str) -> Call:
    bill, account = world.bills[n % len(world.bills)], world.accounts[n % len(world.accounts)]
    lane = n % len(world.tokens)
    paths = (
        "bills?limit=20", f"bills/{bill.id}", "accounts?limit=20", f"accounts/{account.id}", "tenant",
        f"bills?number={bill.number}", f"bills/{bill.id}", f"accounts?number={account.number}",
        f"accounts/{account.id}",
    )  # fmt: skip
    if n % 10 < len(paths):
        return Call(f"/api/v1/{paths[n % 10]}", lane=lane)
    return Call(f"/api/v1/bills/{bill.id}/documents", _paper(f"{stretch}-{n}"), lane)


def _paper(number: str) -> bytes:
    fields = {"kind": "invoice", "number": number, "title": "Invoice"}
    parts = [
        f'--{EDGE}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()
    ]
    head = f'--{EDGE}\r\nContent-Disposition: form-data; name="file"; filename="invoice.pdf"\r\n'
    kind = "Content-Type: application/pdf\r\n\r\n"
    return "".join([*parts, head, kind]).encode() + PDF + f"\r\n--{EDGE}--\r\n".encode()


async def _all(
    ask: Callable[[Call], Awaitable[None]], calls: Sequence[Call], at_once: int, waits: list[float]
) -> float:
    """Make all calls, so many at once; return the seconds it took."""
    left, begun = iter(calls), time.perf_counter()

    async def one() -> None:
        for call in left:
            asked = time.perf_counter()
            await ask(call)
            waits.append(time.perf_counter() - asked)

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(one())
    return time.perf_counter() - begun


def _asking(app: ASGIApp, world: World) -> Callable[[Call], Awaitable[None]]:
    headers = [
        [
            (b"host", b"localhost"),
            (b"authorization", f"Bearer {token}".encode()),
            (b"accept", b"application/json"),
        ]
        for token in world.tokens
    ]
    form = (b"content-type", f"multipart/form-data; boundary={EDGE}".encode())

    async def ask(call: Call) -> None:
        sent = headers[call.lane] + ([form, (b"content-length", b"%d" % len(call.body))] if call.body else [])
        status, body = await _send(app, call, sent)
        if status not in {200, 201}:
            raise OperatorError(f"What is measured answered {status}: {body[:200]!r}.")

    return ask


async def _send(app: ASGIApp, call: Call, headers: list[tuple[bytes, bytes]]) -> tuple[int, bytes]:
    """Call the application as a server does."""
    parts = urlsplit(call.path)
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "root_path": "",
        "method": "POST" if call.body else "GET", "path": parts.path, "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(), "headers": headers,
        "client": ("127.0.0.1", 1), "server": ("localhost", 80),
    }  # fmt: skip
    found: dict[str, Any] = {"status": 0, "body": b""}

    async def receive() -> Message:
        return {"type": "http.request", "body": call.body, "more_body": False}

    async def send(message: Message) -> None:
        found["status"] = message.get("status", found["status"])
        found["body"] += message.get("body", b"")

    await app(scope, receive, send)
    return int(found["status"]), bytes(found["body"])


# ---- the floor


def _bare(pool: Any, world: World) -> Starlette:
    """Return the bare application: the same statements, without walls, tokens, consent or a trail."""
    of = world.tenant.id

    def said(rows: Sequence[Any]) -> Response:
        return Response(
            orjson.dumps([orjson.loads(row["facts"]) for row in rows]), media_type="application/json"
        )

    async def bills(request: Request) -> Response:
        given = request.query_params
        limit = int(given.get("limit", 50)) + 1
        return said(await pool.fetch(BILLS, of, None, None, given.get("number", ""), "", limit))

    async def bill(request: Request) -> Response:
        return said(await pool.fetch(BILLS, of, None, request.path_params["id"], "", "", 1))

    async def accounts(request: Request) -> Response:
        given = request.query_params
        limit = int(given.get("limit", 50)) + 1
        return said(await pool.fetch(ACCOUNTS, of, None, None, given.get("number", ""), limit))

    async def account(request: Request) -> Response:
        return said(await pool.fetch(ACCOUNTS, of, None, request.path_params["id"], "", 1))

    async def institution(request: Request) -> Response:
        del request
        found = await pool.fetchrow(_TENANT, of)
        return Response(orjson.dumps({k: str(v) for k, v in found.items()}), media_type="application/json")

    async def paper(request: Request) -> Response:
        form = await request.form()
        given = (of, world.installations[0].id, world.installations[0].vendor_id, request.path_params["id"])
        return Response(str(await pool.fetchval(_DOCUMENT, *given, f"bare {form['number']}")), 201)

    root = "/api/v1"
    return Starlette(
        routes=[
            Route(f"{root}/bills", bills),
            Route(f"{root}/bills/{{id:uuid}}", bill),
            Route(f"{root}/accounts", accounts),
            Route(f"{root}/accounts/{{id:uuid}}", account),
            Route(f"{root}/tenant", institution),
            Route(f"{root}/bills/{{id:uuid}}/documents", paper, methods=["POST"]),
        ]
    )


# ---- what is measured on


async def _world(at: Tenant, options: Mapping[str, int]) -> World:
    apps = await _apps(at, options["installations"])
    async with open_scope(tenant_scope(at.id)):
        accounts, bills = await _charged(at, options["accounts"])
        installations = [await _installed(at, app) for app in apps]
    tokens = []
    for app in apps:
        found = await granted(app.client_id, at.id)
        assert found is not None  # noqa: S101 - installed a moment ago
        tokens.append(entry.issue(found))
    return World(at, bills, accounts, installations, tokens)


async def _charged(at: Tenant, count: int) -> tuple[list[Account], list[Bill]]:
    """Make accounts with five bills of two lines each."""
    item = await FeeItem.filter(tenant_id=at.id).first()
    assert item is not None  # noqa: S101 - every institution begins with fees
    common = {
        "tenant_id": at.id,
        "scenario": "community",
        "kind": "unit",
        "place": "1 Market St",
        "attributes": {},
    }
    accounts = [
        Account(id=new_id(), number=f"#{n:04d}", name=f"Holder {n}", sort_key=f"{n:04d}", **common)
        for n in range(count)
    ]
    await Account.bulk_create(accounts)
    bills = [_bill(account, n, month) for n, account in enumerate(accounts) for month in range(1, 6)]
    await Bill.bulk_create(bills)
    await BillLine.bulk_create([_line(bill, item, position) for bill in bills for position in range(2)])
    return accounts, bills


def _bill(account: Account, n: int, month: int) -> Bill:
    return Bill(
        id=new_id(), tenant_id=account.tenant_id, account_id=account.id, scenario="community",
        number=f"2026{month:02d}-{n:06d}", period=date(2026, month, 1), due_on=date(2026, month, 15), currency="SGD",
        total_minor=6350, status="issued", account_number=account.number, account_name=account.name,
        place=account.place,         issued_at=datetime.now(UTC),
    )  # fmt: skip


def _line(bill: Bill, item: FeeItem, position: int) -> BillLine:
    return BillLine(
        tenant_id=bill.tenant_id, bill_id=bill.id, account_id=bill.account_id, fee_item_id=item.id, period=bill.period,
        currency="SGD", amount_minor=3175, names={"en": "Charge", "zh_CN": "收费"}, inputs={}, position=position,
        is_periodic=False,
    )  # fmt: skip


async def _installed(at: Tenant, app: App) -> Installation:
    return await Installation.create(
        id=new_id(), tenant_id=at.id, vendor_id=app.vendor_id, app_id=app.id, version_id=app.listed_version_id,
        scopes=SCOPES, claims=CLAIMS, roles=["administrator"], installed_by_name="Bench",
    )  # fmt: skip


async def _apps(at: Tenant, count: int) -> list[App]:
    common: dict[str, Any] = {"bank_id": at.bank_id}
    async with open_scope(bank_scope(at.bank_id)):
        vendor = await Vendor.create(
            **common, slug="bench", name="Bench", uscc=at.uscc, legal_representative="A. Person",
            website="https://app.example", contact_email="bench@example.com", status="admitted", created_by=new_id(),
        )  # fmt: skip
        common["vendor_id"] = vendor.id
        return [await _app(common, n) for n in range(count)]


async def _app(common: Mapping[str, Any], n: int) -> App:
    version_id, names = new_id(), (f"bench-{n}", f"bench-test-{n}")
    app = await App.create(
        **common, slug=names[0], name="Bench", status="listed", listed_version_id=version_id, client_id=names[0],
        client_key=client_key(names[0]), test_client_id=names[1], test_client_key=client_key(names[1]),
        webhook_secret=b"",
    )  # fmt: skip
    lists = ("redirect_uris", "post_logout_redirect_uris", "frame_origins", "protocols", "findings")
    empty: dict[str, Any] = {name: [] for name in lists}
    await AppVersion.create(
        **common, **empty, id=version_id, app_id=app.id, number=1, status="listed", texts={}, scenarios=["community"],
        needs=[], scopes={key: {} for key in SCOPES}, places={}, created_by_name="Bench",
    )  # fmt: skip
    return app
