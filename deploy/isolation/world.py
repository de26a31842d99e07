"""Two institutions of two banks, everybody who works and pays there, and a browser for each of them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import httpx2
from starlette.applications import Starlette

from deploy.isolation.rows import one_of_each
from tenants import sessions
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import (
    Account,
    Bank,
    BankMembership,
    Branch,
    Holder,
    Membership,
    Person,
    Role,
    Tenant,
)
from tenants.permissions import BANK_ROLES, TENANT_PERMISSIONS, TENANT_ROLES
from tenants.provisioning import provision
from tenants.scope import bank_scope, open_scope, person_scope, tenant_scope
from tenants.uscc import make

MARKER = "Zanzibar Foreign Holdings"
"""What is written in the foreign institution's rows, and must be on nobody else's page."""
ADDRESS = "http://isolation.test"
EVERYTHING = "everything"


@dataclass(slots=True)
class World:
    """Where the walk happens: ``foreign`` is the id that a row of every table of theirs has."""

    bank: Bank
    other_bank: Bank
    mine: Tenant
    theirs: Tenant
    foreign: UUID
    staff: dict[str, UUID]
    held: dict[str, frozenset[str]]
    clerks: dict[str, UUID]
    payer: UUID


async def build(bank: Bank, other_bank: Bank) -> World:
    """Make both institutions with everybody who has a role, and a payer, in mine."""
    mine, theirs = await _tenant(bank, 1, "Our Own Court"), await _tenant(other_bank, 2, MARKER)
    made = await one_of_each(theirs.id)
    (foreign,) = set(made.values())
    async with open_scope(tenant_scope(theirs.id)):
        await Account.create(
            id=new_id(), tenant_id=theirs.id, scenario="community", kind="unit", number=MARKER, name=MARKER,
            attributes={},
        )  # fmt: skip
    staff = {spec.key: await _employee(mine, spec.key) for spec in TENANT_ROLES}
    staff[EVERYTHING] = await _everything(mine)
    clerks = {role: await _clerk(bank, role) for role in BANK_ROLES}
    return World(
        bank, other_bank, mine, theirs, foreign, staff, await _held(mine), clerks, await _payer(mine)
    )


async def _held(tenant: Tenant) -> dict[str, frozenset[str]]:
    """Return what each role may do as it was provisioned, with what the industry cloud has added."""
    async with open_scope(tenant_scope(tenant.id)):
        return {role.key: frozenset(role.permissions) for role in await Role.filter(tenant_id=tenant.id)}


async def _tenant(bank: Bank, number: int, name: str) -> Tenant:
    async with open_scope(bank_scope(bank.id)):
        branch = await Branch.create(
            id=new_id(), bank_id=bank.id, code=f"{number:03d}", name=f"Branch of {name}"
        )
        made = await Tenant.create(
            id=new_id(), bank_id=bank.id, branch_id=branch.id, slug=f"isolation-{number}", name=name,
            short_name=name, kind="company", uscc=make(f"91350100M0009{number:04d}"),
            legal_representative=name, contact_name=name, contact_email=f"contact-{number}@example.com",
            contact_phone="+65 6000 0000", scenarios=["community"], currency="SGD", timezone="Asia/Singapore",
            locale="en", status="live", live_at=datetime.now(UTC),
        )  # fmt: skip
        async with open_scope(tenant_scope(made.id)):
            await provision(Actor(kind="bank", name="Isolation", bank_id=bank.id), made)
    return made


async def _person(name: str) -> UUID:
    person_id = new_id()
    async with open_scope(person_scope(person_id)):
        await Person.create(id=person_id, name=name)
    return person_id


async def _employee(tenant: Tenant, role: str) -> UUID:
    who = await _person(role)
    async with open_scope(tenant_scope(tenant.id)):
        held = await Role.get(tenant_id=tenant.id, key=role)
        await Membership.create(
            tenant_id=tenant.id, person_id=who, role_id=held.id, name=role, email=f"{role}@example.com"
        )
    return who


async def _everything(tenant: Tenant) -> UUID:
    """Somebody with every permission there is, so that nothing but the walls keeps them out."""
    async with open_scope(tenant_scope(tenant.id)):
        await Role.create(
            tenant_id=tenant.id, key=EVERYTHING, name="Everything", permissions=list(TENANT_PERMISSIONS)
        )
    return await _employee(tenant, EVERYTHING)


async def _clerk(bank: Bank, role: str) -> UUID:
    who = await _person(role)
    async with open_scope(bank_scope(bank.id)):
        await BankMembership.create(
            id=new_id(), bank_id=bank.id, person_id=who, role=role, name=role, email=f"{role}@bank.example"
        )
    return who


async def _payer(tenant: Tenant) -> UUID:
    who = await _person("payer")
    async with open_scope(tenant_scope(tenant.id)):
        account = await Account.create(
            id=new_id(),
            tenant_id=tenant.id,
            scenario="community",
            kind="unit",
            number="A1",
            name="A1",
            attributes={},
        )
        await Holder.create(
            tenant_id=tenant.id, account_id=account.id, person_id=who, relation="owner", name="payer",
            confirmed_at=datetime.now(UTC),
        )  # fmt: skip
    return who


async def browser(app: Starlette, person_id: UUID | None) -> httpx2.AsyncClient:
    """Return a browser, signed in as strongly as there is unless it is nobody's."""
    headers = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html", "Accept-Language": "en"}
    client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=ADDRESS, headers=headers)
    if person_id is not None:
        async with open_scope(person_scope(person_id)):
            token = await sessions.start(
                sessions.SignedIn(person_id=person_id, method="bank", level=3, auth_time=datetime.now(UTC))
            )
        client.cookies.set(sessions.COOKIE, token, domain=client.base_url.host)
    return client
