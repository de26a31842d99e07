"""What a stay's money asks of people: thresholds, credit asked and agreed, settling, reversing."""

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from scenarios.hospital.inpatient import afterwards, credit, deposits, settling
from scenarios.hospital.inpatient.stay_page import Asking, Threshold, back_to, one_stay, stay_of
from scenarios.hospital.pages.common import require_hospital
from scenarios.hospital.rights import STAYS_CREDIT, STAYS_SETTLE, STAYS_WORK
from tenants.actor import Actor
from tenants.http import WRITES, path_id, tenant_route
from tenants.scope import open_scope
from ui.errors import Conflict, Forbidden, Invalid, Unavailable
from ui.forms import bind
from ui.i18n import t

_WHOLE = re.compile(r"-?[0-9]{1,18}")


async def set_threshold(request: Request, actor: Actor) -> Response:
    """Say from when on this stay's deposit is low."""
    form = await bind(request, Threshold, context={"currency": (await stay_of(request, actor)).currency})
    if form.is_valid:
        await deposits.set_threshold(actor, stay_id=path_id(request), amount_minor=form.ok.threshold)
        return back_to(request, actor, t("That is noted."))
    return await one_stay(request, actor, threshold=form, status=422)


async def ask(request: Request, actor: Actor) -> Response:
    """Ask for credit."""
    form = await bind(request, Asking, context={"currency": (await stay_of(request, actor)).currency})
    if form.is_valid:
        try:
            await credit.ask(
                actor,
                stay_id=path_id(request),
                amount_minor=form.ok.amount,
                until=form.ok.until,
                reason=form.ok.reason,
            )
        except (Invalid, Conflict) as refused:
            form.fail_with(refused)
        else:
            return back_to(request, actor, t("Asked. Another person decides."))
    return await one_stay(request, actor, asking=form, status=422)


async def decide(request: Request, actor: Actor) -> Response:
    """Agree to credit, refuse it, or take it back."""
    require_hospital(actor)
    act = str((await request.form()).get("act", ""))
    credit_id = path_id(request, "credit")
    try:
        if act == "end":
            await credit.end(actor, credit_id=credit_id)
        else:
            await credit.decide(actor, credit_id=credit_id, is_agreed=act == "approve")
    except (Conflict, Forbidden, Invalid) as refused:
        return back_to(request, actor, refused.message, "warning")
    return back_to(request, actor, t("That is noted."))


async def presettle(request: Request, actor: Actor) -> Response:
    """Have the insured share worked out beforehand (outside of any scope: the system is asked)."""
    require_hospital(actor)
    try:
        await settling.presettle(actor, path_id(request))
    except (Conflict, Unavailable) as refused:
        return back_to(request, actor, refused.message, "warning")
    return back_to(request, actor, t("The insured share is worked out."))


async def discharge(request: Request, actor: Actor) -> Response:
    """Settle the stay (outside of any scope: the system is asked)."""
    require_hospital(actor)
    seen = str((await request.form()).get("seen_minor", ""))
    try:
        await settling.discharge(
            actor, stay_id=path_id(request), seen_left_minor=int(seen) if _WHOLE.fullmatch(seen) else 0
        )
    except (Conflict, Unavailable) as refused:
        return back_to(request, actor, refused.message, "warning")
    return back_to(request, actor, t("The stay is settled."))


async def reverse(request: Request, actor: Actor) -> Response:
    """Reverse a settlement (outside of any scope: the system is asked)."""
    require_hospital(actor)
    reason = str((await request.form()).get("reason", ""))[:200]
    try:
        await afterwards.reverse(actor, stay_id=path_id(request), reason=reason)
    except (Conflict, Unavailable) as refused:
        return back_to(request, actor, refused.message, "warning")
    return back_to(request, actor, t("The settlement is reversed. Settle anew when it is right."))


async def look_again(request: Request, actor: Actor) -> Response:
    """Ask whether the insurer has decided again (outside of any scope: the system is asked)."""
    require_hospital(actor)
    async with open_scope(actor.scope()):
        await stay_of(request, actor)
    try:
        made = await afterwards.decide_again(actor, path_id(request))
    except (Conflict, Unavailable) as refused:
        return back_to(request, actor, refused.message, "warning")
    return back_to(request, actor, t("{n} new decisions of the insurer.", n=len(made)))


def _route(path: str, act: Any, permission: str, name: str, *, is_inside: bool = False) -> BaseRoute:
    return tenant_route(
        f"/stays/{{id}}/{path}",
        act,
        permission=permission,
        methods=WRITES,
        name=name,
        is_transactional=is_inside,
    )


ROUTES: list[BaseRoute] = [
    _route("threshold", set_threshold, STAYS_WORK, "stay_threshold", is_inside=True),
    _route("credits", ask, STAYS_WORK, "stay_credit_ask", is_inside=True),
    _route("credits/{credit}", decide, STAYS_CREDIT, "stay_credit_decide", is_inside=True),
    _route("presettlement", presettle, STAYS_SETTLE, "stay_presettle"),
    _route("settlement", discharge, STAYS_SETTLE, "stay_settle"),
    _route("reversal", reverse, STAYS_SETTLE, "stay_reverse"),
    _route("decisions", look_again, STAYS_SETTLE, "stay_decisions"),
]
