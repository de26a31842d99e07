"""Money in currencies of no and of three decimals, as a cashier, an estate and a bank's files write it."""

import io
from datetime import date, timedelta

import pytest

from billing.reconciliation.sources.camt import Camt
from billing.reconciliation.sources.contract import Expected, StatementRefused
from billing.reconciliation.sources.rail import RailFunds, RailTrades
from billing.reconciliation.sources.table import TableSettings, TableStatement
from deploy.sandbox.app import create
from deploy.sandbox.pages import money
from deploy.sandbox.rail import bank_statements, statements
from deploy.sandbox.rail.api import put_merchant
from deploy.sandbox.settings import Settings
from deploy.sandbox.store import Row
from tenants.tabular import Limits
from tests import make
from tests.billing.payments import world
from tests.page import inspect, text_of

COINS = {
    "JPY": ("12,345", "345", "1,000", "655", "1.5", "2000"),
    "KWD": ("12.345", "0.345", "1.000", "0.655", "1.2345", "2.000"),
}
"""What is owed, paid, handed over and given back; an amount that is too fine; what a form proposes."""


@pytest.mark.parametrize("currency", COINS)
async def test_a_desk_takes_what_the_currency_has_and_gives_change(db, bank, client, currency):
    owed, paid, given, change, too_fine, warned = COINS[currency]
    place = await world.build(bank, currency=currency, is_connected=False)
    bill = await world.bill(place, 12_345)
    root = f"/t/{place.tenant.slug}"
    await make.sign_in(client, (await make.staff(place.tenant, "cashier")).person_id)
    path = f"{root}/desk/accounts/{place.account.id}"
    drawn = {e.get("name"): e.get("value") for e in inspect((await client.get(path)).text).iter("input")}
    assert drawn[f"amount-{bill.id}"] == owed.replace(",", "")
    sent = {"key": drawn["key"], "method": "cash", "tendered": given}
    refused = await client.post(f"{path}/payments", data=sent | {f"amount-{bill.id}": too_fine})
    assert refused.status_code == 422
    assert f"{currency} amounts have" in text_of(inspect(refused.text))
    taken = await client.post(f"{path}/payments", data=sent | {f"amount-{bill.id}": paid})
    slip = text_of(inspect((await client.get(taken.headers["location"])).text)).replace(
        "\N{NO-BREAK SPACE}", " "
    )
    sign = "¥" if currency == "JPY" else "KWD "
    assert f"Give back in change {sign}{change} {sign}{given} handed over" in slip
    await make.sign_in(client, (await make.staff(place.tenant)).person_id)
    ahead = inspect((await client.get(f"{root}/accounts/{place.account.id}/prepaid")).text)
    assert next(e for e in ahead.iter("input") if e.get("name") == "warn_minor").get("value") == warned


@pytest.mark.parametrize("currency", [*COINS, "SGD"])
@pytest.mark.parametrize("unit", ["元", "分"])
def test_what_the_banks_files_say_is_what_was_paid(currency, unit):
    world, day = create(Settings("http://bank.test")).state.world, date(2026, 3, 10)
    merchant = put_merchant(world, {"name": "Town", "account_number": "0123", "currency": currency})
    line = {
        "time": "2026-03-10T04:00:00Z", "kind": "payment", "number": "n1", "merchant_order_no": "o1",
        "order_id": "r1", "transaction_no": "t1", "amount_minor": 12_345, "fee_minor": 45, "currency": currency,
        "description": "Bill",
    }  # fmt: skip
    world.store.put("rail.line", Row("l1", line, merchant["id"], words=day.isoformat()))
    expected = Expected(currency, "Asia/Singapore", merchant=merchant["id"], account_number="0123")
    told = [
        *read(RailTrades(), statements.trades(world, merchant, day, unit), expected),
        *read(RailFunds(), statements.funds(world, merchant, day, unit), expected),
    ]
    assert [one.amount_minor for one in told] == [12_345, -12_300]
    after = day + timedelta(days=1)
    entries = bank_statements.entries_of(world, "0123", after)
    body = bank_statements._body(merchant, "0123", after, entries, 8)
    space = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
    text = bank_statements._document(space, "BkToCstmrStmt", "Stmt", body)
    assert [one.amount_minor for one in read(Camt(), text, expected)] == [12_300]


@pytest.mark.parametrize("currency", COINS)
def test_a_table_counts_in_its_currency_and_refuses_what_is_too_fine(currency):
    owed, _, _, _, too_fine, _ = COINS[currency]
    columns = {"day": "Date", "amount": "Amount"}
    parser = TableStatement("day.csv", TableSettings(columns), Limits())
    expected = Expected(currency, "Asia/Singapore")
    head = "Date,Amount\n2026-03-10,"
    assert [one.amount_minor for one in read(parser, f'{head}"{owed}"\n', expected)] == [12_345]
    with pytest.raises(StatementRefused, match="decimals"):
        read(parser, f"{head}{too_fine}\n", expected)


def read(parser, text, expected):
    return list(parser.open(io.BytesIO(text.encode()), expected).lines())


def test_the_sandboxs_own_pages_say_amounts_as_they_are():
    assert [money(12_345, code) for code in ("jpy", "SGD", "KWD")] == [
        "JPY 12,345",
        "SGD 123.45",
        "KWD 12.345",
    ]
