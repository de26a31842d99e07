"""What the institution's staff do with accounts and holders."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from tortoise.exceptions import IntegrityError

from tenants import audit
from tenants.accounts import codes, queries
from tenants.accounts.forms import HolderForm
from tenants.actor import Actor
from tenants.days import today_of
from tenants.ids import new_id
from tenants.jobs import publish
from tenants.jsons import dumps
from tenants.models import Account, Holder, Tenant
from tenants.notices import notify
from tenants.runtime import runtime
from tenants.scope import execute, open_scope, tenant_scope
from tenants.throttle import spend
from ui.errors import Conflict, Invalid
from ui.i18n import Text, t

INVITATIONS = ("3/hour", "10/day")
"""How often one holder is written to."""
HOLDERS_CHANGED = "holders.changed"
"""Published when staff have written down, changed or ended somebody who holds an account."""


async def change(actor: Actor, account_id: UUID, *, name: str, attributes: Mapping[str, Any]) -> Account:
    """Change an account's name and attributes; bills that were issued keep what they were computed from."""
    actor.require("accounts.write")
    found = await queries.account(actor, account_id, lock=True)
    kind = queries.kind_of(found)
    kept = {key: value for key, value in found.attributes.items() if key not in {a.key for a in kind.asked}}
    await execute(
        "update tenants_account set name = $3, attributes = $4, updated_at = now() where tenant_id = $1 and id = $2",
        found.tenant_id,
        found.id,
        name,
        dumps({**kept, **attributes}),
    )
    changed = await queries.account(actor, account_id)
    await _record(
        actor,
        "account.changed",
        found,
        before={"name": found.name, **found.attributes},
        after={"name": changed.name, **changed.attributes},
    )
    return changed


async def close(actor: Actor, account_id: UUID, *, on: date) -> Account:
    """Close an account with its last day: it gets no new bills, and what it owes stays owed.

    Raises:
        Invalid: the day is still to come (field ``closed_on``).
    """
    actor.require("accounts.write")
    found = await queries.account(actor, account_id, lock=True)
    if on > today_of(actor):
        text = t("Choose today or an earlier day: the account stops getting bills at once.")
        raise Invalid("account.closed_on", text, fields={"closed_on": text})
    if found.is_active:
        found.is_active, found.closed_on = False, on
        await found.save(update_fields=["is_active", "closed_on"])
        await _record(actor, "account.closed", found, after={"until": on.isoformat()})
    return found


async def reopen(actor: Actor, account_id: UUID) -> Account:
    """Open a closed account again: it gets bills from the next run."""
    actor.require("accounts.write")
    found = await queries.account(actor, account_id, lock=True)
    if not found.is_active:
        before = {"until": found.closed_on.isoformat() if found.closed_on else None}
        found.is_active, found.closed_on = True, None
        await found.save(update_fields=["is_active", "closed_on"])
        await _record(actor, "account.opened", found, before=before)
    return found


async def add_holder(actor: Actor, account_id: UUID, given: HolderForm) -> Holder:
    """Write down a holder; they see nothing until they have confirmed themselves with their code.

    Raises:
        Invalid: the relation is none of the scenario's, or the account has this very holder already.
    """
    actor.require("accounts.write")
    account = await queries.account(actor, account_id, lock=True)
    made = Holder(id=new_id(), tenant_id=account.tenant_id, account_id=account.id, **_facts(account, given))
    await _save(made, is_new=True)
    await _record_holder(actor, "holder.added", made, account, after=_shown(made))
    await publish(HOLDERS_CHANGED, {"account_id": str(account.id)})
    return made


async def change_holder(actor: Actor, account_id: UUID, holder_id: UUID, given: HolderForm) -> Holder:
    """Change what is written of a holder; whether they have confirmed themselves stays.

    Raises:
        Invalid: as ``add_holder``.
    """
    actor.require("accounts.write")
    account = await queries.account(actor, account_id)
    found = await queries.holder(actor, account_id, holder_id, lock=True)
    before = _shown(found)
    found.update_from_dict(_facts(account, given))
    await _save(found)
    await _record_holder(actor, "holder.changed", found, account, before=before, after=_shown(found))
    await publish(HOLDERS_CHANGED, {"account_id": str(account.id)})
    return found


async def end_holder(actor: Actor, account_id: UUID, holder_id: UUID, *, until: date) -> Holder:
    """End a holder's part with a last day: from then on they see only what was before.

    Raises:
        Invalid: the day is before they began.
    """
    actor.require("accounts.write")
    account = await queries.account(actor, account_id)
    found = await queries.holder(actor, account_id, holder_id, lock=True)
    if found.since and until < found.since:
        text = t("The last day cannot be before the first.")
        raise Invalid("holder.until", text, fields={"until": text})
    found.until = until
    await found.save(update_fields=["until"])
    await _record_holder(actor, "holder.ended", found, account, after={"until": until.isoformat()})
    await publish(HOLDERS_CHANGED, {"account_id": str(account.id)})
    return found


async def invite_holder(actor: Actor, account_id: UUID, holder_id: UUID) -> Holder:
    """Send a holder the code by which they confirm themselves, and where to type it.

    Raises:
        Conflict: they are confirmed, have no e-mail address, or no longer hold the account.
        TooMany: they were written to often enough.
    """
    actor.require("accounts.write")
    account = await queries.account(actor, account_id)
    found = await queries.holder(actor, account_id, holder_id)
    _require_invitable(found)
    await spend("holder-invitation", str(found.id), INVITATIONS)
    await codes.ensure_codes(found.tenant_id, [account.id])
    code = codes.confirmation_code(found)
    tenant = await Tenant.get(id=found.tenant_id)
    subject, body = _invitation(tenant, account, found, code)
    await notify(
        actor,
        template="holder.invitation",
        channel="email",
        recipient=found.email,
        subject=subject,
        body=body,
        account_id=account.id,
    )
    await _record_holder(actor, "holder.invited", found, account, after={"email": found.email})
    return found


def _require_invitable(found: Holder) -> None:
    if found.confirmed_at:
        raise Conflict("holder.confirmed", t("{name} has confirmed themselves already.", name=found.name))
    if found.until:
        raise Conflict("holder.ended", t("{name} no longer holds this account.", name=found.name))
    if not found.email:
        text = t(
            "There is no e-mail address of {name}. Add one, or print the bill: the code is on it.",
            name=found.name,
        )
        raise Conflict("holder.no_email", text)


def _invitation(tenant: Tenant, account: Account, found: Holder, code: str) -> tuple[Text, Text]:
    url = f"{runtime().public_url.rstrip('/')}/my/accounts?code={code}"
    subject = t("{institution}: see and pay your bills online", institution=tenant.name)
    body = t(
        "Dear {name},\n\n{institution} has put you down for {account}. To see its bills and pay them, sign in"
        " here and confirm with this code:\n\n{code}\n\n{url}\n\nIf this is not yours, you need do nothing.",
        name=found.name,
        institution=tenant.name,
        account=account.name,
        code=code,
        url=url,
    )
    return subject, body


def _facts(account: Account, given: HolderForm) -> dict[str, Any]:
    if given.relation not in queries.relations_of(account):
        text = t("Choose one of the relations.")
        raise Invalid("holder.relation", text, fields={"relation": text})
    return {
        "name": given.name,
        "relation": given.relation,
        "email": given.email or "",
        "phone": given.phone or "",
        "since": given.since,
    }


async def _save(holder: Holder, *, is_new: bool = False) -> None:
    if holder.since and holder.until and holder.until < holder.since:
        text = t("This is after the last day.")
        raise Invalid("holder.since", text, fields={"since": text})
    try:
        async with open_scope(tenant_scope(holder.tenant_id)):
            await holder.save(force_create=is_new)
    except IntegrityError as error:
        text = t("The account has this holder already.")
        raise Invalid("holder.twice", text, fields={"name": text}) from error


def _shown(holder: Holder) -> dict[str, Any]:
    return {
        "name": holder.name,
        "relation": holder.relation,
        "email": holder.email,
        "phone": holder.phone,
        "since": holder.since.isoformat() if holder.since else None,
    }


async def _record(actor: Actor, act: str, account: Account, **facts: Any) -> None:
    await audit.record(
        actor, act, subject_kind="account", subject_id=account.id, subject_label=account.number, **facts
    )


async def _record_holder(actor: Actor, act: str, holder: Holder, account: Account, **facts: Any) -> None:
    await audit.record(
        actor,
        act,
        subject_kind="holder",
        subject_id=holder.id,
        subject_label=f"{holder.name}, {account.number}",
        **facts,
    )
