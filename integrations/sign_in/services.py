"""Signing in at the bank, becoming surer of who it is, and signing out."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from integrations.sign_in import flow as flows
from integrations.sign_in import people
from integrations.sign_in.failures import SignInFailed, refused, said_by_bank, stale
from integrations.sign_in.flow import Flow
from integrations.sign_in.metadata import Metadata, metadata_of
from integrations.sign_in.provider import Provider, provider_for, provider_of
from integrations.sign_in.tokens import Verified, exchange, verify
from tenants import sessions
from tenants.actor import Actor
from tenants.models import Identity, Session
from tenants.scope import open_scope, person_scope
from ui.i18n import t

Kind = Literal["personal", "company", "staff"]


@dataclass(frozen=True, slots=True)
class Answer:
    """The parameters that the bank's redirect carried."""

    code: str
    error: str
    iss: str


@dataclass(frozen=True, slots=True)
class Visitor:
    """The browser that signs in: where from, and the session it already had."""

    ip: str
    user_agent: str
    token: str


@dataclass(frozen=True, slots=True)
class Departure:
    """A sign-in that begins: the flow to keep in the browser and the bank's address to go to."""

    flow: Flow
    url: str


async def depart(provider: Provider, flow: Flow) -> Departure:
    """Return how to get to the bank; ``ProviderDown`` when its sign-in is out of reach."""
    metadata = await metadata_of(provider.issuer)
    return Departure(flow, flows.authorization_url(flow, provider, metadata))


async def confirm(actor: Actor, target: str, *, level: int) -> tuple[Provider, Flow]:
    """Return the provider and flow by which the signed-in person proves themselves anew, at ``level`` or above."""
    bank_id = await bank_of_session(actor)
    provider = await provider_for(bank_id) if bank_id else None
    if provider is None or actor.person_id is None:
        message = t("You signed in with a one-time code. This needs a sign-in at your bank.")
        raise SignInFailed("sign_in.no_bank", message, advice=t("Sign in at your bank, then do it again."))
    flow = flows.begin(
        provider.slug, target, level=level, person_id=actor.person_id, session_id=actor.session_id
    )
    return provider, flow


async def bank_of_session(actor: Actor) -> UUID | None:
    """Return which bank vouched for the actor's session."""
    if actor.person_id is None or actor.session_id is None:
        return None
    async with open_scope(person_scope(actor.person_id)):
        session = await Session.get_or_none(id=actor.session_id)
    return session.bank_id if session else None


async def arrive(flow: Flow, answer: Answer, visitor: Visitor) -> str:
    """Finish a sign-in with the bank's answer; return the session's new token."""
    provider = await provider_of(flow.bank)
    if provider is None:
        raise stale()
    metadata = await metadata_of(provider.issuer)
    _check_issuer(answer, metadata)
    await flows.spend(flow)
    if answer.error or not answer.code:
        raise said_by_bank(answer.error or "no code")
    token = await exchange(answer.code, flow, provider, metadata)
    verified = await verify(token, flow, provider, metadata)
    return await _welcome(flow, verified, provider, visitor)


def _check_issuer(answer: Answer, metadata: Metadata) -> None:
    """Refuse an answer that another provider mixed in (RFC 9207)."""
    if answer.iss != metadata.issuer and (answer.iss or metadata.has_iss_in_response):
        raise refused("iss parameter", issuer=metadata.issuer)


async def _welcome(flow: Flow, verified: Verified, provider: Provider, visitor: Visitor) -> str:
    if flow.is_step_up:
        await _check_same_person(flow, verified)
    identity = await people.person_of(people.proven_by(verified))
    signed_in = _signed_in(identity, verified, provider, visitor)
    return await _step_up(flow, signed_in) or await _start(signed_in, visitor)


async def _check_same_person(flow: Flow, verified: Verified) -> None:
    """Somebody else at the bank must not strengthen this person's session, nor be made a person by trying."""
    identity = await people.find(verified.issuer, verified.subject)
    if identity is None or str(identity.person_id) != flow.person_id:
        message = t(
            "Somebody else signed in at the bank. You are still signed in as before; nothing was done."
        )
        advice = t("Confirm with your own sign-in, or sign out first to change to the other person.")
        raise SignInFailed("sign_in.other_person", message, status=403, advice=advice)


def _signed_in(
    identity: Identity, verified: Verified, provider: Provider, visitor: Visitor
) -> sessions.SignedIn:
    return sessions.SignedIn(
        person_id=identity.person_id,
        identity_id=identity.id,
        method="bank",
        level=verified.level,
        auth_time=verified.auth_time,
        company=people.company_of(verified, provider.bank_id),
        bank_id=provider.bank_id,
        provider_key=people.session_key_of(verified.issuer, verified.sid),
        id_token=verified.id_token,
        ip=visitor.ip,
        user_agent=visitor.user_agent,
    )


async def _step_up(flow: Flow, signed_in: sessions.SignedIn) -> str | None:
    """Strengthen the session that asked for it; ``None`` when it is over or was for another company."""
    if not flow.session_id:
        return None
    async with open_scope(person_scope(signed_in.person_id)):
        session = await Session.get_or_none(id=UUID(flow.session_id), ended_at=None)
        if session is None or _mandate(session.company) != _mandate(signed_in.company):
            return None
        return await sessions.step_up(session.id, signed_in)


def _mandate(company: dict[str, str] | None) -> tuple[str, str] | None:
    return (company["bank_id"], company["enterprise_id"]) if company else None


async def _start(signed_in: sessions.SignedIn, visitor: Visitor) -> str:
    """Begin a session of its own; the one this browser had, whoever left it there, ends."""
    if visitor.token:
        await sessions.end_token(visitor.token)
    async with open_scope(person_scope(signed_in.person_id)):
        return await sessions.start(signed_in)
