"""Statements that are wrong in one way each, and what is said of them in English and in Chinese."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.billing.reconciliation.papers import Entry, Trade, camt, fund_file, trade_file

Case = tuple[str, bytes, str, str]
"""The file's name, its bytes, and the sentence in both languages."""
TRADES, FUNDS, DOCUMENT = trade_file(Trade("a")), fund_file(4981, taken=5000, fees=19), camt(Entry(1))


def gb(text: str) -> bytes:
    return text.encode("gb18030")


TRADE: list[tuple[bytes, str, str]] = [
    (TRADES.replace(b"50.00", b"50.0", 1), "Row 3: “50.0” is no amount.", "第 3 行：“50.0”不是金额。"),
    (
        TRADES.replace(b"0.19", b"0.20"),
        "says 49.81, but the rows give 49.80.",
        "结算净额写为 49.81，按各行计算为 49.80。",
    ),
    (
        trade_file(Trade("a"), end=False),
        "The file ends before its totals: it is cut off. Fetch it again.",
        "文件在合计之前中断，内容不完整。请重新获取。",
    ),
    (
        trade_file(Trade("a"), merchant="m-other"),
        "Row 1: It is about merchant m-other; this account's is m-test.",
        "第 1 行：该文件属于商户 m-other；本账户的商户号为 m-test。",
    ),
    (
        TRADES.replace(b",SGD\r\n", b",USD\r\n", 1),
        "Row 1: It is in USD; this account is in SGD.",
        "第 1 行：币种为 USD；本账户币种为 SGD。",
    ),
    (
        trade_file(Trade("a"), title_day="2026-02-30"),
        "Row 1: “2026-02-30” is no day like 2026-01-31.",
        "第 1 行：“2026-02-30”不是类似 2026-01-31 的日期。",
    ),
    (
        trade_file(Trade("a"), title_day="2099-01-31"),
        "Row 1: The file's day, 2099-01-31, is not over yet. Fetch it once that day has ended.",
        "第 1 行：该文件的日期 2099-01-31 尚未结束，请在当日结束后再导入。",
    ),
    (
        trade_file(Trade("a"), title_day="2026-03-09"),
        "Row 3: “2026-03-10 12:00:00” is not on 2026-03-09.",
        "第 3 行：“2026-03-10 12:00:00”不在 2026-03-09 当天。",
    ),
    (
        TRADES.replace(b"12:00:00", b"12:61:00"),
        "Row 3: “2026-03-10 12:61:00” is no time like 2026-01-31 23:59:59.",
        "第 3 行：“2026-03-10 12:61:00”不是类似 2026-01-31 23:59:59 的时间。",
    ),
    (
        trade_file(Trade("a", -1)),
        "Row 3: A payment is above zero and a refund below it, not -0.01.",
        "第 3 行：支付金额应大于零，退款应小于零，而不是 -0.01。",
    ),
    (
        TRADES.replace(gb("(元)"), gb("(角)")),
        "The amounts should all be in 元, or all in 分.",
        "金额单位应全部为元，或全部为分。",
    ),
    (TRADES.replace(b",SGD,50.00", b",50.00"), "Row 3: It should have 10 columns.", "第 3 行：应有 10 列。"),
    (TRADES.replace(gb("交易时间"), gb("时间")), "Row 2: The columns should be:", "第 2 行：列应为："),
    (
        TRADES.replace(gb("物业费"), b"\xff\xff"),
        "Its characters cannot be read as gb18030.",
        "无法按 gb18030 编码读取字符。",
    ),
    (
        TRADES.replace(b",Institution", b""),
        "Row 1: It should hold title, merchant, name, day and currency.",
        "第 1 行：应包含标题、商户号、名称、日期和币种。",
    ),
]
FUND: list[tuple[bytes, str, str]] = [
    (
        fund_file(4981, taken=5000, fees=19, closing=1),
        "The closing balance is not what the movements give.",
        "期末余额与当日变动不符。",
    ),
    (
        FUNDS.replace(gb("#合计,1,49.81"), gb("#合计,1,49.80")),
        "The payouts do not add up to what the file says.",
        "结算明细合计与文件所写不符。",
    ),
    (FUNDS.replace(gb("#结算\r\n"), b"#x\r\n"), "“#结算” should stand here.", "此处应为“#结算”。"),
    (
        FUNDS.split(gb("#合计"), maxsplit=1)[0],
        "The file ends before its totals: it is cut off. Fetch it again.",
        "文件在合计之前中断，内容不完整。请重新获取。",
    ),
    (
        FUNDS.replace(b"2026-03-11", b"soon"),
        "It should name three days like 2026-01-31.",
        "应写明三个类似 2026-01-31 的日期。",
    ),
    (FUNDS.replace(b",****8901", b""), "It should have 7 columns.", "应有 7 列。"),
]
CAMT: list[tuple[bytes, str, str]] = [
    (
        camt(Entry(1), doctype="<!DOCTYPE x>"),
        "The document declares a document type or entities; it is not read.",
        "文件声明了文档类型或实体，不予读取。",
    ),
    (
        camt(Entry(1), account="DE99"),
        "It is about account •••• DE99, not about this one.",
        "该文件属于账户 •••• DE99，不是本账户。",
    ),
    (
        camt(Entry(1), version=9),
        "Version 9 of camt.053 is not read; versions 2 to 8 are.",
        "不支持 camt.053 的第 9 版；支持第 2 至 8 版。",
    ),
    (
        camt(Entry(1), closing=5),
        "The closing balance says 0.05, but opening balance and entries give 1.01.",
        "期末余额写为 0.05，按期初余额和各笔计算应为 1.01。",
    ),
    (
        DOCUMENT.replace(b"camt.053", b"pain.001"),
        "This is not a camt.052, camt.053 or camt.054 document: its root is “Document”",
        "这不是 camt.052、camt.053 或 camt.054 文件：根元素为",
    ),
    (
        DOCUMENT[:-40],
        "this is not well-formed XML. The file may be cut off.",
        "XML 格式不正确，文件可能不完整。",
    ),
    (DOCUMENT.replace(b"0.01", b"0.001"), "“0.001” is no amount.", "“0.001”不是金额。"),
    (
        DOCUMENT.replace(b"<BookgDt>", b"<X>").replace(b"</BookgDt>", b"</X>"),
        "The entry has no booking date (BookgDt).",
        "该笔没有记账日期（BookgDt）。",
    ),
    (
        DOCUMENT.replace(b"2026-03-11", b"2026-13-11"),
        "“2026-13-11” is no day like 2026-01-31.",
        "“2026-13-11”不是类似 2026-01-31 的日期。",
    ),
    (
        DOCUMENT.replace(b"<Dt>2026-03-11</Dt>", b"<DtTm>soon</DtTm>"),
        "“soon” is no time like 2026-01-31T23:59:59+08:00.",
        "“soon”不是类似 2026-01-31T23:59:59+08:00 的时间。",
    ),
    (
        DOCUMENT.replace(b"<CdtDbtInd>CRDT</CdtDbtInd><Sts>", b"<Sts>"),
        "Ntry needs an amount with its currency, and CRDT or DBIT.",
        "Ntry 须有带币种的金额，以及 CRDT 或 DBIT。",
    ),
    (
        DOCUMENT.replace(b"BkToCstmrStmt", b"Other"),
        "“Other” is not a message that is read.",
        "不支持“Other”类型的报文。",
    ),
    (
        DOCUMENT[: DOCUMENT.index(b"<Acct>")] + DOCUMENT[DOCUMENT.index(b"</Acct>") + 7 :],
        "The document names no account (element Acct).",
        "文件没有写明账户（Acct 元素）。",
    ),
    (
        DOCUMENT.replace(
            b"<Ntry>", b"<TxsSummry><TtlNtries><NbOfNtries>5</NbOfNtries></TtlNtries></TxsSummry><Ntry>"
        ),
        "The summary says 5 entries, but there are 1.",
        "汇总写有 5 笔，实际为 1 笔。",
    ),
    (b"<a>" * 60, "The document is nested too deeply.", "文件嵌套过深。"),
    (
        DOCUMENT.replace(b"<Ustrd></Ustrd>", b"<Ustrd>" + b"x" * 70_000 + b"</Ustrd>"),
        "An element holds more text than is read.",
        "某个元素的文字超过可读取的长度。",
    ),
]
HEAD = {"object": "stripe.balance", "from": 1773100800, "until": 1773187200, "reference": "r"}


def stripe(account: str) -> list[tuple[bytes, str, str]]:
    """Kept balances of Stripe; ``account`` is the institution's own there."""
    first = HEAD | {"account": account}

    def of(*rows: Any) -> bytes:
        return "\n".join(json.dumps(row) for row in rows).encode()

    lacks = "It lacks something that a kept balance has, or holds something else there."
    lacks_zh = "缺少保存的余额文件应有的内容，或其中内容不符。"
    return [
        (b"nothing", "Row 1: It is not JSON.", "第 1 行：不是 JSON。"),
        (b"[1]", "Row 1: It is not JSON.", "第 1 行：不是 JSON。"),
        (of({"object": "charge"}), "This is not a kept balance of Stripe.", "这不是保存的 Stripe 余额文件。"),
        (of(HEAD | {"account": "acct_9"}), "It is about account acct_9, not", "该文件属于账户 acct_9，不是本账户。"),
        (of({"object": "stripe.balance"}), f"Row 1: {lacks}", f"第 1 行：{lacks_zh}"),
        (of(first, {"object": "balance_transaction", "net": "x"}), f"Row 2: {lacks}", f"第 2 行：{lacks_zh}"),
        (of(first, {"object": "end", "count": 1, "net": 0}), "The totals are not those of", "合计与各行不符。"),
        (of(first), "The file ends before its totals", "文件在合计之前中断"),
    ]  # fmt: skip


_NO_COLUMNS = (
    "Choose the column of the day, and of the amount or of both ways.",
    "请选择日期列，以及金额列（或收入和支出两列）。",
)
_NO_AMOUNT = (
    "The amount is missing, zero, or has more decimals than its currency.",
    "金额缺失、为零，或小数位超过该币种。",
)
TABLE: list[tuple[bytes, str, str]] = [
    (b"When,How much\n1,2\n", *_NO_COLUMNS),
    (b"Date,Amount\n", "The table has no rows.", "表格没有数据行。"),
    (b"Date,Amount\n2026-03-10,0\n", *_NO_AMOUNT),
    (b"Date,Amount\n2026-03-10,\n", *_NO_AMOUNT),
    (b"Date,Amount\n2026-03-10,1.234\n", *_NO_AMOUNT),
    (b"Date,Amount\nsoon,12.00\n", "is not a date written year-month-day", "不是按年月日书写的日期"),
    (b"Date,Amount\n2026-03-10,ten\n", "is not a number such as 1234.50", "不是数字，正确写法例如 1234.50"),
    (b"%PDF-1.7 nothing", "content is something else", "内容"),
]


def files(stripe_account: str) -> Iterator[Case]:
    """Every wrong file under a name of its kind."""
    of = {"t.csv": TRADE, "f.csv": FUND, "b.xml": CAMT, "s.jsonl": stripe(stripe_account), "x.csv": TABLE}
    for name, cases in of.items():
        yield from ((name, *case) for case in cases)


COMING = (datetime.now(UTC) + timedelta(days=200)).date().isoformat()
OPENING: list[tuple[str, str, str]] = [
    ("nobody,10,2025-12-31,O1", "is no account here", "不是这里的账户"),
    (",10,2025-12-31,O2", "is empty but needed", "为空，此项必填"),
    ("{account},,2025-12-31,O3", "is empty but needed", "为空，此项必填"),
    ("{account},ten,2025-12-31,O4", "is not a number such as 1234.50", "不是数字，正确写法例如 1234.50"),
    ("{account},-5,2025-12-31,O5", "is in credit; enter it as money paid ahead", "为贷方余额；请在账户页面"),
    ("{account},0,2025-12-31,O6", "is zero, so there is nothing to bring over", "为零，没有可结转的余额"),
    ("{account},1.005,2025-12-31,O7", "has more decimals than SGD", "小数位数超过 SGD 的规定"),
    (f"{{account}},9,{COMING},O8", "has not come yet", "尚未到来"),
    ("{account},9,soon,O9", "is not a date written year-month-day", "不是按年月日书写的日期"),
    ("{account},9,2025-12-31,", "is empty but needed", "为空，此项必填"),
]  # fmt: skip
SINGLE: list[tuple[str, str, str]] = [
    ("nobody,10,,Key,,S1", "is no account here", "不是这里的账户"),
    ("{account},0,,Key,,S2", "is not above zero", "必须大于零"),
    ("{account},-5,,Key,,S3", "is not above zero", "必须大于零"),
    ("{account},ten,,Key,,S4", "is not a number such as 1234.50", "不是数字，正确写法例如 1234.50"),
    ("{account},1.005,,Key,,S5", "has more decimals than SGD", "小数位数超过 SGD 的规定"),
    ("{account},5,No such fee,,,S6", "is no fee here", "不是这里的费用"),
    ("{account},5,,,,S7", "is needed where no fee is named", "未填写费用时必填"),
    ("{account},5,,Key,2020-01-01,S8", "is past", "已过去"),
    ("{account},5,,Key,soon,S9", "is not a date written year-month-day", "不是按年月日书写的日期"),
]
TABLES = {
    "opening_balances": ("Account,Amount owed,As of,Reference", OPENING),
    "single_bills": ("Account,Amount,Fee,What for,Due on,Reference", SINGLE),
}
