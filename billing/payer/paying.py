"""Choosing how much and how to pay, and beginning the payment. Nothing here moves money without the core."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from billing.checkouts import service as checkouts
from billing.checkouts.service import Group
from billing.mandates import saving
from billing.payer import queries
from billing.payer.amounts import check, first_amounts, typed
from billing.payer.branding import show_bank
from billing.payer.overview import ids_of
from billing.payer.owed import payable_now
from billing.payer.queries import SeenBill
from billing.payer.sides import Side, person_side
from billing.payments.choosing import accounts_of
from billing.payments.service import Offer, StartedPayment, offers, start_payment
from tenants.actor import Actor
from tenants.codes import new_token
from tenants.scope import open_scope
from ui.errors import AppError, Conflict, Invalid
from ui.flash import Flash
from ui.forms import Form
from ui.i18n import N_, Text, t
from ui.render import redirect, respond

MOST_BILLS = 50
CARD_WAYS = ("stripe", "stripe.card")
"""The ways to pay that may end with a card."""


class Paying(BaseModel):
    """The form's own fields; the amounts are named after their bills (``amount-{id}``)."""

    key: str = ""
    bill: list[str] = Field(title=N_("Bills"))
    channel: str = Field("", title=N_("How to pay"))
    keep_card: bool = Field(default=False, title=N_("If I pay by card, keep the card for automatic payment"))


async def new_payment(request: Request, actor: Actor) -> Response:
    """Show the bills chosen, how much is paid of each, and the ways to pay."""
    wanted = ids_of(request.query_params.getlist("bill"))[:MOST_BILLS]
    if not wanted:
        return redirect(request, "/my", flash=Flash(t("Choose at least one bill to pay."), tone="warning"))
    return await new_page(request, person_side(actor), wanted)


async def new_page(request: Request, side: Side, wanted: list[UUID]) -> Response:
    """Show the form for bills that the open scope sees."""
    bills = payable(await queries.bills_seen(wanted))
    if not bills:
        text = t("These bills are paid or closed. Nothing is left to pay.")
        return redirect(request, side.bill(wanted[0]) if len(wanted) == 1 else side.root, flash=text)
    await show_bank(request, bills[0].tenant_id)
    ways = await _ways(side, bills)
    most = await payable_now(side.actor.person_id, bills)
    values = first_amounts(request, bills, most)
    values |= {"key": [new_token()], "channel": [ways[0].key if ways else ""]}
    return await _page(request, side, Form(Paying, dict(values)), bills, ways, most=most)


def payable(bills: Sequence[SeenBill]) -> list[SeenBill]:
    """Return the bills of which something is left to pay, all of one institution and currency.

    Raises:
        Invalid: they belong to several, which cannot be one payment.
    """
    left = [bill for bill in bills if bill.left_minor > 0]
    if len({(bill.tenant_id, bill.currency) for bill in left}) > 1:
        text = t("These bills belong to different institutions. Pay each institution by itself.")
        raise Invalid("payment.several", text)
    return left


async def _page(
    request: Request,
    side: Side,
    form: Form[Paying],
    bills: Sequence[SeenBill],
    ways: Sequence[Offer],
    *,
    most: Mapping[UUID, int],
    status: int = 200,
) -> Response:
    amounts = {bill.id: _shown(form, bill) for bill in bills}
    context: dict[str, Any] = {
        "side": side,
        "form": form,
        "bills": bills,
        "open_bills": [bill for bill in bills if not bill.is_held],
        "beyond": [bill for bill in bills if bill.is_held and most[bill.id] < bill.left_minor],
        "ways": ways,
        "most": most,
        "is_used_up": not any(most.values()),
        "total_minor": sum(amounts.values()),
        "left_minor": sum(bill.left_minor for bill in bills),
        "is_part": any(amounts[bill.id] != bill.left_minor for bill in bills),
        "currency": bills[0].currency,
        "can_keep": await _can_keep(side, bills, ways),
    }
    return await respond(request, "billing/payer/new.html", context, status=status)


async def _can_keep(side: Side, bills: Sequence[SeenBill], ways: Sequence[Offer]) -> bool:
    """Tell whether the payer may have their card kept: they hold an account here, and cards are taken for it."""
    if side.is_link or not any(way.key in CARD_WAYS for way in ways):
        return False
    tenant_id, ids = bills[0].tenant_id, [bill.id for bill in bills]
    payees = set((await accounts_of(tenant_id, ids, bills[0].currency)).values())
    return len(payees) == 1 and await saving.is_offered(side.actor, tenant_id, ids, payees.pop())


def _shown(form: Form[Paying], bill: SeenBill) -> int:
    """Return what counts for a bill in the total: what was typed, or all that is left where that cannot be paid."""
    amount = typed(form, bill)
    return bill.left_minor if amount is None or not 0 <= amount <= bill.left_minor else amount


async def create(request: Request, actor: Actor) -> Response:
    """Begin the payment and go where it is made."""
    return await begin(request, person_side(actor))


async def begin(request: Request, side: Side) -> Response:
    """Read the form; show it again with what is wrong, or begin the payment (outside of any scope)."""
    sent = await request.form()
    wanted = [side.actor.bill_id] if side.actor.bill_id else ids_of(_texts(sent, "bill"))[:MOST_BILLS]
    if not wanted:
        return redirect(
            request, side.root, flash=Flash(t("Choose at least one bill to pay."), tone="warning")
        )
    async with open_scope(side.actor.scope()):
        bills = await queries.bills_seen(wanted)
        await show_bank(request, bills[0].tenant_id)
    form = _read(sent, bills)
    if sent.get("act") == "total" or form.errors:
        return await _again(request, side, form, bills)
    try:
        following = await _start_all(side, form, bills)
    except (Invalid, Conflict) as refused:
        return await _refused(request, side, form, refused)
    return redirect(request, following)


def _texts(sent: FormData, name: str) -> list[str]:
    return [text for text in sent.getlist(name) if isinstance(text, str)]


def _read(sent: FormData, bills: Sequence[SeenBill]) -> Form[Paying]:
    form = Form(Paying, {name: list(sent.getlist(name)) for name in sent}, is_sent=True)
    check(form, bills, {bill.id: bill.left_minor for bill in bills})
    return form


async def _refused(request: Request, side: Side, form: Form[Paying], refused: AppError) -> Response:
    """Say on the form why it cannot be; the bills are read again, since they may have been paid meanwhile."""
    for name, text in refused.fields.items():
        form.fail(name, text)
    if not refused.fields:
        form.fail("", refused.message)
    async with open_scope(side.actor.scope()):
        bills = await queries.bills_seen(
            [side.actor.bill_id] if side.actor.bill_id else ids_of(form.chosen("bill"))
        )
    return await _again(request, side, form, bills)


async def _again(request: Request, side: Side, form: Form[Paying], bills: Sequence[SeenBill]) -> Response:
    """Show the form as it was typed; what was paid in the meantime is gone from it."""
    left = payable(bills)
    if not left:
        text = t("These bills are paid or closed. Nothing is left to pay.")
        return redirect(request, side.bill(bills[0].id) if len(bills) == 1 else side.root, flash=text)
    ways, most = await _ways(side, left), await payable_now(side.actor.person_id, left)
    return await _page(request, side, form, left, ways, most=most, status=422 if form.errors else 200)


async def _ways(side: Side, bills: Sequence[SeenBill]) -> list[Offer]:
    """Return the ways to pay: of bills to several accounts of an institution those by which all of them can be paid."""
    found = await offers(bills[0].tenant_id, bills[0].currency, [bill.id for bill in bills])
    groups = await _groups(side, [(bill, bill.left_minor) for bill in bills])
    if len(groups) == 1:
        return found
    known = {each["key"]: each["is_combined"] for each in await checkouts.ways_of(groups)}
    return [replace(each, hint=_together(known[each.key])) for each in found if each.key in known]


def _together(is_combined: bool) -> Text:
    if is_combined:
        return t(
            "These bills go to different accounts. Your bank takes them as one payment: all of them, or none."
        )
    return t(
        "These bills go to different accounts. They are paid one after the other; we lead you to the next."
    )


async def _groups(side: Side, wanted: Sequence[tuple[SeenBill, int]]) -> list[Group]:
    if side.is_link or len(wanted) < 2:  # noqa: PLR2004 - one bill goes to one account
        return [Group(wanted[0][0].tenant_id, wanted[0][0].currency, ())]
    return await checkouts.groups_of(wanted)


async def _start_all(side: Side, form: Form[Paying], bills: Sequence[SeenBill]) -> str:
    """Begin the payment, or one for each account that the bills go to, and return where the payer goes on."""
    wanted = [(bill, typed(form, bill) or 0) for bill in bills]
    groups = await _groups(side, [each for each in wanted if each[1]] or wanted[:1])
    if len(groups) == 1:
        return _next(side, await _start(side, form, bills))
    url = side.absolute(f"{side.root}/checkouts/{checkouts.PLACE}")
    made = await checkouts.begin(
        side.actor,
        groups=groups,
        channel=str(form.value("channel")),
        key=str(form.value("key")),
        urls=(url, url),
    )
    return f"{side.root}/checkouts/{made}"


async def _start(side: Side, form: Form[Paying], bills: Sequence[SeenBill]) -> StartedPayment:
    wanted = [(bill.id, typed(form, bill) or 0) for bill in bills]
    payment = side.absolute(side.payment("{payment_id}"))
    return await start_payment(
        _named(side.actor),
        tenant_id=bills[0].tenant_id,
        bills=[(bill_id, amount) for bill_id, amount in wanted if amount] or wanted[:1],
        channel=str(form.value("channel")),
        key=str(form.value("key")),
        return_url=payment,
        cancel_url=payment,
        is_saving=form.is_ticked("keep_card") and not side.is_link,
    )


def _named(actor: Actor) -> Actor:
    """A pay-link's bearer is nobody we know: a receipt then names no payer."""
    return replace(actor, name="") if actor.kind == "link" else actor


def _next(side: Side, started: StartedPayment) -> str:
    """Return where the payer goes on: our page shows a code to scan, the channel's page takes a card."""
    is_elsewhere = started.status == "pending" and started.redirect_url and not started.qr_content
    return started.redirect_url if is_elsewhere else side.payment(started.payment_id)
