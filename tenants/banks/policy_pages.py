"""What the bank asks for: one page of switches and periods."""

from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tenants.actor import Actor
from tenants.banks.policy import WEIGHTS, policy_of, set_policy
from tenants.banks.reach import bank_of
from tenants.http import WRITES, bank_route
from tenants.onboarding.checklist import BEFORE_APPROVAL, BEFORE_LIVE, REQUIREMENTS
from ui.errors import Invalid
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond


class PolicyForm(BaseModel):
    """The bank's policy as it is typed."""

    before_approval: list[str] = Field([], title=N_("Before approval"))
    before_live: list[str] = Field([], title=N_("Before going live"))
    review_months: int = Field(title=N_("Look at each institution again after months"), ge=1, le=60)
    cooling_days: int = Field(title=N_("Days before a new settlement account counts"), ge=0, le=30)
    score_to_refuse: int = Field(title=N_("Take nobody whose score is from"), ge=1, le=100)
    volume: int = Field(title=N_("Payments"), ge=0, le=100)
    value: int = Field(title=N_("Money in"), ge=0, le=100)
    reach: int = Field(title=N_("Active payers"), ge=0, le=100)
    speed: int = Field(title=N_("Application to live"), ge=0, le=100)
    complaints: int = Field(title=N_("Complaints"), ge=0, le=100)


async def show(request: Request, actor: Actor) -> Response:
    """Show what the bank asks for."""
    found = await policy_of(bank_of(actor))
    names = ("before_approval", "before_live", "review_months", "cooling_days", "score_to_refuse")
    values: dict[str, Any] = {name: getattr(found, name) for name in names}
    return await _page(request, actor, Form.blank(PolicyForm, values | found.weights))


async def change(request: Request, actor: Actor) -> Response:
    """Keep what the bank asks for."""
    form = await bind(request, PolicyForm)
    if form.is_valid:
        given = form.ok.model_dump()
        weights = {name: given.pop(name) for name in WEIGHTS}
        try:
            await set_policy(actor, bank_of(actor), **given, weights=weights)
        except Invalid as error:
            form.fail_with(error)
        else:
            return redirect(
                request, f"/bank/{actor.place['slug']}/policy", flash=t("The policy is in force.")
            )
    return await _page(request, actor, form, status=422)


async def _page(request: Request, actor: Actor, form: Form[PolicyForm], status: int = 200) -> Response:
    context = {
        "form": form,
        "approval": [(key, gettext(REQUIREMENTS[key].name)) for key in BEFORE_APPROVAL],
        "live": [(key, gettext(REQUIREMENTS[key].name)) for key in BEFORE_LIVE],
        "weights": list(WEIGHTS),
        "root": f"/bank/{actor.place['slug']}",
    }
    return await respond(request, "tenants/banks/policy.html", context, status=status)


ROUTES: list[BaseRoute] = [
    bank_route("/policy", show, permission="policy.write", name="bank_policy"),
    bank_route("/policy", change, permission="policy.write", methods=WRITES, name="bank_policy_change"),
]
