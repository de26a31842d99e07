"""Pages of how work is given out: categories, shifts, and planned maintenance."""

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.names import localized
from scenarios.community.common import buildings_of, estate_route, root_of, tenant_of
from scenarios.community.service import assigning, settings
from scenarios.community.service.models import MaintenancePlan, WorkShift
from scenarios.community.service.pages import category_options
from scenarios.community.service.settings import PlanTerms
from tenants.actor import Actor
from tenants.days import today_at
from tenants.http import WRITES, path_id
from ui.errors import Invalid
from ui.fields import Day
from ui.formats import listed
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond
from ui.tables import Column

WEEKDAYS = (
    N_("Monday"),
    N_("Tuesday"),
    N_("Wednesday"),
    N_("Thursday"),
    N_("Friday"),
    N_("Saturday"),
    N_("Sunday"),
)


class CategoryForm(BaseModel):
    """Something that work is sorted into."""

    english: str = Field(title=N_("Name in English"), max_length=60)
    chinese: str = Field("", title=N_("Name in Chinese"), max_length=60)
    hours: int = Field(title=N_("Hours it may take"))
    assignee: UUID | None = Field(None, title=N_("Who does it if no shift says"))


class ShiftForm(BaseModel):
    """Somebody's hours."""

    person: UUID = Field(title=N_("Who"))
    weekdays: list[int] = Field([], title=N_("Days"))
    from_hour: int = Field(title=N_("From (hour)"))
    until_hour: int = Field(title=N_("Until (hour)"))
    categories: list[UUID] = Field([], title=N_("Only for"))


class PlanForm(BaseModel):
    """Work that comes back."""

    name: str = Field(title=N_("What"), max_length=100)
    category: UUID = Field(title=N_("Sorted into"))
    building: UUID | None = Field(None, title=N_("Building"))
    every_months: int = Field(title=N_("Every so many months"))
    next_on: Day = Field(title=N_("Next on"))
    steps: str = Field(title=N_("Steps, one a line"), max_length=4000)


CATEGORIES = (
    Column("name", t("Category"), is_main=True),
    Column("hours", t("Hours it may take"), format="number"),
    Column("assignee", t("Who does it if no shift says")),
)
PLANS = (
    Column("name", t("What"), is_main=True),
    Column("building", t("Building")),
    Column("every_months", t("Every so many months"), format="number"),
    Column("next_on", t("Next on"), format="date"),
    Column("steps", t("Steps"), format="number"),
)


async def rules(request: Request, actor: Actor) -> Response:
    """Show categories, shifts and plans, each with a form for another."""
    return await _rules(request, actor)


async def _rules(request: Request, actor: Actor, **forms: Form[Any]) -> Response:
    tenant_id = tenant_of(actor)
    codes = dict(await buildings_of(tenant_id))
    found = await settings.categories(tenant_id)
    plans = await MaintenancePlan.filter(tenant_id=tenant_id, is_active=True).order_by("next_on", "name")
    now: date = await today_at(tenant_id)
    context = {
        "root": root_of(actor),
        "categories": [
            {"name": localized(one.names), "hours": one.hours, "assignee": one.assignee_name} for one in found
        ],
        "category_columns": CATEGORIES,
        "shifts": [
            _shown(one) for one in await WorkShift.filter(tenant_id=tenant_id).order_by("person_name")
        ],
        "plans": [
            {
                "name": one.name,
                "building": codes.get(str(one.building_id), ""),
                "every_months": one.every_months,
                "next_on": one.next_on,
                "steps": len(one.checklist),
            }
            for one in plans
        ],
        "plan_columns": PLANS,
        "workers": [(str(one.person_id), one.name) for one in await assigning.workers(tenant_id)],
        "options": await category_options(tenant_id),
        "buildings": list(codes.items()),
        "weekdays": [(str(place), gettext(words)) for place, words in enumerate(WEEKDAYS, start=1)],
        "forms": {
            "category": forms.get("category") or Form.blank(CategoryForm, {"hours": "24"}),
            "shift": forms.get("shift") or Form.blank(ShiftForm, {"from_hour": "8", "until_hour": "18"}),
            "plan": forms.get("plan")
            or Form.blank(PlanForm, {"every_months": "3", "next_on": now.isoformat()}),
        },
    }
    return await respond(request, "community/service/rules.html", context, status=422 if forms else 200)


def _shown(shift: WorkShift) -> dict[str, Any]:
    days = listed(gettext(WEEKDAYS[day - 1]) for day in shift.weekdays)
    return {"id": shift.id, "name": shift.person_name, "when": f"{days} {shift.from_hour}–{shift.until_hour}"}


async def add_category(request: Request, actor: Actor) -> Response:
    """Add a category."""
    form = await bind(request, CategoryForm)
    if form.is_valid:
        said = form.ok
        try:
            await settings.add_category(
                actor, english=said.english, chinese=said.chinese, hours=said.hours, assignee=said.assignee
            )
            return _back(request, actor)
        except Invalid as error:
            form.fail_with(error)
    return await _rules(request, actor, category=form)


async def add_shift(request: Request, actor: Actor) -> Response:
    """Write down somebody's hours."""
    form = await bind(request, ShiftForm)
    if form.is_valid:
        said = form.ok
        try:
            await settings.add_shift(
                actor,
                person=said.person,
                weekdays=said.weekdays,
                from_hour=said.from_hour,
                until_hour=said.until_hour,
                categories=said.categories,
            )
            return _back(request, actor)
        except Invalid as error:
            form.fail_with(error)
    return await _rules(request, actor, shift=form)


async def drop_shift(request: Request, actor: Actor) -> Response:
    """Take somebody's hours out."""
    await settings.drop_shift(actor, path_id(request))
    return _back(request, actor)


async def add_plan(request: Request, actor: Actor) -> Response:
    """Plan work that comes back."""
    form = await bind(request, PlanForm)
    if form.is_valid:
        said = form.ok
        terms = PlanTerms(
            said.name, said.category, said.building, said.every_months, said.next_on, said.steps.splitlines()
        )
        try:
            await settings.add_plan(actor, terms)
            await settings.due_plans(actor)
            return _back(request, actor)
        except Invalid as error:
            form.fail_with(error)
    return await _rules(request, actor, plan=form)


def _back(request: Request, actor: Actor) -> Response:
    return redirect(request, f"{root_of(actor)}/work/rules", flash=t("Saved."))


def _write(path: str, endpoint: Any, name: str) -> BaseRoute:
    return estate_route(path, endpoint, permission="service.settings", methods=WRITES, name=name)


ROUTES: list[BaseRoute] = [
    estate_route("/work/rules", rules, permission="service.settings", name="work_rules"),
    _write("/work/rules/categories", add_category, "work_category_add"),
    _write("/work/rules/shifts", add_shift, "work_shift_add"),
    _write("/work/rules/shifts/{id}/removal", drop_shift, "work_shift_drop"),
    _write("/work/rules/plans", add_plan, "maintenance_plan_add"),
]
