"""What payers and staff read of wallets: raw statements in the reader's own scope."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from billing.lists import Listing, adding
from billing.names import account_text
from tenants.scope import row, rows, value
from ui.errors import NotFound
from ui.i18n import t

WALLETS = Listing(
    name="wallets",
    filters=("kind", "state"),
    sorts={"account_number": "a.sort_key", "balance_minor": "w.balance_minor", "moved_at": "m.moved_at"},
    default_sort="account_number",
    lines=(adding("balance_minor"),),
    sql="""
select w.id, w.kind, w.currency, w.balance_minor, w.status, a.number account_number, a.name account_name, m.moved_at
  from billing_wallet w join tenants_account a on a.tenant_id = w.tenant_id and a.id = w.account_id
  left join lateral (select max(created_at) moved_at from billing_wallet_movement
    where tenant_id = w.tenant_id and wallet_id = w.id) m on true
 where w.tenant_id = $1 and ($2 = '' or a.number ilike $2 or a.name ilike $2) and ($3 = '' or w.kind = $3)
   and ($4 = '' or ($4 = 'empty') = (w.balance_minor <= 0))""",
)


@dataclass(frozen=True, slots=True)
class SeenWallet:
    """One wallet as the scope sees it, with its account and institution."""

    id: UUID
    tenant_id: UUID
    account_id: UUID
    kind: str
    currency: str
    balance_minor: int
    floor_minor: int
    status: str
    account_number: str
    account_name: str
    tenant_name: str
    contact_phone: str
    timezone: str

    @property
    def account(self) -> str:
        """Whose it is, by number and name."""
        return account_text(self.account_number, self.account_name)

    @property
    def free_minor(self) -> int:
        """What can be spent."""
        return self.balance_minor - self.floor_minor


_WALLET = """
select w.id, w.tenant_id, w.account_id, w.kind, w.currency, w.balance_minor, w.floor_minor, w.status,
       a.number account_number, a.name account_name, t.name tenant_name, t.contact_phone, t.timezone
  from billing_wallet w join tenants_account a on a.tenant_id = w.tenant_id and a.id = w.account_id
  join tenants_tenant t on t.id = w.tenant_id
 where w.tenant_id = any ((select scope_tenants())::uuid[]) and w.id = $1
"""


async def wallet_seen(wallet_id: UUID) -> SeenWallet:
    """Return one wallet of the open scope.

    Raises:
        NotFound: there is none, or it is not the reader's.
    """
    found = await row(_WALLET, wallet_id)
    if found is None:
        raise NotFound("wallet.not_found", t("There is no such store of money."))
    return SeenWallet(**dict(found))


_MOVES = """
select m.id, m.created_at, m.kind, m.amount_minor, m.balance_minor, m.currency, m.note, m.by_name, i.names,
       t.timezone
  from billing_wallet_movement m join tenants_tenant t on t.id = m.tenant_id
  left join billing_fee_item i on i.tenant_id = m.tenant_id and i.id = m.fee_item_id
 where m.tenant_id = $1 and m.wallet_id = $2 order by m.created_at desc, m.id desc
"""


async def moves_of(wallet: SeenWallet, *, limit: int, offset: int = 0) -> list[Any]:
    """Return movements that the scope sees, newest first."""
    return await rows(f"{_MOVES} limit {limit:d} offset {offset:d}", wallet.tenant_id, wallet.id)


async def count_moves(wallet: SeenWallet) -> int:
    """Return how many movements the scope sees."""
    sql = "select count(*) from billing_wallet_movement where tenant_id = $1 and wallet_id = $2"
    return int(await value(sql, wallet.tenant_id, wallet.id))


@dataclass(frozen=True, slots=True)
class OpenTopUp:
    """A top-up that waits to be paid."""

    bill_id: UUID
    amount_minor: int
    held_until: datetime


_ASKED = """
select u.bill_id, u.amount_minor, b.held_until from billing_wallet_top_up u
  join billing_bill b on b.tenant_id = u.tenant_id and b.id = u.bill_id
 where u.tenant_id = $1 and u.wallet_id = $2 and u.status = 'asked' and b.held_until > now() order by u.created_at desc
"""


async def asked_of(wallet: SeenWallet) -> list[OpenTopUp]:
    """Return the top-ups that wait to be paid, newest first."""
    return [OpenTopUp(**dict(each)) for each in await rows(_ASKED, wallet.tenant_id, wallet.id)]


_OF_ACCOUNT = """
select id, kind, currency, balance_minor, status from billing_wallet
 where tenant_id = $1 and account_id = $2 and status = 'open' order by created_at
"""


async def wallets_of(tenant_id: UUID, account_id: UUID) -> list[Any]:
    """Return the open wallets of an account that the scope sees."""
    return await rows(_OF_ACCOUNT, tenant_id, account_id)
