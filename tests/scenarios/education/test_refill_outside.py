"""A card that fills itself, end to end at the sandbox's rail: taken, refused, tried again, given up, called off."""

import dataclasses
from typing import Any

import pytest_asyncio

from billing.mandates import debiting, life
from billing.mandates.life import Wish as Autopay
from billing.mandates.terms import MandateTerms
from billing.models import Bill, Debit, Mandate, SettlementAccount, Wallet
from billing.payments import settlement
from billing.terms import save_terms
from scenarios.education.canteen import refill
from scenarios.education.canteen.refill import REFILL_JOB, Wish
from scenarios.education.models import SchoolRefill, SchoolRefillRun
from tenants.actor import system_actor
from tenants.models import Notice
from tenants.scope import execute, open_scope, tenant_scope
from tests import make
from tests.billing.payments import world as money
from tests.billing.payments.conftest import outside, sandbox
from tests.scenarios.education import world
from tests.scenarios.education.test_canteen import canteen, fill, sell

__all__ = ["outside", "sandbox"]
BACK = "http://cloud.test/my"


@dataclasses.dataclass
class Home(money.Place):
    """A pupil's card at a school that the rail knows, with a mother who has given leave to take from her account."""

    child: Any = None
    wallet: Any = None
    buy: Any = None

    async def on_card(self) -> int:
        async with self.scope():
            return (await Wallet.get(tenant_id=self.id, id=self.wallet)).balance_minor

    async def debits(self):
        async with self.scope():
            return await Debit.filter(tenant_id=self.id).order_by("created_at")

    async def fill_itself(self):
        async with self.scope():
            await refill.set_up(self.payer, self.child, Wish(1_000, 2_000, 4_000))

    async def eat(self):
        """Have lunch for 5.00, and everything done that comes of it at once."""
        await self.buy()
        await money.hurry(self, REFILL_JOB)
        await money.hurry(self, debiting.TAKE_JOB)

    async def settle(self, outside):
        """Let the bank work, and us hear of it."""
        outside.advance(2)
        for _ in range(3):
            await money.hurry(self, "billing.ask_attempt")
            await money.hurry(self, debiting.LOOK_JOB)
        await money.hurry(self, "billing.%hold%")

    async def day_comes(self, outside):
        """The day of the next try."""
        async with self.scope():
            late = "update billing_debit set due_on = day_of(tenant_id) where tenant_id = $1 and status = 'waiting'"
            await execute(late, self.id)
        await debiting.take_due(self.system)
        await money.hurry(self, debiting.TAKE_JOB)
        await self.settle(outside)


@pytest_asyncio.fixture(loop_scope="session")
async def home(outside, db, bank):
    tenant, staff, worker, lunch, _ = await canteen(bank)
    async with open_scope(tenant_scope(tenant.id)):
        own = await SettlementAccount.get(tenant_id=tenant.id)
        await save_terms(staff, MandateTerms(retry_count=1, retry_days=3))
    await settlement.connect(system_actor(tenant.id), own.id)
    wallet = await fill(tenant, "A1", 1_400)
    mother = await world.parent(tenant, "A1")
    account = await world.account(tenant, "A1")
    made = Home(tenant, account, None, mother, own, None)
    made.child, made.wallet = await world.child(mother, account.id), wallet
    made.buy = lambda: sell(tenant, worker, "A1", lunch)
    return made


async def autopay(home, outside, account="salary") -> Mandate:
    wish = Autopay("bank", 5_000, "bill")
    asked = {"tenant_id": home.id, "account_id": home.account.id, "wish": wish, "return_url": BACK}
    mandate = await life.set_up(home.payer, **asked)
    outside.post(f"rail/mandates/{mandate.reference}", act="authorise", account=account)
    return await life.present(home.payer.within(home.id), mandate.id)


async def test_below_the_level_the_bank_is_asked_and_the_money_is_on_the_card(home, outside):
    await autopay(home, outside)
    await home.fill_itself()
    await home.eat()
    await home.settle(outside)
    (debit,) = await home.debits()
    assert (debit.status, debit.amount_minor) == ("paid", 2_000)
    assert await home.on_card() == 900 + 2_000
    assert await money.ledger_is_right(home)
    await home.settle(outside)
    assert await home.on_card() == 2_900, "once"


async def test_what_the_bank_refuses_is_tried_again_on_another_day(home, outside):
    await autopay(home, outside)
    await home.fill_itself()
    outside.fault("rail", "debit_refuse", "debit", times=1)
    await home.eat()
    await home.settle(outside)
    (debit,) = await home.debits()
    assert (debit.status, debit.error, debit.tries) == ("waiting", "insufficient_funds", 1)
    assert await home.on_card() == 900
    await home.eat()
    assert len(await home.debits()) == 1, "one top-up at a time, while it waits too"
    await home.day_comes(outside)
    (debit,) = await home.debits()
    assert (debit.status, debit.tries) == ("paid", 2)
    assert await home.on_card() == 400 + 2_000
    async with home.scope():
        told = [one.subject for one in await Notice.filter(tenant_id=home.id, channel="in_app")]
    assert any("could not be debited" in one for one in told)


async def test_without_funds_to_the_end_it_stops_with_a_word_and_nothing_stays_open(home, outside):
    mandate = await autopay(home, outside, account="empty")
    await home.fill_itself()
    await home.eat()
    await home.settle(outside)
    await home.day_comes(outside)
    (debit,) = await home.debits()
    assert (debit.status, debit.tries) == ("failed", 2)
    async with home.scope():
        assert (await Mandate.get(tenant_id=home.id, id=mandate.id)).status == "paused"
    await home.eat()
    async with home.scope():
        ended = await SchoolRefill.get(tenant_id=home.id)
        assert (ended.status, ended.word) == ("stopped", "no_mandate")
        assert await SchoolRefillRun.filter(tenant_id=home.id).count() == 1
    await money.hurry(home, "billing.%hold%")
    async with home.scope():
        assert (await Bill.get(tenant_id=home.id, id=debit.bill_id)).status == "void"
    assert await home.on_card() == 400
    assert await money.ledger_is_right(home)


async def test_stopping_calls_off_what_still_waits_for_the_bank(home, outside, client):
    await autopay(home, outside)
    await home.fill_itself()
    outside.fault("rail", "debit_refuse", "debit", times=1)
    await home.eat()
    await home.settle(outside)
    await make.sign_in(client, home.payer.person_id)
    page = await client.get(f"/my/school/{home.account.id}/canteen")
    assert page.status_code == 200
    async with home.scope():
        await refill.stop(home.payer, home.child)
    await money.hurry(home, "billing.%hold%")
    await home.day_comes(outside)
    (debit,) = await home.debits()
    assert (debit.status, debit.tries) == ("stopped", 1)
    async with home.scope():
        assert (await Bill.get(tenant_id=home.id, id=debit.bill_id)).status == "void"
    assert await home.on_card() == 900
