"""The parent's pages: all children at all schools, and what each of them is offered."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from scenarios.education.family import queries
from scenarios.education.family.children import Child, child_of, children_of
from scenarios.education.family.tools import tools_of
from scenarios.education.offers import cancelling, services
from scenarios.education.offers.states import BOOKING_TONES, BOOKING_WORDS, KINDS
from tenants.actor import Actor
from tenants.codes import new_token
from tenants.http import WRITES, path_id, person_route
from tenants.scope import open_scope, tenant_scope
from ui.errors import Conflict, Forbidden, Invalid
from ui.flash import Flash
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond

ACCOUNT, MOST_BILLS = "account_id", 50


class BookForm(BaseModel):
    """What is taken of an offer."""

    option: UUID = Field(title=N_("Which"))
    quantity: int = Field(1, title=N_("How many"), ge=1, le=20)
    has_signed: bool = Field(False, title=N_("I have read this and agree"))
    key: str = ""


async def _child(request: Request, actor: Actor) -> Child:
    return await child_of(actor, path_id(request, ACCOUNT))


def root_of(child: Child) -> str:
    """Return where a child's pages begin."""
    return f"/my/school/{child.account_id}"


async def index(request: Request, actor: Actor) -> Response:
    """Show all children at all schools, each with what there is to pay, to sign and to read."""
    children = await children_of(actor)
    opened = await _open(children, actor) if children else {}
    found = [{"child": one, **opened[one.account_id]} for one in children]
    context = {"children": found, "totals": _totals(found), "pay": _pay(found)}
    return await respond(request, "education/my/children.html", context)


def _totals(found: Sequence[dict[str, Any]]) -> dict[str, tuple[int, int]]:
    """Return what all children together owe and how much of it is overdue, by currency; minor units."""
    totals: dict[str, tuple[int, int]] = {}
    for one in found:
        left, late = totals.get(one["child"].currency, (0, 0))
        owed = one["owed"]
        totals[one["child"].currency] = (left + owed["left_minor"], late + owed["overdue"])
    return {currency: sums for currency, sums in totals.items() if sums[0]}


def _pay(found: Sequence[dict[str, Any]]) -> str:
    """Return where all of it is paid together: one checkout over all children and schools."""
    bills = [
        f"bill={bill_id}"
        for one in found
        if one["child"].takes_payments
        for bill_id in one["owed"]["bill_ids"]
    ][:MOST_BILLS]
    return f"/my/checkouts/new?{'&'.join(bills)}" if bills else ""


async def _open(children: Sequence[Child], actor: Actor) -> dict[UUID, dict[str, Any]]:
    """Return what waits for each child's family, by account, in four statements for all of them."""
    owed = await queries.owed(children, actor.person_id)
    notices = await queries.notices(children, actor.person_id)
    offers = await queries.offers(children)
    cards = await queries.cards(children)
    return {
        one.account_id: {
            "owed": owed[one.account_id],
            "notices": notices[one.account_id],
            "card": cards.get(one.account_id) if one.is_active else None,
            **_sorted(offers[one.account_id], is_pupil=one.is_active),
        }
        for one in children
    }


def _sorted(offers: Sequence[dict[str, Any]], *, is_pupil: bool) -> dict[str, Any]:
    """Return what is offered and booked; whoever has left the school is offered nothing more."""
    free = [one for one in offers if one["is_open"] and one["is_payable"] and not one["booked"]]
    return {
        "to_book": free if is_pupil else [],
        "urgent": [one for one in offers if one["booked"] in {"held", "offered"}],
        "booked": [one for one in offers if one["booked"] in {"kept", "waiting"}],
    }


async def child(request: Request, actor: Actor) -> Response:
    """Show one child: what is open, what is offered, what is booked."""
    found = await _child(request, actor)
    context = {
        "child": found,
        "words": BOOKING_WORDS,
        "tones": BOOKING_TONES,
        "kinds": KINDS,
        "root": root_of(found),
        "tools": await tools_of(found),
        **(await _open([found], actor))[found.account_id],
    }
    return await respond(request, "education/my/child.html", context)


async def offer(request: Request, actor: Actor) -> Response:
    """Show an offer with the form that books it."""
    found = await _child(request, actor)
    seen = await queries.offer(found, path_id(request))
    free = [one for one in seen["options"] if one["taken"] < one["places"]] or seen["options"]
    values = {
        "option": str(free[0]["id"]) if len(seen["options"]) == 1 else "",
        "quantity": "1",
        "key": new_token(),
    }
    return await _offer(request, found, seen, Form.blank(BookForm, values))


async def _offer(
    request: Request, found: Child, seen: dict[str, Any], form: Form[BookForm], status: int = 200
) -> Response:
    context = {
        "child": found,
        "offer": seen,
        "form": form,
        "root": root_of(found),
        "words": BOOKING_WORDS,
        "is_full": all(one["taken"] >= one["places"] for one in seen["options"]),
        "kind": KINDS[seen["kind"]],
    }
    return await respond(request, "education/my/offer.html", context, status=status)


async def book(request: Request, actor: Actor) -> Response:
    """Take a place, and go on to paying for it."""
    found = await _child(request, actor)
    seen = await queries.offer(found, path_id(request))
    form = await bind(request, BookForm)
    if form.is_valid:
        said = form.ok
        try:
            async with open_scope(tenant_scope(found.tenant_id)):
                made = await services.book(
                    actor, found, said.option, said.quantity, has_signed=said.has_signed, key=said.key
                )
            return redirect(request, f"{root_of(found)}/bookings/{made.id}")
        except Invalid as error:
            form.fail_with(error)
        except (Conflict, Forbidden) as error:
            form.fail("", error.message)
    return await _offer(request, found, seen, form, status=422)


async def booking(request: Request, actor: Actor) -> Response:
    """Show a booking: what to do about it now."""
    found = await _child(request, actor)
    seen = await queries.booking(found, path_id(request))
    context = {
        "child": found,
        "booking": seen,
        "state": (BOOKING_WORDS[seen["status"]], BOOKING_TONES.get(seen["status"], "neutral")),
        "key": new_token(),
        "root": root_of(found),
    }
    return await respond(request, "education/my/booking.html", context)


async def take_up(request: Request, actor: Actor) -> Response:
    """Take the place that came free."""
    found = await _child(request, actor)
    booking_id = path_id(request)
    key = str((await request.form()).get("key") or new_token())
    try:
        async with open_scope(tenant_scope(found.tenant_id)):
            await services.take_up(actor, found, booking_id, key=key)
    except Conflict as error:
        return redirect(
            request, f"{root_of(found)}/bookings/{booking_id}", flash=Flash(error.message, tone="warning")
        )
    return redirect(request, f"{root_of(found)}/bookings/{booking_id}")


async def cancel(request: Request, actor: Actor) -> Response:
    """Take a booking back."""
    async with open_scope(actor.scope()):
        found = await _child(request, actor)
        booking_id = path_id(request)
        await queries.booking(found, booking_id)
    try:
        is_paid = await cancelling.cancel(actor, found, booking_id)
        flash = _PAID_BACK if is_paid else t("The booking is cancelled. Nothing was charged.")
    except Conflict as error:
        flash = error.message
    return redirect(request, f"{root_of(found)}/bookings/{booking_id}", flash=flash)


_PAID_BACK = t("The booking is cancelled. What was paid goes back to where it came from.")
_ROOT = "/my/school/{account_id}"
ROUTES: list[BaseRoute] = [
    person_route("/my/school", index, name="my_school"),
    person_route(_ROOT, child, name="my_child"),
    person_route(_ROOT + "/offers/{id}", offer, name="my_offer"),
    person_route(_ROOT + "/offers/{id}/bookings", book, methods=WRITES, name="my_book"),
    person_route(_ROOT + "/bookings/{id}", booking, name="my_booking"),
    person_route(_ROOT + "/bookings/{id}/taking", take_up, methods=WRITES, name="my_take_up"),
    person_route(
        _ROOT + "/bookings/{id}/cancelling",
        cancel,
        methods=WRITES,
        name="my_cancel_booking",
        is_transactional=False,
    ),
]
