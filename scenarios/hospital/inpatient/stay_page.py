"""One stay's page: what several acts draw again when something typed into it was not right."""

from typing import Annotated, Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from scenarios.hospital import consents
from scenarios.hospital.inpatient import admission, credit, deposits, listing, settling
from scenarios.hospital.inpatient.states import CREDIT_WORDS, LIVE, SETTLEMENTS, TONES, WORDS
from scenarios.hospital.models import Stay, StayCredit, StaySettlement
from scenarios.hospital.pages.common import require_hospital, root_of
from scenarios.hospital.rights import STAYS_CREDIT, STAYS_SETTLE, STAYS_WORK
from scenarios.hospital.viewing import note_view
from tenants.actor import Actor
from tenants.http import path_id
from tenants.models import Account
from ui.errors import NotFound
from ui.fields import Amount, Day, MinorAmount
from ui.flash import Flash
from ui.forms import Form
from ui.i18n import N_, Text, t
from ui.render import redirect, respond
from ui.shell import Tone


class Bed(BaseModel):
    """Where somebody lies."""

    ward: str = Field("", title=N_("Ward"), max_length=20)
    bed: str = Field(title=N_("Bed"), max_length=20)


class Threshold(BaseModel):
    """From when on a deposit is low; nothing goes back to the hospital's rule."""

    threshold: Annotated[int | None, MinorAmount(allow_zero=True)] = Field(None, title=N_("Low below"))


class Asking(BaseModel):
    """How much may be spent beyond the deposit, until when, and why."""

    amount: Amount = Field(title=N_("Amount"))
    until: Annotated[Day, Field(title=N_("Until"))]
    reason: str = Field(title=N_("Why"), max_length=credit.REASON_MAX)


async def found(request: Request, actor: Actor) -> tuple[Stay, Account]:
    """Return the stay in the path and its patient; that it was looked at is written down."""
    stay = await stay_of(request, actor)
    account = await admission.patient_of(stay)
    await note_view(actor, "stay.viewed", "stay", stay.id, stay.reference)
    return stay, account


async def one_stay(
    request: Request,
    actor: Actor,
    *,
    bed: Form[Bed] | None = None,
    asking: Form[Asking] | None = None,
    threshold: Form[Threshold] | None = None,
    status: int = 200,
) -> Response:
    """Draw a stay's page, with whatever form was not right."""
    stay, account = await found(request, actor)
    credits_ = await StayCredit.filter(tenant_id=stay.tenant_id, stay_id=stay.id).order_by("-created_at")
    steps = await StaySettlement.filter(tenant_id=stay.tenant_id, stay_id=stay.id).order_by("created_at")
    context: dict[str, Any] = {
        "stay": stay,
        "account": account,
        "state": t(WORDS[stay.status]),
        "tone": TONES[stay.status],
        "is_live": stay.status in LIVE,
        "held": await deposits.held_of(stay),
        "days": await listing.days_of(stay),
        "result": await settling.held(stay),
        "credits": [{"row": one, "state": t(CREDIT_WORDS[one.status])} for one in credits_],
        "settlements": [{"row": one, "what": t(SETTLEMENTS[one.kind])} for one in steps],
        "bed": bed or Form.blank(Bed, {"ward": stay.ward, "bed": stay.bed}),
        "asking": asking or Form.blank(Asking),
        "threshold": threshold or Form.blank(Threshold),
        "may_work": actor.may(STAYS_WORK),
        "may_lend": actor.may(STAYS_CREDIT),
        "may_settle": actor.may(STAYS_SETTLE),
        "may_take": actor.may("payments.take"),
        "may_see_money": actor.may("payments.read"),
        "has_agreed": await consents.has(stay.tenant_id, stay.account_id, "insurance"),
        "own": actor.person_id,
        "root": root_of(actor),
    }
    return await respond(request, "hospital/stays/one.html", context, status=status)


def back_to(request: Request, actor: Actor, words: Text, tone: Tone = "success") -> Response:
    """Go back to the stay's page and say what came of it there."""
    return redirect(request, f"{root_of(actor)}/stays/{path_id(request)}", flash=Flash(words, tone=tone))


async def stay_of(request: Request, actor: Actor) -> Stay:
    """Return the stay in the path, in the open tenant scope.

    Raises:
        NotFound: there is none.
    """
    require_hospital(actor)
    stay = await Stay.get_or_none(tenant_id=actor.tenant_id, id=path_id(request))
    if stay is None:
        raise NotFound("stay.not_found", t("There is no such stay, or it is not yours to see."))
    return stay
