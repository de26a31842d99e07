"""The payments' institution and outside world, and a canteen that money is stored for."""

import pytest
import pytest_asyncio

import billing.wallets.paying_out
import billing.wallets.topping_up  # noqa: F401
from billing.models import FeeItem
from billing.wallets.kinds import WALLET_KINDS, WalletKind, register_wallet
from billing.wallets.service import open_wallet
from tests.billing.payments.conftest import outside, place, real_place, sandbox

__all__ = ["outside", "place", "real_place", "sandbox"]


@pytest.fixture
def canteen():
    register_wallet(WalletKind("lunches", {"en": "Canteen", "zh_CN": "食堂"}, "community"))
    yield "lunches"
    del WALLET_KINDS["lunches"]


async def _open(place, kind):
    async with place.scope():
        wallet = await open_wallet(place.id, place.account.id, kind)
        lunch = await FeeItem.create(
            tenant_id=place.id,
            scenario="community",
            key="lunch",
            names={"en": "Lunch", "zh_CN": "午餐"},
            account_kinds=[],
            currency="SGD",
        )
    return wallet, lunch


@pytest_asyncio.fixture(loop_scope="session")
async def wallet(place, canteen):
    place.wallet, place.lunch = await _open(place, canteen)
    return place.wallet


@pytest_asyncio.fixture(loop_scope="session")
async def real_wallet(real_place, canteen):
    real_place.wallet, real_place.lunch = await _open(real_place, canteen)
    return real_place.wallet
