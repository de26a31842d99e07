"""Credit as payers and staff meet it on pages."""

import pytest_asyncio

from billing.models import Credit
from tenants.scope import execute
from tests import make
from tests.billing.credit.test_credit import ahead, keep
from tests.billing.payments import world
from tests.billing.town import field_of
from tests.page import inspect, text_of


@pytest_asyncio.fixture(loop_scope="session")
async def ann(place, client):
    await make.sign_in(client, place.person.id)
    return client


async def shown(client, path: str) -> str:
    answer = await client.get(path)
    assert answer.status_code == 200, (path, answer.text[:1500])
    return text_of(inspect(answer.text))


async def test_a_payer_sees_the_credit_pays_ahead_and_uses_it_for_a_bill(place, ann):
    await keep(place, is_automatic=False)
    bill = await world.bill(place, 5000)
    account = f"/my/accounts/{place.account.id}"
    assert "Nothing is paid ahead." in await shown(ann, account)
    page = await ann.get(f"{account}/credit")
    form = {"key": field_of(page.text, "key"), "amount": "20", "channel": "bank"}
    wrong = await ann.post(f"{account}/prepayments", data={**form, "amount": "0.5"})
    assert wrong.status_code == 422
    assert "Enter an amount from" in text_of(inspect(wrong.text))
    begun = await ann.post(f"{account}/prepayments", data=form)
    assert begun.status_code == 303
    assert begun.headers["location"].startswith("/my/payments/")
    assert "20.00" in await shown(ann, begun.headers["location"])
    await ahead(place, 3000)
    assert "Use your credit of" in await shown(ann, f"/my/bills/{bill.id}")
    page = await ann.get(f"/my/bills/{bill.id}/credit")
    inspect(page.text)
    used = await ann.post(
        f"/my/bills/{bill.id}/credit", data={"key": field_of(page.text, "key"), "amount": "12"}
    )
    assert used.status_code == 303
    text = await shown(ann, f"{account}/credit")
    assert "18.00" in text
    assert "Put to a bill" in text


async def test_staff_see_credit_give_it_back_and_take_it_at_the_desk(place, client):
    await ahead(place, 3000)
    officer, root = await make.staff(place.tenant, "finance"), f"/t/{place.tenant.slug}"
    await make.sign_in(client, officer.person_id)
    assert "30.00" in await shown(client, f"{root}/credit?q={place.account.number}&source=prepayment")
    exported = await client.get(f"{root}/credit?export=csv")
    assert place.account.number in exported.text
    assert "Take money ahead" in await shown(client, f"{root}/accounts/{place.account.id}")
    async with place.scope():
        credit = await Credit.get(tenant_id=place.id)
    page = await client.get(f"{root}/credit/{credit.id}")
    form = {"key": field_of(page.text, "key"), "amount": "50", "reason": "moved"}
    assert (await client.post(f"{root}/credit/{credit.id}/refunds", data=form)).status_code == 422
    back = await client.post(f"{root}/credit/{credit.id}/refunds", data={**form, "amount": "10"})
    assert "/refunds/" in back.headers["location"]
    desk = f"{root}/desk/accounts/{place.account.id}/prepayments"
    page = await client.get(desk)
    taken = await client.post(
        desk, data={"key": field_of(page.text, "key"), "amount": "15", "method": "cash"}
    )
    assert "Paid ahead: the account's credit" in await shown(client, taken.headers["location"])


async def test_terms_are_changed_in_a_form_that_says_what_is_wrong(place, client):
    admin, path = await make.staff(place.tenant), f"/t/{place.tenant.slug}/settings/terms/credit"
    await make.sign_in(client, admin.person_id)
    assert "Credit pays bills by itself" in await shown(client, path)
    form = {"is_automatic": "1", "penalty": "first", "least": "10", "most": "5"}
    wrong = await client.post(path, data=form)
    assert wrong.status_code == 422
    assert "The most must not be less than the least" in text_of(inspect(wrong.text))
    assert (await client.post(path, data={**form, "most": "500"})).status_code == 303
    assert 'value="500.00"' in (await client.get(path)).text
    assert (await client.get(f"/t/{place.tenant.slug}/settings/terms/nothing")).status_code == 404


async def test_former_holders_and_strangers_see_no_credit(place, client):
    await ahead(place, 3000)
    was, stranger = await make.person("Was"), await make.person("Stranger")
    await make.holder(place.account, was)
    async with place.scope():
        await execute(
            "update tenants_holder set since = '2020-01-01', until = '2020-12-31' where person_id = $1",
            was.id,
        )
    for who in (was, stranger):
        await make.sign_in(client, who.id)
        for path in ("", "/credit"):
            assert (await client.get(f"/my/accounts/{place.account.id}{path}")).status_code == 404
