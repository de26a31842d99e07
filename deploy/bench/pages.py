"""A payer's page of bills against a bare page of the same rows, each served by Granian on one core."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from billing.charges.periods import months_after
from billing.models import Bill
from deploy import supervisor
from deploy.bench import bare, cores
from deploy.bench.load import Load, drive
from deploy.bench.scratch import scratch, tenant
from deploy.sandbox.server import free_port
from deploy.settings import Settings
from deploy.supervisor import Child, module
from tenants import sessions
from tenants.ids import new_id
from tenants.models import Account, Holder, Person, Tenant
from tenants.scope import open_scope, person_scope, tenant_scope

DEFAULTS: Mapping[str, int] = {"bills": 20, "connections": 16, "seconds": 5, "rounds": 3}
AIM = 0.5
_FIRST = date(2025, 1, 1)


async def measure(options: Mapping[str, int]) -> dict[str, Any]:
    """Return requests a second, with the bare page's as the floor; rounds alternate so that noise hits both."""
    async with scratch() as settings:
        person = await _payer(await tenant(1), options["bills"])
        cookie = {"Cookie": f"{sessions.COOKIE}={await _session(person)}", "Accept": "text/html"}
        ours, floor = await _rounds(settings, person, cookie, options)
    ratio = ours.per_second / floor.per_second
    return {
        "figure": round(ours.per_second, 1),
        "unit": "requests/s",
        "floor": round(floor.per_second, 1),
        "ratio": round(ratio, 3),
        "aim": f"ratio >= {AIM}",
        "is_met": ratio >= AIM,
        "median_ms": ours.within_ms(50),
        "p99_ms": ours.within_ms(99),
        "floor_median_ms": floor.within_ms(50),
        "bytes": ours.bytes_each,
        "floor_bytes": floor.bytes_each,
        "is_one_core": cores.can_pin(),
        **options,
    }


async def _rounds(
    settings: Settings, person: UUID, cookie: Mapping[str, str], options: Mapping[str, int]
) -> tuple[Load, Load]:
    port = free_port()
    env = settings.environ() | {bare.DATABASE: settings.database_superuser_url.get_secret_value()}
    env[bare.DATABASE] = env[bare.DATABASE].replace("/postgres?", "/cloud?")
    async with supervisor.running(settings.data_dir / "logs", env | {bare.PERSON: str(person)}) as children:
        urls = f"http://127.0.0.1:{settings.port}/my", f"http://127.0.0.1:{port}/my"
        await children.start(*_servers(settings, port))
        loads = Load(), Load()
        with cores.on_others():
            for number in range(options["rounds"] + 1):
                for load, url in zip(loads, urls, strict=True):
                    told = {} if url is urls[1] else cookie
                    seconds = options["seconds"] if number else 1
                    done = await drive(url, told, seconds=seconds, connections=options["connections"])
                    if number:  # the first is for getting warm
                        load.add(done)
    return loads


def _servers(settings: Settings, port: int) -> Sequence[Child]:

    command = module(
        "granian",
        "--interface",
        "asgi",
        "--no-ws",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "deploy.bench.bare:app",
    )
    return (
        Child("ours", cores.on_first(module("deploy", "serve")), f"http://127.0.0.1:{settings.port}/healthz"),
        Child("bare", cores.on_first(command), f"http://127.0.0.1:{port}/my"),
    )


async def _payer(at: Tenant, count: int) -> UUID:
    """Return a person who owes ``count`` bills of one account."""
    person_id = new_id()
    async with open_scope(person_scope(person_id)):
        await Person.create(id=person_id, name="Tan Ah Kow", email="tan@mail.example")
    async with open_scope(tenant_scope(at.id)):
        account = await Account.create(
            tenant_id=at.id,
            scenario="community",
            kind="unit",
            number="1 MARKET ST #02-03",
            name="1 Market St #02-03",
            place="1 Market St",
            attributes={"flat_type": "4-room", "is_reduced": True},
        )
        await Holder.create(
            tenant_id=at.id,
            account_id=account.id,
            person_id=person_id,
            relation="owner",
            name="Tan Ah Kow",
            confirmed_at=datetime.now(UTC),
        )
        await Bill.bulk_create([_bill(account, number) for number in range(count)])
    return person_id


def _bill(account: Account, number: int) -> Bill:
    period = months_after(_FIRST, number)
    return Bill(
        tenant_id=account.tenant_id,
        account_id=account.id,
        scenario="community",
        number=f"{period:%Y%m}-{number:06d}",
        period=period,
        due_on=period.replace(day=15),
        currency="SGD",
        total_minor=6350 + number,
        status="issued",
        account_number=account.number,
        account_name=account.name,
        place=account.place,
        issued_at=datetime.now(UTC),
    )


async def _session(person: UUID) -> str:
    signed_in = sessions.SignedIn(person_id=person, method="bank", level=2, auth_time=datetime.now(UTC))
    async with open_scope(person_scope(person)):
        return await sessions.start(signed_in)
