"""One application on its page: facts, checklist, findings, people, account, documents, decision, story."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tenants import kinds
from tenants.actor import Actor
from tenants.banks.policy import policy_of
from tenants.models import Application, Branch
from tenants.onboarding import people, proofs, queries, services
from tenants.onboarding.checklist import (
    DOCUMENT_KINDS,
    EXPIRING,
    INSTITUTION_KINDS,
    PEOPLE_ROLES,
)
from tenants.onboarding.columns import STATUS_WORDS, TONES
from tenants.onboarding.completeness import Item, checklist, documents_of, missing_people
from tenants.onboarding.forms import ApplicationForm, ReasonsForm
from tenants.onboarding.paper_forms import AskForm, DocumentForm
from tenants.onboarding.papers import open_requests, reason_of
from tenants.onboarding.ports import outside
from tenants.onboarding.proof_forms import AmountForm
from tenants.onboarding.scoring import band, points, sentence
from tenants.onboarding.snapshots import Change, changes
from ui.formats import listed
from ui.forms import Form
from ui.i18n import N_, gettext, t
from ui.render import respond

STAGES = (N_("Application"), N_("Checks and decision"), N_("Getting ready"), N_("Live"))
PROVABLE = (*services.OPEN, "submitted")
"""When its settlement account can be proven: what was begun before an application is handed in may end after it."""
_STAGE = {"draft": 1, "returned": 1, "submitted": 2, "rejected": 2, "withdrawn": 1}
_FORMS = {
    "form": ReasonsForm,
    "upload": DocumentForm,
    "ask": AskForm,
    "person": people.PersonForm,
    "amount": AmountForm,
}


async def show(
    request: Request, actor: Actor, found: Application, status: int = 200, **forms: Any
) -> Response:
    """Answer with the application's page; ``forms`` are those that were sent and need another look."""
    context = {
        **{name: forms.get(name) or Form.blank(model) for name, model in _FORMS.items()},
        **await _facts(found),
        **await _asked(found),
        **_rights(actor, found),
        "root": f"/bank/{actor.place['slug']}",
        "here": address(actor, found),
    }
    return await respond(request, "tenants/onboarding/application.html", context, status=status)


def address(actor: Actor, found: Application) -> str:
    """Return where an application's page is."""
    return f"/bank/{actor.place['slug']}/applications/{found.id}"


async def _facts(found: Application) -> dict[str, Any]:
    papers = await documents_of(found)
    named = await people.people_of(found)
    return {
        "application": found,
        "branch": await Branch.get(bank_id=found.bank_id, id=found.branch_id),
        "documents": [(paper, t(DOCUMENT_KINDS[paper.kind])) for paper in papers],
        "requests": [
            (one, t(DOCUMENT_KINDS[one.kind]), reason_of(one)) for one in await open_requests(found)
        ],
        "people": [(one, t(PEOPLE_ROLES[one.role]), t(people.ID_KINDS[one.id_kind])) for one in named],
        "kind": t(INSTITUTION_KINDS[found.kind]),
        "scenario": t(kinds.SCENARIOS[found.scenario].name),
        "status_word": STATUS_WORDS[found.status],
        "tone": TONES.get(found.status, "neutral"),
        "story": await queries.story(found),
        "stages": [gettext(stage) for stage in STAGES],
        "stage": await _stage(found),
        "document_kinds": [(key, gettext(name)) for key, name in DOCUMENT_KINDS.items()],
        "expiring": EXPIRING,
        "roles": [(key, gettext(name)) for key, name in PEOPLE_ROLES.items()],
        "id_kinds": [(key, gettext(name)) for key, name in people.ID_KINDS.items()],
    }


async def _stage(found: Application) -> int:
    if found.status != "approved":
        return _STAGE[found.status]
    return 4 if await queries.is_live(found) else 3


async def _asked(found: Application, *, is_outside: bool = False) -> dict[str, Any]:
    """Return the checklist, what was found, the account's proof and what changed since the last hand-in."""
    differs = changes(found.earlier_facts, found.sent_facts)
    policy = await policy_of(found.bank_id)
    return {
        "checklist": [
            {
                "title": gettext(one.name),
                "text": await _advice(found, one, is_outside=is_outside),
                "is_done": one.is_done,
                "must": one.must,
            }
            for one in await checklist(found)
            if one.must or one.is_done
        ],
        "findings": [(sentence(one), points(one)) for one in found.findings or ()],
        "band": band(found.score or 0),
        "limit": policy.score_to_refuse,
        "proof": await proofs.proof_of(found),
        "is_proven": await proofs.is_proven(found),
        "collection": proofs.COLLECTION,
        "has_outside": outside() is not None,
        "changes": None if differs is None else [_told(one) for one in differs],
    }


async def _advice(found: Application, one: Item, *, is_outside: bool) -> str:
    """Return what is to be done about a line of the checklist; of people, who is still to be named.

    Whoever applies from outside has nothing to do about the checks: the bank runs them.
    """
    if one.key == "checks" and is_outside:
        return gettext("The bank does this once you have handed in.")
    lacking = await missing_people(found) if one.key == "people" else []
    if not lacking:
        return gettext(one.advice)
    return gettext("Still to be named: {who}", who=listed(gettext(PEOPLE_ROLES[role]) for role in lacking))


def _told(change: Change) -> tuple[str, str, str]:
    """Return a change as people read it: what, before, now."""
    if change.kind == "facts":
        field = ApplicationForm.model_fields.get(change.name)
        label = gettext(str(field.title)) if field else gettext("Settlement account")
        shown = ("•••", "•••") if field is None else (change.before, change.now)
        return label, *shown
    words = DOCUMENT_KINDS if change.kind == "documents" else PEOPLE_ROLES
    texts = [_named(text, words) for text in (change.before, change.now)]
    label = gettext("Document") if change.kind == "documents" else gettext("Person")
    return label, texts[0], texts[1]


def _named(text: str, words: Any) -> str:
    if not text:
        return "–"
    key, name, *_ = text.split("|")
    return f"{gettext(words[key])}: {name}"


def _rights(actor: Actor, found: Application) -> dict[str, bool]:
    return {
        "may_write": actor.may("applications.write") and found.status in services.OPEN,
        "may_bring": actor.may("applications.write"),
        "may_prove": actor.may("applications.write") and found.status in PROVABLE,
        "may_decide": actor.may("applications.decide") and found.status == "submitted",
        "may_check": actor.works_with_institutions() and found.status in {"submitted", *services.OPEN},
        "may_ask": (actor.may("applications.write") or actor.may("applications.decide"))
        and found.status in {"submitted", "approved", *services.OPEN},
        "is_own": found.created_by == actor.person_id,
    }


async def for_applicant(
    request: Request, found: Application, here: str, status: int = 200, **forms: Any
) -> Response:
    """Answer with the page of whoever applied by themselves: the same facts, and no word of what the checks found."""
    is_open = found.status in services.OPEN
    context = {
        **{name: forms.get(name) or Form.blank(model) for name, model in _FORMS.items()},
        **await _facts(found),
        **await _asked(found, is_outside=True),
        "here": here,
        "may_write": is_open,
        "may_bring": True,
        "may_prove": found.status in PROVABLE,
        "may_ask": False,
    }
    return await respond(request, "tenants/onboarding/applicant.html", context, status=status)
