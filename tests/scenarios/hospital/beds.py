"""Patients in beds at the hospital's own system, with what they are charged and have deposited, for tests of stays."""

import pytest_asyncio

from billing.ledger import verify_ledger
from billing.models import Bill, Wallet
from billing.wallets.topping_up import take_top_up
from scenarios.hospital import consents
from scenarios.hospital.inpatient import admission, deposits, settling, syncing
from scenarios.hospital.models import Stay, StaySettlement
from tenants.ids import new_id
from tenants.models import Account
from tenants.scope import value
from tests.scenarios.hospital.house import House, build
from tests.scenarios.hospital.ward import Ward, connect

ZONE = "Asia/Singapore"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def place(committed, bank) -> House:
    """One hospital for all tests here: each has a patient and a bed of its own."""
    return await build(bank)


@pytest_asyncio.fixture(loop_scope="session")
async def ward(place, sandbox, monkeypatch) -> Ward:
    return await connect(place, sandbox.url, monkeypatch)


def bed() -> str:
    return f"B{new_id().hex[-8:]}".upper()


async def lying(
    ward: Ward, *days: tuple[str, str], deposit: int = 0, percent: int = 60
) -> tuple[Stay, Account]:
    """A patient whom the hospital's system has in a bed, with charges ``(day, amount)`` and so much deposited."""
    house = ward.house
    account = await house.patient(f"Stay {new_id().hex[-6:]}")
    his_id = f"e-{new_id().hex[-8:]}"
    async with house.scope():
        await consents.give(house.clerk, account_id=account.id, purpose="insurance", way="desk")
    one = {"id": his_id, "patient": account.number, "ward": "3A", "bed": bed(), "percent": percent}
    ward.post("his/stays", hospital=house.tenant.slug, stays=[one])
    charged(ward, his_id, *days)
    await syncing.keep_up(house.system)
    async with house.scope():
        stay = await Stay.get(tenant_id=house.id, his_id=his_id)
    if deposit:
        await pay_in(house, stay, deposit)
    return stay, account


def charged(ward: Ward, his_id: str, *days: tuple[str, str], **more: str) -> list[str]:
    lines = [
        {
            "id": f"{his_id}-{new_id().hex[-6:]}",
            "text": "Infusion",
            "day": day,
            "value": float(amount),
            **more,
        }
        for day, amount in days
    ]
    ward.post("his/stay-charges", hospital=ward.house.tenant.slug, stay=his_id, charges=lines)
    return [str(one["id"]) for one in lines]


async def pay_in(house: House, stay: Stay, amount: int) -> None:
    await take_top_up(
        house.cashier, wallet_id=stay.wallet_id, amount_minor=amount, method="cash", key=new_id().hex
    )


async def going(ward: Ward, stay: Stay) -> None:
    async with ward.house.scope():
        await admission.leave(ward.house.clerk, stay.id)


async def settle(ward: Ward, stay: Stay, **given: int) -> StaySettlement:
    async with ward.house.scope():
        found = await deposits.held_of(stay)
    seen = given.get("seen", found.deposited_minor - found.charged_minor)
    return await settling.discharge(ward.house.finance, stay_id=stay.id, seen_left_minor=seen)


async def money(house: House, stay: Stay) -> tuple[int, int, int]:
    """Return what is in the deposit, what is still owed on the stay's bills, and what has gone back."""
    async with house.scope():
        wallet = await Wallet.get(tenant_id=house.id, id=stay.wallet_id)
        bills = await Bill.filter(
            tenant_id=house.id, account_id=stay.account_id, reference__startswith=stay.reference
        )
        back = await value(
            "select coalesce(sum(r.amount_minor), 0)::bigint from billing_refund r join billing_payment p"
            " on p.tenant_id = $1 and p.id = r.payment_id"
            " join billing_allocation a on a.tenant_id = $1 and a.payment_id = p.id and a.amount_minor > 0"
            " join billing_bill b on b.tenant_id = $1 and b.id = a.bill_id"
            " where r.tenant_id = $1 and b.account_id = $2 and p.channel <> 'wallet'"
            " and r.status in ('requested', 'approved', 'submitted', 'succeeded')",
            house.id,
            stay.account_id,
        )
    return wallet.balance_minor, sum(one.left_minor for one in bills), int(back)


async def fresh(house: House, stay: Stay) -> Stay:
    async with house.scope():
        return await Stay.get(tenant_id=house.id, id=stay.id)


async def books(house: House) -> list[object]:
    async with house.scope():
        return list(await verify_ledger(house.id))
