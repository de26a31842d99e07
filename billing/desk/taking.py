"""The desk: find an account, see what it owes, take the money, hand over the receipt. By keyboard alone."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from billing.bank_terms.reading import bank_terms_of, switched_off
from billing.channels.counter import CASH, METHODS
from billing.channels.counter import KEY as COUNTER
from billing.desk import queries
from billing.models import Payment
from billing.payments.service import change_minor, take_payment
from billing.receipts import service as receipts
from tenants.actor import Actor
from tenants.codes import new_token
from tenants.http import path_id
from tenants.navigation import named
from tenants.scope import open_scope
from ui.errors import Conflict, Invalid, NotFound
from ui.fields import FieldError, parse_minor
from ui.formats import plain_amount
from ui.forms import Form
from ui.i18n import N_, Text, t
from ui.render import redirect, respond


class Taking(BaseModel):
    """The form's own fields; the amounts are named after their bills (``amount-{id}``)."""

    key: str = ""
    method: str = Field(CASH, title=N_("How it was paid"))
    tendered: str = Field("", title=N_("Cash handed over"))
    reference: str = Field("", title=N_("Number on the slip, cheque or transfer"))
    payer_name: str = Field("", title=N_("Name of the payer"))


async def desk(request: Request, actor: Actor) -> Response:
    """One field finds an account; an exact number leads straight to it."""
    words = request.query_params.get("q", "").replace("\x00", "").strip()[:100]
    found = await queries.find_accounts(actor, words)
    exact = [account for account in found if account["is_exact"]]
    only = found if len(found) == 1 else exact if len(exact) == 1 else []
    if only:
        return redirect(request, f"/t/{actor.place['slug']}/desk/accounts/{only[0]['id']}")
    context = {
        "root": f"/t/{actor.place['slug']}",
        "q": words,
        "found": found[: queries.MOST],
        "has_more": len(found) > queries.MOST,
        "currency": actor.place["currency"],
        "recent": await queries.taken_since(actor),
    }
    return await respond(request, "billing/desk/desk.html", context)


async def account(request: Request, actor: Actor) -> Response:
    """What the account owes, ready to be paid."""
    found = await _account(request, actor)
    bills = await queries.open_bills(actor, found["id"])
    values = {f"amount-{bill['id']}": [plain_amount(bill["left_minor"], bill["currency"])] for bill in bills}
    form = Form(Taking, {**values, "key": [new_token()], "method": [CASH]})
    return await _page(request, actor, found, bills, form)


async def _account(request: Request, actor: Actor) -> Any:
    found = await queries.account(actor, path_id(request))
    if found is None:
        raise NotFound("account.not_found", t("There is no such account."))
    return found


async def _off(actor: Actor) -> Text | str:
    """Return why nothing can be taken at the desk now; nothing where it can."""
    assert actor.tenant_id is not None  # noqa: S101 - staff act inside their tenant
    async with open_scope(actor.scope()):
        is_on = (await bank_terms_of(actor.tenant_id)).offers(COUNTER)
    return "" if is_on else switched_off(COUNTER).message


async def _page(  # noqa: PLR0917 - the parts of one page
    request: Request, actor: Actor, found: Any, bills: Sequence[Any], form: Form[Taking], status: int = 200
) -> Response:
    context = {
        "root": f"/t/{actor.place['slug']}",
        "account": found,
        "off": await _off(actor),
        "bills": bills,
        "form": form,
        "currency": actor.place["currency"],
        "total_minor": sum(bill["left_minor"] for bill in bills),
        "overdue_minor": sum(bill["left_minor"] for bill in bills if bill["is_overdue"]),
        "methods": [(key, t(name)) for key, name in METHODS.items()],
    }
    return await respond(request, "billing/desk/account.html", context, status=status)


async def take(request: Request, actor: Actor) -> Response:
    """Record the money (outside of any scope: an online payment under way is stopped at its channel first)."""
    sent = await request.form()
    async with open_scope(actor.scope()):
        found = await _account(request, actor)
        bills = await queries.open_bills(actor, found["id"])
    form, wanted = _read(sent, bills)
    if not form.errors:
        try:
            payment_id = await _take(actor, form, wanted)
        except (Invalid, Conflict) as refused:
            _take_over(form, refused)
        else:
            return redirect(request, f"/t/{actor.place['slug']}/desk/payments/{payment_id}")
    async with open_scope(actor.scope()):
        bills = await queries.open_bills(actor, found["id"])
    return await _page(request, actor, found, bills, form, status=422)


def _read(sent: FormData, bills: Sequence[Any]) -> tuple[Form[Taking], list[tuple[UUID, int]]]:
    """Return the form as typed, and what is paid of which bill; an empty amount or zero leaves a bill out."""
    form = Form(Taking, {name: list(sent.getlist(name)) for name in sent}, is_sent=True)
    wanted = []
    for bill in bills:
        amount = _amount(form, f"amount-{bill['id']}", bill["currency"])
        if amount:
            wanted.append((bill["id"], amount))
    if not wanted and not form.errors:
        form.fail("", _nothing(form, {f"amount-{bill['id']}" for bill in bills}))
    return form, wanted


def _nothing(form: Form[Taking], open_ones: set[str]) -> Any:
    """Say why nothing was taken: the bills that were meant are paid, or no amount was entered."""
    meant = {name for name in form.values if name.startswith("amount-") and str(form.value(name)).strip()}
    if meant - open_ones:
        return t("These bills have been paid in the meantime. Nothing was taken.")
    return t("Enter an amount for at least one bill.")


def _amount(form: Form[Taking], name: str, currency: str) -> int | None:
    typed = str(form.value(name)).strip()
    if not typed:
        return None
    try:
        amount = parse_minor(typed, currency)
    except FieldError as error:
        form.fail(name, error.text)
        return None
    if amount < 0:
        form.fail(name, t("The amount cannot be negative."))
    return amount


async def _take(actor: Actor, form: Form[Taking], wanted: list[tuple[UUID, int]]) -> UUID:
    method = str(form.value("method"))
    tendered = _amount(form, "tendered", actor.place["currency"]) if method == CASH else None
    if form.errors:
        raise Invalid("payment.tendered", form.errors["tendered"], fields=form.errors)
    return await take_payment(
        actor,
        bills=wanted,
        method=method,
        key=str(form.value("key")),
        reference=str(form.value("reference")),
        tendered_minor=tendered,
        payer_name=str(form.value("payer_name")),
    )


def _take_over(form: Form[Taking], refused: Invalid | Conflict) -> None:
    for name, text in refused.fields.items():
        form.fail(name, text)
    if not refused.fields:
        form.fail("", refused.message)


async def receipt(request: Request, actor: Actor) -> Response:
    """The receipt of what was just taken: change first, then paper, then the next one."""
    payment_id = path_id(request)
    if not await Payment.exists(tenant_id=actor.tenant_id, id=payment_id, channel="counter"):
        raise NotFound("payment.not_found", t("There is no such payment."))
    kept, payment = await receipts.receipt_of(_tenant(actor), payment_id)
    context = {
        "root": f"/t/{actor.place['slug']}",
        "payment": payment,
        "document": receipts.document_of(kept, refunded_minor=payment.refunded_minor),
        "bank": named(actor.place, "bank_name"),
        "change_minor": change_minor(payment),
    }
    return await respond(request, "billing/desk/receipt.html", context)


def _tenant(actor: Actor) -> UUID:
    assert actor.tenant_id is not None  # noqa: S101 - staff act inside their tenant
    return actor.tenant_id
