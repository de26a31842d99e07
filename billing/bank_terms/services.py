"""A bank's terms are asked for by one person and put into force by another; every version is kept."""

from datetime import UTC, datetime
from uuid import UUID

from tortoise.exceptions import IntegrityError

from billing.bank_terms.document import EVERYTHING, BankTerms
from billing.models import BankTermsVersion
from tenants import audit
from tenants.actor import Actor
from tenants.banks.reach import bank_of
from tenants.ids import new_id
from tenants.scope import bank_scope, open_scope
from tenants.states import Edge, Machine
from ui.errors import Conflict, Forbidden, NotFound
from ui.i18n import t

ASK, DECIDE = "policy.write", "tenants.decide"
TERMS = Machine(
    "terms of a bank",
    "asked",
    {
        "approve": Edge(
            ("asked",), "in_force", "another person agrees; payments that begin from now on follow it"
        ),
        "refuse": Edge(("asked",), "refused", "another person does not"),
        "withdraw": Edge(("asked",), "withdrawn", "it is taken back before anybody decided"),
        "replace": Edge(("in_force",), "replaced", "a newer version is in force"),
    },
)


async def versions(actor: Actor) -> list[BankTermsVersion]:
    """Return the bank's versions, newest first."""
    return await BankTermsVersion.filter(bank_id=bank_of(actor)).order_by("-number").limit(100)


async def in_force(bank_id: UUID) -> BankTermsVersion | None:
    """Return the version in force; none where the bank has said nothing yet."""
    return await BankTermsVersion.get_or_none(bank_id=bank_id, status="in_force")


def terms_in(version: BankTermsVersion | None) -> BankTerms:
    """Return what a version says."""
    return BankTerms.model_validate(version.document) if version else EVERYTHING


async def version_of(actor: Actor, version_id: UUID, *, is_locked: bool = False) -> BankTermsVersion:
    """Return one version of the actor's bank; ``NotFound`` for any other."""
    wanted = BankTermsVersion.filter(bank_id=bank_of(actor), id=version_id)
    found = await (wanted.select_for_update() if is_locked else wanted).first()
    if found is None:
        raise NotFound("bank_terms.not_found", t("There is no such version."))
    return found


async def ask(actor: Actor, terms: BankTerms, reason: str) -> BankTermsVersion:
    """Ask for other terms for all the bank's institutions.

    Raises:
        Conflict: a version waits already, or this is what is in force.
    """
    actor.require(ASK)
    actor.require_fresh()
    bank_id = bank_of(actor)
    if terms == terms_in(await in_force(bank_id)):
        raise Conflict("bank_terms.same", t("This is what is in force already."))
    last = await BankTermsVersion.filter(bank_id=bank_id).order_by("-number").first()
    try:
        async with open_scope(bank_scope(bank_id)):
            made = await BankTermsVersion.create(
                id=new_id(),
                bank_id=bank_id,
                number=last.number + 1 if last else 1,
                document=terms.model_dump(mode="json"),
                reason=reason,
                asked_by=actor.person_id,
                asked_by_name=actor.name[:100],
            )
    except IntegrityError:
        text = t("Somebody has asked for a change already. It has to be decided or taken back first.")
        raise Conflict("bank_terms.waits", text) from None
    await _record(actor, made)
    return made


async def decide(actor: Actor, version_id: UUID, *, is_approved: bool, reason: str) -> BankTermsVersion:
    """Put what somebody else has asked for into force, or refuse it.

    Raises:
        Forbidden: it is the decider's own.
        Conflict: it is decided already.
    """
    actor.require(DECIDE)
    actor.require_fresh()
    found = await version_of(actor, version_id, is_locked=True)
    if found.asked_by == actor.person_id:
        raise Forbidden("request.own", t("Somebody else must decide on what you asked for yourself."))
    _must_wait(found)
    if is_approved and (old := await in_force(found.bank_id)):
        old.status, old.ended_at = TERMS.after(old.status, "replace"), datetime.now(UTC)
        await old.save(update_fields=["status", "ended_at"])
    found.status = TERMS.after(found.status, "approve" if is_approved else "refuse")
    found.decided_by, found.decided_by_name = actor.person_id, actor.name[:100]
    found.decided_at, found.decision_reason = datetime.now(UTC), reason
    await found.save()
    await _record(actor, found)
    return found


async def withdraw(actor: Actor, version_id: UUID) -> BankTermsVersion:
    """Take back what waits; whoever may ask may."""
    actor.require(ASK)
    found = await version_of(actor, version_id, is_locked=True)
    _must_wait(found)
    found.status = TERMS.after(found.status, "withdraw")
    await found.save(update_fields=["status"])
    await _record(actor, found)
    return found


def _must_wait(found: BankTermsVersion) -> None:
    if found.status != "asked":
        raise Conflict("request.over", t("This is decided already."))


async def _record(actor: Actor, found: BankTermsVersion) -> None:
    terms = terms_in(found)
    await audit.record(
        actor,
        f"bank_terms.{found.status}",
        subject_kind="bank_terms",
        subject_id=found.id,
        subject_label=str(found.number),
        after={
            "ways": list(terms.ways),
            "currency": terms.currency,
            "fee": terms.fee.model_dump(mode="json"),
            "limits": terms.model_dump(mode="json")["limits"],
            "reason": found.decision_reason or found.reason,
        },
    )
