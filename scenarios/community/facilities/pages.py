"""Pages of what can be booked: the offer and its bookings for staff, choosing an hour for residents."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.holds.keeping import hold_of
from billing.holds.service import checkout_path
from billing.names import localized
from scenarios.community.common import estate_route, nothing, resident_route, root_of, tenant_of
from scenarios.community.facilities import booking
from scenarios.community.facilities.booking import Offer
from scenarios.community.facilities.models import Facility, FacilityBooking
from scenarios.community.service.resident_pages import unit_seen
from tenants.actor import Actor
from tenants.days import today_at
from tenants.http import WRITES, path_id
from tenants.models import Tenant
from tenants.scope import open_scope, rows, tenant_scope
from ui.errors import Conflict, Invalid
from ui.fields import Amount, Day
from ui.flash import Flash
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond
from ui.shell import Tone
from ui.tables import Column

STATES = {"held": t("Being paid"), "booked": t("Booked"), "free": t("Not paid, so free again")}
TONES: dict[str, Tone] = {"held": "warning", "booked": "success", "free": "neutral"}
DEPOSITS = {"": t("None"), "paid": t("Paid"), "returned": t("Given back"), "kept": t("Kept")}
_BOOKINGS = """
select k.id, k.number, k.starts_at, k.status, k.deposit_minor, k.deposit_status, f.currency, f.names, a.number unit
  from community_facility_booking k
  join community_facility f on f.tenant_id = $1 and f.id = k.facility_id
  join tenants_account a on a.tenant_id = $1 and a.id = k.account_id
 where k.tenant_id = $1 and k.status <> 'free' order by k.starts_at desc limit 300
"""


class FacilityForm(BaseModel):
    """Something that can be booked."""

    english: str = Field(title=N_("Name in English"), max_length=60)
    chinese: str = Field("", title=N_("Name in Chinese"), max_length=60)
    opens: int = Field(title=N_("From (hour)"))
    closes: int = Field(title=N_("Until (hour)"))
    days_ahead: int = Field(title=N_("Can be booked so many days ahead"))
    fee_minor: Amount | None = Field(None, title=N_("Fee for an hour"))
    deposit_minor: Amount | None = Field(None, title=N_("Deposit to come back"))


class BookForm(BaseModel):
    """The hour that somebody wants."""

    facility: str = Field("", title=N_("What would you like to book?"))
    day: Day = Field(title=N_("Day"))
    hour: int | None = Field(None, title=N_("Which hour"))
    key: str = Field("", title=N_("Number of this try"), max_length=60)


class DepositForm(BaseModel):
    """What is kept of a deposit."""

    kept_minor: Amount | None = Field(None, title=N_("Kept"))
    reason: str = Field("", title=N_("What for"), max_length=200)


FACILITIES = (
    Column("name", t("Name"), is_main=True),
    Column("hours", t("Hours")),
    Column("days_ahead", t("Days ahead"), format="number"),
    Column("fee_minor", t("Fee for an hour"), format="money"),
    Column("deposit_minor", t("Deposit to come back"), format="money"),
)


def _bookings(root: str) -> tuple[Column, ...]:
    return (
        Column(
            "number",
            t("Number"),
            format="code",
            is_main=True,
            href=lambda one: f"{root}/facilities/{one['id']}",
        ),
        Column("name", t("What")),
        Column("starts_at", t("When"), format="datetime"),
        Column("unit", t("Unit")),
        Column("status", t("State"), format="badge", tones=TONES, words=STATES),
        Column("deposit_minor", t("Deposit to come back"), format="money"),
        Column(
            "deposit_status", t("State of the deposit"), value=lambda one: DEPOSITS[one["deposit_status"]]
        ),
    )


async def index(request: Request, actor: Actor) -> Response:
    """Show what can be booked, and what is."""
    return await _index(request, actor, None)


async def _index(request: Request, actor: Actor, form: Form[FacilityForm] | None) -> Response:
    tenant_id, root = tenant_of(actor), root_of(actor)
    offered = await Facility.filter(tenant_id=tenant_id, is_active=True).order_by("created_at")
    listed = await rows(_BOOKINGS, tenant_id)
    context = {
        "root": root,
        "facilities": [
            {
                "name": localized(one.names),
                "hours": f"{one.opens}–{one.closes}",
                "days_ahead": one.days_ahead,
                "fee_minor": one.fee_minor,
                "deposit_minor": one.deposit_minor,
                "currency": one.currency,
            }
            for one in offered
        ],
        "facility_columns": FACILITIES,
        "bookings": [{**dict(one), "name": localized(_json(one["names"]))} for one in listed],
        "booking_columns": _bookings(root),
        "form": form or Form.blank(FacilityForm, {"opens": "8", "closes": "22", "days_ahead": "14"}),
        "currency": actor.place["currency"],
        "may_write": actor.may("facilities.write"),
    }
    return await respond(
        request, "community/facilities/facilities.html", context, status=422 if form else 200
    )


def _json(text: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(text)
    return found


async def create(request: Request, actor: Actor) -> Response:
    """Offer something to be booked."""
    form = await bind(request, FacilityForm, context={"currency": actor.place["currency"]})
    if form.is_valid:
        said = form.ok
        offer = Offer(
            said.english,
            said.chinese,
            said.opens,
            said.closes,
            said.days_ahead,
            said.fee_minor or 0,
            said.deposit_minor or 0,
        )
        try:
            await booking.add(actor, offer)
            return redirect(request, f"{root_of(actor)}/facilities", flash=t("It can be booked from now on."))
        except Invalid as error:
            form.fail_with(error)
    return await _index(request, actor, form)


async def show(request: Request, actor: Actor) -> Response:
    """Show a booking, and what becomes of its deposit."""
    return await _show(request, actor, Form.blank(DepositForm))


async def _show(request: Request, actor: Actor, form: Form[DepositForm], status: int = 200) -> Response:
    found = await FacilityBooking.get_or_none(tenant_id=tenant_of(actor), id=path_id(request))
    if found is None:
        raise nothing()
    facility = await Facility.get(tenant_id=found.tenant_id, id=found.facility_id)
    context = {
        "root": root_of(actor),
        "one": found,
        "name": localized(facility.names),
        "currency": facility.currency,
        "state": {"words": STATES[found.status], "tone": TONES[found.status]},
        "deposit": DEPOSITS[found.deposit_status],
        "can_return": found.deposit_status == "paid"
        and found.starts_at <= datetime.now(UTC)
        and actor.may("facilities.write"),
        "form": form,
    }
    return await respond(request, "community/facilities/booking.html", context, status=status)


async def give_back(request: Request, actor: Actor) -> Response:
    """Give a deposit back."""
    form = await bind(request, DepositForm, context={"currency": actor.place["currency"]})
    if form.is_valid:
        try:
            await booking.return_deposit(
                actor, path_id(request), kept_minor=form.ok.kept_minor or 0, reason=form.ok.reason
            )
            address = f"{root_of(actor)}/facilities/{path_id(request)}"
            return redirect(request, address, flash=t("The deposit is on its way back."))
        except Invalid as error:
            form.fail_with(error)
        except Conflict as error:
            form.fail("", error.message)
    return await _show(request, actor, form, status=422)


async def choose(request: Request, actor: Actor) -> Response:
    """Show a resident what can be booked on a day, hour by hour."""
    unit = await unit_seen(actor, path_id(request), "pay")
    return await _choose(request, unit, Form.blank(BookForm))


async def _choose(
    request: Request, unit: dict[str, Any], form: Form[BookForm], status: int = 200
) -> Response:
    now = await today_at(unit["tenant_id"])
    day = _day(request.query_params.get("day", ""), now)
    async with open_scope(tenant_scope(unit["tenant_id"])):
        offered = await Facility.filter(tenant_id=unit["tenant_id"], is_active=True).order_by("created_at")
        hours = [(one, await booking.free_hours(one, day)) for one in offered]
    context = {
        "unit": unit,
        "form": form,
        "day": day,
        "days": [(f"{now + timedelta(days=n):%Y-%m-%d}", now + timedelta(days=n)) for n in range(15)],
        "offers": [
            (
                one,
                localized(one.names),
                [(str(hour), f"{hour:02d}:00 – {hour + 1:02d}:00") for hour, is_free in found if is_free],
            )
            for one, found in hours
        ],
        "key": str(uuid4()),
    }
    return await respond(request, "community/facilities/choose.html", context, status=status)


def _day(text: str, now: date) -> date:
    try:
        return max(date.fromisoformat(text), now)
    except ValueError:
        return now


async def book(request: Request, actor: Actor) -> Response:
    """Book an hour, and lead on to paying where it costs something."""
    unit = await unit_seen(actor, path_id(request), "pay")
    form = await bind(request, BookForm)
    if form.is_valid:
        said = form.ok
        try:
            async with open_scope(tenant_scope(unit["tenant_id"])):
                made, hold = await booking.book(
                    actor,
                    unit["tenant_id"],
                    _id(said.facility),
                    account_id=unit["id"],
                    day=said.day,
                    hour=-1 if said.hour is None else said.hour,
                    key=said.key or str(uuid4()),
                )
        except Invalid as error:
            form.fail_with(error)
        except Conflict as error:
            form.fail("", error.message)
        else:
            if hold is None:
                return redirect(request, f"/my/bookings/{made.id}", flash=t("Booked."))
            flash = Flash(t("The hour is yours once it is paid, within {n} minutes.", n=20), tone="info")
            return redirect(request, checkout_path(hold, is_signed_in=True), flash=flash)
    return await _choose(request, unit, form, status=422)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise nothing() from None


async def mine(request: Request, actor: Actor) -> Response:
    """Show a resident their booking."""
    del actor
    found = await FacilityBooking.get_or_none(id=path_id(request))
    if found is None:
        raise nothing()
    async with open_scope(tenant_scope(found.tenant_id)):
        facility = await Facility.get(tenant_id=found.tenant_id, id=found.facility_id)
        hold = await hold_of(found.tenant_id, found.hold_id) if found.hold_id else None
    context = {
        "one": found,
        "pay": checkout_path(hold, is_signed_in=True) if hold and found.status == "held" else "",
        "name": localized(facility.names),
        "currency": facility.currency,
        "tenant": await Tenant.get(id=found.tenant_id),
        "state": {"words": STATES[found.status], "tone": TONES[found.status]},
        "deposit": DEPOSITS[found.deposit_status],
    }
    return await respond(request, "community/facilities/mine.html", context)


ROUTES: list[BaseRoute] = [
    estate_route("/facilities", index, permission="accounts.read", name="facilities"),
    estate_route(
        "/facilities", create, permission="facilities.write", methods=WRITES, name="facility_create"
    ),
    estate_route("/facilities/{id}", show, permission="accounts.read", name="facility_booking"),
    estate_route(
        "/facilities/{id}/deposit",
        give_back,
        permission="facilities.write",
        methods=WRITES,
        name="deposit_give_back",
    ),
    resident_route("/my/units/{id}/facilities", choose, name="my_facilities"),
    resident_route("/my/units/{id}/bookings", book, methods=WRITES, name="my_facility_book"),
    resident_route("/my/bookings/{id}", mine, name="my_booking"),
]
