"""Pages of adjustments of bills: the list, asking, deciding, taking back."""

import json
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from billing.adjustments import queries
from billing.adjustments.evidence import ENDINGS, keep, send
from billing.adjustments.service import (
    Ask,
    adjustable_minor,
    approve_adjustment,
    reject_adjustment,
    request_adjustment,
    reverse_adjustment,
)
from billing.adjustments.words import KIND_WORDS, STATE_TONES, STATE_WORDS, kind_options
from billing.models import Adjustment, Bill
from billing.names import localized
from billing.payments.states import PAYABLE
from tenants.actor import Actor
from tenants.codes import new_token
from tenants.file_kinds import FileRefused
from tenants.http import path_id
from ui.errors import Conflict, Invalid, NotFound
from ui.exports import export, wants_export
from ui.fields import MinorAmount, Upload
from ui.flash import Flash
from ui.forms import Form, bind
from ui.i18n import N_, Text, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery

MOST = 100_000
STATES = ("requested", "applied", "rejected", "reversed")


class Asking(BaseModel):
    """What is to be let off a bill."""

    kind: str = Field(title=N_("What kind"))
    fee_item: str | None = Field(None, title=N_("Off which charge"))
    amount: Annotated[int, MinorAmount()] = Field(title=N_("How much less to pay"))
    reason: str = Field(title=N_("Why"), max_length=500)
    evidence: Annotated[UploadFile, Upload(endings=ENDINGS)] | None = Field(None, title=N_("Evidence"))
    key: str = ""


class Saying(BaseModel):
    """A reason; whoever asked reads it."""

    reason: str = Field(title=N_("Why"), max_length=500)


def root_of(actor: Actor) -> str:
    """Return the console's address."""
    return f"/t/{actor.place['slug']}"


def _columns(root: str) -> tuple[Column, ...]:
    return (
        Column("created_at", t("Asked"), format="datetime", sortable=True),
        Column(
            "number",
            t("Number"),
            format="id",
            is_main=True,
            sortable=True,
            href=lambda row: f"{root}/adjustments/{row['id']}",
        ),
        Column("kind", t("Kind"), words=KIND_WORDS),
        Column("status", t("State"), format="badge", words=STATE_WORDS, tones=STATE_TONES),
        Column("account_number", t("Account"), format="name"),
        Column("bill_number", t("Bill"), format="id", href=lambda row: f"{root}/bills/{row['bill_id']}"),
        Column("requested_by_name", t("Asked by")),
        Column("amount_minor", t("Amount"), format="money", sortable=True),
    )


FILED = (
    Column("reason", t("Why")),
    Column("decided_by_name", t("Decided by")),
    Column("standing_number", t("Lasting adjustment")),
)


async def adjustments(request: Request, actor: Actor) -> Response:
    """The adjustments of bills, those to decide first; or all of them as a file."""
    columns = _columns(root_of(actor))
    query = TableQuery.parse(request, columns=columns, filters=queries.FILTERS)
    if wants_export(request):
        every, *_ = await queries.list_adjustments(actor, query, limit=MOST, offset=0)
        return await export(request, (*columns, *FILED), every, "adjustments")
    found, total, totals = await queries.list_adjustments(
        actor, query, limit=query.limit, offset=query.offset
    )
    context = {
        "page": Page.of(query, found, total, totals),
        "columns": columns,
        "root": root_of(actor),
        "kinds": list(KIND_WORDS.items()),
        "states": [(key, STATE_WORDS[key]) for key in STATES],
    }
    return await respond(request, "billing/adjustments/list.html", context, block="list")


async def _bill(request: Request, actor: Actor) -> Bill:
    found = await Bill.get_or_none(tenant_id=actor.tenant_id, id=path_id(request))
    if found is None or found.status == "draft":
        raise NotFound("bill.not_found", t("There is no such bill."))
    return found


async def new(request: Request, actor: Actor) -> Response:
    """Ask what is to be let off a bill."""
    bill = await _bill(request, actor)
    return await _form(request, actor, bill, Form.blank(Asking, {"key": new_token(), "kind": "discount"}))


async def _form(
    request: Request, actor: Actor, bill: Bill, form: Form[Asking], status: int = 200
) -> Response:
    fees = await queries.fees_of_bill(bill.tenant_id, bill.id)
    context = {
        "form": form,
        "bill": bill,
        "root": root_of(actor),
        "is_open": bill.status in PAYABLE,
        "kinds": kind_options(),
        "fees": [(str(fee["id"]), localized(json.loads(fee["names"]))) for fee in fees],
        "left_minor": await adjustable_minor(bill.tenant_id, bill.id),
        "limit_minor": actor.adjustment_limit_minor,
    }
    return await respond(request, "billing/adjustments/new.html", context, status=status)


async def create(request: Request, actor: Actor) -> Response:
    """Ask for an adjustment; within the asker's limit it is in effect at once."""
    bill = await _bill(request, actor)
    form = await bind(request, Asking, context={"currency": bill.currency})
    if form.is_valid:
        try:
            made = await request_adjustment(actor, ask=await _ask(actor, bill, form.ok), key=form.ok.key)
        except FileRefused as refused:
            form.fail("evidence", refused.message)
        except Conflict as refused:
            form.fail("", refused.message)
        except Invalid as refused:
            form.fail_with(refused)
        else:
            return redirect(request, f"{root_of(actor)}/adjustments/{made}")
    return await _form(request, actor, bill, form, status=422)


async def _ask(actor: Actor, bill: Bill, given: Asking) -> Ask:
    actor.require("adjustments.request")
    return Ask(
        bill_id=bill.id,
        kind=given.kind,
        amount_minor=given.amount,
        reason=given.reason,
        fee_item_id=fee_of(given.fee_item),
        evidence=await keep(actor, given.evidence),
    )


def fee_of(text: str | None) -> UUID | None:
    """Return the fee item that was chosen; none for all.

    Raises:
        Invalid: it is no id.
    """
    try:
        return UUID(text) if text else None
    except ValueError:
        words = t("Choose a charge from the list.")
        raise Invalid("adjustment.fee", words, fields={"fee_item": words}) from None


async def _found(request: Request, actor: Actor) -> Adjustment:
    found = await Adjustment.get_or_none(tenant_id=actor.tenant_id, id=path_id(request))
    if found is None:
        raise NotFound("adjustment.not_found", t("There is no such adjustment."))
    return found


async def adjustment(request: Request, actor: Actor) -> Response:
    """One adjustment, the decision about it, and taking it back."""
    return await _page(request, actor, await _found(request, actor), Form.blank(Saying))


async def _page(
    request: Request, actor: Actor, found: Adjustment, form: Form[Saying], status: int = 200
) -> Response:
    may = actor.may("adjustments.approve")
    is_own = found.requested_by == actor.person_id
    context = {
        "found": found,
        "bill": await Bill.get(tenant_id=found.tenant_id, id=found.bill_id),
        "root": root_of(actor),
        "form": form,
        "kind": KIND_WORDS[found.kind],
        "state": (STATE_WORDS[found.status], STATE_TONES.get(found.status, "neutral")),
        "is_own": is_own,
        "may_decide": may and not is_own and found.status == "requested",
        "may_reverse": may and found.status == "applied",
    }
    return await respond(request, "billing/adjustments/adjustment.html", context, status=status)


async def approval(request: Request, actor: Actor) -> Response:
    """Agree; the bill asks for less from now on."""
    found = await _found(request, actor)
    try:
        await approve_adjustment(actor, adjustment_id=found.id)
    except (Conflict, Invalid) as refused:
        return _back(request, actor, found, refused.message, "warning")
    return _back(request, actor, found, t("Approved. The bill asks for that much less."))


async def rejection(request: Request, actor: Actor) -> Response:
    """Refuse, with a reason."""
    found = await _found(request, actor)
    form = await bind(request, Saying)
    if not form.is_valid:
        return await _page(request, actor, found, form, status=422)
    try:
        await reject_adjustment(actor, adjustment_id=found.id, reason=form.ok.reason)
    except Conflict as refused:
        return _back(request, actor, found, refused.message, "warning")
    return _back(request, actor, found, t("Rejected. The bill stays as it is."))


async def reversal(request: Request, actor: Actor) -> Response:
    """Take it back, with a reason."""
    found = await _found(request, actor)
    form = await bind(request, Saying)
    if not form.is_valid:
        return await _page(request, actor, found, form, status=422)
    try:
        await reverse_adjustment(actor, adjustment_id=found.id, reason=form.ok.reason)
    except Conflict as refused:
        return _back(request, actor, found, refused.message, "warning")
    return _back(request, actor, found, t("Reversed. The amount is owed again."))


def _back(request: Request, actor: Actor, found: Adjustment, words: Text, tone: Any = "success") -> Response:
    return redirect(request, f"{root_of(actor)}/adjustments/{found.id}", flash=Flash(words, tone=tone))


async def paper(request: Request, actor: Actor) -> Response:
    """Send the evidence as a download."""
    return send((await _found(request, actor)).evidence)
