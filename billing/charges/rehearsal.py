"""A rule before it is in force: applied to three accounts with its working, and to all beside the rule of today."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from billing.charges import quantities
from billing.charges.fees import Document
from billing.charges.periods import last_day
from billing.charges.run_sql import ARREARS_FACTS, month_facts
from billing.models import FeeItem
from billing.rules import Facts, LateFee, Outcome, Period, RuleException, evaluate
from billing.rules.compile import compile_sql
from billing.rules.sql_frame import Source
from tenants.models import Account
from tenants.scope import row, rows

SAMPLES = 3
OWED_MINOR, MONTHS_LATE, DAYS_LATE = 20_000, 2, 45
"""What a late fee is shown for: two months behind with 200.00 owed (in a currency of two decimals)."""

_SAMPLES = """
select id from (
  select distinct on (attributes ->> $4) id, attributes ->> $4 said, sort_key from tenants_account
   where tenant_id = $1 and scenario = $2 and kind = any ($3::text[]) and is_active
   order by attributes ->> $4, sort_key, number) a
 order by said is null, said limit 3
"""
_MORE = """
select id from tenants_account where tenant_id = $1 and scenario = $2 and kind = any ($3::text[]) and is_active
   and id <> all ($4::uuid[]) order by sort_key, number limit $5
"""
_ACCOUNTS = """(select a.id account_id, a.attributes from tenants_account a
  where a.tenant_id = $1 and a.scenario = $2 and a.kind = any ($3::text[]) and a.is_active
    and $4::date <= $4 and $5::date <= $5) source"""
_COMPARE = """
with new as materialized ({new}), old as materialized ({old})
select count(*) accounts, count(new.amount_minor) charged, coalesce(sum(new.amount_minor), 0)::bigint total,
       coalesce(sum(old.amount_minor), 0)::bigint before,
       count(*) filter (where new.amount_minor > old.amount_minor) more,
       count(*) filter (where new.amount_minor < old.amount_minor) less,
       count(*) filter (where new.exception is not null and split_part(new.exception, ':', 1)
                        not in ('not_eligible', 'not_active')) odd
  from new left join old using (account_id)
"""
_NOTHING = "select null::uuid account_id, null::bigint amount_minor where false"


@dataclass(frozen=True, slots=True)
class Sample:
    """One account under the new rule, and what it is under the one of today."""

    account: Account
    result: Outcome | RuleException
    now: Outcome | RuleException | None

    @property
    def amount_minor(self) -> int | None:
        """What it would be charged, nothing where the rule gives no amount."""
        return self.result.amount_minor if isinstance(self.result, Outcome) else None

    @property
    def now_minor(self) -> int | None:
        """What it is charged today, nothing where there is no rule or no amount."""
        return self.now.amount_minor if isinstance(self.now, Outcome) else None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A month of the new rule over all accounts, beside one of the old; minor units."""

    accounts: int
    charged: int
    total: int
    before: int
    more: int
    less: int
    odd: int


async def samples(item: FeeItem, document: Document, current: Document | None, month: date) -> list[Sample]:
    """Return three accounts that differ in what the rule looks at first, with the working."""
    ids = await _choose(item, document)
    accounts = {a.id: a for a in await Account.filter(tenant_id=item.tenant_id, id__in=ids)}
    return [_sample(accounts[account_id], document, current, month) for account_id in ids]


async def _choose(item: FeeItem, document: Document) -> list[UUID]:
    attribute = next((key for key in document.core.keys if ":" not in key), "")
    where = (item.tenant_id, item.scenario, item.account_kinds)
    chosen = [one["id"] for one in await rows(_SAMPLES, *where, attribute)]
    rest = await rows(_MORE, *where, chosen, SAMPLES - len(chosen))
    return [*chosen, *(one["id"] for one in rest)]


def _sample(account: Account, document: Document, current: Document | None, month: date) -> Sample:
    period = Period(month, last_day(month))
    facts = Facts(
        attributes=account.attributes,
        quantities={
            "months": Decimal(1),
            "days": Decimal(period.days),
            "months_in_arrears": Decimal(MONTHS_LATE),
            "days_late": Decimal(DAYS_LATE),
        },
        balances={"arrears": OWED_MINOR, "principal": OWED_MINOR, "late_fee_charged": 0},
        period=period,
    )
    return Sample(account, evaluate(document, facts), evaluate(current, facts) if current else None)


async def compare(
    item: FeeItem, document: Document, current: Document | None, month: date
) -> Comparison | None:
    """Return what a month costs all accounts under both rules; nothing for late fees, which depend on arrears.

    Nothing either for what goes by numbers of the month: they are not there before the month is over.
    """
    if quantities.names_of(document.core.keys, (*month_facts("", ""), *ARREARS_FACTS)):
        return None
    if isinstance(document, LateFee) or any(
        key.startswith(("line:", "balance:")) for key in document.core.keys
    ):
        return None
    source = Source(relation=_ACCOUNTS, columns=month_facts("$4", "$5"))
    old = compile_sql(current, source).sql if current else _NOTHING
    found = await row(
        _COMPARE.format(new=compile_sql(document, source).sql, old=old),
        item.tenant_id,
        item.scenario,
        item.account_kinds,
        month,
        last_day(month),
    )
    return Comparison(**dict(found)) if found else None
