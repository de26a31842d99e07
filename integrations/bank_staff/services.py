"""Bank staff come in by the bank's act: its administrator names them by their number at the bank's provider."""

from uuid import UUID

from tortoise.exceptions import IntegrityError

from integrations.sign_in import people
from integrations.sign_in.provider import provider_for
from tenants import audit
from tenants.actor import Actor
from tenants.banks.reach import bank_of, sees_branch
from tenants.models import BankMembership
from tenants.permissions import BANK_ROLES
from tenants.scope import bank_scope, open_scope
from ui.errors import Invalid
from ui.i18n import t


async def add(
    actor: Actor, *, staff_number: str, name: str, email: str, role: str, branch_id: UUID | None
) -> BankMembership:
    """Give somebody of the bank a role here, before they ever signed in.

    ``staff_number`` is the subject the bank's provider knows them by; nobody else can sign in under it.
    """
    actor.require("staff.write")
    actor.require_fresh()
    bank_id = bank_of(actor)
    await _check(actor, role, branch_id)
    provider = await provider_for(bank_id)
    if provider is None:
        raise Invalid("staff.no_provider", t("The bank has no sign-in yet, so nobody can be added."))
    identity = await people.find(provider.issuer, staff_number)
    if identity is None:
        identity = await people.person_of(people.Proven(provider.issuer, staff_number, "staff", name, email))
    try:
        async with open_scope(bank_scope(bank_id)):
            made = await BankMembership.create(
                bank_id=bank_id,
                branch_id=branch_id,
                person_id=identity.person_id,
                role=role,
                name=name,
                email=email,
            )
    except IntegrityError:
        text = t("This person has the role already.")
        raise Invalid("staff.twice", text, fields={"staff_number": text}) from None
    await audit.record(
        actor,
        "bank_membership.added",
        subject_kind="bank_membership",
        subject_id=made.id,
        subject_label=name,
        after={"role": role, "branch_id": str(branch_id) if branch_id else None},
    )
    return made


async def _check(actor: Actor, role: str, branch_id: UUID | None) -> None:
    if role not in BANK_ROLES:
        raise Invalid("staff.role", t("Choose a role."), fields={"role": t("Choose a role.")})
    if (branch_id is None and actor.branches) or (branch_id and not await sees_branch(actor, branch_id)):
        text = t("Choose one of your branches.")
        raise Invalid("staff.branch", text, fields={"branch_id": text})
