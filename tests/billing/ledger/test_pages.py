"""Finance's pages of the ledger, what the bank and everybody see of seals, and who may see what."""

import csv
import json
import re
import zipfile
from collections import Counter
from io import BytesIO

import pytest

from billing.bulk import papers
from billing.models import Period, Posting, Receipt, Seal
from billing.proof import verify_receipt as program
from billing.sealing.sealer import seal_tenant
from tenants.models import Task
from tenants.sealing.keys import keys
from tests import make
from tests.billing.ledger.test_periods import book, middle, month_ago
from tests.billing.pdf_text import pages as pdf_pages
from tests.jobs import run_due
from tests.page import inspect, text_of


@pytest.fixture
async def finance(client, place):
    actor = await make.staff(place.tenant, "finance", "Fang")
    await make.sign_in(client, actor.person_id)
    return f"/t/{place.tenant.slug}"


async def seen(client, path):
    answer = await client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    inspect(answer.text)
    return answer.text


async def test_the_trial_balance_adds_up_and_leads_to_the_postings(client, place, finance):
    text = await seen(client, f"{finance}/ledger")
    for words in (
        "Owed by accounts",
        "Income: Service charge",
        "Money held at:",
        "The books balance",
    ):
        assert words in text
    account = await seen(client, f"{finance}/ledger/accounts/receivable")
    assert "Bill issued" in account
    assert "Payment received" in account
    narrowed = await seen(client, f"{finance}/ledger/accounts/receivable?kind=bill.issued")
    assert "Payment received</a>" not in narrowed
    assert (await client.get(f"{finance}/ledger/accounts/nothing")).status_code == 404


async def test_the_journal_on_the_page_and_as_files(client, place, finance):
    text = await seen(client, f"{finance}/ledger/journal")
    assert text.count('scope="rowgroup"') == 2
    assert place.account.number in text
    told = (await client.get(f"{finance}/ledger/journal?export=csv")).text
    assert len(told.strip().splitlines()) == 1 + 4
    postings = list(csv.DictReader(told.lstrip("\ufeff").splitlines()))
    assert {one["Code"] for one in postings} >= {"receivable", "clearing:counter"}
    assert sorted(Counter(one["Journal entry"] for one in postings).values()) == [2, 2]
    sheet = await client.get(f"{finance}/ledger/journal?export=xlsx")
    assert zipfile.is_zipfile(BytesIO(sheet.content))
    empty = await seen(client, f"{finance}/ledger/journal?from=2001-01-01&until=2001-01-31")
    assert "No entries on these days" in empty
    assert "No entries" not in await seen(client, f"{finance}/ledger/journal?from=nonsense&until=")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"ledger": "nothing"}, "no such ledger account"), ({"kind": "nothing"}, "Choose one of the options")],
)
async def test_what_nothing_is_booked_under_is_said_at_its_field(client, place, finance, wrong, said):
    for more in ({}, {"export": "csv"}):
        answer = await client.get(f"{finance}/ledger/journal", params=wrong | more)
        assert answer.status_code == 422, "an empty file would read as if nothing had happened"
        assert said in text_of(inspect(answer.text))
        assert "Debit side" in answer.text, "the days that were asked for are shown"
    form = {"from": "2026-01-01", "until": "2026-01-31", "kind": "", "ledger": "", "format": "csv"}
    answer = await client.post(f"{finance}/ledger/journal/files", data=form | wrong)
    assert answer.status_code == 422
    assert said in text_of(inspect(answer.text))
    async with place.scope():
        assert not await Task.filter(tenant_id=place.id, kind="journal.file").exists()


async def test_every_account_that_was_booked_can_be_chosen(client, place, finance):
    async with place.scope():
        booked = set(await Posting.filter(tenant_id=place.id).values_list("ledger", flat=True))
    page = inspect((await client.get(f"{finance}/ledger/journal")).text)
    (choice,) = (one for one in page.iter("select") if one.get("name") == "ledger")
    offered = {one.get("value"): one.text for one in choice.iter("option")}
    assert booked <= offered.keys()
    assert offered["receivable"] == "Owed by accounts"
    assert (await client.get(f"{finance}/ledger/journal?ledger=credit&export=csv")).text.count("\n") == 1


async def test_a_long_journal_is_made_in_the_background(client, place, finance, monkeypatch):
    monkeypatch.setattr("billing.ledger.journal_pages.AT_ONCE", 1)
    text = await seen(client, f"{finance}/ledger/journal")
    assert "made in the background" in text
    day = str(middle(month_ago(0)).date().replace(day=1))
    form = {"from": day, "until": "2099-12-31", "kind": "", "ledger": "", "format": "csv"}
    answer = await client.post(f"{finance}/ledger/journal/files", data=form)
    assert answer.status_code == 303
    await run_due(place.id)
    async with place.scope():
        task = await Task.get(tenant_id=place.id, kind="journal.file")
    page = await seen(client, task.result["url"])
    assert "Kept until" in page
    content = await client.get(task.result["url"] + "/content")
    assert len(content.text.strip().splitlines()) == 1 + 4


async def test_a_statement_runs_to_what_is_owed_on_screen_and_on_paper(client, place, finance):
    root = f"{finance}/ledger/statements/{place.account.id}"
    text = await seen(client, root)
    assert text.count("10.00") >= 2, "owed at the end, and after the last movement"
    for lang, words in (("en", "Owed at the end"), ("zh_CN", "期末欠款")):
        paper = await client.get(f"{root}/pdf?lang={lang}")
        assert words in "\n".join(pdf_pages(paper.content))
    panel = await seen(client, f"{finance}/accounts/{place.account.id}")
    assert f"/ledger/statements/{place.account.id}" in panel


async def test_what_leaves_a_channel_is_no_money_back_to_payers(client, place, finance):
    await book(place, middle(month_ago(1)))
    text = (await client.get(f"{finance}/ledger/periods?year={month_ago(1).year}&export=csv")).text
    months = list(csv.DictReader(text.lstrip("\ufeff").splitlines()))
    assert {one["Money back"] for one in months} == {"0.00"}, "payouts and fees leave there too"
    assert any(float(one["Money in"]) > 0 for one in months) or month_ago(0).year != month_ago(1).year


async def test_a_month_is_closed_by_two_people_through_the_pages(client, place, finance):
    await book(place, middle(month_ago(1)))
    await seen(client, f"{finance}/ledger/periods?year={month_ago(1).year}")
    month = {"month": f"{month_ago(1):%Y-%m}"}
    refused = await client.post(f"{finance}/ledger/periods", data={"month": f"{month_ago(0):%Y-%m}"})
    assert refused.status_code == 422
    assert "an hour after its end" in refused.text
    asked = await client.post(f"{finance}/ledger/periods", data=month)
    assert "Ask to close it" not in await seen(client, f"{finance}/ledger/periods"), "it waits already"
    own = await seen(client, asked.headers["location"])
    assert "Nobody closes or opens the books alone" in own
    alone = await client.post(asked.headers["location"] + "/approval")
    assert alone.status_code == 422
    other = await make.staff(place.tenant, "administrator", "Decider")
    await make.sign_in(client, other.person_id)
    assert asked.headers["location"] in await seen(client, f"{finance}/worklist")
    text = await seen(client, asked.headers["location"])
    assert "Close the month" in text
    assert (await client.post(asked.headers["location"] + "/approval")).status_code == 303
    async with place.scope():
        assert (await Period.get(tenant_id=place.id)).is_locked
    assert "Ask to close it" not in await seen(client, f"{finance}/ledger/periods"), (
        "this month is not over yet"
    )
    assert (
        await client.post(asked.headers["location"] + "/reopening", data={"reason": ""})
    ).status_code == 422


async def test_who_may_see_the_ledger(client, place, bank):
    root = f"/t/{place.tenant.slug}/ledger"
    paths = ("", "/journal", "/periods", "/seals", f"/statements/{place.account.id}", "/accounts/receivable")
    for role, status in (("reader", 200), ("cashier", 403)):
        await make.sign_in(client, (await make.staff(place.tenant, role)).person_id)
        assert {(await client.get(root + path)).status_code for path in paths} == {status}
    await make.sign_in(client, (await make.staff(await make.tenant(bank), "finance")).person_id)
    assert {(await client.get(root + path)).status_code for path in paths} == {404}


async def test_the_ledger_is_taken_out_and_proves_itself(client, place, finance):
    await seal_tenant(place.id)
    assert "Latest seal" in await seen(client, f"{finance}/ledger/seals")
    assert (await client.post(f"{finance}/ledger/seals/files")).status_code == 303
    await run_due(place.id)
    async with place.scope():
        task = await Task.get(tenant_id=place.id, kind="ledger.bundle")
    content = await client.get(task.result["url"] + "/content")
    with zipfile.ZipFile(BytesIO(content.content)) as bundle:
        assert program.check_ledger(bundle, keys().public.hex())[1] == []


async def test_a_receipt_is_checked_in_plain_words_and_its_proof_is_a_file(client, place, finance):
    async with place.scope():
        receipt = await Receipt.get(tenant_id=place.id)
    path = f"{finance}/payments/{receipt.payment_id}/receipt/proof"
    early = await client.get(path)
    assert early.status_code == 409
    assert "being sealed" in early.text
    verify = "/verify/" + receipt.document["verification_code"]
    assert "It is being sealed" in await seen(client, verify)
    await seal_tenant(place.id)
    text = await seen(client, verify)
    assert "This receipt is genuine" in text
    assert "Sealed on" in text
    proof = await client.get(path)
    assert f'filename="{receipt.number}.json"' in proof.headers["content-disposition"]
    assert all(holds for _, holds in program.check_receipt(json.loads(proof.content), keys().public.hex()))


async def test_everybody_may_compare_what_is_published(client, place, bank):
    await seal_tenant(place.id)
    async with place.scope():
        seal = await Seal.get(tenant_id=place.id)
    assert bank.slug in await seen(client, "/seals")
    assert "This hash was published" in await seen(client, f"/seals/{bank.slug}?q={seal.hash.hex()}")
    for asked in ("0" * 64, "nonsense"):
        assert "never published" in await seen(client, f"/seals/{bank.slug}?q={asked}")
    assert (await client.get("/seals/nobody")).status_code == 404
    published = (await client.get("/.well-known/scenario-cloud-seals.json")).json()
    assert published["keys"][0] == {
        "key_id": seal.key_id, "public_key": keys().public.hex(), "algorithm": "Ed25519", "is_current": True,
    }  # fmt: skip
    source = (await client.get("/seals/verify_receipt.py")).text
    assert "def check_receipt" in source
    actor = await make.bank_staff(bank)
    await make.sign_in(client, actor.person_id)
    text = await seen(client, f"/bank/{bank.slug}/seals")
    assert "Latest root" in text
    assert place.tenant.name in text


@pytest.mark.parametrize("kind", ["pdf", "zip"])
async def test_the_receipts_of_a_selection_are_one_file(client, place, finance, kind, monkeypatch):
    assert "Receipts as a file" in await seen(client, f"{finance}/payments")
    url = f"{finance}/payments/receipts/files?channel=counter"
    shown = await seen(client, url)
    assert "1 receipt of the payments" in shown
    assert re.search(r'value="pdf"[^>]* checked', shown)
    with monkeypatch.context() as fewer:
        fewer.setitem(papers.MOST, "pdf", 0)
        assert re.search(r'value="zip"[^>]* checked', await seen(client, url)), "what one PDF takes no more"
    assert (await client.post(url, data={"format": "doc", "locale": "en"})).status_code == 422
    assert (
        await client.post(f"{finance}/payments/receipts/files?channel=stripe", data={"format": kind})
    ).status_code == 422
    assert (await client.post(url, data={"format": kind, "locale": "zh_CN"})).status_code == 303
    await run_due(place.id)
    async with place.scope():
        task = await Task.get(tenant_id=place.id, kind="receipts.file")
        receipt = await Receipt.get(tenant_id=place.id)
    content = (await client.get(task.result["url"] + "/content")).content
    if kind == "zip":
        with zipfile.ZipFile(BytesIO(content)) as made:
            assert made.namelist() == [f"{receipt.number}.pdf"]
            content = made.read(made.namelist()[0])
    assert receipt.number in pdf_pages(content)[0]


async def test_a_file_expires_and_is_nobody_elses(client, place, finance, bank):
    from billing.bulk import files  # noqa: PLC0415
    from tenants.actor import system_actor  # noqa: PLC0415

    await client.post(f"{finance}/payments/receipts/files", data={"format": "pdf", "locale": "en"})
    await run_due(place.id)
    async with place.scope():
        task = await Task.get(tenant_id=place.id, kind="receipts.file")
    url = task.result["url"]
    front = await make.staff(place.tenant, "front_desk")
    await make.sign_in(client, front.person_id)
    assert (await client.get(url + "/content")).status_code == 403
    await make.sign_in(client, (await make.staff(await make.tenant(bank), "finance")).person_id)
    assert (await client.get(url)).status_code == 404
    await files.drop_file(system_actor(place.id), {"task_id": str(task.id)})
    await make.sign_in(client, (await make.staff(place.tenant, "finance")).person_id)
    assert "no longer kept" in await seen(client, url)
    assert (await client.get(url + "/content")).status_code == 404
