"""Adding an account with the code on its printed bill."""

from tenants.accounts.codes import confirmation_code, ensure_codes
from tenants.scope import open_scope, tenant_scope
from tests import make
from tests.page import inspect, text_of


async def code_of(holder) -> str:
    async with open_scope(tenant_scope(holder.tenant_id)):
        await ensure_codes(holder.tenant_id, [holder.account_id])
    return confirmation_code(holder)


async def shown(client, path) -> str:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text[:2000]
    return text_of(inspect(answer.text))


async def test_the_code_on_a_bill_opens_its_account_and_bills(town, client):
    holder = await make.holder(town.other, None, name="Ben Lee")
    code = await code_of(holder)
    ben = await make.person("Ben Lee")
    await make.sign_in(client, ben.id)
    assert town.others_bill.number not in (await client.get("/my")).text
    assert (await client.get(f"/my/bills/{town.others_bill.id}")).status_code == 404
    answer = await client.get("/my/accounts/confirmation", params={"code": code})
    field = next(e for e in inspect(answer.text).iter("input") if e.get("name") == "code")
    assert field.get("value") == code, "a link with the code fills it in"
    sent = await client.post("/my/accounts/confirmation", data={"code": code.lower().replace("-", " ")})
    assert sent.status_code == 303, sent.text[:2000]
    assert "79.00" in await shown(client, "/my")
    text = await shown(client, "/my/accounts")
    assert "01-102" in text
    assert "owner" in text.lower()
    assert "01-101" not in text


async def test_a_wrong_code_is_said_at_the_field_and_kept(town, client):
    ben = await make.person("Ben Lee")
    await make.sign_in(client, ben.id)
    for typed in ("nonsense", "7K3M-9QXR-2B4T"):
        answer = await client.post("/my/accounts/confirmation", data={"code": typed})
        assert answer.status_code == 422
        page = inspect(answer.text)
        assert any(e.get("id") == "code-error" for e in page.iter())
        assert next(e.get("value") for e in page.iter("input") if e.get("name") == "code") == typed


async def test_somebody_elses_code_opens_nothing(town, client):
    code = await code_of(await make.holder(town.other, None, name="Ben Lee"))
    ben, eve = await make.person("Ben Lee"), await make.person("Eve")
    await make.sign_in(client, ben.id)
    assert (await client.post("/my/accounts/confirmation", data={"code": code})).status_code == 303
    client.cookies.clear()
    await make.sign_in(client, eve.id)
    answer = await client.post("/my/accounts/confirmation", data={"code": code})
    assert answer.status_code == 422
    assert "Somebody else has already confirmed" in text_of(inspect(answer.text))
    assert "You have no accounts here yet" in await shown(client, "/my")


async def test_one_has_to_sign_in_first(town, client):
    client.cookies.clear()
    answer = await client.post("/my/accounts/confirmation", data={"code": "x"})
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")
