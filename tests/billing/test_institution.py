"""The settings page: what the bank checked, and whether the channels are ready."""

import pytest

from billing.models import SettlementAccount
from billing.payments.settlement import provision_settlement
from tenants.models import Outbox
from tenants.scope import open_scope, tenant_scope
from tests import make


@pytest.fixture
async def place(db, bank):
    tenant = await make.tenant(bank)
    admin = await make.staff(tenant, "administrator")
    async with open_scope(tenant_scope(tenant.id)):
        account = await provision_settlement(
            admin, tenant, bank_code="HARBSGSG", account_name="X", account_number="0012345678", currency="SGD"
        )
    return tenant, admin, account


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_the_account_is_shown_by_its_last_digits_only(client, place, language):
    tenant, admin, _ = place
    await make.sign_in(client, admin.person_id)
    page = await client.get(f"/t/{tenant.slug}/settings", headers={"Accept-Language": language})
    assert page.status_code == 200, page.text[:3000]
    assert "5678" in page.text
    assert "0012345678" not in page.text


async def test_the_channels_can_be_asked_again(client, place):
    tenant, admin, account = place
    await make.sign_in(client, admin.person_id)
    answer = await client.post(f"/t/{tenant.slug}/settings/accounts/{account.id}/connection")
    assert answer.status_code == 303
    async with open_scope(tenant_scope(tenant.id)):
        assert await Outbox.filter(tenant_id=tenant.id, job="billing.connect_settlement").count() == 2
        assert (await SettlementAccount.get(tenant_id=tenant.id)).stripe_account == ""


async def test_a_finance_officer_cannot_change_where_money_arrives(client, place):
    tenant, _, account = place
    colleague = await make.staff(tenant, "finance")
    await make.sign_in(client, colleague.person_id)
    assert (await client.get(f"/t/{tenant.slug}/settings")).status_code == 403
    assert (await client.post(f"/t/{tenant.slug}/settings/accounts/{account.id}/merchant")).status_code == 403
