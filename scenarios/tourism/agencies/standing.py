"""What an agency has run up against what it may: its credit limit and its deposit.

Everything that adds to it holds the lock of the deposit's wallet, and so does paying the deposit out: what is counted
under the lock is true until the commit.
"""

from dataclasses import dataclass
from uuid import UUID

from billing.models import Wallet
from billing.names import Sum
from billing.wallets.kinds import WalletKind, register_wallet
from billing.wallets.moving import lock
from billing.wallets.service import open_wallet
from scenarios.tourism.kinds import SCENARIO_KEY
from scenarios.tourism.models import Contract
from tenants.scope import value
from ui.errors import Conflict
from ui.i18n import t

DEPOSIT = "agency_deposit"
CHARGE = """
case when t.status in ('refunding', 'refunded') then t.price_minor - t.refund_minor
     when t.status in ('held', 'void') then 0
     when c.counts = 'sold' or t.valid_until > now() then t.price_minor
     else t.price_minor * least(t.used, t.people) / t.people end
"""
"""What one ticket ``t`` of a booking under a contract ``c`` comes to: while it can still be used, all of it."""
_RUN_UP = f"""
select (coalesce((select sum({CHARGE}) from tourism_order o
          join tourism_contract c on c.tenant_id = $1 and c.id = o.contract_id
          join tourism_ticket t on t.tenant_id = $1 and t.order_id = o.id and t.statement_id is null
         where o.tenant_id = $1 and o.account_id = $2 and o.contract_id is not null), 0)
      + coalesce((select sum(total_minor) from tourism_statement
         where tenant_id = $1 and account_id = $2 and status = 'draft'), 0)
      + coalesce((select sum(total_minor - paid_minor - adjusted_minor) from billing_bill
         where tenant_id = $1 and account_id = $2 and status in ('issued', 'part_paid') and held_until is null),
       0))::bigint
"""
_LIMIT = """
select coalesce(max(limit_minor), 0)::bigint from tourism_contract where tenant_id = $1 and account_id = $2
   and status = 'active'
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an agency stands, in minor units: what it has run up, its credit limit, and its deposit."""

    run_up_minor: int
    limit_minor: int
    deposit_minor: int

    @property
    def left_minor(self) -> int:
        """How much more it may book."""
        return self.limit_minor + self.deposit_minor - self.run_up_minor


class OverLimit(Conflict):
    """A booking would take the agency beyond its limit and deposit."""


async def deposit_of(contract: Contract) -> Wallet:
    """Return the wallet of the agency's deposit, opened on first use."""
    return await open_wallet(contract.tenant_id, contract.account_id, DEPOSIT)


async def locked_deposit(contract: Contract) -> Wallet:
    """Return the same, locked: whatever changes what an agency owes waits here."""
    return await lock(contract.tenant_id, (await deposit_of(contract)).id)


async def run_up(tenant_id: UUID, account_id: UUID) -> int:
    """Return what an agency has booked and not paid: open bookings, drafts of statements, open bills."""
    return int(await value(_RUN_UP, tenant_id, account_id))


async def standing_of(contract: Contract, deposit: Wallet) -> Standing:
    """Return where an agency stands."""
    limit = contract.limit_minor if contract.status == "active" else 0
    return Standing(await run_up(contract.tenant_id, contract.account_id), limit, deposit.balance_minor)


async def must_fit(contract: Contract, deposit: Wallet, more_minor: int) -> None:
    """Refuse a booking that takes the agency beyond what was agreed; ``deposit`` is locked.

    Raises:
        OverLimit: with how much is left.
    """
    now = await standing_of(contract, deposit)
    if more_minor > now.left_minor:
        raise OverLimit(
            "agency.over_limit",
            t(
                "This booking comes to {amount}, and {left} is left of limit and deposit.",
                amount=Sum(more_minor, deposit.currency),
                left=Sum(max(now.left_minor, 0), deposit.currency),
            ),
            advice=t("Pay a bill or add to the deposit: what comes in counts at once."),
        )


async def _must_stay(wallet: Wallet) -> int:
    limit = int(await value(_LIMIT, wallet.tenant_id, wallet.account_id))
    return max(await run_up(wallet.tenant_id, wallet.account_id) - limit, 0)


register_wallet(
    WalletKind(
        DEPOSIT,
        {"en": "Agency deposit", "zh_CN": "旅行社预存款"},
        SCENARIO_KEY,
        most_minor=1_000_000_000,
        must_stay=_must_stay,
    )
)
