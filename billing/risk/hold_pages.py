"""Refunds and payouts that wait: the list, one refund's page, and putting payouts on hold or letting them go."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.channels import channel_name
from billing.models import PayoutHold, RiskAlert, RiskHold
from billing.risk import holds, payouts, queue, services
from billing.risk.finding import RULES
from billing.risk.tabs import tabs
from billing.risk.words import HOLD_TONES, HOLD_WORDS, KINDS, LEG_TONES, LEG_WORDS
from tenants.actor import Actor
from tenants.http import WRITES, bank_route, path_id
from tenants.models import Tenant
from tenants.onboarding.gate import tenant_of
from ui.errors import Conflict, Forbidden, Invalid, NotFound
from ui.exports import export, wants_export
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery

READ, WORK = "risk.read", "risk.work"
MOST = 50_000


class ReasonForm(BaseModel):
    """What is decided, and why."""

    reason: str = Field("", title=N_("Reason"), max_length=1000)
    act: str = ""


class PlacingForm(BaseModel):
    """Whose payouts are put on hold, why, and because of which alert."""

    tenant: UUID
    alert: UUID | None = None
    reason: str = Field("", title=N_("Why payouts are kept; the institution reads this"), max_length=1000)


def _columns(root: str) -> tuple[Column, ...]:
    return (
        Column("created_at", t("Since"), format="datetime"),
        Column("tenant", t("Institution"), is_main=True, href=lambda row: f"{root}/{_path(row)}"),
        Column("kind", t("What"), words=KINDS),
        Column("number", t("Number"), format="id"),
        Column("amount_minor", t("Amount"), format="money"),
        Column("why", t("Why"), value=_why),
        Column("status", t("State"), format="badge", tones=HOLD_TONES, words=HOLD_WORDS),
    )


FILED = (
    Column("asked_by_name", t("Asked by")),
    Column("decided_by_name", t("Decided by")),
    Column("decision", t("Reason of the decision")),
)


def _path(row: Any) -> str:
    return f"payouts/{row['id']}" if row["kind"] == "payouts" else f"holds/{row['id']}"


def _why(row: Any) -> str:
    return gettext(RULES[row["key"]].name) if row["key"] in RULES else str(row["reason"])


async def listed(request: Request, actor: Actor) -> Response:
    """List what waits, as a page or a file."""
    columns = _columns(f"{_root(actor)}/risk")
    query = TableQuery.parse(request, filters=queue.FILTERS)
    if wants_export(request):
        found = await queue.waiting(actor, query, MOST)
        return await export(request, (*columns, *FILED), found, "waiting")
    page = Page.of(query, await queue.waiting(actor, query), await queue.count(actor, query))
    context = {
        "page": page,
        "columns": columns,
        "kinds": list(KINDS.items()),
        "states": [("all", t("Those decided too")), *HOLD_WORDS.items()],
        "tabs": tabs(actor, "/risk/holds"),
    }
    return await respond(request, "billing/risk/holds.html", context, block="list")


async def show_refund(request: Request, actor: Actor) -> Response:
    """Show one refund that waits."""
    return await _refund(request, actor, await holds.get(actor, path_id(request)), Form.blank(ReasonForm))


async def _refund(
    request: Request, actor: Actor, found: RiskHold, form: Form[ReasonForm], status: int = 200
) -> Response:
    alert = await RiskAlert.get(bank_id=found.bank_id, id=found.alert_id)
    context = {
        **_shown(actor, found.status),
        "hold": found,
        "tenant": await Tenant.get(id=found.tenant_id),
        "why": services.reason(alert),
        "form": form,
        "may_work": actor.may(WORK) and found.status == "held",
    }
    return await respond(request, "billing/risk/hold.html", context, status=status)


async def decide(request: Request, actor: Actor) -> Response:
    """Release a refund that waits, or stop it."""
    found, form = await holds.get(actor, path_id(request)), await bind(request, ReasonForm)
    try:
        await holds.decide(actor, found.id, act=form.ok.act, why=form.ok.reason)
    except (Invalid, Conflict) as refused:
        form.fail_with(refused)
        return await _refund(request, actor, found, form, 422)
    return redirect(request, f"{_root(actor)}/risk/holds", flash=t("It is decided."))


async def ask(request: Request, actor: Actor) -> Response:
    """Ask why payouts of an institution should be kept."""
    given = {name: request.query_params.get(name, "") for name in ("tenant", "alert")}
    try:
        tenant = await tenant_of(actor, UUID(given["tenant"]))
    except ValueError:
        raise NotFound("tenant.not_found", t("There is no such institution.")) from None
    return await _ask(request, actor, tenant, Form.blank(PlacingForm, given))


async def _ask(
    request: Request, actor: Actor, tenant: Tenant, form: Form[PlacingForm], status: int = 200
) -> Response:
    context = {"tenant": tenant, "form": form, "root": _root(actor)}
    return await respond(request, "billing/risk/payouts_new.html", context, status=status)


async def place(request: Request, actor: Actor) -> Response:
    """Put payouts on hold."""
    form = await bind(request, PlacingForm)
    if not form.is_valid:
        raise NotFound("tenant.not_found", t("There is no such institution."))
    tenant = await tenant_of(actor, form.ok.tenant)
    try:
        made = await payouts.place(actor, tenant.id, reason=form.ok.reason, alert_id=form.ok.alert)
    except (Invalid, Conflict) as refused:
        form.fail_with(refused)
        return await _ask(request, actor, tenant, form, 422)
    return redirect(
        request, f"{_root(actor)}/risk/payouts/{made.id}", flash=t("The channels are being told.")
    )


async def show_payouts(request: Request, actor: Actor) -> Response:
    """Show one hold of payouts."""
    return await _payouts(request, actor, await payouts.get(actor, path_id(request)), Form.blank(ReasonForm))


async def _payouts(
    request: Request, actor: Actor, found: PayoutHold, form: Form[ReasonForm], status: int = 200
) -> Response:
    is_on, is_own = payouts.PAYOUTS.can(found.status, "release"), found.asked_by == actor.person_id
    context = {
        **_shown(actor, found.status),
        "hold": found,
        "tenant": await Tenant.get(id=found.tenant_id),
        "legs": legs_of(found),
        "until": found.created_at + payouts.LONGEST,
        "form": form,
        "is_own": is_on and is_own and actor.may(WORK),
        "may_release": is_on and not is_own and actor.may(WORK),
        "may_again": actor.may(WORK) and any(one.get("error") for one in found.legs.values()),
    }
    return await respond(request, "billing/risk/payouts.html", context, status=status)


def legs_of(found: PayoutHold) -> list[dict[str, Any]]:
    """Return how far each channel has been told."""
    legs: Mapping[str, Mapping[str, Any]] = found.legs
    return [
        {
            "channel": channel_name(key.partition(":")[0]),
            "word": LEG_WORDS[one["state"]],
            "tone": LEG_TONES.get(one["state"], "neutral"),
            "error": one.get("error", ""),
        }
        for key, one in sorted(legs.items())
    ]


async def release(request: Request, actor: Actor) -> Response:
    """Let payouts go on."""
    found, form = await payouts.get(actor, path_id(request)), await bind(request, ReasonForm)
    try:
        await payouts.release(actor, found.id, reason=form.ok.reason)
    except (Invalid, Conflict, Forbidden) as refused:
        form.fail_with(refused)
        return await _payouts(request, actor, found, form, 422)
    return redirect(
        request, f"{_root(actor)}/risk/payouts/{found.id}", flash=t("The channels are being told.")
    )


async def again(request: Request, actor: Actor) -> Response:
    """Have the channels be told once more."""
    found = await payouts.tell_again(actor, path_id(request))
    return redirect(
        request, f"{_root(actor)}/risk/payouts/{found.id}", flash=t("The channels are being told.")
    )


def _shown(actor: Actor, status: str) -> dict[str, Any]:
    return {"word": HOLD_WORDS[status], "tone": HOLD_TONES.get(status, "neutral"), "root": _root(actor)}


def _root(actor: Actor) -> str:
    return f"/bank/{actor.place['slug']}"


ROUTES: list[BaseRoute] = [
    bank_route("/risk/holds", listed, permission=READ, name="risk_holds"),
    bank_route("/risk/holds/{id}", show_refund, permission=READ, name="risk_hold"),
    bank_route("/risk/holds/{id}/decision", decide, permission=WORK, methods=WRITES, name="risk_hold_decide"),
    bank_route("/risk/payouts/new", ask, permission=WORK, name="payout_hold_ask"),
    bank_route("/risk/payouts", place, permission=WORK, methods=WRITES, name="payout_hold_place"),
    bank_route("/risk/payouts/{id}", show_payouts, permission=READ, name="payout_hold"),
    bank_route("/risk/payouts/{id}/release", release, permission=WORK, methods=WRITES, name="payout_release"),
    bank_route("/risk/payouts/{id}/again", again, permission=WORK, methods=WRITES, name="payout_hold_again"),
]
