"""A few cents that prove whose a settlement account is, in either direction.

``out``: the bank sends 0.01 to 0.99, and whoever reads the account tells the amount within seven days, three tries.
We never know it: the bank compares. ``in``: the applicant sends an amount that we name from the account itself, and
it is given back. Either way the proof is of one account: another number asks for another proof.
"""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

from tortoise.expressions import Q

from tenants import audit
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import AccountProof, Application
from tenants.onboarding.accounts import number_of, same_account
from tenants.onboarding.ports import Accounts, SilentError, outside
from tenants.onboarding.services import get
from tenants.scope import open_scope
from tenants.states import Edge, Machine
from ui.errors import Conflict, Invalid, NotFound, Unavailable
from ui.i18n import t

Direction = Literal["out", "in"]
DAYS, TRIES = 7, 3
COLLECTION = "9000-ONBOARDING"
"""The bank's own account that applicants send to."""
PROOF = Machine(
    "account proof",
    "waiting",
    {
        "match": Edge(("waiting",), "proven", "the amount was right"),
        "give_up": Edge(("waiting",), "failed", "three wrong amounts"),
        "run_out": Edge(("waiting",), "expired", "seven days are over"),
        "replace": Edge(("waiting",), "replaced", "another one was begun"),
    },
)


async def begin(actor: Actor, application_id: UUID, direction: Direction) -> AccountProof:
    """Begin a proof; one that still waits is replaced by it. Call it outside of any scope.

    Raises:
        Conflict: three wrong amounts were told for this account within the last days, by whomever.
    """
    accounts = _accounts()
    async with open_scope(actor.scope()):
        actor.require("applications.write")
        found = await get(actor, application_id)
        if found.account_hash is None:
            raise Invalid("proof.no_account", t("Enter the settlement account first."))
        await _replace(found)
        made = await _make(actor, found, direction)
        number = number_of(found)
    if direction == "out":
        try:
            await accounts.send(
                reference=made.reference,
                account_number=number,
                account_name=found.settlement_account_name,
                bank_code=found.settlement_bank_code,
                currency=found.currency,
            )
        except SilentError as error:
            raise _silent() from error
    return made


async def _replace(found: Application) -> None:
    """End what waits for this application or this account: one proof of an account at a time, so that tries add up."""
    waiting = AccountProof.filter(bank_id=found.bank_id, status="waiting")
    mine = waiting.filter(Q(application_id=found.id) | Q(account_hash=found.account_hash, direction="out"))
    await mine.update(status=PROOF.after("waiting", "replace"))


async def _make(actor: Actor, found: Application, direction: Direction) -> AccountProof:
    made = await AccountProof.create(
        id=new_id(),
        bank_id=found.bank_id,
        application_id=found.id,
        direction=direction,
        reference=f"AP{secrets.token_hex(5).upper()}",
        currency=found.currency,
        amount_minor=secrets.randbelow(99) + 1 if direction == "in" else None,
        account_hash=found.account_hash,
        account_mask=found.settlement_account_number,
        tries_left=await _tries_of(found) if direction == "out" else TRIES,
        until=datetime.now(UTC) + timedelta(days=DAYS),
        begun_by_name=actor.name[:100],
    )
    await _record(actor, found, "account_proof.begun", made)
    return made


async def _tries_of(found: Application) -> int:
    """Return how many tries are left for the account itself: a new proof of it, or another application, adds none."""
    since = datetime.now(UTC) - timedelta(days=DAYS)
    lately = AccountProof.filter(
        bank_id=found.bank_id, account_hash=found.account_hash, direction="out", created_at__gte=since
    )
    wrong = max([TRIES - one.tries_left for one in await lately if one.status != "proven"], default=0)
    if wrong >= TRIES:
        text = t("Three wrong amounts were told for this account. Have the applicant send an amount instead.")
        raise Conflict("proof.no_tries", text)
    return TRIES - wrong


async def tell_amount(actor: Actor, application_id: UUID, amount_minor: int) -> AccountProof:
    """Take the amount that the applicant has read; three wrong ones end the proof. Call it outside of any scope.

    A try is counted before the bank is asked, so that two answers at once are two tries.
    """
    accounts = _accounts()
    async with open_scope(actor.scope()):
        found = await get(actor, application_id)
        proof = await _waiting(found, "out")
        proof.tries_left -= 1
        await proof.save(update_fields=["tries_left"])
    try:
        is_right = await accounts.is_amount(proof.reference, amount_minor)
    except SilentError as error:
        await _give_try_back(actor, proof)
        raise _silent() from error
    async with open_scope(actor.scope()):
        proof = await AccountProof.select_for_update().get(id=proof.id)
        act = "match" if is_right else ("give_up" if proof.tries_left <= 0 else "")
        return await _end(actor, found, proof, act) if act else proof


async def _give_try_back(actor: Actor, proof: AccountProof) -> None:
    async with open_scope(actor.scope()):
        locked = await AccountProof.select_for_update().get(id=proof.id)
        locked.tries_left += 1
        await locked.save(update_fields=["tries_left"])


async def look_for_money(actor: Actor, application_id: UUID) -> AccountProof:
    """Look whether the named amount has come from the account, and give it back. Call it outside of any scope."""
    accounts = _accounts()
    async with open_scope(actor.scope()):
        found = await get(actor, application_id)
        proof, number = await _waiting(found, "in"), number_of(found)
    try:
        came = await accounts.received(proof.reference)
        for one in came:
            if not one.is_returned:
                await accounts.give_back(one.id)
    except SilentError as error:
        raise _silent() from error
    is_right = any(
        one.amount_minor == proof.amount_minor
        and one.currency == proof.currency
        and same_account(one.account_number, number)
        for one in came
    )
    async with open_scope(actor.scope()):
        proof = await AccountProof.select_for_update().get(id=proof.id)
        return await _end(actor, found, proof, "match") if is_right else proof


async def proof_of(found: Application) -> AccountProof | None:
    """Return the newest proof that was not replaced; one whose days are over reads as expired."""
    proof = (
        await AccountProof.filter(bank_id=found.bank_id, application_id=found.id)
        .exclude(status="replaced")
        .order_by("-id")
        .first()
    )
    if proof and proof.status == "waiting" and proof.until < datetime.now(UTC):
        proof.status = PROOF.after("waiting", "run_out")
    return proof


async def is_proven(found: Application) -> bool:
    """Tell whether the very account that stands in the application is proven."""
    return await AccountProof.exists(
        bank_id=found.bank_id, application_id=found.id, status="proven", account_hash=found.account_hash
    )


async def _waiting(found: Application, direction: Direction) -> AccountProof:
    proof = (
        await AccountProof.select_for_update()
        .filter(bank_id=found.bank_id, application_id=found.id, direction=direction, status="waiting")
        .first()
    )
    if proof is None:
        raise NotFound("proof.none", t("There is no proof under way. Begin one first."))
    if proof.until < datetime.now(UTC) or (direction == "out" and proof.tries_left <= 0):
        raise Conflict("proof.over", t("The seven days or the three tries are over. Begin a new proof."))
    return proof


async def _end(actor: Actor, found: Application, proof: AccountProof, act: str) -> AccountProof:
    if proof.status != "waiting":
        return proof
    proof.status = PROOF.after(proof.status, act)
    proof.proven_at = datetime.now(UTC) if proof.status == "proven" else None
    await proof.save(update_fields=["status", "proven_at"])
    await _record(actor, found, f"account_proof.{proof.status}", proof)
    return proof


def _accounts() -> Accounts:
    found = outside()
    if found is None:
        raise Unavailable("proof.no_way", t("The bank has no way to send small amounts here yet."))
    return found.accounts


def _silent() -> Unavailable:
    return Unavailable("proof.silent", t("The bank did not answer. Nothing is lost: try again in a minute."))


async def _record(actor: Actor, found: Application, act: str, proof: AccountProof) -> None:
    await audit.record(
        actor,
        act,
        subject_kind="account_proof",
        subject_id=found.id,
        subject_label=f"{found.number} {found.legal_name}",
        after={"account": proof.account_mask, "direction": proof.direction},
    )
