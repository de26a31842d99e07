"""Opening and closing a wallet, spending from it, giving back, paying a bill. Money comes in by ``topping_up``."""

from datetime import UTC, datetime
from uuid import UUID

from billing import ledger
from billing.channels import wallet as channel
from billing.channels.contract import Outcome
from billing.idempotency import Answer, once
from billing.models import FeeItem, Payment, PaymentPart, Refund, Wallet, WalletMovement, WalletTopUp
from billing.payments.choosing import Chosen, choose
from billing.payments.numbers import new_number
from billing.payments.refunds import gives_back_inside
from billing.payments.settling import settle
from billing.payments.starting import hold
from billing.payments.taking import desk_attempt
from billing.wallets.items import item_of, settlement_of
from billing.wallets.kinds import WALLET_KINDS
from billing.wallets.moving import Move, lock, move, must_be_amount
from tenants import audit
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import Account, Tenant
from tenants.scope import execute, value
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import t

_OPEN = """
insert into billing_wallet (tenant_id, id, kind, account_id, currency, floor_minor) values ($1, $2, $3, $4, $5, $6)
on conflict (tenant_id, account_id, kind, currency) do nothing
"""


async def open_wallet(tenant_id: UUID, account_id: UUID, kind: str, *, floor_minor: int = 0) -> Wallet:
    """Return the account's wallet for a purpose, opened on first use; two who ask at once get the same.

    ``floor_minor`` is how far it may fall when it is opened: below zero lends. In the open tenant scope.

    Raises:
        KeyError: the purpose is not registered.
        NotFound: there is no such account.
    """
    known = WALLET_KINDS[kind]
    tenant = await Tenant.get(id=tenant_id)
    if not await Account.filter(tenant_id=tenant_id, id=account_id).exists():
        raise NotFound("account.not_found", t("There is no such account."))
    await execute(_OPEN, tenant_id, new_id(), known.key, account_id, tenant.currency, floor_minor)
    return await Wallet.get(
        tenant_id=tenant_id, account_id=account_id, kind=known.key, currency=tenant.currency
    )


async def close_wallet(actor: Actor, wallet_id: UUID) -> None:
    """Close an empty wallet that nobody is topping up.

    Raises:
        Conflict: there is money in it, or a top-up is being paid.
    """
    assert actor.tenant_id is not None  # noqa: S101 - callers are inside a tenant
    wallet = await lock(actor.tenant_id, wallet_id)
    asked = WalletTopUp.filter(tenant_id=wallet.tenant_id, wallet_id=wallet.id, status="asked")
    if wallet.balance_minor or await asked.exists():
        text = t("There is money in it, or on its way. Spend it or pay it out first.")
        raise Conflict("wallet.not_empty", text)
    if wallet.status == "closed":
        return
    wallet.status, wallet.closed_at = "closed", datetime.now(UTC)
    await wallet.save(update_fields=["status", "closed_at"])
    await record(actor, wallet, "wallet.closed", {})


async def spend(
    actor: Actor,
    *,
    wallet_id: UUID,
    amount_minor: int,
    fee_item_id: UUID,
    source_kind: str,
    source_id: UUID,
    note: str = "",
) -> WalletMovement:
    """Spend from a wallet for a fee, once for each source, and never below its floor; in the open tenant scope.

    The caller has asked for the right to whatever is being sold. Told again of the same source, nothing moves.

    Raises:
        Conflict: there is too little, it is closed, or the source came before with another amount.
        Invalid, NotFound: no amount; no such wallet or fee.
    """
    must_be_amount(amount_minor)
    assert actor.tenant_id is not None  # noqa: S101 - callers are inside a tenant
    item = await FeeItem.get_or_none(tenant_id=actor.tenant_id, id=fee_item_id)
    if item is None:
        raise NotFound("fee.not_found", t("There is no such fee."))
    wallet = await lock(actor.tenant_id, wallet_id)
    wanted = Move(
        kind="spend",
        amount_minor=-amount_minor,
        source_kind=source_kind,
        source_id=source_id,
        other_side=f"income:{item.key}",
        fee_item_id=item.id,
        note=note,
    )
    return await move(actor, wallet, wanted)


_GIVEN = """
select coalesce(sum(amount_minor), 0)::bigint from billing_wallet_movement where tenant_id = $1 and of_id = $2
"""


async def give_back(
    actor: Actor,
    *,
    movement_id: UUID,
    source_kind: str,
    source_id: UUID,
    amount_minor: int | None = None,
    note: str = "",
) -> WalletMovement:
    """Give back a spending, whole or in parts, once for each source and never more than was spent.

    Raises:
        NotFound: there is no such spending.
        Invalid: less is left to be given back.
        Conflict: the wallet is closed, or the source came before with another amount.
    """
    assert actor.tenant_id is not None  # noqa: S101 - callers are inside a tenant
    spent = await WalletMovement.get_or_none(tenant_id=actor.tenant_id, id=movement_id, kind="spend")
    if spent is None:
        raise NotFound("wallet.no_spending", t("There is nothing spent under this number."))
    wallet = await lock(actor.tenant_id, spent.wallet_id)
    before = await WalletMovement.get_or_none(
        tenant_id=wallet.tenant_id,
        wallet_id=wallet.id,
        kind="give_back",
        source_kind=source_kind,
        source_id=source_id,
    )
    left = -spent.amount_minor - await value(_GIVEN, wallet.tenant_id, spent.id)
    all_of_it = before.amount_minor if before else left
    wanted = all_of_it if amount_minor is None else amount_minor
    must_be_amount(wanted)
    if before is None and wanted > left:
        text = t("Less than that was spent, or has not been given back.")
        raise Invalid("wallet.too_much", text, fields={"amount": text})
    item = await FeeItem.get(tenant_id=wallet.tenant_id, id=spent.fee_item_id)
    back = Move(
        kind="give_back",
        amount_minor=wanted,
        source_kind=source_kind,
        source_id=source_id,
        other_side=f"income:{item.key}",
        fee_item_id=item.id,
        of_id=spent.id,
        note=note,
    )
    return await move(actor, wallet, back)


async def pay_bill(actor: Actor, *, wallet_id: UUID, bill_id: UUID, amount_minor: int, key: str) -> UUID:
    """Pay a bill of the same account from its wallet, and return the payment's id; it has a receipt at once.

    Refunds of that payment go back into the wallet. In the open tenant scope, once for each ``key``.

    Raises:
        NotFound: there is no such wallet or bill.
        Invalid: more than is left to pay, or the bill is paid to another account of the institution.
        Conflict: there is too little, the bill is closed, or somebody is just paying it.
    """
    must_be_amount(amount_minor)
    assert actor.tenant_id is not None  # noqa: S101 - callers are inside a tenant
    tenant_id = actor.tenant_id

    async def do() -> Answer:
        wallet = await Wallet.get_or_none(tenant_id=tenant_id, id=wallet_id)
        if wallet is None:
            raise NotFound("wallet.not_found", t("There is no such store of money."))
        chosen = await choose(tenant_id, {bill_id: amount_minor}, is_paying=True)
        await _must_fit(wallet, chosen, bill_id)
        return {"payment_id": str(await _pay(actor, wallet, chosen, bill_id))}

    body = {"wallet": str(wallet_id), "bill": str(bill_id), "amount": amount_minor}
    answer = await once(actor, key=key, act="wallet.pay", body=body, do=do)
    return UUID(answer["payment_id"])


_ACCOUNT = "select account_id from billing_bill where tenant_id = $1 and id = $2"


async def _must_fit(wallet: Wallet, chosen: Chosen, bill_id: UUID) -> None:
    if await PaymentPart.filter(tenant_id=wallet.tenant_id, bill_id=bill_id, is_live=True).exists():
        raise Conflict("bill.held", t("Somebody is just paying this bill. Please try again in a minute."))
    if await value(_ACCOUNT, wallet.tenant_id, bill_id) != wallet.account_id:
        raise NotFound("bill.not_found", t("There is no such bill, or it is not yours to see."))
    item = await item_of(wallet.tenant_id, WALLET_KINDS[wallet.kind])
    own = await settlement_of(item)
    if chosen.currency != wallet.currency or chosen.settlement_id != own:
        text = t("This bill is paid to another account of the institution, so stored money cannot pay it.")
        raise Invalid("wallet.account", text, fields={"bill": text})


async def _pay(actor: Actor, wallet: Wallet, chosen: Chosen, bill_id: UUID) -> UUID:
    payment = Payment(
        id=new_id(),
        tenant_id=wallet.tenant_id,
        number=await new_number("P", wallet.tenant_id, chosen.zone),
        currency=chosen.currency,
        amount_minor=chosen.amount_minor,
        channel=channel.KEY,
        settlement_account_id=chosen.settlement_id,
        person_id=actor.person_id if actor.kind == "payer" else None,
        payer_name=actor.name[:100] if actor.kind == "payer" else "",
        status="created",
    )
    await payment.save(force_create=True)
    await hold(payment, {bill_id: chosen.amount_minor})
    attempt = await desk_attempt(payment, chosen)
    await settle(actor, attempt.id, Outcome(state="succeeded"))
    wanted = Move(
        kind="pay_bill",
        amount_minor=-chosen.amount_minor,
        source_kind="payment",
        source_id=payment.id,
        other_side=ledger.clearing(channel.KEY),
    )
    await move(actor, await lock(wallet.tenant_id, wallet.id), wanted)
    return payment.id


async def _refunded(actor: Actor, refund: Refund) -> None:
    """Put money of a bill that stored money paid back into its wallet."""
    paid = await WalletMovement.get(
        tenant_id=refund.tenant_id, kind="pay_bill", source_kind="payment", source_id=refund.payment_id
    )
    back = Move(
        kind="bill_back",
        amount_minor=refund.amount_minor,
        source_kind="refund",
        source_id=refund.id,
        other_side=ledger.clearing(channel.KEY),
        note=refund.reason,
    )
    await move(actor, await lock(refund.tenant_id, paid.wallet_id), back)


gives_back_inside(channel.KEY, _refunded)


async def record(actor: Actor, wallet: Wallet, act: str, after: dict[str, object]) -> None:
    """Write an act on a wallet to the audit trail."""
    await audit.record(
        actor,
        act,
        subject_kind="wallet",
        subject_id=wallet.id,
        subject_label=WALLET_KINDS[wallet.kind].name,
        after=after,
    )
