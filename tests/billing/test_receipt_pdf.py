import json
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from billing.receipts.documents import (
    BillDocument,
    BillDocumentLine,
    Issuer,
    Mark,
    ReceiptDocument,
    ReceiptLine,
)
from billing.receipts.paper import INNER, Paper, Style, printable
from billing.receipts.pdf import render_bill, render_bills, render_receipt
from tests.billing.pdf_text import pages, streams
from ui.formats import money
from ui.i18n import t

ISSUER = Issuer(
    name="East Coast Town Council 东海岸市镇会",
    credit_code="91350100M000100Y43",
    address="206A Bedok Central",
    phone="+65 6242 9696",
    bank_name="Harbour Bank",
)


def receipt(lines=2, **changes):
    listed = tuple(
        ReceiptLine(
            item="Service charge", period=f"2026-{n % 12 + 1:02d}", account=f"#07-{n}", amount_minor=7900
        )
        for n in range(lines)
    )
    document = ReceiptDocument(
        issuer=ISSUER, number="R-000123", payer="陈志强 Tan Chee Keong", zone="Asia/Singapore", currency="SGD",
        paid_at=datetime(2026, 11, 21, 17, 30, tzinfo=UTC), lines=listed, total_minor=7900 * lines,
        channel="Stripe", reference="pi_3QAB(1)\\", verify_url="https://cloud.example/verify/7K3M",
        verification_code="7K3M-9QXR",
    )  # fmt: skip
    return replace(document, **changes)


def bill(lines=1, **changes):
    listed = tuple(
        BillDocumentLine(item="Service charge", period="Nov 2026", how="79.00 a month", amount_minor=7900)
        for _ in range(lines)
    )
    document = BillDocument(
        issuer=ISSUER, number="B-42", account="Blk 14 #07-211", holder="陈志强", issued_on=date(2026, 11, 1),
        due_on=date(2026, 11, 30), currency="SGD", lines=listed, total_minor=7900 * lines,
        pay_url="https://cloud.example/pay/secret", pay_until=date(2027, 2, 28), holder_code="7K3M-9QXR",
        holder_url="https://cloud.example/me", holder_code_until=date(2027, 1, 31), notes=("Cash at the desk.",),
    )  # fmt: skip
    return replace(document, **changes)


def test_an_english_receipt_says_what_was_paid():
    (page,) = pages(render_receipt(receipt(), "en"))
    for said in (
        "East Coast Town Council 东海岸市镇会", "Unified social credit code: 91350100M000100Y43", "R-000123", "Paid",
        "陈志强 Tan Chee Keong", "November 22, 2026 01:30", "Service charge", "2026-01", "#07-0", "79.00", "Stripe",
        "pi_3QAB(1)\\", "Total received", "One hundred and fifty-eight Singapore dollars only", "Amount (SGD)",
        "https://cloud.example/verify/7K3M", "Verification code: 7K3M-9QXR", "Page 1 of 1",
    ):  # fmt: skip
        assert said in page


def test_a_chinese_receipt_says_it_in_chinese():
    (page,) = pages(render_receipt(receipt(), "zh_CN"))
    for said in (
        "收据",
        "已付",
        "付款人",
        "2026年11月22日 01:30",
        "新加坡元壹佰伍拾捌元整",
        "第 1 页\uff0c共 1 页",
    ):
        assert said in page
    assert "Received from" not in page


def test_lazy_texts_are_printed_in_the_language_of_the_paper():
    document = receipt(channel=t("Bank transfer to {name}", name=t("Bill")))
    assert "Bank transfer to 账单" in pages(render_receipt(document, "zh_CN"))[0]


@pytest.mark.parametrize(
    ("refunded", "mark", "english", "chinese"),
    [
        (0, Mark.PAID, "Paid", "已付"),
        (100, Mark.PART_REFUNDED, "Partly refunded", "部分退款"),
        (15800, Mark.REFUNDED, "Refunded", "已退款"),
    ],
)
def test_a_refund_changes_the_mark(refunded, mark, english, chinese):
    document = receipt(refunded_minor=refunded)
    assert document.mark is mark
    assert english in pages(render_receipt(document, "en"))[0].split("\n")
    assert chinese in pages(render_receipt(document, "zh_CN"))[0].split("\n")


def test_what_is_left_after_a_refund_is_printed():
    (page,) = pages(render_receipt(receipt(refunded_minor=7900), "en"))
    assert "Kept after refund" in page
    assert page.count(printable(money(7900, "SGD"))) == 2


@pytest.mark.parametrize("change", [{"total_minor": 1}, {"refunded_minor": -1}, {"refunded_minor": 15801}])
def test_a_receipt_that_does_not_add_up_is_never_printed(change):
    with pytest.raises(ValueError, match="R-000123"):
        receipt(**change)


@pytest.mark.parametrize("change", [{"total_minor": 1}, {"paid_minor": 7901}, {"paid_minor": -1}])
def test_a_bill_that_does_not_add_up_is_never_printed(change):
    with pytest.raises(ValueError, match="B-42"):
        bill(**change)


def test_many_lines_run_over_pages_with_their_head_repeated():
    printed = pages(render_receipt(receipt(120), "en"))
    assert len(printed) > 3
    for number, page in enumerate(printed, start=1):
        assert f"Page {number} of {len(printed)}" in page
        assert "R-000123" in page
    assert all("Amount (SGD)" in page for page in printed if "#07-" in page)
    assert sum(page.count("#07-") for page in printed) == 120


def test_a_character_outside_the_typeface_is_shown_and_logged(caplog):
    with caplog.at_level(logging.WARNING, logger="billing.receipts.paper"):
        (page,) = pages(render_receipt(receipt(payer="王𠮷 🏠"), "zh_CN"))
    assert "王〓 〓" in page
    assert "U+20BB7" in caplog.text
    assert "王" not in caplog.text


def test_tabs_and_no_break_spaces_are_plain_spaces():
    assert printable("a\tb\xa0c") == "a b c"


def test_long_names_wrap_inside_their_column():
    paper = Paper("t", "a")
    for text in (
        "物业服务有限公司" * 20,
        "W" * 300,
        "Blk 14 Bedok South Avenue 1 " * 9,
        "https://x/" + "y" * 200,
    ):
        lines = paper.wrap(text, 50, Style(9))
        assert len(lines) > 1
        assert max(paper.width(line, Style(9)) for line in lines) <= 50 + paper.width("。", Style(9))
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_a_line_never_begins_with_a_closing_mark():
    paper = Paper("t", "a")
    lines = paper.wrap("物业费\uff0c" * 30, 40, Style(9))
    assert not any(line.startswith("\uff0c") for line in lines)


def test_every_line_of_a_page_stays_on_the_paper(monkeypatch):
    drawn = []
    line = Paper.line

    def watch(self, text, x, y, *rest, **options):
        drawn.append((text, x, y, self.width(text, rest[1])))
        line(self, text, x, y, *rest, **options)

    monkeypatch.setattr(Paper, "line", watch)
    long = replace(ISSUER, name="Very Long Institution Name " * 6, address="长地址" * 40)
    render_receipt(receipt(payer="陈" * 200, issuer=long, reference="x" * 120), "en")
    render_bill(bill(account="A" * 100, address="B " * 150, issuer=long), "zh_CN")
    assert drawn
    assert [text for text, x, y, used in drawn if x + used > 18 + INNER + 4 or y > 290] == []


def test_a_receipt_is_kept_as_json_and_printed_the_same_later():
    document = receipt(channel=t("Bill"))
    kept = json.loads(json.dumps(document.as_json()))
    assert ReceiptDocument.from_json(kept) == document
    assert ReceiptDocument.from_json(kept, refunded_minor=100).mark is Mark.PART_REFUNDED


def test_a_bill_says_how_much_by_when_and_how_to_pay():
    (page,) = pages(render_bill(bill(2, paid_minor=5000, arrears_minor=15800), "en"))
    for said in (
        "Amount to pay", printable(money(10800, "SGD")), "Pay by November 30, 2026", "79.00 a month", "Already paid",
        "158.00 is still owed on earlier bills", "https://cloud.example/pay/secret", "7K3M-9QXR",
        "Works until February 28, 2027.", "The code works until January 31, 2027.", "Cash at the desk.",
    ):  # fmt: skip
        assert said in page


def test_a_chinese_bill_says_it_in_chinese():
    (page,) = pages(render_bill(bill(), "zh_CN"))
    for said in ("账单", "应付金额", "请于 2026年11月30日前付款", "计算依据", "在线付款"):
        assert said in page


def test_a_paid_bill_asks_for_nothing():
    (page,) = pages(render_bill(bill(paid_minor=7900), "en"))
    assert "Nothing to pay" in page
    assert "Pay online" not in page
    assert "Pay by" not in page


def test_bulk_printing_keeps_each_bills_own_page_numbers():
    heard: list[int] = []
    printed = pages(
        render_bills(
            [bill(number="B-1"), bill(60, number="B-2"), bill(number="B-3")], "en", on_drawn=heard.append
        )
    )
    assert heard == [1, 2, 3]
    assert [page.split("Page ")[1].split("\n")[0] for page in printed[:2]] == [
        "1 of 1",
        f"1 of {len(printed) - 2}",
    ]
    assert "Page 1 of 1" in printed[-1]
    assert "B-3" in printed[-1]


def test_the_foot_of_every_page_is_drawn_alike():
    drawn = [content for content in streams(render_receipt(receipt(60), "en")) if b" Tj" in content]
    assert len(drawn) > 2
    feet = [
        content[content.rindex(b" RG\n") - 20 :].split(b"\n", 1)[1].split(b" l S")[0] for content in drawn
    ]
    assert len(set(feet)) == 1
    assert b" w" in feet[0]


def test_nothing_to_print_is_an_error():
    with pytest.raises(ValueError, match="no bills"):
        render_bills([], "en")


@pytest.mark.parametrize("locale", ["en", "zh_CN"])
def test_a_receipt_is_small_and_carries_its_glyphs_only(locale):
    pdf = render_receipt(receipt(), locale)
    assert pdf.startswith(b"%PDF-1.")
    assert len(pdf) < 100_000
    assert pdf.count(b"/FontFile2") == 2


def test_the_code_leads_where_the_paper_says():
    pdf = render_receipt(receipt(), "en")
    assert b"/URI (https://cloud.example/verify/7K3M)" in pdf
    assert sum(content.count(b" re") for content in streams(pdf)) > 100


def test_threads_render_the_same_document():
    expected = pages(render_receipt(receipt(30), "zh_CN"))
    with ThreadPoolExecutor(4) as pool:
        printed = list(pool.map(lambda _: pages(render_receipt(receipt(30), "zh_CN")), range(12)))
    assert all(each == expected for each in printed)
