"""The console's pages of charging, as three people see them, in both languages."""

from datetime import date
from unittest.mock import AsyncMock

import pytest
import pytest_asyncio

from billing.charges import run_list
from billing.charges.periods import months_after
from billing.models import BillException
from tenants.scope import open_scope
from tests import make
from tests.billing.charges.estate import AUGUST
from tests.jobs import run_due
from tests.page import inspect, text_of

NEXT = months_after(make.today(), 2)


@pytest_asyncio.fixture(loop_scope="session")
async def billed(estate, client):
    """Two months billed for four flats, one of them odd; signed in as the finance officer."""
    for n, flat in enumerate(("4-room", "5-room", "executive", "3Gen")):
        account = await make.account(
            estate.tenant, f"U{n}", attributes={"flat_type": flat, "is_reduced": n < 2, "area_sqm": "90"}
        )
        if n < 3:
            await make.holder(account, None)
    estate.july = await estate.bill()
    estate.august = await estate.draft("service", "late", period=AUGUST)
    async with open_scope(estate.finance.scope()):
        estate.odd = await BillException.filter(tenant_id=estate.tenant.id, run_id=estate.august.id).first()
    estate.july_bills = await estate.bills(estate.july)
    estate.root = f"/t/{estate.tenant.slug}"
    await make.sign_in(client, estate.finance.person_id)
    return estate


def paths(estate):
    service, late, shops = (estate.items[key].id for key in ("service", "late", "shops"))
    bill = estate.july_bills[0].id
    return [
        "/fees",
        "/fees/new",
        f"/fees/{service}",
        f"/fees/{service}/names",
        f"/fees/{service}/draft",
        f"/fees/{service}/draft?shape=table&row_attribute=is_reduced&column_attribute=",
        f"/fees/{service}/draft?shape=area&plus_attribute=flat_type",
        f"/fees/{service}/draft?shape=fixed",
        f"/fees/{service}/draft?shape=quantity",
        f"/fees/{service}/draft?shape=tiers",
        f"/fees/{shops}/draft",
        f"/fees/{late}/draft",
        f"/fees/{late}/draft?shape=flat",
        f"/fees/{late}/draft?shape=higher",
        "/runs",
        "/runs?status=issued&sort=-total_minor",
        "/runs/new",
        f"/runs/{estate.july.id}",
        f"/runs/{estate.august.id}",
        f"/runs/{estate.august.id}/exceptions",
        f"/runs/{estate.august.id}/exceptions?code=no_holder&q=U3",
        f"/runs/{estate.august.id}/exceptions?decision=open",
        f"/runs/{estate.august.id}/exceptions/{estate.odd.id}",
        f"/runs/{estate.august.id}/decisions?code=no_holder",
        f"/runs/{estate.august.id}/comparison",
        f"/runs/{estate.august.id}/comparison?change=new&sort=account_number",
        f"/runs/{estate.august.id}/approval",
        f"/runs/{estate.july.id}/voiding",
        f"/runs/{estate.august.id}/issuing",
        f"/runs/{estate.august.id}/cancelling",
        f"/runs/{estate.july.id}/printing",
        "/bills",
        "/bills?q=U1&status=issued&period=2026-07&sort=-total_minor&overdue=yes",
        "/bills?q=%25_nothing",
        f"/bills?run={estate.august.id}",
        f"/bills/{bill}",
        f"/bills/{bill}/voiding",
        "/bills/reminders",
    ]


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_every_page_is_sound(billed, client, language):
    for path in paths(billed):
        answer = await client.get(billed.root + path, headers={"Accept-Language": language})
        assert answer.status_code == 200, (path, answer.status_code, answer.text[-800:])
        inspect(answer.text)


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (date(2026, 11, 30), date(2026, 12, 14)),
        (date(2026, 11, 17), date(2026, 12, 1)),
        (date(2026, 11, 5), date(2026, 12, 1)),
    ],
)
async def test_a_run_proposes_a_due_day_that_leaves_two_weeks_to_pay(estate, client, monkeypatch, now, due):
    monkeypatch.setattr(run_list, "today", lambda _: now)
    monkeypatch.setattr(run_list, "next_period", AsyncMock(return_value=date(2026, 12, 1)))
    await make.sign_in(client, estate.finance.person_id)
    page = inspect((await client.get(f"/t/{estate.tenant.slug}/runs/new")).text)
    proposed = [one.get("value") for one in page.iter("input") if one.get("name") == "due_on"]
    assert proposed == [due.isoformat()]


async def test_a_rule_is_read_back_kept_and_put_into_force_without_scripts(billed, client):
    url = f"{billed.root}/fees/{billed.items['service'].id}"
    typed = {
        "shape": "fixed",
        "fixed_amount": "12.50",
        "due_day": "5",
        "rounding_step": "0.01",
        "act": "preview",
    }
    seen = await client.post(f"{url}/draft", data=typed)
    assert seen.status_code == 200
    inspect(seen.text)
    assert "12.50" in seen.text
    assert "Charge every month" in seen.text
    part = await client.post(
        f"{url}/preview", data=typed, headers={"HX-Request": "true", "HX-Request-Type": "partial"}
    )
    inspect(part.text, fragment=True)
    assert "<html" not in part.text
    assert "SGD\xa012.50" in part.text
    kept = await client.post(f"{url}/draft", data={**typed, "act": "save"})
    assert (kept.status_code, kept.headers["location"]) == (303, f"{url}/activation")
    asked = await client.get(f"{url}/activation")
    inspect(asked.text)
    done = await client.post(f"{url}/activation", data={"effective_from": f"{NEXT:%Y-%m}"})
    assert (done.status_code, done.headers["location"]) == (303, url)
    shown = await client.get(url)
    inspect(shown.text)
    assert "12.50" in shown.text


async def test_a_wrong_rule_keeps_what_was_typed_and_says_where(billed, client):
    url = f"{billed.root}/fees/{billed.items['service'].id}/draft"
    answer = await client.post(url, data={"shape": "fixed", "fixed_amount": "ten", "due_day": "5"})
    assert answer.status_code == 422
    inspect(answer.text)
    assert 'value="ten"' in answer.text
    assert 'id="fixed_amount-error"' in answer.text
    assert "Not a rule yet" in answer.text


async def test_the_summary_names_the_cell_of_a_table_that_is_wrong(billed, client):
    url = f"{billed.root}/fees/{billed.items['service'].id}/draft?shape=table&row_attribute=flat_type"
    fields = [e for e in inspect((await client.get(url)).text).iter("input") if e.get("name")]
    called = next(e.get("aria-label") for e in fields if e.get("name") == "cell.1.0")
    typed = {e.get("name"): e.get("value") or "" for e in fields}
    answer = await client.post(url, data={**typed, "shape": "table", "cell.1.0": "a lot"})
    assert answer.status_code == 422
    said = {e.get("href"): text_of(e) for e in inspect(answer.text).iter("a")}
    assert said["#cell.1.0"].startswith(f"{called}: ")


async def test_a_month_is_drafted_looked_at_and_issued_without_scripts(billed, client):
    form = {
        "scenario": "community",
        "period": "2026-09",
        "due_on": "2026-09-15",
        "items": [str(billed.items["service"].id)],
    }
    begun = await client.post(f"{billed.root}/runs", data=form)
    assert begun.status_code == 303
    run = begun.headers["location"]
    waiting = await client.get(run)
    inspect(waiting.text)
    assert "Working out the bills" in waiting.text
    await run_due(billed.tenant.id)
    drafted = await client.get(run)
    inspect(drafted.text)
    assert "Issue 4 bills" in drafted.text
    again = await client.post(f"{billed.root}/runs", data=form)
    assert again.status_code == 422
    inspect(again.text)
    assert "There already is a bill run" in again.text
    assert (await client.post(f"{run}/issuing")).status_code == 303
    inspect((await client.get(run)).text)
    await run_due(billed.tenant.id)
    issued = await client.get(run)
    inspect(issued.text)
    assert "Print the bills" in issued.text


async def test_bills_are_voided_reminded_of_and_printed(billed, client):
    bill = f"{billed.root}/bills/{billed.july_bills[0].id}"
    refused = await client.post(f"{bill}/voiding", data={"reason": ""})
    assert refused.status_code == 422
    inspect(refused.text)
    paper = await client.get(f"{bill}/pdf?lang=zh_CN")
    assert (paper.headers["content-type"], paper.content[:4]) == ("application/pdf", b"%PDF")
    assert (await client.post(f"{bill}/reminders")).status_code == 303
    assert (await client.post(f"{bill}/voiding", data={"reason": "Twice"})).status_code == 303
    shown = await client.get(bill)
    inspect(shown.text)
    assert "This bill is void" in shown.text
    assert "Twice" in shown.text


async def test_how_runs_are_checked_is_set_by_the_administrator(billed, client):
    chief = await make.staff(billed.tenant, "administrator")
    assert (await client.get(f"{billed.root}/run-checks")).status_code == 403
    await make.sign_in(client, chief.person_id)
    path = f"{billed.root}/run-checks"
    inspect((await client.get(path)).text)
    wrong = await client.post(path, data={"jump_percent": "0", "approval_limit_minor": "1000.00"})
    assert wrong.status_code == 422
    inspect(wrong.text)
    done = await client.post(path, data={"jump_percent": "20", "approval_limit_minor": "1000.00"})
    assert done.status_code == 303
    assert "1000.00" in (await client.get(path)).text


async def test_a_run_is_cancelled(billed, client):
    url = f"{billed.root}/runs/{billed.august.id}"
    assert (await client.post(f"{url}/cancelling")).headers["location"] == f"{billed.root}/runs"
    await run_due(billed.tenant.id)
    assert (await client.get(url)).status_code == 404


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_every_list_can_be_taken_away(billed, client, kind):
    for path in ("/bills", "/runs", "/fees", f"/runs/{billed.august.id}/exceptions"):
        answer = await client.get(f"{billed.root}{path}?export={kind}")
        assert answer.status_code == 200
        if kind == "csv":
            lines = answer.content.decode("utf-8-sig").splitlines()
            assert len(lines) > 1, path
    listed = await client.get(f"{billed.root}/bills?export=csv&q=U1")
    head, *rest = listed.content.decode("utf-8-sig").splitlines()
    assert head.startswith("Number,Account,Month,Due,State,Amount,Still owed,Account number,Place,Currency")
    assert rest == [rest[0]]
    assert "79.50,79.50,U1,Blk 1,SGD" in rest[0]


async def test_the_colleague_sees_without_acts_and_the_stranger_nothing(billed, client, bank):
    reader = await make.staff(billed.tenant, "reader")
    await make.sign_in(client, reader.person_id)
    shown = await client.get(f"{billed.root}/bills/{billed.july_bills[0].id}")
    assert shown.status_code == 200
    assert "Void the bill" not in shown.text
    assert (await client.post(f"{billed.root}/runs/{billed.august.id}/issuing")).status_code == 403
    stranger = await make.staff(await make.tenant(bank), "administrator")
    await make.sign_in(client, stranger.person_id)
    for path in paths(billed):
        assert (await client.get(billed.root + path)).status_code == 404
