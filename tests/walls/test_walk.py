"""Every route as every role with another tenant's ids: nothing but 403 and 404.

Generated from the route table, so that a new route is covered by being born. One id, which a foreign tenant has in
every table, is offered as each id in each path; the answer never depends on whether the row exists somewhere else.
"""

from dataclasses import dataclass
from uuid import UUID

import pytest
import pytest_asyncio
from starlette.routing import Route

from deploy.isolation.doors import AWAY, REFUSED, doors, has_ids, method_of, path_of, permission_of
from deploy.isolation.rows import one_of_each, tenant_models
from tenants.ids import new_id
from tenants.permissions import BANK_ROLES, TENANT_ROLES
from tenants.scope import open_scope, tenant_scope
from tests import make


@dataclass
class World:
    mine: object
    theirs: object
    foreign: UUID
    """The id that a row of every table of theirs has."""

    @property
    def offered(self):
        return {"theirs": self.foreign, "nobody's": new_id(), "no id": "x-1"}


@pytest.fixture
def client(client):
    """Asks as a program does: a refusal is the same, and no page has to be drawn around thousands of them."""
    client.headers["Accept"] = "application/json"
    return client


@pytest_asyncio.fixture(loop_scope="session")
async def world(db, bank) -> World:
    mine, theirs = await make.tenant(bank), await make.tenant(bank)
    made = await one_of_each(theirs.id)
    (foreign,) = set(made.values())
    return World(mine, theirs, foreign)


async def test_every_table_of_theirs_has_the_id_that_is_offered(world):
    async with open_scope(tenant_scope(world.theirs.id)):
        for model in tenant_models():
            assert await model.filter(tenant_id=world.theirs.id, id=world.foreign).exists(), model


def test_every_route_says_who_may_come_in(app):
    machinery = {"healthz", "readyz", "metrics", "static", "language", "theme", "brand", "styleguide"}
    silent = [
        r.path
        for r in app.routes
        if isinstance(r, Route) and not hasattr(r, "door") and r.name not in machinery
    ]
    assert [
        p for p in silent if not p.startswith(("/static", "/brand", "/language", "/theme", "/styleguide"))
    ] == []


def test_every_permission_on_a_route_exists(app):
    from tenants.permissions import BANK_PERMISSIONS, TENANT_PERMISSIONS  # noqa: PLC0415

    for route in doors(app, "tenant"):
        assert permission_of(route) in TENANT_PERMISSIONS, route.path
    for route in doors(app, "bank"):
        assert permission_of(route) in BANK_PERMISSIONS, route.path


@pytest.mark.parametrize("role", [r.key for r in TENANT_ROLES])
async def test_staff_find_nothing_at_another_tenants_address(app, client, world, role):
    actor = await make.staff(world.mine, role)
    await make.sign_in(client, actor.person_id)
    for route in doors(app, "tenant"):
        path = path_of(route, world.theirs.slug, ids=world.foreign)
        answer = await client.request(method_of(route), path)
        assert answer.status_code == 404, (role, method_of(route), path, answer.status_code)


async def test_staff_find_no_foreign_row_at_their_own_address(app, client, world):
    everything = await make.staff(world.mine, "administrator")
    await give_all_permissions(world.mine, everything)
    await make.sign_in(client, everything.person_id)
    for route in filter(has_ids, doors(app, "tenant")):
        for whose, foreign in world.offered.items():
            path = path_of(route, world.mine.slug, ids=foreign)
            answer = await client.request(method_of(route), path)
            assert answer.status_code in REFUSED, (whose, method_of(route), path, answer.status_code)


async def give_all_permissions(tenant, actor):
    from tenants.models import Membership, Role  # noqa: PLC0415
    from tenants.permissions import TENANT_PERMISSIONS  # noqa: PLC0415

    async with open_scope(tenant_scope(tenant.id)):
        role = await Role.create(
            tenant_id=tenant.id, key="everything", name="Everything", permissions=list(TENANT_PERMISSIONS)
        )
        await Membership.create(
            tenant_id=tenant.id, person_id=actor.person_id, role_id=role.id, name="x", email="x@example.com"
        )


@pytest.mark.parametrize("role", [r.key for r in TENANT_ROLES])
async def test_a_role_without_the_permission_is_refused(app, client, world, role):
    actor = await make.staff(world.mine, role)
    await make.sign_in(client, actor.person_id)
    for route in doors(app, "tenant"):
        if permission_of(route) not in actor.permissions:
            path = path_of(route, world.mine.slug, ids=new_id())
            answer = await client.request(method_of(route), path)
            assert answer.status_code == 403, (role, method_of(route), path, answer.status_code)


@pytest.mark.parametrize("role", list(BANK_ROLES))
async def test_bank_staff_enter_no_tenant_and_no_other_bank(app, client, world, bank, role):
    actor = await make.bank_staff(bank, role)
    await make.sign_in(client, actor.person_id)
    for route in doors(app, "tenant"):
        answer = await client.request(method_of(route), path_of(route, world.theirs.slug, ids=new_id()))
        assert answer.status_code == 404, route.path
    for route in doors(app, "bank"):
        answer = await client.request(method_of(route), path_of(route, bank="other-bank", ids=new_id()))
        assert answer.status_code == 404, route.path


async def test_bank_staff_find_no_foreign_row_at_their_own_address(app, client, world, bank):
    """Each page that names a row, by the first role that may open it: what is not theirs is looked for first."""
    seen: set[str] = set()
    for role, given in BANK_ROLES.items():
        mine = [
            route
            for route in filter(has_ids, doors(app, "bank"))
            if route.name + method_of(route) + route.path not in seen
            and permission_of(route) in given.permissions
        ]
        await make.sign_in(client, (await make.bank_staff(bank, role)).person_id)
        for route in mine:
            seen.add(route.name + method_of(route) + route.path)
            answer = await client.request(method_of(route), path_of(route, bank=bank.slug, ids=new_id()))
            assert answer.status_code in REFUSED, (role, method_of(route), route.path, answer.status_code)
    assert len(seen) > 40, "else nothing was walked"


@pytest.mark.parametrize("role", list(BANK_ROLES))
async def test_a_bank_role_without_the_permission_is_refused(app, client, db, bank, role):
    actor = await make.bank_staff(bank, role)
    await make.sign_in(client, actor.person_id)
    for route in doors(app, "bank"):
        if permission_of(route) not in actor.permissions:
            answer = await client.request(method_of(route), path_of(route, bank=bank.slug, ids=new_id()))
            assert answer.status_code == 403, (role, route.path, answer.status_code)


async def test_tenant_staff_find_no_bank_console(app, client, world, bank):
    actor = await make.staff(world.mine)
    await make.sign_in(client, actor.person_id)
    for route in doors(app, "bank"):
        answer = await client.request(method_of(route), path_of(route, bank=bank.slug, ids=new_id()))
        assert answer.status_code == 404, route.path


async def test_a_payer_finds_nothing_of_others(app, client, world):
    ann = await make.person("Ann")
    account = await make.account(world.mine)
    await make.holder(account, ann)
    await make.sign_in(client, ann.id)
    for route in filter(has_ids, doors(app, "person")):
        for whose, foreign in world.offered.items():
            path = path_of(route, world.theirs.slug, ids=foreign)
            answer = await client.request(method_of(route), path)
            assert answer.status_code in REFUSED, (whose, method_of(route), path, answer.status_code)


async def test_nobody_gets_past_a_door_without_signing_in(app, client, world, bank):
    client.cookies.clear()
    client.headers["Accept"] = "text/html"
    for route in doors(app, "tenant", "bank", "person"):
        path = path_of(route, world.mine.slug, bank.slug, ids=world.foreign)
        answer = await client.request(method_of(route), path)
        assert answer.status_code in AWAY, (method_of(route), path, answer.status_code)
        if answer.status_code == 303:
            assert answer.headers["location"].startswith("/sign-in"), path
