"""Every route of the vendor's console as people who do not belong there: nothing but 401, 403 and 404."""

import re
from datetime import UTC, datetime

import pytest
from starlette.routing import Route

from integrations.apps.doors import PERMISSIONS, ROLES
from integrations.apps.models import VendorMember
from tenants.ids import new_id
from tenants.scope import open_scope, vendor_scope
from tests import apps, make


def routes(app) -> list[Route]:
    return [r for r in app.routes if isinstance(r, Route) and getattr(r, "door", None) == "vendor"]


def permission_of(route: Route) -> str:
    return str(getattr(route, "permission", ""))


def calls(app, vendor, foreign):
    for route in routes(app):
        path = route.path.replace("{vendor}", vendor)
        yield (
            route,
            "POST" if "POST" in (route.methods or ()) else "GET",
            re.sub(r"\{[^}]+\}", str(foreign), path),
        )


def test_every_route_names_a_permission_that_some_role_has(app):
    given = set().union(*(permissions for _, permissions in ROLES.values()))
    assert {permission_of(route) for route in routes(app)} <= set(PERMISSIONS) & given
    assert len(routes(app)) > 10


async def test_another_vendors_people_find_nothing(app, client, db, bank):
    mine, theirs = await apps.vendor(bank), await apps.vendor(bank)
    foreign = await apps.listed(theirs)
    await make.sign_in(client, mine.created_by)
    for route, method, path in calls(app, theirs.slug, foreign.id):
        assert (await client.request(method, path)).status_code == 404, (method, route.path)
    for route, method, path in calls(app, mine.slug, foreign.id):
        if "{id}" in route.path:
            answer = await client.request(method, path)
            assert answer.status_code in {403, 404}, (method, route.path, answer.status_code)


@pytest.mark.parametrize("role", ["developer", "reader"])
async def test_a_role_without_the_permission_is_refused(app, client, db, bank, role):
    vendor, who = await apps.vendor(bank), await make.person("Rae")
    async with open_scope(vendor_scope(vendor.id)):
        await VendorMember.create(
            bank_id=bank.id, vendor_id=vendor.id, person_id=who.id, role=role, name="Rae", email="r@x.example"
        )
    await make.sign_in(client, who.id)
    for route, method, path in calls(app, vendor.slug, new_id()):
        if permission_of(route) not in ROLES[role][1]:
            assert (await client.request(method, path)).status_code == 403, (method, route.path)


async def test_nobody_gets_in_without_signing_in_and_an_ended_member_is_out(app, client, db, bank):
    vendor = await apps.vendor(bank)
    client.cookies.clear()
    for route, method, path in calls(app, vendor.slug, new_id()):
        answer = await client.request(method, path)
        assert answer.status_code == 303, route.path
        assert answer.headers["location"].startswith("/sign-in")
    await make.sign_in(client, vendor.created_by)
    assert (await client.get(f"/vendor/{vendor.slug}")).status_code == 200
    async with open_scope(vendor_scope(vendor.id)):
        await VendorMember.filter(vendor_id=vendor.id).update(ended_at=datetime.now(UTC))
    assert (await client.get(f"/vendor/{vendor.slug}")).status_code == 404
