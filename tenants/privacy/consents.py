"""What people may agree to, in numbered wordings, and the register of who did."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from tenants import audit
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import Consent
from ui.errors import Invalid, NotFound
from ui.i18n import N_, t


@dataclass(frozen=True, slots=True)
class Purpose:
    """One thing to agree to: its name, the wording people see and that wording's number."""

    name: str
    text: str
    wording: str
    is_about_child: bool = False


PURPOSES: Mapping[str, Purpose] = {
    "offers": Purpose(
        N_("Offers of the bank"),
        N_("The bank may tell me about services that fit what I pay here. Nothing is passed on to others."),
        "2026-1",
    ),
    "statistics": Purpose(
        N_("Statistics"),
        N_("How I use these pages may be counted together with at least ten others, to make them better."),
        "2026-1",
    ),
    "child": Purpose(
        N_("Data of a child under fourteen"),
        N_("As guardian I agree that the school or hospital keeps my child's data to charge its fees."),
        "2026-1",
        is_about_child=True,
    ),
}


async def give(actor: Actor, purpose: str, *, for_child: str = "") -> Consent:
    """Note that a person agrees, in their own open scope; agreeing twice changes nothing.

    Raises:
        Invalid: there is no such purpose, or a guardian's consent names no child.
    """
    found = PURPOSES.get(purpose)
    if found is None or found.is_about_child != bool(for_child.strip()):
        text = t("Name the child this is about.")
        raise Invalid("consent.child", text, fields={"for_child": text})
    same: dict[str, Any] = {"person_id": actor.person_id, "purpose": purpose, "for_child": for_child.strip()}
    known = await Consent.get_or_none(**same, withdrawn_at=None, wording=found.wording)
    if known:
        return known
    made = await Consent.create(id=new_id(), **same, wording=found.wording)
    await _record(actor, made, "consent.given")
    return made


async def withdraw(actor: Actor, consent_id: UUID) -> Consent:
    """Take a consent back at once."""
    found = await Consent.get_or_none(person_id=actor.person_id, id=consent_id, withdrawn_at=None)
    if found is None:
        raise NotFound("consent.not_found", t("There is no such consent."))
    found.withdrawn_at = datetime.now(UTC)
    await found.save(update_fields=["withdrawn_at"])
    await _record(actor, found, "consent.withdrawn")
    return found


async def has_agreed(person_id: UUID, purpose: str) -> bool:
    """Tell whether a person agrees now, in their own open scope."""
    return await Consent.filter(person_id=person_id, purpose=purpose, withdrawn_at=None).exists()


async def _record(actor: Actor, found: Consent, act: str) -> None:
    await audit.record(
        actor,
        act,
        subject_kind="consent",
        subject_id=found.id,
        subject_label=found.purpose,
        after={"wording": found.wording},
    )
