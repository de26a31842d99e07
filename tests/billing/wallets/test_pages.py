"""Stored money as payers and staff meet it on pages: the owner, the colleague without the right, the stranger."""

from billing.models import Refund, WalletTopUp
from tests import make
from tests.billing.payments import world
from tests.billing.town import field_of
from tests.billing.wallets.test_wallets import as_bill, balance, buy, filled
from tests.page import inspect, text_of


async def shown(client, path: str) -> str:
    answer = await client.get(path)
    assert answer.status_code == 200, (path, answer.status_code, answer.text[:1500])
    return text_of(inspect(answer.text))


async def test_a_payer_sees_it_tops_it_up_and_comes_back(place, outside, wallet, client):
    await make.sign_in(client, place.person.id)
    path = f"/my/wallets/{wallet.id}"
    assert "Nothing has moved yet" in await shown(client, path)
    assert "Canteen: SGD" in (await shown(client, f"/my/accounts/{place.account.id}")).replace("\xa0", " ")
    page = await client.get(path)
    form = {"key": field_of(page.text, "key"), "amount": "0.5"}
    wrong = await client.post(f"{path}/top-ups", data=form)
    assert wrong.status_code == 422
    assert "Enter an amount from" in text_of(inspect(wrong.text))
    begun = await client.post(f"{path}/top-ups", data={**form, "amount": "25"})
    assert begun.status_code == 303
    assert "Kept for you until" in await shown(client, begun.headers["location"])
    assert "is asked for and not paid yet" in await shown(client, path)
    async with place.scope():
        asked = await WalletTopUp.get(tenant_id=place.id)
    started = await world.start(place, as_bill(asked))
    outside.pay(await world.attempt(place, started))
    await world.hurry(place, "billing.ask_attempt")
    paid = await client.get(f"/my/payments/{started.payment_id}")
    assert f"/my/top-ups/{asked.id}" in paid.text
    back = await client.get(f"/my/top-ups/{asked.id}")
    assert back.headers["location"] == path
    await buy(place, 700)
    text = await shown(client, path)
    assert "18.00" in text
    assert "Lunch" in text
    assert "Spent" in (await client.get(f"{path}?export=csv")).text
    assert "食堂" in (await client.get(path, headers={"Accept-Language": "zh-CN"})).text


async def test_nobody_else_sees_it(place, outside, wallet, client):
    stranger = await make.person("Somebody Else")
    await make.sign_in(client, stranger.id)
    assert (await client.get(f"/my/wallets/{wallet.id}")).status_code == 404
    answer = await client.post(f"/my/wallets/{wallet.id}/top-ups", data={"key": "k", "amount": "20"})
    assert answer.status_code == 404
    reader = await make.staff(place.tenant, "reader")
    await make.sign_in(client, reader.person_id)
    root = f"/t/{place.tenant.slug}/wallets/{wallet.id}"
    assert "Take money for it" not in await shown(client, root)
    for path in ("top-ups", "payouts"):
        assert (await client.get(f"{root}/{path}/new")).status_code == 403
        assert (await client.post(f"{root}/{path}", data={"key": "k", "amount": "1"})).status_code == 403


async def test_staff_find_it_take_money_for_it_and_pay_it_out(place, outside, wallet, client):
    await filled(place, outside, 3000)
    officer, root = await make.staff(place.tenant, "finance"), f"/t/{place.tenant.slug}"
    await make.sign_in(client, officer.person_id)
    assert "30.00" in await shown(
        client, f"{root}/wallets?q={place.account.number}&kind=lunches&state=stored"
    )
    assert place.account.number not in await shown(client, f"{root}/wallets?state=empty")
    assert place.account.number in (await client.get(f"{root}/wallets?export=csv")).text
    assert "Canteen" in await shown(client, f"{root}/accounts/{place.account.id}")
    one = f"{root}/wallets/{wallet.id}"
    page = await client.get(f"{one}/top-ups/new")
    form = {"key": field_of(page.text, "key"), "amount": "15", "method": "cash"}
    taken = await client.post(f"{one}/top-ups", data=form)
    assert "/desk/payments/" in taken.headers["location"]
    assert await balance(place) == 4500
    page = await client.get(f"{one}/payouts/new")
    form = {"key": field_of(page.text, "key"), "amount": "99", "reason": "leaves"}
    refused = await client.post(f"{one}/payouts", data=form)
    assert refused.status_code == 422
    assert "At most" in text_of(inspect(refused.text))
    done = await client.post(f"{one}/payouts", data={**form, "amount": "30"})
    assert done.headers["location"].endswith(one)
    assert await balance(place) == 1500
    async with place.scope():
        assert await Refund.filter(tenant_id=place.id).count() == 2
    assert "Paid out" in await shown(client, one)
    assert await world.ledger_is_right(place)


async def test_a_deposit_is_opened_by_hand_on_the_accounts_page(place, outside, client):
    cashier, root = await make.staff(place.tenant, "finance"), f"/t/{place.tenant.slug}"
    await make.sign_in(client, cashier.person_id)
    account = f"{root}/accounts/{place.account.id}"
    assert "Open: Deposit" in await shown(client, account)
    assert (await client.post(f"{account}/wallets", data={"kind": "nothing"})).status_code == 404
    opened = await client.post(f"{account}/wallets", data={"kind": "deposit"})
    assert "Deposit of" in await shown(client, opened.headers["location"])
    again = await client.post(f"{account}/wallets", data={"kind": "deposit"})
    assert again.headers["location"] == opened.headers["location"]
    assert "Open: Deposit" not in await shown(client, account)
    await make.sign_in(client, (await make.staff(place.tenant, "reader")).person_id)
    assert (await client.post(f"{account}/wallets", data={"kind": "deposit"})).status_code == 403
    await make.sign_in(client, place.person.id)
    assert "Deposit" in await shown(client, f"/my/accounts/{place.account.id}/wallets")
