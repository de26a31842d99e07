"""Single bills: their working, their story, void, reminders, paper."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from billing import pay_links
from billing.bulk import files, papers
from billing.charges import bills, printing, reminders
from billing.charges.story import story
from billing.ledger import verify_ledger
from billing.models import Bill, BillLine, Payment, PaymentPart, SettlementAccount
from billing.reminders.plan import ReminderTerms
from tenants.actor import StepUp
from tenants.models import Notice, Task
from tenants.scope import open_scope, tenant_scope
from tests import make
from tests.billing.charges.estate import AUGUST
from tests.billing.pdf_text import pages
from tests.jobs import run_due
from ui.errors import Conflict, Forbidden, Invalid, NotFound
from ui.i18n import use_locale
from ui.tables import TableQuery


@pytest_asyncio.fixture(loop_scope="session")
async def billed(estate):
    estate.accounts = {
        number: await make.account(estate.tenant, number, attributes={"flat_type": flat, "is_reduced": False})
        for number, flat in (("U1", "4-room"), ("U2", "5-room"))
    }
    await make.holder(estate.accounts["U1"], None, email="u1@example.com")
    await make.holder(estate.accounts["U2"], None, email="", phone="+65 8000 0000")
    estate.july = await estate.bill()
    estate.one, estate.two = await estate.bills(estate.july)
    return estate


def within(estate):
    return open_scope(tenant_scope(estate.tenant.id))


async def hold(estate, bill):
    """Leave a payment under way for a bill, as a payer who is on the channel's page does."""
    async with within(estate):
        place = await SettlementAccount.create(
            tenant_id=estate.tenant.id,
            currency="SGD",
            bank_code="X",
            account_name="X",
            account_number=b"x",
            account_mask="x",
        )
        payment = await Payment.create(
            tenant_id=estate.tenant.id,
            number="P1",
            currency="SGD",
            amount_minor=100,
            channel="bank",
            settlement_account_id=place.id,
            payer_name="Ann",
            status="processing",
        )
        return await PaymentPart.create(
            tenant_id=estate.tenant.id, payment_id=payment.id, bill_id=bill.id, amount_minor=100
        )


async def test_a_line_says_how_it_came_about_and_proves_it(billed):
    async with within(billed):
        (line,) = (await bills.lines_of(billed.tenant.id, [billed.one.id]))[billed.one.id]
    assert (line.name, line.version, line.is_proven) == ("The service", 1, True)
    assert [str(step) for step in line.steps] == ["4-room, normal: 79.00", "rounded half up to 0.01: 79.00"]
    with use_locale("zh_CN"):
        assert line.name == "service费"
        assert "普通" in line.how


async def test_a_line_that_does_not_work_out_again_is_shown_as_such(billed):
    async with within(billed):
        (line,) = (await bills.lines_of(billed.tenant.id, [billed.one.id]))[billed.one.id]
        line.line.amount_minor += 1
        rule = await billed.rule("service")
    assert not bills.explain(line.line, rule).is_proven


async def test_voiding_frees_the_month_and_takes_it_back_in_the_books(billed):
    async with within(billed):
        await bills.void(billed.finance, billed.one.id, reason="Wrong flat type")
        assert await verify_ledger(billed.tenant.id) == []
        with pytest.raises(Conflict, match=r"bill\.wrong_state"):
            await bills.void(billed.finance, billed.one.id, reason="Again")
    again = await billed.bill()
    async with within(billed):
        (fresh,) = await Bill.filter(run_id=again.id)
        lines = await BillLine.filter(account_id=billed.one.account_id)
        assert await verify_ledger(billed.tenant.id) == []
    assert (fresh.account_number, fresh.number) == ("U1", "202607-000003")
    assert {line.bill_id: line.is_live for line in lines} == {billed.one.id: False, fresh.id: True}


@pytest.mark.parametrize("state", ["part_paid", "paid"])
async def test_what_is_paid_is_not_voided(billed, state):
    async with within(billed):
        await Bill.filter(id=billed.one.id).update(status=state)
        with pytest.raises(Conflict, match=r"bill\.wrong_state"):
            await bills.void(billed.finance, billed.one.id, reason="x")


async def test_what_is_being_paid_is_not_voided(billed):
    part = await hold(billed, billed.one)
    async with within(billed):
        with pytest.raises(Conflict, match=r"bill\.being_paid"):
            await bills.void(billed.finance, billed.one.id, reason="x")
        part.is_live = False
        await part.save()
        assert (await bills.void(billed.finance, billed.one.id, reason="x")).status == "void"


async def test_voiding_needs_a_reason_and_a_fresh_sign_in(billed):
    stale = replace(billed.finance, auth_time=datetime.now(UTC) - timedelta(hours=1))
    async with within(billed):
        with pytest.raises(Invalid):
            await bills.void(billed.finance, billed.one.id, reason="  ")
        with pytest.raises(StepUp):
            await bills.void(stale, billed.one.id, reason="x")


async def test_the_story_tells_what_happened_newest_first(billed):
    part = await hold(billed, billed.one)
    async with within(billed):
        await reminders.remind_one(billed.finance, billed.one.id)
        part.is_live = False
        await part.save()
        await bills.void(billed.finance, billed.one.id, reason="Sold")
        events = await story(await bills.get(billed.finance, billed.one.id), "/t/x", billed.finance)
    assert {str(event.title).replace("\xa0", " ") for event in events} == {
        "Issued: SGD 79.00",
        "Reminder sent",
        "Voided",
        "A payment of SGD 1.00 is under way",
    }
    assert events == sorted(events, key=lambda event: event.at, reverse=True)
    assert [event.href for event in events if event.href] == [f"/t/x/payments/{part.payment_id}"]
    desk = await make.staff(billed.tenant, "front_desk")
    async with within(billed):
        told = await story(await bills.get(billed.finance, billed.one.id), "/t/x", desk)
    assert [event.title for event in told] == [event.title for event in events]
    assert not [event.href for event in told if event.href], "who may not see payments is not led to one"


async def test_a_reminder_goes_out_once_in_three_days(billed):
    async with within(billed):
        assert await reminders.remind_one(billed.finance, billed.one.id) == "u1@example.com"
        with pytest.raises(Conflict, match=r"bill\.reminded"):
            await reminders.remind_one(billed.finance, billed.one.id)
        (notice,) = await Notice.filter(tenant_id=billed.tenant.id)
        assert pay_links.make_url(billed.tenant.id, billed.one.id) in notice.body
        assert "79.00" in notice.subject
        await Bill.filter(id=billed.one.id).update(reminded_at=datetime.now(UTC) - timedelta(days=4))
        assert await reminders.remind_one(billed.finance, billed.one.id)


@pytest.mark.parametrize(("begins", "lasts", "is_quiet"), [(-1, 3, True), (0, 0, False), (2, 2, False)])
async def test_a_reminder_that_quiet_hours_hold_back_says_when_it_leaves(
    billed, monkeypatch, begins, lasts, is_quiet
):
    hour = datetime.now(ZoneInfo(billed.tenant.timezone)).hour + begins
    terms = ReminderTerms(quiet_from=hour % 24, quiet_until=(hour + lasts) % 24)

    async def theirs(*_):
        return terms

    monkeypatch.setattr(reminders, "terms_of", theirs)
    async with within(billed):
        until = await reminders.waits_until(billed.tenant.id)
    assert (until is not None) is is_quiet
    assert until is None or (until > datetime.now(UTC) and until.hour == terms.quiet_until), (
        "in the estate's own zone"
    )


async def test_all_overdue_are_reminded_once(billed):
    august = await billed.bill(period=AUGUST)
    async with within(billed):
        await Bill.filter(run_id=august.id).update(due_on=make.today() + timedelta(days=9))
        await Bill.filter(id=billed.two.id).update(status="part_paid", paid_minor=100)
        query = TableQuery(path="/bills")
        assert await reminders.count_due(billed.finance, query) == 2
        task_id = await reminders.remind_overdue(billed.finance, query)
    await run_due(billed.tenant.id)
    async with within(billed):
        found = await Notice.filter(tenant_id=billed.tenant.id)
        task = await Task.get(id=task_id)
        assert sorted((one.channel, one.recipient) for one in found) == [
            ("email", "u1@example.com"),
            ("sms", "+65 8000 0000"),
        ]
        assert (task.state, task.result["reminded"]) == ("done", 2)
        assert await reminders.count_due(billed.finance, query) == 0


@pytest.mark.parametrize("state", ["paid", "void"])
async def test_nobody_is_reminded_of_what_is_not_owed(billed, state):
    async with within(billed):
        await Bill.filter(id=billed.one.id).update(status=state)
        with pytest.raises(Conflict, match=r"bill\.not_owed"):
            await reminders.remind_one(billed.finance, billed.one.id)
        assert await reminders.count_due(billed.finance, TableQuery(path="")) == 1


async def test_an_account_without_an_address_is_said_to_have_none(billed):
    account = await make.account(billed.tenant, "U3", attributes={"flat_type": "1-room", "is_reduced": False})
    await make.holder(account, None, email="", phone="")
    (bill,) = await billed.bills(await billed.bill())
    async with within(billed):
        with pytest.raises(Conflict, match=r"bill\.nobody"):
            await reminders.remind_one(billed.finance, bill.id)


@pytest.mark.parametrize(("locale", "words"), [("en", "Amount to pay"), ("zh_CN", "应付金额")])
async def test_a_printed_bill_carries_its_link_and_the_holders_code(billed, locale, words):
    async with within(billed):
        (document,) = await printing.documents_of(billed.tenant.id, [billed.one.id], locale)
        content = await printing.print_one(billed.finance, billed.one, locale)
    assert document.pay_url == pay_links.make_url(billed.tenant.id, billed.one.id)
    text = "\n".join(pages(content))
    assert document.holder_code in text
    assert billed.one.number in text
    assert words in text


async def test_arrears_are_named_on_the_next_bill(billed):
    august = await billed.bill(period=AUGUST)
    bill = (await billed.bills(august))[0]
    async with within(billed):
        (document,) = await printing.documents_of(billed.tenant.id, [bill.id], "en")
    assert document.arrears_minor == 7900


async def test_a_run_is_printed_into_one_file(billed):
    async with within(billed):
        asked = {"kind": "pdf", "locale": "zh_CN"}
        task = await papers.begin_bills(billed.finance, billed.july.id, place="", **asked)
        with pytest.raises(Invalid):
            await papers.begin_bills(billed.finance, billed.july.id, place="Nowhere", **asked)
    await run_due(billed.tenant.id)
    async with within(billed):
        done, path = await files.made(billed.finance, task.id)
    content = path.read_bytes()
    assert (done.done, done.total) == (2, 2)
    assert content.startswith(b"%PDF")
    one, two = pages(content)
    assert billed.one.number in one
    assert billed.two.number in two


async def test_the_colleague_without_the_right_and_the_stranger(billed, bank):
    reader = await make.staff(billed.tenant, "reader")
    stranger = await make.staff(await make.tenant(bank), "finance")
    async with open_scope(reader.scope()):
        assert (await bills.get(reader, billed.one.id)).id == billed.one.id
        with pytest.raises(Forbidden):
            await bills.void(reader, billed.one.id, reason="x")
        with pytest.raises(Forbidden):
            await reminders.remind_one(reader, billed.one.id)
    async with open_scope(stranger.scope()):
        with pytest.raises(NotFound):
            await bills.get(stranger, billed.one.id)
        with pytest.raises(NotFound):
            await bills.void(stranger, billed.one.id, reason="x")
        with pytest.raises(NotFound):
            await reminders.remind_one(stranger, billed.one.id)


@pytest.mark.parametrize(
    ("name", "place", "said"),
    [
        ("12A Bedok Rd #03-105", "12A Bedok Rd", "12A Bedok Rd #03-105"),
        ("Ann Tan", "1B", "Ann Tan, 1B"),
        ("Ann Tan", "", "Ann Tan"),
    ],
)
def test_an_address_says_a_place_once(name, place, said):
    assert printing.address_of(name, place) == said
