"""What payers and staff read of credit: raw statements in the reader's own scope."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from billing.lists import Listing, adding
from tenants.scope import row, rows, value
from ui.errors import NotFound
from ui.i18n import t

LONGEST = 200


@dataclass(frozen=True, slots=True)
class SeenAccount:
    """One account as its holder sees it, with its institution."""

    id: UUID
    tenant_id: UUID
    number: str
    name: str
    tenant_name: str
    short_name: str
    currency: str
    timezone: str
    contact_phone: str
    may_pay: bool

    @property
    def title(self) -> str:
        """The account as people name it."""
        return f"{self.number} {self.name}" if self.name not in {"", self.number} else self.number


_ACCOUNT = """
select a.id, a.tenant_id, a.number, a.name, t.name tenant_name, t.short_name, t.currency, t.timezone, t.contact_phone,
       a.id <> all ((select scope_barred('pay') || scope_barred('whole'))::uuid[]) may_pay
  from tenants_account a join tenants_tenant t on t.id = a.tenant_id
 where a.tenant_id = any ((select scope_tenants())::uuid[]) and a.id = $1
   and exists (select 1 from tenants_holder h where h.tenant_id = a.tenant_id and h.account_id = a.id
                  and h.person_id = $2 and h.confirmed_at is not null
                  and covers(h.since, h.until, day_of(h.tenant_id)))
"""


async def account_seen(
    account_id: UUID, person_id: UUID | None, *, is_for_guests: bool = False
) -> SeenAccount:
    """Return an account that the scope's person holds today.

    Raises:
        NotFound: there is none, it is not theirs, or they are a guest who may not pay and the page is not for them.
    """
    found = await row(_ACCOUNT, account_id, person_id)
    if found is None or not (is_for_guests or found["may_pay"]):
        raise NotFound("account.not_found", t("There is no such account, or it is not yours to see."))
    return SeenAccount(**dict(found))


_BALANCE = (
    "select coalesce(sum(left_minor - refunding_minor), 0)::bigint from billing_credit"
    " where tenant_id = $1 and account_id = $2 and currency = $3 and left_minor > 0 and is_frozen = $4"
)


async def frozen_credit(tenant_id: UUID, account_id: UUID, currency: str) -> int:
    """Return what of an account's credit is kept back by disputes, in any scope that sees it."""
    return int(await value(_BALANCE, tenant_id, account_id, currency, True))


async def free_credit(tenant_id: UUID, account_id: UUID, currency: str) -> int:
    """Return what an account can put to bills now, in minor units, in any scope that sees its credit."""
    return int(await value(_BALANCE, tenant_id, account_id, currency, False))


_STATEMENT = f"""
with moved as (
  select c.created_at at, c.source kind, c.amount_minor, c.currency, p.number reference, null::uuid bill_id,
         null::date period, c.given_by_name by_name
    from billing_credit c left join billing_payment p on p.tenant_id = c.tenant_id and p.id = c.payment_id
   where c.tenant_id = $1 and c.account_id = $2
  union all
  select u.created_at, 'used', -u.amount_minor, u.currency, b.number, u.bill_id, b.period, u.used_by_name
    from billing_credit_use u left join billing_bill b on b.tenant_id = u.tenant_id and b.id = u.bill_id
   where u.tenant_id = $1 and u.account_id = $2
  union all
  select c.lost_at, 'lost', -c.lost_minor, c.currency, p.number, null, null, ''
    from billing_credit c left join billing_payment p on p.tenant_id = c.tenant_id and p.id = c.payment_id
   where c.tenant_id = $1 and c.account_id = $2 and c.lost_minor > 0
  union all
  select r.succeeded_at, 'refunded', -r.amount_minor, r.currency, r.number, null, null, r.requested_by_name
    from billing_refund r join billing_credit c on c.tenant_id = r.tenant_id and c.id = r.credit_id
   where r.tenant_id = $1 and c.account_id = $2 and r.status = 'succeeded'
)
select *, sum(amount_minor) over (partition by currency order by at, amount_minor desc, reference)::bigint balance_minor
  from moved order by at desc, amount_minor, reference desc limit {LONGEST}
"""


async def statement_of(tenant_id: UUID, account_id: UUID) -> list[Any]:
    """Return how an account's credit came and went, newest first, with the balance after each."""
    return await rows(_STATEMENT, tenant_id, account_id)


CREDITS = Listing(
    name="credit",
    filters=("source", "state"),
    sorts={"created_at": "c.created_at", "account_number": "a.number", "left_minor": "c.left_minor"},
    default_sort="-created_at",
    lines=(adding("amount_minor", "left_minor"),),
    sql="""
select c.id, c.created_at, c.source, c.currency, c.amount_minor, c.left_minor, c.refunding_minor, c.account_id,
       a.number account_number, a.name account_name, p.number payment_number, p.payer_name,
       case when c.left_minor = 0 and c.lost_minor > 0 then 'lost' when c.left_minor = 0 then 'used'
            when c.is_frozen then 'frozen' when c.refunding_minor > 0 then 'refunding' else 'free' end state
  from billing_credit c
  join tenants_account a on a.tenant_id = c.tenant_id and a.id = c.account_id
  join billing_payment p on p.tenant_id = c.tenant_id and p.id = c.payment_id
 where c.tenant_id = $1 and ($2 = '' or a.number ilike $2 or a.name ilike $2 or p.number ilike $2
                             or p.payer_name ilike $2)
   and ($3 = '' or c.source = $3)
   and ($4 = 'all' or ($4 = 'used' and c.left_minor = 0) or ($4 = '' and c.left_minor > 0))""",
)


async def sums_of(tenant_id: UUID) -> list[Any]:
    """Return what all accounts have together, by currency."""
    return await rows(
        "select currency, sum(left_minor)::bigint left_minor, count(distinct account_id) accounts"
        " from billing_credit where tenant_id = $1 and left_minor > 0 group by currency order by currency",
        tenant_id,
    )


async def account_of_bill(tenant_id: UUID, bill_id: UUID) -> UUID:
    """Return whose bill it is, in a scope that sees it.

    Raises:
        NotFound: there is no such bill in this scope.
    """
    found: UUID | None = await value(
        "select account_id from billing_bill where tenant_id = $1 and id = $2", tenant_id, bill_id
    )
    if found is None:
        raise NotFound("bill.not_found", t("There is no such bill, or it is not yours to see."))
    return found
