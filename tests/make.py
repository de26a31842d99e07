"""Things tests need, made the way the product would: through scopes, never around them."""

import itertools
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any
from uuid import UUID

import httpx2
from tortoise import Tortoise

from deploy import database
from tenants import days, models, sessions
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.permissions import bank_permissions, roles_of
from tenants.provisioning import provision
from tenants.scope import bank_scope, open_scope, operator_scope, person_scope, tenant_scope
from tenants.uscc import make as make_uscc

ZONE = "Asia/Singapore"
"""Where every institution made here is."""
EAST, WEST = "Etc/GMT-14", "Etc/GMT+12"
"""It is never the same day in both, and so at any hour one of them has another day than UTC."""

_serial = itertools.count(1)
_tenants = itertools.count(1)
"""Counted apart: a credit code has room for 9,999 of them in one process."""


@dataclass(frozen=True)
class Bank:
    id: UUID
    branch_id: UUID
    slug: str


async def bank_as_owner(owner_url: str, slug: str = "harbour") -> Bank:
    """Create a bank and a branch as the owner role."""
    await Tortoise.init(config=database.config(owner_url, pool=2), _enable_global_fallback=True)
    try:
        async with open_scope(operator_scope()):
            bank = await models.Bank.create(
                slug=slug, name="海港银行", name_en="Harbour Bank", accent="#0b5d7a", country="SG"
            )
            branch = await models.Branch.create(bank_id=bank.id, code="001", name="Central")
        return Bank(bank.id, branch.id, slug)
    finally:
        await Tortoise.close_connections()


def today() -> date:
    """The day it is for the institutions made here: from 16:00 on it is a later one than UTC's."""
    return days.today(ZONE)


async def move(tenant: models.Tenant, zone: str) -> None:
    """Have an institution's days begin at another zone's midnight."""
    async with open_scope(tenant_scope(tenant.id)):
        await models.Tenant.filter(id=tenant.id).update(timezone=zone)
    tenant.timezone = zone


def around_midnight(zone: str, day: date) -> list[tuple[datetime, date]]:
    """Half past eleven on the eve of a day and half past midnight on it, each with the day it then is in a zone."""
    begins = days.midnight(day, zone)
    half = timedelta(minutes=30)
    return [(begins - half, day - timedelta(days=1)), (begins + half, day)]


@dataclass
class Clock:
    """Stands still until a test moves it, in place of ``datetime`` in a module: so a test fixes the day."""

    moment: datetime
    combine = datetime.combine

    def now(self, zone: tzinfo) -> datetime:
        return self.moment.astimezone(zone)


def serial() -> int:
    return next(_serial)


async def person(name: str = "Ann Tan", **given: Any) -> models.Person:
    person_id = new_id()
    async with open_scope(person_scope(person_id)):
        return await models.Person.create(id=person_id, name=name, **given)


async def tenant(bank: Bank, scenario: str = "community", **given: Any) -> models.Tenant:
    """A provisioned tenant, as approval leaves it."""
    n = next(_tenants)
    values: dict[str, Any] = {
        "bank_id": bank.id,
        "branch_id": bank.branch_id,
        "slug": f"tenant-{n}-{new_id().hex[-6:]}",
        "name": f"Institution {n} Ltd",
        "short_name": f"Institution {n}",
        "kind": "company",
        "uscc": make_uscc(f"91350100M{n:08d}"),
        "legal_representative": "Chen Wei",
        "contact_name": "Lee Hua",
        "contact_email": "contact@example.com",
        "contact_phone": "+65 6000 0000",
        "scenarios": [scenario],
        "currency": "SGD",
        "timezone": ZONE,
        "locale": "en",
        "status": "live",
        "live_at": datetime.now(UTC),
    } | given
    async with open_scope(bank_scope(bank.id)):
        made = await models.Tenant.create(id=new_id(), **values)
        actor = Actor(kind="bank", name="Reviewer", bank_id=bank.id)
        async with open_scope(tenant_scope(made.id)):
            await provision(actor, made)
    return made


async def staff(
    tenant: models.Tenant, role: str = "administrator", name: str = "Mei Lim", *, level: int = 3
) -> Actor:
    """A member of the tenant's staff with one built-in role, as an actor."""
    who = await person(name)
    spec = next(r for r in roles_of(tenant.scenarios) if r.key == role)
    async with open_scope(tenant_scope(tenant.id)):
        held = await models.Role.get(tenant_id=tenant.id, key=role)
        await models.Membership.create(
            tenant_id=tenant.id, person_id=who.id, role_id=held.id, name=name, email=f"{role}@example.com"
        )
    return Actor(
        kind="staff",
        name=name,
        person_id=who.id,
        tenant_id=tenant.id,
        permissions=spec.permissions,
        roles=(spec.name,),
        refund_limit_minor=spec.refund_limit_minor,
        adjustment_limit_minor=spec.adjustment_limit_minor,
        level=level,
        method="bank",
        auth_time=datetime.now(UTC),
        place={"slug": tenant.slug},
    )


async def bank_staff(bank: Bank, role: str = "reviewer", name: str = "Rui Ong") -> Actor:
    """A member of the bank's staff with one built-in role, as an actor."""
    who = await person(name)
    async with open_scope(bank_scope(bank.id)):
        await models.BankMembership.create(
            bank_id=bank.id, person_id=who.id, role=role, name=name, email=f"{role}@bank.example"
        )
    return Actor(
        kind="bank",
        name=name,
        person_id=who.id,
        bank_id=bank.id,
        permissions=bank_permissions([role]),
        level=3,
        method="bank",
        auth_time=datetime.now(UTC),
        place={"slug": bank.slug},
    )


async def account(tenant: models.Tenant, number: str | None = None, **given: Any) -> models.Account:
    number = number or f"A{serial():05d}"
    values: dict[str, Any] = {
        "scenario": tenant.scenarios[0],
        "kind": "unit",
        "number": number,
        "name": f"Unit {number}",
        "place": "Blk 1",
        "attributes": {"flat_type": "4-room", "is_reduced": True},
    } | given
    async with open_scope(tenant_scope(tenant.id)):
        return await models.Account.create(tenant_id=tenant.id, **values)


async def holder(
    account: models.Account, person: models.Person | None, *, since: date | None = None, **given: Any
) -> models.Holder:
    """A holder of the account; confirmed when a person is given."""
    values: dict[str, Any] = {
        "relation": "owner",
        "name": person.name if person else f"Holder {serial()}",
        "email": "holder@example.com",
        "person_id": person.id if person else None,
        "confirmed_at": datetime.now(UTC) if person else None,
        "since": since,
    } | given
    async with open_scope(tenant_scope(account.tenant_id)):
        return await models.Holder.create(tenant_id=account.tenant_id, account_id=account.id, **values)


def payer(person: models.Person) -> Actor:
    return Actor(kind="payer", name=person.name, person_id=person.id, level=2, auth_time=datetime.now(UTC))


async def sign_in(client: httpx2.AsyncClient, person_id: UUID, *, level: int = 3, **given: Any) -> str:
    """Give the client a session of this person, as the bank's sign-in would leave it."""
    async with open_scope(person_scope(person_id)):
        token = await sessions.start(
            sessions.SignedIn(
                person_id=person_id, method="bank", level=level, auth_time=datetime.now(UTC), **given
            )
        )
    client.cookies.set(sessions.COOKIE, token, domain=client.base_url.host)
    return token
