"""My visits: what is coming, the patients one may book for, and the hospitals one may turn to."""

from typing import Annotated, Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from scenarios.hospital import mine, patients, waiting
from scenarios.hospital.documents import tidy
from scenarios.hospital.his import linking
from scenarios.hospital.inpatient.queries import mine as stays_seen
from scenarios.hospital.kinds import DOCUMENTS, RELATIONS, SCENARIO_KEY, SEXES
from scenarios.hospital.models import ClinicWaiting
from scenarios.hospital.pages.common import CARE, hospital_of
from scenarios.hospital.pages.mine_visit import with_words
from scenarios.hospital.patients import Identity
from scenarios.hospital.queries import mine_coming, mine_waiting
from tenants.actor import Actor
from tenants.http import WRITES, path_id, person_route
from tenants.public import open_institutions
from tenants.scope import open_scope, tenant_scope
from ui.errors import Conflict, Invalid, NotFound
from ui.fields import Day
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond


class Registration(BaseModel):
    """A patient as typed from their document."""

    relation: str = Field("self", title=N_("The patient is"))
    name: str = Field(title=N_("Name as on the document"), max_length=100)
    sex: str = Field(title=N_("Sex"))
    born_on: Annotated[Day, Field(title=N_("Day of birth"))]
    document_kind: str = Field("identity_card", title=N_("Kind of document"))
    document_number: str = Field(title=N_("Number of the document"), max_length=40)
    phone: str = Field(title=N_("Phone"), max_length=40)
    is_insured: bool = Field(False, title=N_("Has health insurance"))
    has_agreed: bool = Field(
        False, title=N_("The hospital may keep and use this health data for the patient's care")
    )

    def identity(self) -> Identity:
        """Return who it is."""
        return Identity(
            name=self.name,
            sex=self.sex,
            born_on=self.born_on,
            document_kind=self.document_kind,
            document_number=self.document_number,
            phone=self.phone,
            is_insured=self.is_insured,
        )


WHO = {
    "self": N_("Me"),
    "child": N_("My child"),
    "parent": N_("My mother or father"),
    "guardian": N_("In my care"),
}


async def home(request: Request, actor: Actor) -> Response:
    """Show what is coming, and where to go on."""
    async with open_scope(actor.scope()):
        stays = await stays_seen()
    context = {
        "stays": stays,
        "waits": await mine_waiting(actor),
        "coming": [with_words(one) for one in await mine_coming(actor)],
        "patients": [
            {**dict(one), "held_as": gettext((RELATIONS | WHO)[one["relation"]])}
            for one in await mine.patients_of(actor)
        ],
        "hospitals": await open_institutions(SCENARIO_KEY),
        "care": CARE,
    }
    return await respond(request, "hospital/mine/home.html", context)


async def new_patient(request: Request, actor: Actor) -> Response:
    """Ask who the patient is."""
    hospital = await hospital_of(request)
    form = Form.blank(
        Registration, {"relation": "self", "name": actor.name, "document_kind": "identity_card"}
    )
    return await _form(request, hospital, form)


async def _form(request: Request, hospital: Any, form: Form[Registration], status: int = 200) -> Response:
    context = {
        "hospital": hospital,
        "form": form,
        "care": CARE,
        "who": [(key, gettext(words)) for key, words in WHO.items()],
        "sexes": [(key, gettext(words)) for key, words in SEXES.items()],
        "documents": [(key, gettext(words)) for key, words in DOCUMENTS.items()],
    }
    return await respond(request, "hospital/mine/register.html", context, status=status)


async def register(request: Request, actor: Actor) -> Response:
    """Register the patient and go on to the departments (outside of any scope: the hospital's system is asked)."""
    async with open_scope(actor.scope()):
        hospital = await hospital_of(request)
    form = await bind(request, Registration)
    if form.is_valid:
        there = await linking.ask(hospital["id"], form.ok.document_kind, tidy(form.ok.document_number))
        try:
            async with open_scope(tenant_scope(hospital["id"])):
                await patients.register_own(
                    actor.within(hospital["id"]),
                    tenant_id=hospital["id"],
                    relation=form.ok.relation,
                    given=form.ok.identity(),
                    has_agreed=form.ok.has_agreed,
                    there=there,
                )
        except Invalid as refused:
            form.fail_with(refused)
        except Conflict as refused:
            form.fail("document_number", refused.message)
        else:
            flash = t("{name} is registered. Choose a department.", name=form.ok.name)
            return redirect(request, f"{CARE}/at/{hospital['slug']}", flash=flash)
    return await _form(request, hospital, form, 422)


async def leave_list(request: Request, actor: Actor) -> Response:
    """Wait no longer; what was offered goes to the next."""
    async with open_scope(actor.scope()):
        found = await ClinicWaiting.get_or_none(id=path_id(request))
    if found is None:
        raise NotFound("waiting.not_found", t("There is no such place on a wait-list, or it is not yours."))
    proven = await mine.prove(actor, found.account_id)
    async with open_scope(tenant_scope(proven.tenant_id)):
        await waiting.leave(actor.within(proven.tenant_id), waiting_id=found.id)
    return redirect(request, CARE, flash=t("You wait no longer."))


ROUTES: list[BaseRoute] = [
    person_route(f"{CARE}/waiting/{{id}}/end", leave_list, methods=WRITES, name="my_leave_list"),
    person_route(CARE, home, name="my_care"),
    person_route(f"{CARE}/at/{{hospital}}/patients/new", new_patient, name="my_new_patient"),
    person_route(
        f"{CARE}/at/{{hospital}}/patients",
        register,
        methods=WRITES,
        name="my_register_patient",
        is_transactional=False,
    ),
]
