"""What an industry cloud adds to permissions and roles: only for institutions that have it."""

import pytest

from tenants import permissions
from tenants.models import Role
from tenants.permissions import (
    EVERYBODY,
    TENANT_PERMISSIONS,
    Rights,
    RoleSpec,
    add_rights,
    permissions_of,
    roles_of,
)
from tenants.scope import open_scope, tenant_scope
from tenants.staff import services
from tests import make
from ui.errors import Invalid

DIVING = Rights(
    {"reef.read": "See the reef", "reef.write": "Change the reef"},
    (RoleSpec("diver", "Diver", frozenset({"reef.read"})),),
    {"cashier": frozenset({"reef.write"})},
)


@pytest.fixture
def diving(app, monkeypatch):
    monkeypatch.setattr(permissions, "_scenario_rights", dict(permissions._scenario_rights))
    monkeypatch.setattr(permissions, "TENANT_PERMISSIONS", dict(TENANT_PERMISSIONS))
    add_rights("miniature", DIVING)


def may(scenario: str) -> dict[str, frozenset[str]]:
    return {role.key: role.permissions for role in roles_of([scenario])}


def test_roles_gain_what_the_scenario_gives_them(diving):
    held = may("miniature")
    assert held["diver"] == {"reef.read"} | EVERYBODY
    assert {"reef.read", "reef.write"} <= held["administrator"]
    assert "reef.read" in held["reader"]
    assert "reef.write" not in held["reader"]
    assert "reef.write" in held["cashier"]


def test_other_institutions_do_not_hear_of_it(diving):
    assert "diver" not in may("community")
    assert "reef.read" not in permissions_of(["community"])
    assert "reef.read" in permissions_of(["miniature"])


async def test_an_institution_is_provisioned_with_the_roles_and_can_give_no_others(diving, db, bank):
    mine, other = await make.tenant(bank, "miniature"), await make.tenant(bank)
    async with open_scope(tenant_scope(mine.id)):
        assert (await Role.get(tenant_id=mine.id, key="diver")).permissions == ["apps.open", "reef.read"]
    actor = await make.staff(other)
    async with open_scope(tenant_scope(other.id)):
        reader = await Role.get(tenant_id=other.id, key="reader")
        with pytest.raises(Invalid):
            await services.change_role(
                actor,
                reader.id,
                permissions={"reef.read"},
                refund_limit_minor=0,
                adjustment_limit_minor=0,
            )
