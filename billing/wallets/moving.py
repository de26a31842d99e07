"""The one place where a wallet moves: under its lock, once for each cause, booked in the same transaction."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from billing import ledger
from billing.ledger import Side
from billing.models import Wallet, WalletMovement
from billing.names import Sum
from billing.wallets.kinds import MOVES, WALLET_KINDS
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.jobs import publish
from tenants.scope import value
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import t

NOTE_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A movement to be: minor units into the wallet (negative: out of it), its cause, and the other side of the entry.

    ``is_forced`` is for money that has left already, whatever there is: it lowers the floor where it must.
    """

    kind: str
    amount_minor: int
    source_kind: str
    source_id: UUID
    other_side: str
    bill_id: UUID | None = None
    fee_item_id: UUID | None = None
    of_id: UUID | None = None
    note: str = ""
    is_forced: bool = False


async def lock(tenant_id: UUID, wallet_id: UUID) -> Wallet:
    """Return a wallet of the open scope, locked until the transaction ends; after payments, bills and holds.

    Raises:
        NotFound: there is none.
    """
    found = await Wallet.filter(tenant_id=tenant_id, id=wallet_id).select_for_update().get_or_none()
    if found is None:
        raise NotFound("wallet.not_found", t("There is no such store of money."))
    return found


def must_be_amount(amount: Any) -> None:
    """Refuse what is no amount.

    Raises:
        Invalid: it is no whole number of minor units above zero.
    """
    if type(amount) is not int or amount <= 0:
        text = t("Enter an amount above zero.")
        raise Invalid("wallet.amount", text, fields={"amount": text})


async def move(actor: Actor, wallet: Wallet, wanted: Move) -> WalletMovement:
    """Move a locked wallet and book it; a cause that has moved it before moves nothing and returns that movement.

    Raises:
        Conflict: the wallet is closed, there is too little in it, or the cause came before with another amount.
    """
    before = await _moved(wallet, wanted)
    if before is not None:
        return before
    if wallet.status != "open":
        raise Conflict("wallet.closed", t("This store of money is closed."))
    after = wallet.balance_minor + wanted.amount_minor
    if wanted.amount_minor < 0 and after < wallet.floor_minor and not wanted.is_forced:
        there = Sum(wallet.balance_minor, wallet.currency)
        raise Conflict("wallet.too_little", t("There is {amount} left, which is too little.", amount=there))
    balance = await value(_MOVE, wallet.tenant_id, wallet.id, wanted.amount_minor, wanted.is_forced)
    wallet.balance_minor, wallet.floor_minor = balance, min(wallet.floor_minor, balance)
    made = await _write(actor, wallet, wanted)
    await _book(wallet, wanted, made)
    return made


_MOVE = """
update billing_wallet set balance_minor = balance_minor + $3,
       floor_minor = case when $4 then least(floor_minor, balance_minor + $3) else floor_minor end
 where tenant_id = $1 and id = $2 returning balance_minor
"""


async def _moved(wallet: Wallet, wanted: Move) -> WalletMovement | None:
    found = await WalletMovement.get_or_none(
        tenant_id=wallet.tenant_id,
        wallet_id=wallet.id,
        kind=wanted.kind,
        source_kind=wanted.source_kind,
        source_id=wanted.source_id,
    )
    if found is not None and (found.amount_minor, found.fee_item_id) != (
        wanted.amount_minor,
        wanted.fee_item_id,
    ):
        raise Conflict("wallet.reused", t("This was booked before with another amount. Nothing was changed."))
    return found


async def _write(actor: Actor, wallet: Wallet, wanted: Move) -> WalletMovement:
    return await WalletMovement.create(
        id=new_id(),
        tenant_id=wallet.tenant_id,
        wallet_id=wallet.id,
        account_id=wallet.account_id,
        kind=wanted.kind,
        currency=wallet.currency,
        amount_minor=wanted.amount_minor,
        balance_minor=wallet.balance_minor,
        fee_item_id=wanted.fee_item_id,
        source_kind=wanted.source_kind,
        source_id=wanted.source_id,
        of_id=wanted.of_id,
        note=wanted.note.strip()[:NOTE_MAX],
        by_name=actor.name[:100],
        created_at=datetime.now(UTC),
    )


async def _book(wallet: Wallet, wanted: Move, made: WalletMovement) -> None:
    kind = WALLET_KINDS[wallet.kind]
    sides = [
        Side(kind.ledger, -wanted.amount_minor, wallet.currency, wallet.account_id),
        Side(wanted.other_side, wanted.amount_minor, wallet.currency, wallet.account_id, wanted.bill_id),
    ]
    await ledger.post(wallet.tenant_id, MOVES[wanted.kind].entry, made.id, sides)
    facts = {"wallet_id": str(wallet.id), "movement_id": str(made.id), "kind": wallet.kind}
    facts |= {"move": wanted.kind, "amount_minor": made.amount_minor, "balance_minor": made.balance_minor}
    await publish("wallet.moved", facts)
