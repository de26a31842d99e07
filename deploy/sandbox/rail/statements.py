"""Day statements as banks send them: CSV, yuan with two decimals, GB18030 or UTF-8, totals at the end.

The day is cut at 00:00 in UTC+8.
"""

import csv
import io
from collections.abc import Iterable
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

from starlette.responses import Response

from deploy.sandbox.rail.api import Call, RailError
from deploy.sandbox.store import Doc

_ZONE = timezone(timedelta(hours=8))
_ENCODINGS = {"gb18030": "gb18030", "utf-8": "utf-8", "utf-8-bom": "utf-8-sig"}
_KINDS = {"payment": "支付", "refund": "退款", "chargeback": "拒付"}
_TRADE = "交易时间,交易类型,商户订单号,商户退款单号,平台订单号,交易流水号,币种,金额(元),手续费(元),商品描述"
_FUND = "总笔数,支付笔数,支付金额(元),退款笔数,退款金额(元),手续费(元),结算净额(元)"


def statement(call: Call) -> Response:
    """The merchant's trades of one day. `?encoding=gb18030|utf-8|utf-8-bom`."""
    try:
        day = date.fromisoformat(call.path["day"])
        encoding = _ENCODINGS[call.query.get("encoding", "gb18030").lower()]
    except (ValueError, KeyError) as error:
        raise RailError(
            422, "invalid_field", "The day is YYYY-MM-DD; the encoding gb18030, utf-8 or utf-8-bom"
        ) from error
    lines = [line for line in call.world.store.find("rail.line", call.merchant["id"]) if _day(line) == day]
    text = render(call.merchant, day, lines)
    name = f'attachment; filename="{call.merchant["id"]}-{day}.csv"'
    media = f"text/csv; charset={'gb18030' if encoding == 'gb18030' else 'utf-8'}"
    return Response(text.encode(encoding), media_type=media, headers={"Content-Disposition": name})


def render(merchant: Doc, day: date, lines: list[Doc]) -> str:
    """The file's text: a title, the trade lines, and the fund totals."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["#商户对账单", merchant["id"], merchant["name"], day.isoformat(), merchant["currency"]])
    writer.writerow(_TRADE.split(","))
    writer.writerows(_trade(line) for line in lines)
    writer.writerow(["#资金汇总"])
    writer.writerow(_FUND.split(","))
    writer.writerow(_totals(lines))
    return out.getvalue()


def _trade(line: Doc) -> list[str]:
    is_payment = line["kind"] == "payment"
    return [
        _local(line).strftime("%Y-%m-%d %H:%M:%S"),
        _KINDS[line["kind"]],
        line["merchant_order_no"],
        "" if is_payment else line["number"],
        line["order_id"],
        line["transaction_no"],
        line["currency"],
        _yuan([line["amount_minor"]]),
        _yuan([line["fee_minor"]]),
        line["description"],
    ]


def _totals(lines: list[Doc]) -> list[str]:
    paid = [line["amount_minor"] for line in lines if line["kind"] == "payment"]
    refunded = [line["amount_minor"] for line in lines if line["kind"] == "refund"]
    fees = [line["fee_minor"] for line in lines]
    disputed = [line["amount_minor"] for line in lines if line["kind"] == "chargeback"]
    net = [*paid, *refunded, *disputed, -sum(fees)]
    counts = (str(len(lines)), str(len(paid)), str(len(refunded)))
    return [counts[0], counts[1], _yuan(paid), counts[2], _yuan(refunded), _yuan(fees), _yuan(net)]


def _yuan(amounts: Iterable[int]) -> str:
    return f"{Decimal(sum(amounts)) / 100:.2f}"


def _local(line: Doc) -> datetime:
    return datetime.fromisoformat(line["time"]).astimezone(_ZONE)


def _day(line: Doc) -> date:
    return _local(line).date()
