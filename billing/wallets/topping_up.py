"""Money comes into a wallet: a held bill that is paid by any channel or at the desk, or never happened."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from billing.holds.kinds import HoldKind, register_hold
from billing.holds.service import place
from billing.idempotency import Answer, once
from billing.models import Hold, Payment, Wallet, WalletTopUp
from billing.names import Sum
from billing.payments.taking import take_payment
from billing.plans.single import Charge
from billing.wallets.items import item_of
from billing.wallets.kinds import WALLET_KINDS
from billing.wallets.moving import Move, lock, move, must_be_amount
from billing.wallets.states import TOP_UP
from tenants.actor import Actor, system_actor
from tenants.ids import new_id
from tenants.scope import open_scope, tenant_scope
from ui.errors import Conflict, Invalid
from ui.i18n import t

HOLD = "wallet.top_up"
LASTS = timedelta(hours=24)


async def top_up(
    actor: Actor, *, wallet_id: UUID, amount_minor: int, key: str, lasts: timedelta = LASTS
) -> WalletTopUp:
    """Ask for money and return the top-up with its bill, which is paid as any other; in the open tenant scope.

    Once for each ``key``. The caller has proved that the actor sees the wallet. The bill lasts a day, or ``lasts``.

    Raises:
        Invalid: not within the purpose's bounds.
        Conflict: the wallet is closed.
    """
    assert actor.tenant_id is not None  # noqa: S101 - the caller has brought the actor inside
    tenant_id = actor.tenant_id

    async def do() -> Answer:
        wallet = await lock(tenant_id, wallet_id)
        _check(wallet, amount_minor)
        return {"top_up_id": str((await ask_for(actor, wallet, amount_minor, lasts)).id)}

    body = {"wallet": str(wallet_id), "amount": amount_minor}
    answer = await once(actor, key=key, act="wallet.top_up", body=body, do=do)
    return await WalletTopUp.get(tenant_id=tenant_id, id=UUID(answer["top_up_id"]))


def _check(wallet: Wallet, amount: int) -> None:
    must_be_amount(amount)
    if wallet.status != "open":
        raise Conflict("wallet.closed", t("This store of money is closed."))
    kind = WALLET_KINDS[wallet.kind]
    if not kind.least_minor <= amount <= kind.most_minor:
        text = t(
            "Enter an amount from {least} to {most}.",
            least=Sum(kind.least_minor, wallet.currency),
            most=Sum(kind.most_minor, wallet.currency),
        )
        raise Invalid("wallet.bounds", text, fields={"amount": text})


async def ask_for(actor: Actor, wallet: Wallet, amount: int, lasts: timedelta = LASTS) -> WalletTopUp:
    """Bill so much to be stored in a locked wallet that is open, whatever its bounds."""
    kind = WALLET_KINDS[wallet.kind]
    item = await item_of(wallet.tenant_id, kind)
    made = await WalletTopUp.create(
        id=new_id(),
        tenant_id=wallet.tenant_id,
        wallet_id=wallet.id,
        amount_minor=amount,
        status="asked",
        asked_by_name=actor.name[:100],
    )
    hold = await place(
        actor,
        kind=HOLD,
        subject_id=made.id,
        account_id=wallet.account_id,
        charges=[Charge(amount, fee_item_id=item.id)],
        until=datetime.now(UTC) + lasts,
        key=f"top-up-{made.id}",
    )
    made.bill_id = hold.bill_id
    await made.save(update_fields=["bill_id"])
    return made


async def take_top_up(
    actor: Actor,
    *,
    wallet_id: UUID,
    amount_minor: int,
    method: str,
    key: str,
    reference: str = "",
    tendered_minor: int | None = None,
    payer_name: str = "",
) -> UUID:
    """Take money for a wallet at the desk and return the payment's id. Call it outside of any scope.

    Raises:
        Invalid, Conflict: as for ``top_up`` and ``take_payment``; a top-up that was not paid ends by itself.
    """
    actor.require("payments.take")
    assert actor.tenant_id is not None  # noqa: S101 - staff act inside their tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        asked = await top_up(actor, wallet_id=wallet_id, amount_minor=amount_minor, key=f"{key}-asked")
    assert asked.bill_id is not None  # noqa: S101 - it has just been billed
    return await take_payment(
        actor,
        bills=[(asked.bill_id, amount_minor)],
        method=method,
        key=key,
        reference=reference,
        tendered_minor=tendered_minor,
        payer_name=payer_name,
    )


async def _locked(hold: Hold) -> tuple[WalletTopUp, Wallet]:
    asked = await WalletTopUp.filter(tenant_id=hold.tenant_id, id=hold.subject_id).select_for_update().get()
    return asked, await lock(hold.tenant_id, asked.wallet_id)


async def _kept(hold: Hold) -> None:
    asked, wallet = await _locked(hold)
    asked.status, asked.bill_id = TOP_UP.after(asked.status, "pay"), hold.bill_id
    await asked.save(update_fields=["status", "bill_id"])
    wanted = Move(
        kind="top_up",
        amount_minor=asked.amount_minor,
        source_kind="top_up",
        source_id=asked.id,
        other_side=WALLET_KINDS[wallet.kind].asked_ledger,
    )
    await move(system_actor(hold.tenant_id), wallet, wanted)


async def _let_go(hold: Hold, why: str) -> None:
    del why
    asked, _ = await _locked(hold)
    asked.status = TOP_UP.after(asked.status, "let_go")
    await asked.save(update_fields=["status"])


async def _came_late(hold: Hold, payment: Payment) -> bool:
    """Take it all the same while the wallet is open: there is room for any money."""
    del payment
    asked, wallet = await _locked(hold)
    if wallet.status != "open":
        return False
    asked.status = TOP_UP.after(asked.status, "ask_again")
    await asked.save(update_fields=["status"])
    return True


def _page(hold: Hold) -> str:
    return f"/my/top-ups/{hold.subject_id}"


register_hold(HoldKind(HOLD, _kept, _let_go, _came_late, _page))
