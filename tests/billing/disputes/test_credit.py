"""Money paid ahead that a payer's bank takes back is not spent as well; and nothing goes back by two ways at once."""

import pytest

from billing.channels.contract import Outcome
from billing.credit.applying import apply_to, use_credit
from billing.credit.lots import grant_credit
from billing.credit.prepaying import start_prepayment
from billing.credit.queries import free_credit, frozen_credit, statement_of
from billing.credit.refunds import refund_credit
from billing.disputes import deciding
from billing.models import Credit, Dispute, Refund
from billing.payments.refunding import submit_refund
from billing.payments.service import approve_refund, request_refund
from billing.payments.settling import settle
from tenants.ids import new_id
from tests import make
from tests.billing.disputes.test_disputes import fresh, paid, tell
from tests.billing.payments import world
from tests.page import inspect, text_of
from ui.errors import Conflict, Invalid


async def ahead(place, amount=5000):
    """Money paid ahead by card."""
    started = await start_prepayment(
        place.payer,
        tenant_id=place.id,
        account_id=place.account.id,
        amount_minor=amount,
        channel="stripe",
        key=new_id().hex,
        return_url=world.RETURN_URL,
    )
    told = Outcome(state="succeeded", channel_payment=f"pi_{new_id().hex}", amount_minor=amount)
    async with place.scope():
        await settle(place.system, started.attempt_id, told)
    return started


async def credit_of(place) -> tuple[int, int, int]:
    """What of the account's credit is left, lost, and free to use."""
    async with place.scope():
        (one,) = await Credit.filter(tenant_id=place.id)
        return one.left_minor, one.lost_minor, await free_credit(place.id, place.account.id, "SGD")


async def applied(place) -> int:
    async with place.scope():
        return sum(each.amount_minor for each in await apply_to(place.id, [place.account.id]))


async def test_credit_in_a_dispute_is_kept_back_and_pays_again_once_that_is_won(place):
    bill = await world.bill(place, 3000)
    started = await ahead(place)
    await tell(place, started, "evidence_due", 2000)
    assert await credit_of(place) == (5000, 0, 0)
    assert await applied(place) == 0
    async with place.scope():
        assert await frozen_credit(place.id, place.account.id, "SGD") == 5000
        with pytest.raises(Invalid, match="not that much credit"):
            await use_credit(place.payer.within(place.id), bill_id=bill.id, amount_minor=1, key="k")
    await tell(place, started, "won", 2000)
    await world.hurry(place, "billing.apply_credit")
    assert await credit_of(place) == (2000, 0, 2000)


async def test_credit_whose_money_is_lost_is_gone_and_comes_back_when_it_is_won_after_all(place):
    await world.bill(place, 5000)
    started = await ahead(place)
    dispute = await tell(place, started, "lost")
    assert await credit_of(place) == (0, 5000, 0)
    assert await applied(place) == 0
    kept = await fresh(place, dispute)
    assert (kept.credit_minor, kept.claim_minor) == (5000, 0)
    async with place.scope():
        assert [
            (one["kind"], one["balance_minor"]) for one in await statement_of(place.id, place.account.id)
        ] == [
            ("lost", 0),
            ("prepayment", 5000),
        ]
    await tell(place, started, "won")
    assert await credit_of(place) == (5000, 0, 5000)
    assert await applied(place) == 5000
    await world.ledger_is_right(place)


async def test_what_a_dispute_took_is_not_refunded_from_credit_too(place):
    officer = await make.staff(place.tenant, "finance", "Fin Lim")
    started = await ahead(place)
    async with place.scope():
        credit = await Credit.get(tenant_id=place.id)
        refund_id = await refund_credit(
            officer, credit_id=credit.id, amount_minor=4000, reason="Moved", key="a"
        )
    await tell(place, started, "lost", 3000)
    assert await credit_of(place) == (4000, 1000, 0)
    await submit_refund(place.system, refund_id)
    async with place.scope():
        assert (await Refund.get(id=refund_id)).error == "disputed"
    await world.ledger_is_right(place)
    async with place.scope():
        dispute = await Dispute.get(tenant_id=place.id)
        await deciding.decide(officer, dispute_id=dispute.id, decision="borne", reason="So it is")
    assert await credit_of(place) == (2000, 3000, 2000)
    await world.ledger_is_right(place)


async def test_a_refund_agreed_to_after_part_was_lost_does_not_go(place):
    cashier = await make.staff(place.tenant, "cashier", "Cai Shi")
    officer = await make.staff(place.tenant, "finance", "Fin Lim")
    _, started = await paid(place)
    async with place.scope():
        asked = await request_refund(
            cashier,
            payment_id=started.payment_id,
            amount_minor=4000,
            seen_refundable_minor=5000,
            reason="Too much",
            key="k",
        )
    await tell(place, started, "lost", 2000)
    async with place.scope():
        await approve_refund(officer, refund_id=asked)
        ended = await Refund.get(id=asked)
    assert (ended.status, ended.error) == ("failed", "disputed")
    await world.ledger_is_right(place)


async def test_what_the_institution_has_borne_of_a_bill_never_becomes_credit(place):
    officer = await make.staff(place.tenant, "finance", "Fin Lim")
    bill, started = await paid(place)
    dispute = await tell(place, started, "lost", 3000)
    async with place.scope():
        await deciding.decide(officer, dispute_id=dispute.id, decision="borne", reason="Our mistake")
        facts = {"bill_id": bill.id, "source": "credit_note", "source_id": new_id()}
        with pytest.raises(Invalid, match="cannot become credit"):
            await grant_credit(officer, amount_minor=2001, **facts)
        await grant_credit(officer, amount_minor=2000, **facts)


async def test_nobody_agrees_to_bear_what_was_won_in_the_meantime(place):
    officer = await make.staff(place.tenant, "finance", "Fin Lim")
    manager = await make.staff(place.tenant, "administrator", "Man Tan")
    _, started = await paid(place, 60_000)
    dispute = await tell(place, started, "lost", 60_000)
    async with place.scope():
        await deciding.decide(officer, dispute_id=dispute.id, decision="borne", reason="Our mistake")
    await tell(place, started, "won", 60_000)
    async with place.scope():
        with pytest.raises(Conflict, match="second person"):
            await deciding.approve(manager, dispute_id=dispute.id, is_agreed=True)
    assert (await fresh(place, dispute)).decision == ""
    await world.ledger_is_right(place)


async def test_pages_say_what_is_kept_back_and_what_was_taken(place, client):
    officer = await make.staff(place.tenant, "finance", "Fin Lim")
    started = await ahead(place)
    await tell(place, started, "evidence_due")
    async with place.scope():
        credit = await Credit.get(tenant_id=place.id)
    root, mine = f"/t/{place.tenant.slug}", f"/my/accounts/{place.account.id}/credit"
    await make.sign_in(client, officer.person_id)
    assert "Kept back by a dispute" in text_of(inspect((await client.get(f"{root}/credit")).text))
    one = (await client.get(f"{root}/credit/{credit.id}")).text
    assert "has asked for this money" in text_of(inspect(one))
    assert f"{credit.id}/refunds" not in one
    await make.sign_in(client, place.person.id, level=2)
    assert "50.00 more is kept back" in text_of(inspect((await client.get(mine)).text))
    await tell(place, started, "lost")
    assert "Taken back by the payer's bank" in text_of(inspect((await client.get(mine)).text))
