"""The public page of a round, and the family's applications: applied, offered, accepted, taken back."""

from typing import Annotated, Any

from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.answers.notes import keep_files
from billing.names import localized
from scenarios.education.enrolment import links, rounds, services
from scenarios.education.enrolment.services import Application
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
from ui.i18n import N_, t
from ui.render import redirect, respond
from ui.shell import Shell


class ApplyForm(BaseModel):
    """What every school asks of a child."""

    child_name: str = Field(title=N_("Name of the child"), max_length=100)
    born_on: Annotated[Day, Field(title=N_("Date of birth"))]
    phone: str = Field("", title=N_("Your phone number"), max_length=40)


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
    return await _page(request, found, tenant, who, Form.blank(ApplyForm), {}, {})


async def _page(  # noqa: PLR0917 - all that one page shows
    request: Request,
    found: SchoolRound,
    tenant: Tenant,
    who: Actor | None,
    form: Form[ApplyForm],
    answers: dict[str, str],
    wrong: Any,
    status: int = 200,
) -> Response:
    if who is None:
        request.state.shell = Shell(face="payer", title=tenant.short_name, zone=tenant.timezone)
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
        "papers": [{**one, "label": localized(one["labels"])} for one in found.papers],
        "form": form,
        "who": who,
        "wrong": wrong,
        "is_open": found.status == "open",
        "here": f"/enrol/{request.path_params['token']}",
    }
    return await respond(request, "education/apply/round.html", context, status=status)


async def apply(request: Request) -> Response:
    """Hand an application in, once the family has signed in; what was typed waits meanwhile."""
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
            return redirect(
                request,
                f"/my/enrolments/{made.id}",
                flash=t("Handed in. You see here what the school decides."),
            )
        except Invalid as error:
            wrong = dict(error.fields)
            form.fail_with(error)
        except Conflict as error:
            form.fail("", error.message)
    return await _page(request, found, tenant, who, form, answers, wrong, status=422)


async def _apply(
    who: Actor, found: SchoolRound, said: ApplyForm, answers: dict[str, str], sent: Any
) -> SchoolApplicant:
    async with open_scope(who.scope()):
        siblings = [
            one for one in await children_of(who) if one.tenant_id == found.tenant_id and one.is_active
        ]
    files: list[dict[str, Any]] = []
    async with open_scope(tenant_scope(found.tenant_id)):
        for one in found.papers:
            upload = sent.get(f"paper_{one['key']}")
            if isinstance(upload, UploadFile) and upload.filename:
                kept = await keep_files(found.tenant_id, [upload])
                files += [{**each, "paper": one["key"]} for each in kept]
        asked = Application(said.child_name, said.born_on, answers, files, said.phone)
        return await services.apply(who, found, asked, has_sibling=bool(siblings))


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
    return redirect(request, f"/my/enrolments/{one.id}", flash=flash)


async def withdraw(request: Request, actor: Actor) -> Response:
    """Take an application back."""
    async with open_scope(actor.scope()):
        one, _, _ = await _mine(request, actor)
    try:
        await services.withdraw(actor, one)
        flash = t("The application is taken back.")
    except Conflict as error:
        flash = error.message
    return redirect(request, f"/my/enrolments/{one.id}", flash=flash)


_REASON = "A school's round of enrolment: its address is signed for it alone."
ROUTES: list[BaseRoute] = [
    public_route("/enrol/{token}", public, reason=_REASON, name="enrol_form"),
    public_route("/enrol/{token}", apply, reason=_REASON, methods=WRITES, name="send_application"),
    person_route("/my/enrolments", index, name="my_enrolments"),
    person_route("/my/enrolments/{id}", show, name="my_enrolment"),
    person_route("/my/enrolments/{id}/acceptance", accept, methods=WRITES, name="accept_place"),
    person_route(
        "/my/enrolments/{id}/withdrawal",
        withdraw,
        methods=WRITES,
        name="withdraw_application",
        is_transactional=False,
    ),
]
