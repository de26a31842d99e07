"""Paying several institutions: what is chosen, the code to scan or the queue, and how far it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.checkouts import service
from billing.checkouts.service import PLACE, Progress
from billing.names import Sum
from billing.payer import queries
from billing.payer.amounts import FIELD, address, check, first_amounts, name_of, typed
from billing.payer.overview import ids_of
from billing.payer.owed import owed_by, payable_now
from billing.payer.queries import SeenBill
from billing.payer.sides import Side, person_side
from billing.payments.words import PAYMENT_TONES, PAYMENT_WORDS
from tenants.actor import Actor
from tenants.codes import new_token
from tenants.http import WRITES, path_id, person_route
from tenants.scope import open_scope
from ui import hx
from ui.errors import Conflict, Invalid
from ui.flash import Flash
from ui.forms import Form
from ui.i18n import N_, t
from ui.render import redirect, respond

MOST_BILLS = 50
NEW = "/my/checkouts/new"


class Choosing(BaseModel):
    """Which bills, and how; how much of each is in fields named after them (``billing.payer.amounts``)."""

    key: str = ""
    bill: list[str] = Field(title=N_("Bills"))
    channel: str = Field("", title=N_("How to pay"))


@dataclass(frozen=True, slots=True)
class Offered:
    """What somebody may choose from: bills of which something can be paid here now, and at most how much of each."""

    bills: list[SeenBill]
    most: dict[UUID, int]

    @property
    def asked(self) -> dict[UUID, int]:
        """How much of each paying begins with: what is due of it, otherwise all that may be paid."""
        return {bill.id: bill.asked_of(self.most[bill.id]) for bill in self.bills}


async def new_checkout(request: Request, actor: Actor) -> Response:
    """Show bills of several institutions and the ways to pay them together; chosen at first is what is to pay now."""
    wanted = ids_of(request.query_params.getlist("bill"))[:MOST_BILLS]
    offered = await _offered(actor, wanted)
    groups = await service.groups_of([(bill, offered.asked[bill.id]) for bill in offered.bills])
    amounts = first_amounts(request, offered.bills, offered.most)
    form = Form(Choosing, {"key": [new_token()], **amounts})
    if len(groups) < 2:  # noqa: PLR2004 - fewer than two institutions are paid on the page for one
        return redirect(request, _alone(form, offered.bills) if offered.bills else "/my")
    form.values["bill"] = [
        str(bill.id) for bill in offered.bills if wanted or (bill.due_minor and not bill.is_disputed)
    ]
    return await _page(request, actor, form, offered)


def _alone(form: Form[Choosing], bills: Sequence[SeenBill]) -> str:
    """Return the page that pays one institution, with what was chosen."""
    return address("/my/checkout", [(bill.id, typed(form, bill) or 0, bill.currency) for bill in bills])


async def _offered(actor: Actor, wanted: list[UUID]) -> Offered:
    """Return the bills asked for, or all that are to pay, as far as something of them can be paid here now."""
    assert actor.person_id is not None  # noqa: S101 - somebody is signed in
    if not wanted:
        owed = await owed_by(actor.person_id)
        wanted = [
            UUID(bill.id) for group in owed.payable for account in group.accounts for bill in account.bills
        ]
    found = await queries.bills_seen(wanted[:MOST_BILLS]) if wanted else []
    most = await payable_now(actor.person_id, found)
    bills = [bill for bill in found if most[bill.id] > 0 and bill.takes_payments and not bill.is_held]
    return Offered(bills, most)


def _chosen(form: Form[Choosing], offered: Offered) -> list[tuple[SeenBill, int]]:
    """Return what is ticked, with what counts in the total: what was typed, or what is due where that cannot be."""
    ticked, found = set(form.chosen("bill")), []
    for bill in offered.bills:
        if str(bill.id) in ticked:
            amount = typed(form, bill)
            is_possible = amount is not None and 0 <= amount <= offered.most[bill.id]
            found.append((bill, amount if is_possible and amount is not None else offered.asked[bill.id]))
    return found


async def _page(
    request: Request, actor: Actor, form: Form[Choosing], offered: Offered, *, status: int = 200
) -> Response:
    groups = await service.groups_of([each for each in _chosen(form, offered) if each[1]])
    everything = [(bill, offered.asked[bill.id]) for bill in offered.bills]
    ways = await service.ways_of(groups or await service.groups_of(everything))
    if not form.value("channel") and ways:
        form.values["channel"] = [ways[0]["key"]]
    totals: dict[str, int] = {}
    for group in groups:
        totals[group.currency] = totals.get(group.currency, 0) + group.amount_minor
    context: dict[str, Any] = {
        "form": form,
        "chosen": set(form.chosen("bill")),
        "most": offered.most,
        "institutions": _institutions(offered.bills),
        "ways": ways,
        "totals": totals,
        "count": len({group.tenant_id for group in groups}),
        "side": person_side(actor),
    }
    return await respond(request, "billing/checkouts/new.html", context, status=status)


def _institutions(bills: Sequence[SeenBill]) -> list[tuple[str, list[SeenBill]]]:
    found: dict[UUID, list[SeenBill]] = {}
    for bill in bills:
        found.setdefault(bill.tenant_id, []).append(bill)
    return [(own[0].short_name, own) for own in found.values()]


async def create_checkout(request: Request, actor: Actor) -> Response:
    """Begin, or show the form again with what is wrong (outside of any scope)."""
    sent = await request.form()
    form = Form(Choosing, {name: list(sent.getlist(name)) for name in sent}, is_sent=True)
    shown = [name.removeprefix(FIELD) for name in sent if name.startswith(FIELD)]
    async with open_scope(actor.scope()):
        offered = await _offered(actor, ids_of(shown + form.chosen("bill"))[:MOST_BILLS])
    _check(form, offered)
    if sent.get("act") == "total" or form.errors:
        return await _page(request, actor, form, offered, status=422 if form.errors else 200)
    wanted = _chosen(form, offered)
    groups = await service.groups_of(wanted)
    if len(groups) == 1:
        return redirect(request, _alone(form, [bill for bill, _ in wanted]))
    try:
        checkout_id = await service.begin(
            actor,
            groups=groups,
            channel=str(form.value("channel")),
            key=str(form.value("key")),
            urls=_urls(person_side(actor)),
        )
    except (Invalid, Conflict) as refused:
        form.fail_with(refused)
        return await _page(request, actor, form, offered, status=422)
    return redirect(request, f"/my/checkouts/{checkout_id}")


def _check(form: Form[Choosing], offered: Offered) -> None:
    """Say at its field what is wrong with the amount of each bill that is ticked; the others stay as typed."""
    ticked = set(form.chosen("bill"))
    chosen = [bill for bill in offered.bills if str(bill.id) in ticked]
    check(form, chosen, offered.asked)
    for bill in chosen:
        amount, most = typed(form, bill), offered.most[bill.id]
        if amount == 0:
            form.fail(name_of(bill), t("Enter an amount above zero, or leave this bill out."))
        elif amount is not None and amount > most:
            left = Sum(most, bill.currency)
            form.fail(name_of(bill), t("You may pay {left} of it now", left=left))


def _urls(side: Side) -> tuple[str, str]:
    url = side.absolute(f"/my/checkouts/{PLACE}")
    return url, url


async def checkout(request: Request, actor: Actor) -> Response:
    """Show how far it is; the channel is asked where it is not known (outside of any scope)."""
    seen = await service.look(actor, path_id(request))
    state = _state(seen)
    shown = request.query_params.get("seen", "")
    if hx.is_partial(request) and shown and shown != state:
        return Response(status_code=200, headers=hx.leave(f"/my/checkouts/{seen.checkout.id}"))
    return await _progress(request, seen, state)


def _state(seen: Progress) -> str:
    return "-".join(step.status or "none" for step in seen.steps)


async def _progress(request: Request, seen: Progress, state: str) -> Response:
    totals: dict[str, int] = {}
    for step in seen.steps:
        totals[step.currency] = totals.get(step.currency, 0) + step.amount_minor
    context = {
        "seen": seen,
        "root": f"/my/checkouts/{seen.checkout.id}",
        "state": state,
        "totals": totals,
        "live": seen.open,
        "next": seen.next,
        "institutions": len({step.tenant_id for step in seen.steps}),
        "words": PAYMENT_WORDS,
        "tones": PAYMENT_TONES,
        "again": address(
            NEW,
            [
                (bill, amount, step.currency)
                for step in seen.steps
                if not step.is_paid
                for bill, amount in step.bills
            ],
        ),
    }
    return await respond(request, "billing/checkouts/checkout.html", context, block="waiting")


async def next_payment(request: Request, actor: Actor) -> Response:
    """Start paying the next institution of a queue."""
    checkout_id = path_id(request)
    root = f"/my/checkouts/{checkout_id}"
    url = person_side(actor).absolute(root)
    try:
        started = await service.pay_next(actor, checkout_id, urls=(url, url))
    except (Invalid, Conflict) as refused:
        return redirect(request, root, flash=Flash(refused.message, tone="warning"))
    is_elsewhere = started and started.status == "pending" and started.redirect_url and not started.qr_content
    return redirect(request, started.redirect_url if started and is_elsewhere else root)


async def cancellation(request: Request, actor: Actor) -> Response:
    """Stop what is open."""
    checkout_id = path_id(request)
    try:
        await service.stop(actor, checkout_id)
    except Conflict as refused:
        flash = Flash(refused.message, tone="warning")
        return redirect(request, f"/my/checkouts/{checkout_id}", flash=flash)
    return redirect(request, f"/my/checkouts/{checkout_id}", flash=t("Stopped. Nothing more is taken."))


ROUTES: list[BaseRoute] = [
    person_route(NEW, new_checkout, name="my_new_checkout"),
    person_route(
        "/my/checkouts", create_checkout, methods=WRITES, name="my_create_checkout", is_transactional=False
    ),
    person_route("/my/checkouts/{id}", checkout, name="my_checkout", is_transactional=False),
    person_route(
        "/my/checkouts/{id}/payments",
        next_payment,
        methods=WRITES,
        name="my_next_payment",
        is_transactional=False,
    ),
    person_route(
        "/my/checkouts/{id}/cancellation",
        cancellation,
        methods=WRITES,
        name="my_stop_checkout",
        is_transactional=False,
    ),
]
