"""Bank staff: added by the bank's administrator, found by number at the bank's provider, ended at once."""

import pytest

from integrations.sign_in import people
from integrations.sign_in.provider import save_provider
from tenants.models import BankMembership
from tenants.scope import bank_scope, open_scope
from tests import make

ISSUER = "https://bank.test/oidc"
GIVEN = {"staff_number": "S-1001", "name": "Kim Ng", "email": "kim@bank.example", "role": "reviewer"}


@pytest.fixture
async def admin(db, bank):
    await save_provider(bank.id, ISSUER, "client", "secret")
    return await make.bank_staff(bank, "administrator", "Ada Lee")


async def test_added_staff_are_members_at_their_first_sign_in(client, bank, admin):
    await make.sign_in(client, admin.person_id)
    answer = await client.post(f"/bank/{bank.slug}/staff", data=GIVEN)
    assert answer.status_code == 303, answer.text[:3000]
    identity = await people.person_of(people.Proven(ISSUER, "S-1001", "staff", "Kim Ng"))
    await make.sign_in(client, identity.person_id)
    assert (await client.get(f"/bank/{bank.slug}/applications")).status_code == 200


async def test_the_same_role_twice_is_refused_at_the_field(client, bank, admin):
    await make.sign_in(client, admin.person_id)
    await client.post(f"/bank/{bank.slug}/staff", data=GIVEN)
    again = await client.post(f"/bank/{bank.slug}/staff", data=GIVEN)
    assert again.status_code == 422
    assert 'href="#staff_number"' in again.text


async def test_a_taken_role_ends_access_and_the_last_administrator_stays(client, bank, admin):
    await make.sign_in(client, admin.person_id)
    await client.post(f"/bank/{bank.slug}/staff", data=GIVEN)
    async with open_scope(bank_scope(bank.id)):
        added = await BankMembership.get(bank_id=bank.id, email="kim@bank.example")
        own = await BankMembership.get(bank_id=bank.id, person_id=admin.person_id)
    assert (await client.post(f"/bank/{bank.slug}/staff/{own.id}/ending")).status_code == 409
    assert (await client.post(f"/bank/{bank.slug}/staff/{added.id}/ending")).status_code == 303
    await make.sign_in(client, added.person_id)
    assert (await client.get(f"/bank/{bank.slug}")).status_code == 404


async def test_the_colleague_without_the_right_and_the_stranger_cannot_add(client, bank, admin):
    colleague = await make.bank_staff(bank, "reviewer")
    await make.sign_in(client, colleague.person_id)
    assert (await client.post(f"/bank/{bank.slug}/staff", data=GIVEN)).status_code == 403
    stranger = await make.person("Stranger")
    await make.sign_in(client, stranger.id)
    assert (await client.post(f"/bank/{bank.slug}/staff", data=GIVEN)).status_code == 404
