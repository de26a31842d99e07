"""Pages of single bills and of credit notes."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.charges import bills
from billing.charges.fee_words import root_of
from billing.charges.runs import TIME_TO_PAY
from billing.models import Bill, FeeItem
from billing.names import Sum, localized
from billing.plans import credit_notes, single
from billing.plans.plan_pages import account_of
from billing.plans.single import Charge
from tenants.actor import Actor
from tenants.codes import new_token
from tenants.days import today
from tenants.http import WRITES, path_id, tenant_route
from tenants.models import Account, Tenant
from ui.errors import Conflict, Invalid
from ui.fields import Day, MinorAmount
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond

SPARE = 3


class Line(BaseModel):
    """One line of a single bill; a row left blank counts for nothing."""

    fee: UUID | None = Field(None, title=N_("Fee"))
    name: str = Field("", title=N_("What for"), max_length=single.LONGEST_NAME)
    amount_minor: Annotated[int | None, MinorAmount()] = Field(None, title=N_("Amount"))


class SingleBill(BaseModel):
    """A bill for one account."""

    key: str = ""
    due_on: Annotated[Day, Field(title=N_("Due on"))]
    reference: str = Field("", title=N_("Reference"), max_length=100)
    lines: list[Line] = Field(default_factory=list, title=N_("Lines"))


class Note(BaseModel):
    """A credit note."""

    key: str = ""
    line: UUID | None = Field(None, title=N_("For"))
    amount_minor: Annotated[int, MinorAmount()] = Field(title=N_("Amount"))
    reason: str = Field(title=N_("Reason"), max_length=credit_notes.REASON_MAX)


async def new(request: Request, actor: Actor) -> Response:
    """Show the form of a single bill."""
    account = await account_of(actor, path_id(request))
    tenant = await Tenant.get(id=account.tenant_id)
    due = (today(tenant.timezone) + TIME_TO_PAY).isoformat()
    return await _new(request, tenant, account, Form.blank(SingleBill, {"key": new_token(), "due_on": due}))


async def _new(
    request: Request, tenant: Tenant, account: Account, form: Form[SingleBill], status: int = 200
) -> Response:
    items = await FeeItem.filter(
        tenant_id=tenant.id, is_active=True, kind="charge", currency=tenant.currency
    ).order_by("position", "key")
    context = {
        "form": form,
        "account": account,
        "currency": tenant.currency,
        "fees": [(str(item.id), localized(item.names)) for item in items],
        "spare": SPARE,
        "root": root_of(request),
    }
    return await respond(request, "billing/plans/single.html", context, status=status)


async def create(request: Request, actor: Actor) -> Response:
    """Issue a single bill."""
    account = await account_of(actor, path_id(request))
    tenant = await Tenant.get(id=account.tenant_id)
    form = await bind(request, SingleBill, context={"currency": tenant.currency})
    if form.is_valid:
        said = form.ok
        charges = [
            Charge(one.amount_minor or 0, one.name, one.fee)
            for one in said.lines
            if one.amount_minor or one.name or one.fee
        ]
        try:
            bill = await single.issue(
                actor,
                account_id=account.id,
                charges=charges,
                due_on=said.due_on,
                reference=said.reference,
                key=said.key,
            )
            return redirect(request, f"{root_of(request)}/bills/{bill.id}", flash=t("The bill is issued."))
        except Invalid as error:
            form.fail_with(error)
        except Conflict as error:
            form.fail("", error.message)
    return await _new(request, tenant, account, form, status=422)


async def ask_credit(request: Request, actor: Actor) -> Response:
    """Show the form of a credit note."""
    bill = await bills.get(actor, path_id(request))
    values = {"key": new_token()}
    return await _credit(request, bill, Form.blank(Note, values))


async def _credit(request: Request, bill: Bill, form: Form[Note], status: int = 200) -> Response:
    lines = (await bills.lines_of(bill.tenant_id, [bill.id]))[bill.id]
    options = [("", gettext("The whole bill"))]
    options += [(str(one.line.id), f"{one.name} · {_uncredited(one.line)}") for one in lines]
    most = Sum(bill.total_minor - bill.adjusted_minor, bill.currency)
    context = {"form": form, "bill": bill, "lines": options, "most": most, "root": root_of(request)}
    return await respond(request, "billing/plans/credit_note.html", context, status=status)


def _uncredited(line: Any) -> Sum:
    return Sum(line.amount_minor - line.adjusted_minor, line.currency)


async def credit(request: Request, actor: Actor) -> Response:
    """Write a credit note."""
    bill = await bills.get(actor, path_id(request))
    form = await bind(request, Note, context={"currency": bill.currency})
    if form.is_valid:
        said = form.ok
        try:
            note = await credit_notes.write(
                actor,
                bill_id=bill.id,
                line_id=said.line,
                amount_minor=said.amount_minor,
                reason=said.reason,
                key=said.key,
            )
            back = Sum(note.excess_minor, note.currency)
            words = t("Credited. {amount} had been paid and is the account's credit now.", amount=back)
            flash = words if note.excess_minor else t("Credited.")
            return redirect(request, f"{root_of(request)}/bills/{bill.id}", flash=flash)
        except Invalid as error:
            form.fail_with(error)
        except Conflict as error:
            form.fail("", error.message)
    return await _credit(request, bill, form, status=422)


RIGHT, CREDIT = "bills.single", "credit_notes.write"
ROUTES: list[BaseRoute] = [
    tenant_route("/accounts/{id}/bills/new", new, permission=RIGHT, name="single_bill_new"),
    tenant_route("/accounts/{id}/bills", create, permission=RIGHT, methods=WRITES, name="single_bill_create"),
    tenant_route("/bills/{id}/credit-notes/new", ask_credit, permission=CREDIT, name="credit_note_new"),
    tenant_route(
        "/bills/{id}/credit-notes", credit, permission=CREDIT, methods=WRITES, name="credit_note_create"
    ),
]
