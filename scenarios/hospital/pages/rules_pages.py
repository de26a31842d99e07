"""What a hospital's administrator sets: rules of booking and of stays, and where the hospital's own system is."""

import base64
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.terms import save_terms, terms_of
from billing.terms_pages import TermsPage, add_terms_page
from scenarios.hospital.his.connecting import PURPOSE, HisTerms, his_of
from scenarios.hospital.his.contract import HisRefused, HisSilent
from scenarios.hospital.inpatient.terms import StayTerms
from scenarios.hospital.kinds import SCENARIO_KEY
from scenarios.hospital.orders.tonight import TonightTerms
from scenarios.hospital.pages.common import require_hospital, root_of, tenant_of
from scenarios.hospital.terms import BookingTerms
from tenants.actor import Actor
from tenants.days import today
from tenants.http import WRITES, tenant_route
from tenants.runtime import runtime
from tenants.scope import open_scope
from ui.errors import Invalid
from ui.fields import MinorAmount
from ui.flash import Flash
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond

SETTINGS = "settings.write"
Limit = Annotated[int, MinorAmount(allow_zero=True)]


class BookingForm(BaseModel):
    """The rules of booking as they are typed."""

    hold_minutes: int = Field(title=N_("Minutes a number waits for its payment"), ge=5, le=60)
    per_day: int = Field(title=N_("Appointments of a patient on one day"), ge=1, le=20)
    per_department_day: int = Field(title=N_("Of these in one department"), ge=1, le=10)
    missed_most: int = Field(title=N_("Missed appointments in a year until no booking"), ge=1, le=20)
    block_days: int = Field(title=N_("Days without booking then"), ge=1, le=366)
    late_behind: int = Field(title=N_("Who is late goes behind so many"), ge=1, le=20)
    offer_minutes: int = Field(title=N_("Minutes a free number is kept for who waits"), ge=5, le=240)


class StayForm(BaseModel):
    """The rules of stays as they are typed."""

    threshold_minor: Limit = Field(title=N_("A deposit is low below"))
    remind_hours: int = Field(title=N_("Hours until the family is told again"), ge=1, le=240)
    credit_most_minor: Limit = Field(title=N_("The most that is lent to one stay"))
    credit_days: int = Field(title=N_("The longest, in days"), ge=1, le=366)


class TonightForm(BaseModel):
    """Treating first, as it is typed."""

    is_on: bool = Field(False, title=N_("Patients may be treated first and pay tonight"))
    most_minor: Limit = Field(title=N_("The most for a patient and day"))


add_terms_page(
    TermsPage(
        title=t("Treat first, pay tonight"),
        lede=t("Orders are confirmed at once and taken at 23:00 from whoever has automatic payment."),
        terms=TonightTerms,
        form=TonightForm,
        template="hospital/rules/tonight.html",
        shown=lambda terms, _currency: terms.model_dump(),
        read=lambda form, _currency: TonightTerms(**form.model_dump()),
        scenario=SCENARIO_KEY,
    )
)
add_terms_page(
    TermsPage(
        title=t("Booking"),
        lede=t("How numbers are held, how many a patient can have, and what follows when nobody comes."),
        terms=BookingTerms,
        form=BookingForm,
        template="hospital/rules/booking.html",
        shown=lambda terms, _currency: terms.model_dump(),
        read=lambda form, _currency: BookingTerms(**form.model_dump()),
        scenario=SCENARIO_KEY,
    )
)
add_terms_page(
    TermsPage(
        title=t("Stays in hospital"),
        lede=t("When a deposit is low, and how much can be lent by whom."),
        terms=StayTerms,
        form=StayForm,
        template="hospital/rules/stays.html",
        shown=lambda terms, _currency: terms.model_dump(),
        read=lambda form, _currency: StayTerms(**form.model_dump()),
        scenario=SCENARIO_KEY,
    )
)


class Connection(BaseModel):
    """Where the hospital's system is. An empty token keeps the one that is there."""

    url: str = Field("", title=N_("Address of the hospital's system"), max_length=300)
    token: str = Field("", title=N_("New token"), max_length=500)
    confirm_minutes: int = Field(10, title=N_("Minutes in which it has to confirm"), ge=1, le=120)


async def connection(request: Request, actor: Actor) -> Response:
    """Show where the hospital's system is; its token is never shown again."""
    require_hospital(actor)
    kept = await terms_of(tenant_of(actor), HisTerms)
    form = Form.blank(Connection, {"url": kept.url, "confirm_minutes": kept.confirm_minutes})
    return await _connection(request, actor, form)


async def _connection(request: Request, actor: Actor, form: Form[Connection], status: int = 200) -> Response:
    kept = await terms_of(tenant_of(actor), HisTerms)
    context = {"form": form, "has_token": bool(kept.sealed_token), "is_on": bool(kept.url)}
    context["root"] = root_of(actor)
    return await respond(request, "hospital/rules/connection.html", context, status=status)


async def connect(request: Request, actor: Actor) -> Response:
    """Keep where the hospital's system is."""
    require_hospital(actor)
    form = await bind(request, Connection)
    if form.is_valid:
        try:
            await save_terms(actor, await _read(actor, form.ok))
        except Invalid as refused:
            form.fail_with(refused)
        else:
            return redirect(request, request.url.path, flash=t("Saved. It holds from now on."))
    return await _connection(request, actor, form, 422)


async def _read(actor: Actor, said: Connection) -> HisTerms:
    url = said.url.strip()
    parts = urlsplit(url)
    if url and (parts.scheme not in {"http", "https"} or not parts.hostname or parts.username):
        text = t("Enter an address that begins with https://.")
        raise Invalid("his.url", text, fields={"url": text})
    kept = await terms_of(tenant_of(actor), HisTerms)
    sealed = kept.sealed_token
    if said.token.strip():
        sealed = base64.b64encode(runtime().encrypt(PURPOSE, said.token.strip())).decode()
    return HisTerms(url=url, sealed_token=sealed, confirm_minutes=said.confirm_minutes)


async def try_it(request: Request, actor: Actor) -> Response:
    """Ask the hospital's system something, and say what came of it (outside of any scope)."""
    require_hospital(actor)
    here = f"{root_of(actor)}/his-connection"
    async with open_scope(actor.scope()):
        his = await his_of(tenant_of(actor))
    if his is None:
        return redirect(request, here, flash=Flash(t("The hospital's system is not connected."), "warning"))
    began = datetime.now(UTC)
    try:
        await his.postings(today(str(actor.place["timezone"])))
    except HisSilent:
        text = t("The hospital's system does not answer just now.")
    except HisRefused as refused:
        text = t("The hospital's system refuses: {words}", words=str(refused)[:100])
    else:
        took: Any = int((datetime.now(UTC) - began).total_seconds() * 1000)
        return redirect(request, here, flash=t("It has answered in {n} ms.", n=took))
    return redirect(request, here, flash=Flash(text, "warning"))


_PATH = "/his-connection"
ROUTES: list[BaseRoute] = [
    tenant_route(_PATH, connection, permission=SETTINGS, name="his_connection"),
    tenant_route(_PATH, connect, permission=SETTINGS, methods=WRITES, name="his_connect"),
    tenant_route(
        f"{_PATH}/trial", try_it, permission=SETTINGS, methods=WRITES, name="his_try", is_transactional=False
    ),
]
