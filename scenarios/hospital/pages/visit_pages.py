"""Appointments as staff see them: the list, one with its story, cancelling for a patient, the slip on paper; blocks."""

import json
from datetime import date

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.names import localized
from scenarios.hospital import arriving, blocks, cancelling, pricing, queries
from scenarios.hospital.models import Appointment
from scenarios.hospital.pages.common import require_hospital, root_of, tenant_of
from scenarios.hospital.pages.mine_visit import Cancelling
from scenarios.hospital.pages.mine_visit import with_words as visit_words
from scenarios.hospital.rights import BLOCKS, BOOK, READ
from scenarios.hospital.states import TONES, WORDS
from scenarios.hospital.viewing import note_view
from tenants.actor import Actor
from tenants.codes import new_token
from tenants.days import today
from tenants.http import WRITES, path_id, tenant_route
from tenants.scope import open_scope, rows, value
from tenants.search import containing
from ui.errors import Conflict, Invalid, NotFound
from ui.exports import export, wants_export
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery

MOST_EXPORTED = 50_000
ORDERS = {"starts_at": "x.starts_at", "patient": "a.sort_key", "created_at": "x.created_at"}
_FROM = """
  from hospital_appointment x join tenants_account a on a.tenant_id = $1 and a.id = x.account_id
  join hospital_session s on s.tenant_id = $1 and s.id = x.session_id
  join hospital_doctor d on d.tenant_id = $1 and d.id = s.doctor_id
  join hospital_department dp on dp.tenant_id = $1 and dp.id = x.department_id
 where x.tenant_id = $1 and ($2 = '' or x.status = $2) and ($3 = '' or x.day = $3::text::date)
   and ($4 = '' or a.name ilike $4 or a.number ilike $4 or x.reference ilike $4 or d.name ilike $4)
"""
_LIST = f"""
select x.id, x.reference, x.status, x.channel, x.starts_at, x.created_at, x.price_minor, x.currency, a.name patient,
       a.number patient_number, d.name doctor, dp.names department {_FROM}
"""


def _columns(actor: Actor) -> tuple[Column, ...]:
    root = f"{root_of(actor)}/appointments"
    return (
        Column("starts_at", t("When"), format="datetime", sortable=True),
        Column("patient", t("Patient"), sortable=True, is_main=True, href=lambda one: f"{root}/{one['id']}"),
        Column("patient_number", t("Patient's number"), format="code"),
        Column("doctor", t("Doctor")),
        Column("department", t("Department"), value=lambda one: localized(json.loads(one["department"]))),
        Column("reference", t("Reference"), format="code"),
        Column("status", t("State"), format="badge", tones=TONES, words={k: t(w) for k, w in WORDS.items()}),
        Column("price_minor", t("Fee"), format="money"),
        Column("created_at", t("Booked at"), format="datetime", sortable=True),
    )


async def appointments(request: Request, actor: Actor) -> Response:
    """List the appointments."""
    require_hospital(actor)
    columns = _columns(actor)
    query = TableQuery.parse(request, columns=columns, filters=("status", "day"), default_sort="-starts_at")
    args = (actor.tenant_id, query.get("status"), _day(query.get("day")), containing(query.q))
    order = ORDERS[query.sort.removeprefix("-")] + (" desc" if query.sort.startswith("-") else "")
    listed = f"{_LIST} order by {order}, x.id offset $5 limit $6"
    if wants_export(request):
        return await export(request, columns, await rows(listed, *args, 0, MOST_EXPORTED), "appointments")
    found = await rows(listed, *args, query.offset, query.limit)
    context = {
        "page": Page.of(query, found, int(await value(f"select count(*) {_FROM}", *args))),
        "columns": columns,
        "states": [(key, t(words)) for key, words in WORDS.items()],
        "may_decide": actor.may(BLOCKS),
        "root": root_of(actor),
    }
    return await respond(request, "hospital/staff/appointments.html", context, block="list")


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return ""


async def appointment(request: Request, actor: Actor) -> Response:
    """Show one appointment; that it was opened is written down."""
    found = await queries.visit(tenant_of(actor), path_id(request))
    await note_view(actor, "patient.viewed", "account", found["account_id"], found["patient_number"])
    kept = await pricing.kept_of(await Appointment.get(tenant_id=actor.tenant_id, id=found["id"]))
    context = {
        "visit": visit_words(found),
        "kept_minor": kept,
        "is_today": found["day"] == today(str(actor.place["timezone"])),
        "may_book": actor.may(BOOK),
        "may_take": actor.may("payments.take"),
        "key": new_token(),
        "root": root_of(actor),
    }
    return await respond(request, "hospital/staff/appointment.html", context)


async def slip(request: Request, actor: Actor) -> Response:
    """Show the slip that the desk prints."""
    found = await queries.visit(tenant_of(actor), path_id(request))
    context = {"visit": visit_words(found), "root": root_of(actor)}
    return await respond(request, "hospital/staff/slip.html", context)


async def arrive(request: Request, actor: Actor) -> Response:
    """Note that the patient is here."""
    await queries.visit(tenant_of(actor), path_id(request))
    found = await arriving.arrive(actor, path_id(request))
    ahead = await arriving.before(found)
    flash = t("The patient is here; {n} are before them.", n=ahead)
    return redirect(request, f"{root_of(actor)}/appointments/{found.id}", flash=flash)


async def cancel(request: Request, actor: Actor) -> Response:
    """Cancel for a patient by the rule (outside of any scope: a payment under way is asked about first)."""
    async with open_scope(actor.scope()):
        found = await queries.visit(tenant_of(actor), path_id(request))
    form = await bind(request, Cancelling)
    here = f"{root_of(actor)}/appointments/{found['id']}"
    if found["status"] == "pending":
        await cancelling.give_up(actor, appointment_id=found["id"])
    else:
        async with open_scope(actor.scope()):
            await cancelling.cancel(
                actor,
                appointment_id=found["id"],
                seen_kept_minor=form.ok.seen_kept_minor,
                key=form.ok.key,
            )
    return redirect(request, here, flash=t("The appointment is cancelled."))


_BLOCKS = """
select b.id, b.since, b.until, b.missed, b.appeal, b.appealed_at, b.decision, b.is_lifted, a.name, a.number,
       case when b.is_lifted then 'lifted' when b.decided_at is not null then 'upheld'
            when b.appealed_at is not null then 'appealed' when b.until < day_of(b.tenant_id) then 'over'
            else 'standing' end status
  from hospital_block b join tenants_account a on a.tenant_id = $1 and a.id = b.account_id
 where b.tenant_id = $1 and ($2 = '' or a.name ilike $2 or a.number ilike $2)
 order by (b.appealed_at is not null and b.decided_at is null) desc, b.since desc, b.id offset $3 limit $4
"""
_STANDING = {
    "standing": N_("May not book"),
    "appealed": N_("Asks to be let book"),
    "upheld": N_("Stays"),
    "lifted": N_("Lifted"),
    "over": N_("Over"),
}


class Deciding(BaseModel):
    """What the hospital decides, and why."""

    act: str = Field("lift", title=N_("Decision"))
    reason: str = Field(title=N_("Why"), max_length=blocks.TEXT_MAX)


async def block_list(request: Request, actor: Actor) -> Response:
    """List the patients who may not book, those who ask first."""
    require_hospital(actor)
    root = f"{root_of(actor)}/blocks"
    columns = (
        Column("name", t("Patient"), is_main=True, href=lambda one: f"{root}/{one['id']}"),
        Column("number", t("Patient's number"), format="code"),
        Column("missed", t("Missed"), format="number"),
        Column("since", t("Since"), format="date"),
        Column("until", t("Until"), format="date"),
        Column(
            "status",
            t("State"),
            format="badge",
            tones={"appealed": "warning", "standing": "danger", "lifted": "success"},
            words={key: t(words) for key, words in _STANDING.items()},
        ),
    )
    query = TableQuery.parse(request, columns=columns)
    args = (actor.tenant_id, containing(query.q))
    if wants_export(request):
        return await export(request, columns, await rows(_BLOCKS, *args, 0, MOST_EXPORTED), "blocks")
    found = await rows(_BLOCKS, *args, query.offset, query.limit)
    context = {"page": Page.of(query, found), "columns": columns, "root": root_of(actor)}
    return await respond(request, "hospital/staff/blocks.html", context, block="list")


async def block(request: Request, actor: Actor) -> Response:
    """Show what a patient says, and ask for a decision."""
    return await _block(request, actor, Form.blank(Deciding, {"act": "lift"}))


async def _block(request: Request, actor: Actor, form: Form[Deciding], status: int = 200) -> Response:
    found = await rows(_BLOCKS, actor.tenant_id, "", 0, MOST_EXPORTED)
    one = next((each for each in found if each["id"] == path_id(request)), None)
    if one is None:
        raise NotFound("block.not_found", t("There is no such block."))
    context = {"block": one, "state": t(_STANDING[one["status"]]), "form": form, "root": root_of(actor)}
    return await respond(request, "hospital/staff/block.html", context, status=status)


async def decide(request: Request, actor: Actor) -> Response:
    """Lift the block, or let it stand."""
    form = await bind(request, Deciding)
    if form.is_valid:
        try:
            await blocks.decide(
                actor, block_id=path_id(request), is_lifted=form.ok.act == "lift", reason=form.ok.reason
            )
        except (Invalid, Conflict) as refused:
            form.fail_with(refused)
        else:
            return redirect(request, f"{root_of(actor)}/blocks", flash=t("The decision is kept."))
    return await _block(request, actor, form, 422)


_ONE = "/appointments/{id}"
ROUTES: list[BaseRoute] = [
    tenant_route("/appointments", appointments, permission=READ, name="appointments"),
    tenant_route(_ONE, appointment, permission=READ, name="appointment"),
    tenant_route(f"{_ONE}/slip", slip, permission=READ, name="appointment_slip"),
    tenant_route(f"{_ONE}/arrival", arrive, permission=BOOK, methods=WRITES, name="appointment_arrival"),
    tenant_route(
        f"{_ONE}/cancellation",
        cancel,
        permission=BOOK,
        methods=WRITES,
        name="appointment_cancellation",
        is_transactional=False,
    ),
    tenant_route("/blocks", block_list, permission=BLOCKS, name="blocks"),
    tenant_route("/blocks/{id}", block, permission=BLOCKS, name="block"),
    tenant_route("/blocks/{id}", decide, permission=BLOCKS, methods=WRITES, name="block_decision"),
]
