"""A season of visitors who bought and paid: orders with their bills set by set, their money as the books write it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from random import Random
from typing import TYPE_CHECKING, Any

from deploy.seed import books, takings
from deploy.seed.cast import SEED
from deploy.seed.past import Past, Payer, id_at
from integrations.sign_in.codes import Address
from scenarios.tourism.models import Product
from scenarios.tourism.orders import people
from scenarios.tourism.orders.people import Buyer
from scenarios.tourism.orders.placing import HOLD
from tenants.planning import by_stretch
from tenants.scope import execute, rows

if TYPE_CHECKING:
    from tenants.actor import Actor
    from tenants.models import Bank, Tenant

NAMES = (
    "Tan Hui Min", "陈静 Chen Jing", "Nurul Aisyah", "Ravi Kumar", "Emma Clark", "王芳 Wang Fang", "Lee Boon Kiat",
    "佐藤健 Sato Ken", "Maria Santos", "林志强 Lin Zhiqiang", "Goh Swee Lin", "Anna Petrova", "刘洋 Liu Yang",
    "Siti Aminah",
    "David Wong", "赵敏 Zhao Min", "Chua Kai Wen", "Olivia Brown", "张伟 Zhang Wei", "Farah Hassan", "Ng Li Ting",
    "Peter Schmidt", "黄丽 Huang Li", "Arjun Singh",
)  # fmt: skip
EACH, MOST = 3, 3
"""Orders of each slot, and people of the largest."""
_METHODS = ("cash", "card", "cash", "transfer")
_ACCOUNTS = """
insert into tenants_account (tenant_id, id, scenario, kind, number, name, sort_key, attributes)
select $1, new_id(), $2, $3, s.number, s.name, s.number, '{}' from unnest($4::text[], $5::text[]) s (number, name)
on conflict do nothing
"""
_SEASON = """
with buyer as (
  select a.id, a.number account, a.name, b.n - 1 place, b.sealed, b.contact, b.hint
    from unnest($4::text[], $5::bytea[], $6::bytea[], $7::text[]) with ordinality b (number, sealed, contact, hint, n)
    join tenants_account a on a.tenant_id = $1 and a.scenario = 'tourism' and a.number = b.number
), planned as materialized (
  select new_id() order_id, new_id() bill_id, new_id() entry_id, s.id slot_id, s.site_id, s.day, s.starts_at, s.ends_at,
         h.half, n, b.*, 1 + (n + extract(doy from s.day)::int) % $11 people,
         case when to_char(s.day, 'MM-DD') between '04-01' and '10-31' then 6000 else 4000 end price,
         s.starts_at - interval '20 hours' + n * interval '7 minutes' bought_at,
         'V' || to_char(s.day, 'YYMMDD') || h.half || n number,
         jsonb_build_object(d.id::text, 1 + (n + extract(doy from s.day)::int) % $11,
                            p.id::text, 1 + (n + extract(doy from s.day)::int) % $11) pools
    from tourism_slot s
    join tourism_pool d on d.tenant_id = $1 and d.site_id = s.site_id and d.day = s.day and d.scope = 'day'
    join tourism_pool p on p.tenant_id = $1 and p.slot_id = s.id and p.scope = 'slot'
    cross join lateral (
      select case when extract(hour from s.starts_at at time zone $3) < 11 then 1 else 2 end half) h
    cross join generate_series(0, $10 - 1) n
    join buyer b on b.place =
         (extract(doy from s.day)::int * 2 * $10 + (h.half - 1) * $10 + n) % cardinality($4::text[])
   where s.tenant_id = $1 and s.day < $8 and s.status = 'open'
), counted as (
  select *, to_char(bought_at at time zone $3, 'YYYYMM') || '-00' series,
         date_trunc('month', bought_at at time zone $3)::date period,
         row_number() over (partition by to_char(bought_at at time zone $3, 'YYYYMM') order by bought_at, order_id) nth
    from planned
), series as (
  insert into billing_number_series (tenant_id, series, last_number)
  select $1, series, max(nth) from counted group by series
), bill as (
  insert into billing_bill (tenant_id, id, created_at, account_id, kind, reference, scenario, number, period, due_on,
                            currency, total_minor, status, account_number, account_name, issued_at)
  select $1, bill_id, bought_at, id, 'one_off', number, 'tourism', series || '-' || lpad(nth::text, 6, '0'), period,
         (bought_at at time zone $3)::date, $2, people * price, 'issued', account, name, bought_at
    from counted
), line as (
  insert into billing_bill_line (tenant_id, created_at, bill_id, account_id, fee_item_id, period, currency,
                                 amount_minor, names, inputs, is_periodic)
  select $1, bought_at, bill_id, id, $12, period, $2, people * price,
         jsonb_build_object('en', people || ' × Palace, Adult', 'zh_CN', people || ' × 宫殿，成人'), '{}', false
    from counted
), entry as (
  insert into billing_entry (tenant_id, id, created_at, kind, source_id, occurred_at)
  select $1, entry_id, bought_at, 'bill.issued', bill_id, bought_at from counted
), posting as (
  insert into billing_posting (tenant_id, created_at, entry_id, ledger, currency, amount_minor, account_id, bill_id)
  select $1, bought_at, entry_id, s.ledger, $2, s.amount, id, bill_id
    from counted, lateral (values ('receivable', people * price), ('income:admission', -people * price))
      s (ledger, amount)
), hold as (
  insert into billing_hold (tenant_id, created_at, kind, subject_id, account_id, bill_id, until, status, ended_at)
  select $1, bought_at, $16, order_id, id, bill_id, bought_at + interval '15 minutes', 'kept',
         bought_at + interval '3 minutes'
    from counted
), orders as (
  insert into tourism_order (tenant_id, id, created_at, number, site_id, slot_id, day, account_id, bill_id, channel,
                             status, currency, total_minor, people, pools, name, contact, contact_kind, contact_hint,
                             locale, paid_at)
  select $1, order_id, bought_at, number, site_id, slot_id, day, id, bill_id, 'desk', 'paid', $2, people * price,
         people, pools, sealed, contact, 'email', hint, 'en', bought_at + interval '3 minutes'
    from counted
), tickets as (
  insert into tourism_ticket (tenant_id, id, created_at, order_id, site_id, product_id, bought_id, slot_id, number, day,
                              valid_from, valid_until, begins_at, kind, visitor_kind, visitor, document, document_key,
                              people, places, price_minor, policy, status, uses, used, used_on)
  select $1, new_id(), bought_at, order_id, site_id, $9, $9, slot_id, number || k, day,
         starts_at - interval '30 minutes', ends_at, starts_at, 'single', 'adult', sealed,
         ($13::bytea[])[place * $11 + k + 1],
         ($14::bytea[])[place * $11 + k + 1], 1, 1, price, $15::jsonb,
         case when is_missing then 'no_show' else 'used' end, 1, case when is_missing then 0 else 1 end,
         case when is_missing then null else day end
    from counted, generate_series(0, people - 1) k
    cross join lateral (select n = 2 and extract(day from day) % 4 = 0 is_missing) m
)
select bill_id, bought_at from counted order by bought_at, order_id
"""


async def remember(tenant: Tenant, bank: Bank, clerk: Actor, now: date) -> None:
    """Write the season's orders with their bills and tickets, and the money that came for them at the desk."""
    buyers = [Buyer(name, Address("email", f"guest{n}@mail.example")) for n, name in enumerate(NAMES)]
    accounts = [people.account_of(tenant.id, one) for one in buyers]
    scenario, kind, _, _ = accounts[0]
    numbers = [number for _, _, number, _ in accounts]
    await execute(_ACCOUNTS, tenant.id, scenario, kind, numbers, list(NAMES))
    async with by_stretch():
        made = await rows(_SEASON, *await _facts(tenant, buyers, numbers, now))
    await _pay(tenant, bank, clerk, made)


async def _facts(tenant: Tenant, buyers: list[Buyer], numbers: list[str], now: date) -> tuple[Any, ...]:
    palace = await Product.get(tenant_id=tenant.id, key="palace")
    documents = [f"E{20_000_000 + n * 37}{k}" for n in range(len(buyers)) for k in range(MOST)]
    return (
        tenant.id,
        tenant.currency,
        tenant.timezone,
        numbers,
        [people.seal(people.NAMES, one.name) for one in buyers],
        [people.seal(people.CONTACTS, one.address.value) for one in buyers],
        [people.hint(one.address) for one in buyers],
        now,
        palace.id,
        EACH,
        MOST,
        palace.fee_item_id,
        [people.seal(people.DOCUMENTS, one) for one in documents],
        [people.document_key(tenant.id, one) for one in documents],
        "[]",
        HOLD,
    )


async def _pay(tenant: Tenant, bank: Bank, clerk: Actor, made: list[Any]) -> None:
    dice = Random(f"{SEED} guests")  # noqa: S311 - a play
    at = {one["bill_id"]: one["bought_at"] for one in made}
    past = [
        _past(payer, bill, at[bill.id], dice)
        for payer in await books.payers(tenant)
        for bill in payer.bills
        if bill.id in at
    ]
    await books.write(await takings.desk_of(tenant, bank, clerk), sorted(past, key=lambda one: one.at))


def _past(payer: Payer, bill: Any, bought: datetime, dice: Random) -> Past:
    moment = bought.astimezone(UTC)
    method = _METHODS[dice.randrange(len(_METHODS))]
    return Past(
        id_at(moment, dice), id_at(moment, dice), payer, moment, "counter", method, [(bill, bill.left_minor)]
    )
