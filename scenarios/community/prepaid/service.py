"""Paying ahead: begun and ended by staff, spent by readings, warned about in time.

A reading is priced by the fee's own rule: what the month comes to with it, less what it came to before, so that all
readings of a month together cost what one would have. The wallet may fall below zero; what it cannot bear even then
goes on the next bill, as without prepayment. Nobody's water or power hears of any of this (the law guard sweeps).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from billing.charges.periods import last_day
from billing.charges.quantities import YEAR, names_of
from billing.charges.run_sql import ARREARS_FACTS, month_facts
from billing.charges.runs import rule_in_force
from billing.models import FeeItem, FeeRule, Wallet
from billing.names import Sum
from billing.rules import Facts, Outcome, Period, evaluate, parse
from billing.rules.documents import Charge
from billing.wallets.kinds import WalletKind, register_wallet
from billing.wallets.service import give_back, open_wallet, spend
from scenarios.community.common import refused
from scenarios.community.estate.leases import fees_of
from scenarios.community.kinds import METER_KINDS, METER_UNITS, SCENARIO_KEY
from scenarios.community.prepaid.models import Prepaid, PrepaidUse
from tenants import audit
from tenants.accounts import queries
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import Account, Holder
from tenants.notices import IN_APP, notify
from tenants.scope import open_scope, rows, tenant_scope
from ui.errors import Conflict
from ui.i18n import t

FLOOR_MINOR = -500_000
"""How far a wallet may fall, in minor units: beyond it usage goes on the next bill."""
_NAMES = {
    "water": {"en": "Prepaid water", "zh_CN": "预付水费"},
    "power": {"en": "Prepaid power", "zh_CN": "预付电费"},
}
for _key, _names in _NAMES.items():
    register_wallet(WalletKind(f"prepaid_{_key}", _names, SCENARIO_KEY))
_USED = """
select coalesce(sum(usage) filter (where period = $4), 0) this_month,
       coalesce(sum(usage) filter (where period < $4 and period >= date_trunc('year', $4::date)::date), 0)
         + coalesce((select sum(q.amount) from billing_quantity q where q.tenant_id = $1 and q.account_id = $2
              and q.name = $3 and q.period < $4 and q.period >= date_trunc('year', $4::date)::date), 0) earlier
  from community_prepaid_use where tenant_id = $1 and account_id = $2 and kind = $3 and not is_undone
"""
PLANS = """
select p.id, p.kind, p.warn_minor, p.is_active, p.warned_at, p.wallet_id, p.account_id, w.balance_minor, w.currency
  from community_prepaid p join billing_wallet w on w.tenant_id = p.tenant_id and w.id = p.wallet_id
 where p.account_id = any ($1::uuid[]) order by p.kind
"""


async def plans_of(account_ids: list[UUID]) -> list[Mapping[str, Any]]:
    """Return what accounts pay ahead for, with what is left, as far as the open scope sees it."""
    return [dict(one) for one in await rows(PLANS, account_ids)]


async def begin(actor: Actor, account_id: UUID, kind: str, *, warn_minor: int) -> Prepaid:
    """Let an account pay ahead for what its meters of a kind say from now on; again changes when it is warned.

    Raises:
        Invalid: nothing that is paid ahead here, or an amount below zero (field).
    """
    actor.require("accounts.write")
    account = await queries.account(actor, account_id, lock=True)
    if kind not in _NAMES:
        raise refused("prepaid.kind", "kind", t("Choose water or power."))
    if warn_minor < 0:
        raise refused("prepaid.warn", "warn_minor", t("Enter an amount of zero or more."))
    wallet = await open_wallet(account.tenant_id, account.id, f"prepaid_{kind}", floor_minor=FLOOR_MINOR)
    facts = {"warn_minor": warn_minor, "is_active": True, "warned_at": None}
    found, _ = await Prepaid.update_or_create(
        tenant_id=account.tenant_id,
        account_id=account.id,
        kind=kind,
        defaults={**facts, "wallet_id": wallet.id, "begun_by_name": actor.name[:100]},
    )
    await _record(actor, "prepaid.begun", account, {"meters": kind, "warn_minor": warn_minor})
    return found


async def end(actor: Actor, account_id: UUID, kind: str) -> None:
    """Have what meters say go on bills again; what is stored stays the account's."""
    actor.require("accounts.write")
    account = await queries.account(actor, account_id, lock=True)
    ended = await Prepaid.filter(
        tenant_id=account.tenant_id, account_id=account.id, kind=kind, is_active=True
    ).update(is_active=False)
    if ended:
        await _record(actor, "prepaid.ended", account, {"meters": kind})


async def _record(actor: Actor, act: str, account: Account, after: dict[str, Any]) -> None:
    await audit.record(
        actor,
        act,
        subject_kind="account",
        subject_id=account.id,
        subject_label=account.number,
        after=after,
    )


@dataclass(frozen=True, slots=True)
class Metered:
    """What an account has used by one reading, and in which month it counts."""

    account_id: UUID
    kind: str
    reading_id: UUID
    period: date
    usage: Decimal


async def charge(actor: Actor, used: Metered) -> bool:
    """Spend what a reading comes to; ``False`` where nothing is paid ahead, and the next bill charges it."""
    assert actor.tenant_id is not None  # noqa: S101 - whoever reads is inside a tenant
    plan = await Prepaid.select_for_update().get_or_none(
        tenant_id=actor.tenant_id, account_id=used.account_id, kind=used.kind, is_active=True
    )
    if plan is None:
        return False
    account = await Account.get(tenant_id=plan.tenant_id, id=plan.account_id)
    fee = await _fee(account, used)
    price = await _price(account, used, fee[1]) if fee else None
    if fee is None or price is None or not await _spend(actor, plan, used, fee, price):
        return False
    await _warn(actor, plan, account)
    return True


async def _fee(account: Account, used: Metered) -> tuple[FeeItem, FeeRule] | None:
    """Return the fee that charges what these meters say, with its rule of the month."""
    for item in await fees_of(account):
        rule = await rule_in_force(account.tenant_id, item.id, used.period)
        if rule is None:
            continue
        read = names_of(parse(rule.document).core.keys, {*month_facts("", ""), *ARREARS_FACTS})
        if used.kind in read:
            return item, rule
    return None


async def _price(account: Account, used: Metered, rule: FeeRule) -> tuple[Decimal, int] | None:
    """Return what the month had used before, and what this reading adds to what it comes to."""
    document = parse(rule.document)
    (found,) = await rows(_USED, account.tenant_id, account.id, used.kind, used.period)
    before = Decimal(found["this_month"])
    if not isinstance(document, Charge):
        return None

    def cost(usage: Decimal) -> int | None:
        period = Period(used.period, last_day(used.period))
        quantities: dict[str, Decimal | int | None] = {
            used.kind: usage,
            f"{used.kind}{YEAR}": Decimal(found["earlier"]),
            "months": 1,
            "days": period.days,
        }
        outcome = evaluate(document, Facts(account.attributes, quantities, period=period))
        return outcome.amount_minor if isinstance(outcome, Outcome) else None

    whole, until = cost(before + used.usage), cost(before) if before else 0
    return None if whole is None or until is None else (before, max(whole - until, 0))


async def _spend(
    actor: Actor, plan: Prepaid, used: Metered, fee: tuple[FeeItem, FeeRule], price: tuple[Decimal, int]
) -> bool:
    """Write the use down and take its price from the wallet; ``False`` where even lending would not bear it."""
    item, rule = fee
    made = PrepaidUse(
        id=new_id(),
        tenant_id=plan.tenant_id,
        account_id=plan.account_id,
        kind=plan.kind,
        reading_id=used.reading_id,
        period=used.period,
        usage=used.usage,
        before=price[0],
        amount_minor=price[1],
        fee_rule_id=rule.id,
    )
    try:
        async with open_scope(tenant_scope(plan.tenant_id)):
            if made.amount_minor:
                moved = await spend(
                    actor,
                    wallet_id=plan.wallet_id,
                    amount_minor=made.amount_minor,
                    fee_item_id=item.id,
                    source_kind="community.reading",
                    source_id=made.id,
                    note=f"{used.usage.normalize():f} {METER_UNITS[plan.kind]}",
                )
                made.movement_id = moved.id
            await made.save(force_create=True)
    except Conflict:
        return False
    return True


async def _warn(actor: Actor, plan: Prepaid, account: Account) -> None:
    """Tell the holders once when little is left, and again only after there was enough in between."""
    wallet = await Wallet.get(tenant_id=plan.tenant_id, id=plan.wallet_id)
    if wallet.balance_minor >= plan.warn_minor:
        await Prepaid.filter(tenant_id=plan.tenant_id, id=plan.id).update(warned_at=None)
        return
    if plan.warned_at is not None:
        return
    await Prepaid.filter(tenant_id=plan.tenant_id, id=plan.id).update(warned_at=datetime.now(UTC))
    subject = t(
        "Prepaid {what} of {unit} is running low", what=t(METER_KINDS[plan.kind]), unit=account.number
    )
    body = t(
        "{amount} is left. Top it up whenever you like, online or at the desk. Nothing is switched off: what is used"
        " beyond it is covered by your next top-up.",
        amount=Sum(wallet.balance_minor, wallet.currency),
    )
    for holder in await Holder.filter(
        tenant_id=plan.tenant_id, account_id=account.id, sees__isnull=True, until__isnull=True
    ):
        channel = IN_APP if holder.person_id else "email"
        if holder.person_id or holder.email:
            await notify(
                actor,
                template="prepaid.low",
                channel=channel,
                recipient="" if holder.person_id else holder.email,
                subject=subject,
                body=body,
                person_id=holder.person_id,
                account_id=account.id,
            )


async def take_back(actor: Actor, reading_id: UUID) -> None:
    """Give back what a reading has spent that is taken back itself."""
    for used in await PrepaidUse.filter(tenant_id=actor.tenant_id, reading_id=reading_id, is_undone=False):
        if used.movement_id is not None:
            await give_back(
                actor, movement_id=used.movement_id, source_kind="community.reading", source_id=used.id
            )
        await PrepaidUse.filter(tenant_id=used.tenant_id, id=used.id).update(is_undone=True)
