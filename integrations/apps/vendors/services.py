"""A company becomes a vendor: it registers with what its bank verified, and the bank's people admit it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from tortoise.exceptions import IntegrityError

from integrations.apps.models import Vendor, VendorMember
from integrations.apps.vendors import letters, sandbox
from integrations.apps.vendors.states import VENDOR_MOVES, check
from integrations.provider.ending import end_grants
from tenants import audit
from tenants.actor import STRONG_LEVEL, Actor, StepUp
from tenants.banks.reach import bank_of
from tenants.ids import new_id
from tenants.scope import open_scope, person_scope, rows, vendor_scope
from ui.errors import Conflict, Forbidden, Invalid, NotFound
from ui.i18n import t


async def register(
    actor: Actor, *, slug: str, website: str, contact_email: str, contact_phone: str, about: str
) -> Vendor:
    """Register the company the person is signed in for, as its bank verified it; they become its owner.

    Raises:
        Forbidden: without a company login.
        StepUp: when the sign-in is not strong enough.
        Invalid: when the name in addresses is taken or the company is registered already.
    """
    company = _company(actor)
    vendor_id, bank_id = new_id(), UUID(company["bank_id"])
    try:
        async with open_scope(vendor_scope(vendor_id)):
            made = await Vendor.create(
                id=vendor_id,
                bank_id=bank_id,
                slug=slug,
                name=company["name"],
                uscc=company["uscc"],
                legal_representative=company["legal_representative"],
                website=website,
                contact_email=contact_email,
                contact_phone=contact_phone,
                about=about,
                created_by=actor.person_id,
            )
            await _first_member(actor, made)
            await note(actor, made, "vendor.registered", after={"website": website})
    except IntegrityError as error:
        raise _taken(error) from None
    return made


def _company(actor: Actor) -> Mapping[str, Any]:
    company = actor.company
    if not company or actor.method != "bank" or not company["uscc"]:
        raise Forbidden("vendor.no_company", t("Sign in with your company's bank login to offer apps."))
    if actor.level < STRONG_LEVEL:
        raise StepUp
    return company


def _taken(error: IntegrityError) -> Invalid:
    text = t("This company offers apps here already.")
    field = ""
    if "slug" in str(error):
        text, field = t("This name is taken. Choose another."), "slug"
    return Invalid("vendor.taken", text, fields={field: text} if field else {})


async def _first_member(actor: Actor, vendor: Vendor) -> None:
    await VendorMember.create(
        bank_id=vendor.bank_id,
        vendor_id=vendor.id,
        person_id=actor.person_id,
        role="owner",
        name=actor.name,
        email=actor.email or vendor.contact_email,
    )


async def mine(person_id: UUID) -> list[Any]:
    """Return the vendors that this person works for."""
    async with open_scope(person_scope(person_id)):
        return await rows(
            "select v.id, v.slug, v.name, v.status, m.role from integrations_vendor_member m"
            " join integrations_vendor v on v.id = m.vendor_id"
            " where m.person_id = $1 and m.ended_at is null order by v.name",
            person_id,
        )


async def get(actor: Actor, vendor_id: UUID) -> Vendor:
    """Return one vendor of the actor's bank; ``NotFound`` for any other."""
    found = await Vendor.get_or_none(bank_id=bank_of(actor), id=vendor_id)
    if found is None:
        raise NotFound("vendor.not_found", t("There is no such vendor."))
    return found


async def decide(actor: Actor, vendor_id: UUID, becomes: str, *, reasons: str = "") -> Vendor:
    """Admit, refuse, suspend or resume a vendor; suspending ends what its apps hold at once.

    Raises:
        Conflict: when its state does not lead there.
        Invalid: for a refusal or suspension without reasons.
    """
    actor.require("apps.review")
    actor.require_fresh()
    found = await Vendor.select_for_update().get_or_none(bank_id=bank_of(actor), id=vendor_id)
    if found is None:
        raise NotFound("vendor.not_found", t("There is no such vendor."))
    check(VENDOR_MOVES, found.status, becomes)
    need_reasons(becomes, reasons)
    was = found.status
    found.status, found.reasons, found.decided_by_name = becomes, reasons, actor.name
    found.decided_at = datetime.now(UTC)
    if becomes == "admitted" and not found.sandbox_tenant_ids:
        found.sandbox_tenant_ids = [(await sandbox.first(actor, found)).id]
    await found.save(
        update_fields=["status", "reasons", "decided_by_name", "decided_at", "sandbox_tenant_ids"]
    )
    act = "resumed" if was == "suspended" else becomes
    await note(
        actor, found, f"vendor.{act}", before={"status": was}, after={"status": becomes, "reasons": reasons}
    )
    if becomes == "suspended":
        await end_grants("suspended", vendor_id=found.id)
    await letters.about_vendor(found, act.removeprefix("vendor."))
    return found


def need_reasons(becomes: str, reasons: str) -> None:
    """Raise ``Invalid`` when something is refused, returned or suspended without saying why."""
    if becomes in {"refused", "returned", "suspended"} and not reasons.strip():
        text = t("Say why, so that the vendor can act on it.")
        raise Invalid("app.reasons", text, fields={"reasons": text})


async def note(
    actor: Actor,
    vendor: Vendor,
    act: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Write an act about a vendor into the trail that its bank reads."""
    await audit.record(
        actor,
        act,
        subject_kind="vendor",
        subject_id=vendor.id,
        subject_label=vendor.name,
        before=before,
        after=after,
        bank_id=vendor.bank_id,
    )


async def change(actor: Actor, *, website: str, contact_email: str, contact_phone: str, about: str) -> None:
    """Change how the vendor is reached; its legal facts come from its bank alone."""
    if "vendor.people" not in actor.permissions:
        raise Forbidden("permission.missing", t("You do not have the right to do this."))
    found = await Vendor.get(id=actor.vendor_id)
    if found.status == "refused":
        raise Conflict("vendor.refused", t("This vendor was refused."))
    found.website, found.contact_email, found.contact_phone, found.about = (
        website,
        contact_email,
        contact_phone,
        about,
    )
    await found.save(update_fields=["website", "contact_email", "contact_phone", "about"])
