"""The office's pages of offers: the list, a new one, one with its bookings."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.lists import list_page
from billing.models import FeeItem
from billing.names import localized
from scenarios.education.classes.pages import grades_text
from scenarios.education.classes.queries import grade_choices
from scenarios.education.here import root_of, school
from scenarios.education.models import SchoolOffer
from scenarios.education.offers import cancelling, office
from scenarios.education.offers.office import Asked, Option
from scenarios.education.offers.states import (
    BOOKING_TONES,
    BOOKING_WORDS,
    KINDS,
    OFFER,
    OFFER_SHOWN,
    OFFER_TONES,
    OFFER_WORDS,
    shown_state,
)
from tenants.actor import Actor
from tenants.days import today
from tenants.http import WRITES, path_id, tenant_route
from tenants.models import Tenant
from ui.errors import Conflict, Invalid
from ui.exports import export, wants_export
from ui.fields import Day, MinorAmount
from ui.flash import Flash
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond
from ui.tables import Column, Page

LONG = timedelta(days=14)
MOST_PRICES = 8


class OptionForm(BaseModel):
    """One price with its places; a row left blank counts for nothing."""

    name_en: str = Field("", title=N_("Name in English"), max_length=60)
    name_zh: str = Field("", title=N_("Name in Chinese"), max_length=60)
    price_minor: Annotated[int | None, MinorAmount(allow_zero=True)] = Field(None, title=N_("Price"))
    places: int | None = Field(None, title=N_("Places"), ge=1, le=office.MOST_PLACES)


class OfferForm(BaseModel):
    """A new offer."""

    kind: str = Field(title=N_("Kind of offer"))
    title_en: str = Field("", title=N_("Title in English"), max_length=80)
    title_zh: str = Field("", title=N_("Title in Chinese"), max_length=80)
    text_en: str = Field("", title=N_("Text in English"), max_length=4000)
    text_zh: str = Field("", title=N_("Text in Chinese"), max_length=4000)
    consent_en: str = Field("", title=N_("What guardians sign, in English"), max_length=2000)
    consent_zh: str = Field("", title=N_("What guardians sign, in Chinese"), max_length=2000)
    grades: list[str] = Field([], title=N_("For grades"))
    opens_on: Annotated[Day, Field(title=N_("Open from"))]
    closes_on: Annotated[Day, Field(title=N_("Last day to book"))]
    happens_on: Annotated[Day | None, Field(title=N_("Takes place on"))] = None
    fee_item_id: UUID | None = Field(None, title=N_("Fee"))
    minutes: int = Field(30, title=N_("Minutes to pay"), ge=10, le=1440)
    most_each: int = Field(1, title=N_("At most for one pupil"), ge=1, le=20)
    has_waiting: bool = Field(False, title=N_("Keep a waiting list"))
    options: list[OptionForm] = Field(default_factory=list, title=N_("Prices"))


class PlacesForm(BaseModel):
    """How many places there are."""

    places: int = Field(title=N_("Places"), ge=1, le=office.MOST_PLACES)


class ReasonForm(BaseModel):
    """Why something does not take place."""

    reason: str = Field(title=N_("Reason"), max_length=200)


def _title(value: Any, _row: Any) -> str:
    return localized(json.loads(value) if isinstance(value, str) else value)


def _columns(actor: Actor) -> tuple[Column, ...]:
    root = f"{root_of(actor)}/offers"
    return (
        Column(
            "titles", t("Offer"), format=_title, sortable=True, sort="title", is_main=True,
            href=lambda row: f"{root}/{row['id']}",
        ),
        Column("kind", t("Kind of offer"), words=KINDS),
        Column("grades", t("Grades"), format=lambda value, row: grades_text(value, row) or gettext("All")),
        Column(
            "status", t("State"), format="badge", words=OFFER_SHOWN, tones=OFFER_TONES,
            value=lambda row: shown_state(row["status"], row["closes_at"]),
        ),
        Column("last_at", t("Closes"), format="datetime", sortable=True, sort="closes_at"),
        Column("kept", t("Booked"), format="number"),
        Column("waiting", t("Waiting list"), format="number"),
        Column("places", t("Places"), format="number"),
    )  # fmt: skip


async def index(request: Request, actor: Actor) -> Response:
    """List the offers."""
    school(actor)
    context = {
        "root": root_of(actor),
        "actor": actor,
        "kinds": [(key, str(words)) for key, words in KINDS.items()],
        "states": [(key, str(words)) for key, words in OFFER_WORDS.items()],
    }
    return await list_page(request, actor, office.OFFERS, _columns(actor), "education/offers.html", context)


async def new(request: Request, actor: Actor) -> Response:
    """Show the form of an offer."""
    school(actor)
    tenant = await Tenant.get(id=actor.tenant_id)
    now = today(tenant.timezone)
    values = {
        "opens_on": now.isoformat(),
        "closes_on": (now + LONG).isoformat(),
        "minutes": "30",
        "most_each": "1",
    }
    return await _form(request, actor, Form.blank(OfferForm, values | {"has_waiting": "1"}))


async def _form(request: Request, actor: Actor, form: Form[OfferForm], status: int = 200) -> Response:
    items = await FeeItem.filter(tenant_id=actor.tenant_id, kind="charge", is_active=True).order_by(
        "position"
    )
    context = {
        "form": form,
        "kinds": list(KINDS.items()),
        "grades": await grade_choices(school(actor)),
        "fees": [(str(item.id), localized(item.names)) for item in items],
        "prices": form.rows("options", least=MOST_PRICES),
        "is_long": bool(form.errors),
        "currency": actor.place["currency"],
        "root": root_of(actor),
    }
    return await respond(request, "education/offer_new.html", context, status=status)


def _asked(form: OfferForm) -> Asked:
    return Asked(
        kind=form.kind,
        titles=_both(form.title_en, form.title_zh),
        texts=_both(form.text_en, form.text_zh),
        consent=_both(form.consent_en, form.consent_zh),
        grades=form.grades,
        opens_on=form.opens_on,
        closes_on=form.closes_on,
        happens_on=form.happens_on,
        fee_item_id=form.fee_item_id,
        minutes=form.minutes,
        most_each=form.most_each,
        has_waiting=form.has_waiting,
        options=[
            Option(_both(one.name_en, one.name_zh), one.price_minor or 0, one.places or 0)
            for one in form.options
            if one.name_en or one.name_zh or one.places or one.price_minor is not None
        ],
    )


def _both(en: str, zh: str) -> dict[str, str]:
    """Return a text by locale; what is given in one language only is shown in that one."""
    return {key: text.strip() for key, text in (("en", en or zh), ("zh_CN", zh or en)) if text.strip()}


async def create(request: Request, actor: Actor) -> Response:
    """Write an offer down."""
    school(actor)
    form = await bind(request, OfferForm, context={"currency": actor.place["currency"]})
    if form.is_valid:
        try:
            made = await office.add(actor, _asked(form.ok))
            flash = t("The offer is written down. Families see it once you open it.")
            return redirect(request, f"{root_of(actor)}/offers/{made.id}", flash=flash)
        except Invalid as error:
            form.fail_with(error)
    return await _form(request, actor, form, status=422)


def _booking_columns(actor: Actor) -> tuple[Column, ...]:
    root = root_of(actor)
    may_open = actor.may("accounts.read")
    return (
        Column(
            "name", t("Pupil"), sortable=True, is_main=True,
            href=lambda row: f"{root}/accounts/{row['account_id']}" if may_open else None,
        ),
        Column("place", t("Class")),
        Column("names", t("What"), format=_title),
        Column("quantity", t("How many"), format="number"),
        Column("status", t("State"), format="badge", words=BOOKING_WORDS, tones=BOOKING_TONES),
        Column("amount_minor", t("Amount"), format="money"),
        Column("signed_by", t("Signed by")),
        Column("signed_at", t("Signed"), format="datetime"),
        Column("created_at", t("Booked at"), format="datetime", sortable=True),
    )  # fmt: skip


async def show(request: Request, actor: Actor) -> Response:
    """Show an offer with its bookings."""
    school(actor)
    return await _show(request, actor, await office.get(actor, path_id(request)))


async def _show(
    request: Request,
    actor: Actor,
    offer: SchoolOffer,
    wrong: Mapping[UUID, Form[PlacesForm]] | None = None,
    status: int = 200,
) -> Response:
    """Answer with the page; ``wrong`` is the form of an option's places that was not taken."""
    tenant_id, columns = school(actor), _booking_columns(actor)
    here = f"{root_of(actor)}/offers/{offer.id}"
    query = replace(office.BOOKINGS.query(request, columns).inside(offer=str(offer.id)), path=here)
    if wants_export(request):
        return await export(
            request, columns, await office.BOOKINGS.read(tenant_id, query, 20_000, 0), "bookings"
        )
    found = await office.BOOKINGS.read(tenant_id, query, query.limit, query.offset)
    context = await _context(actor, offer)
    context |= {
        "wrong": wrong or {},
        "page": Page.of(query, found, await office.BOOKINGS.count(tenant_id, query)),
        "columns": columns,
    }
    return await respond(request, "education/offer.html", context, block="list", status=status)


async def _context(actor: Actor, offer: SchoolOffer) -> dict[str, Any]:
    state = shown_state(offer.status, offer.closes_at)
    return {
        "offer": offer,
        "title": localized(offer.titles),
        "text": localized(offer.texts),
        "consent": localized(offer.consent),
        "grades": grades_text(offer.grades, None) or gettext("All"),
        "kind": KINDS[offer.kind],
        "state": (OFFER_SHOWN[state], OFFER_TONES.get(state, "neutral")),
        "options": [(one, localized(one.names)) for one in await office.options_of(offer)],
        "states": [(key, str(words)) for key, words in BOOKING_WORDS.items()],
        "can": {edge: OFFER.can(offer.status, edge) for edge in OFFER.edges},
        "currency": actor.place["currency"],
        "actor": actor,
        "root": root_of(actor),
    }


async def turn(request: Request, actor: Actor) -> Response:
    """Open an offer, or close it."""
    school(actor)
    edge = "open" if request.url.path.endswith("/opening") else "close"
    offer = await office.turn(actor, path_id(request), edge)
    flash = t("Families see it now.") if edge == "open" else t("Nobody can book it any more.")
    return redirect(request, f"{root_of(actor)}/offers/{offer.id}", flash=flash)


async def places(request: Request, actor: Actor) -> Response:
    """Change how many places an option has."""
    school(actor)
    offer = await office.get(actor, path_id(request))
    form, option_id = await bind(request, PlacesForm), path_id(request, "option_id")
    if form.is_valid:
        try:
            await office.add_places(actor, offer.id, option_id, places=form.ok.places)
            flash = t("The number of places is changed.")
            return redirect(request, f"{root_of(actor)}/offers/{offer.id}", flash=flash)
        except Invalid as error:
            form.fail_with(error)
    return await _show(request, actor, offer, {option_id: form}, status=422)


async def ask_cancel(request: Request, actor: Actor) -> Response:
    """Ask why before an offer is called off."""
    school(actor)
    offer = await office.get(actor, path_id(request))
    return await _ask_cancel(request, actor, offer, Form.blank(ReasonForm))


async def _ask_cancel(
    request: Request, actor: Actor, offer: SchoolOffer, form: Form[ReasonForm], status: int = 200
) -> Response:
    context = {"form": form, "offer": offer, "title": localized(offer.titles), "root": root_of(actor)}
    return await respond(request, "education/offer_cancel.html", context, status=status)


async def cancel(request: Request, actor: Actor) -> Response:
    """Call an offer off and pay back what was paid."""
    school(actor)
    offer = await office.get(actor, path_id(request))
    form = await bind(request, ReasonForm)
    if not form.is_valid:
        return await _ask_cancel(request, actor, offer, form, status=422)
    try:
        await cancelling.cancel_offer(actor, offer.id, reason=form.ok.reason)
    except Conflict as error:
        return redirect(
            request, f"{root_of(actor)}/offers/{offer.id}", flash=Flash(error.message, tone="warning")
        )
    flash = t("It is called off. Everything that was paid goes back.")
    return redirect(request, f"{root_of(actor)}/offers/{offer.id}", flash=flash)


_W = "offers.write"
ROUTES: list[BaseRoute] = [
    tenant_route("/offers", index, permission="offers.read", name="offers"),
    tenant_route("/offers", create, permission=_W, methods=WRITES, name="add_offer"),
    tenant_route("/offers/new", new, permission=_W, name="new_offer"),
    tenant_route("/offers/{id}", show, permission="offers.read", name="offer"),
    tenant_route("/offers/{id}/opening", turn, permission=_W, methods=WRITES, name="open_offer"),
    tenant_route("/offers/{id}/closing", turn, permission=_W, methods=WRITES, name="close_offer"),
    tenant_route("/offers/{id}/cancelling", ask_cancel, permission=_W, name="ask_cancel_offer"),
    tenant_route("/offers/{id}/cancelling", cancel, permission=_W, methods=WRITES, name="cancel_offer"),
    tenant_route(
        "/offers/{id}/options/{option_id}/places", places, permission=_W, methods=WRITES, name="offer_places"
    ),
]
