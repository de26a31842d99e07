"""Released reports of a patient, and what they have agreed to. Reports need a consent of their own; views are noted."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from scenarios.hospital import consents, mine
from scenarios.hospital.his.contract import HisRefused, HisSilent
from scenarios.hospital.his.linking import number_of
from scenarios.hospital.his.reports import SHOWN, Report, reports_of
from scenarios.hospital.kinds import CONSENTS
from scenarios.hospital.models import Patient
from scenarios.hospital.pages.common import CARE, use_zone
from scenarios.hospital.viewing import note_view
from tenants.actor import Actor
from tenants.http import WRITES, path_id, person_route
from tenants.models import Account
from tenants.scope import open_scope, tenant_scope
from ui.errors import NotFound, Unavailable
from ui.i18n import gettext, t
from ui.render import redirect, respond

NO_STORE = {"Cache-Control": "no-store"}


async def _look(actor: Actor, proven: mine.Proven) -> tuple[Account, bool, list[Report] | None]:
    """Return the patient, whether they agreed to see reports here, and what is released: nothing if it is silent."""
    async with open_scope(tenant_scope(proven.tenant_id)):
        account = await Account.get(tenant_id=proven.tenant_id, id=proven.account_id)
        has_agreed = await consents.has(proven.tenant_id, proven.account_id, "reports")
        his, number = await reports_of(proven.tenant_id), await number_of(account)
    if not has_agreed or his is None:
        return account, has_agreed, []
    try:
        found: list[Report] | None = await his.released(number)
    except (HisSilent, HisRefused):
        found = None
    async with open_scope(tenant_scope(proven.tenant_id)):
        await note_view(
            actor.within(proven.tenant_id), "reports.viewed", "account", account.id, account.number
        )
    return account, has_agreed, found


async def reports(request: Request, actor: Actor) -> Response:
    """List the released reports (outside of any scope: the system is asked)."""
    proven = await mine.prove(actor, path_id(request), "reports")
    use_zone(request, proven.timezone)
    account, has_agreed, found = await _look(actor, proven)
    context = {
        "account": account,
        "has_agreed": has_agreed,
        "is_own": proven.relation != "proxy",
        "reports": found or [],
        "is_silent": found is None,
        "care": CARE,
        "here": f"{CARE}/patients/{account.id}",
    }
    return await respond(request, "hospital/mine/reports.html", context)


async def _one(request: Request, actor: Actor) -> tuple[mine.Proven, Account, Report]:
    proven = await mine.prove(actor, path_id(request), "reports")
    use_zone(request, proven.timezone)
    account, _, found = await _look(actor, proven)
    if found is None:
        raise Unavailable("his.silent", t("The hospital's system does not answer just now."))
    wanted = request.path_params["report"]
    report = next((one for one in found if one.id == wanted), None)
    if report is None:
        raise NotFound("report.not_found", t("There is no such report, or it is not released."))
    return proven, account, report


async def report(request: Request, actor: Actor) -> Response:
    """Show one report."""
    _, account, found = await _one(request, actor)
    here = f"{CARE}/patients/{account.id}"
    context = {"account": account, "report": found, "care": CARE, "here": here, "file": bool(found.content)}
    return await respond(request, "hospital/mine/report.html", context)


async def document(request: Request, actor: Actor) -> Response:
    """Hand out a report's document; its name says nothing of what is in it."""
    _, _, found = await _one(request, actor)
    if not found.content:
        raise NotFound("report.no_document", t("This report has no document."))
    name = f"report.{SHOWN[found.content_type]}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', **NO_STORE}
    return Response(found.content, media_type=found.content_type, headers=headers)


async def agreements(request: Request, actor: Actor) -> Response:
    """Show what was agreed to, and let each be given or withdrawn by itself."""
    proven = await _own(request, actor)
    async with open_scope(tenant_scope(proven.tenant_id)):
        known = await Patient.get(tenant_id=proven.tenant_id, account_id=proven.account_id)
        live = await consents.of(proven.tenant_id, proven.account_id)
    shown: list[dict[str, Any]] = [
        {"purpose": key, "words": gettext(words), "consent": live.get(key)} for key, words in CONSENTS.items()
    ]
    context = {
        "patient": proven.name,
        "agreed_at": known.agreed_at,
        "shown": shown,
        "care": CARE,
        "here": f"{CARE}/patients/{proven.account_id}",
    }
    return await respond(request, "hospital/mine/consents.html", context)


async def _own(request: Request, actor: Actor) -> mine.Proven:
    """Return the patient as the person's own; who is only trusted agrees to nothing for them."""
    proven = await mine.prove_any(actor, path_id(request))
    if proven.relation == "proxy":
        raise NotFound("patient.not_found", t("There is no such patient, or they are not yours to see."))
    use_zone(request, proven.timezone)
    return proven


async def agree(request: Request, actor: Actor) -> Response:
    """Give or withdraw one agreement."""
    proven = await _own(request, actor)
    form = await request.form()
    purpose, inside = str(form.get("purpose", "")), actor.within(proven.tenant_id)
    async with open_scope(tenant_scope(proven.tenant_id)):
        if form.get("act") == "withdraw":
            await consents.withdraw(inside, account_id=proven.account_id, purpose=purpose)
        else:
            await consents.give(inside, account_id=proven.account_id, purpose=purpose, way="self")
    return redirect(request, f"{CARE}/patients/{proven.account_id}/consents", flash=t("That is noted."))


_ONE = f"{CARE}/patients/{{id}}"
ROUTES: list[BaseRoute] = [
    person_route(f"{_ONE}/reports", reports, name="my_reports", is_transactional=False),
    person_route(f"{_ONE}/reports/{{report}}", report, name="my_report", is_transactional=False),
    person_route(f"{_ONE}/reports/{{report}}/file", document, name="my_report_file", is_transactional=False),
    person_route(f"{_ONE}/consents", agreements, name="my_consents"),
    person_route(f"{_ONE}/consents", agree, methods=WRITES, name="my_consent"),
]
