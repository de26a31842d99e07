"""Sources of an account's statements, and reading what is new there: by itself every hour, or when asked.

Each file is taken in a transaction of its own, so that a source that fails in the middle goes on from there.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import IO
from uuid import UUID
from zoneinfo import ZoneInfo

from billing.channels.contract import ChannelRefused, ChannelSilent, Destination
from billing.models import Payout, SettlementAccount, StatementSource
from billing.payments.orders import NUMBER, as_destination
from billing.reconciliation import intake, keeping
from billing.reconciliation.fetching import rail, stripe
from billing.reconciliation.sources.camt import Camt
from billing.reconciliation.sources.contract import Parser, StatementRefused
from billing.reconciliation.sources.rail import RailFunds, RailTrades
from billing.reconciliation.sources.stripe_balance import StripeBalance
from billing.runtime import channel_settings
from tenants.actor import Actor
from tenants.days import day_at, today
from tenants.ids import new_id
from tenants.jobs import enqueue
from tenants.models import Tenant
from tenants.runtime import runtime
from tenants.scope import execute, open_scope, tenant_scope
from ui.errors import NotFound
from ui.i18n import N_, t

FETCH_JOB, PREPARE_JOB = "billing.fetch_statements", "billing.prepare_statement_sources"
EVERY, AFTER_FAILURE = timedelta(hours=1), timedelta(minutes=10)
LOOK_BACK = timedelta(days=31)
SETTLED = 2
"""Seconds that Stripe's newest transactions are left alone, so that no second is read in two parts."""
NAMES: dict[str, str] = {
    "rail": N_("Bank's QR rail: day files"),
    "camt": N_("Bank account: statements (camt.053)"),
    "stripe": N_("Stripe: balance and payouts"),
    "table": N_("Tables (CSV, XLSX)"),
}
"""Kinds of sources, in English msgids."""


async def prepare(account: SettlementAccount) -> list[StatementSource]:
    """Make the sources that the account's connections allow, each once, and have new ones read; return the new ones."""
    settings, to = channel_settings(), as_destination(account)
    wanted = ["rail", "camt"] if settings.rail_url and to.rail_merchant else []
    wanted += ["stripe"] if settings.stripe_api_key and account.stripe_account else []
    made = []
    for kind in wanted:
        added = await execute(
            "insert into billing_statement_source (tenant_id, id, settlement_account_id, kind, settings)"
            " values ($1, $2, $3, $4, '{}') on conflict do nothing",
            account.tenant_id, source_id := new_id(), account.id, kind,
        )  # fmt: skip
        if added:
            made.append(await StatementSource.get(tenant_id=account.tenant_id, id=source_id))
            await enqueue(FETCH_JOB, {"source_id": str(source_id)})
    return made


async def find(actor: Actor, source_id: UUID) -> StatementSource:
    """Return one source of the actor's tenant; ``NotFound`` for any other."""
    found = await StatementSource.get_or_none(tenant_id=actor.tenant_id, id=source_id)
    if found is None:
        raise NotFound("source.not_found", t("There is no such source of statements."))
    return found


async def ask(actor: Actor, source_id: UUID) -> None:
    """Have a source read now, once, beside its hourly turn."""
    actor.require("reconciliation.work")
    await enqueue(FETCH_JOB, {"source_id": str((await find(actor, source_id)).id), "once": True})


async def fetch(actor: Actor, source_id: UUID) -> bool:
    """Read what is new at a source and note how that went; ``False`` when it failed. Call it outside of any scope."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        source = await find(actor, source_id)
        account = await SettlementAccount.get(tenant_id=actor.tenant_id, id=source.settlement_account_id)
        tenant = await Tenant.get(id=actor.tenant_id)
    now = datetime.now(UTC)
    try:
        await _READERS[source.kind](actor, source, account, ZoneInfo(tenant.timezone))
    except (ChannelSilent, ChannelRefused, StatementRefused) as error:
        words = str(error.message) if isinstance(error, StatementRefused) else str(error)
        await _note(source, failed_at=now, error=words[:500])
        return False
    async with open_scope(tenant_scope(actor.tenant_id)):
        await intake.look_again(account)
    await _note(source, read_at=now, failed_at=None, error="")
    return True


async def _note(source: StatementSource, **changed: object) -> None:
    async with open_scope(tenant_scope(source.tenant_id)):
        await StatementSource.filter(tenant_id=source.tenant_id, id=source.id).update(**changed)


async def _days(source: StatementSource, account: SettlementAccount, zone: ZoneInfo) -> AsyncIterator[date]:
    """Yield the days that are over and not read yet, oldest first."""
    now = today(zone.key)
    if source.cursor:
        day = date.fromisoformat(source.cursor) + timedelta(days=1)
    else:
        day = max(day_at(account.created_at, zone.key), now - LOOK_BACK)
    while day < now:
        yield day
        day += timedelta(days=1)


async def _keep(actor: Actor, account: SettlementAccount, parser: Parser, file: IO[bytes], name: str) -> None:
    key = await asyncio.to_thread(keeping.keep, account.tenant_id, file)
    async with open_scope(tenant_scope(account.tenant_id)):
        await intake.take_in(actor, account, parser, file, filename=name, storage_key=key)


async def _read_rail(
    actor: Actor, source: StatementSource, account: SettlementAccount, zone: ZoneInfo
) -> None:
    """Read each day's funds before its trades, so that these know which payout takes them."""
    to = as_destination(account)
    async for day in _days(source, account, zone):
        for which, parser in (("fund", RailFunds()), ("trade", RailTrades())):
            try:
                file = await rail.day_file(to, day, which)
            except rail.NotReady:
                return
            with file:
                await _keep(actor, account, parser, file, f"{to.rail_merchant}-{day}-{which}.csv")
        await _note(source, cursor=day.isoformat())


async def _read_camt(
    actor: Actor, source: StatementSource, account: SettlementAccount, zone: ZoneInfo
) -> None:
    to: Destination = as_destination(account)
    number = runtime().decrypt(NUMBER, bytes(account.account_number))
    async for day in _days(source, account, zone):
        try:
            file = await rail.account_statement(to, number, day)
        except rail.NotReady:
            return
        with file:
            await _keep(actor, account, Camt(), file, f"camt053-{number[-4:]}-{day}.xml")
        await _note(source, cursor=day.isoformat())


async def _read_stripe(
    actor: Actor, source: StatementSource, account: SettlementAccount, zone: ZoneInfo
) -> None:
    del zone
    until = int(datetime.now(UTC).timestamp()) - SETTLED
    since = int(source.cursor) if source.cursor else int((account.created_at - timedelta(days=1)).timestamp())
    if until <= since:
        return
    async with open_scope(tenant_scope(account.tenant_id)):
        told = await Payout.filter(
            tenant_id=account.tenant_id, settlement_account_id=account.id, channel="stripe"
        )
    file, count = await stripe.balance(
        account.stripe_account, since, until, {payout.reference for payout in told}
    )
    with file:
        if count:
            await _keep(actor, account, StripeBalance(), file, f"{account.stripe_account}-{until}.jsonl")
    await _note(source, cursor=str(until))


_READERS = {"rail": _read_rail, "camt": _read_camt, "stripe": _read_stripe}
