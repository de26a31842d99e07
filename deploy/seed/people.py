"""Persons of the demonstration: known by what their bank says of them, and as actors who have just signed in."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from deploy.seed.cast import BankClerk, Employee, Institution, Resident
from integrations.sign_in.people import Proven, person_of
from tenants.actor import Actor, Kind

STRONGEST = 3


async def clerk(one: BankClerk, issuer: str) -> UUID:
    """Return the person of the bank's staff, made on first sight as by a sign-in."""
    claims = {"name": one.name, "email": one.email, "staff_id": one.staff_id}
    proven = Proven(issuer, one.customer, "staff", one.name, email=one.email, claims=claims)
    return (await person_of(proven)).person_id


async def employee(one: Employee, issuer: str) -> UUID:
    """Return the person of an institution's staff."""
    claims = {"name": one.name, "email": one.email, **one.institution.mandate("authoriser")}
    proven = Proven(issuer, one.customer, "company", one.name, email=one.email, claims=claims)
    return (await person_of(proven)).person_id


async def resident(one: Resident, issuer: str) -> UUID:
    """Return the person of a payer."""
    claims = {"name": one.name, "email": one.email, "phone_number": one.phone}
    proven = Proven(issuer, one.customer, "personal", one.name, one.email, one.phone, claims)
    return (await person_of(proven)).person_id


def actor(kind: Kind, name: str, person_id: UUID, email: str, **more: Any) -> Actor:
    """Return somebody who has just signed in at their bank, as strongly as it can be done."""
    return Actor(
        kind=kind,
        name=name,
        person_id=person_id,
        email=email,
        level=STRONGEST,
        method="bank",
        auth_time=datetime.now(UTC),
        **more,
    )


def company(institution: Institution, bank_id: UUID) -> dict[str, Any]:
    """Return the company that somebody acts for, as a sign-in keeps it."""
    mandate = institution.mandate("authoriser")
    return {
        "bank_id": str(bank_id),
        "enterprise_id": mandate["enterprise_id"],
        "name": mandate["enterprise_name"],
        "uscc": mandate["enterprise_uscc"],
        "legal_representative": mandate["enterprise_legal_representative"],
        "operator_role": mandate["operator_role"],
    }
