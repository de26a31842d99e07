"""A payer's rail shows the rooms of industries in which they hold something; others are reached from their accounts."""

from tests import make
from tests.page import inspect


async def rail(client) -> str:
    page = (await client.get("/my")).text
    inspect(page)
    return page


async def test_who_holds_a_flat_sees_no_hospital_and_a_patient_does(db, bank, client):
    ann, ho, nobody = [await make.person(name) for name in ("Ann", "Ho", "Nobody")]
    await make.holder(await make.account(await make.tenant(bank)), ann)
    hospital = await make.tenant(bank, "hospital")
    await make.holder(await make.account(hospital, kind="patient", attributes={}), ho, relation="patient")
    await make.sign_in(client, ann.id)
    assert "/my/care" not in await rail(client)
    accounts = (await client.get("/my/accounts")).text
    inspect(accounts)
    assert "/my/care" in accounts, "the way in for who has never been there"
    await make.sign_in(client, ho.id)
    assert "/my/care" in await rail(client)
    await make.sign_in(client, nobody.id)
    assert "/my/care" not in await rail(client)
