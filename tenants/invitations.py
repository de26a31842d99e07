"""Offers of a role in a tenant: opened by a secret link, taken up with the tenant's own company login at its bank.

Who works for somebody else, such as a shopkeeper, has no such login: they prove who they are by one of their own.

An e-mail address only carries the link. What makes the member is that their bank says, now and strongly enough,
that they act for the very institution that invites: the same unified social credit code, at the same bank.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from tenants import audit, codes, jobs, notices
from tenants.actor import STRONG_LEVEL, Actor, StepUp
from tenants.models import Bank, Invitation, Membership, Role, Tenant
from tenants.permissions import is_for_outsiders
from tenants.runtime import runtime
from tenants.scope import execute, open_scope, rows, secret_scope, tenant_scope
from tenants.scope import tenant_id as scope_tenant
from ui.errors import Conflict, Forbidden, Invalid, NotFound
from ui.i18n import N_, Text, t

LIFE = timedelta(days=7)
_LETTER = N_(
    "Dear {name},\n\n{inviter} invites you to work for {tenant} as {role}.\n\n"
    "Open this link within seven days and sign in with your company's bank login:\n\n{url}\n\n"
    "If you did not expect this, you need not do anything."
)
_LETTER_OUTSIDE = N_(
    "Dear {name},\n\n{inviter} invites you as {role} of {tenant}.\n\n"
    "Open this link within seven days and sign in at your bank, for yourself or for your own company:\n\n{url}\n\n"
    "If you did not expect this, you need not do anything."
)
State = Literal["open", "used", "expired", "revoked"]
Obstacle = Literal["", "signed_out", "not_bank", "not_company", "other_company", "other_bank", "weak"]


@dataclass(frozen=True, slots=True)
class Invited:
    """A new or renewed invitation with the address that opens it, which is stored nowhere."""

    invitation: Invitation
    url: str


@dataclass(frozen=True, slots=True)
class Offer:
    """What the bearer of an invitation's link may know: who invites to what, and whether it still stands."""

    invitation: Invitation
    state: State
    role: str
    tenant: Tenant
    bank: Bank
    is_for_outsiders: bool


async def invite(actor: Actor, *, role: str, name: str, email: str) -> Invited:
    """Offer the role with this key to somebody by e-mail, in the open tenant scope.

    The bank's reviewer invites a new tenant's first administrator; after that the tenant's own people invite.

    Raises:
        Invalid: for a role that is not there, or somebody who has an open invitation to it.
    """
    _require(actor)
    tenant = await Tenant.get(id=scope_tenant())
    held = await Role.get_or_none(tenant_id=tenant.id, key=role)
    if held is None:
        raise Invalid("invitation.role", _ANOTHER_LOOK, fields={"role": t("Choose a role.")})
    if await _open_for(tenant.id, held.id, email):
        twice = t("This address has an open invitation to this role. Send it again instead.")
        raise Invalid("invitation.twice", _ANOTHER_LOOK, fields={"email": twice})
    token = codes.new_token()
    invitation = await Invitation.create(
        tenant_id=tenant.id,
        token_hash=codes.hash_token(token),
        role_id=held.id,
        name=name,
        email=email,
        invited_by_name=actor.name,
        expires_at=datetime.now(UTC) + LIFE,
    )
    await _note(actor, "invitation.sent", invitation, after={"role": held.name, "email": email})
    return await _send(actor, tenant, invitation, held, token)


async def resend(actor: Actor, invitation_id: UUID) -> Invited:
    """Send an invitation again with a new link and another seven days; the old link no longer opens anything."""
    _require(actor)
    invitation = await _unanswered(invitation_id)
    tenant = await Tenant.get(id=invitation.tenant_id)
    held = await Role.get(tenant_id=tenant.id, id=invitation.role_id)
    token = codes.new_token()
    invitation.token_hash = codes.hash_token(token)
    invitation.expires_at = datetime.now(UTC) + LIFE
    await invitation.save(update_fields=["token_hash", "expires_at"])
    await _note(actor, "invitation.resent", invitation, after={"email": invitation.email})
    return await _send(actor, tenant, invitation, held, token)


async def revoke(actor: Actor, invitation_id: UUID) -> None:
    """Take an invitation back; its link then says so."""
    _require(actor)
    invitation = await _unanswered(invitation_id)
    invitation.revoked_at = datetime.now(UTC)
    await invitation.save(update_fields=["revoked_at"])
    await _note(actor, "invitation.revoked", invitation, before={"email": invitation.email})


async def waiting(actor: Actor) -> list[Any]:
    """Return the tenant's invitations that nobody has taken up or taken back, newest first, at most 200."""
    if not actor.may("people.write"):
        actor.require("people.read")
    return await rows(
        "select i.id, i.name, i.email, i.invited_by_name, i.created_at, i.expires_at, r.name role, r.key role_key,"
        " i.expires_at <= now() is_expired from tenants_invitation i"
        " join tenants_role r on r.tenant_id = i.tenant_id and r.id = i.role_id"
        " where i.tenant_id = $1 and i.accepted_at is null and i.revoked_at is null"
        " order by i.created_at desc limit 200",
        scope_tenant(),
    )


def _require(actor: Actor) -> None:
    actor.require("applications.decide" if actor.kind == "bank" else "people.write")
    actor.require_fresh()


async def _open_for(tenant: UUID, role_id: UUID, email: str) -> bool:
    return await Invitation.filter(
        tenant_id=tenant,
        role_id=role_id,
        email__iexact=email,
        accepted_at=None,
        revoked_at=None,
        expires_at__gt=datetime.now(UTC),
    ).exists()


async def _unanswered(invitation_id: UUID) -> Invitation:
    found = await Invitation.get_or_none(tenant_id=scope_tenant(), id=invitation_id)
    if found is None:
        raise NotFound("invitation.not_found", t("There is no such invitation."))
    if found.accepted_at or found.revoked_at:
        raise Conflict(
            "invitation.answered", t("This invitation was taken up or taken back in the meantime.")
        )
    return found


async def _note(
    actor: Actor,
    act: str,
    invitation: Invitation,
    *,
    before: Mapping[str, str] | None = None,
    after: Mapping[str, str] | None = None,
) -> None:
    await audit.record(
        actor,
        act,
        subject_kind="invitation",
        subject_id=invitation.id,
        subject_label=invitation.name,
        before=dict(before) if before else None,
        after=dict(after) if after else None,
        tenant_id=invitation.tenant_id,
    )


async def _send(actor: Actor, tenant: Tenant, invitation: Invitation, role: Role, token: str) -> Invited:
    url = f"{runtime().public_url}/invitations/{token}"
    await notices.notify(
        actor,
        template="invitation",
        channel="email",
        recipient=invitation.email,
        subject=t("{tenant} invites you as {role}", tenant=tenant.short_name, role=Text(role.name)),
        body=t(
            _LETTER_OUTSIDE if _is_for_outsiders(role) else _LETTER,
            name=invitation.name,
            inviter=actor.name,
            tenant=tenant.name,
            role=Text(role.name),
            url=url,
        ),
    )
    return Invited(invitation, url)


async def look(token: str) -> Offer | None:
    """Return what the link with this token opens; ``None`` when it opens nothing."""
    found = await _by_token(token)
    if found is None:
        return None
    async with open_scope(tenant_scope(found.tenant_id)):
        tenant = await Tenant.get(id=found.tenant_id)
        role = await Role.get(tenant_id=tenant.id, id=found.role_id)
        bank = await Bank.get(id=tenant.bank_id)
        return Offer(found, state_of(found), role.name, tenant, bank, _is_for_outsiders(role))


def _is_for_outsiders(role: Role) -> bool:
    return is_for_outsiders(role.key, role.permissions)


async def _by_token(token: str) -> Invitation | None:
    token_hash = codes.hash_token(token)
    async with open_scope(secret_scope(token_hash)):
        return await Invitation.get_or_none(token_hash=token_hash)


def state_of(invitation: Invitation) -> State:
    """Return whether the invitation can still be taken up, and if not, why."""
    if invitation.accepted_at:
        return "used"
    if invitation.revoked_at:
        return "revoked"
    return "open" if invitation.expires_at > datetime.now(UTC) else "expired"


def obstacle(offer: Offer, actor: Actor | None) -> Obstacle:
    """Return what stands between this person and the invitation; empty when nothing does."""
    if actor is None:
        return "signed_out"
    if offer.is_for_outsiders:
        return _of_outsider(actor)
    company = actor.company
    if not company or actor.method != "bank":
        return "not_company"
    if company["uscc"] != offer.tenant.uscc:
        return "other_company"
    if company["bank_id"] != str(offer.tenant.bank_id):
        return "other_bank"
    return "" if actor.level >= STRONG_LEVEL else "weak"


def _of_outsider(actor: Actor) -> Obstacle:
    """Return what stands between somebody who works elsewhere and a role that is for them: their own bank's word."""
    if actor.method != "bank":
        return "not_bank"
    return "" if actor.level >= STRONG_LEVEL else "weak"


async def accept(actor: Actor, token: str) -> Offer:
    """Make the signed-in person a member, once; return what they have taken up.

    Raises:
        NotFound: when the link opens nothing.
        Conflict: when the invitation is used, expired or revoked.
        StepUp: when the sign-in is not strong enough.
        Forbidden: when the sign-in is not one of the institution's own company logins.
    """
    offer = await look(token)
    if offer is None:
        raise NotFound("invitation.not_found", t("This link does not lead to an invitation."))
    _check(offer, actor)
    async with open_scope(secret_scope(codes.hash_token(token))):
        if not await _take(offer.invitation.id, actor):
            raise _gone()
    async with open_scope(tenant_scope(offer.tenant.id)):
        await _admit(actor.within(offer.tenant.id), offer)
    return offer


def _check(offer: Offer, actor: Actor) -> None:
    found = obstacle(offer, actor)
    if offer.state != "open":
        raise _gone()
    if found == "weak":
        raise StepUp
    if found:
        message = t("This invitation is for the company login of {tenant}.", tenant=offer.tenant.name)
        if offer.is_for_outsiders:
            message = t("Sign in at your bank to accept this invitation.")
        raise Forbidden(f"invitation.{found}", message)


def _gone() -> Conflict:
    return Conflict("invitation.gone", t("This invitation was used, taken back or has run out."))


async def _take(invitation_id: UUID, actor: Actor) -> int:
    """Compare and set: of two at once, one wins."""
    return await execute(
        "update tenants_invitation set accepted_at = now(), accepted_by = $2"
        " where id = $1 and accepted_at is null and revoked_at is null and expires_at > now()",
        invitation_id,
        actor.person_id,
    )


async def _admit(actor: Actor, offer: Offer) -> None:
    invitation = offer.invitation
    has_it = Membership.filter(
        tenant_id=offer.tenant.id, person_id=actor.person_id, role_id=invitation.role_id, ended_at=None
    )
    if await has_it.exists():
        return
    membership = await Membership.create(
        tenant_id=offer.tenant.id,
        person_id=actor.person_id,
        role_id=invitation.role_id,
        name=actor.name,
        email=invitation.email,
    )
    await audit.record(
        actor,
        "membership.created",
        subject_kind="membership",
        subject_id=membership.id,
        subject_label=actor.name,
        after={
            "role": offer.role,
            "invitation": str(invitation.id),
            "invited_by": invitation.invited_by_name,
        },
    )
    await jobs.publish("membership.created", {"membership_id": str(membership.id)})


_ANOTHER_LOOK = t("Some answers need another look.")
