"""Pages of instalment plans: the list, agreeing one for an account, one plan, breaking it; and what its payer sees."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.charges.fee_words import root_of
from billing.charges.periods import months_after
from billing.mandates.instalments import Taking, spread, takings_of
from billing.mandates.queries import coming_of_plan
from billing.mandates.words import DEBIT_WORDS
from billing.models import InstalmentPlan
from billing.payer.amounts import address
from billing.plans import queries, service
from billing.plans.service import NOTE_MAX, Proposal
from billing.plans.spreading import STEPS, next_due
from billing.plans.states import PLAN_TONES, PLAN_WORDS
from tenants.actor import Actor
from tenants.days import today, today_at
from tenants.http import WRITES, path_id, person_route, tenant_route
from tenants.models import Account, Tenant
from ui.errors import Conflict, Invalid, NotFound
from ui.exports import export, wants_export
from ui.fields import Day
from ui.formats import date_text, month_text
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery


class NewPlan(BaseModel):
    """A plan to agree."""

    bills: list[UUID] = Field([], title=N_("Bills"))
    first_on: Annotated[Day, Field(title=N_("First instalment on"))]
    count: int = Field(title=N_("Number of instalments"))
    step: str = Field(title=N_("How often"))
    remainder: str = Field(title=N_("What does not divide evenly goes to"))
    note: str = Field("", title=N_("Note"), max_length=NOTE_MAX)


class Breaking(BaseModel):
    """Why a plan ends."""

    reason: str = Field(title=N_("Reason"), max_length=NOTE_MAX)


WORDS = {key: t(words) for key, words in PLAN_WORDS.items()} | {"missed": t("Instalment missed")}
TONES: dict[str, Any] = {**PLAN_TONES, "completed": "success", "missed": "danger"}


def _state(row: Any) -> str:
    return "missed" if row["is_missed"] else str(row["status"])


def _columns(root: str) -> tuple[Column, ...]:
    return (
        Column(
            "number",
            t("Number"),
            format="id",
            is_main=True,
            sortable=True,
            href=lambda row: f"{root}/plans/{row['id']}",
        ),
        Column("account_number", t("Account"), format="name", sortable=True),
        Column("state", t("State"), format="badge", tones=TONES, words=WORDS, value=_state),
        Column("next_on", t("Next instalment"), format="date", sortable=True),
        Column("total_minor", t("Amount"), format="money", sortable=True),
        Column("left_minor", t("Still owed"), format="money"),
    )


INSTALMENTS = (
    Column("position", t("No."), format="number", is_main=True),
    Column("due_on", t("Due"), format="date"),
    Column("amount_minor", t("Amount"), format="money"),
    Column("covered_minor", t("Paid"), format="money"),
    Column("left_minor", t("Still owed"), format="money"),
)
TAKEN = Column("taking", t("Taken by itself"), value=lambda part: taking_text(part["taking"]))
OWN_INSTALMENTS = tuple(column for column in INSTALMENTS if column.key != "covered_minor")
"""What fits a payer's one column, and a phone."""


def taking_text(taking: Taking | None) -> str:
    """Say when autopay takes an instalment, or what became of that; nothing where it does nothing."""
    if taking is None or not (taking.left_minor or taking.status):
        return ""
    return date_text(taking.take_on) if taking.is_coming else str(DEBIT_WORDS.get(taking.status, ""))


def _bill_columns(root: str) -> tuple[Column, ...]:
    return (
        Column("number", t("Number"), format="id", href=lambda row: f"{root}/bills/{row['id']}"),
        Column("period", t("Month"), format="month"),
        Column("amount_minor", t("When agreed"), format="money"),
        Column("left_minor", t("Still owed"), format="money"),
    )


async def index(request: Request, actor: Actor) -> Response:
    """List the instalment plans."""
    root, tenant = root_of(request), await Tenant.get(id=actor.tenant_id)
    columns, now = _columns(root), today(tenant.timezone)
    query = TableQuery.parse(request, columns=columns, filters=("status",), default_sort="-number")
    if wants_export(request):
        found, _ = await queries.listed(actor, query, now, most=queries.MOST)
        return await export(request, columns, found, "instalment-plans")
    found, total = await queries.listed(actor, query, now)
    context = {
        "page": Page.of(query, found, total),
        "columns": columns,
        "states": [(key, str(words)) for key, words in WORDS.items()],
    }
    return await respond(request, "billing/plans/plans.html", context, block="list")


async def account_of(actor: Actor, account_id: UUID) -> Account:
    """Return an account of this tenant; ``NotFound`` when there is none."""
    account = await Account.get_or_none(tenant_id=actor.tenant_id, id=account_id)
    if account is None:
        raise NotFound("account.not_found", t("There is no such account."))
    return account


async def new(request: Request, actor: Actor) -> Response:
    """Propose to spread all that an account owes over three months."""
    account = await account_of(actor, path_id(request))
    tenant = await Tenant.get(id=account.tenant_id)
    found = await queries.open_bills(account.tenant_id, account.id)
    values = {
        "bills": [str(one["id"]) for one in found],
        "first_on": months_after(today(tenant.timezone), 1).isoformat(),
        "count": 3,
        "step": "month",
        "remainder": "last",
    }
    return await _new(request, account, Form.blank(NewPlan, values))


async def _new(request: Request, account: Account, form: Form[NewPlan], status: int = 200) -> Response:
    found = await queries.open_bills(account.tenant_id, account.id)
    context = {
        "form": form,
        "account": account,
        "root": root_of(request),
        "bills": [(str(one["id"]), f"{one['number']} · {month_text(one['period'])}", one) for one in found],
        "steps": [(key, gettext(words)) for key, words in STEPS.items()],
        "ends": [("first", gettext("The first instalment")), ("last", gettext("The last instalment"))],
    }
    return await respond(request, "billing/plans/new.html", context, status=status)


async def create(request: Request, actor: Actor) -> Response:
    """Agree the plan."""
    account = await account_of(actor, path_id(request))
    form = await bind(request, NewPlan)
    if form.is_valid:
        said = form.ok
        proposal = Proposal(said.bills, said.first_on, said.count, said.step, said.remainder, said.note)
        try:
            plan = await service.agree(actor, proposal)
            return redirect(request, f"{root_of(request)}/plans/{plan.id}", flash=t("The plan is agreed."))
        except Invalid as error:
            form.fail_with(error)
        except Conflict as error:
            form.fail("", error.message)
    return await _new(request, account, form, status=422)


async def _shown(plan: InstalmentPlan, columns: tuple[Column, ...] = INSTALMENTS) -> dict[str, Any]:
    parts = await service.parts_of(plan)
    now = await today_at(plan.tenant_id)
    takings = {
        one.position: one
        for one in await takings_of(plan.tenant_id, plan.account_id)
        if one.plan_id == plan.id
    }
    upcoming = next_due(parts)
    is_missed = plan.status == "active" and upcoming is not None and upcoming.due_on < now
    state = "missed" if is_missed else plan.status
    rows = [
        {
            "position": part.position,
            "due_on": part.due_on,
            "amount_minor": part.amount_minor,
            "covered_minor": part.covered_minor,
            "left_minor": part.left_minor,
            "currency": plan.currency,
            "taking": takings.get(part.position),
        }
        for part in parts
    ]
    return {
        "plan": plan,
        "state": {"words": WORDS[state], "tone": TONES[state]},
        "upcoming": upcoming,
        "is_missed": is_missed,
        "left_minor": sum(part.left_minor for part in parts),
        "parts": rows,
        "part_columns": (*columns, TAKEN) if takings else columns,
        "bills": await queries.bills_of(plan),
    }


async def show(request: Request, actor: Actor) -> Response:
    """Show one plan."""
    plan, root = await service.get(actor, path_id(request)), root_of(request)
    context = await _shown(plan) | {"root": root, "actor": actor, "bill_columns": _bill_columns(root)}
    return await respond(request, "billing/plans/plan.html", context)


async def ask_breaking(request: Request, actor: Actor) -> Response:
    """Ask why a plan ends."""
    return await _breaking(request, await service.get(actor, path_id(request)), Form.blank(Breaking))


async def _breaking(
    request: Request, plan: InstalmentPlan, form: Form[Breaking], status: int = 200
) -> Response:
    context = {"plan": plan, "form": form, "root": root_of(request)}
    return await respond(request, "billing/plans/breaking.html", context, status=status)


async def break_off(request: Request, actor: Actor) -> Response:
    """End a plan."""
    plan = await service.get(actor, path_id(request))
    form = await bind(request, Breaking)
    if form.is_valid:
        try:
            await service.break_off(actor, plan.id, reason=form.ok.reason)
            return redirect(request, f"{root_of(request)}/plans/{plan.id}", flash=t("The plan is broken."))
        except Invalid as error:
            form.fail_with(error)
        except Conflict as error:
            form.fail("", error.message)
    return await _breaking(request, plan, form, status=422)


async def mine(request: Request, actor: Actor) -> Response:
    """Show a payer their plan: what is due next, and all instalments."""
    del actor
    plan = await InstalmentPlan.get_or_none(id=path_id(request))
    if plan is None:
        raise NotFound("plan.not_found", t("There is no such instalment plan, or it is not yours to see."))
    shown = await _shown(plan, OWN_INSTALMENTS)
    tenant, due = await Tenant.get(id=plan.tenant_id), shown["upcoming"]
    pay = _pay_address(shown["bills"], plan.currency, due.left_minor) if due else ""
    shown |= {"tenant": tenant, "pay": pay, "coming": await coming_of_plan(plan) if due else None}
    return await respond(request, "billing/plans/mine.html", shown)


def _pay_address(bills: Sequence[Any], currency: str, amount_minor: int) -> str:
    """Return where an instalment is paid: the form begins with its amount, put to the plan's oldest bills."""
    parts = spread(bills, amount_minor)
    return address("/my/checkout", [(bill_id, part, currency) for bill_id, part in parts.items()])


ROUTES: list[BaseRoute] = [
    tenant_route("/plans", index, permission="bills.read", name="plans"),
    tenant_route("/plans/{id}", show, permission="bills.read", name="plan"),
    tenant_route("/plans/{id}/breaking", ask_breaking, permission="plans.write", name="plan_ask_break"),
    tenant_route(
        "/plans/{id}/breaking", break_off, permission="plans.write", methods=WRITES, name="plan_break"
    ),
    tenant_route("/accounts/{id}/plans/new", new, permission="plans.write", name="plan_new"),
    tenant_route(
        "/accounts/{id}/plans", create, permission="plans.write", methods=WRITES, name="plan_create"
    ),
    person_route("/my/plans/{id}", mine, name="my_plan"),
]
