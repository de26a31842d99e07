"""The page on which a month's days attended are looked at and taken for billing."""

from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from scenarios.education.days import attendance
from scenarios.education.here import root_of, school
from scenarios.education.models import SchoolAttendance
from tenants.actor import Actor
from tenants.days import today
from tenants.http import WRITES, tenant_route
from tenants.models import Tenant
from tenants.scope import rows
from ui.errors import Conflict, Invalid
from ui.exports import export, wants_export
from ui.fields import Month
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery

MOST_CLOSED = 31
_PUPILS = """
select a.id, a.number, a.name, a.place from tenants_account a
 where a.tenant_id = $1 and a.id = any ($2::uuid[])
   and ($3 = '' or a.number || ' ' || a.name || ' ' || a.place ilike '%' || $3 || '%')
 order by a.place, a.sort_key, a.number
"""


class MonthForm(BaseModel):
    """A month, and the days of it on which the school was closed."""

    month: Annotated[Month, Field(title=N_("Month"))]
    closed: str = Field("", title=N_("Days on which the school was closed"), max_length=200)


def _closed(text: str, month: date) -> list[date]:
    """Read days of a month like ``3, 4, 17``; ``ValueError`` for anything else."""
    parts = [part for part in text.replace("，", ",").replace(" ", ",").split(",") if part]
    if len(parts) > MOST_CLOSED:
        raise ValueError("more days than a month has")
    return [month.replace(day=int(part)) for part in parts]


async def index(request: Request, actor: Actor) -> Response:
    """Show the days attended of a month, pupil by pupil, and the form that takes them."""
    tenant = await Tenant.get(id=school(actor))
    month = today(tenant.timezone).replace(day=1) - timedelta(days=1)
    values = {
        "month": request.query_params.get("month", "") or f"{month:%Y-%m}",
        "closed": request.query_params.get("closed", ""),
    }
    return await _page(request, actor, Form.blank(MonthForm, values))


async def _page(request: Request, actor: Actor, form: Form[MonthForm], status: int = 200) -> Response:
    tenant_id = school(actor)
    month, closed = _read(form)
    days = await attendance.counted(tenant_id, month, closed) if month else {}
    query = TableQuery.parse(request)
    found = [
        {**dict(one), "days": days[one["id"]]} for one in await rows(_PUPILS, tenant_id, list(days), query.q)
    ]
    columns = _columns(actor)
    if wants_export(request):
        return await export(request, columns, found, "days-attended")
    context: dict[str, Any] = {
        "form": form,
        "taken": await SchoolAttendance.filter(tenant_id=tenant_id).order_by("-month").limit(12),
        "page": Page.of(query, found[query.offset : query.offset + query.limit], len(found)),
        "columns": columns,
        "count": len(attendance.days_of(month, closed)) if month else 0,
        "root": root_of(actor),
    }
    return await respond(request, "education/attendance.html", context, block="list", status=status)


def _read(form: Form[MonthForm]) -> tuple[date | None, list[date]]:
    try:
        month = date.fromisoformat(f"{form.value('month')}-01")
        return month, _closed(str(form.value("closed")), month)
    except ValueError:
        return None, []


def _columns(actor: Actor) -> tuple[Column, ...]:
    def account(row: Any) -> str:
        found: UUID = row["id"]
        return f"{root_of(actor)}/accounts/{found}"

    return (
        Column("name", t("Pupil"), is_main=True, href=account),
        Column("number", t("Number")),
        Column("place", t("Class")),
        Column("days", t("Days attended"), format="number"),
    )


async def take(request: Request, actor: Actor) -> Response:
    """Take a month's days attended."""
    school(actor)
    form = await bind(request, MonthForm)
    if form.is_valid:
        try:
            closed = _closed(form.ok.closed, form.ok.month)
            made = await attendance.take(actor, form.ok.month, closed)
            flash = t("Taken for {n} pupils. Fees by the day charge by them.", n=made.pupils)
            return redirect(request, f"{root_of(actor)}/attendance", flash=flash)
        except ValueError:
            form.fail("closed", t("Write the days like 3, 4, 17."))
        except (Invalid, Conflict) as refused:
            form.fail_with(refused)
    return await _page(request, actor, form, 422)


ROUTES: list[BaseRoute] = [
    tenant_route("/attendance", index, permission="classes.read", name="attendance"),
    tenant_route("/attendance", take, permission="classes.write", methods=WRITES, name="take_attendance"),
]
