"""Pages of leave: the teacher's list with what is to be decided, and the family's form."""

from typing import Annotated, Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.lists import list_page
from scenarios.education.days import services
from scenarios.education.days.states import CAUSES, LEAVE, TONES, WORDS
from scenarios.education.family.children import Child, child_of
from scenarios.education.here import root_of, school
from scenarios.education.models import SchoolLeave
from tenants.actor import Actor
from tenants.http import WRITES, path_id, person_route, tenant_route
from tenants.models import Account
from tenants.scope import open_scope, rows, tenant_scope
from ui.errors import Conflict, Forbidden, Invalid
from ui.fields import Day
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond
from ui.tables import Column


class LeaveForm(BaseModel):
    """Days away."""

    first_on: Annotated[Day, Field(title=N_("First day"))]
    last_on: Annotated[Day, Field(title=N_("Last day"))]
    cause: str = Field(title=N_("Why"))
    reason: str = Field("", title=N_("In a few words"), max_length=services.REASON_MAX)


class AnswerForm(BaseModel):
    """What is decided."""

    answer: str = Field("", title=N_("To the family"), max_length=services.REASON_MAX)
    decision: str = ""


def _columns(actor: Actor) -> tuple[Column, ...]:
    root = f"{root_of(actor)}/leave"
    return (
        Column("name", t("Pupil"), sortable=True, is_main=True, href=lambda row: f"{root}/{row['id']}"),
        Column("place", t("Class")),
        Column("first_on", t("From"), format="date", sortable=True),
        Column("last_on", t("Until"), format="date"),
        Column("cause", t("Why"), words=CAUSES),
        Column("status", t("State"), format="badge", words=WORDS, tones=TONES),
        Column("asked_by_name", t("Asked by")),
        Column("created_at", t("Asked"), format="datetime", sortable=True),
    )


async def index(request: Request, actor: Actor) -> Response:
    """List the leaves that the actor decides about."""
    school(actor)
    context = {
        "root": root_of(actor),
        "states": [(key, str(words)) for key, words in WORDS.items()],
        "may_count": actor.may("classes.read"),
    }
    listing = services.leaves_for(actor)
    return await list_page(request, actor, listing, _columns(actor), "education/leaves.html", context)


async def show(request: Request, actor: Actor) -> Response:
    """Show one leave with the decision to be made."""
    school(actor)
    leave = await services.get(actor, path_id(request))
    return await _show(request, actor, leave, Form.blank(AnswerForm))


async def _show(
    request: Request, actor: Actor, leave: SchoolLeave, form: Form[AnswerForm], status: int = 200
) -> Response:
    account = await Account.get(tenant_id=leave.tenant_id, id=leave.account_id)
    context = {
        "leave": leave,
        "account": account,
        "form": form,
        "is_open": LEAVE.can(leave.status, "approve"),
        "state": (WORDS[leave.status], TONES.get(leave.status, "neutral")),
        "cause": CAUSES[leave.cause],
        "currency": actor.place["currency"],
        "sees_money": actor.may("bills.read"),
        "root": root_of(actor),
    }
    return await respond(request, "education/leave.html", context, status=status)


async def decide(request: Request, actor: Actor) -> Response:
    """Agree, or refuse with a reason."""
    school(actor)
    leave = await services.get(actor, path_id(request))
    form = await bind(request, AnswerForm)
    if form.is_valid:
        is_approved = form.ok.decision == "approve"
        try:
            await services.decide(actor, leave.id, is_approved=is_approved, answer=form.ok.answer)
            return redirect(request, f"{root_of(actor)}/leave", flash=t("Decided. The family sees it."))
        except Invalid as error:
            form.fail_with(error)
        except Conflict as error:
            form.fail("", error.message)
    return await _show(request, actor, leave, form, status=422)


_OF_CHILD = """
select id, first_on, last_on, cause, reason, status, answer, meals_minor, created_at from education_leave
 where tenant_id = $1 and account_id = $2 order by first_on desc limit 30
"""


async def mine(request: Request, actor: Actor) -> Response:
    """Show a child's leaves with the form for the next."""
    child = await child_of(actor, path_id(request, "account_id"))
    return await _mine(request, child, Form.blank(LeaveForm))


async def _mine(request: Request, child: Child, form: Form[LeaveForm], status: int = 200) -> Response:
    found = await rows(_OF_CHILD, child.tenant_id, child.account_id)
    context: dict[str, Any] = {
        "child": child,
        "form": form,
        "leaves": [dict(one) for one in found],
        "words": WORDS,
        "tones": TONES,
        "causes": list(CAUSES.items()),
        "cause_words": CAUSES,
        "root": f"/my/school/{child.account_id}",
    }
    return await respond(request, "education/my/leave.html", context, status=status)


async def ask(request: Request, actor: Actor) -> Response:
    """Ask for leave."""
    child = await child_of(actor, path_id(request, "account_id"))
    form = await bind(request, LeaveForm)
    if form.is_valid:
        said = form.ok
        try:
            async with open_scope(tenant_scope(child.tenant_id)):
                await services.ask(actor, child, said.first_on, said.last_on, said.cause, said.reason)
            flash = t("Sent to the school. You see here what is decided.")
            return redirect(request, f"/my/school/{child.account_id}/leave", flash=flash)
        except Invalid as error:
            form.fail_with(error)
        except (Conflict, Forbidden) as error:
            form.fail("", error.message)
    return await _mine(request, child, form, status=422)


async def take_back(request: Request, actor: Actor) -> Response:
    """Take a leave back."""
    child = await child_of(actor, path_id(request, "account_id"))
    try:
        async with open_scope(tenant_scope(child.tenant_id)):
            await services.take_back(actor, child, path_id(request))
        flash = t("Taken back.")
    except Conflict as error:
        flash = error.message
    return redirect(request, f"/my/school/{child.account_id}/leave", flash=flash)


_MINE = "/my/school/{account_id}/leave"
ROUTES: list[BaseRoute] = [
    tenant_route("/leave", index, permission="leave.decide", name="leaves"),
    tenant_route("/leave/{id}", show, permission="leave.decide", name="leave"),
    tenant_route(
        "/leave/{id}/decision", decide, permission="leave.decide", methods=WRITES, name="decide_leave"
    ),
    person_route(_MINE, mine, name="my_leave"),
    person_route(_MINE, ask, methods=WRITES, name="ask_leave"),
    person_route(_MINE + "/{id}/cancelling", take_back, methods=WRITES, name="take_back_leave"),
]
