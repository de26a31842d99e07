"""Finance works a month: the pages say what differs, the acts put it right, and others are kept out."""

import re
from datetime import timedelta

import pytest

from billing.models import Break, MatchSuggestion, Payment, Statement, StatementLine, Suspense
from billing.reconciliation import uploads
from tenants.scope import execute
from tests import make
from tests.billing.reconciliation import papers
from tests.billing.reconciliation.papers import DAY, Entry, Trade, at, kinds, paid, take, trade_file
from tests.jobs import run_due
from tests.page import inspect, text_of

NEXT = DAY + timedelta(days=1)


@pytest.fixture
async def own(db, bank):
    return await papers.books(bank)


@pytest.fixture
async def finance(own, client):
    actor = await make.staff(own.tenant, "finance")
    await make.sign_in(client, actor.person_id)
    return actor


def url(own, path=""):
    return f"/t/{own.tenant.slug}/reconciliation{path}"


async def page(client, address, status=200):
    answer = await client.get(address)
    assert answer.status_code == status, answer.text[:2000]
    if "export" not in address:
        inspect(answer.text)
    return answer.text


async def one(own, model, **given):
    async with own.scope():
        return await model.filter(tenant_id=own.id, **given).first()


async def month(own):
    """A day paid out, a line we do not know, one of another amount, a charge of the bank."""
    good, odd = await paid(own, 5000, at(9)), await paid(own, 6000, at(10))
    await take(own, papers.fund_file(5000 + 6100 + 700 - 57, fees=57))
    await take(
        own, trade_file(Trade(str(good)), Trade(str(odd), 6100), Trade("who-is-this", 700, text="Ann 707"))
    )
    await take(
        own,
        papers.camt(Entry(5000 + 6100 + 700 - 57, reference="S20260310"), Entry(-300, text="Account fee")),
    )


async def test_breaks_are_found_by_how_long_they_have_waited(own, client, finance):
    await month(own)
    async with own.scope():
        await execute(
            "update billing_break set created_at = now() - interval '9 days' where tenant_id = $1 and kind = 'amount'",
            own.id,
        )
    seen = await page(client, url(own))
    assert "More than a week: 1 ·" in seen
    assert "Since today: " in seen
    old = await page(client, url(own, "/breaks?age=older"))
    assert "Account fee" not in old
    assert "61.00" in old
    assert "Account fee" in await page(client, url(own, "/breaks?age=day"))


async def test_every_page_shows_a_worked_month(own, client, finance):
    empty = await page(client, url(own))
    assert "Nothing to compare" in empty
    await month(own)
    assert "Something differs" in await page(client, url(own, "?month=2026-03"))
    listed = await page(client, url(own, "/breaks"))
    for word in ("Only with them", "Other amount", "Account fee"):
        assert word in listed
    for name in ("/lines", "/lines?status=loose", "/statements", "/settlement?month=2026-03", "/upload"):
        await page(client, url(own, name))
    statement = (await one(own, Statement, source="rail_trade")).id
    assert "Ann 707" in await page(client, url(own, f"/statements/{statement}"))
    payout = re.search(
        r"/reconciliation/payouts/[0-9a-f-]{36}", await page(client, url(own, "/settlement?month=2026-03"))
    )
    assert "Bill by bill" in await page(client, f"/t/{own.tenant.slug}{payout.group()}")
    for address in (
        "/breaks?export=csv",
        "/lines?export=xlsx",
        "/settlement?month=2026-03&export=csv",
        "?month=2026-03&export=csv",
    ):
        assert (await client.get(url(own, address))).status_code == 200
    await page(client, url(own, "/settlement?month=2026-03&print=1"))
    found = await one(own, Break, status="open", kind="amount")
    assert "SGD 61.00" in (await page(client, url(own, f"/breaks/{found.id}"))).replace("\xa0", " ").replace(
        "$", "SGD "
    )


async def test_unknown_money_is_recorded_in_one_click(own, client, finance):
    await month(own)
    found = await one(own, Break, kind="theirs_only", found_minor=700)
    form = await page(client, url(own, f"/breaks/{found.id}"))
    assert "Record it and assign it to a bill" in form
    bare = await client.post(url(own, f"/breaks/{found.id}/recording"), data={"reason": " "})
    assert bare.status_code == 422
    answer = await client.post(
        url(own, f"/breaks/{found.id}/recording"), data={"reason": "She paid by phone"}
    )
    assert answer.status_code == 303
    held = await one(own, Suspense, reason="found")
    assert answer.headers["location"].endswith(f"/suspense/{held.id}")
    again = await client.post(url(own, f"/breaks/{found.id}/recording"), data={"reason": "Twice"})
    assert again.status_code == 422
    assert (await one(own, Payment, id=held.payment_id)).amount_minor == 700
    assert (await one(own, Break, id=found.id)).resolution == "suspense"
    assert await papers.books_are_right(own)


async def test_the_banks_charge_is_booked_and_a_difference_accepted(own, client, finance):
    await month(own)
    charge, odd = await one(own, Break, found_minor=-300), await one(own, Break, kind="amount")
    assert (
        await client.post(url(own, f"/breaks/{charge.id}/charge"), data={"reason": "Monthly"})
    ).status_code == 303
    assert await papers.balance(own, "fees:account") == 300
    address = url(own, f"/breaks/{odd.id}/resolution")
    assert (await client.post(address, data={"reason": "Tip", "resolution": "magic"})).status_code == 422
    assert (await client.post(address, data={"reason": "Tip", "resolution": "accepted"})).status_code == 303
    assert (await one(own, StatementLine, id=odd.line_id)).status == "matched"
    assert await kinds(own) == ["theirs_only"]
    assert await papers.books_are_right(own)


@pytest.mark.parametrize(("credited", "suggested"), [(700, 1), (690, 0)])
async def test_a_credit_is_only_thought_a_transfer_of_its_own_amount(own, credited, suggested):
    day = DAY + timedelta(days=1)
    await paid(own, 700, at(12, day=day), channel="counter", method="transfer")
    await take(own, papers.camt(papers.Entry(credited, day=day)))
    async with own.scope():
        assert await MatchSuggestion.filter(tenant_id=own.id).count() == suggested


async def test_a_match_is_made_and_taken_back_by_hand(own, client, finance):
    attempt = await paid(own, 700, at(10), payer="Ann")
    await take(own, trade_file(Trade("who-is-this", 700, text="other words", when=at(10))))
    line = await one(own, StatementLine, kind="payment")
    suggestion = await one(own, MatchSuggestion)
    assert suggestion.score >= 80
    assert "Yes, it is this" in await page(client, url(own, f"/lines/{line.id}"))
    answer = await client.post(
        url(own, f"/suggestions/{suggestion.id}/confirmation"), data={"line": str(line.id)}
    )
    assert answer.status_code == 303
    assert (await one(own, StatementLine, id=line.id)).attempt_id == attempt
    assert await kinds(own) == []
    back = await client.post(url(own, f"/lines/{line.id}/release"), data={"reason": "It was not"})
    assert back.status_code == 303
    assert await kinds(own) == ["theirs_only"]
    number = (await one(own, Payment, amount_minor=700)).number
    wrong = await client.post(
        url(own, f"/lines/{line.id}/match"), data={"number": "P-nothing", "reason": "x"}
    )
    assert wrong.status_code == 422
    assert "P-nothing" in wrong.text
    right = await client.post(
        url(own, f"/lines/{line.id}/match"), data={"number": number, "reason": "Slip seen"}
    )
    assert right.status_code == 303
    assert await kinds(own) == []


async def test_what_another_line_was_matched_with_is_not_offered_again(own, client, finance):
    await paid(own, 700, at(10), payer="Ann")
    trades = [
        Trade(name, 700, text="other words", when=at(hour)) for name, hour in (("who", 10), ("else", 11))
    ]
    await take(own, trade_file(*trades))
    async with own.scope():
        first, second = await MatchSuggestion.filter(tenant_id=own.id).order_by("-score")
    assert first.subject_id == second.subject_id
    assert "Yes, it is this" in await page(client, url(own, f"/lines/{second.line_id}"))
    sent = {"line": str(first.line_id)}
    answer = await client.post(url(own, f"/suggestions/{first.id}/confirmation"), data=sent)
    assert answer.status_code == 303
    assert "Yes, it is this" not in await page(client, url(own, f"/lines/{second.line_id}"))


async def test_a_payouts_match_is_booked_back(own, client, finance):
    await take(own, papers.fund_file(4981, fees=19))
    await take(own, trade_file(Trade(str(await paid(own, 5000)))))
    await take(own, papers.camt(Entry(4981, reference="S20260310")))
    assert await papers.balance(own, "settlement") == 4981
    line = await one(own, StatementLine, kind="credit")
    assert (
        await client.post(url(own, f"/lines/{line.id}/release"), data={"reason": "Wrong"})
    ).status_code == 303
    assert await papers.balance(own, "settlement") == 0
    assert await papers.books_are_right(own)
    answer = await client.post(
        url(own, f"/lines/{line.id}/match"), data={"number": "S20260310", "reason": "Right"}
    )
    assert answer.status_code == 303
    assert await papers.balance(own, "clearing:bank") == 0
    assert await papers.books_are_right(own)


async def test_an_upload_is_looked_at_first_and_names_its_bad_rows(own, client, finance):
    table = "Date,Amount,Reference\n2026-03-11,12.50,R1\n2026-03-11,twelve,R2\n2026-13-11,1.00,R3\n"
    files = {"file": ("bank.csv", table.encode(), "text/csv")}
    shown = await client.post(url(own, "/upload"), data={"account": str(own.account.id)}, files=files)
    inspect(shown.text)
    assert "twelve" in shown.text
    assert "2026-13-11" in shown.text
    good = {"file": ("bank.csv", b"Date,Amount,Reference\n2026-03-11,12.50,R1\n", "text/csv")}
    shown = await client.post(url(own, "/upload"), data={"account": str(own.account.id)}, files=good)
    hidden = dict(
        re.findall(r'name="([^"]+)" value="([^"]*)"', shown.text.split("Read it in")[0].rsplit("<form", 1)[1])
    )
    answer = await client.post(url(own, "/statements"), data=hidden)
    assert answer.status_code == 303
    await run_due(own.id)
    line = await one(own, StatementLine)
    assert (line.amount_minor, line.reference, line.kind) == (1250, "R1", "credit")
    async with own.scope():
        header, proposed = await uploads.mapping_of(own.account, b"Date,Amount,Reference\n", "x.csv")
    assert proposed == {"day": "Date", "amount": "Amount", "reference": "Reference"}
    assert header
    again = await client.post(url(own, "/upload"), data={"account": str(own.account.id)}, files=good)
    text = text_of(inspect(again.text))
    assert "This file has been read before" in text
    assert "Read it in" not in text
    read = await one(own, Statement)
    assert f"/statements/{read.id}" in again.text, "it leads to what was read then"


async def test_a_wrong_document_is_refused_with_its_reason(own, client, finance):
    files = {"file": ("other.xml", papers.camt(Entry(1), account="999"), "text/xml")}
    shown = await client.post(url(own, "/upload"), data={"account": str(own.account.id)}, files=files)
    assert "not about this one" in shown.text
    assert "Read it in" not in shown.text


async def test_three_people(own, client, bank):
    await month(own)
    found = await one(own, Break)
    for role, sees, works in (("finance", 200, 303), ("reader", 200, 403), ("cashier", 403, 403)):
        actor = await make.staff(own.tenant, role)
        await make.sign_in(client, actor.person_id)
        assert (await client.get(url(own, f"/breaks/{found.id}"))).status_code == sees
        assert (await client.post(url(own, f"/breaks/{found.id}/assignment"))).status_code == works
    stranger = await make.staff(await make.tenant(bank), "finance")
    await make.sign_in(client, stranger.person_id)
    assert (await client.get(url(own, f"/breaks/{found.id}"))).status_code == 404
