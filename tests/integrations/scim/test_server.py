"""An installation's SCIM endpoint: what is read there, what may be written, and that it ends with the consent."""

import base64
import json

import httpx2
import pytest

from integrations.apps.scim import schemas, tokens
from integrations.apps.scim.errors import ERROR
from integrations.apps.tenant_models import Installation
from integrations.provider import subjects
from tenants import invitations
from tenants.actor import system_actor
from tenants.models import Invitation, Membership, Notice
from tenants.scope import open_scope, tenant_scope
from tenants.staff import services as staff
from tests import apps, make

WHOLE = ("openid", "people", "provision", "offline_access")


class Directory:
    """A program at the SCIM endpoint of one installation."""

    def __init__(self, client, installed, chief, token):
        self.client, self.chief, self.token = client, chief, token
        self.tenant, self.app, self.installation = installed

    async def call(self, method, path, body=None, **headers):
        sent = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/scim+json", **headers}
        async with httpx2.AsyncClient(
            transport=self.client._transport, base_url="http://cloud.test"
        ) as program:
            content = json.dumps(body) if body is not None else None
            return await program.request(
                method, f"/scim/v2/{self.installation.id}{path}", content=content, headers=sent
            )

    async def users(self, query=""):
        found = (await self.call("GET", f"/Users{query}")).json()
        return {one["userName"]: one for one in found["Resources"]}

    async def add(self, **given):
        body = {"schemas": [schemas.USER], "userName": "ann@corp.example", "displayName": "Ann Lee", **given}
        return await self.call("POST", "/Users", body)

    async def patch(self, scim_id, *operations):
        body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": list(operations)}
        return await self.call("PATCH", f"/Users/{scim_id}", body)

    async def invited(self):
        async with open_scope(tenant_scope(self.tenant.id)):
            return await Invitation.filter(tenant_id=self.tenant.id, accepted_at=None, revoked_at=None)

    async def subject(self, actor):
        return await subjects.subject(str(self.app.vendor_id), self.tenant.id, actor.person_id)


async def a_directory(client, bank, scopes=WHOLE, **given):
    tenant = await make.tenant(bank)
    chief = await make.staff(tenant, "administrator")
    vendor = await apps.vendor(bank)
    app = await apps.listed(vendor, scopes={key: {"en": "", "zh_CN": ""} for key in WHOLE})
    installation = await apps.install(tenant, app, scopes=scopes, entry_role="front_desk", **given)
    async with open_scope(tenant_scope(tenant.id)):
        token = await tokens.make(chief, installation, app)
    return Directory(client, (tenant, app, installation), chief, token)


@pytest.fixture
async def directory(db, bank, client):
    return await a_directory(client, bank)


async def test_staff_are_read_by_the_subject_that_the_vendor_knows_with_their_roles_as_groups(directory):
    clerk = await make.staff(directory.tenant, "cashier", "Bo Li")
    found = await directory.users()
    mine = found["cashier@example.com"]
    assert mine["id"] == await directory.subject(clerk)
    assert (mine["displayName"], mine["active"], mine["groups"][0]["display"]) == ("Bo Li", True, "Cashier")
    assert str(clerk.person_id) not in json.dumps(found)
    groups = (await directory.call("GET", "/Groups?filter=externalId%20eq%20%22cashier%22")).json()[
        "Resources"
    ]
    assert [one["value"] for one in groups[0]["members"]] == [mine["id"]]
    one = await directory.call("GET", f"/Users/{mine['id']}?attributes=userName")
    assert set(one.json()) == {"schemas", "id", "userName"}
    assert one.headers["content-type"] == "application/scim+json"


async def test_an_entity_tag_spares_reading_and_guards_writing(directory):
    (mine, *_) = (await directory.users()).values()
    tag = (await directory.call("GET", f"/Users/{mine['id']}")).headers["etag"]
    assert (await directory.call("GET", f"/Users/{mine['id']}", **{"If-None-Match": tag})).status_code == 304
    body = {"schemas": [schemas.USER], "userName": mine["userName"], "externalId": "E-7"}
    assert (
        await directory.call("PUT", f"/Users/{mine['id']}", body, **{"If-Match": 'W/"old"'})
    ).status_code == 412
    changed = await directory.call("PUT", f"/Users/{mine['id']}", body, **{"If-Match": tag})
    assert (changed.status_code, changed.json()["externalId"]) == (200, "E-7")
    assert changed.headers["etag"] != tag


async def test_somebody_new_is_invited_to_the_role_for_newcomers_and_nothing_more(directory):
    made = await directory.add(
        emails=[{"value": "ann@home.example"}, {"value": "ann@corp.example", "primary": True}]
    )
    assert made.status_code == 201, made.text
    assert made.headers["location"].endswith(made.json()["id"])
    (invitation,) = await directory.invited()
    assert (invitation.email, invitation.name) == ("ann@corp.example", "Ann Lee")
    assert invitation.invited_by_name == "E-invoice"
    assert "groups" not in made.json()
    async with open_scope(tenant_scope(directory.tenant.id)):
        assert not await Membership.filter(tenant_id=directory.tenant.id, email="ann@corp.example").exists()
        assert await Notice.filter(tenant_id=directory.tenant.id, recipient="ann@corp.example").exists()
    again = await directory.add()
    assert (again.status_code, again.json()["scimType"]) == (409, "uniqueness")


async def test_whoever_takes_the_invitation_up_stays_the_same_for_the_program(directory):
    made = (await directory.add()).json()
    (invitation,) = await directory.invited()
    ann = await make.staff(directory.tenant, "front_desk", "Li An")
    async with open_scope(tenant_scope(directory.tenant.id)):
        await Invitation.filter(id=invitation.id).update(
            accepted_at=invitation.created_at, accepted_by=ann.person_id
        )
    one = (await directory.call("GET", f"/Users/{made['id']}")).json()
    assert (await directory.call("GET", f"/Users/{await directory.subject(ann)}")).json() == one, (
        "by their sub too"
    )
    assert one["groups"][0]["display"] == "Front desk"
    assert one["displayName"] == "Ann Lee", "as the program noted"
    assert (await directory.call("GET", "/Users?filter=displayName%20eq%20%22Li%20An%22")).json()[
        "totalResults"
    ] == 0


async def test_not_active_takes_the_invitation_back_and_ends_what_somebody_has(directory):
    made = (await directory.add()).json()
    gone = await directory.patch(made["id"], {"op": "replace", "path": "active", "value": "False"})
    assert (gone.status_code, gone.json()["active"]) == (200, False)
    assert await directory.invited() == []
    await directory.patch(made["id"], {"op": "replace", "value": {"active": True}})
    assert len(await directory.invited()) == 1
    clerk = await make.staff(directory.tenant, "cashier", "Bo Li")
    subject = await directory.subject(clerk)
    left = await directory.patch(subject, {"op": "replace", "path": "active", "value": False})
    assert (left.status_code, left.json()["active"], left.json()["id"]) == (200, False, subject)
    assert "Bo Li" not in left.text, "of who has left only the number is told"
    async with open_scope(tenant_scope(directory.tenant.id)):
        assert not await Membership.filter(person_id=clerk.person_id, ended_at=None).exists()


async def test_administrators_are_let_go_by_administrators(directory):
    second = await make.staff(directory.tenant, "administrator", "Ad Two")
    for actor in (directory.chief, second):
        subject = await directory.subject(actor)
        for answer in (
            await directory.patch(subject, {"op": "replace", "path": "active", "value": False}),
            await directory.call("DELETE", f"/Users/{subject}"),
        ):
            assert answer.status_code == 403
            assert answer.json()["schemas"] == [ERROR]
    async with open_scope(tenant_scope(directory.tenant.id)):
        assert await Membership.filter(tenant_id=directory.tenant.id, ended_at=None).count() == 2


async def test_roles_are_nobodys_to_give(directory):
    (group, *_) = (await directory.call("GET", "/Groups")).json()["Resources"]
    for method, path in (
        ("POST", "/Groups"),
        ("PATCH", f"/Groups/{group['id']}"),
        ("DELETE", f"/Groups/{group['id']}"),
    ):
        assert (await directory.call(method, path, {})).status_code == 403
    made = await directory.add(groups=[{"value": group["id"]}], roles=[{"value": "administrator"}])
    assert "groups" not in made.json()


async def test_what_was_taken_out_is_gone_for_the_program(directory):
    made = (await directory.add()).json()
    assert (await directory.call("DELETE", f"/Users/{made['id']}")).status_code == 204
    assert (await directory.call("GET", f"/Users/{made['id']}")).status_code == 404
    assert await directory.invited() == []
    assert (await directory.add()).status_code == 201, "the name is free again"


async def test_without_a_role_for_newcomers_nobody_is_invited(directory):
    async with open_scope(tenant_scope(directory.tenant.id)):
        await Installation.filter(id=directory.installation.id).update(entry_role="")
    made = await directory.add()
    assert made.status_code == 201
    assert await directory.invited() == []


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"userName": ""}, 400), ({"userName": 7}, 400), ({"active": "maybe"}, 400), ({"emails": "x"}, 400),
        ({"displayName": "x" * 300}, 400), ({"name": []}, 201), ({"shoeSize": 9}, 201),
    ],
)  # fmt: skip
async def test_what_is_written_is_held_against_the_schema(directory, given, status):
    answer = await directory.add(**given)
    assert answer.status_code == status, answer.text
    if status == 400:
        assert answer.json()["scimType"] == "invalidValue"


async def test_reading_and_writing_take_what_was_agreed_and_end_with_it(client, db, bank):
    reader = await a_directory(client, bank, ("openid", "people"))
    assert (await reader.call("GET", "/Users")).status_code == 200
    assert (await reader.add()).status_code == 403
    shy = await a_directory(client, bank, ("openid",))
    assert (await shy.call("GET", "/Users")).status_code == 403
    async with open_scope(tenant_scope(reader.tenant.id)):
        await Installation.filter(id=reader.installation.id).update(status="paused")
    ended = await reader.call("GET", "/Users")
    assert (ended.status_code, ended.json()["schemas"]) == (401, [ERROR])
    assert "invalid_token" in ended.headers["www-authenticate"]


async def test_a_token_is_for_its_installation_until_it_is_ended_or_replaced(client, db, bank):
    mine, theirs = await a_directory(client, bank), await a_directory(client, bank)
    stranger = Directory(client, (theirs.tenant, theirs.app, theirs.installation), None, mine.token)
    assert (await stranger.call("GET", "/Users")).status_code == 404
    for wrong in ("", "scim_x.y", mine.token[:-2] + "xx", mine.token.replace("scim_", "inst_")):
        mine_wrong = Directory(client, (mine.tenant, mine.app, mine.installation), None, wrong)
        assert (await mine_wrong.call("GET", "/Users")).status_code == 401, wrong
    async with open_scope(tenant_scope(mine.tenant.id)):
        second = await tokens.make(mine.chief, mine.installation, mine.app)
    assert (await mine.call("GET", "/Users")).status_code == 401, "replaced"
    mine.token = second
    assert (await mine.call("GET", "/Users")).status_code == 200
    async with open_scope(tenant_scope(mine.tenant.id)):
        await tokens.end(mine.chief, mine.installation, mine.app)
    assert (await mine.call("GET", "/Users")).status_code == 401


async def test_an_app_reads_with_the_short_token_that_it_fetches(directory):
    pair = base64.b64encode(f"{directory.app.client_id}:{apps.SECRET}".encode()).decode()
    async with httpx2.AsyncClient(
        transport=directory.client._transport, base_url="http://cloud.test"
    ) as program:
        fetched = await program.post(
            "/api/v1/installation-tokens",
            data={"installation": str(directory.installation.id)},
            headers={"Authorization": f"Basic {pair}"},
        )
    directory.token = fetched.json()["access_token"]
    assert "administrator@example.com" in await directory.users()


async def test_errors_and_discovery_are_in_scims_own_words(directory):
    config = (await directory.call("GET", "/ServiceProviderConfig")).json()
    assert (config["patch"]["supported"], config["bulk"]["supported"]) == (True, False)
    assert (await directory.call("POST", "/ServiceProviderConfig", {})).status_code == 405
    user = (await directory.call("GET", f"/Schemas/{schemas.USER}")).json()
    assert {"userName", "emails", "active"} <= {one["name"] for one in user["attributes"]}
    for path in ("/Users/nobody", "/Shoes", "/Schemas/x", "/Users/a/b"):
        answer = await directory.call("GET", path)
        assert (answer.status_code, answer.json()["status"]) == (404, "404"), path
    wrong = await directory.call("GET", "/Users?filter=userName%20is%201")
    assert (wrong.status_code, wrong.json()["scimType"]) == (400, "invalidFilter")
    found = await directory.call("POST", "/.search", {"filter": 'displayName eq "Administrator"'})
    assert {one["meta"]["resourceType"] for one in found.json()["Resources"]} == {"Group"}


async def test_a_colleagues_own_invitation_is_left_alone(directory):
    async with open_scope(tenant_scope(directory.tenant.id)):
        await invitations.invite(
            system_actor(directory.tenant.id), role="front_desk", name="Ann", email="ann@corp.example"
        )
    made = await directory.add()
    assert made.status_code == 201
    await directory.call("DELETE", f"/Users/{made.json()['id']}")
    assert len(await directory.invited()) == 1


async def test_whoever_left_is_shown_as_not_active(directory):
    clerk = await make.staff(directory.tenant, "cashier", "Bo Li")
    async with open_scope(tenant_scope(directory.tenant.id)):
        held = await Membership.get(person_id=clerk.person_id)
        await staff.end_membership(system_actor(directory.tenant.id), held.id)
    found = (await directory.call("GET", f"/Users/{await directory.subject(clerk)}")).json()
    assert (found["active"], "displayName" in found, "emails" in found) == (False, False, False)
