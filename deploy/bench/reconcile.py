"""A channel's day file against the ledger, from its bytes to matched lines and breaks; the floor is COPY and join.

The product's way: the file is read and checked row by row, its lines written behind the walls with their indexes,
matched with the payments they repeat, held against the payout, and what is missing on either side is named. The floor
copies the same rows, ready-made for ``COPY``, into a table without index or wall, joins them with the references of our
side and writes down which belong together, as a superuser, with the same memory for its hash.
"""

import asyncio
import io
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import asyncpg

from billing.models import SettlementAccount
from billing.payments.settlement import provision_settlement
from billing.reconciliation import intake
from billing.reconciliation.arriving import WORK_MEMORY
from billing.reconciliation.sources.rail import RailTrades
from deploy.bench.scratch import scratch, superuser, tenant
from deploy.settings import Settings
from tenants.actor import system_actor
from tenants.models import Tenant
from tenants.scope import open_scope, rows, tenant_scope

DEFAULTS: Mapping[str, int] = {"lines": 1_000_000, "odd_every": 5_000}
AIM = 4.0
MERCHANT = "m-bench"
DAY = "2026-03-10"
_ONE = 12_345
_SETUP = """
create table bench_paid as
  select new_id() id, new_id() payment_id, n, 5000 + n % 90000 amount,
         timestamptz '2026-03-10 00:05+08' + n * interval '21 hours' / {lines} moment
    from generate_series(1, {lines}) n;
insert into billing_payment (tenant_id, id, number, currency, amount_minor, status, channel,
                             settlement_account_id, created_at, succeeded_at)
  select '{tenant}', payment_id, 'P' || n, 'SGD', amount, 'succeeded', 'bank', '{account}', moment, moment
    from bench_paid;
insert into billing_attempt (tenant_id, id, payment_id, channel, currency, amount_minor, status, request, created_at,
                             expires_at, ended_at)
  select '{tenant}', id, payment_id, 'bank', 'SGD', amount, 'succeeded', '{{}}', moment, moment, moment from bench_paid;
analyze billing_payment; analyze billing_attempt;
"""
_ROWS = """
select to_char(moment at time zone 'Asia/Singapore', 'YYYY-MM-DD HH24:MI:SS') local, id::text,
       amount + case when n % {odd} = 0 then 100 else 0 end amount, n from bench_paid order by n
"""
_BARE = (
    "position int, kind text, occurred_at timestamptz, day date, currency text, amount_minor bigint,"
    " fee_minor bigint, reference uuid, channel_reference text, text text"
)
_JOIN = "create table bench_matched as select l.position, o.id from bench_line l join bench_paid o"
_JOIN += " on o.id = l.reference"


async def measure(options: Mapping[str, int]) -> dict[str, Any]:
    """Return the seconds of the product and of the bare way, and how many times longer the product takes."""
    async with scratch() as settings:
        of = await tenant(1)
        account = await _account(of)
        async with superuser(settings) as connection:
            await _set_up(connection, of, account, options["lines"])
            path, bare = await _write(connection, settings, options)
            size = path.stat().st_size
            seconds, found = await _ours(account, path)
            floor = await _floor(connection, bare)
    ratio = round(seconds / floor, 2)
    return {
        "figure": round(seconds, 2),
        "unit": "s",
        "floor": round(floor, 2),
        "ratio": ratio,
        "aim": f"ratio <= {AIM:g}",
        "is_met": ratio <= AIM,
        "lines_per_second": round(options["lines"] / seconds),
        "matched": found.matched,
        "breaks": found.breaks,
        "bytes": size,
        **options,
    }


async def _account(of: Tenant) -> SettlementAccount:
    async with open_scope(tenant_scope(of.id)):
        made = await provision_settlement(
            system_actor(of.id),
            of,
            bank_code="B",
            account_name="Bench",
            account_number="123456",
            currency="SGD",
        )
        made.rail_merchant = MERCHANT
        await made.save(update_fields=["rail_merchant"])
    return made


async def _set_up(connection: asyncpg.Connection, of: Tenant, account: SettlementAccount, lines: int) -> None:
    """Write the payments of a day straight into the tables: what is measured is finding them again."""
    await connection.execute(_SETUP.format(lines=lines, tenant=of.id, account=account.id))
    await connection.execute("checkpoint")


async def _write(
    connection: asyncpg.Connection, settings: Settings, options: Mapping[str, int]
) -> tuple[Path, Path]:
    """Write the rail's file, and the same rows as COPY takes them; return both."""
    path, bare = settings.data_dir / "trades.csv", settings.data_dir / "bare.csv"
    count = total = fees = 0
    with path.open("w", encoding="gb18030", newline="") as file, bare.open("w") as plain:
        file.write(f"#商户对账单,{MERCHANT},Bench,{DAY},SGD\r\n")
        file.write(
            "交易时间,交易类型,商户订单号,商户退款单号,平台订单号,交易流水号,币种,金额(元),手续费(元),商品描述\r\n"
        )
        async with connection.transaction():
            async for at, reference, amount, n in connection.cursor(_ROWS.format(odd=options["odd_every"])):
                fee = (amount * 38 + 5000) // 10000
                count, total, fees = count + 1, total + amount, fees + fee
                tail = f"tx{_ONE + n:018d}"
                file.write(
                    f"{at},支付,{reference},,ord{n:017d},{tail},SGD,{_yuan(amount)},{_yuan(fee)},物业费 {n}\r\n"
                )
                plain.write(f"{n},payment,{at}+08,{DAY},SGD,{amount},{fee},{reference},{tail},物业费 {n}\n")
        file.write(
            "#资金汇总\r\n总笔数,支付笔数,支付金额(元),退款笔数,退款金额(元),手续费(元),结算净额(元)\r\n"
        )
        file.write(f"{count},{count},{_yuan(total)},0,0.00,{_yuan(fees)},{_yuan(total - fees)}\r\n")
    return path, bare


def _yuan(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"


async def _ours(account: SettlementAccount, path: Path) -> tuple[float, intake.Taken]:
    begun = time.perf_counter()
    with path.open("rb") as file:
        async with open_scope(tenant_scope(account.tenant_id)):
            actor = system_actor(account.tenant_id)
            done = await intake.take_in(actor, account, RailTrades(), file, filename=path.name)
    seconds = time.perf_counter() - begun
    async with open_scope(tenant_scope(account.tenant_id)):
        loose = await rows(
            "select status, count(*)::int n from billing_statement_line where tenant_id = $1 group by status",
            account.tenant_id,
        )
    if sum(each["n"] for each in loose) != done.statement.line_count:
        raise RuntimeError("lines were lost")
    return seconds, done


async def _floor(connection: asyncpg.Connection, bare: Path) -> float:
    await connection.execute(f"set work_mem = '{WORK_MEMORY}'")
    await connection.execute("checkpoint")
    content = await asyncio.to_thread(bare.read_bytes)
    begun = time.perf_counter()
    async with connection.transaction():
        await connection.execute(f"create table bench_line ({_BARE})")
        await connection.copy_to_table("bench_line", source=io.BytesIO(content), format="csv")
        await connection.execute("analyze bench_line")
        await connection.execute(_JOIN)
    return time.perf_counter() - begun
