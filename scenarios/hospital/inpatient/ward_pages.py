"""Stays as the ward and the desk see them: who lies where, admitting, moving. Each view is written down."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.lists import list_page
from scenarios.hospital import consents
from scenarios.hospital.inpatient import admission, listing, queries, syncing
from scenarios.hospital.inpatient.mine_pages import day_of
from scenarios.hospital.inpatient.states import TONES, WORDS
from scenarios.hospital.inpatient.stay_page import Bed, back_to, found, one_stay, stay_of
from scenarios.hospital.pages.common import require_hospital, root_of, tenant_of
from scenarios.hospital.rights import STAYS, STAYS_WORK
from scenarios.hospital.viewing import note_view
from tenants.actor import Actor
from tenants.http import WRITES, path_id, tenant_route
from tenants.models import Account
from tenants.scope import open_scope
from ui.errors import AppError, Conflict, Invalid, NotFound
from ui.exports import export, wants_export
from ui.flash import Flash
from ui.forms import Form, bind
from ui.i18n import t
from ui.render import redirect, respond
from ui.tables import Column


def _columns(root: str) -> tuple[Column, ...]:
    return (
        Column("bed", t("Bed"), format="code", sortable=True),
        Column("ward", t("Ward")),
        Column("patient_name", t("Patient"), is_main=True, sortable=True,
               href=lambda one: f"{root}/stays/{one['id']}"),
        Column("patient_number", t("Patient's number"), format="code"),
        Column("status", t("State"), format="badge", tones=TONES, words={k: t(w) for k, w in WORDS.items()}),
        Column("admitted_at", t("Since"), format="date", sortable=True),
        Column("charged_minor", t("Charged so far"), format="money"),
        Column("left_minor", t("Left of the deposit"), format="money", sortable=True),
        Column("reference", t("Number of the stay"), format="code"),
    )  # fmt: skip


async def index(request: Request, actor: Actor) -> Response:
    """List, search and download the stays; that the list was opened is written down."""
    require_hospital(actor)
    await note_view(actor, "stays.viewed", "tenant", tenant_of(actor), str(actor.place.get("name", "")))
    context = {
        "states": [("here", t("In hospital now")), *((key, t(words)) for key, words in WORDS.items())],
        "wards": [(one, one) for one in await queries.wards(tenant_of(actor))],
        "money": [("gone", t("Nothing left")), ("asked", t("Credit to decide"))],
        "may_work": actor.may(STAYS_WORK),
        "root": root_of(actor),
    }
    columns = _columns(root_of(actor))
    return await list_page(request, actor, queries.STAYS, columns, "hospital/stays/list.html", context)


async def new(request: Request, actor: Actor) -> Response:
    """Ask for the bed of a patient who is admitted."""
    require_hospital(actor)
    return await _admission(request, actor, Form.blank(Bed))


async def _admission(request: Request, actor: Actor, form: Form[Bed], status: int = 200) -> Response:
    account = await Account.get_or_none(tenant_id=actor.tenant_id, id=path_id(request), kind="patient")
    if account is None:
        raise NotFound("patient.not_found", t("There is no such patient, or they are not yours to see."))
    context = {"account": account, "form": form, "root": root_of(actor)}
    return await respond(request, "hospital/stays/new.html", context, status=status)


async def admit(request: Request, actor: Actor) -> Response:
    """Admit the patient."""
    require_hospital(actor)
    form = await bind(request, Bed)
    if form.is_valid:
        try:
            made = await admission.admit(
                actor, account_id=path_id(request), ward=form.ok.ward, bed=form.ok.bed
            )
        except Invalid as refused:
            form.fail_with(refused)
        except Conflict as refused:
            form.fail("bed", refused.message)
        else:
            return redirect(request, f"{root_of(actor)}/stays/{made.id}", flash=t("The patient is admitted."))
    return await _admission(request, actor, form, 422)


async def stay(request: Request, actor: Actor) -> Response:
    """Show one stay; that it was opened is written down."""
    require_hospital(actor)
    return await one_stay(request, actor)


async def move(request: Request, actor: Actor) -> Response:
    """Move somebody to another bed."""
    require_hospital(actor)
    form = await bind(request, Bed)
    if form.is_valid:
        try:
            await admission.move_bed(actor, stay_id=path_id(request), ward=form.ok.ward, bed=form.ok.bed)
        except Conflict as refused:
            form.fail("bed", refused.message)
        else:
            return back_to(request, actor, t("The patient has moved."))
    return await one_stay(request, actor, bed=form, status=422)


ACTS = {"leaving": admission.leave, "return": admission.come_back, "cancel": admission.cancel}


async def act(request: Request, actor: Actor) -> Response:
    """Let somebody go home, stay after all, or take a mistaken admission back."""
    require_hospital(actor)
    form = await request.form()
    do = ACTS.get(str(form.get("act", "")))
    if do is None:
        raise NotFound("page.not_found", t("There is no such page, or it is not yours to see."))
    try:
        await do(actor, path_id(request))
    except Conflict as refused:
        return back_to(request, actor, refused.message, "warning")
    return back_to(request, actor, t("That is noted."))


async def sign(request: Request, actor: Actor) -> Response:
    """Note that the patient has signed: the insurer may be told what the stay costs."""
    stay = await stay_of(request, actor)
    await consents.give(actor, account_id=stay.account_id, purpose="insurance", way="desk")
    return back_to(request, actor, t("That is noted."))


async def refresh(request: Request, actor: Actor) -> Response:
    """Ask the hospital's system for this stay's list now (outside of any scope)."""
    require_hospital(actor)
    async with open_scope(actor.scope()):
        here = await stay_of(request, actor)
    if await listing.bring_in(actor, here):
        return back_to(request, actor, t("The list is as the hospital's system has it now."))
    return back_to(request, actor, t("The hospital's system does not answer just now."), "warning")


async def refresh_all(request: Request, actor: Actor) -> Response:
    """Ask the hospital's system who lies where now (outside of any scope)."""
    require_hospital(actor)
    try:
        has_answered = await syncing.keep_up(actor)
    except AppError:
        has_answered = False
    words = t("Beds and lists are as the hospital's system has them now.")
    flash = Flash(words) if has_answered else Flash(_SILENT, tone="warning")
    return redirect(request, f"{root_of(actor)}/stays", flash=flash)


_SILENT = t("The hospital's system does not answer just now.")


async def day(request: Request, actor: Actor) -> Response:
    """Show or download one day's list; that it was opened is written down."""
    require_hospital(actor)
    stay, account = await found(request, actor)
    lines = [one._asdict() for one in await listing.lines_of(stay, day_of(request))]
    columns = (
        Column("what", t("What for"), is_main=True),
        Column("amount_minor", t("Amount"), format="money"),
        Column("step", t("Correction"), format="number"),
        Column("created_at", t("Written at"), format="datetime"),
    )
    if wants_export(request):
        return await export(request, columns, lines, f"day-{day_of(request)}")
    context = {
        "stay": stay,
        "account": account,
        "day": day_of(request),
        "lines": lines,
        "columns": columns,
        "total_minor": sum(one["amount_minor"] for one in lines),
        "root": root_of(actor),
    }
    return await respond(request, "hospital/stays/day.html", context)


_ONE = "/stays/{id}"
_NEW = "/front-desk/patients/{id}/admission"
ROUTES: list[BaseRoute] = [
    tenant_route("/stays", index, permission=STAYS, name="stays"),
    tenant_route(
        "/stays",
        refresh_all,
        permission=STAYS_WORK,
        methods=WRITES,
        name="stays_refresh",
        is_transactional=False,
    ),
    tenant_route(_NEW, new, permission=STAYS_WORK, name="stay_new"),
    tenant_route(_NEW, admit, permission=STAYS_WORK, methods=WRITES, name="stay_admit"),
    tenant_route(_ONE, stay, permission=STAYS, name="stay"),
    tenant_route(f"{_ONE}/bed", move, permission=STAYS_WORK, methods=WRITES, name="stay_move"),
    tenant_route(f"{_ONE}/consent", sign, permission=STAYS_WORK, methods=WRITES, name="stay_sign"),
    tenant_route(f"{_ONE}/acts", act, permission=STAYS_WORK, methods=WRITES, name="stay_act"),
    tenant_route(
        f"{_ONE}/list", refresh, permission=STAYS, methods=WRITES, name="stay_refresh", is_transactional=False
    ),
    tenant_route(f"{_ONE}/days/{{day}}", day, permission=STAYS, name="stay_day"),
]
