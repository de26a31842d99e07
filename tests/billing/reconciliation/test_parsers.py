"""Each parser reads what it should into the same lines, and refuses what it should not, naming row and reason."""

import io
import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.reconciliation.credits import only_run
from billing.reconciliation.sources.camt import Camt
from billing.reconciliation.sources.contract import Expected, StatementRefused
from billing.reconciliation.sources.rail import RailFunds, RailTrades
from billing.reconciliation.sources.stripe_balance import StripeBalance
from billing.reconciliation.states import LINE, MACHINES
from billing.reconciliation.suggesting import Candidate, weigh
from tests.billing.reconciliation import papers
from tests.billing.reconciliation.papers import DAY, Entry, Trade, at, camt, fund_file, trade_file

DATA = Path(__file__).parent / "data"
OURS = Expected("SGD", "Asia/Singapore", papers.MERCHANT, "0123 4567 8901", "acct_1")
EUR = replace(OURS, currency="EUR", account_number="")


def read(parser, content: bytes, expected: Expected = OURS):
    document = parser.open(io.BytesIO(content), expected)
    return document, list(document.lines())


def refusal(parser, content: bytes, expected: Expected = OURS) -> str:
    with pytest.raises(StatementRefused) as refused:
        read(parser, content, expected)
    assert refused.value.fields["file"] == refused.value.message
    return str(refused.value.message)


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8", "utf-8-sig"])
@pytest.mark.parametrize("unit", ["元", "分"])
def test_trades_read_the_same_in_each_encoding_and_unit(encoding, unit):
    trades = (Trade("a-1", 123456, 469), Trade("a-1", -700, 0, refund="r-1"))
    document, lines = read(RailTrades(), trade_file(*trades, encoding=encoding, unit=unit))
    assert [(line.kind, line.amount_minor, line.fee_minor) for line in lines] == [
        ("payment", 123456, 469),
        ("refund", -700, 0),
    ]
    assert [line.reference for line in lines] == ["a-1", "r-1"]
    assert lines[0].text == "Bill 物业费"
    assert (lines[0].day, lines[0].occurred_at) == (DAY, papers.NOON)
    assert document.head.format.unit == {"元": "yuan", "分": "fen"}[unit]
    assert (document.head.covers_until - document.head.covers_from).total_seconds() == 86400


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (trade_file(Trade("a")).replace(b"50.00", b"50.0", 1), "Row 3: “50.0” is no amount"),
        (trade_file(Trade("a")).replace(b"0.19", b"0.20"), "净额"),
        (trade_file(Trade("a"), end=False), "cut off"),
        (trade_file(Trade("a"), merchant="m-other"), "Row 1: It is about merchant m-other"),
        (trade_file(Trade("a"), title_day="2026-02-30"), "Row 1: “2026-02-30” is no day"),
        (trade_file(Trade("a"), title_day="2026-03-09"), "Row 3: “2026-03-10"),
        (trade_file(Trade("a", -1)), "Row 3: A payment is above zero"),
        (trade_file(Trade("a")).replace("(元)".encode("gb18030"), "(角)".encode("gb18030")), "all be in 元"),
        (trade_file(Trade("a")).replace(b",SGD,50.00", b",50.00"), "Row 3: It should have 10 columns"),
        (trade_file(Trade("a"), refunded="-1.00"), "退款金额 says -1.00"),
        (
            trade_file(Trade("a")).replace("物业费".encode("gb18030"), b"\xff\xff"),
            "cannot be read as gb18030",
        ),
        (b"Date,Amount\n1,2\n", "its first row is not"),
    ],
)
def test_a_wrong_trade_file_is_refused_by_row(content, words):
    assert words in refusal(RailTrades(), content).replace("\xa0", " ")


def test_funds_tell_the_payout_and_must_add_up():
    document, lines = read(RailFunds(), fund_file(4981, fees=19))
    (payout,) = document.head.payouts
    assert (payout.reference, payout.amount_minor, payout.arrives_on) == (
        "S20260310",
        4981,
        date(2026, 3, 11),
    )
    assert [(line.kind, line.amount_minor) for line in lines] == [("payout", -4981)]
    assert "closing balance" in refusal(RailFunds(), fund_file(4981, fees=19, closing=1))
    assert "do not add up" in refusal(RailFunds(), fund_file(4981, fees=19).replace(b",1,49.81", b",2,49.81"))
    assert "7 columns" in refusal(RailFunds(), fund_file(4981, fees=19).replace(b"S2026", b"\r\nS2026", 1))


@pytest.mark.parametrize("version", range(2, 9))
@pytest.mark.parametrize("message", ["052", "053", "054"])
def test_camt_is_read_by_name_in_every_version(message, version):
    document, (first, second) = read(
        Camt(), camt(Entry(4981, "S20260310", "QR", "K1"), Entry(-300), message=message, version=version)
    )
    assert (first.kind, first.amount_minor, first.reference, first.key) == ("credit", 4981, "S20260310", "K1")
    assert (second.kind, second.amount_minor, second.reference) == ("debit", -300, "")
    assert document.head.is_provisional is (message != "053")
    assert document.head.source == f"camt.{message}"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("camt052.v2.xml", [("debit", -20000000, "SEK", "", date(2007, 10, 18))]),
        ("camt053.v8.xml", [("credit", 885, "EUR", "MUELL/FINP/RA12345", date(2014, 12, 31))]),
        ("camt054.v8.xml", [("debit", -20000000, "SEK", "", date(2007, 10, 18))]),
    ],
)
def test_documents_of_other_banks_are_read(name, expected):
    _, lines = read(Camt(), (DATA / name).read_bytes(), EUR)
    assert [(one.kind, one.amount_minor, one.currency, one.reference, one.day) for one in lines] == expected


@pytest.mark.parametrize("name", ["camt053.v2.minimal.xml", "camt053.v4.xml"])
def test_other_versions_of_other_banks_are_read(name):
    document, lines = read(Camt(), (DATA / name).read_bytes(), EUR)
    assert lines
    assert document.head.source == "camt.053"


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (camt(Entry(1), doctype=BOMB), "document type"),
        (camt(Entry(1), account="DE99"), "about account •••• DE99"),
        (camt(Entry(1), version=9), "Version 9 of camt.053 is not read"),
        (camt(Entry(1), closing=5), "closing balance says 0.05"),
        (camt(Entry(1)).replace(b"camt.053", b"pain.001"), "not a camt.052"),
        (camt(Entry(1))[:-40], "not well-formed"),
        (camt(Entry(1)).replace(b"0.01", b"0.001"), "“0.001” is no amount"),
        (camt(Entry(1)).replace(b"<BookgDt>", b"<X>").replace(b"</BookgDt>", b"</X>"), "no booking date"),
        (b"<html><body/></html>", "its root is “html”"),
        (b"<a>" * 60, "nested too deeply"),
        (camt(Entry(1)).replace(b">0.01<", b">1E999999<"), "“1E999999” is no amount"),
        (camt(Entry(1)).replace(b"<Dt>2026-03-10", b"<Dt>9999-12-31"), "is no day"),
    ],
)
def test_a_wrong_document_is_refused(content, words):
    assert words in refusal(Camt(), content)


def test_what_a_bank_adds_is_passed_over():
    added = camt(Entry(4981)).replace(b"<Sts>", b"<Chnl><Own>x</Own></Chnl><Sts>")
    assert len(read(Camt(), added)[1]) == 1


def test_entries_that_are_not_booked_yet_are_left_out():
    waiting = camt(Entry(4981), closing=100).replace(b"<Cd>BOOK</Cd>", b"<Cd>PDNG</Cd>")
    assert "closing balance" in refusal(Camt(), camt(Entry(4981), closing=100))
    assert read(Camt(), waiting)[1] == []


def stripe_file(*transactions: dict, **wrong) -> bytes:
    head = {
        "object": "stripe.balance",
        "account": "acct_1",
        "from": 1773100800,
        "until": 1773187200,
        "reference": "r",
    }
    end = {"object": "end", "count": len(transactions), "net": sum(t["net"] for t in transactions)} | wrong
    return "\n".join(json.dumps(one) for one in (head, *transactions, end)).encode()


def transaction(kind: str, amount: int, fee: int = 0, **source) -> dict:
    return {
        "object": "balance_transaction", "id": f"txn_{kind}", "amount": amount, "fee": fee, "net": amount - fee,
        "currency": "sgd", "type": kind, "reporting_category": kind, "created": int(at().timestamp()),
        "description": kind,
        "source": {"id": "src_1", "payment_intent": "", "attempt_id": "", "refund_id": ""} | source,
    }  # fmt: skip


def test_stripes_transactions_lead_to_our_ids_and_unknown_ones_are_other():
    content = stripe_file(
        transaction("charge", 5000, 175, attempt_id="a-1", payment_intent="pi_1"),
        transaction("refund", -700, refund_id="r-1"),
        transaction("stripe_fee", -200),
        transaction("mystery", 50),
    )
    _, lines = read(StripeBalance(), content)
    told = [
        (one.kind, one.amount_minor, one.fee_minor, one.reference, one.channel_reference) for one in lines
    ]
    assert told == [
        ("payment", 5000, 175, "a-1", "pi_1"),
        ("refund", -700, 0, "r-1", "src_1"),
        ("fee", 0, 200, "", "src_1"),
        ("other", 50, 0, "", "src_1"),
    ]
    assert "totals" in refusal(StripeBalance(), stripe_file(transaction("charge", 1), net=2))
    assert "not about this one" in refusal(
        StripeBalance(), stripe_file(), replace(OURS, stripe_account="acct_2")
    )
    assert "cut off" in refusal(StripeBalance(), stripe_file(transaction("charge", 1)).rsplit(b"\n", 1)[0])


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 9)), max_size=8), st.integers(1, 60))
def test_a_sum_of_payouts_is_found_only_when_it_is_the_only_one(amounts, target):
    runs = [
        (first, last)
        for first in range(len(amounts))
        for last in range(first + 2, len(amounts) + 1)
        if len({channel for channel, _ in amounts[first:last]}) == 1
        and sum(amount for _, amount in amounts[first:last]) == target
    ]
    assert only_run(amounts, target) == (runs[0] if len(runs) == 1 else None)


def test_a_suggestion_weighs_amount_time_number_and_name():
    from datetime import timedelta  # noqa: PLC0415

    same = Candidate(700, 700, timedelta(minutes=5), "Ann Tan 7K3M9", "P261105-7K3M9", "Ann Tan")
    assert weigh(same) == (99, ["amount", "hour", "number", "name"])
    assert weigh(replace(same, amount_minor=701, text="", away=timedelta(days=9))) == (25, ["close"])


def test_the_documentation_shows_the_machines_that_run():
    from billing.payments.states import diagram, table  # noqa: PLC0415

    text = (Path(__file__).parents[3] / "billing" / "reconciliation" / "README.md").read_text()
    for machine in MACHINES:
        assert table(machine) in text
        assert diagram(machine) in text
    assert LINE.can("open", "match")
