"""Where a fee is paid to: chosen on its page, by who puts fees into force, among the institution's own accounts."""

from datetime import UTC, datetime, timedelta

import pytest

from billing.models import FeeItem, SettlementAccount
from tenants.scope import open_scope, tenant_scope
from tests import make
from tests.page import inspect, text_of


async def accounts(tenant) -> list[SettlementAccount]:
    async with open_scope(tenant_scope(tenant.id)):
        return [await account(tenant, mask, age) for age, mask in ((2, "1111"), (1, "2222"))]


async def account(tenant, mask, age) -> SettlementAccount:
    return await SettlementAccount.create(
        tenant_id=tenant.id, currency="SGD", bank_code="HARBSGSG", account_name=f"Account {mask}",
        account_number=b"", account_mask=f"•••• {mask}", created_at=datetime.now(UTC) - timedelta(days=age),
    )  # fmt: skip


@pytest.fixture
async def fee(estate) -> tuple[FeeItem, str]:
    item = estate.items["service"]
    return item, f"/t/{estate.tenant.slug}/fees/{item.id}"


async def test_a_fee_is_paid_to_the_account_that_is_chosen(estate, client, fee):
    item, page = fee
    await make.sign_in(client, estate.finance.person_id)
    assert "Where it is paid to" not in (await client.get(page)).text, "there is nothing to choose"
    first, second = await accounts(estate.tenant)
    assert "Account 1111" in text_of(inspect((await client.get(page)).text)), "the first is meant"
    inspect((await client.get(f"{page}/account")).text)
    sent = await client.post(f"{page}/account", data={"settlement_account_id": str(second.id)})
    assert sent.status_code == 303
    assert "Account 2222" in text_of(inspect((await client.get(page)).text))
    async with open_scope(tenant_scope(estate.tenant.id)):
        assert (await FeeItem.get(id=item.id)).settlement_account_id == second.id != first.id


@pytest.mark.parametrize("given", ["", "nonsense", "00000000-0000-0000-0000-000000000000"])
async def test_another_account_is_refused_in_words(estate, client, fee, given):
    await accounts(estate.tenant)
    await make.sign_in(client, estate.finance.person_id)
    refused = await client.post(f"{fee[1]}/account", data={"settlement_account_id": given})
    assert refused.status_code == 422
    inspect(refused.text)
    assert "settlement_account_id-error" in refused.text, "the error stands at the field"


async def test_only_who_puts_fees_into_force_chooses(estate, client, fee, bank):
    await accounts(estate.tenant)
    colleague = await make.staff(estate.tenant, "cashier")
    stranger = await make.staff(await make.tenant(bank), "finance")
    for who, expected in ((colleague, {403}), (stranger, {403, 404})):
        await make.sign_in(client, who.person_id)
        assert (await client.get(f"{fee[1]}/account")).status_code in expected
        assert (await client.post(f"{fee[1]}/account", data={})).status_code in expected
