"""Day files as banks send them: CSV, yuan with two decimals or fen, GB18030 or UTF-8, totals at the end.

A currency that has three decimals is written with three. The day is cut at 00:00 in UTC+8.
"""

import csv
import hashlib
import io
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from starlette.responses import Response

from deploy.sandbox.coins import major, places
from deploy.sandbox.rail import holds, paper_faults
from deploy.sandbox.rail.api import Call, RailError
from deploy.sandbox.rail.days import today, zoned
from deploy.sandbox.store import Doc
from deploy.sandbox.world import World

_ENCODINGS = {"gb18030": "gb18030", "utf-8": "utf-8", "utf-8-bom": "utf-8-sig"}
_KINDS = {"payment": "支付", "refund": "退款", "chargeback": "拒付"}
_UNITS = {"yuan": "元", "fen": "分"}
_TRADE = "交易时间,交易类型,商户订单号,商户退款单号,平台订单号,交易流水号,币种,金额(元),手续费(元),商品描述"
_FUND = "总笔数,支付笔数,支付金额(元),退款笔数,退款金额(元),手续费(元),结算净额(元)"


def statement(call: Call) -> Response:
    """The merchant's files of one day: `?file=trade|fund`, `&unit=yuan|fen`, `&encoding=gb18030|utf-8|utf-8-bom`.

    Without `file` it is the trade file as far as the day has got; with it, the day must be over, and stays as it is.
    """
    try:
        day = date.fromisoformat(call.path["day"])
        encoding = _ENCODINGS[call.query.get("encoding", "gb18030").lower()]
        unit = _UNITS[call.query.get("unit", "yuan")]
        make = {"trade": trades, "fund": funds}[call.query.get("file", "trade")]
    except (ValueError, KeyError) as error:
        raise RailError(
            422,
            "invalid_field",
            "The day is YYYY-MM-DD; file trade or fund; unit yuan or fen; encoding gb18030, utf-8 or utf-8-bom",
        ) from error
    if "file" in call.query and day >= today(call.world):
        raise RailError(409, "day_not_over", "The files of a day are ready once it is over")
    content = make(call.world, call.merchant, day, unit).encode(encoding)
    name = f"{call.merchant['id']}-{day}-{call.query.get('file', 'trade')}.csv"
    media = f"text/csv; charset={'gb18030' if encoding == 'gb18030' else 'utf-8'}"
    return Response(content, media_type=media, headers=file_headers(name, content))


def file_headers(name: str, content: bytes) -> dict[str, str]:
    """Under which name a file goes out, and its hash."""
    digest = hashlib.sha256(content).hexdigest()
    return {"Content-Disposition": f'attachment; filename="{name}"', "Rail-Digest": f"sha-256={digest}"}


def lines_of(world: World, merchant: str, day: date) -> list[Doc]:
    """The trades that the files of a day tell: what happened, and what a fault makes of it."""
    found = world.store.find("rail.line", merchant, words=day.isoformat())
    return paper_faults.told(world, merchant, day, found)


def trades(world: World, merchant: Doc, day: date, unit: str = "元") -> str:
    """The trade file's text: a title, the trade lines, and the totals."""
    lines = lines_of(world, merchant["id"], day)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["#商户对账单", merchant["id"], merchant["name"], day.isoformat(), merchant["currency"]])
    writer.writerow(_TRADE.replace("元", unit).split(","))
    writer.writerows(_trade(line, unit) for line in lines)
    if paper_faults.is_cut(world, merchant["id"], day):
        return out.getvalue()
    writer.writerow(["#资金汇总"])
    writer.writerow(_FUND.replace("元", unit).split(","))
    error = paper_faults.total_error(world, merchant["id"], day)
    writer.writerow(_totals(lines, unit, merchant["currency"], error))
    return out.getvalue()


def payout_of(world: World, merchant: Doc, day: date) -> tuple[str, int]:
    """The reference and the amount of what is credited to the merchant's account on the day after.

    That is the day's trades, and those of the days that were held before it; nothing while it is held itself.
    """
    net = sum(_net(world, merchant, each) for each in holds.settled_with(world, merchant["id"], day))
    return f"S{day:%Y%m%d}{merchant['id'][-6:]}", max(net, 0)


def _own(world: World, merchant: Doc, day: date) -> list[Doc]:
    lines = lines_of(world, merchant["id"], day)
    return [line for line in lines if line["currency"] == merchant["currency"]]


def _net(world: World, merchant: Doc, day: date) -> int:
    return sum(line["amount_minor"] - line["fee_minor"] for line in _own(world, merchant, day))


def _kept(world: World, merchant: Doc, day: date) -> int:
    """What days before it have left with the rail because they were held."""
    before = day - timedelta(days=1)
    if holds.settled_with(world, merchant["id"], before):
        return 0
    return _net(world, merchant, before) + _kept(world, merchant, before)


def funds(world: World, merchant: Doc, day: date, unit: str = "元") -> str:
    """The fund file's text: the balance's movements of the day, and the payout that empties it."""
    own = _own(world, merchant, day)
    taken = sum(line["amount_minor"] for line in own if line["kind"] == "payment")
    refunded = sum(line["amount_minor"] for line in own if line["kind"] != "payment")
    fees = sum(line["fee_minor"] for line in own)
    kept = _kept(world, merchant, day)
    reference, net = payout_of(world, merchant, day)
    sums = [kept, taken, refunded, fees, net, kept + taken + refunded - fees - net]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(
        ["#商户资金账单", merchant["id"], merchant["name"], day.isoformat(), merchant["currency"]]
    )
    writer.writerow(
        [f"{name}({unit})" for name in ("期初余额", "收入", "退款", "手续费", "结算", "期末余额")]
    )
    writer.writerow([_money([amount], unit, merchant["currency"]) for amount in sums])
    writer.writerow(["#结算"])
    writer.writerow(f"结算单号,结算账号,起始日,截止日,金额({unit}),到账日期,附言".split(","))
    if net:
        number = f"****{merchant['account_number'].replace(' ', '')[-4:]}"
        first, arrives = holds.settled_with(world, merchant["id"], day)[0], day + timedelta(days=1)
        writer.writerow(
            [reference, number, first, day, _money([net], unit, merchant["currency"]), arrives, reference]
        )
    writer.writerow(["#合计", int(net > 0), _money([net], unit, merchant["currency"])])
    return out.getvalue()


def _trade(line: Doc, unit: str) -> list[str]:
    is_payment = line["kind"] == "payment"
    return [
        _local(line).strftime("%Y-%m-%d %H:%M:%S"),
        _KINDS[line["kind"]],
        line["merchant_order_no"],
        "" if is_payment else line["number"],
        line["order_id"],
        line["transaction_no"],
        line["currency"],
        _money([line["amount_minor"]], unit, line["currency"]),
        _money([line["fee_minor"]], unit, line["currency"]),
        line["description"],
    ]


def _totals(lines: list[Doc], unit: str, currency: str, error: int) -> list[str]:
    paid = [line["amount_minor"] for line in lines if line["kind"] == "payment"]
    refunded = [line["amount_minor"] for line in lines if line["kind"] == "refund"]
    fees = [line["fee_minor"] for line in lines]
    disputed = [line["amount_minor"] for line in lines if line["kind"] == "chargeback"]
    net = [*paid, *refunded, *disputed, -sum(fees)]
    counts = (str(len(lines)), str(len(paid)), str(len(refunded)))
    sums = [_money(part, unit, currency) for part in ([*paid, error], refunded, fees, [*net, error])]
    return [counts[0], counts[1], sums[0], counts[2], *sums[1:]]


def _money(amounts: Iterable[int], unit: str, currency: str) -> str:
    total = sum(amounts)
    return str(total) if unit == "分" else f"{major(total, currency):.{max(2, places(currency))}f}"


def _local(line: Doc) -> datetime:
    return zoned(datetime.fromisoformat(line["time"]))


def local_day(line: Doc) -> date:
    """The day of a trade in the bank's zone."""
    return _local(line).date()
