"""The front desk: find a patient by a few letters or a scanned code, register, book, send to the cash desk, print."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from integrations.apps.catalogue.queries import tools_of
from integrations.provider import smart
from scenarios.hospital import arriving, blocks, booking, calendar, documents, patients, queries
from scenarios.hospital.documents import tidy
from scenarios.hospital.his import linking
from scenarios.hospital.his.connecting import his_of
from scenarios.hospital.kinds import DOCUMENTS, SEXES, VISITS
from scenarios.hospital.models import Patient
from scenarios.hospital.pages.common import require_hospital, root_of, tenant_of, with_words
from scenarios.hospital.pages.mine_home import Registration
from scenarios.hospital.pages.mine_visit import with_words as visit_words
from scenarios.hospital.rights import BOOK, STAYS_WORK
from scenarios.hospital.viewing import note_view
from tenants.actor import Actor
from tenants.codes import is_code, new_token
from tenants.days import today
from tenants.http import WRITES, path_id, tenant_route
from tenants.models import Account
from tenants.scope import open_scope, rows
from tenants.search import containing, literal
from ui.errors import Conflict, Invalid, NotFound
from ui.flash import Flash
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond

MOST = 20
_FIND = """
select a.id, a.number, a.name, p.born_on, p.sex, p.document_mask,
       (select count(*) from hospital_appointment x where x.tenant_id = $1 and x.account_id = a.id
           and x.status in ('pending', 'booked', 'arrived', 'called')) coming
  from tenants_account a join hospital_patient p on p.tenant_id = $1 and p.account_id = a.id
 where a.tenant_id = $1 and a.kind = 'patient' and a.is_active
   and (a.name ilike $2 or a.number ilike $3 or a.sort_key like $4)
 order by a.sort_key, a.number limit $5
"""
_COMING = """
select id from hospital_appointment where tenant_id = $1 and account_id = $2
 order by status not in ('pending', 'booked', 'arrived', 'called'), starts_at desc limit 20
"""


class Taking(BaseModel):
    """A number for a patient at the desk."""

    key: str = ""
    session: UUID = Field(title=N_("Session"))
    visit: str = Field("first", title=N_("Kind of visit"))


async def desk(request: Request, actor: Actor) -> Response:
    """One field: two letters of a name, a patient's number, or the code that a patient shows."""
    require_hospital(actor)
    words = request.query_params.get("q", "").replace("\x00", "").strip()[:100]
    if is_code(words, booking.CODE_LENGTH):
        found_visit = await _by_code(actor, words)
        if found_visit:
            return redirect(request, f"{root_of(actor)}/appointments/{found_visit}")
    found = await find(actor, words)
    if len(found) == 1:
        return redirect(request, f"{root_of(actor)}/front-desk/patients/{found[0]['id']}")
    context = {
        "q": words,
        "found": found[:MOST],
        "has_more": len(found) > MOST,
        "sexes": {key: gettext(name) for key, name in SEXES.items()},
        "root": root_of(actor),
    }
    return await respond(request, "hospital/staff/desk.html", context)


async def _by_code(actor: Actor, words: str) -> UUID | None:
    try:
        return (await arriving.check_in(actor, words)).id
    except (Invalid, Conflict):
        return await arriving.of_code(actor, words)


async def find(actor: Actor, words: str) -> list[Any]:
    """Return the patients whose name contains the words, or whose number begins with them."""
    if not words:
        return []
    pattern = f"{literal(words)}%"
    return list(await rows(_FIND, actor.tenant_id, containing(words), pattern, pattern.casefold(), MOST + 1))


async def patient(request: Request, actor: Actor) -> Response:
    """Show a patient at the desk; that the page was opened is written down."""
    account, known = await _patient(actor, path_id(request))
    await note_view(actor, "patient.viewed", "account", account.id, account.number)
    ids = [one["id"] for one in await rows(_COMING, actor.tenant_id, account.id)]
    visits = [visit_words(await queries.visit(tenant_of(actor), one)) for one in ids]
    context = {
        "account": account,
        "patient": known,
        "sex": gettext(SEXES.get(known.sex, known.sex)),
        "document": gettext(DOCUMENTS.get(known.document_kind, known.document_kind)),
        "block": await blocks.block_of(account.tenant_id, account.id, str(actor.place["timezone"])),
        "visits": visits,
        "may_take": actor.may("payments.take"),
        "may_see": actor.may("accounts.read"),
        "may_admit": actor.may(STAYS_WORK),
        "has_his": await his_of(tenant_of(actor)) is not None,
        "tools": await tools_of(actor, smart.PROTOCOL, smart.RECORDS),
        "root": root_of(actor),
    }
    return await respond(request, "hospital/staff/patient.html", context)


async def _patient(actor: Actor, account_id: UUID) -> tuple[Account, Patient]:
    account = await Account.get_or_none(tenant_id=actor.tenant_id, id=account_id, kind="patient")
    known = await Patient.get_or_none(tenant_id=actor.tenant_id, account_id=account_id)
    if account is None or known is None:
        raise NotFound("patient.not_found", t("There is no such patient, or they are not yours to see."))
    return account, known


async def new_patient(request: Request, actor: Actor) -> Response:
    """Ask who the patient is."""
    require_hospital(actor)
    values = {"document_kind": "identity_card", "name": request.query_params.get("name", "")[:100]}
    return await _register(request, actor, Form.blank(Registration, values))


async def _register(
    request: Request,
    actor: Actor,
    form: Form[Registration],
    status: int = 200,
    *,
    told: linking.Told | None = None,
    errors: Any = None,
) -> Response:
    async with open_scope(actor.scope()):
        has_his = await his_of(tenant_of(actor)) is not None
    if errors:
        form.errors, form.is_sent = errors, True
    context = {
        "form": form,
        "has_his": has_his,
        "told": told,
        "sexes": [(key, gettext(words)) for key, words in SEXES.items()],
        "documents": [(key, gettext(words)) for key, words in DOCUMENTS.items()],
        "root": root_of(actor),
    }
    return await respond(request, "hospital/staff/register.html", context, status=status)


class Document(BaseModel):
    """A document that the hospital's own system may know."""

    document_kind: str = Field("identity_card", title=N_("Kind of document"))
    document_number: str = Field(title=N_("Number of the document"), max_length=40)


async def look_up(request: Request, actor: Actor) -> Response:
    """Fill the form with what the hospital's system knows of a document (outside of any scope: it is asked)."""
    require_hospital(actor)
    asked = await bind(request, Document)
    values = {name: asked.value(name) for name in ("document_kind", "document_number")}
    if not asked.is_valid:
        return await _register(request, actor, Form.blank(Registration, values), 422, errors=asked.errors)
    there = await linking.ask(tenant_of(actor), asked.ok.document_kind, tidy(asked.ok.document_number))
    if there.patient is not None:
        values |= {"name": there.patient.name, "sex": there.patient.sex}
        values |= {"born_on": there.patient.born_on.isoformat()} if there.patient.born_on else {}
    return await _register(request, actor, Form.blank(Registration, values), told=there)


async def link(request: Request, actor: Actor) -> Response:
    """Ask the hospital's system for the number of a patient who is here already (outside of any scope)."""
    require_hospital(actor)
    async with open_scope(actor.scope()):
        account, known = await _patient(actor, path_id(request))
    there = await linking.ask(account.tenant_id, known.document_kind, documents.opened(known.document))
    here = f"{root_of(actor)}/front-desk/patients/{account.id}"
    try:
        async with open_scope(actor.scope()):
            is_known = await patients.link(actor, account.id, there)
    except Conflict as refused:
        return redirect(request, here, flash=Flash(refused.message, "warning"))
    if there.is_silent:
        return redirect(request, here, flash=Flash(SILENT, "warning"))
    words = t("The hospital's system knows this patient.") if is_known else NOT_KNOWN
    return redirect(request, here, flash=Flash(words, "success" if is_known else "warning"))


SILENT = t("The hospital's system does not answer just now.")
NOT_KNOWN = t("The hospital's system knows nobody with this document.")


async def register(request: Request, actor: Actor) -> Response:
    """Register a patient with the document in hand (outside of any scope: the hospital's system is asked)."""
    require_hospital(actor)
    form = await bind(request, Registration)
    if form.is_valid:
        number = tidy(form.ok.document_number)
        there = await linking.ask(tenant_of(actor), form.ok.document_kind, number)
        try:
            async with open_scope(actor.scope()):
                account = await patients.register(actor, form.ok.identity(), there)
        except (Invalid, Conflict) as refused:
            form.fail_with(refused)
        else:
            flash = t("{name} is registered.", name=account.name)
            return redirect(request, f"{root_of(actor)}/front-desk/patients/{account.id}", flash=flash)
    return await _register(request, actor, form, 422)


async def choose(request: Request, actor: Actor) -> Response:
    """Choose a session for a patient: today's first."""
    account, _ = await _patient(actor, path_id(request))
    return await _choose(request, actor, account, Form.blank(Taking, {"key": new_token(), "visit": "first"}))


async def _choose(
    request: Request, actor: Actor, account: Account, form: Form[Taking], status: int = 200
) -> Response:
    zone = str(actor.place["timezone"])
    words = request.query_params.get("q", "").strip().casefold()
    found = await calendar.open_sessions(tenant_of(actor), first=today(zone), days=14)
    seen = [with_words(one, zone) for one in found]
    shown = [one for one in seen if words in f"{one['doctor']} {one['department_name']}".casefold()][:60]
    context = {
        "account": account,
        "form": form,
        "q": request.query_params.get("q", ""),
        "visits": [(key, gettext(name)) for key, name in VISITS.items()],
        "sessions": [
            (
                str(one["id"]),
                f"{one['day_name']} {one['time']} · {one['doctor']}",
                gettext(
                    "{department}, {place}; {n} left",
                    department=one["department_name"],
                    place=one["place"],
                    n=sum(one["quotas"].values()) - one["taken"],
                ),
            )
            for one in shown
        ],
        "root": root_of(actor),
    }
    return await respond(request, "hospital/staff/book.html", context, status=status)


async def book(request: Request, actor: Actor) -> Response:
    """Book at the desk; what is to be paid is taken at the cash desk while the number is held."""
    account, _ = await _patient(actor, path_id(request))
    form = await bind(request, Taking)
    if form.is_valid:
        try:
            made = await booking.book(
                actor,
                account_id=account.id,
                session_id=form.ok.session,
                visit=form.ok.visit,
                channel="desk",
                key=form.ok.key,
            )
        except (Invalid, Conflict, NotFound) as refused:
            form.fail("", refused.message)
        else:
            return redirect(
                request, f"{root_of(actor)}/appointments/{made.id}", flash=t("The number is taken.")
            )
    return await _choose(request, actor, account, form, 422)


_DESK = "/front-desk"
ROUTES: list[BaseRoute] = [
    tenant_route(_DESK, desk, permission=BOOK, name="front_desk"),
    tenant_route(f"{_DESK}/patients/new", new_patient, permission=BOOK, name="desk_new_patient"),
    tenant_route(
        f"{_DESK}/patients",
        register,
        permission=BOOK,
        methods=WRITES,
        name="desk_register",
        is_transactional=False,
    ),
    tenant_route(
        f"{_DESK}/patients/new",
        look_up,
        permission=BOOK,
        methods=WRITES,
        name="desk_look_up",
        is_transactional=False,
    ),
    tenant_route(
        f"{_DESK}/patients/{{id}}/link",
        link,
        permission=BOOK,
        methods=WRITES,
        name="desk_link",
        is_transactional=False,
    ),
    tenant_route(f"{_DESK}/patients/{{id}}", patient, permission=BOOK, name="desk_patient"),
    tenant_route(f"{_DESK}/patients/{{id}}/booking", choose, permission=BOOK, name="desk_choose"),
    tenant_route(f"{_DESK}/patients/{{id}}/booking", book, permission=BOOK, methods=WRITES, name="desk_book"),
]
