"""One visit of mine: its code and queue, cancelling by the rule, changing to another time."""

from typing import Any

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.holds.keeping import hold_of
from billing.holds.service import checkout_path
from billing.names import localized
from scenarios.hospital import arriving, calendar, cancelling, live, mine, pricing, queries
from scenarios.hospital.days import local
from scenarios.hospital.kinds import TITLES
from scenarios.hospital.models import Appointment
from scenarios.hospital.pages.common import CARE, use_zone
from scenarios.hospital.pages.mine_choosing import AHEAD, shown
from scenarios.hospital.states import TONES, WORDS
from tenants.actor import Actor
from tenants.codes import group_code, new_token
from tenants.days import today
from tenants.http import WRITES, path_id, person_route
from tenants.live import stream
from tenants.scope import open_scope, tenant_scope
from ui.errors import Conflict
from ui.flash import Flash
from ui.forms import bind
from ui.i18n import gettext, t
from ui.render import redirect, respond


class Cancelling(BaseModel):
    """What was shown as kept, and the form's own key."""

    key: str = ""
    seen_kept_minor: int = 0


class Changing(BaseModel):
    """The form's own key."""

    key: str = ""


def with_words(visit: dict[str, Any]) -> dict[str, Any]:
    """Return a visit with its names and times as the reader sees them."""
    starts = local(visit["starts_at"], visit["timezone"])
    return {
        **visit,
        "service_name": localized(visit["service"]),
        "department_name": localized(visit["department"]),
        "title_name": gettext(TITLES[visit["title"]]),
        "time": f"{starts:%H:%M}",
        "state": gettext(WORDS[visit["status"]]),
        "tone": TONES[visit["status"]],
        "shown_code": group_code(visit["code"]),
    }


async def visit(request: Request, actor: Actor) -> Response:
    """Show the visit: what to do next, the code for arriving, the queue once there."""
    found = await queries.mine_visit(actor, path_id(request))
    use_zone(request, found["timezone"])
    async with open_scope(tenant_scope(found["tenant_id"])):
        kept = await Appointment.get(tenant_id=found["tenant_id"], id=found["id"])
        steps = await pricing.steps_of(
            kept.tenant_id,
            price_minor=kept.price_minor,
            currency=kept.currency,
            starts_at=kept.starts_at,
            day=kept.day,
        )
        ahead = await arriving.before(kept)
        hold = await hold_of(kept.tenant_id, kept.hold_id) if kept.hold_id else None
    context = {
        "visit": with_words(found),
        "steps": steps if found["status"] == "booked" and not kept.has_full_refund else (),
        "has_full_refund": kept.has_full_refund,
        "ahead": ahead,
        "is_today": found["day"] == today(found["timezone"]),
        "pay": checkout_path(hold, is_signed_in=True) if hold and found["status"] == "pending" else "",
        "until": hold.until if hold else None,
        "care": CARE,
        "key": new_token(),
    }
    return await respond(request, "hospital/mine/visit.html", context, block="state")


async def news(request: Request, actor: Actor) -> Response:
    """Tell an open page when the queue has moved."""
    found = await queries.mine_visit(actor, path_id(request))
    return stream(live.of_session(found["tenant_id"], found["session_id"]), f"person {actor.person_id}")


async def ask_cancel(request: Request, actor: Actor) -> Response:
    """Say what comes back and what is kept, before anything is cancelled."""
    found = await queries.mine_visit(actor, path_id(request))
    use_zone(request, found["timezone"])
    async with open_scope(tenant_scope(found["tenant_id"])):
        kept = await pricing.kept_of(await Appointment.get(tenant_id=found["tenant_id"], id=found["id"]))
    is_paid = found["status"] != "pending"
    context = {
        "visit": with_words(found),
        "kept_minor": kept if is_paid else 0,
        "back_minor": found["price_minor"] - kept if is_paid else 0,
        "is_paid": is_paid,
        "key": new_token(),
        "care": CARE,
    }
    return await respond(request, "hospital/mine/cancel.html", context)


async def cancel(request: Request, actor: Actor) -> Response:
    """Cancel the visit (outside of any scope: a payment under way is asked about first)."""
    found = await queries.mine_visit(actor, path_id(request))
    form = await bind(request, Cancelling)
    await mine.prove(actor, found["account_id"])
    inside = actor.within(found["tenant_id"])
    here = f"{CARE}/appointments/{found['id']}"
    if found["status"] == "pending":
        await cancelling.give_up(inside, appointment_id=found["id"])
        return redirect(request, here, flash=t("The number is given back. Nothing was charged."))
    async with open_scope(tenant_scope(found["tenant_id"])):
        await cancelling.cancel(
            inside, appointment_id=found["id"], seen_kept_minor=form.ok.seen_kept_minor, key=form.ok.key
        )
    return redirect(request, here, flash=t("The appointment is cancelled."))


async def ask_change(request: Request, actor: Actor) -> Response:
    """Offer the other sessions of the same doctor."""
    found = await queries.mine_visit(actor, path_id(request))
    use_zone(request, found["timezone"])
    async with open_scope(tenant_scope(found["tenant_id"])):
        sessions = await calendar.open_sessions(
            found["tenant_id"], doctor_id=found["doctor_id"], first=today(found["timezone"]), days=AHEAD
        )
    context = {
        "visit": with_words(found),
        "sessions": [shown(one, found["timezone"]) for one in sessions if one["id"] != found["session_id"]],
        "key": new_token(),
        "care": CARE,
    }
    return await respond(request, "hospital/mine/change.html", context)


async def change(request: Request, actor: Actor) -> Response:
    """Change to another session."""
    found = await queries.mine_visit(actor, path_id(request))
    form = await bind(request, Changing)
    await mine.prove(actor, found["account_id"])
    try:
        async with open_scope(tenant_scope(found["tenant_id"])):
            made = await cancelling.change(
                actor.within(found["tenant_id"]),
                appointment_id=found["id"],
                session_id=path_id(request, "session"),
                key=form.ok.key,
            )
    except Conflict as refused:
        here = f"{CARE}/appointments/{found['id']}/change"
        return redirect(request, here, flash=Flash(refused.message, tone="warning"))
    return redirect(request, f"{CARE}/appointments/{made.id}", flash=t("The appointment is changed."))


_ONE = f"{CARE}/appointments/{{id}}"
ROUTES: list[BaseRoute] = [
    person_route(_ONE, visit, name="my_visit"),
    person_route(f"{_ONE}/news", news, name="my_visit_news", is_transactional=False),
    person_route(f"{_ONE}/cancellation", ask_cancel, name="my_visit_cancellation"),
    person_route(
        f"{_ONE}/cancellation", cancel, methods=WRITES, name="my_visit_cancel", is_transactional=False
    ),
    person_route(f"{_ONE}/change", ask_change, name="my_visit_change"),
    person_route(f"{_ONE}/change/{{session}}", change, methods=WRITES, name="my_visit_changing"),
]
