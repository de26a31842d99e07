"""The page on which a school agrees with another that brothers and sisters count at both."""

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from scenarios.education.here import root_of, school
from scenarios.education.models import SchoolPartner
from scenarios.education.partners import services
from scenarios.education.partners.states import TONES, WORDS
from tenants.actor import Actor
from tenants.http import WRITES, path_id, tenant_route
from ui.errors import Conflict, Invalid
from ui.flash import Flash
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond

MOST = 100


class AskForm(BaseModel):
    """Which school is asked."""

    code: str = Field(title=N_("Unified social credit code of the other school"), max_length=40)


class AnswerForm(BaseModel):
    """What is done about an agreement."""

    act: str = ""


async def index(request: Request, actor: Actor) -> Response:
    """Show what is asked and agreed, and the form that asks another school."""
    return await _page(request, actor, Form.blank(AskForm))


async def _page(request: Request, actor: Actor, form: Form[AskForm], status: int = 200) -> Response:
    tenant_id = school(actor)
    context = {
        "found": await SchoolPartner.filter(tenant_id=tenant_id).order_by("-moved_at", "id").limit(MOST),
        "form": form,
        "words": WORDS,
        "tones": TONES,
        "may_change": actor.may("fees.activate"),
        "root": root_of(actor),
    }
    return await respond(request, "education/partners.html", context, status=status)


async def ask(request: Request, actor: Actor) -> Response:
    """Ask another school."""
    school(actor)
    form = await bind(request, AskForm)
    if form.is_valid:
        try:
            await services.ask(actor, form.ok.code)
            return redirect(
                request, _here(actor), flash=t("Asked. It holds once the other school has agreed.")
            )
        except (Invalid, Conflict) as refused:
            form.fail("code", refused.message)
    return await _page(request, actor, form, 422)


async def answer(request: Request, actor: Actor) -> Response:
    """Agree, refuse, take back or end."""
    school(actor)
    form = await bind(request, AnswerForm)
    try:
        await services.answer(actor, path_id(request), form.ok.act)
    except Conflict as refused:
        return redirect(request, _here(actor), flash=Flash(refused.message, tone="warning"))
    return redirect(request, _here(actor), flash=t("Kept. Places are looked at anew for the next bills."))


def _here(actor: Actor) -> str:
    return f"{root_of(actor)}/school-partners"


ROUTES: list[BaseRoute] = [
    tenant_route("/school-partners", index, permission="fees.read", name="school_partners"),
    tenant_route(
        "/school-partners", ask, permission="fees.activate", methods=WRITES, name="school_partner_ask"
    ),
    tenant_route(
        "/school-partners/{id}/answer",
        answer,
        permission="fees.activate",
        methods=WRITES,
        name="school_partner_answer",
    ),
]
