"""What a bank offers all its institutions: two people, inherited unless agreed otherwise, off for what is new alone."""

from dataclasses import replace

import pytest
from tortoise.exceptions import IntegrityError

from billing.bank_terms import fee_change, services
from billing.bank_terms.document import EVERYTHING, WAYS, BankTerms, Limit
from billing.bank_terms.fee_change import FeeForm
from billing.bank_terms.reading import bank_terms_of, fee_of
from billing.mandates import debiting
from billing.models import Attempt, BankTermsVersion
from billing.payments.service import offers
from billing.routing.terms import BankFee, Route, RoutingTerms
from billing.terms import save_terms
from billing.transfers.opening import virtual_account
from tenants.ids import new_id
from tenants.life import services as requests
from tenants.life.kinds import KINDS
from tenants.models import Audit
from tenants.scope import bank_scope, open_scope, rows, tenant_scope
from tests import make
from tests.billing.credit.test_credit import left
from tests.billing.mandates.test_mandates import authorised, day_comes, only_debit
from tests.billing.mandates.test_transfers import arrives
from tests.billing.payments import world
from tests.billing.reminders.test_reminders import due
from tests.page import inspect, text_of
from ui.errors import Conflict, Forbidden, Invalid

OURS = BankTerms(
    currency="SGD",
    fee=BankFee(basis_points=50, fixed_minor=20, cap_minor=500),
    limits={"stripe": Limit(least_minor=200, most_minor=6000)},
)


async def people(bank):
    return await make.bank_staff(bank, "administrator", "Lin"), await make.bank_staff(
        bank, "reviewer", "Zhao"
    )


def typed(**given) -> FeeForm:
    return FeeForm.model_validate(given, context={"currency": "SGD"})


async def put(bank, terms: BankTerms) -> BankTermsVersion:
    """Two people put terms into force."""
    maker, checker = await people(bank)
    async with open_scope(bank_scope(bank.id)):
        made = await services.ask(maker, terms, "For the tests of all institutions.")
        return await services.decide(checker, made.id, is_approved=True, reason="")


def without(*ways: str) -> BankTerms:
    return OURS.model_copy(update={"ways": tuple(way for way in WAYS if way not in ways)})


async def test_one_asks_another_decides_and_every_version_is_kept(bank, db):
    maker, checker = await people(bank)
    async with open_scope(bank_scope(bank.id)):
        first = await services.ask(maker, OURS, "The board has decided on it.")
        with pytest.raises(Conflict, match="already"):
            await services.ask(maker, without("stripe"), "At the same time.")
        own = replace(maker, permissions=maker.permissions | {services.DECIDE})
        with pytest.raises(Forbidden, match="Somebody else"):
            await services.decide(own, first.id, is_approved=True, reason="")
        await services.decide(checker, first.id, is_approved=True, reason="As decided.")
        with pytest.raises(Conflict, match="decided already"):
            await services.decide(checker, first.id, is_approved=False, reason="")
        with pytest.raises(Conflict, match="in force already"):
            await services.ask(maker, OURS, "The same once more.")
        second = await services.ask(maker, without("counter"), "No more cash.")
        await services.decide(checker, second.id, is_approved=False, reason="Too early.")
        third = await services.ask(maker, without("counter"), "No more cash, later.")
        await services.withdraw(maker, third.id)
        fourth = await services.ask(maker, without("transfer"), "No transfers.")
        await services.decide(checker, fourth.id, is_approved=True, reason="")
        states = [one.status for one in await services.versions(checker)]
        assert states == ["in_force", "withdrawn", "refused", "replaced"]
        assert await Audit.filter(bank_id=bank.id, act="bank_terms.in_force").count() == 2


async def test_postgresql_itself_refuses_one_person_and_two_in_force(bank, db):
    maker, _ = await people(bank)
    async with open_scope(bank_scope(bank.id)):
        made = await services.ask(maker, OURS, "The board has decided on it.")
        with pytest.raises(IntegrityError):
            async with open_scope(bank_scope(bank.id)):
                await BankTermsVersion.filter(id=made.id).update(
                    status="in_force", decided_by=maker.person_id
                )
        await BankTermsVersion.filter(id=made.id).update(status="in_force")
        again = {"document": {}, "reason": "", "asked_by": new_id(), "asked_by_name": "x"}
        with pytest.raises(IntegrityError):
            async with open_scope(bank_scope(bank.id)):
                await BankTermsVersion.create(bank_id=bank.id, number=9, status="in_force", **again)


async def test_institutions_follow_unless_they_agreed_otherwise(place, outside, bank):
    async with place.scope():
        assert await bank_terms_of(place.id) == EVERYTHING
    await put(bank, OURS)
    found = {one.key: one for one in await offers(place.id, "SGD")}
    assert (found["stripe"].minimum_minor, found["stripe"].maximum_minor) == (200, 6000)
    with pytest.raises(Invalid, match="at most"):
        await world.start(place, await world.bill(place, 7000), channel="stripe")
    started = await world.start(place, await world.bill(place, 5000), channel="stripe")
    async with place.scope():
        kept = await Attempt.get(tenant_id=place.id, id=started.attempt_id)
        assert kept.request["application_fee_minor"] == 45
        own = RoutingTerms(routes=(Route(method="stripe", most_minor=9000),))
        await save_terms(await make.staff(place.tenant, "administrator", "Man Tan"), own)
    assert (await offers(place.id, "SGD"))[0].maximum_minor == 9000, "its own word counts"
    async with place.scope():
        assert await fee_of(place.tenant) == (OURS.fee, False)
    other = await make.tenant(bank, currency="MYR")
    async with open_scope(tenant_scope(other.id)):
        assert await fee_of(other) == (BankFee(basis_points=50), False), "amounts are of one currency"


async def test_a_fee_for_one_institution_takes_two_people_too(place, bank, db):
    await put(bank, OURS)
    asker = await make.bank_staff(bank, "operations", "Ong")
    _, checker = await people(bank)
    kind = KINDS[fee_change.KEY]
    async with open_scope(bank_scope(bank.id)):
        asked = await requests.ask(
            asker, place.id, kind, typed(basis_points=10, fixed=0), "Agreed in the contract."
        )
    async with place.scope():
        assert not (await fee_of(place.tenant))[1], "nothing before somebody else has agreed"
    async with open_scope(bank_scope(bank.id)):
        with pytest.raises(Forbidden):
            await requests.decide(asker, asked.id, is_approved=True, reason="")
        await requests.decide(checker, asked.id, is_approved=True, reason="")
    async with place.scope():
        assert await fee_of(place.tenant) == (BankFee(basis_points=10), True)
    async with open_scope(bank_scope(bank.id)):
        back = await requests.ask(asker, place.id, kind, typed(is_default=True), "The contract has ended.")
        await requests.decide(checker, back.id, is_approved=True, reason="")
    async with place.scope():
        assert await fee_of(place.tenant) == (OURS.fee, False)


async def test_a_channel_switched_off_takes_nothing_new_and_harms_nothing_under_way(
    place, outside, bank, client
):
    bill = await world.bill(place, 5000)
    started = await world.start(place, bill, channel="stripe")
    await put(bank, without("stripe", "bank"))
    assert await offers(place.id, "SGD") == []
    for channel in ("stripe", "bank"):
        with pytest.raises(Conflict, match="switched this way of paying off"):
            await world.start(place, await world.bill(place, 3000), channel=channel, key=f"new-{channel}")
    await make.sign_in(client, place.person.id)
    other = await world.bill(place, 3000)
    shown = await client.get(f"/my/checkout?bill={other.id}")
    assert "Nothing can be paid online here now" in text_of(inspect(shown.text))
    under_way = await client.get(f"/my/payments/{started.payment_id}")
    assert "Go on to pay" in text_of(inspect(under_way.text))
    outside.pay(await world.attempt(place, started))
    await world.hurry(place, "billing.ask_attempt")
    assert (await world.fresh(place, bill)).status == "paid"
    await world.ledger_is_right(place)


async def test_the_desk_takes_nothing_while_it_is_off(place, outside, bank, client):
    await put(bank, without("counter"))
    cashier = await make.staff(place.tenant, "cashier", "Cai Shi")
    bill = await world.bill(place, 5000)
    with pytest.raises(Conflict, match="switched this way of paying off"):
        await world.take(place, cashier, (bill, 5000))
    await make.sign_in(client, cashier.person_id)
    door = f"/t/{place.tenant.slug}/desk/accounts/{place.account.id}"
    page = text_of(inspect((await client.get(door)).text))
    assert "switched this way of paying off" in page
    assert "Take the money" not in page
    assert await world.count(place, "billing_payment") == 0


async def test_transfers_off_open_no_number_and_what_was_sent_still_counts(place, outside, bank, client):
    bill = await world.bill(place, 3000)
    number = await virtual_account(place.payer, tenant_id=place.id, account_id=place.account.id)
    assert number
    await make.sign_in(client, place.person.id)
    await put(bank, without("transfer"))
    page = text_of(inspect((await client.get(f"/my/accounts/{place.account.id}/transfer")).text))
    assert "Transfers are switched off" in page
    assert number not in page
    other = await make.account(place.tenant)
    with pytest.raises(Conflict, match="switched this way of paying off"):
        await virtual_account(place.payer, tenant_id=place.id, account_id=other.id)
    await put(bank, OURS)
    await arrives(place, outside, 3500)
    assert (await world.fresh(place, bill)).status == "paid"
    assert await left(place) == 500


async def test_debits_wait_while_they_are_off_and_go_on_after(place, outside, bank):
    mandate = await authorised(place, outside)
    bill = await due(place, 0)
    assert await debiting.plan(place.system) == 1
    await put(bank, without("debit"))
    later = await due(place, 5)
    assert await debiting.plan(place.system) == 0, "nothing new is announced"
    await day_comes(place, outside)
    debit = await only_debit(place)
    assert (debit.status, debit.error, debit.tries) == ("waiting", "channel.off", 0)
    async with place.scope():
        assert await rows("select 1 from billing_mandate where id = $1 and status = 'active'", mandate.id)
    await put(bank, OURS)
    await day_comes(place, outside)
    assert (await world.fresh(place, bill)).status == "paid"
    assert await debiting.plan(place.system) == 1
    assert (await world.fresh(place, later)).status == "issued"


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_the_pages(place, bank, client, language):
    maker, checker = await people(bank)
    headers, door = {"Accept-Language": language}, f"/bank/{bank.slug}/channels"
    await make.sign_in(client, maker.person_id)
    for path in (door, f"{door}/new", f"/bank/{bank.slug}/fees", f"/bank/{bank.slug}/fees/{place.id}"):
        inspect((await client.get(path, headers=headers)).text)
    sent = {
        "ways": ["stripe", "bank", "counter"], "currency": "SGD", "basis_points": "35", "fixed": "0.10",
        "cap": "5.00", "rounding": "half_up", "bank_least": "5.00", "bank_most": "900.00",
        "reason": "The board has decided on it.",
    }  # fmt: skip
    for wrong in ({"bank_most": "1.00"}, {"ways": ["cheque"]}, {"basis_points": "2000"}, {"currency": "XXX"}):
        answer = await client.post(door, data=sent | wrong, headers=headers)
        assert answer.status_code == 422, wrong
        inspect(answer.text)
    asked = await client.post(door, data=sent)
    assert asked.status_code == 303
    waiting = asked.headers["location"]
    inspect((await client.get(door, headers=headers)).text)
    assert (await client.post(f"{waiting}/decision", data={"decision": "approve"})).status_code == 403
    await make.sign_in(client, checker.person_id)
    page = await client.get(waiting, headers=headers)
    inspect(page.text)
    assert "S$0.10" in page.text or "SGD" in page.text
    assert (await client.post(f"{waiting}/decision", data={"decision": "approve"})).status_code == 303
    shown = text_of(inspect((await client.get(door, headers={"Accept-Language": "en"})).text))
    assert "0.35 %" in shown
    assert "5.00 to" in shown
    assert "900.00 a payment" in shown
    manager = await make.staff(place.tenant, "administrator", "Man Tan")
    await make.sign_in(client, manager.person_id)
    own = await client.get(
        f"/t/{place.tenant.slug}/settings/terms/routing", headers={"Accept-Language": "en"}
    )
    words = text_of(inspect(own.text))
    assert "Switched off by your bank" in words
    assert "0.35 %" in words


@pytest.mark.parametrize("role", ["relationship_manager", "operations", "reviewer", "auditor"])
async def test_nobody_else_asks(bank, db, role):
    actor = await make.bank_staff(bank, role)
    async with open_scope(bank_scope(bank.id)):
        with pytest.raises(Forbidden):
            await services.ask(actor, OURS, "I would like to.")
