"""Statements as the outside writes them, made of few words, and money of ours for them to be about."""

import csv
import io
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from billing import ledger
from billing.ledger import Side
from billing.models import Attempt, Payment, SettlementAccount
from billing.reconciliation import intake
from billing.reconciliation.sources.contract import Parser
from billing.reconciliation.sources.rail import RailFunds, RailTrades
from tenants.actor import system_actor
from tenants.ids import new_id
from tenants.scope import execute, open_scope, rows, tenant_scope
from tests import make

ZONE = ZoneInfo("Asia/Singapore")
DAY = date(2026, 3, 10)
MERCHANT = "m-test"


@dataclass
class Books:
    """A tenant with a settlement account, and what happened in it."""

    tenant: Any
    account: SettlementAccount

    @property
    def id(self) -> UUID:
        return self.tenant.id

    def scope(self):
        return open_scope(tenant_scope(self.tenant.id))

    @property
    def system(self):
        return system_actor(self.tenant.id)


async def books(bank, **given: Any) -> Books:
    from billing.payments import settlement  # noqa: PLC0415

    tenant = await make.tenant(bank)
    async with open_scope(tenant_scope(tenant.id)):
        account = await settlement.provision_settlement(
            system_actor(tenant.id),
            tenant,
            bank_code="HRBRSGSG",
            account_name=tenant.name,
            account_number="0123 4567 8901",
            currency="SGD",
        )
        account.rail_merchant, account.stripe_account = MERCHANT, f"acct_{tenant.id.hex[:12]}"
        await account.save()
    return Books(tenant, account)


def at(hour: int = 10, minute: int = 0, day: date = DAY) -> datetime:
    return datetime.combine(day, time(hour, minute), ZONE).astimezone(UTC)


async def paid(
    own: Books, amount: int = 5000, when: datetime | None = None, channel: str = "bank", **more: Any
) -> UUID:
    """A payment that arrived, all of it to suspense, booked as settling books it; its attempt's id."""
    when, payment_id, attempt_id = when or at(), new_id(), new_id()
    async with own.scope():
        await Payment.create(
            id=payment_id, tenant_id=own.id, number=f"P{attempt_id.hex[-12:]}", currency=more.get("currency", "SGD"),
            amount_minor=amount, status=more.get("status", "succeeded"), channel=channel,
            settlement_account_id=own.account.id, payer_name=more.get("payer", "Ann"), succeeded_at=when,
            counter_method=more.get("method", ""), counter_reference=more.get("reference", ""),
        )  # fmt: skip
        await Attempt.create(
            id=attempt_id, tenant_id=own.id, payment_id=payment_id, channel=channel,
            currency=more.get("currency", "SGD"), amount_minor=amount, status=more.get("status", "succeeded"),
            channel_payment=f"tx-{attempt_id.hex[-8:]}", request={},
            expires_at=when + timedelta(hours=1), ended_at=when,
        )  # fmt: skip
        if more.get("status", "succeeded") == "succeeded":
            sides = [Side(ledger.clearing(channel), amount, "SGD"), Side(ledger.SUSPENSE, -amount, "SGD")]
            await ledger.post(own.id, "payment.succeeded", attempt_id, sides)
            await execute(
                "insert into billing_suspense (tenant_id, payment_id, currency, amount_minor, reason)"
                " values ($1, $2, 'SGD', $3, 'late')", own.id, payment_id, amount,
            )  # fmt: skip
    return attempt_id


NOON = at(12)


@dataclass(frozen=True)
class Trade:
    """A row of the trade file."""

    number: str
    amount: int = 5000
    fee: int = 19
    when: datetime = NOON
    refund: str = ""
    currency: str = "SGD"
    text: str = "Bill 物业费"
    tx: str = ""

    def but(self, **changes: Any) -> "Trade":
        return replace(self, **changes)


def trade_file(*trades: Trade, day: date = DAY, unit: str = "元", encoding: str = "gb18030", merchant: str = MERCHANT,
               end: bool = True, **wrong: str) -> bytes:  # fmt: skip
    def money(minor: int) -> str:
        return str(minor) if unit == "分" else f"{minor / 100:.2f}"

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["#商户对账单", merchant, "Institution", wrong.get("title_day", day.isoformat()), "SGD"])
    head = (
        "交易时间,交易类型,商户订单号,商户退款单号,平台订单号,交易流水号,币种,金额({u}),手续费({u}),商品描述"
    )
    writer.writerow(head.format(u=unit).split(","))
    for n, trade in enumerate(trades):
        local = trade.when.astimezone(ZONE)
        writer.writerow([
            f"{local:%Y-%m-%d %H:%M:%S}", "退款" if trade.refund else "支付", trade.number, trade.refund, f"ord-{n}",
            trade.tx or f"tx{n:04d}", trade.currency, money(trade.amount), money(trade.fee), trade.text,
        ])  # fmt: skip
    if end:
        ins, outs = [t.amount for t in trades if t.amount > 0], [t.amount for t in trades if t.amount < 0]
        fees = sum(t.fee for t in trades)
        writer.writerow(["#资金汇总"])
        names = "总笔数,支付笔数,支付金额({u}),退款笔数,退款金额({u}),手续费({u}),结算净额({u})"
        writer.writerow(names.format(u=unit).split(","))
        writer.writerow([
            len(trades), len(ins), money(sum(ins)), len(outs), wrong.get("refunded", money(sum(outs))),
            money(fees), money(sum(ins) + sum(outs) - fees),
        ])  # fmt: skip
    return out.getvalue().encode(encoding)


def fund_file(
    net: int,
    *,
    day: date = DAY,
    taken: int | None = None,
    fees: int = 0,
    reference: str = "",
    closing: int = 0,
) -> bytes:
    taken = net + fees if taken is None else taken
    reference = reference or f"S{day:%Y%m%d}"
    lines = [
        f"#商户资金账单,{MERCHANT},Institution,{day},SGD",
        "期初余额(元),收入(元),退款(元),手续费(元),结算(元),期末余额(元)",
        ",".join(f"{v / 100:.2f}" for v in (0, taken, 0, fees, net, closing)),
        "#结算",
        "结算单号,结算账号,起始日,截止日,金额(元),到账日期,附言",
        f"{reference},****8901,{day},{day},{net / 100:.2f},{day + timedelta(days=1)},{reference}",
        f"#合计,1,{net / 100:.2f}",
    ]
    return "\r\n".join(lines).encode("gb18030")


@dataclass(frozen=True)
class Entry:
    """A booked entry of a bank statement."""

    amount: int
    reference: str = ""
    text: str = ""
    key: str = ""
    currency: str = "SGD"
    day: date = DAY + timedelta(days=1)


def camt(
    *entries: Entry, message: str = "053", version: int = 8, account: str = "012345678901", **more: Any
) -> bytes:
    roots = {
        "052": ("BkToCstmrAcctRpt", "Rpt"),
        "053": ("BkToCstmrStmt", "Stmt"),
        "054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
    }
    root, part = roots[message]
    told = "".join(
        f'<Ntry><Amt Ccy="{e.currency}">{abs(e.amount) / 100:.2f}</Amt>'
        f"<CdtDbtInd>{'CRDT' if e.amount > 0 else 'DBIT'}</CdtDbtInd>"
        f"<Sts>{'BOOK' if version < 8 else '<Cd>BOOK</Cd>'}</Sts><BookgDt><Dt>{e.day}</Dt></BookgDt>"
        f"<AcctSvcrRef>{e.key or f'K{n}'}</AcctSvcrRef><NtryDtls><TxDtls><Refs>"
        f"<EndToEndId>{e.reference or 'NOTPROVIDED'}"
        f"</EndToEndId></Refs><RmtInf><Ustrd>{e.text}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
        for n, e in enumerate(entries)
    )  # fmt: skip
    total = sum(e.amount for e in entries if e.currency == "SGD")

    def balance(kind: str, amount: int) -> str:
        way = "CRDT" if amount >= 0 else "DBIT"
        return (
            f'<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy="SGD">{abs(amount) / 100:.2f}</Amt>'
            f"<CdtDbtInd>{way}</CdtDbtInd><Dt><Dt>{DAY}</Dt></Dt></Bal>"
        )

    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{more.get("doctype", "")}'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.{message}.001.{version:02d}"><{root}>'
        "<GrpHdr><MsgId>M</MsgId></GrpHdr>"
        f"<{part}><Id>{more.get('id', 'S1')}</Id><Acct><Id><Othr><Id>{account}</Id></Othr></Id></Acct>"
        f"{balance('OPBD', 100)}{balance('CLBD', more.get('closing', 100 + total))}{told}</{part}></{root}></Document>"
    ).encode()


async def take(
    own: Books, content: bytes, parser: Parser | None = None, name: str = "day.csv"
) -> intake.Taken:
    """Take a file in as the fetching job does."""
    from billing.reconciliation.sources.camt import Camt  # noqa: PLC0415

    if parser is None:
        is_fund = content.startswith("#商户资金账单".encode("gb18030"))
        parser = Camt() if content.lstrip()[:1] == b"<" else RailFunds() if is_fund else RailTrades()
    async with own.scope():
        return await intake.take_in(own.system, own.account, parser, io.BytesIO(content), filename=name)


async def breaks(own: Books, *statuses: str) -> list[tuple[str, int | None, int | None]]:
    """Kinds of the breaks, with what was expected and found."""
    async with own.scope():
        found = await rows(
            "select kind, expected_minor, found_minor from billing_break where tenant_id = $1"
            " and status = any ($2::text[]) order by kind, id", own.id, list(statuses or ("open", "working")),
        )  # fmt: skip
    return [tuple(each) for each in found]


async def kinds(own: Books, *statuses: str) -> list[str]:
    return [kind for kind, _, _ in await breaks(own, *statuses)]


async def balance(own: Books, name: str) -> int:
    async with own.scope():
        return sum(b.balance_minor for b in await ledger.trial_balance(own.id) if b.ledger == name)


async def books_are_right(own: Books) -> bool:
    async with own.scope():
        assert await ledger.verify_ledger(own.id) == []
    return True
