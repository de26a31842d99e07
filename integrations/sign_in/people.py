"""Who a proven sign-in is: found by (issuer, subject) and by nothing else, made on first sight.

An e-mail address, a telephone number or a tax number never links anybody to anything: whoever controls them at one
provider need not be the person who is known by them here.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from tortoise.exceptions import IntegrityError

from integrations.sign_in.tokens import Verified
from tenants.ids import new_id
from tenants.models import Identity, Person
from tenants.scope import open_scope, person_scope, secret_scope
from ui.i18n import current_locale

KEPT_CLAIMS = (
    "name",
    "email",
    "phone_number",
    "document_level",
    "staff_id",
    "enterprise_id",
    "enterprise_name",
    "enterprise_uscc",
    "enterprise_legal_representative",
    "operator_role",
)


@dataclass(frozen=True, slots=True)
class Proven:
    """(issuer, subject) with what the issuer says of the person now."""

    issuer: str
    subject: str
    customer_type: str
    name: str
    email: str = ""
    phone: str = ""
    claims: dict[str, Any] | None = None


def key_of(issuer: str, subject: str) -> bytes:
    """Return the secret under which an identity finds its row."""
    return hashlib.sha256(f"{issuer}\n{subject}".encode()).digest()


def session_key_of(issuer: str, sid: str) -> bytes | None:
    """Return the secret under which a provider's logout token finds its session; ``None`` without a ``sid``."""
    return hashlib.sha256(f"sid\n{issuer}\n{sid}".encode()).digest() if sid else None


def proven_by(verified: Verified) -> Proven:
    """Return what a bank has verified; unverified addresses are left out."""
    claims = verified.claims
    return Proven(
        issuer=verified.issuer,
        subject=verified.subject,
        customer_type=verified.customer_type,
        name=str(claims.get("name") or verified.subject)[:100],
        email=str(claims.get("email") or "")[:200] if claims.get("email_verified") is True else "",
        phone=str(claims.get("phone_number") or "")[:40]
        if claims.get("phone_number_verified") is True
        else "",
        claims={name: claims[name] for name in KEPT_CLAIMS if claims.get(name) is not None},
    )


async def person_of(proven: Proven) -> Identity:
    """Return the identity of whoever proved this, with what is known of them brought up to date.

    The first time makes a person without any membership or account. It happens safely twice at once.
    """
    found = await find(proven.issuer, proven.subject)
    if found is None:
        try:
            return await _first_time(proven)
        except IntegrityError:
            found = await find(proven.issuer, proven.subject)
            if found is None:
                raise
    return await _refresh(found, proven)


async def find(issuer: str, subject: str) -> Identity | None:
    """Return the identity with exactly this issuer and subject."""
    key = key_of(issuer, subject)
    async with open_scope(secret_scope(key)):
        return await Identity.get_or_none(key_hash=key)


async def _first_time(proven: Proven) -> Identity:
    person_id = new_id()
    async with open_scope(person_scope(person_id)):
        await Person.create(id=person_id, **_known(proven))
        return await Identity.create(
            person_id=person_id,
            key_hash=key_of(proven.issuer, proven.subject),
            issuer=proven.issuer,
            subject=proven.subject,
            customer_type=proven.customer_type,
            claims=proven.claims or {},
            last_used_at=datetime.now(UTC),
        )


async def _refresh(identity: Identity, proven: Proven) -> Identity:
    async with open_scope(person_scope(identity.person_id)):
        await Person.filter(id=identity.person_id).update(**_known(proven))
        identity.customer_type = proven.customer_type
        identity.claims = proven.claims or {}
        identity.last_used_at = datetime.now(UTC)
        await identity.save(update_fields=["customer_type", "claims", "last_used_at"])
    return identity


def _known(proven: Proven) -> dict[str, Any]:
    return {"name": proven.name, "email": proven.email, "phone": proven.phone, "locale": current_locale()}


def company_of(verified: Verified, bank_id: UUID) -> dict[str, Any] | None:
    """Return the company that the person acts for in this sign-in, as their bank verified it."""
    claims = verified.claims
    if verified.customer_type != "company" or not claims.get("enterprise_id"):
        return None
    return {
        "bank_id": str(bank_id),
        "enterprise_id": str(claims["enterprise_id"]),
        "name": str(claims.get("enterprise_name") or ""),
        "uscc": str(claims.get("enterprise_uscc") or ""),
        "legal_representative": str(claims.get("enterprise_legal_representative") or ""),
        "operator_role": str(claims.get("operator_role") or ""),
    }
