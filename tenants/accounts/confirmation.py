"""A signed-in person says that a holder is them, with the code that the institution has printed or sent."""

from datetime import UTC, datetime
from uuid import UUID

from tenants import audit
from tenants.accounts.codes import CODE_LENGTH, code_hash
from tenants.actor import Actor
from tenants.codes import is_code
from tenants.days import today_at
from tenants.jobs import publish
from tenants.models import Account, Holder
from tenants.scope import open_scope, secret_scope, tenant_scope
from tenants.throttle import spend
from ui.errors import Conflict, Forbidden, Invalid
from ui.i18n import t

TRIES = ("5/10 minutes", "20/day")
"""How many codes one person may try; a mistyped one is told from a wrong one by its check character and is free."""


async def confirm_holder(actor: Actor, code: str) -> Holder:
    """Make the signed-in person the holder whose code this is; again by the same person it changes nothing.

    A refusal is written into the institution's audit trail, so call it outside of any transaction (a route with
    ``is_transactional=False``): it opens its own scopes and has committed before it raises.

    Raises:
        Invalid: the code is mistyped, or nobody's (field ``code``).
        Conflict: somebody else has confirmed themselves with it, or the holder's part has ended.
        TooMany: the person has tried too many codes.
    """
    person_id = actor.person_id
    if person_id is None:
        raise Forbidden("permission.missing", t("You do not have the right to do this."))
    if not is_code(code, CODE_LENGTH):
        text = t(
            "This code is mistyped or not complete. It has 12 letters and figures, as printed on the bill."
        )
        raise Invalid("code.mistyped", text, fields={"code": text})
    await spend("holder-code", str(person_id), TRIES)
    found = await _find(code)
    refusal: Conflict | None = None
    async with open_scope(tenant_scope(found.tenant_id)):
        holder = await Holder.filter(tenant_id=found.tenant_id, id=found.id).select_for_update().get()
        if holder.person_id != person_id:
            refusal = await _refusal(holder)
            await _settle(actor.within(found.tenant_id), holder, person_id, refusal)
    if refusal:
        raise refusal
    return holder


async def _find(code: str) -> Holder:
    hashed = code_hash(code)
    async with open_scope(secret_scope(hashed)):
        found = await Holder.get_or_none(code_hash=hashed)
    if found is None:
        text = t("This code is not known. Check it against your latest bill.")
        raise Invalid("code.unknown", text, fields={"code": text})
    return found


async def _refusal(holder: Holder) -> Conflict | None:
    if holder.person_id is not None:
        text = t("Somebody else has already confirmed themselves with this code.")
        advice = t("If that was not you or your family, tell the institution: it can look into it.")
        return Conflict("holder.taken", text, advice=advice)
    if not holder.lasts(await today_at(holder.tenant_id)):
        return Conflict("holder.ended", t("This account is no longer held by the person named on the bill."))
    return None


async def _settle(actor: Actor, holder: Holder, person_id: UUID, refusal: Conflict | None) -> None:
    if refusal is None:
        holder.person_id, holder.confirmed_at = person_id, datetime.now(UTC)
        await holder.save(update_fields=["person_id", "confirmed_at"])
        await publish("holder.confirmed", {"holder_id": str(holder.id), "account_id": str(holder.account_id)})
    account = await Account.get(tenant_id=holder.tenant_id, id=holder.account_id)
    await audit.record(
        actor,
        "holder.confirmation_refused" if refusal else "holder.confirmed",
        subject_kind="holder",
        subject_id=holder.id,
        subject_label=f"{holder.name}, {account.number}",
        after={"reason": refusal.code} if refusal else {"method": actor.method, "level": actor.level},
    )
