"""One patient of mine: their visits, whom they trust with what, and asking to be let book again."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from scenarios.hospital import blocks, mine, patients, queries
from scenarios.hospital.his.connecting import his_of
from scenarios.hospital.inpatient.queries import mine as stays_seen
from scenarios.hospital.kinds import GRANTS
from scenarios.hospital.models import CareGrant, Patient
from scenarios.hospital.pages.common import CARE, use_zone
from scenarios.hospital.pages.mine_visit import with_words
from tenants.actor import Actor
from tenants.http import WRITES, path_id, person_route
from tenants.models import Account
from tenants.scope import open_scope, tenant_scope
from ui.errors import Conflict, Invalid, NotFound
from ui.formats import listed
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond


class Trusting(BaseModel):
    """Who is trusted with what."""

    name: str = Field(title=N_("Full name"), max_length=70)
    purposes: list[str] = Field(title=N_("They may"))


class Appealing(BaseModel):
    """What happened."""

    words: str = Field(title=N_("What happened?"), max_length=blocks.TEXT_MAX)


async def patient(request: Request, actor: Actor) -> Response:
    """Show the patient's visits and the people they trust."""
    return await _patient(request, actor, Form.blank(Trusting))


async def _patient(
    request: Request, actor: Actor, form: Form[Trusting], *, code: str = "", status: int = 200
) -> Response:
    proven = await mine.prove_any(actor, path_id(request))
    use_zone(request, proven.timezone)
    async with open_scope(tenant_scope(proven.tenant_id)):
        account = await Account.get(tenant_id=proven.tenant_id, id=proven.account_id)
        known = await Patient.get(tenant_id=proven.tenant_id, account_id=proven.account_id)
        block = await blocks.block_of(proven.tenant_id, proven.account_id, proven.timezone)
        has_his = await his_of(proven.tenant_id) is not None
        trusted = await _trusted(proven.tenant_id, proven.account_id)
    async with open_scope(actor.scope()):
        stays = await stays_seen(proven.account_id)
    context = {
        "stays": stays,
        "may_read": proven.relation != "proxy" or await _may_read(actor, proven),
        "account": account,
        "mask": known.document_mask,
        "block": block,
        "is_own": proven.relation != "proxy",
        "may_pay": has_his,
        "trusted": trusted,
        "visits": [with_words(one) for one in await queries.mine_of_patient(actor, proven.account_id)],
        "form": form,
        "code": code,
        "purposes": [(key, gettext(words)) for key, words in GRANTS.items()],
        "care": CARE,
        "here": f"{CARE}/patients/{proven.account_id}",
    }
    return await respond(request, "hospital/mine/patient.html", context, status=status)


async def _may_read(actor: Actor, proven: mine.Proven) -> bool:
    """Tell whether somebody who is trusted may read reports."""
    found = await mine.patients_of(actor, purpose="reports")
    return any(one["id"] == proven.account_id for one in found)


async def _trusted(tenant_id: UUID, account_id: UUID) -> list[dict[str, Any]]:
    found = await patients.proxies(tenant_id, account_id)
    grants = await CareGrant.filter(tenant_id=tenant_id, account_id=account_id, ended_at=None)
    return [
        {
            "id": one.id,
            "name": one.name,
            "is_confirmed": one.confirmed_at is not None,
            "may": listed(gettext(GRANTS[g.purpose]) for g in grants if g.holder_id == one.id),
        }
        for one in found
    ]


async def _own(actor: Actor, account_id: UUID) -> mine.Proven:
    """Return the patient as the person's own; who is only trusted decides nothing about trust."""
    proven = await mine.prove_any(actor, account_id)
    if proven.relation == "proxy":
        raise NotFound("patient.not_found", t("There is no such patient, or they are not yours to see."))
    return proven


async def trust(request: Request, actor: Actor) -> Response:
    """Trust somebody: their code is shown once, here."""
    proven = await _own(actor, path_id(request))
    form = await bind(request, Trusting)
    if not form.is_valid:
        return await _patient(request, actor, form, status=422)
    try:
        async with open_scope(tenant_scope(proven.tenant_id)):
            _, code = await patients.trust(
                actor.within(proven.tenant_id),
                account_id=proven.account_id,
                name=form.ok.name,
                purposes=form.ok.purposes,
            )
    except (Invalid, Conflict) as refused:
        form.fail_with(refused)
        return await _patient(request, actor, form, status=422)
    return await _patient(request, actor, Form.blank(Trusting), code=code)


async def distrust(request: Request, actor: Actor) -> Response:
    """End somebody's part."""
    proven = await _own(actor, path_id(request))
    async with open_scope(tenant_scope(proven.tenant_id)):
        await patients.distrust(
            actor.within(proven.tenant_id), account_id=proven.account_id, holder_id=path_id(request, "holder")
        )
    here = f"{CARE}/patients/{proven.account_id}"
    return redirect(request, here, flash=t("They see nothing of this patient any more."))


async def appeal(request: Request, actor: Actor) -> Response:
    """Ask the hospital to lift a block."""
    proven = await _own(actor, path_id(request))
    form = await bind(request, Appealing)
    here = f"{CARE}/patients/{proven.account_id}"
    async with open_scope(tenant_scope(proven.tenant_id)):
        block = await blocks.block_of(proven.tenant_id, proven.account_id, proven.timezone)
        if block is None:
            return redirect(request, here, flash=t("The patient may book."))
        await blocks.appeal(actor.within(proven.tenant_id), block_id=block.id, words=form.ok.words)
    return redirect(request, here, flash=t("The hospital looks into it and answers here."))


_ONE = f"{CARE}/patients/{{id}}"
ROUTES: list[BaseRoute] = [
    person_route(_ONE, patient, name="my_patient"),
    person_route(f"{_ONE}/trusted", trust, methods=WRITES, name="my_trust"),
    person_route(f"{_ONE}/trusted/{{holder}}/end", distrust, methods=WRITES, name="my_distrust"),
    person_route(f"{_ONE}/appeal", appeal, methods=WRITES, name="my_appeal"),
]
