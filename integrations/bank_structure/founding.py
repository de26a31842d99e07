"""A new bank: its row, a head office, its sign-in, and the first person who may do everything else."""

import re
from dataclasses import dataclass
from uuid import UUID

from tortoise.exceptions import IntegrityError

from integrations.sign_in import people
from integrations.sign_in.provider import save_provider
from tenants import audit
from tenants.actor import Actor
from tenants.banks.reach import bank_of
from tenants.ids import new_id
from tenants.models import Bank, BankMembership, Branch
from tenants.scope import Scope, bank_scope, open_scope, operator_scope
from ui.errors import Invalid, NotFound
from ui.i18n import Text, t

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,38}[a-z0-9])")
HEAD_OFFICE, FIRST_ROLE = "000", "administrator"


@dataclass(frozen=True, slots=True)
class NewBank:
    """What has to be known of a bank: names, how it signs people in, and who begins."""

    slug: str
    name: str
    name_en: str
    country: str
    accent: str
    issuer: str
    client_id: str
    client_secret: str
    staff_number: str
    admin_name: str
    admin_email: str


async def members(actor: Actor) -> list[Bank]:
    """Return the banks of the actor's union.

    Raises:
        NotFound: the actor's bank is no union.
    """
    found = await Bank.filter(union_id=bank_of(actor)).order_by("name_en")
    if not found:
        raise NotFound("page.not_found", t("There is no such page, or it is not yours to see."))
    return found


async def add_member(actor: Actor, given: NewBank) -> Bank:
    """Let a bank join the actor's union as a legal entity of its own; the union sees its totals and no more."""
    actor.require("policy.write")
    actor.require_fresh()
    await members(actor)
    return await _found(given, union_id=actor.bank_id, scope=actor.scope(), founder=actor)


async def found_as_operator(given: NewBank, union: str = "") -> Bank:
    """Write a bank or a union as whoever runs the product; ``union`` is the name in addresses of the one above."""
    async with open_scope(Scope()):
        above = await Bank.get_or_none(slug=union) if union else None
    if union and above is None:
        raise _wrong("union", t("There is no such union."))
    system = Actor(kind="system", name="cloud bank")
    return await _found(given, union_id=above.id if above else None, scope=operator_scope(), founder=system)


async def _found(given: NewBank, *, union_id: UUID | None, scope: Scope, founder: Actor) -> Bank:
    if not _SLUG.fullmatch(given.slug):
        raise _wrong("slug", t("Use 3 to 40 small letters, digits and hyphens."))
    made = Bank(
        id=new_id(), slug=given.slug, name=given.name, name_en=given.name_en, accent=given.accent.lower(),
        country=given.country.upper(), union_id=union_id,
    )  # fmt: skip
    try:
        async with open_scope(scope):
            await made.save(force_create=True)
    except IntegrityError:
        raise _wrong("slug", t("Another bank has this name in its addresses.")) from None
    await save_provider(made.id, given.issuer, given.client_id, given.client_secret)
    identity = await people.find(given.issuer, given.staff_number) or await people.person_of(
        people.Proven(given.issuer, given.staff_number, "staff", given.admin_name, given.admin_email)
    )
    async with open_scope(bank_scope(made.id)):
        await Branch.create(id=new_id(), bank_id=made.id, code=HEAD_OFFICE, name=given.name_en)
        await BankMembership.create(
            id=new_id(), bank_id=made.id, person_id=identity.person_id, role=FIRST_ROLE, name=given.admin_name,
            email=given.admin_email,
        )  # fmt: skip
        await _note(founder, made, made.id, given.admin_name)
    if union_id:
        async with open_scope(bank_scope(union_id)):
            await _note(founder, made, union_id, given.admin_name)
    return made


async def _note(founder: Actor, made: Bank, bank_id: UUID, administrator: str) -> None:
    await audit.record(
        founder,
        "bank.founded",
        subject_kind="bank",
        subject_id=made.id,
        subject_label=made.name_en,
        after={"administrator": administrator},
        bank_id=bank_id,
    )


def _wrong(field: str, text: Text) -> Invalid:
    return Invalid(f"bank.{field}", text, fields={field: text})
