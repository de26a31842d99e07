"""A payer's page of bills against a bare page of the same rows, each served by Granian on one core."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from billing.charges.periods import months_after
from billing.models import Bill
from deploy.bench import bare, pair
from deploy.bench.scratch import scratch, tenant
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
        cookie = {"Cookie": f"{sessions.COOKIE}={await session_of(person)}", "Accept": "text/html"}
        env, page = {bare.PERSON: str(person)}, ("deploy.bench.bare:app", "/my")
        ours, floor = await pair.rounds(settings, ("/my", cookie), page, env, options)
    found = pair.figures(ours, floor)
    return found | {"aim": f"ratio >= {AIM}", "is_met": found["ratio"] >= AIM, **options}


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


async def session_of(person: UUID) -> str:
    """Return the cookie of somebody who has just signed in."""
    signed_in = sessions.SignedIn(person_id=person, method="bank", level=2, auth_time=datetime.now(UTC))
    async with open_scope(person_scope(person)):
        return await sessions.start(signed_in)
