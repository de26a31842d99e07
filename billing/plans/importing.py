"""Two tables that any institution may import: single bills, and balances brought over from another system.

Each row becomes a bill of its own, issued when the import is applied. A row is known by its account and reference
(without one, by all that it says), so that the same table twice bills nothing twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from billing.models import FeeItem
from billing.plans.items import OPENING, SINGLE, item_named
from billing.rules.currency import decimals
from tenants.actor import Actor
from tenants.days import today
from tenants.jobs import publish
from tenants.jsons import dumps
from tenants.kinds import Applied, ImportSpec, RowProblem, Shaped, register_import
from tenants.models import Tenant
from tenants.scope import execute, row, rows
from tenants.tabular import Field, day, decimal, text
from ui.i18n import N_, t

PERMISSION = "bills.single"
_LARGEST = 1_000_000_000
_ACCOUNT = Field(
    "account", N_("Account"), text(60), ("account number", "unit", "账户", "户号"), is_required=True
)
_AMOUNT = decimal(3, minimum=-_LARGEST, maximum=_LARGEST)
_REFERENCE = Field("reference", N_("Reference"), text(100), ("ref", "document", "单号", "参考号"))
_DUE = Field("due_on", N_("Due on"), day(), ("due", "due date", "到期日"))
SINGLE_FIELDS = (
    _ACCOUNT,
    Field("amount", N_("Amount"), _AMOUNT, ("sum", "金额"), is_required=True),
    Field("fee", N_("Fee"), text(60), ("fee item", "item", "费用", "收费项目")),
    Field("text", N_("What for"), text(100), ("description", "name", "说明", "名称")),
    _DUE,
    _REFERENCE,
)
OPENING_FIELDS = (
    _ACCOUNT,
    Field("amount", N_("Amount owed"), _AMOUNT, ("amount", "balance", "欠款", "余额"), is_required=True),
    Field("on", N_("As of"), day(), ("date", "日期", "截至"), is_required=True),
    Field("reference", N_("Reference"), text(100), ("ref", "document", "单号", "参考号"), is_required=True),
    Field("text", N_("What for"), text(100), ("description", "说明")),
    _DUE,
)


def shape_single(values: dict[str, Any]) -> Shaped:
    """Return the bill that a row of single charges stands for."""
    problems: list[tuple[str, Any]] = []
    if not values["fee"] and not values["text"]:
        problems.append(("text", t("is needed where no fee is named")))
    if values["amount"] <= 0:
        problems.append(("amount", t("is not above zero")))
    return Shaped(_record(values, values["due_on"]), problems)


def shape_opening(values: dict[str, Any]) -> Shaped:
    """Return the bill that a balance brought over stands for."""
    problems: list[tuple[str, Any]] = []
    if values["amount"] == 0:
        problems.append(("amount", t("is zero, so there is nothing to bring over")))
    if values["amount"] < 0:
        words = t(
            "is in credit; enter it as money paid ahead on the account's page, so that it can be paid back"
        )
        problems.append(("amount", words))
    return Shaped(_record(values, values["due_on"] or values["on"]), problems)


def _record(values: Mapping[str, Any], due_on: date | None) -> dict[str, Any]:
    said = {key: values.get(key) for key in ("account", "amount", "fee", "text", "on", "reference")}
    plain = {key: str(value) if value is not None else "" for key, value in said.items()}
    due = due_on.isoformat() if due_on else ""
    reference = plain["reference"] or " ".join(
        [f"{Decimal(plain['amount']).normalize():f}", plain["fee"], plain["text"], due]
    )
    return plain | {"due_on": due, "reference": reference[:100], "number": f"{plain['account']}|{reference}"}


async def check(
    is_opening: bool, actor: Actor, records: Sequence[tuple[int, dict[str, Any]]]
) -> list[RowProblem]:
    """Refuse rows whose account or fee nobody knows, with more decimals than the currency, or a day out of reach."""
    tenant = await Tenant.get(id=actor.tenant_id)
    known = await _accounts(tenant.id, [record["account"] for _, record in records])
    fees = await _fees(tenant)
    now, problems = today(tenant.timezone), []
    for number, record in records:
        wrong = _wrong(record, known, fees, tenant.currency)
        if not wrong and not is_opening and record["due_on"] and date.fromisoformat(record["due_on"]) < now:
            wrong = ("due_on", record["due_on"], t("is past"))
        if not wrong and is_opening and date.fromisoformat(record["on"]) > now:
            wrong = ("on", record["on"], t("has not come yet"))
        if wrong:
            problems.append(RowProblem(number, *wrong))
    return problems


def _wrong(
    record: Mapping[str, Any], known: Mapping[str, bool], fees: Mapping[str, UUID], currency: str
) -> tuple[str, str, Any] | None:
    account, fee, amount = record["account"], record.get("fee", ""), record["amount"]
    if account not in known:
        return "account", account, t("is no account here")
    if not known[account]:
        return "account", account, t("is closed")
    if fee and fee.casefold() not in fees:
        return "fee", fee, t("is no fee here")
    exponent = Decimal(amount).normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > decimals(currency):
        return "amount", amount, t("has more decimals than {currency}", currency=currency)
    return None


async def _accounts(tenant_id: UUID, numbers: Sequence[str]) -> dict[str, bool]:
    found = await rows(
        "select number, bool_or(is_active) is_active from tenants_account"
        " where tenant_id = $1 and number = any ($2::text[]) group by number",
        tenant_id,
        list(numbers),
    )
    return {one["number"]: one["is_active"] for one in found}


async def _fees(tenant: Tenant) -> dict[str, UUID]:
    """Return the fees by every name that a table may call them."""
    items = await FeeItem.filter(tenant_id=tenant.id, currency=tenant.currency, is_active=True)
    return {name.casefold(): item.id for item in items for name in (item.key, *item.names.values())}


_STAGED = """
with staged as materialized (
  select s.account, (s.amount::numeric * 10 ^ $4)::bigint amount_minor, s.fee, s.text, s.reference,
         coalesce(nullif(s.due_on, '')::date, $5::date) due_on,
         coalesce(nullif(s.on, '')::date, $6::date) period_day, a.id account_id, a.scenario,
         a.name account_name, a.place,
         exists (select 1 from billing_bill b where b.tenant_id = $1 and b.account_id = a.id and b.kind = $3::text
                  and b.reference = s.reference) is_known
    from tenants_import_row r
   cross join lateral jsonb_to_recordset(r.values)
     s (account text, amount text, fee text, text text, reference text, due_on text, "on" text)
   cross join lateral (
     select * from tenants_account where tenant_id = $1 and number = s.account and is_active
      order by scenario limit 1) a
   where r.tenant_id = $1 and r.import_id = $2 and r.action = 'batch'
)
"""
_COUNT = f"""{_STAGED}
select count(*) filter (where not is_known) added, count(*) filter (where is_known) same from staged
"""
_ISSUE = f"""{_STAGED}, numbered as materialized (
  select s.*, date_trunc('month', s.period_day)::date period, to_char(s.period_day, 'YYYYMM') series,
         row_number() over (partition by to_char(s.period_day, 'YYYYMM') order by s.account, s.reference) n,
         new_id() bill_id, new_id() entry_id, i.id item_id, i.key item_key,
         case when s.text <> '' then jsonb_build_object('en', s.text, 'zh_CN', s.text) else i.names end names
    from staged s
    cross join lateral (
      select id, key, names from billing_fee_item
       where tenant_id = $1 and id = coalesce(($8::jsonb ->> lower(s.fee))::uuid, $7::uuid)) i
   where not s.is_known
), series as (
  insert into billing_number_series (tenant_id, series, last_number)
  select $1, series, count(*) from numbered group by series
  on conflict (tenant_id, series) do update
     set last_number = billing_number_series.last_number + excluded.last_number
  returning series, last_number
), given as materialized (
  select n.*, n.series || '-' || bill_number(s.last_number - count(*) over (partition by n.series) + n.n)
         bill_number
    from numbered n join series s on s.series = n.series
), bill as (
  insert into billing_bill (tenant_id, id, account_id, kind, reference, scenario, number, period, due_on, currency,
                            total_minor, status, account_number, account_name, place, issued_at)
  select $1, bill_id, account_id, $3::text, reference, scenario, bill_number, period, due_on, $9::text,
         amount_minor, 'issued', account, account_name, place, now()
    from given
), line as (
  insert into billing_bill_line (tenant_id, bill_id, account_id, fee_item_id, period, currency, amount_minor, names,
                                 inputs, is_periodic)
  select $1, bill_id, account_id, item_id, period, $9::text, amount_minor, names, '{{}}', false from given
), entry as (
  insert into billing_entry (tenant_id, id, kind, source_id) select $1, entry_id, $10::text, bill_id from given
), posting as (
  insert into billing_posting (tenant_id, entry_id, ledger, account_id, bill_id, currency, amount_minor)
  select $1, entry_id, 'receivable', account_id, bill_id, $9::text, amount_minor from given union all
  select $1, entry_id, case $10::text when 'opening.recorded' then 'opening' else 'income:' || item_key end, account_id,
         bill_id, $9::text, -amount_minor from given
)
select count(*) added from given
"""


@dataclass(frozen=True, slots=True)
class _Kind:
    """What tells the two tables apart in the books."""

    bill: str
    entry: str
    item: str


_SINGLE = _Kind("one_off", "bill.issued", SINGLE)
_OPENING = _Kind("opening", "opening.recorded", OPENING)


def _where(tenant: Tenant, kind: _Kind, import_id: UUID) -> tuple[Any, ...]:
    now = today(tenant.timezone)
    return tenant.id, import_id, kind.bill, decimals(tenant.currency), now, now


async def compare(kind: _Kind, actor: Actor, import_id: UUID) -> Applied:
    """Count the bills that would be issued, and those that stand already."""
    tenant = await Tenant.get(id=actor.tenant_id)
    found = await row(_COUNT, *_where(tenant, kind, import_id))
    assert found is not None  # noqa: S101 - an aggregate always answers
    return Applied(found["added"], 0, found["same"])


async def apply(kind: _Kind, actor: Actor, import_id: UUID) -> Applied:
    """Issue the bills that do not stand yet, with their numbers and entries; a second time changes nothing."""
    tenant = await Tenant.get(id=actor.tenant_id)
    await execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", f"single-bills:{tenant.id}")
    counted = await compare(kind, actor, import_id)
    fees = {name: str(item) for name, item in (await _fees(tenant)).items()}
    own = await item_named(tenant, kind.item)
    where = _where(tenant, kind, import_id)
    await row(_ISSUE, *where, own.id, dumps(fees), tenant.currency, kind.entry)
    await publish(
        "bills.issued", {"import_id": str(import_id), "period": f"{today(tenant.timezone):%Y-%m-01}"}
    )
    return counted


SINGLE_BILLS = ImportSpec(
    kind="single_bills",
    name=N_("Single bills"),
    fields=SINGLE_FIELDS,
    natural_key=("account", "reference"),
    shape=shape_single,
    compare=partial(compare, _SINGLE),
    apply=partial(apply, _SINGLE),
    check=partial(check, False),
    example=(
        {"account": "12A Bedok Sth Ave 2 #03-105", "amount": "25.00", "text": "Key card", "reference": "K-1"},
    ),
    permission=PERMISSION,
)
OPENING_BALANCES = ImportSpec(
    kind="opening_balances",
    name=N_("Opening balances"),
    fields=OPENING_FIELDS,
    natural_key=("account", "reference"),
    shape=shape_opening,
    compare=partial(compare, _OPENING),
    apply=partial(apply, _OPENING),
    check=partial(check, True),
    example=(
        {
            "account": "12A Bedok Sth Ave 2 #03-105",
            "amount": "127.00",
            "on": "2025-12-31",
            "reference": "OB-105",
        },
    ),
    permission=PERMISSION,
)


def register() -> None:
    """Let every institution import both tables; safe to call again."""
    register_import(SINGLE_BILLS)
    register_import(OPENING_BALANCES)
