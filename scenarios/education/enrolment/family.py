"""The public page of a round, and the family's applications: applied, offered, accepted, taken back."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.answers.notes import keep_files
from billing.names import localized
from billing.payer.overview import ids_of
from scenarios.education.enrolment import applying, links, rounds, services
from scenarios.education.enrolment.applying import Application
from scenarios.education.enrolment.states import APPLICANT, TONES, WORDS
from scenarios.education.family.children import children_of
from scenarios.education.models import SchoolApplicant, SchoolRound
from tenants.actor import Actor
from tenants.codes import new_token
from tenants.http import WRITES, ask_to_sign_in, path_id, person_route, public_route, who_is
from tenants.models import Tenant
from tenants.scope import open_scope, row, rows, tenant_scope
from ui.errors import Conflict, Invalid, NotFound
from ui.fields import Day
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond
from ui.shell import Shell


class ApplyForm(BaseModel):
    """What every school asks of a child."""

    child_name: str = Field(title=N_("Name of the child"), max_length=100)
    born_on: Annotated[Day, Field(title=N_("Date of birth"))]
    phone: str = Field("", title=N_("Your phone number"), max_length=40)
    agrees: bool = Field(False, title=N_("I agree"))
    of: UUID | None = None
    then: str = ""


async def _found(request: Request) -> tuple[SchoolRound, Tenant]:
    known = links.read(request.path_params["token"])
    if known is not None:
        async with open_scope(tenant_scope(known[0])):
            found = await SchoolRound.get_or_none(tenant_id=known[0], id=known[1])
            if found is not None and found.status != "draft":
                return found, await Tenant.get(id=known[0])
    raise NotFound("round.not_found", t("There is no such round of enrolment."))


async def public(request: Request) -> Response:
    """Show a round to anybody who has its address."""
    found, tenant = await _found(request)
    who = await who_is(request)
    draft = await _draft(request, who, found)
    values = {} if draft is None else _values(draft)
    answers = {} if draft is None else draft.answers
    return await _page(request, found, tenant, who, Form.blank(ApplyForm, values), answers, {}, draft=draft)


async def _draft(request: Request, who: Actor | None, found: SchoolRound) -> SchoolApplicant | None:
    """Return what the reader has begun and wants to go on with."""
    asked = request.query_params.get("of") or str((await request.form()).get("of") or "")
    wanted = ids_of([asked])
    if who is None or who.person_id is None or not wanted:
        return None
    async with open_scope(tenant_scope(found.tenant_id)):
        return await applying.draft_of(who, found, wanted[0])


def _values(draft: SchoolApplicant) -> dict[str, Any]:
    return {
        "child_name": draft.child_name,
        "born_on": draft.born_on.isoformat(),
        "phone": draft.phone,
        "agrees": True,
        "of": str(draft.id),
    }


async def _page(  # noqa: PLR0917 - all that one page shows
    request: Request,
    found: SchoolRound,
    tenant: Tenant,
    who: Actor | None,
    form: Form[ApplyForm],
    answers: dict[str, str],
    wrong: Any,
    status: int = 200,
    *,
    draft: SchoolApplicant | None = None,
) -> Response:
    if who is None:
        request.state.shell = Shell(face="payer", title=tenant.short_name, zone=tenant.timezone)
    kept = {one.get("paper"): one["filename"] for one in draft.files} if draft else {}
    context = {
        "round": found,
        "tenant": tenant,
        "title": localized(found.titles),
        "text": localized(found.texts),
        "questions": [
            {
                **one,
                "label": localized(one["labels"]),
                "value": answers.get(one["key"], ""),
                "pairs": [(each, each) for each in one.get("choices", [])],
            }
            for one in found.questions
        ],
        "papers": [
            {**one, "label": localized(one["labels"]), "kept": kept.get(one["key"], "")}
            for one in found.papers
        ],
        "agreed": gettext(applying.AGREED),
        "form": form,
        "who": who,
        "wrong": wrong,
        "is_open": found.status == "open",
        "here": f"/enrol/{request.path_params['token']}",
    }
    return await respond(request, "education/apply/round.html", context, status=status)


async def apply(request: Request) -> Response:
    """Hand an application in, or keep it for later, once the family has signed in; what was typed waits meanwhile."""
    found, tenant = await _found(request)
    who = await who_is(request)
    if who is None or who.person_id is None:
        return await ask_to_sign_in(request)
    form = await bind(request, ApplyForm)
    sent = await request.form()
    answers = {
        key.removeprefix("answer_"): str(value) for key, value in sent.items() if key.startswith("answer_")
    }
    wrong: dict[str, Any] = {}
    if form.is_valid:
        try:
            made = await _apply(who, found, form.ok, answers, sent)
            flash = _KEPT if made.status == APPLICANT.start else _SENT
            return redirect(request, f"/my/school/enrolments/{made.id}", flash=flash)
        except Invalid as error:
            wrong = dict(error.fields)
            form.fail_with(error)
        except Conflict as error:
            form.fail("", error.message)
    draft = await _draft(request, who, found)
    return await _page(request, found, tenant, who, form, answers, wrong, status=422, draft=draft)


_SENT = t("Handed in. You see here what the school decides.")
_KEPT = t("Kept for you. The school sees nothing of it until you hand it in.")


async def _apply(
    who: Actor, found: SchoolRound, said: ApplyForm, answers: dict[str, str], sent: Any
) -> SchoolApplicant:
    async with open_scope(who.scope()):
        siblings = [
            one for one in await children_of(who) if one.tenant_id == found.tenant_id and one.is_active
        ]
    do = applying.keep if said.then == "keep" else applying.apply
    async with open_scope(tenant_scope(found.tenant_id)):
        files = await _files(found, sent)
        agreed = gettext(applying.AGREED) if said.agrees else ""
        asked = Application(said.child_name, said.born_on, answers, files, said.phone, agreed)
        return await do(who, found, asked, has_sibling=bool(siblings), of=said.of)


async def _files(found: SchoolRound, sent: Any) -> list[dict[str, Any]]:
    files: list[dict[str, Any]] = []
    for one in found.papers:
        upload = sent.get(f"paper_{one['key']}")
        if isinstance(upload, UploadFile) and upload.filename:
            kept = await keep_files(found.tenant_id, [upload])
            files += [{**each, "paper": one["key"]} for each in kept]
    return files


_MINE = """
select a.id, a.tenant_id, a.number, a.child_name, a.status, a.submitted_at, a.answer_by, a.reason, a.hold_id
  from education_applicant a where a.person_id = $1 order by a.submitted_at desc nulls last limit 50
"""


async def _mine(request: Request, actor: Actor) -> tuple[SchoolApplicant, SchoolRound, Tenant]:
    """Return an application that the actor has made, proved in their own scope."""
    found = await row(
        "select tenant_id from education_applicant where id = $1 and person_id = $2",
        path_id(request),
        actor.person_id,
    )
    if found is None:
        raise NotFound("applicant.not_found", t("There is no such application, or it is not yours to see."))
    async with open_scope(tenant_scope(found["tenant_id"])):
        one = await services.applicant_of(found["tenant_id"], path_id(request))
        return one, await rounds.round_of(one.tenant_id, one.round_id), await Tenant.get(id=one.tenant_id)


async def index(request: Request, actor: Actor) -> Response:
    """List what the person has applied for."""
    found = [dict(one) for one in await rows(_MINE, actor.person_id)]
    context = {"applications": found, "words": WORDS, "tones": TONES}
    return await respond(request, "education/apply/mine.html", context)


async def show(request: Request, actor: Actor) -> Response:
    """Show one application with what to do about it now."""
    one, found, tenant = await _mine(request, actor)
    async with open_scope(tenant_scope(one.tenant_id)):
        held = await row(
            "select bill_id from billing_hold where tenant_id = $1 and id = $2 and status = 'held'",
            one.tenant_id,
            one.hold_id,
        )
        queue = await row(_QUEUE, one.tenant_id, one.round_id, one.submitted_at)
    context = {
        "applicant": one,
        "round": found,
        "tenant": tenant,
        "title": localized(found.titles),
        "state": (WORDS[one.status], TONES.get(one.status, "neutral")),
        "can_withdraw": APPLICANT.can(one.status, "withdraw"),
        "go_on": f"{links.url_of(found)}?of={one.id}" if found.status == "open" else "",
        "bill_id": held["bill_id"] if held else None,
        "queue": queue["n"] if queue else 0,
        "key": new_token(),
    }
    return await respond(request, "education/apply/application.html", context)


_QUEUE = """
select count(*)::int n from education_applicant
 where tenant_id = $1 and round_id = $2 and status = 'waiting' and submitted_at <= $3
"""


async def accept(request: Request, actor: Actor) -> Response:
    """Take the offered place, and go on to paying the deposit where one is asked."""
    one, _, _ = await _mine(request, actor)
    key = str((await request.form()).get("key") or new_token())
    flash = None
    try:
        async with open_scope(tenant_scope(one.tenant_id)):
            await services.accept(actor, one, key=key)
    except Conflict as error:
        flash = error.message
    return redirect(request, f"/my/school/enrolments/{one.id}", flash=flash)


async def withdraw(request: Request, actor: Actor) -> Response:
    """Take an application back."""
    async with open_scope(actor.scope()):
        one, _, _ = await _mine(request, actor)
    try:
        await services.withdraw(actor, one)
    except Conflict as error:
        return redirect(request, f"/my/school/enrolments/{one.id}", flash=error.message)
    if one.status == APPLICANT.start:
        return redirect(request, "/my/school/enrolments", flash=t("Deleted."))
    flash = t("The application is taken back. What you wrote and sent is deleted.")
    return redirect(request, f"/my/school/enrolments/{one.id}", flash=flash)


_REASON = "A school's round of enrolment: its address is signed for it alone."
ROUTES: list[BaseRoute] = [
    public_route("/enrol/{token}", public, reason=_REASON, name="enrol_form"),
    public_route("/enrol/{token}", apply, reason=_REASON, methods=WRITES, name="send_application"),
    person_route("/my/school/enrolments", index, name="my_enrolments"),
    person_route("/my/school/enrolments/{id}", show, name="my_enrolment"),
    person_route("/my/school/enrolments/{id}/acceptance", accept, methods=WRITES, name="accept_place"),
    person_route(
        "/my/school/enrolments/{id}/withdrawal",
        withdraw,
        methods=WRITES,
        name="withdraw_application",
        is_transactional=False,
    ),
]
