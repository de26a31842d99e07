"""The bank, its branches and its first people: written by the owner role, as only the command line may."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from deploy.database import connected
from deploy.errors import OperatorError
from deploy.seed import people
from deploy.seed.cast import BANK, BRANCHES, CLERKS
from deploy.settings import Settings
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import Audit, Bank, BankMembership, Branch
from tenants.permissions import bank_permissions
from tenants.scope import Scope, bank_scope, open_scope, operator_scope

SEEDED = "demonstration.seeded"
"""The act in the bank's trail that says which chapter has been written."""


@dataclass(frozen=True, slots=True)
class Founded:
    """The bank with its branches by code and its staff by role."""

    bank: Bank
    branches: dict[str, UUID]
    staff: dict[str, Actor]


async def found(settings: Settings) -> None:
    """Write the bank, unless it is there: the one row that needs the owner.

    Raises:
        OperatorError: the database belongs to other banks, or the owner's address is missing.
    """
    owner = settings.database_owner_url.get_secret_value()
    if not owner:
        raise OperatorError(
            "DATABASE_OWNER_URL is missing: a bank is written as the role that owns the tables."
        )
    async with connected(owner, pool=2):
        async with open_scope(Scope()):
            known = {bank.slug for bank in await Bank.all()}
        if known and BANK not in known:
            raise OperatorError("This database has banks of its own; the demonstration wants an empty one.")
        if not known:
            async with open_scope(operator_scope()):
                await Bank.create(
                    id=new_id(),
                    slug=BANK,
                    name="海港银行",
                    name_en="Harbour Bank",
                    accent="#0b5d7a",
                    country="SG",
                )


async def staff(bank: Bank, issuer: str) -> None:
    """Give the bank its branches and its people, in its own open scope."""
    branches: dict[str, UUID] = {}
    for code, name, above in BRANCHES:
        made = await Branch.create(
            id=new_id(), bank_id=bank.id, parent_id=branches.get(above), code=code, name=name
        )
        branches[code] = made.id
    for clerk in CLERKS:
        await BankMembership.create(
            id=new_id(),
            bank_id=bank.id,
            branch_id=branches.get(clerk.branch),
            person_id=await people.clerk(clerk, issuer),
            role=clerk.role,
            name=clerk.name,
            email=clerk.email,
        )


async def the_bank(slug: str = BANK) -> Bank:
    """Return the demonstration's bank, or another one of it."""
    async with open_scope(Scope()):
        return await Bank.get(slug=slug)


async def open_bank(slug: str = BANK) -> Founded:
    """Return the bank as it stands, with its staff able to act."""
    bank = await the_bank(slug)
    async with open_scope(bank_scope(bank.id)):
        branches = {branch.code: branch.id for branch in await Branch.filter(bank_id=bank.id)}
        members = await BankMembership.filter(bank_id=bank.id, ended_at=None)
    return Founded(bank, branches, {one.role: _actor(bank, one) for one in members})


def _actor(bank: Bank, member: BankMembership) -> Actor:
    base = people.actor("bank", member.name, member.person_id, member.email)
    branches = (member.branch_id,) if member.branch_id else ()
    return replace(
        base,
        bank_id=bank.id,
        permissions=bank_permissions([member.role]),
        roles=(member.role,),
        branches=branches,
    )


async def has_chapter(bank: Bank, title: str) -> bool:
    """Tell whether a chapter of the demonstration was written before."""
    async with open_scope(bank_scope(bank.id)):
        return await Audit.filter(bank_id=bank.id, act=SEEDED, subject_label=title).exists()


async def note_chapter(bank: Bank, title: str) -> None:
    """Note in the bank's trail, in the open transaction, that a chapter has been written."""
    async with open_scope(bank_scope(bank.id)):
        await Audit.create(
            id=new_id(),
            bank_id=bank.id,
            act=SEEDED,
            person_name="cloud seed",
            subject_kind="demonstration",
            subject_label=title,
            created_at=datetime.now(UTC),
        )
