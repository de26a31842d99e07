"""Where an institution's money arrives: its own bank account, and its own accounts at the channels.

Provisioning writes the account in the approval's transaction; a job then opens the connected account at Stripe and
the merchant at the rail. Both are asked for under ids of ours, so a job that dies halfway makes nothing twice.
"""

import secrets
from collections.abc import Awaitable, Callable
from uuid import UUID

from billing.channels import merchants, stripe
from billing.channels.bank import notify_url
from billing.channels.contract import ChannelRefused
from billing.models import SettlementAccount
from billing.payments.orders import NUMBER, SECRET
from billing.payments.starting import must_be_outside
from billing.runtime import channel_settings
from tenants import audit
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.jobs import enqueue
from tenants.models import Bank, Tenant
from tenants.provisioning import Settlement, add_settler
from tenants.runtime import runtime
from tenants.scope import open_scope, tenant_scope
from ui.errors import Invalid, NotFound
from ui.i18n import t

CONNECT_JOB = "billing.connect_settlement"
SHOWN = 4


def register() -> None:
    """Have every approved institution's account kept here; safe to call again."""
    add_settler(settle_tenant)


async def settle_tenant(actor: Actor, tenant: Tenant, settlement: Settlement) -> None:
    """Keep the account that the bank has checked, as part of approving the institution."""
    await provision_settlement(
        actor,
        tenant,
        bank_code=settlement.bank_code,
        account_name=settlement.account_name,
        account_number=settlement.account_number,
        currency=settlement.currency,
    )


async def provision_settlement(
    actor: Actor, tenant: Tenant, *, bank_code: str, account_name: str, account_number: str, currency: str
) -> SettlementAccount:
    """Write a settlement account in the open tenant scope and have it connected to the channels after the commit."""
    row = await SettlementAccount.create(
        id=new_id(),
        tenant_id=tenant.id,
        currency=currency,
        bank_code=bank_code,
        account_name=account_name,
        account_number=runtime().encrypt(NUMBER, account_number),
        account_mask=mask(account_number),
    )
    await audit.record(
        actor,
        "settlement.added",
        subject_kind="settlement_account",
        subject_id=row.id,
        subject_label=f"{bank_code} {row.account_mask}",
        after={"bank_code": bank_code, "account": row.account_mask, "currency": currency},
        tenant_id=tenant.id,
    )
    await enqueue(CONNECT_JOB, {"settlement_account_id": str(row.id)})
    return row


def mask(account_number: str) -> str:
    """Return what pages show of an account number: its last digits."""
    return f"•••• {account_number.replace(' ', '')[-SHOWN:]}"


async def connect(actor: Actor, settlement_id: UUID) -> None:
    """Open the account at every channel that is set up and takes its currency. Call it outside of any scope."""
    settings = channel_settings()
    if settings.stripe_api_key:
        await connect_stripe(actor, settlement_id)
    if settings.rail_url and settings.rail_merchants_url:
        await connect_rail(actor, settlement_id)
    for follow in _followers:
        await follow(actor)


_followers: list[Callable[[Actor], Awaitable[None]]] = []


def after_connecting(follow: Callable[[Actor], Awaitable[None]]) -> None:
    """Have ``follow(actor)`` called once an account is open at the channels, outside of any scope."""
    if follow not in _followers:
        _followers.append(follow)


async def connect_stripe(actor: Actor, settlement_id: UUID) -> None:
    """Make the connected account once, and note whether it may take charges. Call it outside of any scope.

    Raises:
        ChannelSilent, ChannelRefused: as Stripe answers.
    """
    must_be_outside()
    row, tenant = await _read(actor, settlement_id)
    if row.currency not in stripe.CURRENCIES:
        return
    facts = await (_facts(row) if row.stripe_account else _made(row, tenant))
    await _keep(actor, row, stripe_account=facts["id"], is_stripe_ready=bool(facts["charges_enabled"]))


async def _facts(row: SettlementAccount) -> dict[str, object]:
    found: dict[str, object] = await stripe.account_facts(row.stripe_account)
    return found


async def _made(row: SettlementAccount, tenant: Tenant) -> dict[str, object]:
    async with open_scope(tenant_scope(tenant.id)):
        bank = await Bank.get(id=tenant.bank_id)
    made: dict[str, object] = await stripe.create_account(
        settlement_id=row.id,
        tenant_id=tenant.id,
        name=tenant.name,
        email=tenant.contact_email,
        country=bank.country,
    )
    return made


async def connect_rail(actor: Actor, settlement_id: UUID) -> None:
    """Make the institution a merchant of the rail once. Call it outside of any scope.

    Raises:
        ChannelSilent, ChannelRefused: as the rail answers.
    """
    must_be_outside()
    row, tenant = await _read(actor, settlement_id)
    if row.rail_merchant:
        return
    if not row.rail_secret:
        row.rail_secret = runtime().encrypt(SECRET, secrets.token_urlsafe(32))
        await _keep(actor, row, rail_secret=row.rail_secret)
    merchant = f"m{row.id.hex}"
    await merchants.open_merchant(
        merchant=merchant,
        name=tenant.name,
        account_number=runtime().decrypt(NUMBER, bytes(row.account_number)),
        currency=row.currency,
        secret=runtime().decrypt(SECRET, bytes(row.rail_secret)),
        notify_url=notify_url(row.tenant_id, row.id),
    )
    await _keep(actor, row, rail_merchant=merchant)


async def enter_rail_merchant(actor: Actor, settlement_id: UUID, *, merchant: str, secret: str) -> None:
    """Enter a merchant that the bank has opened by hand, in the open tenant scope; later its new key, and no other.

    One person never leads the money elsewhere: another merchant is another account, which takes two people of the bank.

    Raises:
        Invalid: either is missing, or it is another merchant than before.
    """
    actor.require("settings.write")
    actor.require_fresh()
    if not merchant.strip() or not secret.strip():
        raise Invalid("settlement.merchant", t("Enter the merchant number and its key."))
    row = await find(actor, settlement_id)
    before = row.rail_merchant
    if before not in {"", merchant.strip()}:
        text = t(
            "Payments arrive at merchant {merchant}. Ask your bank if they are to go elsewhere.",
            merchant=before,
        )
        raise Invalid("settlement.merchant_kept", text, fields={"merchant": text})
    row.rail_merchant, row.rail_secret = merchant.strip(), runtime().encrypt(SECRET, secret.strip())
    await row.save(update_fields=["rail_merchant", "rail_secret"])
    await audit.record(
        actor,
        "settlement.changed",
        subject_kind="settlement_account",
        subject_id=row.id,
        subject_label=row.account_mask,
        before={"rail_merchant": before},
        after={"rail_merchant": row.rail_merchant},
    )


async def stripe_onboarding_url(actor: Actor, settlement_id: UUID, *, return_url: str) -> str:
    """Return Stripe's own page where the institution completes its connected account. Call it outside of any scope.

    Raises:
        Invalid: it has none yet.
    """
    must_be_outside()
    actor.require("settings.write")
    row, _ = await _read(actor, settlement_id)
    if not row.stripe_account:
        raise Invalid("settlement.no_stripe", t("This account is not connected to Stripe yet."))
    try:
        return await stripe.onboarding_url(row.stripe_account, return_url=return_url)
    except ChannelRefused as error:
        raise Invalid("settlement.stripe", t("Stripe does not open this account's pages now.")) from error


async def find(actor: Actor, settlement_id: UUID) -> SettlementAccount:
    """Return one account of the actor's tenant; ``NotFound`` for any other."""
    found = await SettlementAccount.get_or_none(tenant_id=actor.tenant_id, id=settlement_id)
    if found is None:
        raise NotFound("settlement.not_found", t("There is no such account."))
    return found


async def _read(actor: Actor, settlement_id: UUID) -> tuple[SettlementAccount, Tenant]:
    assert actor.tenant_id is not None  # noqa: S101 - callers are inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        return await find(actor, settlement_id), await Tenant.get(id=actor.tenant_id)


async def _keep(actor: Actor, row: SettlementAccount, **changed: object) -> None:
    assert actor.tenant_id is not None  # noqa: S101 - callers are inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        await SettlementAccount.filter(tenant_id=row.tenant_id, id=row.id).update(**changed)
