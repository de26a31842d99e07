"""A reconciled month: the statements of the QR rail, of Stripe and of the bank, read by the product's own services.

A few papers are wrong on purpose, on different days and in different ways; one break is being worked
and one has been resolved. All else matches, and what the channels held has reached the bank.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from billing.models import Break, SettlementAccount, Statement, StatementSource
from billing.payments.orders import NUMBER
from billing.reconciliation import breaks, feeds
from deploy.seed.outside import Outside
from tenants.actor import Actor, system_actor
from tenants.days import today
from tenants.models import Tenant
from tenants.runtime import runtime
from tenants.scope import execute, open_scope, rows, tenant_scope

DAYS, STRIPE_SINCE = 31, 90
"""Days of statements; Stripe's balance is read from further back, for its first payout pays all that came before."""
RAIL_BPS, STRIPE_BPS, STRIPE_FIXED = 38, 290, 30
FAULTS = {3: "fee", 6: "missing", 9: "amount", 12: "duplicate", 15: "extra", 18: "late", 21: "credit_amount"}
"""How many days ago which paper was wrong; a day without a payment by QR code is passed over."""


async def reconcile(tenant: Tenant, outside: Outside, finance: Actor) -> tuple[int, int]:
    """Read the last month's statements and return how many there are, and how many breaks they raise."""
    zone = ZoneInfo(tenant.timezone)
    now = today(tenant.timezone)
    account = await _account(tenant)
    await _tell(account, outside, now, zone)
    await _sources(account, now)
    system = system_actor(tenant.id)
    for source in await _in_order(account):
        await feeds.fetch(system, source.id)
    await _work(finance)
    async with open_scope(tenant_scope(tenant.id)):
        count = await Statement.filter(tenant_id=tenant.id).count()
        found = await Break.filter(tenant_id=tenant.id, status__in=["open", "working"]).count()
    return count, found


async def _account(tenant: Tenant) -> SettlementAccount:
    async with open_scope(tenant_scope(tenant.id)):
        return await SettlementAccount.get(tenant_id=tenant.id, currency=tenant.currency)


async def _tell(account: SettlementAccount, outside: Outside, today: date, zone: ZoneInfo) -> None:
    """Have Stripe pay out each morning, and the bank write what it should not."""
    number = runtime().decrypt(NUMBER, bytes(account.account_number))
    await outside.tell("bank/accounts", {"account_number": number, "stripe_account": account.stripe_account})
    mornings = [datetime.combine(today - timedelta(days=n), time(8), zone) for n in range(1, DAYS)]
    at = [morning.astimezone(UTC).isoformat() for morning in mornings]
    await outside.tell("history/payouts", {"account": account.stripe_account, "at": at})
    busy = await _days_with_payments(account, zone)
    for ago, kind in FAULTS.items():
        day = today - timedelta(days=ago)
        near = next((one for one in sorted(busy, key=lambda one: abs((one - day).days))), None)
        if near is not None:
            busy.discard(near)
            await outside.tell(
                "rail/papers", {"merchant": account.rail_merchant, "day": near.isoformat(), "kind": kind}
            )
    yesterday = (today - timedelta(days=1)).isoformat()
    entry = {"day": yesterday, "amount_minor": -1500, "currency": account.currency, "text": "Account fee"}
    await outside.tell("bank/entries", {"account_number": number, **entry})


async def _days_with_payments(account: SettlementAccount, zone: ZoneInfo) -> set[date]:
    """Return the days of the month, but the last three, on which somebody paid by QR code."""
    async with open_scope(tenant_scope(account.tenant_id)):
        found = await rows(
            "select distinct (ended_at at time zone $2)::date as day from billing_attempt where tenant_id = $1"
            " and channel = 'bank' and status = 'succeeded' and ended_at > now() - interval '29 days'"
            " and ended_at < now() - interval '3 days'",
            account.tenant_id,
            str(zone),
        )
    return {each["day"] for each in found}


async def _sources(account: SettlementAccount, today: date) -> None:
    """Make the sources, begin them a month ago, and tell them the agreed fees."""
    begin = today - timedelta(days=DAYS)
    since = int(datetime.combine(begin - timedelta(days=STRIPE_SINCE), time(), UTC).timestamp())
    before = begin - timedelta(days=1)
    async with open_scope(tenant_scope(account.tenant_id)):
        await feeds.prepare(account)
        of = StatementSource.filter(tenant_id=account.tenant_id, settlement_account_id=account.id)
        await of.filter(kind="rail").update(cursor=before.isoformat(), fee_bps=RAIL_BPS)
        await of.filter(kind="camt").update(cursor=begin.isoformat())
        await of.filter(kind="stripe").update(
            cursor=str(since), fee_bps=STRIPE_BPS, fee_fixed_minor=STRIPE_FIXED
        )
        await execute(
            "update tenants_outbox set due_at = now() + interval '20 minutes' where tenant_id = $1 and job = $2"
            " and done_at is null",
            account.tenant_id,
            feeds.FETCH_JOB,
        )


async def _in_order(account: SettlementAccount) -> list[StatementSource]:
    """Return the channels' sources before the bank's, whose credits they announce."""
    async with open_scope(tenant_scope(account.tenant_id)):
        found = await StatementSource.filter(tenant_id=account.tenant_id, settlement_account_id=account.id)
    order = ("rail", "stripe", "camt")
    return sorted((one for one in found if one.kind in order), key=lambda one: order.index(one.kind))


async def _work(finance: Actor) -> None:
    """Have finance resolve one break and be at work on another."""
    async with open_scope(finance.scope()):
        fee = await Break.filter(tenant_id=finance.tenant_id, kind="fee", status="open").first()
        if fee is not None:
            await breaks.resolve(
                finance,
                break_id=fee.id,
                resolution="claimed",
                reason="The bank gives the difference back in December.",
            )
        amount = await Break.filter(tenant_id=finance.tenant_id, kind="amount", status="open").first()
        if amount is not None:
            await breaks.assign(finance, break_id=amount.id, is_mine=True)
