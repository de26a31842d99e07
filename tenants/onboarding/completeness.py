"""Whether an application may go on: what its kind of institution needs, and what the bank asks for besides."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from tenants.banks.policy import policy_of
from tenants.days import today_at_bank
from tenants.models import AccountProof, Application, ApplicationDocument, ApplicationPerson, BankPolicy
from tenants.onboarding.checklist import (
    DOCUMENT_KINDS,
    PEOPLE_ROLES,
    REQUIRED_DOCUMENTS,
    REQUIRED_PEOPLE,
    REQUIREMENTS,
    missing_documents,
)
from ui.errors import Conflict, Invalid
from ui.formats import listed
from ui.i18n import N_, gettext, t


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the checklist; ``name`` and ``advice`` are msgids, ``must`` whether the bank insists on it."""

    key: str
    name: str
    advice: str
    is_done: bool
    must: bool


async def documents_of(found: Application) -> list[ApplicationDocument]:
    """Return the documents that count: those that no newer one has replaced."""
    return await ApplicationDocument.filter(
        bank_id=found.bank_id, application_id=found.id, replaced_at=None
    ).order_by("id")


async def checklist(found: Application) -> list[Item]:
    """Return what this application needs before it may be decided, as it stands now."""
    policy = await policy_of(found.bank_id)
    return [
        *_papers(found, await documents_of(found), await today_at_bank(found.bank_id)),
        *[await _asked(found, key, policy) for key in _STEPS],
    ]


def _papers(found: Application, papers: Sequence[ApplicationDocument], now: date) -> list[Item]:
    good = {one.kind for one in papers if one.expires_on is None or one.expires_on >= now}
    had = {one.kind for one in papers}
    return [
        Item(kind, DOCUMENT_KINDS[kind], _RUN_OUT if kind in had - good else "", kind in good, must=True)
        for kind in DOCUMENT_KINDS
        if kind in REQUIRED_DOCUMENTS[found.kind]
    ]


_RUN_OUT = N_("The document has run out. Add the new one.")
_STEPS = ("people", "account", "checks")


async def _asked(found: Application, key: str, policy: BankPolicy) -> Item:
    one = REQUIREMENTS[key]
    return Item(key, one.name, one.advice, await _is_done(found, key), must=key in policy.before_approval)


async def missing_people(found: Application) -> list[str]:
    """Return the roles that somebody still has to be named for, in the order they are listed."""
    people = await ApplicationPerson.filter(bank_id=found.bank_id, application_id=found.id)
    lacking = REQUIRED_PEOPLE[found.kind] - {one.role for one in people}
    return [role for role in PEOPLE_ROLES if role in lacking]


async def _is_done(found: Application, key: str) -> bool:
    where = {"bank_id": found.bank_id, "application_id": found.id}
    if key == "people":
        return not await missing_people(found)
    if key == "account":
        return await AccountProof.filter(**where, status="proven", account_hash=found.account_hash).exists()
    return found.checked_at is not None and not any(
        one["key"].endswith("_silent") for one in found.findings or ()
    )


async def check_before_submit(found: Application) -> None:
    """Refuse to hand in what lacks a document, or somebody whom the bank wants named.

    Raises:
        Invalid: with what is missing.
    """
    items = await checklist(found)
    papers = missing_documents(found.kind, {one.key for one in items if one.is_done})
    if papers:
        names = listed(gettext(DOCUMENT_KINDS[kind]) for kind in papers)
        raise Invalid("application.incomplete", t("These documents are still missing: {names}.", names=names))
    if any(one.key == "people" and one.must and not one.is_done for one in items):
        roles = listed(gettext(PEOPLE_ROLES[role]) for role in await missing_people(found))
        raise Invalid("application.people", t("Name these people first: {roles}.", roles=roles))


NOT_YET = {"application.not_ready", "application.too_risky"}
"""Why an application cannot be approved as it is; it may still be returned or rejected."""


async def check_before_approval(found: Application) -> BankPolicy:
    """Refuse to approve before everything that the bank asks for is there; return its policy.

    Raises:
        Conflict: with what is missing, or a score beyond what the bank takes.
    """
    policy = await policy_of(found.bank_id)
    open_items = [one for one in await checklist(found) if one.must and not one.is_done]
    if open_items:
        names = listed(gettext(one.name) for one in open_items)
        raise Conflict("application.not_ready", t("This is still open: {names}.", names=names))
    if found.score is not None and found.score >= policy.score_to_refuse:
        raise Conflict(
            "application.too_risky",
            t(
                "The score is {score}; the bank takes nobody from {limit} on.",
                score=found.score,
                limit=policy.score_to_refuse,
            ),
        )
    return policy
