"""An approved institution's account is kept secret and connected to each channel once."""

from dataclasses import replace

import pytest

import billing.runtime
from billing.channels.contract import ChannelSilent
from billing.models import SettlementAccount
from billing.payments import orders, settlement
from tenants.models import Audit
from tenants.provisioning import Settlement, provision
from tenants.runtime import runtime
from tests import make
from tests.asking import HTTP
from tests.billing.payments import world
from tests.jobs import run_due
from ui.errors import Forbidden, Invalid, NotFound


async def account(place) -> SettlementAccount:
    async with place.scope():
        return await SettlementAccount.get(tenant_id=place.id)


@pytest.fixture
async def new(outside, db, bank):
    return await world.build(bank, is_connected=False)


async def test_the_number_is_kept_secret(new):
    row = await account(new)
    assert b"8901" not in bytes(row.account_number)
    assert row.account_mask == "•••• 8901"
    assert runtime().decrypt(orders.NUMBER, bytes(row.account_number)) == "0123 4567 8901"
    async with new.scope():
        trail = await Audit.get(tenant_id=new.id, act="settlement.added")
    assert "0123" not in str(trail.after)


async def test_the_job_connects_it_to_every_channel(new, outside):
    assert await run_due(new.id) >= 1
    row = await account(new)
    assert row.stripe_account.startswith("acct_")
    assert (row.is_stripe_ready, row.rail_merchant) == (True, f"m{row.id.hex}")
    await settlement.connect(new.system, row.id)
    assert (await account(new)).stripe_account == row.stripe_account


def accounts(outside, place) -> int:
    headers = {"Authorization": "Bearer sk_test_123"}
    found = HTTP.get(f"{outside.url}/stripe/v1/accounts?limit=100", headers=headers).json()
    return sum(each["metadata"].get("tenant_id") == str(place.id) for each in found["data"])


@pytest.mark.parametrize("kind", ["drop_after", "drop_before"])
async def test_an_answer_that_is_lost_makes_no_second_account(new, outside, kind):
    outside.fault("stripe", kind, "accounts.create")
    with pytest.raises(ChannelSilent):
        await settlement.connect(new.system, new.settlement.id)
    outside.clear()
    await settlement.connect(new.system, new.settlement.id)
    assert accounts(outside, new) == 1
    assert (await account(new)).is_stripe_ready


async def test_the_rail_away_is_tried_again_with_the_same_key(new, outside):
    settings = billing.runtime.channel_settings()
    billing.runtime.use(replace(settings, rail_merchants_url="http://127.0.0.1:9/merchants"))
    with pytest.raises(ChannelSilent):
        await settlement.connect_rail(new.system, new.settlement.id)
    before = await account(new)
    assert (bool(before.rail_secret), before.rail_merchant) == (True, "")
    billing.runtime.use(settings)
    await settlement.connect_rail(new.system, new.settlement.id)
    assert bytes((await account(new)).rail_secret or b"") == bytes(before.rail_secret or b"")


async def test_a_currency_that_stripe_counts_differently_is_left_out(outside, db, bank):
    place = await world.build(bank, currency="KWD", is_connected=False)
    await settlement.connect_stripe(place.system, place.settlement.id)
    assert (await account(place)).stripe_account == ""


async def test_without_channels_nothing_is_asked(new):
    billing.runtime.use(billing.runtime.ChannelSettings())
    await settlement.connect(new.system, new.settlement.id)
    assert (await account(new)).stripe_account == ""


async def test_approving_an_institution_keeps_its_account(outside, db, bank):
    tenant = await make.tenant(bank)
    reviewer = await make.bank_staff(bank)
    given = Settlement("HRBRSGSG", tenant.name, "123456789", "SGD")
    place = replace(await world.build(bank, is_connected=False), tenant=tenant)
    async with place.scope():
        await settlement.settle_tenant(reviewer, tenant, given)
        trail = await Audit.get(tenant_id=tenant.id, act="settlement.added")
    assert trail.bank_id == bank.id
    assert (await account(place)).account_mask == "•••• 6789"
    assert settlement.settle_tenant in provision.__globals__["_settlers"]


async def test_a_merchant_opened_by_hand_is_entered_by_those_who_may(new):
    manager = await make.staff(new.tenant, "administrator")
    async with new.scope():
        with pytest.raises(Forbidden):
            await settlement.enter_rail_merchant(
                await make.staff(new.tenant, "finance"), new.settlement.id, merchant="m1", secret="s"
            )
        with pytest.raises(Invalid):
            await settlement.enter_rail_merchant(manager, new.settlement.id, merchant=" ", secret="s")
        with pytest.raises(NotFound):
            await settlement.enter_rail_merchant(manager, new.id, merchant="m1", secret="s")
        await settlement.enter_rail_merchant(manager, new.settlement.id, merchant=" m1 ", secret="s")
        await settlement.enter_rail_merchant(manager, new.settlement.id, merchant="m1", secret="s2")
        with pytest.raises(Invalid, match="Ask your bank"):
            await settlement.enter_rail_merchant(manager, new.settlement.id, merchant="m2", secret="s")
    row = await account(new)
    assert (row.rail_merchant, runtime().decrypt("rail-secret", bytes(row.rail_secret or b""))) == (
        "m1",
        "s2",
    )


async def test_the_institution_completes_its_account_at_stripe(place):
    manager = await make.staff(place.tenant, "administrator")
    url = await settlement.stripe_onboarding_url(
        manager, place.settlement.id, return_url="http://cloud.test/t/x"
    )
    assert url.startswith("http")
    async with place.scope():
        await SettlementAccount.filter(id=place.settlement.id).update(stripe_account="")
    with pytest.raises(Invalid):
        await settlement.stripe_onboarding_url(
            manager, place.settlement.id, return_url="http://cloud.test/t/x"
        )
