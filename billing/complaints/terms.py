"""A bank's own days: to answer by kind, until an answer counts as accepted, in which it can be opened again, to go up.

Each setting is a row of its own, so that the history stands and says who promised what from when. What was filed before
keeps the day it was given.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from billing.complaints.states import CLOSES_AFTER, ESCALATES_AGAIN, KINDS, REOPENS_WITHIN
from billing.models import ComplaintTerms
from tenants import audit
from tenants.actor import Actor
from tenants.banks.reach import bank_of
from tenants.ids import new_id
from ui.errors import Invalid
from ui.i18n import t

LONGEST = 60
"""No kind may be left for longer than two months."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Days that hold at a bank."""

    days: Mapping[str, int]
    closes_after: int = CLOSES_AFTER
    reopens_within: int = REOPENS_WITHIN
    escalates_again: int = ESCALATES_AGAIN


async def terms_of(bank_id: UUID) -> Terms:
    """Return what holds now; a bank that has set nothing has the days of the house."""
    own = await ComplaintTerms.filter(bank_id=bank_id).order_by("-created_at", "-id").first()
    days = {key: kind.days for key, kind in KINDS.items()}
    if own is None:
        return Terms(days)
    return Terms({**days, **own.days}, own.closes_after, own.reopens_within, own.escalates_again)


async def set_terms(actor: Actor, terms: Terms, *, reason: str) -> ComplaintTerms:
    """Let other days hold from now on.

    Raises:
        Invalid: a kind is left out, days are out of bounds, or no reason is given.
    """
    actor.require("policy.write")
    actor.require_fresh()
    wrong = {f"days-{key}" for key in KINDS if not 1 <= terms.days.get(key, 0) <= LONGEST}
    if wrong or set(terms.days) != set(KINDS):
        text = t("Enter days from 1 to {n}.", n=LONGEST)
        raise Invalid("complaint_terms.days", text, fields=dict.fromkeys(wrong, text))
    if not reason.strip():
        text = t("Say why.")
        raise Invalid("complaint_terms.reason", text, fields={"reason": text})
    before = await terms_of(bank_of(actor))
    made = await ComplaintTerms.create(
        id=new_id(), bank_id=bank_of(actor), reason=reason.strip(), set_by_name=actor.name[:100], **facts_of(terms)
    )  # fmt: skip
    await audit.record(
        actor,
        "complaint_terms.changed",
        subject_kind="complaint_terms",
        subject_id=made.id,
        subject_label=str(actor.place.get("name_en", "")),
        before=_changed(before, terms),
        after=_changed(terms, before) | {"reason": made.reason},
    )
    return made


def facts_of(terms: Terms) -> dict[str, Any]:
    """Return the days as plain data."""
    return asdict(terms) | {"days": dict(terms.days)}


def _changed(terms: Terms, other: Terms) -> dict[str, Any]:
    """Return what is not the same in both, for the trail."""
    same = facts_of(other)
    days = {key: n for key, n in terms.days.items() if other.days.get(key) != n}
    rest = {key: n for key, n in facts_of(terms).items() if key != "days" and n != same[key]}
    return rest | ({"days": days} if days else {})


async def history(actor: Actor, most: int = 50) -> list[ComplaintTerms]:
    """Return what has held, the newest first."""
    return await ComplaintTerms.filter(bank_id=bank_of(actor)).order_by("-created_at", "-id").limit(most)
