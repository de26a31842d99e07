"""The periodic review: the list of who is due, and the act."""

from datetime import timedelta
from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tenants.actor import Actor
from tenants.banks.policy import policy_of
from tenants.banks.words import TENANT_STATUSES, TENANT_TONES
from tenants.days import today_at_bank
from tenants.http import WRITES, bank_route, path_id
from tenants.life import papers, reviews
from tenants.life.reviews import OUTCOMES, RISKS, Review
from tenants.models import Tenant
from tenants.navigation import Place, add_bank_places
from tenants.onboarding.checklist import DOCUMENT_KINDS
from tenants.onboarding.gate import tenant_of
from ui.errors import Conflict, Invalid
from ui.exports import export, wants_export
from ui.fields import Day
from ui.flash import Flash
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery

add_bank_places(Place(N_("Reviews"), "/reviews", "tenants.read", "calendar", 22))
RISK_WORDS: dict[str, Any] = {key: t(word) for key, word in RISKS.items()}
RISK_TONES: dict[str, Any] = {"high": "danger", "low": "success"}
SOONER = {"low": 2.0, "standard": 1.0, "high": 0.5}
"""How many of the bank's periods pass until the next time, by grade of risk."""


class ReviewForm(BaseModel):
    """What came of looking at an institution."""

    outcome: str = Field("", title=N_("What came of it?"))
    risk: str = Field("", title=N_("Grade of risk"))
    next_on: Day = Field(title=N_("Looked at again on"))
    note: str = Field(title=N_("What you looked at, and what you found"), min_length=10, max_length=1000)


async def listed(request: Request, actor: Actor) -> Response:
    """List whom to look at, the longest overdue first."""
    root = f"/bank/{actor.place['slug']}"
    columns = (
        Column("review_on", t("Due on"), format="date"),
        Column("name", t("Institution"), is_main=True, href=lambda row: f"{root}/tenants/{row['id']}/review"),
        Column("risk", t("Grade of risk"), format="badge", words=RISK_WORDS, tones=RISK_TONES),
        Column("papers", t("Papers waited for"), format="number"),
        Column("branch", t("Branch")),
        Column("manager_name", t("Looked after by")),
        Column("status", t("State"), format="badge", words=TENANT_STATUSES, tones=TENANT_TONES),
    )
    query = TableQuery.parse(request, filters=("due", "risk"))
    if wants_export(request):
        return await export(request, columns, await reviews.due(actor, query, most=50_000), "reviews")
    page = Page.of(query, await reviews.due(actor, query), await reviews.count_due(actor, query))
    context = {
        "page": page,
        "columns": columns,
        "risks": list(RISK_WORDS.items()),
        "scopes": [("all", t("All institutions"))],
    }
    return await respond(request, "tenants/life/reviews.html", context, block="list")


async def form(request: Request, actor: Actor) -> Response:
    """Show what there is to look at, and the form."""
    tenant = await tenant_of(actor, path_id(request))
    months = (await policy_of(tenant.bank_id)).review_months * SOONER[tenant.risk]
    ahead = await today_at_bank(tenant.bank_id) + timedelta(days=round(months * 365 / 12))
    blank = Form.blank(ReviewForm, {"risk": tenant.risk, "next_on": ahead.isoformat()})
    return await _page(request, actor, tenant, blank)


async def review(request: Request, actor: Actor) -> Response:
    """Write down what came of it."""
    tenant = await tenant_of(actor, path_id(request))
    sent = await bind(request, ReviewForm)
    if sent.is_valid:
        try:
            asked = await reviews.record(actor, tenant, Review(**sent.ok.model_dump()))
        except (Invalid, Conflict) as refused:
            sent.fail_with(refused)
        else:
            root = f"/bank/{actor.place['slug']}"
            if asked:
                words = Flash(t("Somebody else decides on the grade of risk now."), tone="info")
                return redirect(request, f"{root}/requests/{asked.id}", flash=words)
            return redirect(request, f"{root}/reviews", flash=t("The review is written down."))
    return await _page(request, actor, tenant, sent, 422)


async def _page(
    request: Request, actor: Actor, tenant: Tenant, sent: Form[ReviewForm], status: int = 200
) -> Response:
    context = {
        "tenant": tenant,
        "form": sent,
        "outcomes": [(key, t(word)) for key, word in OUTCOMES.items()],
        "risks": list(RISK_WORDS.items()),
        "risk": RISK_WORDS[tenant.risk],
        "asked": [(one, gettext(DOCUMENT_KINDS[one.kind])) for one in await papers.asked_of(tenant)],
        "reviews": [
            (one, gettext(OUTCOMES[one.outcome]), RISK_WORDS[one.risk_after])
            for one in await reviews.of_tenant(tenant)
        ],
        "may_write": actor.may("tenants.write") and tenant.status in reviews.REVIEWED,
        "root": f"/bank/{actor.place['slug']}",
    }
    return await respond(request, "tenants/life/review.html", context, status=status)


ONE = "/tenants/{id}/review"
ROUTES: list[BaseRoute] = [
    bank_route("/reviews", listed, permission="tenants.read", name="bank_reviews"),
    bank_route(ONE, form, permission="tenants.read", name="bank_review"),
    bank_route(ONE, review, permission="tenants.write", methods=WRITES, name="bank_review_record"),
]
