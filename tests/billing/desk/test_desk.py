"""The cashier's desk: find, take, print, next; and the day that ends with a count."""

import pytest

from billing.models import DayClose, Payment, Receipt
from tenants.scope import open_scope, tenant_scope
from tests import make
from tests.billing.town import AUGUST, field_of
from tests.page import inspect, text_of


def root(town) -> str:
    return f"/t/{town.tenant.slug}"


async def take(client, town, account=None, **given):
    """Draw the account's form and send it as Enter would."""
    path = f"{root(town)}/desk/accounts/{(account or town.flat).id}"
    page = await client.get(path)
    assert page.status_code == 200, page.text[:2000]
    drawn = inspect(page.text)
    amounts: dict[str | None, str | None] = {
        e.get("name"): e.get("value")
        for e in drawn.iter("input")
        if (e.get("name") or "").startswith("amount-")
    }
    data = {**amounts, "key": field_of(page.text, "key"), "method": "cash", **given}  # type: ignore[misc]
    return await client.post(f"{path}/payments", data=data)


async def count(client, town, cash="0", **given):
    data = {
        "counted-cash": cash,
        "counted-card": "0",
        "counted-cheque": "0",
        "counted-transfer": "0",
        **given,
    }
    return await client.post(f"{root(town)}/desk/closes", data=data)


def focused(page) -> list[str]:
    return [e.get("id") or e.get("href") for e in page.iter() if e.get("autofocus") is not None]


@pytest.mark.parametrize("words", ["01-101", "ann tan", "  01-101 "])
async def test_one_field_leads_to_the_account_by_number_or_holder(town, cashier, words):
    answer = await cashier.get(f"{root(town)}/desk", params={"q": words})
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{root(town)}/desk/accounts/{town.flat.id}"


async def test_a_scanned_bill_number_leads_to_its_account(town, cashier):
    answer = await cashier.get(f"{root(town)}/desk", params={"q": town.others_bill.number})
    assert answer.headers["location"].endswith(str(town.other.id))


async def test_several_matches_are_listed_and_none_is_said(town, cashier):
    text = text_of(inspect((await cashier.get(f"{root(town)}/desk?q=01-10")).text))
    assert "01-101" in text
    assert "01-102" in text
    text = text_of(inspect((await cashier.get(f"{root(town)}/desk?q=zzz%25")).text))
    assert "Nobody here by" in text


async def test_enter_flows_from_search_to_money_to_the_next_one(town, cashier):
    start = inspect((await cashier.get(f"{root(town)}/desk")).text)
    assert focused(start) == ["q"]
    taking = inspect((await cashier.get(f"{root(town)}/desk/accounts/{town.flat.id}")).text)
    assert focused(taking) == ["tendered"]
    answer = await take(cashier, town, tendered="100")
    slip = inspect((await cashier.get(answer.headers["location"])).text)
    assert focused(slip) == [f"{root(town)}/desk"]
    text = text_of(slip)
    assert text.index("Give back in change") < text.index("36.50")
    assert any(e.get("data-print") is not None for e in slip.iter()), "P prints it"


async def test_fifty_cash_payments_in_a_row_then_the_day_balances(town, cashier):
    total = 0
    for number in range(50):
        account = town.flat if number % 2 else town.other
        amount = 10 + number
        bill = town.bill if number % 2 else town.others_bill
        answer = await take(cashier, town, account, **{f"amount-{bill.id}": f"0.{amount:02d}"})
        assert answer.status_code == 303, answer.text[:2000]
        total += amount
    preview = text_of(inspect((await cashier.get(f"{root(town)}/desk/close")).text))
    assert f"{total / 100:.2f}" in preview
    assert "from 50 payments" in preview
    answer = await count(cashier, town, cash=f"{total / 100:.2f}")
    assert answer.status_code == 303, answer.text[:2000]
    report = text_of(inspect((await cashier.get(answer.headers["location"])).text))
    assert "50 payments" in report


async def test_the_oldest_bills_are_all_offered_and_paid_together(town, cashier):
    august = await town.bill_month(AUGUST)
    answer = await take(cashier, town)
    assert answer.status_code == 303
    assert {(await town.fresh()).status, (await town.fresh(august)).status} == {"paid"}
    text = text_of(inspect((await cashier.get(f"{root(town)}/desk/accounts/{town.flat.id}")).text))
    assert "Nothing to pay" in text


@pytest.mark.parametrize(
    ("given", "field", "said"),
    [
        ({"tendered": "50"}, "tendered", "less than the amount"),
        ({"tendered": "x"}, "tendered", "in figures"),
        ({"method": "cheque"}, "reference", "number on the slip"),
        ({"method": "gold"}, "method", "Choose how"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field(town, cashier, given, field, said):
    answer = await take(cashier, town, **given)
    assert answer.status_code == 422
    page = inspect(answer.text)
    error = next(e for e in page.iter() if e.get("id") == f"{field}-error")
    assert said in text_of(error)
    async with open_scope(tenant_scope(town.tenant.id)):
        assert not await Payment.exists(tenant_id=town.tenant.id)


async def test_no_amount_takes_nothing(town, cashier):
    answer = await take(cashier, town, **{f"amount-{town.bill.id}": ""})
    assert answer.status_code == 422
    assert "Enter an amount for at least one bill" in text_of(inspect(answer.text))


async def test_a_transfer_keeps_its_reference_on_the_receipt(town, cashier):
    answer = await take(cashier, town, method="transfer", reference="TRX-9911", payer_name="Grandma Tan")
    text = text_of(inspect((await cashier.get(answer.headers["location"])).text))
    assert "TRX-9911" in text
    assert "Harbour Bank" in text
    assert "Grandma Tan" in text
    async with open_scope(tenant_scope(town.tenant.id)):
        receipt = await Receipt.get(tenant_id=town.tenant.id)
    assert receipt.document["taken_by"] == "Cai Shi"


async def test_the_same_form_sent_twice_takes_the_money_once(town, cashier):
    path = f"{root(town)}/desk/accounts/{town.flat.id}"
    page = (await cashier.get(path)).text
    data = {"key": field_of(page, "key"), "method": "cash", f"amount-{town.bill.id}": "20.00"}
    first, second = [await cashier.post(f"{path}/payments", data=data) for _ in range(2)]
    assert first.headers["location"] == second.headers["location"]
    assert (await town.fresh()).paid_minor == 2000


async def test_a_difference_needs_a_note(town, cashier):
    await take(cashier, town)
    answer = await count(cashier, town, cash="63.00")
    assert answer.status_code == 422
    error = next(e for e in inspect(answer.text).iter() if e.get("id") == "note-error")
    assert "Say why" in text_of(error)
    answer = await count(cashier, town, cash="63.00", note="Fifty cents short")
    text = text_of(inspect((await cashier.get(answer.headers["location"])).text))
    assert "Fifty cents short" in text
    assert "-SGD 0.50" in text.replace("\u00a0", " ")
    async with open_scope(tenant_scope(town.tenant.id)):
        close = await DayClose.get(tenant_id=town.tenant.id)
    assert close.difference_minor == -50


async def test_a_count_that_is_no_amount_is_asked_again(town, cashier):
    await take(cashier, town)
    answer = await count(cashier, town, cash="")
    assert answer.status_code == 422
    page = inspect(answer.text)
    assert any(e.get("id") == "counted-cash-error" for e in page.iter())
    said = {e.get("href"): text_of(e) for e in page.iter("a")}
    assert said["#counted-cash"].startswith("Counted: Cash: ")


async def test_days_are_seen_by_their_cashier_and_by_who_reads_reports(town, cashier):
    await take(cashier, town)
    report = (await count(cashier, town, cash="63.50")).headers["location"]
    assert "Cai Shi" in text_of(inspect((await cashier.get(f"{root(town)}/desk/closes")).text))
    assert "63.50" in (await cashier.get(f"{root(town)}/desk/closes?export=csv")).text
    other = await make.staff(town.tenant, "cashier", "Other Cashier")
    finance = await make.staff(town.tenant, "finance", "Fin Officer")
    stranger = await make.person("Stranger")
    for person_id, status in ((other.person_id, 404), (finance.person_id, 200), (stranger.id, 404)):
        cashier.cookies.clear()
        await make.sign_in(cashier, person_id)
        assert (await cashier.get(report)).status_code == status


@pytest.mark.parametrize("role", ["front_desk", "reader", "administrator"])
async def test_only_cashiers_and_finance_take_money(town, client, role):
    actor = await make.staff(town.tenant, role)
    await make.sign_in(client, actor.person_id)
    for path in ("/desk", "/desk/close", "/desk/closes", f"/desk/accounts/{town.flat.id}"):
        assert (await client.get(root(town) + path)).status_code == 403
    answer = await client.post(f"{root(town)}/desk/accounts/{town.flat.id}/payments", data={})
    assert answer.status_code == 403


async def test_the_desk_speaks_chinese(town, cashier):
    cashier.cookies.set("lang", "zh_CN")
    answer = await take(cashier, town, tendered="100")
    text = text_of(inspect((await cashier.get(answer.headers["location"])).text))
    assert "找零" in text
